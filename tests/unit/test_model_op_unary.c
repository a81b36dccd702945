/* test_model_op_unary.c - functions of one input: against the C library, in every type.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "data/dtype.h"
#include "data/minifloat.h"
#include "op_case.h"

static double softplus(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

/* By the specification, with its default attributes. */
static double exact(const char *op, double x)
{
    const double a = 1.67326319217681884765625, g = 1.05070102214813232421875;
    const char *const names[] = {
        "Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu"
    };
    const double values[] = { x < 0 ? 0 : x,
                              x < 0 ? (double)0.01f * x : x,
                              x > 1 ? x : 0,
                              x < 0 ? exp(x) - 1 : x,
                              x <= 0 ? g * (a * exp(x) - a) : g * x,
                              fmax(0, x) + fmin(0, exp(x) - 1) };
    for (size_t i = 0; i < 6; i++)
        if (!strcmp(op, names[i])) return values[i];
    if (!strcmp(op, "Sigmoid")) return 1 / (1 + exp(-x));
    if (!strcmp(op, "HardSigmoid")) return fmax(0, fmin(1, (double)0.2f * x + 0.5));
    if (!strcmp(op, "HardSwish")) return x * fmax(0, fmin(1, x / 6 + 0.5));
    if (!strcmp(op, "Mish")) return x * tanh(softplus(x));
    if (!strcmp(op, "Softplus")) return softplus(x);
    if (!strcmp(op, "Softsign")) return x / (1 + fabs(x));
    if (!strcmp(op, "Tanh")) return tanh(x);
    if (!strcmp(op, "Gelu")) return 0.5 * x * (1 + erf(x / sqrt(2)));
    if (!strcmp(op, "Erf")) return erf(x);
    if (!strcmp(op, "Exp")) return exp(x);
    if (!strcmp(op, "Log")) return log(x);
    if (!strcmp(op, "Sqrt")) return sqrt(x);
    if (!strcmp(op, "Reciprocal")) return 1 / x;
    if (!strcmp(op, "Abs")) return fabs(x);
    if (!strcmp(op, "Neg")) return -x;
    if (!strcmp(op, "Sign")) return (x > 0) - (x < 0);
    if (!strcmp(op, "Floor")) return floor(x);
    if (!strcmp(op, "Ceil")) return ceil(x);
    if (!strcmp(op, "Round")) return nearbyint(x);
    if (!strcmp(op, "Sin")) return sin(x);
    return cos(x);
}

static const char *const all[] = {
    "Relu",        "LeakyRelu",  "ThresholdedRelu",
    "Elu",         "Selu",       "Celu",
    "Sigmoid",     "Mish",       "Softplus",
    "HardSigmoid", "Tanh",       "Softsign",
    "HardSwish",   "Gelu",       "Erf",
    "Exp",         "Log",        "Sqrt",
    "Abs",         "Reciprocal", "Neg",
    "Sign",        "Floor",      "Ceil",
    "Sin",         "Round",      "Cos",
};

enum { N = 700 };

Test(model_op_unary, floats_doubles_and_halves)
{
    static float f32[N], want32[N];
    static double f64[N], want64[N];
    static uint16_t f16[N], want16[N];
    for (size_t o = 0; o < sizeof all / sizeof *all; o++) {
        const bool is_positive = !strcmp(all[o], "Log") || !strcmp(all[o], "Sqrt");
        for (int i = 0; i < N; i++) {
            const float x = (float)(i + (is_positive ? 1 : -N / 2)) / 32 + (i % 2 ? 0 : 1e-3f);
            f16[i] = fdml_minifloat_round(&fdml_half, (double)x, false);
            f32[i] = x, f64[i] = (double)x;
            want32[i] = (float)exact(all[o], (double)f32[i]);
            want64[i] = exact(all[o], f64[i]);
            want16[i] = fdml_minifloat_round(
                &fdml_half, exact(all[o], (double)fdml_float_from_half(f16[i])), false);
        }
        op_case c = { .op = all[o], .opset = 20, .n_inputs = 1 };
        c.input[0] = op_tensor(FDML_TYPE_F32, OP_SHAPE(7, 100), f32);
        op_expect_near(op_run(&c), op_tensor(FDML_TYPE_F32, OP_SHAPE(7, 100), want32), 5e-7);
        c.input[0] = op_tensor(FDML_TYPE_F64, OP_SHAPE(N), f64);
        op_expect_near(op_run(&c), op_tensor(FDML_TYPE_F64, OP_SHAPE(N), want64), 1e-15);
        c.input[0] = op_tensor(FDML_TYPE_F16, OP_SHAPE(N), f16);
        op_expect_near(op_run(&c), op_tensor(FDML_TYPE_F16, OP_SHAPE(N), want16), 0x1p-10);
    }
}

