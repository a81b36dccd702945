/* check_math.c - functions of one number and of two, against the C library in long double.
 *
 * Each bound is derived from the steps of the formula in kern/activate.h: SLEEF's functions
 * are within 1 ulp, every other step within half of one. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kcheck.h"

typedef long double wide;

static wide low_of(wide x, wide low)
{
    return x > low || isnan(x) ? x : low;
}

static wide clip(wide x, wide low, wide high)
{
    const wide y = low_of(x, low);
    return y > high ? high : y;
}

static wide softplus(wide x)
{
    return low_of(x, 0) + log1pl(expl(-fabsl(x)));
}

static wide below_zero(wide x, wide value)
{
    return x < 0 ? value : x;
}

/* By definition, of what the kernel is given: 1/6 is the float nearest to it. */
static wide exact_act(fdml_act kind, wide x, wide alpha, wide beta, wide sixth)
{
    switch (kind) {
    case FDML_ACT_RELU:
        return low_of(x, 0);
    case FDML_ACT_LEAKY_RELU:
        return below_zero(x, alpha * x);
    case FDML_ACT_THRESHOLDED_RELU:
        return x > alpha || isnan(x) ? x : 0;
    case FDML_ACT_CLIP:
        return clip(x, alpha, beta);
    case FDML_ACT_ELU:
        return below_zero(x, alpha * expm1l(x));
    case FDML_ACT_SELU:
        return beta * below_zero(x, alpha * expm1l(x));
    case FDML_ACT_CELU:
        return below_zero(x, alpha * expm1l(x / alpha));
    case FDML_ACT_SIGMOID:
        return 1 / (1 + expl(-x));
    case FDML_ACT_HARD_SIGMOID:
        return clip(alpha * x + beta, 0, 1);
    case FDML_ACT_HARD_SWISH:
        return x * clip(sixth * x + 0.5L, 0, 1);
    case FDML_ACT_SILU:
        return x / (1 + expl(-x));
    case FDML_ACT_MISH:
        return x * tanhl(softplus(x));
    case FDML_ACT_SOFTPLUS:
        return softplus(x);
    case FDML_ACT_SOFTSIGN:
        return x / (1 + fabsl(x));
    case FDML_ACT_TANH:
        return tanhl(x);
    case FDML_ACT_GELU:
        return x / 2 * erfcl(-x * sqrtl(0.5L));
    case FDML_ACT_GELU_TANH:
        return x / 2 * (1 + tanhl(sqrtl(2 / acosl(-1)) * (x + 0.044715L * x * x * x)));
    case FDML_ACT_ERF:
        return erfl(x);
    case FDML_ACT_EXP:
        return expl(x);
    case FDML_ACT_LOG:
        return logl(x);
    case FDML_ACT_SQRT:
        return sqrtl(x);
    case FDML_ACT_RECIPROCAL:
        return 1 / x;
    case FDML_ACT_ABS:
        return fabsl(x);
    case FDML_ACT_NEG:
        return -x;
    case FDML_ACT_SIGN:
        return x > 0 ? 1 : x < 0 ? -1 : x;
    case FDML_ACT_FLOOR:
        return floorl(x);
    case FDML_ACT_CEIL:
        return ceill(x);
    case FDML_ACT_ROUND:
        return isinf(x) ? x
                        : x - remainderl(
                                  x, 1); /* the remainder's quotient is rounded half to even */
    case FDML_ACT_SIN:
        return sinl(x);
    case FDML_ACT_COS:
        return cosl(x);
    default:
        return x;
    }
}

/* Allowed: n_ulp of the result, and n_units halves of the last place of x, for the forms that
 * subtract nearly equal parts of x. */
