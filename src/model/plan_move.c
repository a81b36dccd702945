/* plan_move.c - steps that compute nothing: other layouts, other shapes, one behind the other.
 *
 * A change of shape alone is no step at all: the new value shares the old one's memory. So is a
 * change of layout where both are the same floats, as of pooled features with a multiple of
 * sixteen channels.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/plan_state.h"

typedef struct layout_detail {
    fdml_plane_shape shape;
    bool is_to_blocks;
    const float *from;
    float *to;
    const fdml_kernels *kernels;
} layout_detail;

static void change_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const layout_detail *d = ctx;
    const size_t pixels = d->shape.h * d->shape.w, n = block / d->shape.n_blocks;
    const size_t c = block % d->shape.n_blocks * FDML_BLOCK;
    const size_t left = d->shape.c - c < FDML_BLOCK ? d->shape.c - c : FDML_BLOCK;
    const size_t in_blocks = block * FDML_BLOCK * pixels,
                 in_planes = (n * d->shape.c + c) * pixels;
    if (d->is_to_blocks)
        d->kernels->planes_to_blocks(d->to + in_blocks, d->from + in_planes, left, pixels);
    else
        d->kernels->blocks_to_planes(d->to + in_planes, d->from + in_blocks, left, pixels);
}

static fdml_status run_layout(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    layout_detail d = *(const layout_detail *)step->detail;
    d.from = fdml_slot_data(plan, step->in[0]);
    d.to = fdml_slot_data(plan, step->out[0]);
    d.kernels = plan->kernels;
    fdml_parallel(d.shape.n * d.shape.n_blocks, plan->n_threads, change_block, &d);
    return FDML_OK;
}

fdml_status fdml_lower_layout(fdml_plan *plan, uint32_t from, uint32_t to, fdml_error *err)
{
    layout_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    if (!d) return fdml_plan_no_memory(plan, err);
    d->shape = fdml_plan_planes(&plan->value[plan->slot[from].value].tensor);
    if (d->shape.h * d->shape.w == 1 && d->shape.c % FDML_BLOCK == 0) {
        plan->slot[to].root = plan->slot[from].root;
        return FDML_OK;
    }
    d->is_to_blocks = plan->slot[to].layout == FDML_BLOCKS;
    return fdml_plan_add_step(plan,
                              &(fdml_plan_step){ .run = run_layout,
                                                 .detail = d,
                                                 .n_in = 1,
                                                 .n_out = 1,
                                                 .in = &from,
                                                 .out = &to,
                                                 .label = "layout",
                                                 .algorithm = d->is_to_blocks
                                                                  ? "planes to blocks"
                                                                  : "blocks to planes" },
                              err);
}

static bool changes_shape_only(const fdml_node *node)
{
    static const char *const name[] = { "Identity", "Flatten",   "Reshape",
                                        "Squeeze",  "Unsqueeze", "Dropout" };
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (!strcmp(node->op->name, name[i])) return true;
    return false;
}

static fdml_status share(fdml_plan *plan, uint32_t from, uint32_t value, fdml_layout layout,
                         fdml_error *err)
{
    uint32_t slot;
    FDML_TRY(fdml_plan_new_slot(&slot, plan, value, layout, err));
    plan->slot[slot].root = plan->slot[from].root;
    return FDML_OK;
}

fdml_status fdml_lower_alias(fdml_plan *plan, const fdml_node *node, bool *took,
                             fdml_error *err)
{
    if (!changes_shape_only(node) || node->output[0] == FDML_NO_VALUE) return FDML_OK;
    for (uint32_t i = 1; i < node->n_outputs; i++)
        if (node->output[i] != FDML_NO_VALUE && plan->value[node->output[i]].n_uses)
            return FDML_OK;
    const uint32_t x = node->input[0], y = node->output[0];
    const fdml_tensor *in = &plan->value[x].tensor, *out = &plan->value[y].tensor;
    if (in->data || in->type != out->type || in->n_items != out->n_items) return FDML_OK;
    *took = true;
    const uint32_t blocks = plan->value[x].slot[FDML_BLOCKS];
    const bool same = fdml_tensor_same_shape(in, out);
    if (same && blocks != FDML_NO_SLOT) FDML_TRY(share(plan, blocks, y, FDML_BLOCKS, err));
    if (same && plan->value[x].slot[FDML_PLAIN] == FDML_NO_SLOT) return FDML_OK;
    uint32_t plain;
    FDML_TRY(fdml_plan_read_slot(&plain, plan, x, FDML_PLAIN, err));
    return share(plan, plain, y, FDML_PLAIN, err);
}

/* --- Concat of channels, all of them whole blocks --------------------------------------- */

