/* tape_window.c - depthwise convolution and pooling: a window over each block of channels.
 *
 * A mean is a depthwise convolution whose weights are all 1 / n, and a global pool one whose
 * window is the plane. A task is a block of channels of one image; of a depthwise convolution's
 * weights all images of a block, whose sums are added in double.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/tape_state.h"

typedef enum window_kind { WINDOW_DEPTHWISE, WINDOW_MAX, WINDOW_MEAN } window_kind;

typedef struct window_layer {
    window_kind kind;
    fdml_plane_shape in, out;
    fdml_window_rows forward; /* what all blocks share */
    fdml_window_back back;
    tape_param *weight, *bias;
    const float *mean; /* [taps, 16] of 1 / n */
    size_t taps;
} window_layer;

typedef struct window_job {
    const fdml_tape *tape;
    const window_layer *w;
    const float *x, *y, *gy, *add;
    float *out, *gx;
} window_job;

static void forward_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const window_job *j = ctx;
    const window_layer *w = j->w;
    const fdml_kernels *k = j->tape->kernels;
    const size_t block = task % w->in.n_blocks;
    fdml_window_rows job = w->forward;
    job.in = j->x + task * tape_plane(&w->in);
    job.out = j->out + task * tape_plane(&w->out);
    if (w->weight) job.weights = w->weight->value + block * w->taps * FDML_BLOCK;
    if (w->bias) job.bias = w->bias->value + block * FDML_BLOCK;
    (w->kind == WINDOW_DEPTHWISE ? k->depthwise
     : w->kind == WINDOW_MAX     ? k->pool_max
                                 : k->pool_mean)(&job);
}

static void window_forward(fdml_tape *tape, const tape_layer *layer)
{
    const window_layer *w = layer->detail;
    window_job j = { .tape = tape,
                     .w = w,
                     .x = tape_data(tape, layer->in[0]),
                     .out = tape_data(tape, layer->out) };
    fdml_parallel(w->in.n * w->in.n_blocks, tape->n_threads, forward_task, &j);
}

static void back_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const window_job *j = ctx;
    const window_layer *w = j->w;
    const size_t in = tape_plane(&w->in), out = tape_plane(&w->out);
    const size_t block = task % w->in.n_blocks;
    fdml_window_back job = w->back;
    job.gy = j->gy + task * out;
    job.gx = j->gx + task * in;
    if (j->add)
        memcpy(job.gx, j->add + task * in, in * sizeof(float));
    else
        memset(job.gx, 0, in * sizeof(float));
    if (w->kind == WINDOW_MAX) {
        job.x = j->x + task * in;
        job.y = j->y + task * out;
        j->tape->kernels->pool_max_back(&job);
    } else {
        job.weights = w->weight ? w->weight->value + block * w->taps * FDML_BLOCK : w->mean;
        j->tape->kernels->depthwise_back(&job);
    }
}

/* Weights of one block: all images. */
static void weights_task(void *ctx, size_t block, int thread)
{
    const window_job *j = ctx;
    const window_layer *w = j->w;
    const size_t n = w->taps * FDML_BLOCK;
    float *sums = (float *)(void *)(j->tape->scratch + (size_t)thread * j->tape->scratch_size);
    double *total = (double *)(void *)(sums + n);
    memset(total, 0, n * sizeof *total);
    for (size_t image = 0; image < w->in.n; image++) {
        const size_t plane = image * w->in.n_blocks + block;
        fdml_window_back job = w->back;
        memset(sums, 0, n * sizeof *sums);
        job.gy = j->gy + plane * tape_plane(&w->out);
        job.x = j->x + plane * tape_plane(&w->in);
        job.gw = sums;
        j->tape->kernels->depthwise_outer(&job);
        for (size_t i = 0; i < n; i++) total[i] += (double)sums[i];
    }
    for (size_t i = 0; i < n; i++) w->weight->grad[block * n + i] = (float)total[i];
}

static void window_backward(fdml_tape *tape, const tape_layer *layer)
{
    const window_layer *w = layer->detail;
    window_job j = { .tape = tape,
                     .w = w,
                     .x = tape_data(tape, layer->in[0]),
                     .y = tape_data(tape, layer->out),
                     .gy = tape_room_data(tape, layer->gout),
                     .add = tape_room_data(tape, layer->gadd[0]),
                     .gx = tape_room_data(tape, layer->gin[0]) };
    if (w->weight && w->weight->grad)
        fdml_parallel(w->in.n_blocks, tape->n_threads, weights_task, &j);
    if (w->bias && w->bias->grad) fdml_tape_bias_run(tape, w->bias, &w->out, j.gy);
    if (j.gx) fdml_parallel(w->in.n * w->in.n_blocks, tape->n_threads, back_task, &j);
}

/* --- planning ---------------------------------------------------------------------------- */

