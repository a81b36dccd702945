/* test_base_dmath.c - log, exp and lgamma against the long double functions of the C library.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "base/dmath.h"
#include "base/rng.h"

/* Distance in units of the last place of the true value. */
static double ulps(double got, long double truth)
{
    int exponent;
    (void)frexpl(truth, &exponent);
    const long double ulp = ldexpl(1, exponent - DBL_MANT_DIG);
    return (double)(fabsl((long double)got - truth) / ulp);
}

Test(base_dmath, log_is_within_two_ulp)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 11, 0, 0);
    for (int i = 0; i < 200000; i++) {
        const int exponent = (int)fdml_rng_below(&rng, 2040) - 1020;
        const double x = ldexp(1 + fdml_rng_double(&rng), exponent);
        cr_assert_lt(ulps(fdml_log(x), logl((long double)x)), 2, "x = %a", x);
        const double y = 0.5 + 1.5 * fdml_rng_double(&rng); /* where the logarithm is small */
        if (y != 1) cr_assert_lt(ulps(fdml_log(y), logl((long double)y)), 2, "x = %a", y);
    }
}

Test(base_dmath, log_of_special_values)
{
    cr_assert_eq(fdml_log(1), 0.0);
    cr_assert(isinf(fdml_log(0)) && fdml_log(0) < 0);
    cr_assert(isnan(fdml_log(-1)) && isnan(fdml_log((double)NAN)));
    cr_assert(isinf(fdml_log((double)INFINITY)));
    cr_assert_lt(ulps(fdml_log(0x1p-1074), logl(0x1p-1074L)), 2);
    cr_assert_lt(ulps(fdml_log(DBL_MAX), logl((long double)DBL_MAX)), 2);
    cr_assert_lt(ulps(fdml_log(1 + DBL_EPSILON), logl(1 + (long double)DBL_EPSILON)), 2);
    cr_assert_eq(fdml_logf(1.0f), 0.0f);
}

Test(base_dmath, exp_is_within_two_ulp)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 12, 0, 0);
    for (int i = 0; i < 200000; i++) {
        const double x = 1417 * fdml_rng_double(&rng) - 708, y = 2 * fdml_rng_double(&rng) - 1;
        cr_assert_lt(ulps(fdml_exp(x), expl((long double)x)), 2, "x = %a", x);
        cr_assert_lt(ulps(fdml_exp(y), expl((long double)y)), 2, "x = %a", y);
    }
}

Test(base_dmath, exp_of_special_values)
{
    cr_assert_eq(fdml_exp(0), 1.0);
    cr_assert(isinf(fdml_exp(710)) && isinf(fdml_exp((double)INFINITY)));
    cr_assert_eq(fdml_exp(-746), 0.0);
    cr_assert_eq(fdml_exp(-(double)INFINITY), 0.0);
    cr_assert(isnan(fdml_exp((double)NAN)));
    cr_assert_gt(fdml_exp(-745), 0.0); /* the smallest subnormal */
    cr_assert(isfinite(fdml_exp(709.78)));
}

Test(base_dmath, lgamma_is_close)
{
    for (double x = 1; x < 40; x += 0.01) {
        const long double truth = lgammal((long double)x);
        const double bound = 5e-14; /* 4.0e-14 measured: a difference of terms near 31 */
        cr_assert_float_eq(fdml_lgamma(x), (double)truth, bound + 4e-15 * fabs((double)truth),
                           "x = %g", x);
    }
    for (double x = 40; x < 1e15; x *= 1.37) {
        const long double truth = lgammal((long double)x);
        cr_assert_float_eq(fdml_lgamma(x), (double)truth, 4e-15 * (double)truth, "x = %g", x);
    }
    /* exp(lgamma(n)) = (n-1)! */
    cr_assert_float_eq(fdml_exp(fdml_lgamma(11)), 3628800, 1e-6);
}

Test(base_dmath, sine_and_cosine_are_within_four_ulp_of_one)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 14, 0, 0);
    for (int i = 0; i < 200000; i++) {
        const double x = (2 * fdml_rng_double(&rng) - 1) * (i % 2 ? 10 : 1e6);
        double sine, cosine;
        fdml_sincos(x, &sine, &cosine);
        cr_assert_lt(fabsl(sine - sinl((long double)x)), 4 * DBL_EPSILON / 2, "x = %a", x);
        cr_assert_lt(fabsl(cosine - cosl((long double)x)), 4 * DBL_EPSILON / 2, "x = %a", x);
    }
    double sine, cosine;
    fdml_sincos(0, &sine, &cosine);
    cr_assert_eq(sine, 0);
    cr_assert_eq(cosine, 1);
}
