/* test_base_student.c - quantiles of Student's t against closed forms and printed tables.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "base/student.h"

static void expect_near(double got, double want, double relative)
{
    cr_assert(fabs(got - want) <= relative * fabs(want), "got %.17g, expected %.17g", got,
              want);
}

/* One degree of freedom is Cauchy's, tan(pi/2 c); two have c sqrt(2 / (1 - c^2)). */
Test(base_student, closed_forms)
{
    static const double level[] = { 0.01, 0.5, 0.9, 0.95, 0.99, 0.9999 };
    for (size_t i = 0; i < sizeof level / sizeof *level; i++) {
        const double c = level[i];
        expect_near(fdml_student_t(c, 1), tan(0x1.921fb54442d18p+0 * c), 1e-9);
        expect_near(fdml_student_t(c, 2), c * sqrt(2 / (1 - c * c)), 1e-9);
    }
}

/* Three and four have explicit distribution functions (odd and even branch of the sum):
 * F(t; 3) = 1/2 + (atan(x) + x / (1 + x^2)) / pi with x = t / sqrt 3, and
 * P(|T| <= t; 4) = 3/2 (s - s^3 / 3) with s = t / sqrt(t^2 + 4). */
Test(base_student, back_through_the_distribution)
{
    static const double level[] = { 0.05, 0.5, 0.8, 0.95, 0.999 };
    for (size_t i = 0; i < sizeof level / sizeof *level; i++) {
        const double t3 = fdml_student_t(level[i], 3), x = t3 / sqrt(3);
        const double p3 = 2 / 0x1.921fb54442d18p+1 * (atan(x) + x / (1 + x * x));
        const double t4 = fdml_student_t(level[i], 4), s = t4 / sqrt(t4 * t4 + 4);
        expect_near(p3, level[i], 1e-12);
        expect_near(1.5 * (s - s * s * s / 3), level[i], 1e-12);
    }
}

/* Abramowitz & Stegun, table 26.10, three decimals. */
Test(base_student, printed_table)
{
    static const struct {
        size_t n_free;
        double t95, t99;
    } row[] = { { 1, 12.706, 63.657 }, { 2, 4.303, 9.925 },  { 4, 2.776, 4.604 },
                { 5, 2.571, 4.032 },   { 9, 2.262, 3.250 },  { 10, 2.228, 3.169 },
                { 13, 2.160, 3.012 },  { 30, 2.042, 2.750 }, { 120, 1.980, 2.617 } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cr_assert(fabs(fdml_student_t(0.95, row[i].n_free) - row[i].t95) < 5.1e-4);
        cr_assert(fabs(fdml_student_t(0.99, row[i].n_free) - row[i].t99) < 5.1e-4);
    }
    /* the normal distribution's, in the limit */
    cr_assert(fabs(fdml_student_t(0.95, 100000) - 1.95996) < 1e-4);
}

Test(base_student, out_of_range)
{
    cr_assert(isnan(fdml_student_t(0.95, 0)));
    cr_assert(isnan(fdml_student_t(0, 3)));
    cr_assert(isnan(fdml_student_t(1, 3)));
    cr_assert(isnan(fdml_student_t(NAN, 3)));
}

/* P(Z > x) = erfc(x / sqrt 2) / 2. */
Test(base_student, normal_tail)
{
    for (double x = 0; x < 7.5; x += 0.125)
        cr_assert_float_eq(fdml_normal_tail(x), 0.5 * erfc(x * sqrt(0.5)), 1e-14, "%g", x);
    cr_assert_eq(fdml_normal_tail(7.6), 0);
    cr_assert_eq(fdml_normal_tail(INFINITY), 0);
}
