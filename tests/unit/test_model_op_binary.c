/* test_model_op_binary.c - arithmetic of several inputs, comparison, Where: examples of the
 * specification, NumPy's answers, broadcasting old and new.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "op_case.h"

static const char *const four[] = { "Add", "Sub", "Mul", "Div" };

/* Every pair of shapes against four loops over all indices. */
static void broadcast_case(const size_t a_dim[4], const size_t b_dim[4])
{
    static float a[120], b[120], y[4][360];
    size_t dim[4], n = 0;
    for (int i = 0; i < 120; i++) a[i] = (float)i + 1, b[i] = 1 / (float)(i + 2);
    for (int d = 0; d < 4; d++) dim[d] = a_dim[d] > b_dim[d] ? a_dim[d] : b_dim[d];
    for (size_t i = 0; i < dim[0]; i++)
        for (size_t j = 0; j < dim[1]; j++)
            for (size_t k = 0; k < dim[2]; k++)
                for (size_t l = 0; l < dim[3]; l++, n++) {
                    const size_t at[4] = { i, j, k, l };
                    size_t p = 0, q = 0;
                    for (int d = 0; d < 4; d++) {
                        p = p * a_dim[d] + (a_dim[d] == 1 ? 0 : at[d]);
                        q = q * b_dim[d] + (b_dim[d] == 1 ? 0 : at[d]);
                    }
                    y[0][n] = a[p] + b[q], y[1][n] = a[p] - b[q];
                    y[2][n] = a[p] * b[q], y[3][n] = a[p] / b[q];
                }
    for (int o = 0; o < 4; o++) {
        op_case c = { .op = four[o], .opset = 14, .n_inputs = 2 };
        c.input[0] = op_tensor(FDML_TYPE_F32, 4, a_dim, a);
        c.input[1] = op_tensor(FDML_TYPE_F32, 4, b_dim, b);
        op_expect(op_run(&c), op_tensor(FDML_TYPE_F32, 4, dim, y[o]));
    }
}

Test(model_op_binary, every_pair_of_shapes)
{
    static const size_t full[4] = { 2, 3, 4, 5 };
    for (unsigned m = 0; m < 256; m++) {
        size_t a[4], b[4];
        for (int d = 0; d < 4; d++) {
            a[d] = m >> d & 1 ? 1 : full[d];
            b[d] = m >> (4 + d) & 1 ? 1 : full[d];
        }
        broadcast_case(a, b);
    }
}

Test(model_op_binary, shapes_that_do_not_fit)
{
    op_case c = { .op = "Add", .opset = 14, .n_inputs = 2 };
    c.input[0] = F32((2, 3), 1, 2, 3, 4, 5, 6), c.input[1] = F32((2), 1, 2);
    op_refuses(&c, FDML_E_DATA, "shapes [2,3] and [2] do not broadcast");
    c.input[1] = I64((3), 1, 2, 3);
    op_refuses(&c, FDML_E_DATA, "input 1 is of type int64, others of float32");
    c.input[0] = F32((1, 3), 1, 2, 3), c.input[1] = NOTHING(F32, (0, 1));
    op_expect(op_run(&c), NOTHING(F32, (0, 3)));
}

Test(model_op_binary, before_operator_set_7)
{
    op_case c = { .op = "Add", .opset = 6, .n_inputs = 2, .n_attrs = 2 };
    c.attr[0] = fdml_attr_int("broadcast", 1), c.attr[1] = fdml_attr_int("axis", 0);
    c.input[0] = F32((2, 3), 1, 2, 3, 4, 5, 6), c.input[1] = F32((2), 10, 20);
    op_expect(op_run(&c), F32((2, 3), 11, 12, 13, 24, 25, 26));
    c.input[1] = F32((3), 10, 20, 30);
    op_refuses(&c, FDML_E_DATA, "shapes [2,3] and [3,1] do not broadcast");
    c.n_attrs = 1; /* without an axis the last ones */
    op_expect(op_run(&c), F32((2, 3), 11, 22, 33, 14, 25, 36));
    c.n_attrs = 0;
    op_refuses(&c, FDML_E_DATA,
               "shapes [2,3] and [3] differ, and operator set 6 does not broadcast them");
    op_case prelu = { .op = "PRelu", .opset = 6, .n_inputs = 2 };
    prelu.input[0] = F32((1, 2, 2), -1, 2, -3, 4), prelu.input[1] = F32((2), 0.5f, 10);
    op_expect(op_run(&prelu), F32((1, 2, 2), -0.5f, 2, -30, 4));
    prelu.opset = 16; /* broadcasts from the right */
    op_expect(op_run(&prelu), F32((1, 2, 2), -0.5f, 2, -1.5f, 4));
    prelu.input[0] = F32((2), -1, 2), prelu.input[1] = F32((2, 2), 1, 2, 3, 4);
    op_refuses(&prelu, FDML_E_DATA, "slope of shape [2,2] for an input of [2]");
}

