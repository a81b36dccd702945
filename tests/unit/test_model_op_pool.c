/* test_model_op_pool.c - pooling, by hand on small planes.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "one_node.h"

static const float square[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const size_t square_dim[] = { 1, 1, 4, 4 };
static const int64_t ones[] = { 1, 1, 1, 1 }, twos[] = { 2, 2 }, threes[] = { 3, 3 };

static one_node pool(const char *op, int opset, const int64_t *kernel)
{
    one_node node = { .op = op, .opset = opset, .n_inputs = 1, .n_attrs = 1 };
    node.input[0] = one_node_floats(square, 4, square_dim);
    node.attr[0] = fdml_attr_ints("kernel_shape", 2, kernel);
    return node;
}

static void add(one_node *node, fdml_attr attr)
{
    node->attr[node->n_attrs++] = attr;
}

Test(model_op_pool, ceil_mode_drops_windows_that_start_in_the_end_padding)
{
    one_node node = pool("MaxPool", 12, threes);
    add(&node, fdml_attr_ints("strides", 2, twos));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 1, 1 }, (const float[]){ 11 }, 0);
    add(&node, fdml_attr_int("ceil_mode", 1));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 }, (const float[]){ 11, 12, 15, 16 },
                    0);
    /* 4 + 2 items, windows of 2 every 3: ceil gives 3 windows, the third starts at item 5, in
     * the padding at the end. */
    node = pool("MaxPool", 12, twos);
    add(&node, fdml_attr_ints("strides", 2, threes));
    add(&node, fdml_attr_ints("pads", 4, ones));
    add(&node, fdml_attr_int("ceil_mode", 1));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 }, (const float[]){ 1, 4, 13, 16 },
                    0);
}

Test(model_op_pool, averages_count_what_they_say)
{
    one_node node = pool("AveragePool", 19, twos);
    add(&node, fdml_attr_ints("strides", 2, threes));
    add(&node, fdml_attr_ints("pads", 4, ones));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 },
                    (const float[]){ 1, 3.5f, 11, 13.5f }, 0);
    add(&node, fdml_attr_int("count_include_pad", 1));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 },
                    (const float[]){ .25f, 1.75f, 5.5f, 13.5f }, 0);
    /* the last window of ceil_mode hangs over the end; only what is there counts */
    node = pool("AveragePool", 19, threes);
    add(&node, fdml_attr_ints("strides", 2, twos));
    add(&node, fdml_attr_int("ceil_mode", 1));
    add(&node, fdml_attr_int("count_include_pad", 1));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 },
                    (const float[]){ 6, 7.5f, 12, 13.5f }, 0);
    node = pool("AveragePool", 19, twos);
    add(&node, fdml_attr_ints("dilations", 2, threes));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 1, 1 }, (const float[]){ 8.5f }, 0);
}

static void expect_indices(one_node *node, const int64_t *expected, size_t n)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    node->n_outputs = 2;
    cr_assert_eq(one_node_run(node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(node->output[1].type == FDML_TYPE_I64 && node->output[1].n_items == n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(((const int64_t *)node->output[1].data)[i], expected[i], "index %zu", i);
    fdml_arena_close(&arena);
}

Test(model_op_pool, indices_in_both_orders)
{
    static const float planes[] = { 9, 1, 2, 3, 8, 4, 0, 0, 7, 7, 0, 5 };
    const size_t dim[] = { 1, 2, 2, 3 };
    one_node node = pool("MaxPool", 12, twos);
    node.input[0] = one_node_floats(planes, 4, dim);
    expect_indices(&node, (const int64_t[]){ 0, 4, 9, 8 }, 4);
    add(&node, fdml_attr_int("storage_order", 1)); /* row + 2 * column */
    expect_indices(&node, (const int64_t[]){ 0, 3, 7, 10 }, 4);
}

Test(model_op_pool, bytes_and_nan)
{
    static const int8_t bytes[] = { -5, -7, -128, -6 };
    const float line[] = { 1, NAN, 3, 4 };
    const size_t dim[] = { 1, 1, 4 };
    static const int64_t two[] = { 2 };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = { .op = "MaxPool", .opset = 12, .n_inputs = 1, .n_attrs = 1 };
    node.attr[0] = fdml_attr_ints("kernel_shape", 1, two);
    node.input[0] = one_node_tensor(FDML_TYPE_I8, bytes, 3, dim);
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(!memcmp(node.output[0].data, (const int8_t[]){ -5, -7, -6 }, 3));
    fdml_arena_close(&arena);
    node.input[0] = one_node_floats(line, 3, dim);
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 3 }, (const float[]){ NAN, NAN, 4 }, 0);
    node.op = "AveragePool";
    node.input[0] = one_node_tensor(FDML_TYPE_I8, bytes, 3, dim);
    one_node_refused(&node, FDML_E_UNSUPPORTED, "input 0 of type int8");
}

Test(model_op_pool, norms_and_global_forms)
{
    one_node node = pool("LpPool", 18, twos);
    add(&node, fdml_attr_ints("strides", 2, twos));
    add(&node, fdml_attr_int("p", 1));
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 }, (const float[]){ 14, 22, 46, 54 },
                    0);
    node.attr[2] = fdml_attr_int("p", 3);
    const float cubes[] = { (float)cbrt(1 + 8 + 125 + 216), (float)cbrt(27 + 64 + 343 + 512),
                            (float)cbrt(729 + 1000 + 2197 + 2744),
                            (float)cbrt(1331 + 1728 + 3375 + 4096) };
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 2, 2 }, cubes, 1e-6);
    node.n_attrs = 0;
    node.op = "GlobalLpPool";
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 1, 1 },
                    (const float[]){ (float)sqrt(1496) }, 1e-7);
    node.op = "GlobalAveragePool";
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 1, 1 }, (const float[]){ 8.5f }, 0);
    node.op = "GlobalMaxPool";
    one_node_expect(&node, 4, (const size_t[]){ 1, 1, 1, 1 }, (const float[]){ 16 }, 0);
}

Test(model_op_pool, same_bits_everywhere)
{
    static float x[3 * 5 * 17 * 13];
    const size_t dim[] = { 3, 5, 17, 13 };
    static const char *const op[] = { "MaxPool", "AveragePool", "LpPool" };
    one_node_fill(x, sizeof x / sizeof *x, 9);
    for (size_t i = 0; i < 3; i++) {
        one_node node = pool(op[i], 19, threes);
        node.input[0] = one_node_floats(x, 4, dim);
        add(&node, fdml_attr_ints("pads", 4, ones));
        one_node_same_bits(&node);
    }
}

Test(model_op_pool, refusals)
{
    static const int64_t wide[] = { 2, 0, 0, 0 }, huge[] = { INT32_MAX, INT32_MAX };
    one_node node = pool("MaxPool", 12, twos);
    add(&node, fdml_attr_ints("pads", 4, wide));
    one_node_refused(&node, FDML_E_DATA, "pads of axis 2 hold a whole window of 2 items");
    node = pool("MaxPool", 12, huge);
    add(&node, fdml_attr_ints("dilations", 2, huge));
    one_node_refused(&node, FDML_E_DATA,
                     "axis 2 has 4 items with padding, a window spans 4611686011984936963");
    node.n_attrs = 0;
    one_node_refused(&node, FDML_E_DATA, "the attribute kernel_shape is missing");
    node = pool("LpPool", 12, twos);
    add(&node, fdml_attr_int("p", 0));
    one_node_refused(&node, FDML_E_DATA, "p is 0, expected 1 or more");
}
