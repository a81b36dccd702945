/* test_model_op_matmul.c - MatMul and Gemm, by hand and against sums in double.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "one_node.h"

static float a[90000], b[90000];
static float expected[90000];

static one_node matmul(int a_rank, const size_t *a_dim, int b_rank, const size_t *b_dim)
{
    one_node node = { .op = "MatMul", .opset = 13, .n_inputs = 2 };
    node.input[0] = one_node_floats(a, a_rank, a_dim);
    node.input[1] = one_node_floats(b, b_rank, b_dim);
    return node;
}

static void fill(void)
{
    one_node_fill(a, sizeof a / sizeof *a, 21);
    one_node_fill(b, sizeof b / sizeof *b, 22);
}

/* m, n and k on both sides of the blocks of 120, 256 and 128. */
Test(model_op_matmul, blocks)
{
    static const size_t size[][3] = { { 1, 1, 1 },     { 7, 300, 130 }, { 121, 33, 257 },
                                      { 250, 257, 5 }, { 3, 2, 0 },     { 0, 4, 3 } };
    fill();
    for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
        const size_t m = size[s][0], n = size[s][1], k = size[s][2];
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t d = 0; d < k; d++)
                    sum += (double)a[i * k + d] * (double)b[d * n + j];
                expected[i * n + j] = (float)sum;
            }
        one_node node = matmul(2, (const size_t[]){ m, k }, 2, (const size_t[]){ k, n });
        /* sqrt(257) roundings of sums below 16 */
        one_node_expect(&node, 2, (const size_t[]){ m, n }, expected, 16 * 0x1p-20);
        if (m && k) one_node_same_bits(&node);
    }
}

/* What a row's product is does not depend on the rows beside it. */
Test(model_op_matmul, rows_do_not_know_each_other)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    fill();
    fdml_arena_init(&arena, 0);
    one_node many = matmul(2, (const size_t[]){ 125, 300 }, 2, (const size_t[]){ 300, 40 });
    one_node single = matmul(2, (const size_t[]){ 1, 300 }, 2, (const size_t[]){ 300, 40 });
    cr_assert_eq(one_node_run(&many, &arena, &err), FDML_OK, "%s", err.text);
    for (size_t i = 0; i < 125; i++) {
        single.input[0] = one_node_floats(a + i * 300, 2, (const size_t[]){ 1, 300 });
        cr_assert_eq(one_node_run(&single, &arena, &err), FDML_OK, "%s", err.text);
        cr_assert(!memcmp(single.output[0].data, (float *)many.output[0].data + i * 40, 160),
                  "row %zu", i);
    }
    fdml_arena_close(&arena);
}

Test(model_op_matmul, broadcasting_and_vectors)
{
    for (int i = 0; i < 12; i++) a[i] = (float)i, b[i] = (float)(i + 1);
    /* [2,1,1,2] x [3,2,1]: pairs (0 1)(2 3) with (1 2)(3 4)(5 6) */
    one_node node = matmul(4, (const size_t[]){ 2, 1, 1, 2 }, 3, (const size_t[]){ 3, 2, 1 });
    one_node_expect(&node, 4, (const size_t[]){ 2, 3, 1, 1 },
                    (const float[]){ 2, 4, 6, 8, 18, 28 }, 0);
    node = matmul(1, (const size_t[]){ 3 }, 1, (const size_t[]){ 3 });
    one_node_expect(&node, 0, NULL, (const float[]){ 8 }, 0);
    node = matmul(1, (const size_t[]){ 2 }, 2, (const size_t[]){ 2, 3 });
    one_node_expect(&node, 1, (const size_t[]){ 3 }, (const float[]){ 4, 5, 6 }, 0);
    node = matmul(3, (const size_t[]){ 2, 1, 2 }, 1, (const size_t[]){ 2 });
    one_node_expect(&node, 2, (const size_t[]){ 2, 1 }, (const float[]){ 2, 8 }, 0);
    node = matmul(2, (const size_t[]){ 2, 3 }, 2, (const size_t[]){ 2, 3 });
    one_node_refused(&node, FDML_E_DATA, "shapes [2,3] and [2,3] do not multiply");
    node = matmul(3, (const size_t[]){ 2, 1, 2 }, 3, (const size_t[]){ 3, 2, 1 });
    one_node_refused(&node, FDML_E_DATA, "shapes [2,1,2] and [3,2,1] do not multiply");
    node = matmul(0, NULL, 1, (const size_t[]){ 2 });
    one_node_refused(&node, FDML_E_DATA, "shapes [] and [2] do not multiply");
}