Test(model_op_binary, integers)
{
    op_case c = { .op = "Div", .opset = 14, .n_inputs = 2 };
    c.input[0] = I32((4), -7, 7, INT32_MIN, 5), c.input[1] = I32((4), 2, -2, -1, 3);
    op_expect(op_run(&c), I32((4), -3, -3, INT32_MIN, 1));
    c.op = "Mod"; /* as Python's % */
    op_expect(op_run(&c), I32((4), 1, -1, 0, 2));
    c.n_attrs = 1, c.attr[0] = fdml_attr_int("fmod", 1); /* as C's */
    op_expect(op_run(&c), I32((4), -1, 1, 0, 2));
    c.n_attrs = 0, c.op = "Add", c.input[0] = U8((2), 200, 1), c.input[1] = U8((2), 100, 1);
    op_expect(op_run(&c), U8((2), 44, 2));
    c.op = "Sub", c.input[0] = U8((2), 1, 9);
    op_expect(op_run(&c), U8((2), 157, 8));
    c.op = "Div", c.input[1] = U8((2), 1, 0);
    op_refuses(&c, FDML_E_DATA, "item 1 of input 1 is 0");
    c.input[0] = OP_TENSOR(U64, uint64_t, (2), UINT64_MAX, 7);
    c.input[1] = OP_TENSOR(U64, uint64_t, (2), 2, 7);
    op_expect(op_run(&c), OP_TENSOR(U64, uint64_t, (2), UINT64_MAX / 2, 1));
    c.op = "Max";
    op_expect(op_run(&c), OP_TENSOR(U64, uint64_t, (2), UINT64_MAX, 7));
    c.op = "Mul", c.input[0] = I64((1), INT64_MAX), c.input[1] = I64((1), 2);
    op_expect(op_run(&c), I64((1), -2));
}

Test(model_op_binary, remainders_of_floats)
{
    op_case c = { .op = "Mod", .opset = 13, .n_inputs = 2 };
    c.input[0] = F32((3), -4.3f, 7.2f, 5), c.input[1] = F32((3), 2.1f, -3.4f, 8);
    op_refuses(&c, FDML_E_DATA, "fmod is 0, but the inputs are of type float32");
    c.n_attrs = 1, c.attr[0] = fdml_attr_int("fmod", 1);
    op_expect(op_run(&c), F32((3), fmodf(-4.3f, 2.1f), fmodf(7.2f, -3.4f), 5));
}

Test(model_op_binary, powers)
{
    op_case c = { .op = "Pow", .opset = 15, .n_inputs = 2 };
    c.input[0] = F32((4), 2, 3, -2, 0), c.input[1] = I64((4), 10, -1, 3, 0);
    op_expect_near(op_run(&c), F32((4), 1024, 1.0f / 3, -8, 1), 1e-7);
    c.input[0] = I32((4), 2, -3, 7, -1), c.input[1] = I32((4), 31, 3, -2, -3);
    op_expect(op_run(&c), I32((4), INT32_MIN, -27, 0, -1));
    c.input[1] = F32((4), 0.5f, 2, 0, 1);
    op_expect(op_run(&c), I32((4), 1, 9, 1, -1)); /* the root of 2, cut */
    c.input[0] = F64((2), 1.5, -2.5), c.input[1] = SCALAR(F64, double, 2);
    op_expect(op_run(&c), F64((2), 2.25, 6.25));
    c.input[1] = SCALAR(F64, double, 0.5);
    op_expect(op_run(&c), F64((2), sqrt(1.5), (double)NAN));
}

