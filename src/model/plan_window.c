/* plan_window.c - depthwise convolution and pooling, a window over one block of channels.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/window_state.h"

static void window_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const fdml_window_detail *d = ctx;
    fdml_window_rows job = d->kernel;
    const size_t n_planes = d->in.n_blocks, image = task / (n_planes * d->n_chunks);
    const size_t plane = image * n_planes + task % n_planes;
    job.in += plane * d->in.h * d->in.w * FDML_BLOCK;
    job.out += plane * d->out.h * d->out.w * FDML_BLOCK;
    job.first_row = task / n_planes % d->n_chunks * d->chunk; /* all blocks of some rows */
    job.n_rows = d->out.h - job.first_row < d->chunk ? d->out.h - job.first_row : d->chunk;
    fdml_window_take_block(&job, plane % d->in.n_blocks);
    d->run(&job);
}

static fdml_status run_window(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    fdml_window_detail d = *(const fdml_window_detail *)step->detail;
    d.kernel.in = fdml_slot_data(plan, step->in[0]);
    d.kernel.out = fdml_slot_data(plan, step->out[0]);
    fdml_parallel(d.in.n * d.in.n_blocks * d.n_chunks, plan->n_threads, window_task, &d);
    return FDML_OK;
}

static void set_window(fdml_window_detail *d, const fdml_window *w)
{
    const int x = w->n - 1;
    d->kernel.width = w->in[x];
    d->kernel.height = w->n == 2 ? w->in[0] : 1;
    d->kernel.out_width = w->out[x];
    d->kernel.kernel_x = w->kernel[x];
    d->kernel.stride_x = w->stride[x];
    d->kernel.dilation_x = w->dilation[x];
    d->kernel.pad_left = (size_t)w->pad_begin[x];
    d->kernel.kernel_y = w->n == 2 ? w->kernel[0] : 1;
    d->kernel.stride_y = w->n == 2 ? w->stride[0] : 1;
    d->kernel.dilation_y = w->n == 2 ? w->dilation[0] : 1;
    d->kernel.pad_top = w->n == 2 ? (size_t)w->pad_begin[0] : 0;
    d->kernel.low = -INFINITY;
    d->kernel.high = INFINITY;
    d->chunk = 65536 / (d->kernel.out_width * FDML_BLOCK * 2) + 1; /* of a plane in L2 */
    d->n_chunks = (d->out.h + d->chunk - 1) / d->chunk;
}

/* --- depthwise ------------------------------------------------------------------------- */

/* [blocks, kernel_y, kernel_x, 16] of [C, 1, kernel_y, kernel_x], scaled. */
static float *pack_depthwise(fdml_plan *plan, const fdml_tensor *weights, size_t n_taps,
                             const float *scale)
{
    const size_t c = weights->dim[0], blocks = (c + FDML_BLOCK - 1) / FDML_BLOCK;
    float *packed = fdml_plan_push(plan, blocks * n_taps, FDML_BLOCK * sizeof *packed);
    if (!packed) return NULL;
    for (size_t i = 0; i < c; i++)
        for (size_t t = 0; t < n_taps; t++) {
            float w;
            memcpy(&w, (const char *)weights->data + (i * n_taps + t) * sizeof w, sizeof w);
            packed[(i / FDML_BLOCK * n_taps + t) * FDML_BLOCK + i % FDML_BLOCK] =
                scale ? w * scale[i] : w;
        }
    return packed;
}

static bool is_depthwise(const fdml_plan *plan, const fdml_node *node, const fdml_conv *conv)
{
    return conv->groups == conv->channels && conv->filters == conv->channels &&
           conv->groups > 1 && conv->window.n <= 2 && plan->value[node->input[1]].tensor.data &&
           conv->window.n_out > 0 && conv->batch > 0;
}