static const struct {
    double n_ulp, n_units;
} allowed[FDML_ACT_COUNT] = {
    [FDML_ACT_LEAKY_RELU] = { 0.5, 0 },   /* one product */
    [FDML_ACT_ELU] = { 2, 0 },            /* expm1 and a product */
    [FDML_ACT_SELU] = { 2.5, 0 },         /* and another */
    [FDML_ACT_CELU] = { 3, 0 },           /* a quotient moves expm1 by at most its own error */
    [FDML_ACT_SIGMOID] = { 4, 0 },        /* exp, sum, quotient; an ulp is up to two halves */
    [FDML_ACT_SILU] = { 4, 0 },           /* the same */
    [FDML_ACT_HARD_SIGMOID] = { 0.5, 0 }, /* one fma */
    [FDML_ACT_HARD_SWISH] = { 2, 0 },     /* and a product */
    [FDML_ACT_SOFTPLUS] = { 4, 0 },       /* exp, log1p, sum */
    [FDML_ACT_MISH] = { 7, 0 },           /* and tanh, product */
    [FDML_ACT_SOFTSIGN] = { 2, 0 },       /* sum, quotient */
    [FDML_ACT_TANH] = { 1.001, 0 },       /* of tiny x it is the float beside x */
    [FDML_ACT_GELU] = { 0.5, 2 },         /* erf's ulp and its argument's, times x / 2 */
    [FDML_ACT_GELU_TANH] = { 0.5, 3 },    /* tanh's ulp and 3.5 of its argument */
    [FDML_ACT_ERF] = { 1.01, 0 },         /* at the edge of the denormals; the rest is 1 */
    [FDML_ACT_EXP] = { 1, 0 },
    [FDML_ACT_LOG] = { 1, 0 },
    [FDML_ACT_SQRT] = { 0.5, 0 },
    [FDML_ACT_RECIPROCAL] = { 0.5, 0 },
    [FDML_ACT_SIN] = { 1, 0 },
    [FDML_ACT_COS] = { 1, 0 },
};

static wide ulp_of(wide x, int digits, int lowest)
{
    int exponent;
    frexpl(x, &exponent);
    return ldexpl(1, exponent - digits > lowest ? exponent - digits : lowest);
}

/* Where the type ends: what the format's own last place says of results near zero, and an
 * exponential that overflows on the way to a tiny quotient. */
typedef struct format {
    int digits, lowest;
    wide max, least_normal;
} format;
static const format of_float = { 24, -149, FLT_MAX, FLT_MIN };
static const format of_double = { 53, -1074, DBL_MAX, DBL_MIN };

static bool act_is_near(kcheck *t, const format *f, fdml_act kind, wide x, wide got, wide want)
{
    if (isnan(want)) return isnan(got) || kc_fail(t, "kind %d of %.17Lg is no NaN", kind, x);
    if (got == want) return true;
    const wide size = isinf(x) ? 0 : fabsl(x);
    wide bound = (wide)allowed[kind].n_ulp * ulp_of(want, f->digits, f->lowest) +
                 (wide)allowed[kind].n_units * ldexpl(size, -f->digits);
    if (allowed[kind].n_ulp > 1 || allowed[kind].n_units > 0)
        bound += ldexpl(4 * (1 + size), f->lowest);
    if (kind == FDML_ACT_SIGMOID) bound += f->least_normal;
    if (kind == FDML_ACT_SILU) bound += f->least_normal * size;
    if (isinf(got)) return fabsl(want) + bound >= f->max && (got > 0) == (want > 0);
    if (fabsl(got - want) <= bound) return true;
    return kc_fail(t, "kind %d of %.17Lg is %.17Lg, expected %.17Lg +- %.3Lg", kind, x, got,
                   want, bound);
}

/* Edges, the range where functions bend, and any bit pattern. */
static float any_float(kcheck *t)
{
    static const float edges[] = { 0.0f,     -0.0f,   1.0f,     -1.0f,     0.5f,   -0.5f,
                                   1.5f,     2.5f,    -2.5f,    88.8f,     -88.8f, -104.0f,
                                   0x1p-149, -1e-45f, INFINITY, -INFINITY, NAN,    FLT_MAX,
                                   -FLT_MAX, 3.0f,    -3.0f,    0x1p23f,   -87.5f, 9.1f };
    const uint32_t r = fdml_rng_u32(&t->rng);
    float x;
    switch (r % 4) {
    case 0:
        return edges[r / 4 % (sizeof edges / sizeof *edges)];
    case 1:
        return kc_plain(t) * 16;
    case 2:
        return kc_plain(t);
    default:
        do {
            const uint32_t bits = fdml_rng_u32(&t->rng);
            memcpy(&x, &bits, sizeof x);
        } while (isnan(x)); /* payloads may go either way */
        return x;
    }
}

static const float alphas[FDML_ACT_COUNT] = {
    [FDML_ACT_LEAKY_RELU] = 0.01f,  [FDML_ACT_THRESHOLDED_RELU] = 1, [FDML_ACT_CLIP] = -1.5f,
    [FDML_ACT_ELU] = 1.25f,         [FDML_ACT_SELU] = 1.6732632f,    [FDML_ACT_CELU] = 2,
    [FDML_ACT_HARD_SIGMOID] = 0.2f,
};
static const float betas[FDML_ACT_COUNT] = {
    [FDML_ACT_CLIP] = 6, [FDML_ACT_SELU] = 1.050701f, [FDML_ACT_HARD_SIGMOID] = 0.5f
};

