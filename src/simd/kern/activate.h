/* activate.h - functions of one number, along a row of floats, or of doubles.
 *
 * Each formula stands twice, for sixteen floats and for a double: the second serves networks in
 * double precision, which are rare. Comparisons are written so that NaN falls through.
 * SPDX-License-Identifier: MIT */

#define SQRT_HALF 0.70710678118654752440
#define SQRT_2_PI 0.79788456080286535588 /* sqrt(2 / pi) */
#define GELU_CUBE 0.044715

/* --- sixteen floats ---------------------------------------------------------------------- */

/* clang-format off */ /* one function a line, where it fits */
#define ACT(name) VEC vf act_##name(vf x, vf alpha, vf beta)
#define UNUSED (void)alpha, (void)beta

ACT(identity) { UNUSED; return x; }
ACT(relu) { UNUSED; return vf_max(vf_zero(), x); }
ACT(leaky_relu) { UNUSED; return vf_select(vf_lt(x, vf_zero()), vf_mul(alpha, x), x); }
ACT(thresholded_relu) { UNUSED; return vf_select(vf_le(x, alpha), vf_zero(), x); }
ACT(clip) { return vf_min(beta, vf_max(alpha, x)); }
ACT(elu) { UNUSED; return vf_select(vf_lt(x, vf_zero()), vf_mul(alpha, vf_expm1(x)), x); }
ACT(selu)
{
    return vf_mul(beta, vf_select(vf_lt(x, vf_zero()), vf_mul(alpha, vf_expm1(x)), x));
}
ACT(celu)
{
    UNUSED;
    const vf below = vf_mul(alpha, vf_expm1(vf_div(x, alpha)));
    return vf_select(vf_lt(x, vf_zero()), below, x);
}
VEC vf one_plus_exp_minus(vf x) { return vf_add(vf_set1(1), vf_exp(vf_sub(vf_zero(), x))); }
ACT(sigmoid) { UNUSED; return vf_div(vf_set1(1), one_plus_exp_minus(x)); }
ACT(silu) { UNUSED; return vf_div(x, one_plus_exp_minus(x)); }
ACT(hard_sigmoid)
{
    return vf_min(vf_set1(1), vf_max(vf_zero(), vf_fma(alpha, x, beta)));
}
ACT(hard_swish)
{
    UNUSED;
    return vf_mul(x, act_hard_sigmoid(x, vf_set1(1.0f / 6), vf_set1(0.5f)));
}
ACT(softplus) /* max(x, 0) + log(1 + e^-|x|): nothing overflows */
{
    UNUSED;
    const vf rest = vf_log1p(vf_exp(vf_sub(vf_zero(), vf_abs(x))));
    return vf_add(vf_max(vf_zero(), x), rest);
}
ACT(mish) { return vf_mul(x, vf_tanh(act_softplus(x, alpha, beta))); }
ACT(softsign) { UNUSED; return vf_div(x, vf_add(vf_set1(1), vf_abs(x))); }
ACT(tanh) { UNUSED; return vf_tanh(x); }
ACT(gelu)
{
    UNUSED;
    const vf half = vf_mul(vf_set1(0.5f), x);
    return vf_fma(half, vf_erf(vf_mul(x, vf_set1((float)SQRT_HALF))), half);
}
ACT(gelu_tanh)
{
    UNUSED;
    const vf half = vf_mul(vf_set1(0.5f), x);
    const vf inner = vf_fma(vf_mul(vf_mul(x, x), vf_set1((float)GELU_CUBE)), x, x);
    return vf_fma(half, vf_tanh(vf_mul(inner, vf_set1((float)SQRT_2_PI))), half);
}
ACT(erf) { UNUSED; return vf_erf(x); }
ACT(exp) { UNUSED; return vf_exp(x); }
ACT(log) { UNUSED; return vf_log(x); }
ACT(sqrt) { UNUSED; return one_nan(vf_sqrt(x)); }
ACT(reciprocal) { UNUSED; return vf_div(vf_set1(1), x); }
ACT(abs) { UNUSED; return vf_abs(x); }
ACT(neg) { UNUSED; return vf_mul(vf_set1(-1), x); }
ACT(sign)
{
    UNUSED;
    const vf positive = vf_select(vf_lt(vf_zero(), x), vf_set1(1), x);
    return vf_select(vf_lt(x, vf_zero()), vf_set1(-1), positive);
}
ACT(floor) { UNUSED; return vf_floor(x); }
ACT(ceil) { UNUSED; return vf_ceil(x); }
ACT(round) { UNUSED; return vf_round(x); }
ACT(sin) { UNUSED; return vf_sin(x); }
ACT(cos) { UNUSED; return vf_cos(x); }
#undef ACT

/* --- one double -------------------------------------------------------------------------- */

#define ACT(name) VEC double wide_##name(double x, double alpha, double beta)

