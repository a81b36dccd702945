/* conv_rows.c - runs convolutions as pixels times panels: 1x1, direct, planes.
 *
 * A task is some output rows of one image (of 1x1: some pixels) times some output blocks of one
 * group. Tasks with the same weights come one after another, so the weights stay in cache;
 * where all weights do, those with the same pixels. There are so many that threads end
 * together.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/conv_state.h"

enum {
    WEIGHT_BYTES = 1 << 19, /* of a task, a quarter of a 2 MiB L2 */
    POINT_PIXELS = 96,      /* seven tiles of fourteen */
    DIRECT_PIXELS = 192,
    PLANES_PIXELS = 896,
    TASKS_A_THREAD = 2,
    MIN_PIXELS = 24, /* of a task, where pixels are cut for the threads' sake */
    MOST_PARTS = 16  /* more that are tried */
};

fdml_conv_rows fdml_conv_job(const fdml_conv_detail *d, size_t out_block)
{
    const size_t c = out_block * FDML_BLOCK;
    return (fdml_conv_rows){ .out_stride = d->out.h * d->out.w * FDML_BLOCK,
                             .offset = d->offset,
                             .n_blocks = d->n_offsets,
                             .n_last = d->n_last,
                             .bias = d->bias ? d->bias + c : NULL,
                             .slope = d->slope ? d->slope + c : NULL,
                             .low = d->low,
                             .high = d->high };
}

/* --- what a task works on ---------------------------------------------------------------- */

typedef struct place {
    size_t group, image, first, n; /* output rows, or pixels of 1x1 */
    size_t block, n_blocks;        /* output blocks, of the whole layer */
    float *scratch;
} place;

static place find(const fdml_conv_detail *d, size_t task, int thread)
{
    const size_t total = d->way == FDML_CONV_POINT ? d->out.h * d->out.w : d->out.h;
    place p = { .scratch = fdml_conv_scratch(d, thread) };
    const size_t n_out = d->n_groups * d->n_out_chunks, n_pixels = d->in.n * d->n_chunks;
    const size_t at_out = d->is_by_pixels ? task % n_out : task / n_pixels;
    const size_t at_pixels = d->is_by_pixels ? task / n_out : task % n_pixels;
    p.first = at_pixels % d->n_chunks * d->chunk;
    p.image = at_pixels / d->n_chunks;
    const size_t out = at_out % d->n_out_chunks * d->out_chunk;
    p.group = at_out / d->n_out_chunks;
    p.n = total - p.first < d->chunk ? total - p.first : d->chunk;
    p.n_blocks = d->group_out - out < d->out_chunk ? d->group_out - out : d->out_chunk;
    p.block = p.group * d->group_out + out;
    return p;
}

/* The job of the task, from pixel `first` of the output on. */
static fdml_conv_rows start(const fdml_conv_detail *d, const place *p, size_t first)
{
    fdml_conv_rows job = fdml_conv_job(d, p->block);
    const size_t depth = d->group_weights / (d->group_out * FDML_BLOCK);
    const size_t in_group = p->block - p->group * d->group_out;
    const size_t at =
        (p->image * d->out.n_blocks + p->block) * job.out_stride + first * FDML_BLOCK;
    job.out = d->y + at;
    job.add = d->add ? d->add + at : NULL;
    job.weights = d->weights + p->group * d->group_weights + in_group * FDML_BLOCK * depth;
    job.n_out = p->n_blocks;
    return job;
}

static void point_task(void *ctx, size_t task, int thread)
{
    const fdml_conv_detail *d = ctx;
    const place p = find(d, task, thread);
    fdml_conv_rows job = start(d, &p, p.first);
    const size_t pixels = d->in.h * d->in.w;
    const size_t block = p.image * d->in.n_blocks + p.group * d->group_in;
    job.in = d->x + (block * pixels + p.first) * FDML_BLOCK;
    job.n_rows = p.n;
    d->kernels->conv_rows(&job);
}

