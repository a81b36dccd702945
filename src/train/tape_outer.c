/* tape_outer.c - gradient of a convolution's weights and bias.
 *
 * For each place of the window, an outer product of a pixel of x and the pixel of gy that saw
 * it there, summed over all pixels of all images (kernels->conv_outer). A task has some blocks
 * of output channels, some of input channels and a part of the images, so that its sums stay
 * in L2 while it walks over the images. It goes through them by chunks of rows, each of which
 * stays in L1 while all its outer products are made. Where a layer has too few channels for
 * the threads its images are cut into parts, whose sums are added in order.
 *
 * All cuts depend on the layer and its batch alone: they decide the order of sums.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/tape_state.h"

enum {
    CHUNK_PIXELS = 192,  /* of a chunk: 12 KiB of each block */
    OUT_BLOCKS = 8,      /* of a task */
    SUM_BYTES = 1 << 19, /* of a task, a quarter of a 2 MiB L2 */
    MIN_TASKS = 8,       /* else images are cut into parts */
    BLOCK_FLOATS = FDML_BLOCK * FDML_BLOCK
};

struct tape_outer {
    const fdml_conv_detail *conv;
    tape_param *weight;
    bool is_planes;
    size_t n_out, n_in;         /* output blocks; input blocks, of planes channels */
    size_t out_group, in_group; /* of a task */
    size_t n_out_groups, n_in_groups, n_parts, part; /* images of a part */
    size_t chunk_rows, chunk_images;
    size_t width, rows; /* of planes: a channel's padded copy */
};

typedef struct outer_job {
    const fdml_tape *tape;
    const tape_outer *o;
    const float *x, *gy;
    float *sums; /* [n_parts] of the weight's size */
} outer_job;

/* What a task works on. */
typedef struct place {
    size_t out0, n_out, in0, n_in, image0, n_images;
    float *dw;
} place;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static place find(const outer_job *j, size_t task)
{
    const tape_outer *o = j->o;
    place p;
    const size_t part = task % o->n_parts, group = task / o->n_parts;
    p.out0 = group % o->n_out_groups * o->out_group;
    p.in0 = group / o->n_out_groups * o->in_group;
    p.n_out = smaller(o->out_group, o->n_out - p.out0);
    p.n_in = smaller(o->in_group, o->n_in - p.in0);
    p.image0 = part * o->part;
    p.n_images = smaller(o->part, o->conv->in.n - p.image0);
    p.dw = j->sums + part * o->weight->n;
    return p;
}

/* The rows or columns of y, from `begin` to before `end`, whose window has tap k inside. */
typedef struct span {
    size_t begin, end;
} span;

static span inside(size_t begin, size_t end, size_t shift, size_t pad, size_t stride,
                   size_t size)
{
    span s = { begin, end };
    if (shift < pad) {
        const size_t first = (pad - shift + stride - 1) / stride;
        if (s.begin < first) s.begin = first;
    }
    if (size + pad <= shift) return (span){ 0, 0 };
    const size_t last = (size + pad - shift - 1) / stride; /* the last that is inside */
    if (s.end > last + 1) s.end = last + 1;
    if (s.end < s.begin) s.end = s.begin;
    return s;
}

/* One chunk: rows first .. first + n_rows - 1 of n_images images, at one tap of input block b.
 */
static void add_tap(const outer_job *j, const place *p, size_t image, size_t n_images,
                    span rows, size_t b, size_t ky, size_t kx)
{
    const fdml_conv_detail *d = j->o->conv;
    const size_t down = ky * d->dilation_y, right = kx * d->dilation_x;
    const span y = inside(rows.begin, rows.end, down, d->pad_top, d->stride_y, d->in.h);
    const span x = inside(0, d->out.w, right, d->pad_left, d->stride_x, d->in.w);
    if (y.begin == y.end || x.begin == x.end) return;
    const size_t tap = ky * d->kernel_x + kx, taps = d->kernel_y * d->kernel_x;
    const size_t top = y.begin * d->stride_y + down - d->pad_top;
    const size_t left = x.begin * d->stride_x + right - d->pad_left;
    fdml_conv_outer job = {
        .dw = p->dw + ((p->out0 * j->o->n_in + b) * taps + tap) * BLOCK_FLOATS,
        .dw_stride = j->o->n_in * taps * BLOCK_FLOATS,
        .n_c = smaller(FDML_BLOCK, d->in.c - b * FDML_BLOCK), /* the others' stay 0 */
        .n_out = p->n_out,
        .x = j->x + (image * d->in.n_blocks + b) * tape_plane(&d->in) +
             (top * d->in.w + left) * FDML_BLOCK,
        .x_step = d->stride_x * FDML_BLOCK,
        .x_row = d->stride_y * d->in.w * FDML_BLOCK,
        .x_image = d->in.n_blocks * tape_plane(&d->in),
        .dy = j->gy + (image * d->out.n_blocks + p->out0) * tape_plane(&d->out) +
              (y.begin * d->out.w + x.begin) * FDML_BLOCK,
        .dy_stride = tape_plane(&d->out),
        .dy_row = d->out.w * FDML_BLOCK,
        .dy_image = d->out.n_blocks * tape_plane(&d->out),
        .n_images = n_images,
        .n_rows = y.end - y.begin,
        .n_cols = x.end - x.begin,
        .continues = 1
    };
    if (job.n_cols == d->in.w && job.n_cols == d->out.w && d->stride_y == 1) {
        job.n_cols *= job.n_rows; /* rows follow one another in both */
        job.n_rows = 1;
    }
    j->tape->kernels->conv_outer(&job);
}

