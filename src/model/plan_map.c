/* plan_map.c - arithmetic on blocks, item by item, and the mean of a plane.
 *
 * Only values that are in blocks already are taken: a plain value stays with its operator's
 * run. The lanes of channels that do not exist are computed along; weights there are zero, so
 * all that counts is that they stay finite, which decides the list of maps.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/plan_state.h"

static bool is_in_blocks(const fdml_plan *plan, uint32_t v)
{
    return v != FDML_NO_VALUE && fdml_plan_has_blocks(plan, v) &&
           plan->value[v].slot[FDML_BLOCKS] != FDML_NO_SLOT;
}

/* --- scale, shift, addition, product, activation ----------------------------------------- */

typedef struct affine_detail {
    fdml_plane_shape shape;
    fdml_affine kernel; /* what all blocks share; slope and so on are those of channel 0 */
    bool is_gate;       /* multiply is [N, C, 1, 1] */
    const fdml_kernels *kernels;
} affine_detail;

static void affine_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const affine_detail *d = ctx;
    fdml_affine job = d->kernel;
    const size_t c = block % d->shape.n_blocks * FDML_BLOCK;
    const size_t at = block * job.n_pixels * FDML_BLOCK;
    job.out += at;
    job.x += at;
    if (job.add) job.add += at;
    if (job.multiply) job.multiply += d->is_gate ? block * FDML_BLOCK : at;
    if (job.scale) job.scale += c;
    if (job.shift) job.shift += c;
    if (job.slope) job.slope += c;
    d->kernels->block_affine(&job);
}

static fdml_status run_affine(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    affine_detail d = *(const affine_detail *)step->detail;
    d.kernels = plan->kernels;
    d.kernel.x = fdml_slot_data(plan, step->in[0]);
    d.kernel.add = fdml_slot_data(plan, step->in[1]);
    d.kernel.multiply = fdml_slot_data(plan, step->in[2]);
    d.kernel.out = fdml_slot_data(plan, step->out[0]);
    fdml_parallel(d.shape.n * d.shape.n_blocks, plan->n_threads, affine_block, &d);
    return FDML_OK;
}

static fdml_status add_affine(fdml_plan *plan, const fdml_node *node, uint32_t x,
                              uint32_t multiply, const fdml_fused *fused, fdml_error *err)
{
    affine_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    char *label = fdml_arena_copy_text(&plan->arena, fused->label, strlen(fused->label));
    if (!d || !label) return fdml_plan_no_memory(plan, err);
    d->shape = fdml_plan_planes(&plan->value[x].tensor);
    const size_t c = d->shape.c;
    d->kernel = (fdml_affine){ .n_pixels = d->shape.h * d->shape.w,
                               .scale = fdml_plan_pad_channels(plan, fused->scale, c, 0),
                               .shift = fdml_plan_pad_channels(plan, fused->shift, c, 0),
                               .slope = fdml_plan_pad_channels(plan, fused->slope, c, 1),
                               .low = fused->low,
                               .high = fused->high };
    if ((fused->scale && (!d->kernel.scale || !d->kernel.shift)) ||
        (fused->slope && !d->kernel.slope))
        return fdml_plan_no_memory(plan, err);
    uint32_t in[3] = { FDML_NO_SLOT, FDML_NO_SLOT, FDML_NO_SLOT }, out;
    FDML_TRY(fdml_plan_read_slot(&in[0], plan, x, FDML_BLOCKS, err));
    if (fused->add != FDML_NO_VALUE)
        FDML_TRY(fdml_plan_read_slot(&in[1], plan, fused->add, FDML_BLOCKS, err));
    if (multiply != FDML_NO_VALUE) {
        FDML_TRY(fdml_plan_read_slot(&in[2], plan, multiply, FDML_BLOCKS, err));
        d->is_gate =
            !fdml_tensor_same_shape(&plan->value[multiply].tensor, &plan->value[x].tensor);
        d->kernel.multiply_step = d->is_gate ? 0 : FDML_BLOCK;
    }
    FDML_TRY(fdml_plan_new_slot(&out, plan, fused->output, FDML_BLOCKS, err));
    fdml_plan_fuse_take(plan, fused);
    return fdml_plan_add_step(plan,
                              &(fdml_plan_step){ .run = run_affine,
                                                 .detail = d,
                                                 .n_in = 3,
                                                 .n_out = 1,
                                                 .in = in,
                                                 .out = &out,
                                                 .label = label,
                                                 .algorithm = "blocks",
                                                 .node = node },
                              err);
}