/* One row of pixels as column kx of the window sees it, zeros where it leaves the plane. */
static void copy_row(float *to, const fdml_conv_detail *d, const float *row, size_t kx)
{
    const size_t shift = kx * d->dilation_x;
    for (size_t ox = 0; ox < d->out.w; ox++, to += FDML_BLOCK) {
        const size_t x = ox * d->stride_x + shift - d->pad_left; /* wraps where negative */
        if (row && x < d->in.w)
            memcpy(to, row + x * FDML_BLOCK, FDML_BLOCK * sizeof *to);
        else
            memset(to, 0, FDML_BLOCK * sizeof *to);
    }
}

static void direct_task(void *ctx, size_t task, int thread)
{
    const fdml_conv_detail *d = ctx;
    const place p = find(d, task, thread);
    const size_t plane = d->in.h * d->in.w * FDML_BLOCK;
    const float *x = d->x + (p.image * d->in.n_blocks + p.group * d->group_in) * plane;
    float *to = p.scratch;
    for (size_t b = 0; b < d->group_in; b++, x += plane)
        for (size_t kx = 0; kx < d->kernel_x; kx++)
            for (size_t phase = 0; phase < d->stride_y; phase++) {
                const size_t n = d->phase_row[phase + 1] - d->phase_row[phase];
                for (size_t q = 0; q < n; q++, to += d->out.w * FDML_BLOCK) {
                    const size_t y = (p.first + q) * d->stride_y + phase - d->pad_top;
                    copy_row(to, d, y < d->in.h ? x + y * d->in.w * FDML_BLOCK : NULL, kx);
                }
            }
    fdml_conv_rows job = start(d, &p, p.first * d->out.w);
    job.in = p.scratch;
    job.n_rows = p.n * d->out.w;
    d->kernels->conv_rows(&job);
}

/* Columns phase, phase + stride ... of a padded row: zeros, the row's own, zeros. */
static void split_phase(float *to, const fdml_conv_detail *d, const float *row, size_t phase,
                        size_t width)
{
    const size_t stride = d->stride_x, pad = d->pad_left;
    size_t begin = pad > phase ? (pad - phase + stride - 1) / stride : 0;
    size_t end = pad + d->in.w > phase ? (pad + d->in.w - phase - 1) / stride + 1 : 0;
    if (end > width) end = width;
    if (begin >= end) { /* nothing but padding; `from` would lie outside of the row */
        memset(to, 0, width * sizeof *to);
        return;
    }
    memset(to, 0, begin * sizeof *to);
    const float *from = row + (begin * stride + phase - pad);
    size_t q = begin;
    for (; q + 4 <= end; q += 4, from += 4 * stride) {
        const float a = from[0], b = from[stride], c = from[2 * stride], e = from[3 * stride];
        to[q] = a, to[q + 1] = b, to[q + 2] = c, to[q + 3] = e;
    }
    for (; q < end; q++, from += stride) to[q] = *from;
    memset(to + end, 0, (width - end) * sizeof *to);
}

/* A channel's row with its columns sorted by their phase of the stride. NULL: of padding. */
static void split_row(float *to, const fdml_conv_detail *d, const float *row, size_t width)
{
    if (!row) {
        memset(to, 0, d->stride_x * width * sizeof *to);
        return;
    }
    for (size_t phase = 0; phase < d->stride_x; phase++, to += width)
        split_phase(to, d, row, phase, width);
}

static void planes_task(void *ctx, size_t task, int thread)
{
    const fdml_conv_detail *d = ctx;
    const place p = find(d, task, thread);
    const float *x = d->x + p.image * d->in.c * d->in.h * d->in.w;
    const size_t width = d->plane_step / d->stride_x;
    for (size_t c = 0; c < d->in.c; c++, x += d->in.h * d->in.w)
        for (size_t q = 0; q < d->plane_rows; q++) {
            const size_t y = p.first * d->stride_y + q - d->pad_top;
            split_row(p.scratch + (c * d->plane_rows + q) * d->plane_step, d,
                      y < d->in.h ? x + y * d->in.w : NULL, width);
        }
    for (size_t r = 0; r < p.n; r++) {
        fdml_conv_rows job = start(d, &p, (p.first + r) * d->out.w);
        job.in = p.scratch + r * d->stride_y * d->plane_step;
        job.n_rows = d->out.w;
        d->kernels->conv_planes(&job);
    }
}