typedef struct concat_detail {
    fdml_plane_shape shape; /* of the output */
    uint32_t n;
    size_t *first;         /* block of the output at which input i starts */
    const fdml_plan *plan; /* these two of a run */
    const fdml_plan_step *step;
} concat_detail;

static void concat_image(void *ctx, size_t block, int thread)
{
    (void)thread;
    const concat_detail *d = ctx;
    const size_t image = block / d->n, i = block % d->n;
    const size_t plane = d->shape.h * d->shape.w * FDML_BLOCK;
    const size_t n_blocks = d->first[i + 1] - d->first[i];
    memcpy(fdml_slot_data(d->plan, d->step->out[0]) +
               (image * d->shape.n_blocks + d->first[i]) * plane,
           fdml_slot_data(d->plan, d->step->in[i]) + image * n_blocks * plane,
           n_blocks * plane * sizeof(float));
}

static fdml_status run_concat(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    concat_detail d = *(const concat_detail *)step->detail;
    d.plan = plan;
    d.step = step;
    fdml_parallel(d.shape.n * d.n, plan->n_threads, concat_image, &d);
    return FDML_OK;
}

static bool joins_blocks(const fdml_plan *plan, const fdml_node *node)
{
    if (strcmp(node->op->name, "Concat") || node->output[0] == FDML_NO_VALUE ||
        !fdml_plan_has_blocks(plan, node->output[0]))
        return false;
    const int64_t axis = fdml_node_int(node, "axis", 1);
    if (axis != 1 && axis != 1 - plan->value[node->output[0]].tensor.rank) return false;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const uint32_t v = node->input[i];
        if (v == FDML_NO_VALUE || plan->value[v].slot[FDML_BLOCKS] == FDML_NO_SLOT ||
            (plan->value[v].tensor.dim[1] % FDML_BLOCK && i + 1 < node->n_inputs))
            return false;
    }
    return true;
}

fdml_status fdml_lower_concat(fdml_plan *plan, const fdml_node *node, bool *took,
                              fdml_error *err)
{
    if (!joins_blocks(plan, node)) return FDML_OK;
    concat_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    uint32_t *in = fdml_plan_push(plan, node->n_inputs, sizeof *in), out;
    if (!d || !in) return fdml_plan_no_memory(plan, err);
    d->n = node->n_inputs;
    d->shape = fdml_plan_planes(&plan->value[node->output[0]].tensor);
    d->first = fdml_plan_push(plan, d->n + 1, sizeof *d->first);
    if (!d->first) return fdml_plan_no_memory(plan, err);
    for (uint32_t i = 0; i < d->n; i++) {
        in[i] = plan->value[node->input[i]].slot[FDML_BLOCKS];
        d->first[i + 1] =
            d->first[i] + fdml_plan_planes(&plan->value[node->input[i]].tensor).n_blocks;
    }
    FDML_TRY(fdml_plan_new_slot(&out, plan, node->output[0], FDML_BLOCKS, err));
    *took = true;
    return fdml_plan_add_step(plan,
                              &(fdml_plan_step){ .run = run_concat,
                                                 .detail = d,
                                                 .n_in = d->n,
                                                 .n_out = 1,
                                                 .in = in,
                                                 .out = &out,
                                                 .label = "Concat",
                                                 .algorithm = "blocks",
                                                 .node = node },
                              err);
}