static void activate_case(kcheck *t, fdml_act kind, size_t n)
{
    kc_case(t, "kind=%d n=%zu", (int)kind, n);
    const float alpha = alphas[kind], beta = betas[kind];
    float *x = kc_words(t, n), *want = kc_words(t, n), *got = kc_words(t, n);
    float *in_place = kc_words(t, n);
    for (size_t i = 0; i < n; i++) x[i] = t->is_timed ? kc_plain(t) : any_float(t);
    memcpy(in_place, x, n * sizeof *x);
    t->ref->activate(want, x, n, kind, alpha, beta);
    t->k->activate(got, x, n, kind, alpha, beta);
    t->k->activate(in_place, in_place, n, kind, alpha, beta);
    if (!kc_same(t, "y", want, got, n) || !kc_same(t, "y in place", want, in_place, n)) return;
    for (size_t i = 0; i < n; i++) {
        const wide exact = exact_act(kind, x[i], alpha, beta, 1.0f / 6);
        if (!act_is_near(t, &of_float, kind, x[i], got[i], exact)) {
            kc_fail(t, "kind %d of %.9g is %.9g", kind, (double)x[i], (double)got[i]);
            return;
        }
    }
    kc_intact(t);
    while (kc_bench(t, kind == FDML_ACT_SIGMOID && n == 512))
        t->k->activate(got, x, n, kind, alpha, beta);
}

void check_activate(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int kind = 0; kind < FDML_ACT_COUNT && !t->has_failed; kind++)
            activate_case(t, (fdml_act)kind, kc_size(t, s));
    for (int kind = 0; kind < FDML_ACT_COUNT && !t->has_failed; kind++)
        activate_case(t, (fdml_act)kind, t->is_quick ? 1000 : 20000);
}

/* Doubles are of no placement: kc_words aligns floats. A NaN is told by itself. */
enum { DOUBLES = 600 };
static const double the_nan = (double)NAN;

static void one_nan(double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(y[i])) y[i] = the_nan;
}

static void fill_doubles(kcheck *t, double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)any_float(t);
        if (i % 3 == 0) x[i] *= 1 + 0x1p-40 * (double)kc_below(t, 1000);
        if (i % 17 == 0) x[i] *= x[i] * x[i];
    }
}

static void activate_double_case(kcheck *t, fdml_act kind, size_t n)
{
    kc_case(t, "kind=%d n=%zu", (int)kind, n);
    const double alpha = (double)alphas[kind], beta = (double)betas[kind];
    double x[DOUBLES], want[DOUBLES], got[DOUBLES];
    fill_doubles(t, x, n);
    t->ref->activate_double(want, x, n, kind, alpha, beta);
    t->k->activate_double(got, x, n, kind, alpha, beta);
    one_nan(want, n), one_nan(got, n);
    if (!kc_same(t, "y", want, got, 2 * n)) return;
    for (size_t i = 0; i < n; i++) {
        /* The reference has 11 bits more: enough where no argument is reduced. */
        if (fabs(x[i]) > 1e4 && (kind == FDML_ACT_SIN || kind == FDML_ACT_COS)) continue;
        const wide exact = exact_act(kind, x[i], alpha, beta, 1.0 / 6);
        if (!act_is_near(t, &of_double, kind, x[i], got[i], exact)) {
            kc_fail(t, "kind %d of %.17g is %.17g", kind, x[i], got[i]);
            return;
        }
    }
    while (kc_bench(t, kind == FDML_ACT_SIGMOID && n == 512))
        t->k->activate_double(got, x, n, kind, alpha, beta);
}

void check_activate_double(kcheck *t)
{
    for (int kind = 0; kind < FDML_ACT_COUNT; kind++)
        for (size_t i = 0; i < 5 && !t->has_failed; i++)
            activate_double_case(t, (fdml_act)kind, (size_t[]){ 0, 1, 17, 512, DOUBLES }[i]);
}

/* --- two numbers ------------------------------------------------------------------------- */

/* In double a float's sum, product and quotient round to the float they should: 53 >= 2 * 24
 * + 2 (Figueroa 1995). */