static fdml_status new_layer(window_layer **out, tape_layer **layer, fdml_tape *tape,
                             const fdml_node *node, const fdml_window *window, fdml_error *err)
{
    window_layer *w = fdml_arena_push_zero(&tape->arena, 1, sizeof *w);
    const uint32_t x = tape->value[node->input[0]].root;
    *layer = fdml_tape_add_layer(tape, node, &x, 1, node->output[0]);
    if (!w || !*layer) return fdml_tape_no_memory(tape, err);
    if (window->n != 2)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "%d spatial axes cannot be trained, only 2", window->n);
    w->in = tape->value[x].shape;
    w->out = tape->value[node->output[0]].shape;
    w->taps = window->n_taps;
    w->forward = (fdml_window_rows){ .height = w->in.h,
                                     .width = w->in.w,
                                     .out_width = w->out.w,
                                     .kernel_y = window->kernel[0],
                                     .kernel_x = window->kernel[1],
                                     .stride_y = window->stride[0],
                                     .stride_x = window->stride[1],
                                     .dilation_y = window->dilation[0],
                                     .dilation_x = window->dilation[1],
                                     .pad_top = (size_t)window->pad_begin[0],
                                     .pad_left = (size_t)window->pad_begin[1],
                                     .n_rows = w->out.h,
                                     .low = -INFINITY,
                                     .high = INFINITY };
    w->back = (fdml_window_back){ .height = w->in.h,
                                  .width = w->in.w,
                                  .out_height = w->out.h,
                                  .out_width = w->out.w,
                                  .kernel_y = w->forward.kernel_y,
                                  .kernel_x = w->forward.kernel_x,
                                  .stride_y = w->forward.stride_y,
                                  .stride_x = w->forward.stride_x,
                                  .dilation_y = w->forward.dilation_y,
                                  .dilation_x = w->forward.dilation_x,
                                  .pad_top = w->forward.pad_top,
                                  .pad_left = w->forward.pad_left };
    (*layer)->detail = w;
    (*layer)->forward = window_forward;
    (*layer)->backward = window_backward;
    *out = w;
    return FDML_OK;
}

fdml_status fdml_tape_lower_depthwise(fdml_tape *tape, const fdml_node *node,
                                      const fdml_conv *conv, fdml_error *err)
{
    window_layer *w;
    tape_layer *layer;
    FDML_TRY(new_layer(&w, &layer, tape, node, &conv->window, err));
    w->kind = WINDOW_DEPTHWISE;
    const tape_param like = {
        .layout = TAPE_DEPTHWISE, .n_out = conv->filters, .n_in = 1, .taps = w->taps
    };
    FDML_TRY(fdml_tape_param_new(&w->weight, tape, node, node->input[1], &like, err));
    if (node->n_inputs > 2 && node->input[2] != FDML_NO_VALUE)
        FDML_TRY(fdml_tape_param_new(
            &w->bias, tape, node, node->input[2],
            &(tape_param){ .layout = TAPE_CHANNELS, .n_out = conv->filters }, err));
    tape_want(&tape->scratch_size, w->taps * FDML_BLOCK * (sizeof(float) + sizeof(double)));
    layer->has_params = w->weight->grad != NULL;
    layer->reads_in_back = w->weight->grad != NULL;
    return FDML_OK;
}

/* The number by which every window's sum is divided; 0: it depends on where the window is. */
static size_t divisor_of(const fdml_node *node, const fdml_window *w, bool is_global)
{
    bool is_inside = true;
    for (int i = 0; i < 2; i++)
        is_inside = is_inside && !w->pad_begin[i] &&
                    (w->out[i] - 1) * w->stride[i] + w->kernel[i] <= w->in[i];
    const bool counts_padding =
        fdml_node_int(node, "count_include_pad", 0) && !fdml_node_int(node, "ceil_mode", 0);
    return is_global || is_inside || counts_padding ? w->n_taps : 0;
}

fdml_status fdml_tape_lower_pool(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    fdml_op_call call;
    fdml_window window;
    const char *op = node->op->name;
    const bool is_global = !strncmp(op, "Global", 6);
    const bool is_max = !strcmp(op, "MaxPool") || !strcmp(op, "GlobalMaxPool");
    FDML_TRY(fdml_tape_call(&call, tape, node, err));
    FDML_TRY(is_global ? fdml_pool_whole(&window, &call, err)
                       : fdml_pool_shape(&window, &call, err));
    window_layer *w;
    tape_layer *layer;
    FDML_TRY(new_layer(&w, &layer, tape, node, &window, err));
    w->kind = is_max ? WINDOW_MAX : WINDOW_MEAN;
    if (is_max) {
        layer->reads_in_back = layer->reads_out_back = true;
        return FDML_OK;
    }
    const size_t divisor = divisor_of(node, &window, is_global);
    if (!divisor)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "means over windows that padding cuts cannot be trained");
    w->forward.divisor = divisor;
    float *mean = fdml_arena_push(&tape->arena, w->taps * FDML_BLOCK, sizeof *mean);
    if (!mean) return fdml_tape_no_memory(tape, err);
    for (size_t i = 0; i < w->taps * FDML_BLOCK; i++) mean[i] = 1.0f / (float)divisor;
    w->mean = mean;
    return FDML_OK;
}
