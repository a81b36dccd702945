/* plan_dense.c - Gemm and MatMul with constant weights, and what is fused behind them.
 *
 * The rows of x are turned into pixels of one image, blocked by sixteen features, and meet the
 * same panels as a convolution of 1x1. So a row's numbers do not depend on its batch.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/plan_state.h"

typedef struct dense_detail {
    fdml_conv_detail conv;
    size_t n_rows, n_in, n_out;
    float *blocked_in, *blocked_out; /* of a run, in scratch */
} dense_detail;

static size_t blocked_size(const dense_detail *d, size_t n_blocks)
{
    return n_blocks * FDML_BLOCK * d->n_rows;
}

enum { PANELS_AT_ONCE = 4 }; /* panels of a task */

static void dense_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const dense_detail *d = ctx;
    const fdml_conv_detail *c = &d->conv;
    const size_t block = task * c->out_chunk;
    fdml_conv_rows job = fdml_conv_job(c, block);
    job.out_stride = d->n_rows * FDML_BLOCK;
    job.in = d->blocked_in;
    job.out = d->blocked_out + block * job.out_stride;
    job.weights = c->weights + block * FDML_BLOCK * c->group_in * FDML_BLOCK;
    job.n_rows = d->n_rows;
    job.n_out = c->group_out - block < c->out_chunk ? c->group_out - block : c->out_chunk;
    c->kernels->conv_rows(&job);
}

/* [n_rows, n] to [blocks, n_rows, 16] and back; a row has its last block padded with zeros. */
static void to_blocks(float *blocks, const float *x, size_t n_rows, size_t n)
{
    for (size_t c = 0; c < n; c += FDML_BLOCK)
        for (size_t r = 0; r < n_rows; r++, blocks += FDML_BLOCK) {
            const size_t left = n - c < FDML_BLOCK ? n - c : FDML_BLOCK;
            memset(blocks, 0, FDML_BLOCK * sizeof *blocks);
            memcpy(blocks, x + r * n + c, left * sizeof *blocks);
        }
}

static void from_blocks(float *y, const float *blocks, size_t n_rows, size_t n)
{
    for (size_t c = 0; c < n; c += FDML_BLOCK)
        for (size_t r = 0; r < n_rows; r++, blocks += FDML_BLOCK) {
            const size_t left = n - c < FDML_BLOCK ? n - c : FDML_BLOCK;
            memcpy(y + r * n + c, blocks, left * sizeof *y);
        }
}

static fdml_status run_dense(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    dense_detail d = *(const dense_detail *)step->detail;
    d.blocked_in = fdml_plan_scratch(plan, 0);
    d.blocked_out = d.blocked_in + blocked_size(&d, d.conv.group_in);
    to_blocks(d.blocked_in, fdml_slot_data(plan, step->in[0]), d.n_rows, d.n_in);
    fdml_parallel(d.conv.n_out_chunks, plan->n_threads, dense_task, &d);
    from_blocks(fdml_slot_data(plan, step->out[0]), d.blocked_out, d.n_rows, d.n_out);
    return FDML_OK;
}

/* What the node says: y = alpha x w (transposed or not) + beta b. */
typedef struct dense_node {
    uint32_t x, w, b;
    bool is_transposed; /* w is [n_out, n_in] */
    size_t n_rows, n_in, n_out;
} dense_node;

static bool read_gemm(dense_node *g, const fdml_node *node)
{
    if (node->opset < 7 || fdml_node_int(node, "transA", 0) ||
        fdml_node_float(node, "alpha", 1) != 1 || fdml_node_float(node, "beta", 1) != 1)
        return false;
    g->is_transposed = fdml_node_int(node, "transB", 0) != 0;
    g->b = node->n_inputs > 2 ? node->input[2] : FDML_NO_VALUE;
    return true;
}

/* Is `node` a product with constant weights that we take? */
static bool read_node(dense_node *g, const fdml_plan *plan, const fdml_node *node)
{
    *g = (dense_node){ .b = FDML_NO_VALUE };
    const bool is_gemm = !strcmp(node->op->name, "Gemm");
    if ((!is_gemm && strcmp(node->op->name, "MatMul")) || (is_gemm && !read_gemm(g, node)))
        return false;
    g->x = node->input[0];
    g->w = node->input[1];
    const fdml_tensor *x = &plan->value[g->x].tensor, *w = &plan->value[g->w].tensor;
    if (x->type != FDML_TYPE_F32 || x->data || x->rank < 2 || !w->data || w->rank != 2 ||
        !x->n_items || !w->n_items || plan->value[node->output[0]].tensor.type != FDML_TYPE_F32)
        return false;
    g->n_in = x->dim[x->rank - 1];
    g->n_rows = x->n_items / g->n_in;
    g->n_out = w->dim[g->is_transposed ? 0 : 1];
    if (g->b == FDML_NO_VALUE) return true;
    const fdml_tensor *b = &plan->value[g->b].tensor;
    return b->data && b->type == FDML_TYPE_F32 && b->rank >= 1 && b->n_items == g->n_out &&
           b->dim[b->rank - 1] == g->n_out;
}

