/* plan_conv.c - a convolution: which algorithm, which weights.
 *
 * The choice depends on the layer alone and never on batch, threads or instruction set, since
 * it decides the order of sums and so the bits. See conv_state.h for the algorithms.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/plan_state.h"

fdml_status fdml_plan_conv_shape(fdml_conv *conv, fdml_plan *plan, const fdml_node *node,
                                 bool *is_conv, fdml_error *err)
{
    *is_conv = false;
    if (strcmp(node->op->name, "Conv") || !fdml_plan_has_blocks(plan, node->input[0]) ||
        node->output[0] == FDML_NO_VALUE)
        return FDML_OK;
    const fdml_tensor *input[3] = { NULL, NULL, NULL };
    for (uint32_t i = 0; i < node->n_inputs && i < 3; i++)
        if (node->input[i] != FDML_NO_VALUE) {
            input[i] = &plan->value[node->input[i]].tensor;
            if (i && (!input[i]->data || input[i]->type != FDML_TYPE_F32)) return FDML_OK;
        }
    if (!input[1] || !plan->value[node->output[0]].tensor.n_items) return FDML_OK;
    const fdml_op_call call = { .graph = plan->graph,
                                .node = node,
                                .n_inputs = node->n_inputs < 3 ? node->n_inputs : 3,
                                .input = input };
    FDML_TRY(fdml_conv_shape(conv, &call, false, err));
    *is_conv = conv->window.n_taps > 0 && conv->channels > 0;
    return FDML_OK;
}

fdml_status fdml_plan_fused_bias(const float **bias, fdml_plan *plan, uint32_t value,
                                 const fdml_fused *fused, size_t channels, fdml_error *err)
{
    *bias = NULL;
    if (value == FDML_NO_VALUE && !fused->shift) return FDML_OK;
    const size_t padded = (channels + FDML_BLOCK - 1) / FDML_BLOCK * FDML_BLOCK;
    float *b = fdml_plan_push(plan, padded, sizeof *b);
    if (!b) return fdml_plan_no_memory(plan, err);
    if (value != FDML_NO_VALUE) memcpy(b, plan->value[value].tensor.data, channels * sizeof *b);
    for (size_t c = 0; c < channels && fused->shift; c++)
        b[c] = (float)((double)b[c] * (double)fused->scale[c] + (double)fused->shift[c]);
    *bias = b;
    return FDML_OK;
}

fdml_status fdml_plan_conv_bias(const float **bias, fdml_plan *plan, const fdml_node *node,
                                const fdml_fused *fused, size_t channels, fdml_error *err)
{
    const uint32_t own = node->n_inputs > 2 ? node->input[2] : FDML_NO_VALUE;
    return fdml_plan_fused_bias(bias, plan, own, fused, channels, err);
}

/* How many groups to join so that each has whole blocks of channels on both sides. */
static size_t groups_to_join(const fdml_conv *conv)
{
    const size_t in = conv->channels / conv->groups, out = conv->filters / conv->groups;
    for (size_t m = 1; m < conv->groups; m++)
        if (conv->groups % m == 0 && m * in % FDML_BLOCK == 0 && m * out % FDML_BLOCK == 0)
            return m;
    return conv->groups;
}

static void describe(fdml_conv_detail *d, const fdml_plan *plan, const fdml_node *node,
                     const fdml_conv *conv)
{
    const fdml_window *w = &conv->window;
    const int x = w->n - 1;
    const bool is_flat = w->n == 1; /* [N, C, L]: a plane of one row */
    d->in = fdml_plan_planes(&plan->value[node->input[0]].tensor);
    d->out = fdml_plan_planes(&plan->value[node->output[0]].tensor);
    d->kernel_x = w->kernel[x];
    d->stride_x = w->stride[x];
    d->dilation_x = w->dilation[x];
    d->pad_left = (size_t)w->pad_begin[x];
    d->kernel_y = is_flat ? 1 : w->kernel[0];
    d->stride_y = is_flat ? 1 : w->stride[0];
    d->dilation_y = is_flat ? 1 : w->dilation[0];
    d->pad_top = is_flat ? 0 : (size_t)w->pad_begin[0];
    d->n_groups = conv->groups / groups_to_join(conv);
    d->group_in = (conv->channels / d->n_groups + FDML_BLOCK - 1) / FDML_BLOCK;
    d->group_out = (conv->filters / d->n_groups + FDML_BLOCK - 1) / FDML_BLOCK;
    const bool has_planes = plan->value[node->input[0]].slot[FDML_PLAIN] != FDML_NO_SLOT;
    fdml_conv_choose(d, has_planes && conv->groups == 1);
    d->kernels = plan->kernels;
    d->n_threads = plan->n_threads;
}

