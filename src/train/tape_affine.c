/* tape_affine.c - normalisation, addition and activation as one layer: y = act(scale x + shift
 * + other), any of which may be missing.
 *
 * In training (Ioffe and Szegedy 2015, arXiv:1502.03167) scale = gamma / sqrt(var + eps) and
 * shift = beta - mean scale, with the batch's mean and variance per channel. With g the
 * gradient by the activation's input, n the number of pixels and x^ = (x - mean) / sqrt(var +
 * eps), the gradients are
 *
 *     d beta = sum g    d gamma = sum g x^    dx = scale (g - (d beta + x^ d gamma) / n)
 *
 * the last of which is of the form a g + b x + c for every channel: a pass for the sums and one
 * for dx. The activation's input is computed again from x instead of being kept.
 *
 * Sums over an image's pixels are floats of few terms; those of images are added in double.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/tape_state.h"

#define MOMENTUM 0.1 /* of running statistics, PyTorch's */
enum { SUMS = 3 * FDML_BLOCK };

typedef struct affine_layer {
    tape_param *gamma, *beta, *mean, *variance, *slope; /* NULL: missing */
    double epsilon;
    bool has_norm, is_batch, has_other; /* is_batch: statistics of the batch */
    float low, high;
    size_t n_channels;
    size_t part, n_parts; /* images of a task */
    /* of this pass, [channels, padded] */
    float *scale, *shift, *batch_mean, *inverse; /* inverse: 1 / sqrt(var + eps) */
    float *of_g, *of_x, *constant;
    float *sums; /* [n_parts, blocks, 48] */
} affine_layer;

typedef struct affine_job {
    const fdml_tape *tape;
    const tape_layer *layer;
    const affine_layer *a;
    const fdml_plane_shape *shape;
    const float *x, *other, *gy;
    float *y, *gx, *g;
    const float *gx_add;
    bool is_passed;
} affine_job;

static affine_job start(fdml_tape *tape, const tape_layer *layer)
{
    const affine_layer *a = layer->detail;
    return (affine_job){ .tape = tape,
                         .layer = layer,
                         .a = a,
                         .shape = &tape->value[layer->in[0]].shape,
                         .x = tape_data(tape, layer->in[0]),
                         .other = a->has_other ? tape_data(tape, layer->in[1]) : NULL };
}

/* Calls fn for every block of the images of a task. */
typedef void block_fn(const affine_job *j, size_t image, size_t block, size_t part);
static void each_block(const affine_job *j, size_t task, block_fn *fn)
{
    const size_t part = task / j->shape->n_blocks, block = task % j->shape->n_blocks;
    const size_t begin = part * j->a->part;
    for (size_t i = begin; i < begin + j->a->part && i < j->shape->n; i++)
        fn(j, i, block, part);
}

static size_t at(const affine_job *j, size_t image, size_t block)
{
    return (image * j->shape->n_blocks + block) * tape_plane(j->shape);
}

static float *sums_of(const affine_job *j, size_t part, size_t block)
{
    return j->a->sums + (part * j->shape->n_blocks + block) * SUMS;
}

static void add_sums(float *to, const float *from, bool is_first)
{
    for (size_t i = 0; i < SUMS; i++) to[i] = is_first ? from[i] : to[i] + from[i];
}

/* --- forward ----------------------------------------------------------------------------- */

static void moments_of_block(const affine_job *j, size_t image, size_t block, size_t part)
{
    float sums[SUMS] = { 0 };
    j->tape->kernels->block_moments(sums, j->x + at(j, image, block), j->x + at(j, 0, block),
                                    j->shape->h * j->shape->w);
    add_sums(sums_of(j, part, block), sums, image == part * j->a->part);
}

static void moments_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    each_block(ctx, task, moments_of_block);
}

static void apply_to_block(const affine_job *j, size_t image, size_t block, size_t part)
{
    (void)part;
    const affine_layer *a = j->a;
    const size_t from = at(j, image, block), c = block * FDML_BLOCK;
    const fdml_affine job = { .out = j->y + from,
                              .x = j->x + from,
                              .n_pixels = j->shape->h * j->shape->w,
                              .scale = a->scale + c,
                              .shift = a->shift + c,
                              .add = j->other ? j->other + from : NULL,
                              .slope = a->slope ? a->slope->value + c : NULL,
                              .low = a->low,
                              .high = a->high };
    j->tape->kernels->block_affine(&job);
}