/* Does v have one value for each image and channel of x? Squeeze-and-excitation's gate. */
static bool is_gate_of(const fdml_plan *plan, uint32_t v, uint32_t x)
{
    const fdml_tensor *gate = &plan->value[v].tensor, *t = &plan->value[x].tensor;
    if (gate->data || gate->rank != t->rank || gate->type != t->type) return false;
    if (gate->dim[0] != t->dim[0] || gate->dim[1] != t->dim[1]) return false;
    for (int d = 2; d < gate->rank; d++)
        if (gate->dim[d] != 1) return false;
    return true;
}

static fdml_status lower_product(fdml_plan *plan, const fdml_node *node, bool *took,
                                 fdml_error *err)
{
    uint32_t x = node->input[0], y = node->input[1];
    if (!is_in_blocks(plan, x) || (is_in_blocks(plan, y) && is_gate_of(plan, x, y))) {
        x = node->input[1];
        y = node->input[0];
    }
    if (!is_in_blocks(plan, x) || y == FDML_NO_VALUE || plan->value[y].tensor.data ||
        plan->value[y].tensor.type != FDML_TYPE_F32 || !fdml_plan_is_made(plan, y))
        return FDML_OK;
    const bool same = fdml_tensor_same_shape(&plan->value[x].tensor, &plan->value[y].tensor);
    if (!same && !is_gate_of(plan, y, x)) return FDML_OK;
    if (!fdml_tensor_same_shape(&plan->value[x].tensor, &plan->value[node->output[0]].tensor))
        return FDML_OK;
    fdml_fused fused;
    FDML_TRY(fdml_plan_fuse(&fused, plan, node, plan->value[x].tensor.dim[1],
                            FDML_FUSE_ACTIVATION, err));
    *took = true;
    return add_affine(plan, node, x, y, &fused, err);
}

fdml_status fdml_lower_affine(fdml_plan *plan, const fdml_node *node, bool *took,
                              fdml_error *err)
{
    if (!node->n_inputs || node->output[0] == FDML_NO_VALUE) return FDML_OK;
    const bool is_binary = !strcmp(node->op->name, "Add") || !strcmp(node->op->name, "Sub") ||
                           !strcmp(node->op->name, "Mul") || !strcmp(node->op->name, "Sum");
    for (uint32_t i = 0; i < (is_binary ? node->n_inputs : 1) && i < 2; i++) {
        const uint32_t x = node->input[i];
        if (!is_in_blocks(plan, x)) continue;
        fdml_fused fused;
        bool is_one;
        FDML_TRY(fdml_plan_fuse_alone(&fused, plan, node, x, &is_one, err));
        if (!is_one) continue;
        *took = true;
        return add_affine(plan, node, x, FDML_NO_VALUE, &fused, err);
    }
    if (!strcmp(node->op->name, "Mul") && node->opset >= 7)
        return lower_product(plan, node, took, err);
    return FDML_OK;
}

/* --- maps of one input: the operator's run over the blocks, seen as a flat array -----------
 */

static bool is_map(const fdml_node *node)
{
    static const char *const name[] = { "Sigmoid",   "Tanh", "Elu",      "Selu", "HardSigmoid",
                                        "HardSwish", "Erf",  "Softplus", "Gelu", "Softsign",
                                        "Mish",      "Celu", "Abs",      "Neg" };
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (!strcmp(node->op->name, name[i])) return true;
    return false;
}

static fdml_status run_map(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    const size_t n = plan->slot[step->in[0]].size / sizeof(float);
    fdml_tensor x = { .type = FDML_TYPE_F32, .rank = 1, .dim = { n }, .n_items = n };
    fdml_tensor y = x;
    x.data = fdml_slot_data(plan, step->in[0]);
    y.data = fdml_slot_data(plan, step->out[0]);
    const fdml_tensor *const in[] = { &x };
    fdml_tensor *const out[] = { &y };
    const fdml_op_call call = { .graph = plan->graph,
                                .node = step->node,
                                .n_inputs = 1,
                                .n_outputs = 1,
                                .input = in,
                                .output = out,
                                .kernels = plan->kernels,
                                .n_threads = plan->n_threads,
                                .work = &plan->work };
    const fdml_arena_mark mark = fdml_arena_get_mark(&plan->work);
    const fdml_status status = step->node->op->run(&call, err);
    fdml_arena_reset(&plan->work, mark);
    return status;
}