Test(model_op_unary, attributes)
{
    const fdml_tensor x = F32((3), -1, 0, 2);
    op_case c = { .op = "LeakyRelu", .opset = 6, .n_inputs = 1, .input = { x } };
    c.n_attrs = 1;
    c.attr[0] = fdml_attr_float("alpha", 0.5f);
    op_expect(op_run(&c), F32((3), -0.5f, 0, 2));
    c.op = "Elu";
    op_expect_near(op_run(&c), F32((3), (float)(0.5 * (exp(-1) - 1)), 0, 2), 1e-7);
    c.op = "Celu";
    op_expect_near(op_run(&c), F32((3), (float)(0.5 * (exp(-2) - 1)), 0, 2), 1e-7);
    c.op = "ThresholdedRelu";
    c.attr[0] = fdml_attr_float("alpha", -1);
    op_expect(op_run(&c), F32((3), 0, 0, 2)); /* strictly above */
    c.op = "Selu", c.n_attrs = 2;
    c.attr[0] = fdml_attr_float("alpha", 2), c.attr[1] = fdml_attr_float("gamma", 3);
    op_expect_near(op_run(&c), F32((3), (float)(6 * (exp(-1) - 1)), 0, 6), 1e-6);
    c.op = "HardSigmoid";
    c.attr[0] = fdml_attr_float("alpha", 0.5f), c.attr[1] = fdml_attr_float("beta", 0.6f);
    op_expect_near(op_run(&c), F32((3), 0.1f, 0.6f, 1), 1e-7);
    c.op = "Gelu", c.n_attrs = 1;
    c.attr[0] = fdml_attr_string("approximate", "tanh");
    op_expect_near(op_run(&c), F32((3), -0.15880801f, 0, 1.9545977f), 1e-7); /* PyTorch */
    c.attr[0] = fdml_attr_string("approximate", "fast");
    op_refuses(&c, FDML_E_UNSUPPORTED, "approximate is \"fast\", expected none or tanh");
}

Test(model_op_unary, integers)
{
    op_case c = { .op = "Abs", .opset = 14, .n_inputs = 1 };
    c.input[0] = I64((3), INT64_MIN, -5, 5);
    op_expect(op_run(&c), I64((3), INT64_MIN, 5, 5));
    c.op = "Sign";
    op_expect(op_run(&c), I64((3), -1, -1, 1));
    c.op = "Relu";
    op_expect(op_run(&c), I64((3), 0, 0, 5));
    c.op = "Neg", c.input[0] = I32((2), INT32_MIN, 7);
    op_expect(op_run(&c), I32((2), INT32_MIN, -7));
    c.op = "Sign", c.input[0] = OP_TENSOR(U64, uint64_t, (2), UINT64_MAX, 0);
    op_expect(op_run(&c), OP_TENSOR(U64, uint64_t, (2), 1, 0));
    c.op = "Exp";
    op_refuses(&c, FDML_E_UNSUPPORTED, "input 0 of type uint64 is not supported");
    c.op = "Relu", c.input[0] = TEXT((1), "a");
    op_refuses(&c, FDML_E_UNSUPPORTED, "input 0 of type string is not supported");
}

Test(model_op_unary, nan_stays)
{
    for (size_t o = 0; o < sizeof all / sizeof *all; o++) {
        op_case c = { .op = all[o], .opset = 20, .n_inputs = 1 };
        c.input[0] = F32((1), NAN);
        op_expect(op_run(&c), F32((1), NAN));
        c.input[0] = F64((1), (double)NAN);
        op_expect(op_run(&c), F64((1), (double)NAN));
    }
}

Test(model_op_unary, clip)
{
    op_case c = { .op = "Clip", .opset = 13, .n_inputs = 3 };
    c.input[0] = F32((5), -3, 0.5f, 3, NAN, -INFINITY);
    c.input[1] = SCALAR(F32, float, -1), c.input[2] = SCALAR(F32, float, 1);
    op_expect(op_run(&c), F32((5), -1, 0.5f, 1, NAN, -1));
    c.input[1].type = FDML_TYPE_NONE;
    op_expect(op_run(&c), F32((5), -3, 0.5f, 1, NAN, -INFINITY));
    c.input[1] = SCALAR(F32, float, 2); /* the upper limit has the last word */
    op_expect(op_run(&c), F32((5), 1, 1, 1, NAN, 1));
    c.input[0] = OP_TENSOR(U64, uint64_t, (3), 1, UINT64_MAX, 5), c.n_inputs = 2;
    c.input[1] = SCALAR(U64, uint64_t, 3);
    op_expect(op_run(&c), OP_TENSOR(U64, uint64_t, (3), 3, UINT64_MAX, 5));
    c.input[0] = OP_TENSOR(I8, int8_t, (3), -128, 0, 127), c.input[1] = SCALAR(I8, int8_t, -2);
    op_expect(op_run(&c), OP_TENSOR(I8, int8_t, (3), -2, 0, 127));
    c.input[1] = SCALAR(F32, float, 0);
    op_refuses(&c, FDML_E_DATA, "input 1 is of type float32, others of int8");
    op_case old = { .op = "Clip", .opset = 6, .n_inputs = 1 };
    old.input[0] = F32((3), -INFINITY, 2, 7);
    op_expect(op_run(&old), F32((3), -FLT_MAX, 2, 7));
    old.n_attrs = 1, old.attr[0] = fdml_attr_float("max", 6);
    op_expect(op_run(&old), F32((3), -FLT_MAX, 2, 6));
}

/* Long enough for several blocks: any number of threads, the same bits. */
Test(model_op_unary, threads)
{
    enum { MANY = 100003 };
    static float x[MANY], first[MANY];
    for (int i = 0; i < MANY; i++) x[i] = (float)(i % 4001 - 2000) / 137;
    op_case c = { .op = "Mish", .opset = 18, .n_inputs = 1, .n_threads = 1 };
    c.input[0] = op_tensor(FDML_TYPE_F32, OP_SHAPE(MANY), x);
    memcpy(first, op_run(&c)->data, sizeof first);
    c.n_threads = 3;
    cr_assert_eq(memcmp(first, op_run(&c)->data, sizeof first), 0);
}