static float exact_pair(fdml_combine kind, float a, float b)
{
    const double x = (double)a, y = (double)b;
    switch (kind) {
    case FDML_COMBINE_ADD:
        return (float)(x + y);
    case FDML_COMBINE_SUB:
        return (float)(x - y);
    case FDML_COMBINE_MUL:
        return (float)(x * y);
    case FDML_COMBINE_DIV:
        return (float)(x / y);
    case FDML_COMBINE_MAX:
        return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
    case FDML_COMBINE_MIN:
        return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
    default:
        return a < 0 ? (float)(x * y) : a;
    }
}

static bool pow_is_near(kcheck *t, const format *f, wide a, wide b, wide got)
{
    const wide want = powl(a, b);
    if (isnan(want) ? isnan(got) : got == want) return true;
    const wide bound = ulp_of(want, f->digits, f->lowest);
    if (isinf(got) ? fabsl(want) + bound >= f->max && (got > 0) == (want > 0)
                   : fabsl(got - want) <= bound)
        return true;
    return kc_fail(t, "%.17Lg to the %.17Lg is %.17Lg", a, b, got);
}

static void combine_case(kcheck *t, fdml_combine kind, int ones, size_t n)
{
    kc_case(t, "kind=%d ones=%x n=%zu", (int)kind, (unsigned)ones, n);
    const bool one_a = ones & FDML_COMBINE_ONE_A, one_b = ones & FDML_COMBINE_ONE_B;
    float *a = kc_words(t, one_a && n ? 1 : n), *b = kc_words(t, one_b && n ? 1 : n);
    float *want = kc_words(t, n), *got = kc_words(t, n);
    for (size_t i = 0; i < (one_a && n ? 1 : n); i++) a[i] = any_float(t);
    for (size_t i = 0; i < (one_b && n ? 1 : n); i++) b[i] = any_float(t);
    t->ref->combine(want, a, b, n, (int)kind | ones);
    t->k->combine(got, a, b, n, (int)kind | ones);
    if (!kc_same(t, "y", want, got, n)) return;
    for (size_t i = 0; i < n; i++) {
        const float x = a[one_a ? 0 : i], y = b[one_b ? 0 : i];
        if (kind == FDML_COMBINE_POW) {
            if (!pow_is_near(t, &of_float, x, y, got[i])) return;
            continue;
        }
        const float exact = exact_pair(kind, x, y);
        if (isnan(exact) ? !isnan(got[i]) : got[i] != exact) {
            kc_fail(t, "kind %d of %.9g and %.9g is %.9g", kind, (double)x, (double)y,
                    (double)got[i]);
            return;
        }
    }
    if (!one_a && !one_b) { /* in place of either */
        memcpy(want, a, n * sizeof *a);
        t->k->combine(want, want, b, n, (int)kind);
        t->k->combine(b, a, b, n, (int)kind);
        if (!kc_same(t, "y over a", got, want, n) || !kc_same(t, "y over b", got, b, n)) return;
    }
    kc_intact(t);
    while (kc_bench(t, kind == FDML_COMBINE_POW && n == 512))
        t->k->combine(got, a, b, n, (int)kind | ones);
}

void check_combine(kcheck *t)
{
    static const int ones[] = { 0, FDML_COMBINE_ONE_A, FDML_COMBINE_ONE_B,
                                FDML_COMBINE_ONE_A | FDML_COMBINE_ONE_B };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int kind = 0; kind < FDML_COMBINE_COUNT; kind++)
            for (size_t o = 0; o < 4 && !t->has_failed; o++)
                combine_case(t, (fdml_combine)kind, ones[o], kc_size(t, s));
}

void check_pow_double(kcheck *t)
{
    double a[DOUBLES], b[DOUBLES], want[DOUBLES], got[DOUBLES];
    for (size_t round = 0; round < 10 && !t->has_failed; round++) {
        const size_t n = (size_t[]){ DOUBLES, 0, 1, 5, 16 }[round % 5];
        kc_case(t, "n=%zu", n);
        fill_doubles(t, a, n), fill_doubles(t, b, n);
        t->ref->pow_double(want, a, b, n);
        t->k->pow_double(got, a, b, n);
        one_nan(want, n), one_nan(got, n);
        if (!kc_same(t, "y", want, got, 2 * n)) return;
        for (size_t i = 0; i < n; i++)
            if (!pow_is_near(t, &of_double, a[i], b[i], got[i])) return;
        while (kc_bench(t, n == DOUBLES)) t->k->pow_double(got, a, b, n);
    }
}