void fdml_conv_run_rows(const fdml_conv_detail *d)
{
    static const fdml_block_fn task[] = { point_task, direct_task, planes_task };
    fdml_conv_detail run = *d;
    fdml_parallel(d->n_groups * d->n_out_chunks * d->in.n * d->n_chunks, d->n_threads,
                  task[d->way], &run);
}

/* --- planning ---------------------------------------------------------------------------- */

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

static size_t divide_up(size_t n, size_t by)
{
    return (n + by - 1) / by;
}

/* Cuts `rows` into `chunks` and `panels` into `parts`, or into as many as there are. */
static void cut_into(fdml_conv_detail *d, size_t rows, size_t chunks, size_t panels,
                     size_t parts, size_t panel_blocks)
{
    d->chunk = divide_up(rows, chunks < rows ? chunks : rows);
    d->n_chunks = divide_up(rows, d->chunk);
    d->out_chunk = divide_up(panels, parts < panels ? parts : panels) * panel_blocks;
    if (d->out_chunk > d->group_out) d->out_chunk = d->group_out;
    d->n_out_chunks = divide_up(d->group_out, d->out_chunk);
}

/* The share of the threads' time that is work where tasks are handed out one by one. */
static double balance(const fdml_conv_detail *d, size_t rows, size_t n_threads)
{
    const size_t tasks = d->n_chunks * d->n_out_chunks * d->in.n * d->n_groups;
    const size_t rounds = divide_up(tasks, n_threads) * n_threads;
    return (double)(rows * d->group_out * d->in.n * d->n_groups) /
           (double)(rounds * d->chunk * d->out_chunk);
}

/* Of 1x1: from `chunks` and `parts` on, the cut with which the threads are done together; two
 * tasks a thread are worth a little, as they do not all run at the same speed. */
static void cut_evenly(fdml_conv_detail *d, size_t n_threads, size_t chunks, size_t panels,
                       size_t parts, size_t panel_blocks)
{
    const size_t rows = d->out.h * d->out.w;
    const size_t even = divide_up(chunks, n_threads) * n_threads;
    const size_t tries[] = { chunks, rows / even >= MIN_PIXELS ? even : chunks };
    double best = 0;
    size_t best_chunks = chunks, best_parts = parts;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        for (size_t p = parts; p <= panels && p < parts + MOST_PARTS; p++) {
            cut_into(d, rows, tries[i], panels, p, panel_blocks);
            const size_t tasks = d->n_chunks * d->n_out_chunks * d->in.n * d->n_groups;
            const double now =
                balance(d, rows, n_threads) + (tasks >= TASKS_A_THREAD * n_threads ? 0.03 : 0);
            if (now < best + 0.001) continue;
            best = now;
            best_chunks = tries[i];
            best_parts = p;
        }
    cut_into(d, rows, best_chunks, panels, best_parts, panel_blocks);
}

/* Pixels first: as many as let a panel be used often while it is in L1. Of 1x1, output blocks
 * next: so many that their weights stay in L2 for all pixels; the others would copy their
 * pixels once more for each part, and fetch weights once more for each task instead. Then, for
 * the threads, fewer output blocks still. */
static void cut(fdml_conv_detail *d, size_t n_threads, size_t panel_blocks)
{
    static const size_t pixels[] = { [FDML_CONV_POINT] = POINT_PIXELS,
                                     [FDML_CONV_DIRECT] = DIRECT_PIXELS,
                                     [FDML_CONV_PLANES] = PLANES_PIXELS };
    const size_t depth = d->group_weights / (d->group_out * FDML_BLOCK);
    const bool is_point = d->way == FDML_CONV_POINT;
    const size_t unit = is_point ? 1 : d->out.w; /* pixels of a row */
    const size_t rows = is_point ? d->out.h * d->out.w : d->out.h;
    const size_t chunks = at_least_one((rows * unit + pixels[d->way] / 2) / pixels[d->way]);
    const size_t panels = divide_up(d->group_out, panel_blocks);
    size_t parts = 1;
    if (is_point)
        parts = divide_up(d->group_out * FDML_BLOCK * depth * sizeof(float), WEIGHT_BYTES);
    d->is_by_pixels = is_point && parts == 1;
    if (is_point && n_threads > 1) {
        cut_evenly(d, n_threads, chunks, panels, parts < panels ? parts : panels, panel_blocks);
        return;
    }
    const size_t have = (chunks < rows ? chunks : rows) * d->in.n * d->n_groups;
    if (n_threads > 1 && have * parts < TASKS_A_THREAD * n_threads)
        parts = divide_up(TASKS_A_THREAD * n_threads, have);
    cut_into(d, rows, chunks, panels, parts, panel_blocks);
}