static void apply_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    each_block(ctx, task, apply_to_block);
}

/* Sum number `which` of channel c over all parts. */
static double total(const affine_job *j, size_t c, size_t which)
{
    double sum = 0;
    for (size_t part = 0; part < j->a->n_parts; part++)
        sum += (double)sums_of(j, part, c / FDML_BLOCK)[which * FDML_BLOCK + c % FDML_BLOCK];
    return sum;
}

static void set_scale(const affine_layer *a, size_t c, double mean, double variance)
{
    const double inverse = 1 / sqrt(variance + a->epsilon);
    const double scale = (a->gamma ? (double)a->gamma->value[c] : 1) * inverse;
    a->batch_mean[c] = (float)mean;
    a->inverse[c] = (float)inverse;
    a->scale[c] = (float)scale;
    a->shift[c] = (float)((a->beta ? (double)a->beta->value[c] : 0) - mean * scale);
}

static void batch_statistics(const affine_job *j)
{
    const affine_layer *a = j->a;
    const double n = (double)(j->shape->n * j->shape->h * j->shape->w);
    for (size_t c = 0; c < a->n_channels; c++) {
        const double pivot = (double)j->x[at(j, 0, c / FDML_BLOCK) + c % FDML_BLOCK];
        const double shift = total(j, c, 0) / n, square = total(j, c, 1) / n;
        const double mean = pivot + shift;
        double variance = square - shift * shift;
        if (variance < 0) variance = 0;
        set_scale(a, c, mean, variance);
        const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
        a->mean->value[c] =
            (float)((1 - MOMENTUM) * (double)a->mean->value[c] + MOMENTUM * mean);
        a->variance->value[c] =
            (float)((1 - MOMENTUM) * (double)a->variance->value[c] + MOMENTUM * unbiased);
    }
}

static void affine_forward(fdml_tape *tape, const tape_layer *layer)
{
    affine_job j = start(tape, layer);
    const affine_layer *a = j.a;
    const size_t n_tasks = a->n_parts * j.shape->n_blocks;
    j.y = tape_data(tape, layer->out);
    if (a->is_batch) {
        fdml_parallel(n_tasks, tape->n_threads, moments_task, &j);
        batch_statistics(&j);
    } else if (a->has_norm) {
        for (size_t c = 0; c < a->n_channels; c++)
            set_scale(a, c, (double)a->mean->value[c], (double)a->variance->value[c]);
    }
    fdml_parallel(n_tasks, tape->n_threads, apply_task, &j);
}

/* --- backward ---------------------------------------------------------------------------- */

static fdml_affine_back back_job(const affine_job *j, size_t image, size_t block)
{
    const affine_layer *a = j->a;
    const size_t from = at(j, image, block), c = block * FDML_BLOCK;
    return (fdml_affine_back){ .gy = j->gy + from,
                               .x = j->x + from,
                               .n_pixels = j->shape->h * j->shape->w,
                               .scale = a->scale + c,
                               .shift = a->shift + c,
                               .mean = a->batch_mean + c,
                               .add = j->other ? j->other + from : NULL,
                               .slope = a->slope ? a->slope->value + c : NULL,
                               .low = a->low,
                               .high = a->high,
                               .is_passed = j->is_passed,
                               .g = j->g ? j->g + from : NULL,
                               .gx = j->gx ? j->gx + from : NULL,
                               .gx_add = j->gx_add ? j->gx_add + from : NULL,
                               .of_g = a->of_g + c,
                               .of_x = a->is_batch ? a->of_x + c : NULL,
                               .constant = a->constant + c };
}

static void sums_of_block(const affine_job *j, size_t image, size_t block, size_t part)
{
    float sums[SUMS];
    const fdml_affine_back job = back_job(j, image, block);
    j->tape->kernels->affine_back_sums(&job, sums);
    add_sums(sums_of(j, part, block), sums, image == part * j->a->part);
}

static void sums_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    each_block(ctx, task, sums_of_block);
}

