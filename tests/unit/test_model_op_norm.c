/* test_model_op_norm.c - normalisation and softmax, by hand and by their formulas in double.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "one_node.h"

static const size_t two = 2, four[] = { 1, 2, 2 };
static const float pair_of_rows[] = { 1, 3, 10, 30 }; /* means 2 and 20, variances 1 and 100 */

static one_node batch_norm(int opset)
{
    static const float scale[] = { 2, 1 }, shift[] = { 1, 0 }, mean[] = { 1, 10 },
                       var[] = { 4, 100 };
    one_node node = { .op = "BatchNormalization", .opset = opset, .n_inputs = 5, .n_attrs = 1 };
    node.input[0] = one_node_floats(pair_of_rows, 3, four);
    node.input[1] = one_node_floats(scale, 1, &two);
    node.input[2] = one_node_floats(shift, 1, &two);
    node.input[3] = one_node_floats(mean, 1, &two);
    node.input[4] = one_node_floats(var, 1, &two);
    node.attr[0] = fdml_attr_float("epsilon", 0);
    return node;
}

Test(model_op_norm, batch_normalization_with_given_moments)
{
    one_node node = batch_norm(9);
    one_node_expect(&node, 3, four, (const float[]){ 1, 3, 0, 2 }, 0);
    node = batch_norm(15);
    one_node_expect(&node, 3, four, (const float[]){ 1, 3, 0, 2 }, 0);
}

static void expect_output(const one_node *node, size_t i, const float *expected)
{
    for (size_t k = 0; k < node->output[i].n_items; k++)
        cr_assert_float_eq(((const float *)node->output[i].data)[k], expected[k], 1e-6f,
                           "output %zu", i);
}

/* Given and batch moments at momentum 0.75: mean 1.25, 12.5; variance 3.25, 100. */
Test(model_op_norm, batch_normalization_in_training)
{
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    for (int opset = 9; opset <= 15; opset += 6) {
        one_node node = batch_norm(opset);
        node.attr[node.n_attrs++] = fdml_attr_float("momentum", 0.75f);
        if (opset == 15) node.attr[node.n_attrs++] = fdml_attr_int("training_mode", 1);
        node.n_outputs = opset == 15 ? 3 : 5;
        cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
        expect_output(&node, 0, (const float[]){ -1, 3, -1, 1 });
        expect_output(&node, 1, (const float[]){ 1.25f, 12.5f });
        expect_output(&node, 2, (const float[]){ 3.25f, 100 });
        if (opset == 15) continue;
        expect_output(&node, 3, (const float[]){ 2, 20 });
        expect_output(&node, 4, (const float[]){ 1, 100 });
    }
    fdml_arena_close(&arena);
}

Test(model_op_norm, batch_normalization_of_places)
{
    static const float scale[] = { 1, 2, 3, 4 }, zero[4] = { 0 }, var[] = { 1, 1, 1, 1 };
    const size_t dim[] = { 2, 2 };
    one_node node = batch_norm(7);
    node.attr[node.n_attrs++] = fdml_attr_int("spatial", 0);
    one_node_refused(&node, FDML_E_DATA,
                     "input 1 has shape [2], expected 4 items for an input of [1,2,2]");
    const float *const given[] = { scale, zero, zero, var };
    for (size_t i = 0; i < 4; i++) node.input[i + 1] = one_node_floats(given[i], 2, dim);
    one_node_expect(&node, 3, four, (const float[]){ 1, 6, 30, 120 }, 0);
}

Test(model_op_norm, instance_group_and_layer)
{
    static const float scale[] = { 2, 10 }, bias[] = { 0, 1 };
    one_node node = { .op = "InstanceNormalization", .opset = 6, .n_inputs = 3, .n_attrs = 1 };
    node.input[0] = one_node_floats(pair_of_rows, 3, four);
    node.input[1] = one_node_floats(scale, 1, &two);
    node.input[2] = one_node_floats(bias, 1, &two);
    node.attr[0] = fdml_attr_float("epsilon", 0);
    one_node_expect(&node, 3, four, (const float[]){ -2, 2, -9, 11 }, 1e-7);
    node.op = "LayerNormalization";
    node.opset = 17;
    one_node_expect(&node, 3, four, (const float[]){ -2, 11, -2, 11 }, 1e-7);
    node.op = "GroupNormalization";
    node.opset = 21;
    node.attr[node.n_attrs++] = fdml_attr_int("num_groups", 2);
    one_node_expect(&node, 3, four, (const float[]){ -2, 2, -9, 11 }, 1e-7);
    /* one group: mean 11, variance (100 + 64 + 1 + 361) / 4 = 131.5 */
    node.attr[1] = fdml_attr_int("num_groups", 1);
    const double d = sqrt(131.5);
    one_node_expect(&node, 3, four,
                    (const float[]){ (float)(-20 / d), (float)(-16 / d), (float)(1 - 10 / d),
                                     (float)(1 + 190 / d) },
                    1e-6);
    node.opset = 18; /* a scale for each group */
    one_node_refused(&node, FDML_E_DATA, "input 1 has shape [2], expected 1 items");
    node.attr[1] = fdml_attr_int("num_groups", 3);
    one_node_refused(&node, FDML_E_DATA, "num_groups is 3, which does not divide 2 channels");
}

