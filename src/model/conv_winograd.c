/* conv_winograd.c - runs F(4x4, 3x3): split tiles, 36 products, join. See simd/kern/winograd.h.
 *
 * A task is some tiles, of any images of the batch, times some output blocks, and does all
 * three parts itself, in scratch that fits a core's L2 as far as the layer allows. Where there
 * are few tiles two tasks share them and split twice, which costs less than fetching
 * all weights into both cores.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "model/conv_state.h"

enum {
    POINTS = 36,
    TAPS_3X3 = 9,
    MAX_TILES = 64,      /* of a task: 36 * 64 * 128 floats are 1.1 MiB */
    MAX_TILES_DEEP = 32, /* where each task transforms the weights */
    PAD = FDML_BLOCK     /* keeps the points of a tile out of one another's cache set */
};

static size_t point_step(const fdml_conv_detail *d, size_t n_blocks)
{
    return d->chunk * n_blocks * FDML_BLOCK + PAD;
}

typedef struct place {
    size_t first, n;        /* tiles, counted through the batch */
    size_t block, n_blocks; /* of the output */
    float *split, *join;
} place;

typedef void (*tile_kernel)(const fdml_winograd *job);

/* Runs `kernel` for every image that has tiles of the task. */
static void each_image(const fdml_conv_detail *d, const place *p, fdml_winograd *job,
                       const fdml_plane_shape *shape, size_t block, tile_kernel kernel)
{
    const size_t plane = shape->h * shape->w * FDML_BLOCK;
    float *points = job->points;
    const fdml_winograd first = *job;
    for (size_t t = p->first; t < p->first + p->n;) {
        const size_t image = t / d->tiles, left = (image + 1) * d->tiles - t;
        const size_t at = (image * shape->n_blocks + block) * plane;
        job->first_tile = t % d->tiles;
        job->n_tiles = p->first + p->n - t < left ? p->first + p->n - t : left;
        job->points = points + (t - p->first) * FDML_BLOCK;
        job->plane = first.plane ? first.plane + at : NULL;
        job->out = first.out ? first.out + at : NULL;
        job->add = first.add ? first.add + at : NULL;
        kernel(job);
        t += job->n_tiles;
    }
    *job = first;
}

static void split(const fdml_conv_detail *d, const place *p)
{
    for (size_t b = 0; b < d->in.n_blocks; b++) {
        fdml_winograd job = { .plane = d->x,
                              .height = d->in.h,
                              .width = d->in.w,
                              .pad_top = d->pad_top,
                              .pad_left = d->pad_left,
                              .tiles_x = d->tiles_x,
                              .points = p->split + b * d->chunk * FDML_BLOCK,
                              .point_stride = point_step(d, d->in.n_blocks) };
        each_image(d, p, &job, &d->in, b, d->kernels->winograd_split);
    }
}

static fdml_conv_rows product(const fdml_conv_detail *d, const place *p)
{
    return (fdml_conv_rows){ .out_stride = d->chunk * FDML_BLOCK,
                             .offset = d->offset,
                             .n_blocks = d->in.n_blocks,
                             .n_rows = p->n,
                             .n_out = p->n_blocks,
                             .low = -INFINITY,
                             .high = INFINITY };
}

/* 36 products of the transformed pixels with weights that were transformed when planning. */
static void multiply(const fdml_conv_detail *d, const place *p)
{
    const size_t depth = d->in.n_blocks * FDML_BLOCK;
    fdml_conv_rows job = product(d, p);
    for (size_t f = 0; f < POINTS; f++) {
        job.in = p->split + f * point_step(d, d->in.n_blocks);
        job.out = p->join + f * point_step(d, d->out_chunk);
        job.weights = d->weights + (f * d->out.n_blocks + p->block) * FDML_BLOCK * depth;
        d->kernels->conv_rows(&job);
    }
}

