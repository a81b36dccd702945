/* test_explain_spd.c - Cholesky's decomposition by hand, against its own product, and refused.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "explain/spd.h"

enum { MOST = 70 };
static double a[MOST * MOST], l[MOST * MOST], x[MOST];

Test(explain_spd, by_hand)
{
    double two[9] = { 4, 0, 0, 2, 5, 0, 2, 3, 6 }, right[3] = { 8, 10, 11 };
    cr_assert_eq(fdml_spd_factor(two, 3, 0), 3); /* L = 2; 1 2; 1 1 2 */
    cr_expect_float_eq(two[8], 2, 1e-15);
    fdml_spd_solve(right, two, 3);
    for (int i = 0; i < 3; i++) cr_expect_float_eq(right[i], 1, 1e-14);
}

/* Neighbours in a chain are alike. The upper triangle says 77. */
static void make_chain(size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            a[i * n + j] = j > i ? 77 : 1 / (1 + (double)(i - j)) + (i == j ? .5 : 0);
}

/* Every remainder of the block, one block and many. */
Test(explain_spd, product_of_the_factors)
{
    for (size_t n = 1; n <= MOST; n++) {
        make_chain(n);
        memcpy(l, a, sizeof a);
        cr_assert_eq(fdml_spd_factor(l, n, 1e-12), n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k <= j && j <= i; k++) sum += l[i * n + k] * l[j * n + k];
                cr_assert_float_eq(j > i ? l[i * n + j] : sum, a[i * n + j], 1e-14,
                                   "%zu: %zu %zu", n, i, j);
            }
        for (size_t i = 0; i < n; i++) {
            x[i] = 0;
            for (size_t j = 0; j < n; j++)
                x[i] += a[i > j ? i * n + j : j * n + i] * sin((double)j);
        }
        fdml_spd_solve(x, l, n);
        for (size_t i = 0; i < n; i++) cr_assert_float_eq(x[i], sin((double)i), 1e-12);
    }
}

/* Row `bad` repeats row 0: what is left of its diagonal is rounding. */
Test(explain_spd, names_the_first_bad_row)
{
    for (size_t bad = 1; bad < MOST; bad++) {
        make_chain(MOST);
        for (size_t j = 0; j <= bad; j++) a[bad * MOST + j] = a[j * MOST];
        a[bad * MOST + bad] = a[0];
        for (size_t i = bad + 1; i < MOST; i++) a[i * MOST + bad] = a[i * MOST];
        cr_assert_eq(fdml_spd_factor(a, MOST, 1e-12), bad);
    }
    double singular[4] = { 1, 0, 1, 1 }, negative[1] = { -1 }, endless[1] = { INFINITY };
    double almost[4] = { 1, 0, 1, 1.001 };
    cr_expect_eq(fdml_spd_factor(singular, 2, 0), 1);
    cr_expect_eq(fdml_spd_factor(negative, 1, 0), 0);
    cr_expect_eq(fdml_spd_factor(endless, 1, 0), 0);
    cr_expect_eq(fdml_spd_factor(almost, 2, .01), 1); /* .001 of 1.001 is left */
    cr_expect_eq(fdml_spd_factor(singular, 0, 0), 0);
}
