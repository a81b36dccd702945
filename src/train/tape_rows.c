/* tape_rows.c - Concat of channels, and Gemm of rows.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/matrix_product.h"
#include "train/tape_state.h"

/* --- Concat: planes of channels go one after another ------------------------------------- */

static void concat_forward(fdml_tape *tape, const tape_layer *layer)
{
    const fdml_plane_shape *out = &tape->value[layer->out].shape;
    const size_t plane = tape_plane(out);
    float *to = tape_data(tape, layer->out);
    for (size_t image = 0; image < out->n; image++)
        for (uint32_t i = 0; i < layer->n_in; i++) {
            const size_t n = tape->value[layer->in[i]].shape.n_blocks * plane;
            memcpy(to, tape_data(tape, layer->in[i]) + image * n, n * sizeof *to);
            to += n;
        }
}

static void concat_backward(fdml_tape *tape, const tape_layer *layer)
{
    const fdml_plane_shape *out = &tape->value[layer->out].shape;
    const size_t plane = tape_plane(out);
    const float *from = tape_room_data(tape, layer->gout);
    for (size_t image = 0; image < out->n; image++)
        for (uint32_t i = 0; i < layer->n_in; i++) {
            const size_t n = tape->value[layer->in[i]].shape.n_blocks * plane;
            float *gx = tape_room_data(tape, layer->gin[i]);
            const float *add = tape_room_data(tape, layer->gadd[i]);
            if (gx && add)
                tape->kernels->combine(gx + image * n, from, add + image * n, n,
                                       FDML_COMBINE_ADD);
            else if (gx)
                memcpy(gx + image * n, from, n * sizeof *gx);
            from += n;
        }
}

fdml_status fdml_tape_lower_concat(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    const int64_t axis = fdml_node_int(node, "axis", 1);
    uint32_t *in = fdml_arena_push(&tape->work, node->n_inputs, sizeof *in);
    if (!in) return fdml_tape_no_memory(tape, err);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        in[i] = tape->value[node->input[i]].root;
        const size_t c = tape->value[in[i]].shape.c;
        if (axis != 1 || !tape->value[in[i]].is_computed ||
            (c % FDML_BLOCK && i + 1 < node->n_inputs))
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                                  "only channels in multiples of 16 can be joined in training");
    }
    tape_layer *layer = fdml_tape_add_layer(tape, node, in, node->n_inputs, node->output[0]);
    if (!layer) return fdml_tape_no_memory(tape, err);
    layer->forward = concat_forward;
    layer->backward = concat_backward;
    return FDML_OK;
}

/* --- Gemm: y = x W^T + b, W [n_out, n_in] or, stored the other way, [n_in, n_out] ----------
 */

typedef struct gemm_layer {
    tape_param *weight, *bias;
    bool is_turned; /* the weights are [n_out, n_in]: transB */
    size_t n, n_in, n_out;
    float *x, *y; /* [n, n_in] and [n, n_out], rows without padding; y also for gy */
} gemm_layer;

/* A failure is told at the end of the pass. */
static void multiply(fdml_tape *tape, const fdml_float_product *product)
{
    const fdml_product_means means = { tape->kernels, tape->n_threads, &tape->work };
    if (fdml_product_floats(product, &means, NULL)) tape->is_out_of_memory = true;
}

static void rows_from_blocks(float *to, const float *from, size_t n, size_t n_cols)
{
    const size_t step = (n_cols + FDML_BLOCK - 1) / FDML_BLOCK * FDML_BLOCK;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * n_cols, from + i * step, n_cols * sizeof *to);
}

static void rows_to_blocks(float *to, const float *from, size_t n, size_t n_cols)
{
    const size_t step = (n_cols + FDML_BLOCK - 1) / FDML_BLOCK * FDML_BLOCK;
    memset(to, 0, n * step * sizeof *to);
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * step, from + i * n_cols, n_cols * sizeof *to);
}

static void gemm_forward(fdml_tape *tape, const tape_layer *layer)
{
    const gemm_layer *g = layer->detail;
    rows_from_blocks(g->x, tape_data(tape, layer->in[0]), g->n, g->n_in);
    multiply(tape, &(fdml_float_product){ .c = g->y,
                                          .a = g->x,
                                          .b = g->weight->value,
                                          .m = g->n,
                                          .n = g->n_out,
                                          .k = g->n_in,
                                          .b_is_transposed = g->is_turned });
    for (size_t i = 0; g->bias && i < g->n * g->n_out; i++)
        g->y[i] += g->bias->value[i % g->n_out];
    rows_to_blocks(tape_data(tape, layer->out), g->y, g->n, g->n_out);
}

