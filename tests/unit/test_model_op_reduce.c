/* test_model_op_reduce.c - reductions over every set of axes against loops in long double;
 * empty sets; ArgMax, CumSum.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "op_case.h"

static const char *const names[] = { "ReduceSum",      "ReduceMean",      "ReduceMax",
                                     "ReduceMin",      "ReduceProd",      "ReduceL1",
                                     "ReduceL2",       "ReduceSumSquare", "ReduceLogSum",
                                     "ReduceLogSumExp" };

static long double begin(int how)
{
    return how == 2 ? -INFINITY : how == 3 ? INFINITY : how == 4 ? 1 : 0;
}

static long double add(int how, long double sum, long double x)
{
    switch (how) {
    case 2:
        return x > sum ? x : sum;
    case 3:
        return x < sum ? x : sum;
    case 4:
        return sum * x;
    case 5:
        return sum + fabsl(x);
    case 6:
    case 7:
        return sum + x * x;
    case 9:
        return sum + expl(x);
    default:
        return sum + x;
    }
}

static long double end(int how, long double sum, size_t n)
{
    if (how == 1) return sum / (long double)n;
    if (how == 6) return sqrtl(sum);
    return how >= 8 ? logl(sum) : sum;
}

enum { D = 4 };

/* Axes as the bits of `set`; the expected values for keepdims. */
static void reduce_case(const size_t dim[D], unsigned set, int how, bool is_double)
{
    static float x[9000], y[9000];
    static double wide_x[9000], wide_y[9000];
    static long double sum[9000];
    size_t kept[D], n = 1, n_out = 1, n_axes = 0;
    int64_t axes[D];
    for (int d = 0; d < D; d++) {
        n *= dim[d];
        kept[d] = set >> d & 1 ? 1 : dim[d];
        n_out *= kept[d];
        if (set >> d & 1) axes[n_axes++] = d % 2 ? d : d - D; /* some from the end */
    }
    for (size_t i = 0; i < n_out; i++) sum[i] = begin(how);
    for (size_t i = 0; i < n; i++) {
        x[i] = 0.5f + (float)(i * 37 % 101) / 128;
        wide_x[i] = (double)x[i];
        size_t at[D], rest = i, out = 0;
        for (int d = D - 1; d >= 0; d--) at[d] = rest % dim[d], rest /= dim[d];
        for (int d = 0; d < D; d++) out = out * kept[d] + (kept[d] == 1 ? 0 : at[d]);
        sum[out] = add(how, sum[out], (long double)x[i]);
    }
    for (size_t i = 0; i < n_out; i++) {
        wide_y[i] = (double)end(how, sum[i], n / n_out);
        y[i] = (float)wide_y[i];
    }
    op_case c = { .op = names[how], .opset = 18, .n_inputs = 2 };
    c.input[0] = op_tensor(is_double ? FDML_TYPE_F64 : FDML_TYPE_F32, D, dim,
                           is_double ? (void *)wide_x : (void *)x);
    c.input[1] = op_tensor(FDML_TYPE_I64, 1, &n_axes, axes);
    if (set == 0) return;
    op_expect_near(op_run(&c),
                   op_tensor(is_double ? FDML_TYPE_F64 : FDML_TYPE_F32, D, kept,
                             is_double ? (void *)wide_y : (void *)y),
                   is_double ? 1e-13 : 1.2e-7);
}

Test(model_op_reduce, every_set_of_axes)
{
    for (unsigned set = 1; set < 16; set++)
        for (int how = 0; how < 10; how++)
            for (int is_double = 0; is_double < 2; is_double++) {
                reduce_case((size_t[D]){ 2, 3, 4, 5 }, set, how, is_double);
                reduce_case((size_t[D]){ 3, 1, 2, 300 }, set, how, is_double);
                reduce_case((size_t[D]){ 1, 70, 1, 9 }, set, how, is_double);
            }
}

Test(model_op_reduce, axes_and_keepdims)
{
    op_case c = { .op = "ReduceSum", .opset = 11, .n_inputs = 1, .n_attrs = 2 };
    c.input[0] = F32((2, 1, 3), 1, 2, 3, 4, 5, 6);
    c.attr[0] = fdml_attr_ints("axes", INTS(-1)), c.attr[1] = fdml_attr_int("keepdims", 0);
    op_expect(op_run(&c), F32((2, 1), 6, 15));
    c.attr[0] = c.attr[1], c.n_attrs = 1; /* no axes: all */
    op_expect(op_run(&c), SCALAR(F32, float, 21));
    c.opset = 13, c.n_inputs = 2, c.input[1] = NOTHING(I64, (0));
    op_expect(op_run(&c), SCALAR(F32, float, 21));
    c.attr[1] = fdml_attr_int("noop_with_empty_axes", 1), c.n_attrs = 2;
    op_expect(op_run(&c), F32((2, 1, 3), 1, 2, 3, 4, 5, 6));
    c.input[1] = I64((2), 1, -2);
    op_refuses(&c, FDML_E_DATA, "axis -2 is given twice");
    c.input[1] = I64((1), 3);
    op_refuses(&c, FDML_E_DATA, "axis 3 of an input of 3 dimensions");
    c.hides_data = 2;
    op_refuses(
        &c, FDML_E_UNSUPPORTED,
        "the shape depends on the values of input 1 \"\", which are only known in a run");
}

