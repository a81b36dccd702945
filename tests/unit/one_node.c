/* one_node.c - see one_node.h.
 * SPDX-License-Identifier: MIT */
#include "one_node.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "scratch.h"

fdml_tensor one_node_tensor(fdml_type type, const void *data, int rank, const size_t *dim)
{
    fdml_tensor tensor;
    cr_assert_eq(fdml_tensor_shape(&tensor, type, rank, dim, "input", NULL), FDML_OK);
    memcpy(&tensor.data, &data, sizeof data);
    return tensor;
}

fdml_tensor one_node_floats(const float *data, int rank, const size_t *dim)
{
    return one_node_tensor(FDML_TYPE_F32, data, rank, dim);
}

fdml_status one_node_run(one_node *node, fdml_arena *arena, fdml_error *err)
{
    fdml_graph_builder b;
    fdml_graph graph;
    uint32_t input[ONE_NODE_MAX], output[ONE_NODE_MAX];
    fdml_tensor given[ONE_NODE_MAX];
    size_t n_given = 0;
    const size_t n_outputs = node->n_outputs ? node->n_outputs : 1;
    char name[32];
    fdml_graph_builder_init(&b, arena, "net", node->opset);
    for (size_t i = 0; i < node->n_inputs; i++) {
        input[i] = FDML_NO_VALUE;
        if (node->input[i].type == FDML_TYPE_NONE) continue;
        snprintf(name, sizeof name, "x%zu", i);
        input[i] = fdml_graph_builder_add_input(&b, name, node->input[i].type, -1, NULL);
        given[n_given++] = node->input[i];
    }
    for (size_t i = 0; i < n_outputs; i++) {
        snprintf(name, sizeof name, "y%zu", i);
        output[i] = fdml_graph_builder_add_value(&b, name);
    }
    fdml_graph_builder_add_node(&b, &(fdml_graph_node){ .op = node->op,
                                                        .n_inputs = (uint32_t)node->n_inputs,
                                                        .input = input,
                                                        .n_outputs = (uint32_t)n_outputs,
                                                        .output = output,
                                                        .n_attrs = (uint32_t)node->n_attrs,
                                                        .attr = node->attr });
    for (size_t i = 0; i < n_outputs; i++) fdml_graph_builder_add_output(&b, output[i]);
    FDML_TRY(fdml_graph_builder_finish(&b, &graph, err));
    return fdml_interpret(&graph, given, node->output,
                          node->kernels ? node->kernels : fdml_kernels_best(),
                          node->n_threads ? node->n_threads : 1, arena, err);
}

void one_node_expect(one_node *node, int rank, const size_t *dim, const float *expected,
                     double tolerance)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    char got_text[FDML_SHAPE_TEXT], want_text[FDML_SHAPE_TEXT];
    const fdml_tensor want = one_node_floats(expected, rank, dim);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(one_node_run(node, &arena, &err), FDML_OK, "%s", err.text);
    const fdml_tensor *got = &node->output[0];
    cr_assert(got->type == FDML_TYPE_F32 && fdml_tensor_same_shape(got, &want), "%s %s for %s",
              fdml_type_name(got->type), fdml_tensor_shape_text(got, got_text),
              fdml_tensor_shape_text(&want, want_text));
    for (size_t i = 0; i < want.n_items; i++) {
        const double x = (double)((const float *)got->data)[i], y = (double)expected[i];
        cr_assert(x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= tolerance * (1 + fabs(y)),
                  "%s: item %zu is %.9g, expected %.9g", node->op, i, x, y);
    }
    fdml_arena_close(&arena);
}

void one_node_refused(one_node *node, fdml_status status, const char *text)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    char whole[FDML_ERROR_MAX];
    fdml_arena_init(&arena, 0);
    snprintf(whole, sizeof whole, "net: node 0 (%s): %s", node->op, text);
    scratch_expect_error(one_node_run(node, &arena, &err), &err, status, whole);
    fdml_arena_close(&arena);
}

void one_node_same_bits(one_node *node)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const size_t n_outputs = node->n_outputs ? node->n_outputs : 1;
    fdml_tensor first[ONE_NODE_MAX];
    bool is_first = true;
    for (size_t isa = 0; fdml_kernels_list(isa); isa++)
        for (int threads = 1; threads <= 4; threads++) {
            node->kernels = fdml_kernels_list(isa);
            node->n_threads = threads;
            cr_assert_eq(one_node_run(node, &arena, &err), FDML_OK, "%s", err.text);
            if (is_first) memcpy(first, node->output, sizeof first);
            is_first = false;
            for (size_t i = 0; i < n_outputs; i++)
                cr_assert(
                    !memcmp(first[i].data, node->output[i].data, fdml_tensor_size(&first[i])),
                    "%s: output %zu differs with %s and %d threads", node->op, i,
                    node->kernels->isa, threads);
        }
    fdml_arena_close(&arena);
}

void one_node_fill(float *values, size_t n, uint64_t seed)
{
    fdml_rng rng;
    fdml_rng_init(&rng, seed, 0, 0);
    for (size_t i = 0; i < n; i++) values[i] = (float)(2 * fdml_rng_double(&rng) - 1);
}
