/* conv_gather.c - runs convolutions whose planes are small, for a whole batch at once.
 *
 * On a plane of four pixels the direct way would fetch all weights for four pixels. So a task
 * takes pixels of several images, and copies what each tap sees of them side by side; its
 * outputs go to where they belong by copies, too, which cost little, for such layers have many
 * channels. Sums are those of the direct way: the same bits.
 *
 * Groups, activations and slopes are not for it: it trains.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/conv_state.h"

enum {
    TASK_BYTES = 1 << 20, /* of gathered pixels, half of a 2 MiB L2 */
    TILE = 14,
    MOST_PIXELS = 8 * TILE,
    TASKS_A_THREAD = 2
};

typedef struct place {
    size_t first, n; /* pixels, counted through the batch */
    size_t block, n_blocks;
    float *in, *out;
} place;

/* Pixel `at` of the batch. */
typedef struct pixel {
    size_t image, y, x;
} pixel;

static pixel find_pixel(const fdml_conv_detail *d, size_t at)
{
    const size_t plane = d->out.h * d->out.w, left = at % plane;
    return (pixel){ at / plane, left / d->out.w, left % d->out.w };
}

static void next_pixel(const fdml_conv_detail *d, pixel *p)
{
    if (++p->x < d->out.w) return;
    p->x = 0;
    if (++p->y < d->out.h) return;
    p->y = 0;
    p->image++;
}

/* What tap (ky, kx) sees of input block b. */
static void gather_tap(float *to, const fdml_conv_detail *d, const place *p, size_t b,
                       size_t ky, size_t kx)
{
    const size_t plane = d->in.h * d->in.w * FDML_BLOCK;
    const size_t down = ky * d->dilation_y - d->pad_top,
                 right = kx * d->dilation_x - d->pad_left;
    pixel at = find_pixel(d, p->first);
    for (size_t i = 0; i < p->n; i++, to += FDML_BLOCK, next_pixel(d, &at)) {
        const size_t y = at.y * d->stride_y + down, x = at.x * d->stride_x + right; /* wrap */
        if (y < d->in.h && x < d->in.w)
            memcpy(to,
                   d->x + (at.image * d->in.n_blocks + b) * plane +
                       (y * d->in.w + x) * FDML_BLOCK,
                   FDML_BLOCK * sizeof *to);
        else
            memset(to, 0, FDML_BLOCK * sizeof *to);
    }
}

static void gather(const fdml_conv_detail *d, const place *p)
{
    float *to = p->in;
    for (size_t b = 0; b < d->group_in; b++)
        for (size_t ky = 0; ky < d->kernel_y; ky++)
            for (size_t kx = 0; kx < d->kernel_x; kx++, to += d->chunk * FDML_BLOCK)
                gather_tap(to, d, p, b, ky, kx);
}

static void scatter(const fdml_conv_detail *d, const place *p)
{
    const size_t plane = d->out.h * d->out.w * FDML_BLOCK;
    for (size_t b = 0; b < p->n_blocks; b++) {
        const float *from = p->out + b * d->chunk * FDML_BLOCK;
        pixel at = find_pixel(d, p->first);
        for (size_t i = 0; i < p->n; i++, from += FDML_BLOCK, next_pixel(d, &at)) {
            const size_t to = (at.image * d->out.n_blocks + p->block + b) * plane +
                              (at.y * d->out.w + at.x) * FDML_BLOCK;
            if (!d->add)
                memcpy(d->y + to, from, FDML_BLOCK * sizeof *from);
            else
                for (size_t c = 0; c < FDML_BLOCK; c++) d->y[to + c] = from[c] + d->add[to + c];
        }
    }
}

static void gather_task(void *ctx, size_t task, int thread)
{
    const fdml_conv_detail *d = ctx;
    const size_t total = d->out.n * d->out.h * d->out.w;
    place p = { .first = task % d->n_chunks * d->chunk,
                .block = task / d->n_chunks * d->out_chunk,
                .in = fdml_conv_scratch(d, thread) };
    p.n = total - p.first < d->chunk ? total - p.first : d->chunk;
    p.n_blocks = d->group_out - p.block < d->out_chunk ? d->group_out - p.block : d->out_chunk;
    p.out = p.in + d->n_offsets * d->chunk * FDML_BLOCK;
    gather(d, &p);
    fdml_conv_rows job = fdml_conv_job(d, p.block);
    job.in = p.in;
    job.out = p.out;
    job.out_stride = d->chunk * FDML_BLOCK;
    job.weights = d->weights + p.block * FDML_BLOCK * (d->n_offsets * FDML_BLOCK);
    job.n_rows = p.n;
    job.n_out = p.n_blocks;
    d->kernels->conv_rows(&job);
    scatter(d, &p);
}

void fdml_conv_run_gather(const fdml_conv_detail *d)
{
    fdml_conv_detail run = *d;
    fdml_parallel(d->n_chunks * d->n_out_chunks, d->n_threads, gather_task, &run);
}

bool fdml_conv_cut_gather(fdml_conv_detail *d, fdml_arena *arena)
{
    const size_t per = d->kernels->tile_cols / FDML_BLOCK, threads = (size_t)d->n_threads;
    d->n_offsets = d->group_in * d->kernel_y * d->kernel_x;
    const size_t pixel_bytes = d->n_offsets * FDML_BLOCK * sizeof(float);
    size_t most = TASK_BYTES / pixel_bytes / TILE * TILE;
    if (most < TILE) most = TILE;
    if (most > MOST_PIXELS) most = MOST_PIXELS;
    const size_t total = d->out.n * d->out.h * d->out.w;
    d->n_chunks = (total + most - 1) / most;
    d->chunk = (total + d->n_chunks - 1) / d->n_chunks;
    d->n_chunks = (total + d->chunk - 1) / d->chunk;
    const size_t panels = (d->group_out + per - 1) / per;
    size_t parts = (TASKS_A_THREAD * threads + d->n_chunks - 1) / d->n_chunks;
    if (threads == 1) parts = 1;
    if (parts > panels) parts = panels;
    d->out_chunk = (panels + parts - 1) / parts * per;
    if (d->out_chunk > d->group_out) d->out_chunk = d->group_out;
    d->n_out_chunks = (d->group_out + d->out_chunk - 1) / d->out_chunk;
    d->offset = fdml_arena_push_zero(arena, d->n_offsets, sizeof *d->offset);
    if (!d->offset) return false;
    for (size_t i = 0; i < d->n_offsets; i++) d->offset[i] = i * d->chunk * FDML_BLOCK;
    d->scratch_size = (d->n_offsets + d->out_chunk) * d->chunk * FDML_BLOCK * sizeof(float);
    return true;
}