Test(model_op_norm, layer_normalization_gives_its_moments)
{
    const size_t column[] = { 2, 1 };
    static const float scale[] = { 1, 2 };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = { .op = "LayerNormalization", .opset = 17, .n_inputs = 2, .n_attrs = 2 };
    node.input[0] = one_node_floats(pair_of_rows, 3, four);
    node.input[1] = one_node_floats(scale, 2, column); /* broadcast along the last axis */
    node.attr[0] = fdml_attr_float("epsilon", 0);
    node.attr[1] = fdml_attr_int("axis", 1);
    node.n_outputs = 3;
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    const float d = (float)sqrt(131.5);
    expect_output(&node, 0, (const float[]){ -10 / d, -8 / d, -2 / d, 38 / d });
    expect_output(&node, 1, (const float[]){ 11 });
    expect_output(&node, 2, (const float[]){ 1 / d });
    cr_assert(node.output[1].rank == 3 && node.output[1].n_items == 1);
    node.input[1] = one_node_floats(scale, 2, (const size_t[]){ 1, 3 });
    one_node_refused(
        &node, FDML_E_DATA,
        "input 1 has shape [1,3], which does not broadcast to [1,2,2] from axis 1 on");
    fdml_arena_close(&arena);
}

/* Channels 1, 2, 3 and size 2: the own channel and the next. */
Test(model_op_norm, lrn)
{
    static const float x[] = { 1, 2, 3 };
    const size_t dim[] = { 1, 3, 1 };
    one_node node = { .op = "LRN", .opset = 13, .n_inputs = 1, .n_attrs = 3 };
    node.input[0] = one_node_floats(x, 3, dim);
    node.attr[0] = fdml_attr_int("size", 2);
    node.attr[1] = fdml_attr_float("alpha", 2);
    node.attr[2] = fdml_attr_float("beta", 0.5f);
    const float expected[] = { (float)(1 / sqrt(6)), (float)(2 / sqrt(14)),
                               (float)(3 / sqrt(10)) };
    one_node_expect(&node, 3, dim, expected, 1e-7);
    node.attr[2] = fdml_attr_float("beta", 0.625f);
    const float other[] = { (float)(1 / pow(6, .625)), (float)(2 / pow(14, .625)),
                            (float)(3 / pow(10, .625)) };
    one_node_expect(&node, 3, dim, other, 1e-7);
}

/* e^0, e^1, e^2, e^3 over their sum, and over the sums of rows. */
Test(model_op_norm, softmax_of_both_ages)
{
    static const float x[] = { 1000, 1001, 1002, 1003 };
    one_node node = { .op = "Softmax", .opset = 11, .n_inputs = 1 };
    node.input[0] = one_node_floats(x, 3, four);
    float whole[4], rows[4], logs[4];
    for (int i = 0; i < 4; i++) {
        whole[i] = (float)(exp(i) / (1 + exp(1) + exp(2) + exp(3)));
        rows[i] = (float)(exp(i % 2) / (1 + exp(1)));
        logs[i] = (float)(i % 2 - log(1 + exp(1)));
    }
    one_node_expect(&node, 3, four, whole, 1e-7);
    node.opset = 13;
    one_node_expect(&node, 3, four, rows, 1e-7);
    node.op = "LogSoftmax";
    one_node_expect(&node, 3, four, logs, 1e-7);
    node.n_attrs = 1;
    node.attr[0] = fdml_attr_int("axis", 1);
    float columns[4];
    for (int i = 0; i < 4; i++) columns[i] = (float)(i / 2 * 2 - log(1 + exp(2)));
    one_node_expect(&node, 3, four, columns, 1e-7);
    node.op = "Hardmax";
    one_node_expect(&node, 3, four, (const float[]){ 0, 0, 1, 1 }, 0);
    node.attr[0] = fdml_attr_int("axis", 3);
    one_node_refused(&node, FDML_E_DATA, "axis 3 of an input of 3 dimensions");
}

Test(model_op_norm, lp_normalization)
{
    static const float x[] = { 3, -4, 0, 0 };
    one_node node = { .op = "LpNormalization", .opset = 7, .n_inputs = 1, .n_attrs = 1 };
    node.input[0] = one_node_floats(x, 3, four);
    node.attr[0] = fdml_attr_int("p", 2);
    one_node_expect(&node, 3, four, (const float[]){ .6f, -.8f, 0, 0 }, 1e-7);
    node.attr[0] = fdml_attr_int("p", 1);
    one_node_expect(&node, 3, four, (const float[]){ 3 / 7.f, -4 / 7.f, 0, 0 }, 1e-7);
    node.attr[0] = fdml_attr_int("p", 3);
    one_node_refused(&node, FDML_E_DATA, "p is 3, expected 1 or 2");
}

Test(model_op_norm, same_bits_everywhere)
{
    static float x[4 * 6 * 50];
    const size_t dim[] = { 4, 6, 50 };
    static const char *const op[] = { "Softmax", "LogSoftmax", "LpNormalization" };
    one_node_fill(x, sizeof x / sizeof *x, 12);
    for (size_t i = 0; i < 3; i++) {
        one_node node = { .op = op[i], .opset = 13, .n_inputs = 1 };
        node.input[0] = one_node_floats(x, 3, dim);
        one_node_same_bits(&node);
    }
    one_node node = { .op = "LayerNormalization", .opset = 17, .n_inputs = 2 };
    node.input[0] = one_node_floats(x, 3, dim);
    node.input[1] = one_node_floats(x, 1, dim + 2);
    one_node_same_bits(&node);
}