static fdml_status set_weights(dense_detail *d, fdml_plan *plan, const dense_node *g,
                               const fdml_fused *fused, fdml_error *err)
{
    const char *from = plan->value[g->w].tensor.data;
    const fdml_arena_mark mark = fdml_arena_get_mark(&plan->work);
    float *turned = NULL;
    if (!g->is_transposed) { /* to [n_out, n_in], as a convolution has its weights */
        turned = fdml_arena_push(&plan->work, g->n_in * g->n_out, sizeof *turned);
        if (!turned) return fdml_plan_no_memory(plan, err);
        for (size_t i = 0; i < g->n_in; i++)
            for (size_t o = 0; o < g->n_out; o++)
                memcpy(&turned[o * g->n_in + i], from + (i * g->n_out + o) * sizeof(float),
                       sizeof(float));
    }
    const fdml_conv_source source = { .weights = turned ? (const void *)turned : from,
                                      .scale = fused->scale,
                                      .filters = g->n_out,
                                      .channels = g->n_in,
                                      .groups = 1,
                                      .n_taps = 1 };
    const bool ok = fdml_conv_pack(&d->conv, &source, &plan->arena, &plan->work);
    fdml_arena_reset(&plan->work, mark);
    if (!ok) return fdml_plan_no_memory(plan, err);
    FDML_TRY(fdml_plan_fused_bias(&d->conv.bias, plan, g->b, fused, g->n_out, err));
    d->conv.slope = fdml_plan_pad_channels(plan, fused->slope, g->n_out, 1);
    return fused->slope && !d->conv.slope ? fdml_plan_no_memory(plan, err) : FDML_OK;
}

static fdml_status describe(dense_detail *d, fdml_plan *plan, const dense_node *g,
                            fdml_error *err)
{
    fdml_conv_detail *c = &d->conv;
    d->n_rows = g->n_rows;
    d->n_in = g->n_in;
    d->n_out = g->n_out;
    c->way = FDML_CONV_POINT;
    c->kernels = plan->kernels;
    c->n_threads = plan->n_threads;
    c->n_groups = 1;
    c->group_in = (g->n_in + FDML_BLOCK - 1) / FDML_BLOCK;
    c->group_out = (g->n_out + FDML_BLOCK - 1) / FDML_BLOCK;
    c->n_offsets = c->group_in;
    c->offset = fdml_plan_push(plan, c->n_offsets, sizeof *c->offset);
    if (!c->offset) return fdml_plan_no_memory(plan, err);
    size_t size, blocks = c->group_in + c->group_out;
    if (__builtin_mul_overflow(blocks * FDML_BLOCK * sizeof(float), d->n_rows, &size))
        return fdml_plan_no_memory(plan, err);
    fdml_plan_want_scratch(plan, size);
    for (size_t b = 0; b < c->n_offsets; b++) c->offset[b] = b * d->n_rows * FDML_BLOCK;
    c->out_chunk = plan->kernels->tile_cols / FDML_BLOCK * PANELS_AT_ONCE;
    c->n_out_chunks = (c->group_out + c->out_chunk - 1) / c->out_chunk;
    return FDML_OK;
}

fdml_status fdml_lower_dense(fdml_plan *plan, const fdml_node *node, bool *took,
                             fdml_error *err)
{
    dense_node g;
    if (node->n_inputs < 2 || !read_node(&g, plan, node)) return FDML_OK;
    fdml_fused fused;
    FDML_TRY(fdml_plan_fuse(&fused, plan, node, g.n_out,
                            plan->value[node->output[0]].tensor.rank == 2 ? FDML_FUSE_NO_ADD
                                                                          : FDML_FUSE_NOTHING,
                            err));
    dense_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    char *label = fdml_arena_copy_text(&plan->arena, fused.label, strlen(fused.label));
    if (!d || !label) return fdml_plan_no_memory(plan, err);
    FDML_TRY(describe(d, plan, &g, err));
    FDML_TRY(set_weights(d, plan, &g, &fused, err));
    d->conv.low = fused.low;
    d->conv.high = fused.high;
    fdml_plan_fuse_take(plan, &fused);
    *took = true;
    return fdml_plan_add_map(
        plan,
        (fdml_plan_step){ .run = run_dense,
                          .detail = d,
                          .label = label,
                          .algorithm = "dense",
                          .node = node,
                          .flops = 2.0 * (double)g.n_rows * (double)(g.n_in * g.n_out),
                          .n_parameters = g.n_in * g.n_out + g.n_out },
        g.x, fused.output, FDML_PLAIN, err);
}