Test(model_op_matmul, integers_wrap)
{
    static const int32_t x[] = { -2, INT32_MAX }, y[] = { 3, 2 };
    static const uint64_t u[] = { UINT64_MAX, 2 }, v[] = { 2, 3 };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = { .op = "MatMul", .opset = 9, .n_inputs = 2 };
    node.input[0] = one_node_tensor(FDML_TYPE_I32, x, 1, (const size_t[]){ 2 });
    node.input[1] = one_node_tensor(FDML_TYPE_I32, y, 1, (const size_t[]){ 2 });
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(*(int32_t *)node.output[0].data, -8); /* -6 + 2^32 - 2 */
    node.input[0] = one_node_tensor(FDML_TYPE_U64, u, 1, (const size_t[]){ 2 });
    node.input[1] = one_node_tensor(FDML_TYPE_U64, v, 1, (const size_t[]){ 2 });
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(*(uint64_t *)node.output[0].data, 4u); /* -2 + 6 */
    node.input[1] = one_node_tensor(FDML_TYPE_I64, v, 1, (const size_t[]){ 2 });
    one_node_refused(&node, FDML_E_DATA, "input 1 is int64, input 0 is uint64");
    fdml_arena_close(&arena);
}

/* A = (1 2; 3 4), B = (1 0; 2 1): A B = (5 2; 11 4), A' B = (7 3; 10 4), A B' = (1 4; 3 10). */
Test(model_op_matmul, gemm)
{
    static const float x[] = { 1, 2, 3, 4 }, y[] = { 1, 0, 2, 1 }, c[] = { 10, 20 };
    const size_t square[] = { 2, 2 };
    one_node node = { .op = "Gemm", .opset = 11, .n_inputs = 2 };
    node.input[0] = one_node_floats(x, 2, square);
    node.input[1] = one_node_floats(y, 2, square);
    one_node_expect(&node, 2, square, (const float[]){ 5, 2, 11, 4 }, 0);
    node.n_attrs = 1;
    node.attr[0] = fdml_attr_int("transA", 1);
    one_node_expect(&node, 2, square, (const float[]){ 7, 3, 10, 4 }, 0);
    node.attr[0] = fdml_attr_int("transB", 1);
    one_node_expect(&node, 2, square, (const float[]){ 1, 4, 3, 10 }, 0);
    node.n_inputs = 3;
    node.attr[0] = fdml_attr_float("alpha", 0.5f);
    node.attr[node.n_attrs++] = fdml_attr_float("beta", 2);
    node.input[2] = one_node_floats(c, 1, square);
    one_node_expect(&node, 2, square, (const float[]){ 22.5f, 41, 25.5f, 42 }, 0);
    node.input[2] = one_node_floats(c, 2, (const size_t[]){ 2, 1 });
    one_node_expect(&node, 2, square, (const float[]){ 22.5f, 21, 45.5f, 42 }, 0);
    node.input[2] = one_node_floats(c, 0, NULL);
    one_node_expect(&node, 2, square, (const float[]){ 22.5f, 21, 25.5f, 22 }, 0);
    node.input[2] = one_node_floats(a, 1, (const size_t[]){ 3 });
    one_node_refused(&node, FDML_E_DATA, "C of shape [3] does not broadcast to [2,2]");
    static const int64_t xi[] = { 1, 2, 3, 4 }, ci[] = { 1, -1 };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    node.n_attrs = 0;
    node.input[0] = node.input[1] = one_node_tensor(FDML_TYPE_I64, xi, 2, square);
    node.input[2] = one_node_tensor(FDML_TYPE_I64, ci, 1, square);
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(!memcmp(node.output[0].data, (const int64_t[]){ 8, 9, 16, 21 }, 32));
    fdml_arena_close(&arena);
}
