/* test_model_interpret.c - whole graphs, node by node; and a face network against its golden.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/npy.h"
#include "model/interpret.h"
#include "model/model.h"
#include "one_node.h"
#include "scratch.h"

/* y = MatMul(x, w), z = Softmax(y); outputs z, x, w: one made, one passed on, one constant. */
static void build(fdml_graph *graph, fdml_arena *arena)
{
    static const float weights[] = { 1, 0, 0, 1 };
    static const int64_t dim[] = { -1, 2 };
    const fdml_tensor w = one_node_floats(weights, 2, (const size_t[]){ 2, 2 });
    fdml_graph_builder b;
    fdml_error err = { 0 };
    fdml_graph_builder_init(&b, arena, "net", 13);
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 2, dim);
    const uint32_t k = fdml_graph_builder_add_constant(&b, "w", &w);
    const uint32_t y = fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){
                .op = "MatMul", .n_inputs = 2, .input = (const uint32_t[]){ x, k } });
    const uint32_t z = fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){ .op = "Softmax", .n_inputs = 1, .input = &y });
    fdml_graph_builder_add_output(&b, z);
    fdml_graph_builder_add_output(&b, x);
    fdml_graph_builder_add_output(&b, k);
    cr_assert_eq(fdml_graph_builder_finish(&b, graph, &err), FDML_OK, "%s", err.text);
}

Test(model_interpret, outputs_live_in_the_arena)
{
    static float values[] = { 0, 0, 5, 5 };
    fdml_graph graph;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_tensor out[3];
    fdml_arena_init(&arena, 0);
    build(&graph, &arena);
    const fdml_tensor x = one_node_floats(values, 2, (const size_t[]){ 2, 2 });
    cr_assert_eq(fdml_interpret(&graph, &x, out, fdml_kernels_best(), 2, &arena, &err), FDML_OK,
                 "%s", err.text);
    memset(values, 0, sizeof values);
    const float *z = out[0].data, *passed = out[1].data, *constant = out[2].data;
    cr_assert(z[0] == .5f && z[3] == .5f && passed[2] == 5 && constant[3] == 1);
    fdml_arena_close(&arena);
}

Test(model_interpret, says_what_does_not_fit)
{
    static float values[4096 * 2];
    fdml_graph graph;
    fdml_arena arena, small;
    fdml_error err = { 0 };
    fdml_tensor out[3];
    fdml_arena_init(&arena, 0);
    fdml_arena_init(&small, 40000);
    build(&graph, &arena);
    fdml_tensor x = one_node_floats(values, 2, (const size_t[]){ 4096, 2 });
    const fdml_kernels *kernels = fdml_kernels_best();
    scratch_expect_error(fdml_interpret(&graph, &x, out, kernels, 1, &small, &err), &err,
                         FDML_E_LIMIT, "net: value \"\" of 32768 bytes passes 40000 bytes");
    cr_assert_eq(small.used, 0u);
    x.type = FDML_TYPE_I32;
    scratch_expect_error(fdml_interpret(&graph, &x, out, kernels, 1, &arena, &err), &err,
                         FDML_E_DATA, "net: input 0 \"x\" is int32, expected float32");
    x = one_node_floats(values, 2, (const size_t[]){ 2, 3 });
    scratch_expect_error(fdml_interpret(&graph, &x, out, kernels, 1, &arena, &err), &err,
                         FDML_E_DATA,
                         "net: node 0 (MatMul): shapes [2,3] and [2,2] do not multiply");
    fdml_arena_close(&small);
    fdml_arena_close(&arena);
}

/* A chain of n nodes over 1 MiB values holds two of them at a time, not n. */
Test(model_interpret, frees_what_nobody_reads_any_more)
{
    enum { N = 1 << 18, DEPTH = 12 };
    fdml_graph_builder b;
    fdml_graph graph;
    fdml_arena arena, result;
    fdml_error err = { 0 };
    fdml_tensor out;
    static const int64_t dim[] = { N };
    fdml_arena_init(&arena, 0);
    fdml_arena_init(&result, (size_t)5 << 20);
    float *values = fdml_arena_push_zero(&arena, N, sizeof *values);
    fdml_graph_builder_init(&b, &arena, "net", 13);
    uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 1, dim);
    for (int i = 0; i < DEPTH; i++)
        x = fdml_graph_builder_add_node(
            &b, &(fdml_graph_node){ .op = "LpNormalization", .n_inputs = 1, .input = &x });
    fdml_graph_builder_add_output(&b, x);
    cr_assert_eq(fdml_graph_builder_finish(&b, &graph, &err), FDML_OK, "%s", err.text);
    const fdml_tensor input = one_node_floats(values, 1, (const size_t[]){ N });
    cr_assert_eq(fdml_interpret(&graph, &input, &out, fdml_kernels_best(), 1, &result, &err),
                 FDML_OK, "%s", err.text);
    fdml_arena_close(&result);
    fdml_arena_close(&arena);
}

/* Floats of a .npy that is mapped while the test runs. */
static fdml_tensor open_npy(fdml_map *map, const char *path)
{
    fdml_npy npy;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_file_map(map, path, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_npy_parse(&npy, map->data, map->size, path, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(!strcmp(npy.descr, "<f4") && !npy.is_fortran);
    return one_node_tensor(FDML_TYPE_F32, map->data + npy.data_offset, npy.n_dims, npy.shape);
}

Test(model_interpret, face_network)
{
    char path[3][512];
    static const char *const name[] = { "mobilefacenet_kennethwang.onnx",
                                        "golden_mobilefacenet/input_8x3x112x112_rgb.npy",
                                        "golden_mobilefacenet/output_kennethwang_8x128.npy" };
    for (int i = 0; i < 3; i++) {
        char relative[256];
        snprintf(relative, sizeof relative, "models/%s", name[i]);
        const char *full = scratch_shared(relative);
        if (!full) return;
        snprintf(path[i], sizeof path[i], "%s", full);
    }
    fdml_model model;
    fdml_error err = { 0 };
    fdml_map maps[2];
    fdml_arena arena;
    fdml_tensor out;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_model_open(&model, path[0], &err), FDML_OK, "%s", err.text);
    const fdml_tensor x = open_npy(&maps[0], path[1]), want = open_npy(&maps[1], path[2]);
    cr_assert_eq(fdml_interpret(&model.graph, &x, &out, fdml_kernels_best(), 2, &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(fdml_tensor_same_shape(&out, &want));
    double largest = 0;
    for (size_t i = 0; i < want.n_items; i++) {
        const float got = ((const float *)out.data)[i],
                    expected = ((const float *)want.data)[i];
        largest = fmax(largest, fabs((double)got - (double)expected));
    }
    cr_assert(largest <= 2e-5, "largest difference %g", largest);
    fdml_model_close(&model);
    for (int i = 0; i < 2; i++) fdml_file_unmap(&maps[i]);
    fdml_arena_close(&arena);
}