static void blocks_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const outer_job *j = ctx;
    const tape_outer *o = j->o;
    const fdml_conv_detail *d = o->conv;
    const place p = find(j, task);
    const size_t taps = d->kernel_y * d->kernel_x;
    for (size_t i = 0; i < p.n_out; i++)
        memset(p.dw + ((p.out0 + i) * o->n_in + p.in0) * taps * BLOCK_FLOATS, 0,
               p.n_in * taps * BLOCK_FLOATS * sizeof(float));
    for (size_t image = 0; image < p.n_images; image += o->chunk_images)
        for (size_t row = 0; row < d->out.h; row += o->chunk_rows) {
            const size_t n = smaller(o->chunk_images, p.n_images - image);
            const span rows = { row, smaller(row + o->chunk_rows, d->out.h) };
            for (size_t b = p.in0; b < p.in0 + p.n_in; b++)
                for (size_t ky = 0; ky < d->kernel_y; ky++)
                    for (size_t kx = 0; kx < d->kernel_x; kx++)
                        add_tap(j, &p, p.image0 + image, n, rows, b, ky, kx);
        }
}

/* --- of planes: x is plain, and a row of taps takes the place of sixteen channels --------- */

static void copy_padded(float *to, const outer_job *j, size_t image, size_t channel)
{
    const tape_outer *o = j->o;
    const fdml_conv_detail *d = o->conv;
    const float *from = j->x + (image * d->in.c + channel) * d->in.h * d->in.w;
    memset(to, 0, o->rows * o->width * sizeof *to);
    for (size_t r = 0; r < o->rows; r++) {
        const size_t y = r - d->pad_top; /* wraps */
        if (y >= d->in.h || d->pad_left >= o->width) continue;
        memcpy(to + r * o->width + d->pad_left, from + y * d->in.w,
               smaller(d->in.w, o->width - d->pad_left) * sizeof *to);
    }
}

static void add_planes_rows(const outer_job *j, const place *p, const float *plane,
                            size_t image, size_t channel, span rows)
{
    const tape_outer *o = j->o;
    const fdml_conv_detail *d = o->conv;
    const size_t taps = d->kernel_y * d->kernel_x;
    const size_t at_once = d->dilation_x == 1 && d->kernel_x <= FDML_BLOCK ? d->kernel_x : 1;
    for (size_t ky = 0; ky < d->kernel_y; ky++)
        for (size_t kx = 0; kx < d->kernel_x; kx += at_once) {
            const size_t tap = ky * d->kernel_x + kx;
            const fdml_conv_outer job = {
                .dw = p->dw + ((p->out0 * o->n_in + channel) * taps + tap) * FDML_BLOCK,
                .dw_stride = o->n_in * taps * FDML_BLOCK,
                .n_c = at_once,
                .n_out = p->n_out,
                .x = plane + (rows.begin * d->stride_y + ky * d->dilation_y) * o->width +
                     kx * d->dilation_x,
                .x_step = d->stride_x,
                .x_row = d->stride_y * o->width,
                .dy = j->gy + (image * d->out.n_blocks + p->out0) * tape_plane(&d->out) +
                      rows.begin * d->out.w * FDML_BLOCK,
                .dy_stride = tape_plane(&d->out),
                .dy_row = d->out.w * FDML_BLOCK,
                .n_images = 1,
                .n_rows = rows.end - rows.begin,
                .n_cols = d->out.w,
                .continues = 1
            };
            j->tape->kernels->conv_outer(&job);
        }
}

static void planes_task(void *ctx, size_t task, int thread)
{
    const outer_job *j = ctx;
    const tape_outer *o = j->o;
    const fdml_conv_detail *d = o->conv;
    const place p = find(j, task);
    const size_t taps = d->kernel_y * d->kernel_x;
    float *plane = (float *)(void *)(j->tape->scratch + (size_t)thread * j->tape->scratch_size);
    memset(p.dw + p.out0 * o->n_in * taps * FDML_BLOCK, 0,
           p.n_out * o->n_in * taps * FDML_BLOCK * sizeof(float));
    for (size_t image = p.image0; image < p.image0 + p.n_images; image++)
        for (size_t c = 0; c < o->n_in; c++) {
            copy_padded(plane, j, image, c);
            for (size_t row = 0; row < d->out.h; row += o->chunk_rows) {
                const span rows = { row, smaller(row + o->chunk_rows, d->out.h) };
                add_planes_rows(j, &p, plane, image, c, rows);
            }
        }
}