static void bias_gradient(const gemm_layer *g)
{
    for (size_t o = 0; o < g->n_out; o++) {
        double sum = 0;
        for (size_t i = 0; i < g->n; i++) sum += (double)g->y[i * g->n_out + o];
        g->bias->grad[o] = (float)sum;
    }
}

static void gemm_backward(fdml_tape *tape, const tape_layer *layer)
{
    const gemm_layer *g = layer->detail;
    float *gx = tape_room_data(tape, layer->gin[0]);
    const float *add = tape_room_data(tape, layer->gadd[0]);
    rows_from_blocks(g->y, tape_room_data(tape, layer->gout), g->n, g->n_out);
    rows_from_blocks(g->x, tape_data(tape, layer->in[0]), g->n, g->n_in);
    if (g->bias && g->bias->grad) bias_gradient(g);
    if (g->weight->grad) /* gy^T x, or x^T gy */
        multiply(tape, &(fdml_float_product){ .c = g->weight->grad,
                                              .a = g->is_turned ? g->y : g->x,
                                              .b = g->is_turned ? g->x : g->y,
                                              .m = g->is_turned ? g->n_out : g->n_in,
                                              .n = g->is_turned ? g->n_in : g->n_out,
                                              .k = g->n,
                                              .a_is_transposed = true });
    if (!gx) return;
    multiply(tape, &(fdml_float_product){ .c = g->x,
                                          .a = g->y,
                                          .b = g->weight->value,
                                          .m = g->n,
                                          .n = g->n_in,
                                          .k = g->n_out,
                                          .b_is_transposed = !g->is_turned });
    rows_to_blocks(gx, g->x, g->n, g->n_in);
    if (add)
        tape->kernels->combine(gx, gx, add, tape_floats(&tape->value[layer->in[0]].shape),
                               FDML_COMBINE_ADD);
}

static fdml_status check_gemm(const fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    const fdml_tensor *w = &tape->value[node->input[1]].tensor;
    const bool is_plain = !fdml_node_int(node, "transA", 0) &&
                          fdml_node_float(node, "alpha", 1) == 1 &&
                          fdml_node_float(node, "beta", 1) == 1;
    if (!w->data || !is_plain || !tape->value[tape->value[node->input[0]].root].is_computed)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "only x W + b with constant W can be trained");
    if (node->n_inputs > 2 && node->input[2] != FDML_NO_VALUE) {
        const size_t n = w->dim[fdml_node_int(node, "transB", 0) ? 0 : 1];
        const fdml_tensor *b = &tape->value[node->input[2]].tensor;
        if (!b->data || b->n_items != n)
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                                  "a bias of %zu items for %zu columns cannot be trained",
                                  b->n_items, n);
    }
    return FDML_OK;
}

fdml_status fdml_tape_lower_gemm(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    FDML_TRY(check_gemm(tape, node, err));
    gemm_layer *g = fdml_arena_push_zero(&tape->arena, 1, sizeof *g);
    const uint32_t x = tape->value[node->input[0]].root;
    tape_layer *layer = fdml_tape_add_layer(tape, node, &x, 1, node->output[0]);
    if (!g || !layer) return fdml_tape_no_memory(tape, err);
    const fdml_tensor *w = &tape->value[node->input[1]].tensor;
    g->is_turned = fdml_node_int(node, "transB", 0) != 0;
    g->n = tape->value[x].shape.n;
    g->n_in = w->dim[g->is_turned ? 1 : 0];
    g->n_out = w->dim[g->is_turned ? 0 : 1];
    const tape_param like = { .layout = TAPE_PLAIN };
    FDML_TRY(fdml_tape_param_new(&g->weight, tape, node, node->input[1], &like, err));
    if (node->n_inputs > 2 && node->input[2] != FDML_NO_VALUE)
        FDML_TRY(fdml_tape_param_new(&g->bias, tape, node, node->input[2], &like, err));
    g->x = fdml_arena_push(&tape->arena, g->n * g->n_in, sizeof *g->x);
    g->y = fdml_arena_push(&tape->arena, g->n * g->n_out, sizeof *g->y);
    if (!g->x || !g->y) return fdml_tape_no_memory(tape, err);
    layer->detail = g;
    layer->forward = gemm_forward;
    layer->backward = gemm_backward;
    layer->has_params = g->weight->grad != NULL;
    layer->reads_in_back = g->weight->grad != NULL;
    return FDML_OK;
}