bool fdml_conv_point_offsets(fdml_conv_detail *d, fdml_arena *arena)
{
    d->n_offsets = d->group_in;
    d->offset = fdml_arena_push_zero(arena, d->n_offsets, sizeof *d->offset);
    if (!d->offset) return false;
    for (size_t b = 0; b < d->n_offsets; b++) d->offset[b] = b * d->in.h * d->in.w * FDML_BLOCK;
    if (d->n_groups == 1) d->n_last = d->in.c % FDML_BLOCK; /* the others are zeros */
    return true;
}

static bool offsets_of_direct(fdml_conv_detail *d, fdml_arena *arena)
{
    d->n_offsets = d->group_in * d->kernel_y * d->kernel_x;
    d->offset = fdml_arena_push_zero(arena, d->n_offsets, sizeof *d->offset);
    d->phase_row = fdml_arena_push_zero(arena, d->stride_y + 1, sizeof *d->phase_row);
    if (!d->offset || !d->phase_row) return false;
    for (size_t ky = 0; ky < d->kernel_y; ky++) { /* rows each phase needs */
        const size_t y = ky * d->dilation_y, n = d->chunk + y / d->stride_y;
        size_t *rows = &d->phase_row[y % d->stride_y + 1];
        if (n > *rows) *rows = n;
    }
    for (size_t p = 0; p < d->stride_y; p++) d->phase_row[p + 1] += d->phase_row[p];
    const size_t rows = d->phase_row[d->stride_y], row = d->out.w * FDML_BLOCK;
    size_t *offset = d->offset;
    for (size_t b = 0; b < d->group_in; b++)
        for (size_t ky = 0; ky < d->kernel_y; ky++)
            for (size_t kx = 0; kx < d->kernel_x; kx++) {
                const size_t y = ky * d->dilation_y;
                const size_t q = d->phase_row[y % d->stride_y] + y / d->stride_y;
                *offset++ = ((b * d->kernel_x + kx) * rows + q) * row;
            }
    d->scratch_size = d->group_in * d->kernel_x * rows * row * sizeof(float);
    return true;
}

static bool offsets_of_planes(fdml_conv_detail *d, fdml_arena *arena)
{
    const size_t reach_x = (d->out.w - 1) * d->stride_x + (d->kernel_x - 1) * d->dilation_x + 1;
    const size_t width = (reach_x + d->stride_x - 1) / d->stride_x;
    d->plane_rows = (d->chunk - 1) * d->stride_y + (d->kernel_y - 1) * d->dilation_y + 1;
    d->plane_step = width * d->stride_x;
    d->n_offsets = d->in.c * d->kernel_y * d->kernel_x;
    d->offset = fdml_arena_push_zero(arena, d->n_offsets, sizeof *d->offset);
    if (!d->offset) return false;
    size_t *offset = d->offset;
    for (size_t c = 0; c < d->in.c; c++)
        for (size_t ky = 0; ky < d->kernel_y; ky++)
            for (size_t kx = 0; kx < d->kernel_x; kx++) {
                const size_t x = kx * d->dilation_x;
                *offset++ = (c * d->plane_rows + ky * d->dilation_y) * d->plane_step +
                            x % d->stride_x * width + x / d->stride_x;
            }
    d->scratch_size = d->in.c * d->plane_rows * d->plane_step * sizeof(float);
    return true;
}

bool fdml_conv_cut_rows(fdml_conv_detail *d, fdml_arena *arena)
{
    cut(d, (size_t)d->n_threads, d->kernels->tile_cols / FDML_BLOCK);
    return d->way == FDML_CONV_POINT    ? fdml_conv_point_offsets(d, arena)
           : d->way == FDML_CONV_DIRECT ? offsets_of_direct(d, arena)
                                        : offsets_of_planes(d, arena);
}