/* --- parts together ---------------------------------------------------------------------- */

enum { MERGE = 4096 }; /* floats of a task */

static void merge_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const outer_job *j = ctx;
    const size_t n = j->o->weight->n, begin = task * MERGE, end = smaller(begin + MERGE, n);
    float *grad = j->o->weight->grad;
    for (size_t i = begin; i < end; i++) grad[i] = j->sums[i];
    for (size_t part = 1; part < j->o->n_parts; part++) {
        const float *sums = j->sums + part * n;
        for (size_t i = begin; i < end; i++) grad[i] += sums[i];
    }
}

void fdml_tape_outer_run(const fdml_tape *tape, const tape_outer *outer, const float *x,
                         const float *gy)
{
    outer_job j = { .tape = tape, .o = outer, .x = x, .gy = gy };
    j.sums = outer->n_parts > 1 ? tape->temp : outer->weight->grad;
    fdml_parallel(outer->n_out_groups * outer->n_in_groups * outer->n_parts, tape->n_threads,
                  outer->is_planes ? planes_task : blocks_task, &j);
    if (outer->n_parts > 1)
        fdml_parallel((outer->weight->n + MERGE - 1) / MERGE, tape->n_threads, merge_task, &j);
}

static void cut(tape_outer *o)
{
    const fdml_conv_detail *d = o->conv;
    const size_t taps = d->kernel_y * d->kernel_x, plane = d->out.h * d->out.w;
    o->out_group = smaller(OUT_BLOCKS, o->n_out);
    o->in_group = o->n_in;
    if (!o->is_planes) {
        const size_t block = o->out_group * taps * BLOCK_FLOATS * sizeof(float);
        o->in_group = smaller(o->n_in, block < SUM_BYTES ? SUM_BYTES / block : 1);
    }
    o->n_out_groups = (o->n_out + o->out_group - 1) / o->out_group;
    o->n_in_groups = (o->n_in + o->in_group - 1) / o->in_group;
    const size_t tasks = o->n_out_groups * o->n_in_groups;
    const size_t parts = smaller(d->in.n, (MIN_TASKS + tasks - 1) / tasks);
    o->part = (d->in.n + parts - 1) / parts;
    o->n_parts = (d->in.n + o->part - 1) / o->part;
    o->chunk_rows = d->out.w < CHUNK_PIXELS ? CHUNK_PIXELS / d->out.w : 1;
    o->chunk_images = plane && plane <= CHUNK_PIXELS / 2 ? CHUNK_PIXELS / plane : 1;
    if (o->is_planes) o->chunk_images = 1;
}

fdml_status fdml_tape_outer_new(tape_outer **outer, fdml_tape *tape,
                                const fdml_conv_detail *conv, tape_param *weight,
                                fdml_error *err)
{
    tape_outer *o = fdml_arena_push_zero(&tape->arena, 1, sizeof *o);
    if (!o) return fdml_tape_no_memory(tape, err);
    o->conv = conv;
    o->weight = weight;
    o->is_planes = weight->layout == TAPE_PLANES;
    o->n_out = conv->out.n_blocks;
    o->n_in = o->is_planes ? conv->in.c : conv->in.n_blocks;
    cut(o);
    if (o->n_parts > 1) tape_want(&tape->temp_size, o->n_parts * weight->n);
    if (o->is_planes) {
        o->rows =
            (conv->out.h - 1) * conv->stride_y + (conv->kernel_y - 1) * conv->dilation_y + 1;
        o->width =
            (conv->out.w - 1) * conv->stride_x + (conv->kernel_x - 1) * conv->dilation_x + 1;
        tape_want(&tape->scratch_size, o->rows * o->width * sizeof(float));
    }
    *outer = o;
    return FDML_OK;
}

/* --- bias -------------------------------------------------------------------------------- */

typedef struct bias_job {
    const fdml_tape *tape;
    float *grad;
    const fdml_plane_shape *shape;
    const float *gy;
} bias_job;

static void bias_task(void *ctx, size_t block, int thread)
{
    (void)thread;
    const bias_job *j = ctx;
    const float zero[FDML_BLOCK] = { 0 };
    double sum[FDML_BLOCK] = { 0 };
    for (size_t image = 0; image < j->shape->n; image++) {
        float sums[2 * FDML_BLOCK];
        j->tape->kernels->block_moments(
            sums, j->gy + (image * j->shape->n_blocks + block) * tape_plane(j->shape), zero,
            j->shape->h * j->shape->w);
        for (size_t c = 0; c < FDML_BLOCK; c++) sum[c] += (double)sums[c];
    }
    for (size_t c = 0; c < FDML_BLOCK; c++) j->grad[block * FDML_BLOCK + c] = (float)sum[c];
}

void fdml_tape_bias_run(const fdml_tape *tape, tape_param *bias, const fdml_plane_shape *shape,
                        const float *gy)
{
    bias_job j = { tape, bias->grad, shape, gy };
    fdml_parallel(shape->n_blocks, tape->n_threads, bias_task, &j);
}