/* The same with weights that are transformed here, panel by panel. */
static void transform_and_multiply(const fdml_conv_detail *d, const place *p)
{
    const size_t per = d->kernels->tile_cols / FDML_BLOCK;
    const size_t depth = d->in.n_blocks * FDML_BLOCK * TAPS_3X3;
    for (size_t o = 0, n; o < p->n_blocks; o += n) {
        n = p->block + o + per <= d->out.n_blocks ? per : 1;
        const fdml_winograd_panel job = { .g = d->weights + (p->block + o) * FDML_BLOCK * depth,
                                          .n_blocks = d->in.n_blocks,
                                          .width = n * FDML_BLOCK,
                                          .split = p->split,
                                          .join = p->join + o * d->chunk * FDML_BLOCK,
                                          .split_stride = point_step(d, d->in.n_blocks),
                                          .offset = d->offset,
                                          .join_stride = point_step(d, d->out_chunk),
                                          .out_stride = d->chunk * FDML_BLOCK,
                                          .n_tiles = p->n };
        d->kernels->winograd_panel(&job);
    }
}

static void join(const fdml_conv_detail *d, const place *p)
{
    for (size_t b = 0; b < p->n_blocks; b++) {
        const size_t c = (p->block + b) * FDML_BLOCK;
        fdml_winograd job = { .out = d->y,
                              .height = d->out.h,
                              .width = d->out.w,
                              .tiles_x = d->tiles_x,
                              .points = p->join + b * d->chunk * FDML_BLOCK,
                              .point_stride = point_step(d, d->out_chunk),
                              .bias = d->bias ? d->bias + c : NULL,
                              .add = d->add,
                              .slope = d->slope ? d->slope + c : NULL,
                              .low = d->low,
                              .high = d->high };
        each_image(d, p, &job, &d->out, p->block + b, d->kernels->winograd_join);
    }
}

static void winograd_task(void *ctx, size_t task, int thread)
{
    const fdml_conv_detail *d = ctx;
    const size_t total = d->in.n * d->tiles;
    place p = { .first = task % d->n_chunks * d->chunk,
                .block = task / d->n_chunks * d->out_chunk,
                .split = fdml_conv_scratch(d, thread) };
    p.n = total - p.first < d->chunk ? total - p.first : d->chunk;
    p.n_blocks =
        d->out.n_blocks - p.block < d->out_chunk ? d->out.n_blocks - p.block : d->out_chunk;
    p.join = p.split + POINTS * point_step(d, d->in.n_blocks);
    split(d, &p);
    if (d->is_transformed)
        multiply(d, &p);
    else
        transform_and_multiply(d, &p);
    join(d, &p);
}

void fdml_conv_run_winograd(const fdml_conv_detail *d)
{
    fdml_conv_detail run = *d;
    fdml_parallel(d->n_chunks * d->n_out_chunks, d->n_threads, winograd_task, &run);
}

bool fdml_conv_cut_winograd(fdml_conv_detail *d, fdml_arena *arena)
{
    const size_t per = d->kernels->tile_cols / FDML_BLOCK, threads = (size_t)d->n_threads;
    d->tiles_x = (d->out.w + 3) / 4;
    d->tiles = d->tiles_x * ((d->out.h + 3) / 4);
    const size_t total = d->in.n * d->tiles;
    /* chunks of equal size, a multiple of the threads where there are enough tiles */
    const size_t most = d->is_transformed ? MAX_TILES : MAX_TILES_DEEP;
    size_t chunks = (total + most - 1) / most;
    if (chunks > 1) chunks = (chunks + threads - 1) / threads * threads;
    d->chunk = (total + chunks - 1) / chunks;
    d->n_chunks = (total + d->chunk - 1) / d->chunk;
    const size_t parts = d->n_chunks < threads ? (threads + d->n_chunks - 1) / d->n_chunks : 1;
    const size_t panels = (d->out.n_blocks + per - 1) / per;
    d->out_chunk = (panels + parts - 1) / parts * per;
    if (d->out_chunk > d->out.n_blocks) d->out_chunk = d->out.n_blocks;
    d->n_out_chunks = (d->out.n_blocks + d->out_chunk - 1) / d->out_chunk;
    d->n_offsets = d->in.n_blocks;
    d->offset = fdml_arena_push_zero(arena, d->n_offsets, sizeof *d->offset);
    if (!d->offset) return false;
    for (size_t b = 0; b < d->n_offsets; b++) d->offset[b] = b * d->chunk * FDML_BLOCK;
    d->scratch_size =
        POINTS * sizeof(float) * (point_step(d, d->in.n_blocks) + point_step(d, d->out_chunk));
    return true;
}