ACT(identity) { UNUSED; return x; }
ACT(relu) { UNUSED; return x < 0 ? 0 : x; }
ACT(leaky_relu) { UNUSED; return x < 0 ? alpha * x : x; }
ACT(thresholded_relu) { UNUSED; return x <= alpha ? 0 : x; }
ACT(clip)
{
    const double y = alpha > x ? alpha : x;
    return beta < y ? beta : y;
}
ACT(elu) { UNUSED; return x < 0 ? alpha * double_expm1(x) : x; }
ACT(selu) { return beta * (x < 0 ? alpha * double_expm1(x) : x); }
ACT(celu) { UNUSED; return x < 0 ? alpha * double_expm1(x / alpha) : x; }
ACT(sigmoid) { UNUSED; return 1 / (1 + double_exp(-x)); }
ACT(silu) { UNUSED; return x / (1 + double_exp(-x)); }
ACT(hard_sigmoid) { return wide_clip(fma(alpha, x, beta), 0, 1); }
ACT(hard_swish) { UNUSED; return x * wide_hard_sigmoid(x, 1.0 / 6, 0.5); }
ACT(softplus) { UNUSED; return wide_relu(x, 0, 0) + double_log1p(double_exp(-fabs(x))); }
ACT(mish) { return x * double_tanh(wide_softplus(x, alpha, beta)); }
ACT(softsign) { UNUSED; return x / (1 + fabs(x)); }
ACT(tanh) { UNUSED; return double_tanh(x); }
ACT(gelu) { UNUSED; return fma(x / 2, double_erf(x * SQRT_HALF), x / 2); }
ACT(gelu_tanh)
{
    UNUSED;
    return fma(x / 2, double_tanh(fma(x * x * GELU_CUBE, x, x) * SQRT_2_PI), x / 2);
}
ACT(erf) { UNUSED; return double_erf(x); }
ACT(exp) { UNUSED; return double_exp(x); }
ACT(log) { UNUSED; return double_log(x); }
ACT(sqrt) { UNUSED; return sqrt(x); }
ACT(reciprocal) { UNUSED; return 1 / x; }
ACT(abs) { UNUSED; return fabs(x); }
ACT(neg) { UNUSED; return -x; }
ACT(sign) { UNUSED; return x > 0 ? 1 : x < 0 ? -1 : x; }
ACT(floor) { UNUSED; return floor(x); }
ACT(ceil) { UNUSED; return ceil(x); }
ACT(round) { UNUSED; return rint(x); }
ACT(sin) { UNUSED; return double_sin(x); }
ACT(cos) { UNUSED; return double_cos(x); }
#undef ACT
#undef UNUSED

/* --- rows -------------------------------------------------------------------------------- */

#define EVERY_ACT(ROW)                                                                         \
    ROW(IDENTITY, identity) ROW(RELU, relu) ROW(LEAKY_RELU, leaky_relu)                        \
    ROW(THRESHOLDED_RELU, thresholded_relu) ROW(CLIP, clip) ROW(ELU, elu) ROW(SELU, selu)      \
    ROW(CELU, celu) ROW(SIGMOID, sigmoid) ROW(HARD_SIGMOID, hard_sigmoid)                      \
    ROW(HARD_SWISH, hard_swish) ROW(SILU, silu) ROW(MISH, mish) ROW(SOFTPLUS, softplus)        \
    ROW(SOFTSIGN, softsign) ROW(TANH, tanh) ROW(GELU, gelu) ROW(GELU_TANH, gelu_tanh)          \
    ROW(ERF, erf) ROW(EXP, exp) ROW(LOG, log) ROW(SQRT, sqrt) ROW(RECIPROCAL, reciprocal)      \
    ROW(ABS, abs) ROW(NEG, neg) ROW(SIGN, sign) ROW(FLOOR, floor) ROW(CEIL, ceil)              \
    ROW(ROUND, round) ROW(SIN, sin) ROW(COS, cos)
/* clang-format on */

/* Sixteen at a time; beside the last whole sixteen, zeros are computed and not stored. */
#define FLOAT_ROW(KIND, f)                                                                     \
    case FDML_ACT_##KIND:                                                                      \
        for (; i + VL <= n; i += VL) vf_store(y + i, act_##f(vf_load(x + i), a, b));           \
        if (i < n) vf_store_n(y + i, n - i, act_##f(vf_load_n(x + i, n - i, 0), a, b));        \
        break;
#define DOUBLE_ROW(KIND, f)                                                                    \
    case FDML_ACT_##KIND:                                                                      \
        for (; i < n; i++) y[i] = wide_##f(x[i], alpha, beta);                                 \
        break;

static void k_activate(float *y, const float *x, size_t n, int kind, float alpha, float beta)
{
    const vf a = vf_set1(alpha), b = vf_set1(beta);
    size_t i = 0;
    switch ((fdml_act)kind) {
        EVERY_ACT(FLOAT_ROW)
    case FDML_ACT_COUNT:
        break;
    }
}

static void k_activate_double(double *y, const double *x, size_t n, int kind, double alpha,
                              double beta)
{
    size_t i = 0;
    switch ((fdml_act)kind) {
        EVERY_ACT(DOUBLE_ROW)
    case FDML_ACT_COUNT:
        break;
    }
}

#undef EVERY_ACT
#undef FLOAT_ROW
#undef DOUBLE_ROW