static void back_of_block(const affine_job *j, size_t image, size_t block, size_t part)
{
    (void)part;
    const fdml_affine_back job = back_job(j, image, block);
    j->tape->kernels->affine_back(&job);
}

static void back_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    each_block(ctx, task, back_of_block);
}

/* From the sums: the parameters' gradients, and a, b, c of the head comment. */
static void use_sums(const affine_job *j)
{
    const affine_layer *a = j->a;
    const double n = (double)(j->shape->n * j->shape->h * j->shape->w);
    for (size_t c = 0; c < a->n_channels; c++) {
        const double inverse = (double)a->inverse[c], scale = (double)a->scale[c];
        const double d_beta = total(j, c, 0), d_gamma = total(j, c, 1) * inverse;
        if (a->beta && a->beta->grad) a->beta->grad[c] = (float)d_beta;
        if (a->gamma && a->gamma->grad) a->gamma->grad[c] = (float)d_gamma;
        if (a->slope && a->slope->grad) a->slope->grad[c] = (float)total(j, c, 2);
        if (!a->is_batch) continue;
        const double of_x = -scale * inverse * d_gamma / n;
        a->of_x[c] = (float)of_x;
        a->constant[c] = (float)(-scale * d_beta / n - of_x * (double)a->batch_mean[c]);
    }
}

typedef struct join_job {
    const fdml_tape *tape;
    float *y;
    const float *a, *b;
    size_t n;
} join_job;

enum { JOIN = 1 << 14 };

static void join_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const join_job *j = ctx;
    const size_t begin = task * JOIN, left = j->n - begin;
    j->tape->kernels->combine(j->y + begin, j->a + begin, j->b + begin,
                              left < JOIN ? left : JOIN, FDML_COMBINE_ADD);
}

/* The other addend's gradient is g, and what it had before. */
static void join_other(fdml_tape *tape, const tape_layer *layer, const affine_job *j)
{
    const float *before = tape_room_data(tape, layer->gadd[1]);
    if (!before) return;
    join_job join = { tape, j->g, j->g, before, tape_floats(j->shape) };
    fdml_parallel((join.n + JOIN - 1) / JOIN, tape->n_threads, join_task, &join);
}

static void affine_backward(fdml_tape *tape, const tape_layer *layer)
{
    affine_job j = start(tape, layer);
    const affine_layer *a = j.a;
    const size_t n_tasks = a->n_parts * j.shape->n_blocks;
    j.gy = tape_room_data(tape, layer->gout);
    if (a->has_other) j.g = tape_room_data(tape, layer->gin[1]);
    if (a->is_batch || layer->has_params) {
        fdml_parallel(n_tasks, tape->n_threads, sums_task, &j);
        use_sums(&j);
        j.is_passed = j.g != NULL;
        if (j.is_passed) j.gy = j.g;
    }
    for (size_t c = 0; c < a->n_channels; c++) a->of_g[c] = a->scale[c];
    j.gx = tape_room_data(tape, layer->gin[0]);
    j.gx_add = tape_room_data(tape, layer->gadd[0]);
    if (j.is_passed) j.g = NULL;
    if (j.gx) fdml_parallel(n_tasks, tape->n_threads, back_task, &j);
    if (a->has_other && layer->gin[1] != TAPE_NONE) {
        j.g = tape_room_data(tape, layer->gin[1]);
        join_other(tape, layer, &j);
    }
}

/* --- planning ---------------------------------------------------------------------------- */

static float *push_channels(fdml_tape *tape, size_t n_blocks, float value)
{
    float *x = fdml_arena_push(&tape->arena, n_blocks * FDML_BLOCK, sizeof *x);
    for (size_t i = 0; x && i < n_blocks * FDML_BLOCK; i++) x[i] = value;
    return x;
}

static fdml_status take_norm(affine_layer *a, fdml_tape *tape, const fdml_node *node,
                             fdml_error *err)
{
    if (!node) return FDML_OK;
    const bool is_frozen = tape->options.freeze_norm || tape->options.freeze_all;
    tape_param **const param[] = { &a->gamma, &a->beta, &a->mean, &a->variance };
    for (uint32_t i = 0; i < 4; i++) {
        const tape_param like = { .layout = TAPE_CHANNELS,
                                  .n_out = a->n_channels,
                                  .is_buffer = i >= 2 || is_frozen };
        FDML_TRY(fdml_tape_param_new(param[i], tape, node, node->input[i + 1], &like, err));
    }
    a->has_norm = true;
    a->is_batch = !is_frozen;
    a->epsilon = (double)fdml_node_float(node, "epsilon", 1e-5f);
    return FDML_OK;
}