fdml_status fdml_lower_map(fdml_plan *plan, const fdml_node *node, bool *took, fdml_error *err)
{
    if (!is_map(node) || node->n_inputs != 1 || !is_in_blocks(plan, node->input[0]))
        return FDML_OK;
    *took = true;
    return fdml_plan_add_map(
        plan,
        (fdml_plan_step){
            .run = run_map, .label = node->op->name, .algorithm = "blocks", .node = node },
        node->input[0], node->output[0], FDML_BLOCKS, err);
}

/* --- GlobalAveragePool, and ReduceMean over the spatial axes -------------------------------
 */

typedef struct mean_detail {
    size_t n_pixels;
    const float *x;
    float *mean;
    const fdml_kernels *kernels;
} mean_detail;

static void mean_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const mean_detail *d = ctx;
    d->kernels->block_mean(d->mean + block * FDML_BLOCK,
                           d->x + block * d->n_pixels * FDML_BLOCK, d->n_pixels);
}

static fdml_status run_mean(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    mean_detail d = *(const mean_detail *)step->detail;
    d.x = fdml_slot_data(plan, step->in[0]);
    d.mean = fdml_slot_data(plan, step->out[0]);
    d.kernels = plan->kernels;
    fdml_parallel(plan->slot[step->out[0]].size / (FDML_BLOCK * sizeof(float)), plan->n_threads,
                  mean_block, &d);
    return FDML_OK;
}

/* Do the axes of a reduction name the spatial ones, all of them and no other? */
static bool reduces_planes(const fdml_plan *plan, const fdml_node *node, int rank)
{
    int64_t axes[FDML_MAX_RANK];
    size_t n = 0;
    const fdml_attr *attr = fdml_node_attr(node, "axes");
    if (attr && attr->kind == FDML_ATTR_INTS && attr->n <= FDML_MAX_RANK) {
        n = attr->n;
        memcpy(axes, attr->as.ints, n * sizeof *axes);
    } else if (node->n_inputs > 1 && node->input[1] != FDML_NO_VALUE) {
        const fdml_tensor *t = &plan->value[node->input[1]].tensor;
        n = t->n_items;
        if (!fdml_tensor_ints(axes, FDML_MAX_RANK, t)) return false;
    }
    unsigned seen = 0;
    for (size_t i = 0; i < n; i++)
        seen |= 1u << (unsigned)(axes[i] < 0 ? axes[i] + rank : axes[i]);
    return seen == (rank == 4 ? 12u : 4u);
}

/* Is `node` a mean over all that follows the channels, axes kept? */
static bool is_plane_mean(const fdml_plan *plan, const fdml_node *node)
{
    if (!strcmp(node->op->name, "GlobalAveragePool")) return true;
    const fdml_tensor *in = &plan->value[node->input[0]].tensor;
    return !strcmp(node->op->name, "ReduceMean") && fdml_node_int(node, "keepdims", 1) &&
           reduces_planes(plan, node, in->rank);
}

fdml_status fdml_lower_mean(fdml_plan *plan, const fdml_node *node, bool *took, fdml_error *err)
{
    if (!node->n_inputs || !is_in_blocks(plan, node->input[0]) || !is_plane_mean(plan, node))
        return FDML_OK;
    mean_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    if (!d) return fdml_plan_no_memory(plan, err);
    const fdml_plane_shape shape = fdml_plan_planes(&plan->value[node->input[0]].tensor);
    d->n_pixels = shape.h * shape.w;
    *took = true;
    return fdml_plan_add_map(plan,
                             (fdml_plan_step){ .run = run_mean,
                                               .detail = d,
                                               .label = node->op->name,
                                               .algorithm = "blocks",
                                               .node = node },
                             node->input[0], node->output[0], FDML_BLOCKS, err);
}
