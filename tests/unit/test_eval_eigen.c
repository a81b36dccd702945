/* test_eval_eigen.c - known spectra, residuals, orthogonality.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/eigen.h"

enum { MOST = 96 };

static double matrix[MOST * MOST], work[MOST * MOST], vector[MOST * MOST], value[MOST],
    scratch[3 * MOST];

static void solve(size_t n)
{
    memcpy(work, matrix, n * n * sizeof *work);
    cr_assert_eq(fdml_eigen_symmetric(value, vector, work, n, scratch, NULL), FDML_OK);
}

static double largest_entry(size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n * n; i++) largest = fmax(largest, fabs(matrix[i]));
    return largest;
}

/* |A v - lambda v| and |V V' - I| within a small multiple of n eps |A|: both steps of the
 * method are backward stable (Golub & Van Loan 8.3). */
static void check_factors(size_t n)
{
    const double bound = 16 * (double)n * DBL_EPSILON;
    const double scale = (double)n * largest_entry(n);
    for (size_t k = 0; k < n; k++) {
        cr_expect(k == 0 || value[k - 1] <= value[k]);
        for (size_t i = 0; i < n; i++) {
            double product = 0, dot = 0;
            for (size_t j = 0; j < n; j++) product += matrix[i * n + j] * vector[k * n + j];
            for (size_t j = 0; j < n; j++) dot += vector[k * n + j] * vector[i * n + j];
            cr_expect_float_eq(product, value[k] * vector[k * n + i], bound * scale);
            cr_expect_float_eq(dot, k == i, bound);
        }
    }
}

Test(eval_eigen, second_difference_matrix)
{
    /* Tridiagonal 2, -1: eigenvalues 2 - 2 cos(k pi / (n + 1)). */
    enum { N = 40 };
    memset(matrix, 0, sizeof matrix);
    for (size_t i = 0; i < N; i++) {
        matrix[i * N + i] = 2;
        if (i + 1 < N) matrix[i * N + i + 1] = matrix[(i + 1) * N + i] = -1;
    }
    solve(N);
    for (size_t k = 0; k < N; k++)
        cr_expect_float_eq(value[k], 2 - 2 * cos((double)(k + 1) * acos(-1) / (N + 1)), 1e-14);
    check_factors(N);
}

Test(eval_eigen, small_and_degenerate)
{
    matrix[0] = -3;
    solve(1);
    cr_expect_eq(value[0], -3);
    const double two[] = { 2, 1, 1, 2 };
    memcpy(matrix, two, sizeof two);
    solve(2);
    cr_expect_float_eq(value[0], 1, 1e-15);
    cr_expect_float_eq(value[1], 3, 1e-15);
    memset(matrix, 0, sizeof matrix); /* zero: every vector will do */
    solve(5);
    check_factors(5);
    for (size_t i = 0; i < 36; i++) matrix[i] = 1; /* rank one: 0 (5 times) and 6 */
    solve(6);
    cr_expect_float_eq(value[5], 6, 1e-14);
    cr_expect_float_eq(value[4], 0, 1e-14);
    check_factors(6);
}

Test(eval_eigen, random_matrices)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 11, 0, 0);
    for (size_t n = 3; n <= MOST; n += 31) {
        for (int scale = -8; scale <= 8; scale += 8) {
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j <= i; j++)
                    matrix[i * n + j] = matrix[j * n + i] =
                        ldexp(fdml_rng_normal(&rng), scale * (int)(i % 3));
            solve(n);
            check_factors(n);
        }
    }
}