fdml_status fdml_depthwise_make(fdml_depthwise *made, fdml_plan *plan, const fdml_node *node,
                                fdml_error *err)
{
    made->window = NULL;
    fdml_conv conv;
    bool is_conv;
    FDML_TRY(fdml_plan_conv_shape(&conv, plan, node, &is_conv, err));
    if (!is_conv || !is_depthwise(plan, node, &conv)) return FDML_OK;
    fdml_fused *fused = &made->fused;
    FDML_TRY(fdml_plan_fuse(fused, plan, node, conv.filters, FDML_FUSE_NO_ADD, err));
    fdml_window_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    made->label = fdml_arena_copy_text(&plan->arena, fused->label, strlen(fused->label));
    if (!d || !made->label) return fdml_plan_no_memory(plan, err);
    d->in = fdml_plan_planes(&plan->value[node->input[0]].tensor);
    d->out = fdml_plan_planes(&plan->value[node->output[0]].tensor);
    set_window(d, &conv.window);
    FDML_TRY(fdml_plan_conv_bias(&d->kernel.bias, plan, node, fused, conv.filters, err));
    d->kernel.weights = pack_depthwise(plan, &plan->value[node->input[1]].tensor,
                                       conv.window.n_taps, fused->scale);
    d->kernel.slope = fdml_plan_pad_channels(plan, fused->slope, conv.filters, 1);
    d->kernel.low = fused->low;
    d->kernel.high = fused->high;
    d->run = plan->kernels->depthwise;
    if (!d->kernel.weights || (fused->slope && !d->kernel.slope))
        return fdml_plan_no_memory(plan, err);
    made->window = d;
    made->flops = 2.0 * (double)(conv.batch * conv.filters) *
                  (double)(conv.window.n_out * conv.window.n_taps);
    made->n_parameters = conv.filters * (conv.window.n_taps + 1);
    return FDML_OK;
}

fdml_status fdml_lower_depthwise(fdml_plan *plan, const fdml_node *node, bool *took,
                                 fdml_error *err)
{
    fdml_depthwise d;
    FDML_TRY(fdml_depthwise_make(&d, plan, node, err));
    if (!d.window) return FDML_OK;
    fdml_plan_fuse_take(plan, &d.fused);
    *took = true;
    return fdml_plan_add_map(plan,
                             (fdml_plan_step){ .run = run_window,
                                               .detail = d.window,
                                               .label = d.label,
                                               .algorithm = "depthwise",
                                               .node = node,
                                               .flops = d.flops,
                                               .n_parameters = d.n_parameters },
                             node->input[0], d.fused.output, FDML_BLOCKS, err);
}

/* --- pooling --------------------------------------------------------------------------- */

/* Can a window lie in the padding with all of its taps, or past it? Then the operator's run. */
static bool has_empty_window(const fdml_window *w)
{
    for (int i = 0; i < w->n; i++) {
        const size_t reach = (w->kernel[i] - 1) * w->dilation[i];
        const size_t last = (w->out[i] - 1) * w->stride[i];
        if ((size_t)w->pad_begin[i] > reach || last >= w->in[i] + (size_t)w->pad_begin[i])
            return true;
    }
    return false;
}

fdml_status fdml_lower_pool(fdml_plan *plan, const fdml_node *node, bool *took, fdml_error *err)
{
    const bool is_whole = !strcmp(node->op->name, "GlobalMaxPool"); /* means: plan_map.c */
    const bool is_max = is_whole || !strcmp(node->op->name, "MaxPool");
    if (!is_max && strcmp(node->op->name, "AveragePool")) return FDML_OK;
    const uint32_t x = node->input[0];
    if (!fdml_plan_has_blocks(plan, x) || plan->value[x].slot[FDML_BLOCKS] == FDML_NO_SLOT ||
        (node->n_outputs > 1 && node->output[1] != FDML_NO_VALUE) ||
        (!is_max && fdml_node_int(node, "count_include_pad", 0)))
        return FDML_OK;
    fdml_window w;
    const fdml_tensor *const input[] = { &plan->value[x].tensor };
    const fdml_op_call call = {
        .graph = plan->graph, .node = node, .n_inputs = 1, .input = input
    };
    FDML_TRY(is_whole ? fdml_pool_whole(&w, &call, err) : fdml_pool_shape(&w, &call, err));
    if (w.n > 2 || !w.n_out || has_empty_window(&w)) return FDML_OK;
    fdml_window_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    if (!d) return fdml_plan_no_memory(plan, err);
    d->in = fdml_plan_planes(&plan->value[x].tensor);
    d->out = fdml_plan_planes(&plan->value[node->output[0]].tensor);
    set_window(d, &w);
    d->run = is_max ? plan->kernels->pool_max : plan->kernels->pool_mean;
    *took = true;
    return fdml_plan_add_map(plan,
                             (fdml_plan_step){ .run = run_window,
                                               .detail = d,
                                               .label = node->op->name,
                                               .algorithm = "blocks",
                                               .node = node },
                             x, node->output[0], FDML_BLOCKS, err);
}