static fdml_status set_weights(fdml_conv_detail *d, fdml_plan *plan, const fdml_node *node,
                               const fdml_conv *conv, const fdml_fused *fused, fdml_error *err)
{
    const fdml_conv_source source = { .weights = plan->value[node->input[1]].tensor.data,
                                      .scale = fused->scale,
                                      .filters = conv->filters,
                                      .channels = conv->channels,
                                      .groups = conv->groups,
                                      .n_taps = conv->window.n_taps };
    FDML_TRY(fdml_plan_conv_bias(&d->bias, plan, node, fused, conv->filters, err));
    d->slope = fdml_plan_pad_channels(plan, fused->slope, conv->filters, 1);
    d->low = fused->low;
    d->high = fused->high;
    if (!fdml_conv_pack(d, &source, &plan->arena, &plan->work) || (fused->slope && !d->slope))
        return fdml_plan_no_memory(plan, err);
    return FDML_OK;
}

fdml_status fdml_conv_make(fdml_conv_made *made, fdml_plan *plan, const fdml_node *node,
                           fdml_fuse_what what, fdml_error *err)
{
    made->detail = NULL;
    fdml_conv conv;
    bool is_conv;
    FDML_TRY(fdml_plan_conv_shape(&conv, plan, node, &is_conv, err));
    if (!is_conv) return FDML_OK;
    fdml_fused *fused = &made->fused;
    FDML_TRY(fdml_plan_fuse(fused, plan, node, conv.filters, what, err));
    fdml_conv_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    made->label = fdml_arena_copy_text(&plan->arena, fused->label, strlen(fused->label));
    if (!d || !made->label) return fdml_plan_no_memory(plan, err);
    describe(d, plan, node, &conv);
    FDML_TRY(set_weights(d, plan, node, &conv, fused, err));
    made->detail = d;
    made->flops = 2 * (double)(conv.batch * conv.filters) * (double)conv.window.n_out *
                  (double)(conv.channels / conv.groups * conv.window.n_taps);
    made->n_parameters =
        plan->value[node->input[1]].tensor.n_items + (d->bias ? conv.filters : 0);
    return FDML_OK;
}

fdml_conv_detail fdml_plan_conv_bind(const fdml_plan *plan, const fdml_plan_step *step)
{
    fdml_conv_detail d = *(const fdml_conv_detail *)step->detail;
    d.x = fdml_slot_data(plan, step->in[0]);
    d.add = fdml_slot_data(plan, step->in[1]);
    d.y = fdml_slot_data(plan, step->out[0]);
    d.scratch = plan->scratch;
    d.scratch_step = plan->scratch_size;
    return d;
}

static fdml_status run_conv(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    const fdml_conv_detail d = fdml_plan_conv_bind(plan, step);
    fdml_conv_run(&d);
    return FDML_OK;
}

fdml_status fdml_lower_conv(fdml_plan *plan, const fdml_node *node, bool *took, fdml_error *err)
{
    static const char *const way[] = { "1x1", "direct", "planes", "winograd 4x4" };
    fdml_conv_made made;
    FDML_TRY(fdml_conv_make(&made, plan, node, FDML_FUSE_ALL, err));
    fdml_conv_detail *d = made.detail;
    if (!d) return FDML_OK;
    if (!fdml_conv_cut(d, &plan->arena)) return fdml_plan_no_memory(plan, err);
    fdml_plan_want_scratch(plan, d->scratch_size);
    uint32_t in[2] = { FDML_NO_SLOT, FDML_NO_SLOT }, out;
    FDML_TRY(fdml_plan_read_slot(&in[0], plan, node->input[0],
                                 d->way == FDML_CONV_PLANES ? FDML_PLAIN : FDML_BLOCKS, err));
    if (made.fused.add != FDML_NO_VALUE)
        FDML_TRY(fdml_plan_read_slot(&in[1], plan, made.fused.add, FDML_BLOCKS, err));
    FDML_TRY(fdml_plan_new_slot(&out, plan, made.fused.output, FDML_BLOCKS, err));
    fdml_plan_fuse_take(plan, &made.fused);
    *took = true;
    return fdml_plan_add_step(plan,
                              &(fdml_plan_step){ .run = run_conv,
                                                 .detail = d,
                                                 .n_in = 2,
                                                 .n_out = 1,
                                                 .in = in,
                                                 .out = &out,
                                                 .label = made.label,
                                                 .algorithm = way[d->way],
                                                 .node = node,
                                                 .flops = made.flops,
                                                 .n_parameters = made.n_parameters },
                              err);
}