Test(model_op_reduce, integers)
{
    op_case c = { .op = "ReduceSum", .opset = 13, .n_inputs = 1 };
    c.input[0] = U8((1, 3), 200, 100, 7);
    op_expect(op_run(&c), U8((1, 1), 51)); /* modulo 256 */
    c.op = "ReduceMean", c.input[0] = I32((1, 3), -7, 0, 3);
    op_expect(op_run(&c), I32((1, 1), -1));
    c.op = "ReduceMax", c.input[0] = OP_TENSOR(U64, uint64_t, (2), 1, UINT64_MAX);
    op_expect(op_run(&c), OP_TENSOR(U64, uint64_t, (1), UINT64_MAX));
    c.op = "ReduceMin", c.input[0] = BOOL((2), 1, 0), c.opset = 20;
    op_expect(op_run(&c), BOOL((1), 0));
    c.op = "ReduceL2", c.input[0] = I64((2), 3, -4);
    op_expect(op_run(&c), I64((1), 5));
    c.op = "ReduceL1";
    op_expect(op_run(&c), I64((1), 7));
}

Test(model_op_reduce, empty_sets)
{
    static const float want[] = {
        0, NAN, -INFINITY, INFINITY, 1, 0, 0, 0, -INFINITY, -INFINITY
    };
    for (int how = 0; how < 10; how++) {
        op_case c = { .op = names[how], .opset = 20, .n_inputs = 2 };
        c.input[0] = NOTHING(F32, (2, 0, 1)), c.input[1] = I64((1), 1);
        op_expect(op_run(&c), F32((2, 1, 1), want[how], want[how]));
    }
    op_case c = { .op = "ReduceMax", .opset = 20, .n_inputs = 1 };
    c.input[0] = NOTHING(I32, (0));
    op_expect(op_run(&c), I32((1), INT32_MIN));
    c.op = "ReduceMin", c.input[0] = NOTHING(U8, (0));
    op_expect(op_run(&c), U8((1), 255));
    c.input[0] = NOTHING(I64, (0));
    op_expect(op_run(&c), I64((1), INT64_MAX));
}

Test(model_op_reduce, special_values)
{
    op_case c = { .op = "ReduceLogSumExp", .opset = 18, .n_inputs = 1 };
    c.input[0] = F32((2), 1000, 1000);
    op_expect_near(op_run(&c), F32((1), 1000.6931472f), 1e-7);
    c.input[0] = F32((2), INFINITY, 1);
    op_expect(op_run(&c), F32((1), INFINITY));
    c.op = "ReduceMax", c.input[0] = F32((3), 1, NAN, 2);
    op_expect(op_run(&c), F32((1), NAN));
}

Test(model_op_reduce, threads)
{
    static float x[70000], first[70000];
    for (int i = 0; i < 70000; i++) x[i] = (float)(i % 991) / 991;
    op_case c = { .op = "ReduceSum", .opset = 13, .n_inputs = 2, .n_threads = 1 };
    c.input[0] = op_tensor(FDML_TYPE_F32, OP_SHAPE(7, 100, 100), x), c.input[1] = I64((1), 1);
    memcpy(first, op_run(&c)->data, 700 * sizeof *first);
    c.n_threads = 3;
    cr_assert_eq(memcmp(first, op_run(&c)->data, 700 * sizeof *first), 0);
}

Test(model_op_reduce, arg_extremes)
{
    op_case c = { .op = "ArgMax", .opset = 13, .n_inputs = 1, .n_attrs = 3 };
    c.input[0] = F32((2, 3), 2, 7, 7, 5, NAN, 9);
    c.attr[0] = fdml_attr_int("axis", -1), c.attr[1] = fdml_attr_int("keepdims", 0);
    c.attr[2] = fdml_attr_int("select_last_index", 0);
    op_expect(op_run(&c), I64((2), 1, 1));
    c.attr[2] = fdml_attr_int("select_last_index", 1);
    op_expect(op_run(&c), I64((2), 2, 1));
    c.op = "ArgMin", c.n_attrs = 1, c.attr[0] = fdml_attr_int("axis", 0);
    c.input[0] = OP_TENSOR(U64, uint64_t, (2, 2), UINT64_MAX, 3, 5, 3);
    op_expect(op_run(&c), I64((1, 2), 1, 0));
    c.input[0] = NOTHING(F32, (0, 2));
    op_refuses(&c, FDML_E_DATA, "axis 0 has no items to choose from");
}

Test(model_op_reduce, running_sums)
{
    op_case c = { .op = "CumSum", .opset = 14, .n_inputs = 2 };
    c.input[0] = F32((2, 3), 1, 2, 3, 4, 5, 6), c.input[1] = SCALAR(I32, int32_t, -1);
    op_expect(op_run(&c), F32((2, 3), 1, 3, 6, 4, 9, 15));
    c.n_attrs = 2;
    c.attr[0] = fdml_attr_int("reverse", 1), c.attr[1] = fdml_attr_int("exclusive", 1);
    op_expect(op_run(&c), F32((2, 3), 5, 3, 0, 11, 6, 0));
    c.input[0] = I64((2, 1), 5, 7), c.input[1] = SCALAR(I64, int64_t, 0);
    op_expect(op_run(&c), I64((2, 1), 7, 0));
}

Test(model_op_reduce, mean_variance)
{
    op_case c = { .op = "MeanVarianceNormalization", .opset = 13, .n_inputs = 1 };
    c.input[0] = F32((2, 2, 1, 1), 1, 10, 3, 30);
    op_expect_near(op_run(&c), F32((2, 2, 1, 1), -1, -1, 1, 1), 1e-7);
}