/* A constant bound of Clip, which is an input since opset 11. */
static fdml_status bound(float *value, fdml_tape *tape, const fdml_node *node, uint32_t i,
                         fdml_error *err)
{
    if (node->opset < 11) {
        *value = fdml_node_float(node, i == 1 ? "min" : "max", *value);
        return FDML_OK;
    }
    if (i >= node->n_inputs || node->input[i] == FDML_NO_VALUE) return FDML_OK;
    const fdml_tensor *t = &tape->value[node->input[i]].tensor;
    if (!t->data || t->type != FDML_TYPE_F32 || t->n_items != 1)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "bounds that are no constants of float32 cannot be trained");
    memcpy(value, t->data, sizeof *value);
    return FDML_OK;
}

static fdml_status take_act(affine_layer *a, fdml_tape *tape, const fdml_node *node,
                            fdml_error *err)
{
    a->low = -INFINITY;
    a->high = INFINITY;
    if (!node) return FDML_OK;
    if (!strcmp(node->op->name, "Relu")) {
        a->low = 0;
        return FDML_OK;
    }
    if (!strcmp(node->op->name, "Clip")) {
        FDML_TRY(bound(&a->low, tape, node, 1, err));
        return bound(&a->high, tape, node, 2, err);
    }
    const fdml_tensor *slope = &tape->value[node->input[1]].tensor;
    if (!slope->data || slope->n_items != a->n_channels)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "a slope of %zu items for %zu channels cannot be trained",
                              slope->n_items, a->n_channels);
    return fdml_tape_param_new(&a->slope, tape, node, node->input[1],
                               &(tape_param){ .layout = TAPE_CHANNELS, .n_out = a->n_channels },
                               err);
}

static fdml_status allocate(affine_layer *a, fdml_tape *tape, const fdml_plane_shape *shape,
                            fdml_error *err)
{
    a->part = fdml_tape_images_of_task(shape->n, tape_plane(shape));
    a->n_parts = (shape->n + a->part - 1) / a->part;
    a->sums = fdml_arena_push_zero(&tape->arena, a->n_parts * shape->n_blocks * SUMS,
                                   sizeof *a->sums);
    float **const channels[] = { &a->scale, &a->shift, &a->batch_mean, &a->inverse,
                                 &a->of_g,  &a->of_x,  &a->constant };
    bool ok = a->sums != NULL;
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        /* without a norm scale, and what becomes of g, is 1; of channels that are not there 0
         */
        *channels[i] = push_channels(tape, shape->n_blocks, 0);
        ok = ok && *channels[i];
    }
    if (!ok) return fdml_tape_no_memory(tape, err);
    for (size_t c = 0; c < a->n_channels; c++) a->scale[c] = 1;
    return FDML_OK;
}

fdml_status fdml_tape_lower_affine(fdml_tape *tape, const tape_affine_nodes *nodes,
                                   fdml_error *err)
{
    affine_layer *a = fdml_arena_push_zero(&tape->arena, 1, sizeof *a);
    const uint32_t in[2] = { nodes->x, nodes->other };
    tape_layer *layer =
        fdml_tape_add_layer(tape, nodes->last, in, nodes->add ? 2 : 1, nodes->last->output[0]);
    if (!a || !layer) return fdml_tape_no_memory(tape, err);
    const fdml_plane_shape *shape = &tape->value[nodes->x].shape;
    a->n_channels = shape->c;
    a->has_other = nodes->add != NULL;
    FDML_TRY(take_norm(a, tape, nodes->norm, err));
    FDML_TRY(take_act(a, tape, nodes->act, err));
    FDML_TRY(allocate(a, tape, shape, err));
    layer->detail = a;
    layer->forward = affine_forward;
    layer->backward = affine_backward;
    layer->has_params = (a->gamma && a->gamma->grad) || (a->slope && a->slope->grad);
    layer->reads_in_back = true;
    return FDML_OK;
}