Test(model_op_binary, any_number_of_inputs)
{
    op_case c = { .op = "Max", .opset = 13, .n_inputs = 3 };
    c.input[0] = F32((3), 3, NAN, 1), c.input[1] = F32((1), 2), c.input[2] = F32((2, 1), 0, 9);
    op_expect(op_run(&c), F32((2, 3), 3, NAN, 2, 9, NAN, 9));
    c.op = "Min";
    op_expect(op_run(&c), F32((2, 3), 0, NAN, 0, 2, NAN, 1));
    c.op = "Sum", c.input[0] = F32((3), 3, 0, 1);
    op_expect(op_run(&c), F32((2, 3), 5, 2, 3, 14, 11, 12));
    c.op = "Mean";
    op_expect(op_run(&c), F32((2, 3), 5.0f / 3, 2.0f / 3, 1, 14.0f / 3, 11.0f / 3, 4));
    c.n_inputs = 1;
    op_expect(op_run(&c), F32((3), 3, 0, 1));
}

Test(model_op_binary, comparisons)
{
    static const char *const names[] = { "Equal", "Less", "LessOrEqual", "Greater",
                                         "GreaterOrEqual" };
    static const bool want[5][4] = {
        { 0, 0, 1, 0 }, { 1, 0, 0, 0 }, { 1, 0, 1, 0 }, { 0, 1, 0, 0 }, { 0, 1, 1, 0 }
    };
    op_case c = { .opset = 19, .n_inputs = 2 };
    for (int o = 0; o < 5; o++) {
        c.op = names[o];
        c.input[0] = F32((4), 1, 3, 2, NAN), c.input[1] = F32((4), 2, 2, 2, 2);
        op_expect(op_run(&c), op_tensor(FDML_TYPE_BOOL, OP_SHAPE(4), want[o]));
        /* beyond 2^53, where a double would see no difference */
        c.input[0] = I64((3), INT64_MAX - 1, INT64_MAX, INT64_MIN);
        c.input[1] = I64((1), INT64_MAX - 1);
        const bool ints[5][3] = {
            { 1, 0, 0 }, { 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 0 }, { 1, 1, 0 }
        };
        op_expect(op_run(&c), op_tensor(FDML_TYPE_BOOL, OP_SHAPE(3), ints[o]));
        c.input[0] = OP_TENSOR(U64, uint64_t, (1), UINT64_MAX);
        c.input[1] = OP_TENSOR(U64, uint64_t, (1), 1);
        op_expect(op_run(&c), BOOL((1), o >= 3));
    }
    c.op = "Equal", c.input[0] = TEXT((2), "cat", "dog"), c.input[1] = TEXT((1), "dog");
    op_expect(op_run(&c), BOOL((2), 0, 1));
    c.op = "Less";
    op_refuses(&c, FDML_E_UNSUPPORTED, "input 0 of type string is not supported");
}

Test(model_op_binary, truth)
{
    op_case c = { .opset = 7, .n_inputs = 2 };
    c.input[0] = BOOL((2, 1), 0, 1), c.input[1] = BOOL((2), 0, 1);
    c.op = "And";
    op_expect(op_run(&c), BOOL((2, 2), 0, 0, 0, 1));
    c.op = "Or";
    op_expect(op_run(&c), BOOL((2, 2), 0, 1, 1, 1));
    c.op = "Xor";
    op_expect(op_run(&c), BOOL((2, 2), 0, 1, 1, 0));
    c.op = "Not", c.n_inputs = 1;
    op_expect(op_run(&c), BOOL((2, 1), 1, 0));
    c.op = "IsNaN", c.input[0] = F32((4), NAN, 1, INFINITY, -INFINITY);
    op_expect(op_run(&c), BOOL((4), 1, 0, 0, 0));
    c.op = "IsInf";
    op_expect(op_run(&c), BOOL((4), 0, 0, 1, 1));
    c.n_attrs = 1, c.attr[0] = fdml_attr_int("detect_negative", 0);
    op_expect(op_run(&c), BOOL((4), 0, 0, 1, 0));
}

Test(model_op_binary, where)
{
    op_case c = { .op = "Where", .opset = 16, .n_inputs = 3 };
    c.input[0] = BOOL((2, 2), 1, 0, 1, 1);
    c.input[1] = I64((2, 2), 1, 2, 3, 4), c.input[2] = I64((2), 9, 8);
    op_expect(op_run(&c), I64((2, 2), 1, 8, 3, 4));
    c.input[1] = TEXT((1), "yes"), c.input[2] = TEXT((2, 1, 1), "no", "never");
    op_expect(op_run(&c),
              TEXT((2, 2, 2), "yes", "no", "yes", "yes", "yes", "never", "yes", "yes"));
    c.input[2] = F32((1), 1);
    op_refuses(&c, FDML_E_DATA, "X is of type string and Y of float32");
}
