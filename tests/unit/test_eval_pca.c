/* test_eval_pca.c - the map against the full eigenproblem of the covariance, and its limits.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "eval/eigen.h"
#include "eval/pca.h"
#include "eval_world.h"

enum { N = 500, DIM = 24 };

static uint32_t all_rows[N];
static double at[2 * N], explained[2];

static void make_map(const eval_world *w, size_t n, int n_threads)
{
    fdml_error err = { 0 };
    fdml_arena arena;
    fdml_machine machine = w->machine;
    machine.n_threads = n_threads;
    fdml_arena_init(&arena, 0);
    for (uint32_t i = 0; i < n; i++) all_rows[i] = i;
    cr_assert_eq(
        fdml_pca_map(at, explained, all_rows, n, &w->problem, &machine, 1, 2, &arena, &err),
        FDML_OK);
    cr_expect_leq(arena.peak, fdml_pca_scratch(n, w->dim));
    cr_expect_eq(arena.used, 0);
    fdml_arena_close(&arena);
}

/* value, vector: of the covariance of all rows, by eigen.h; returns the sum of variances. */
static double solve(double value[DIM], double vector[DIM * DIM], const double *rows)
{
    static double matrix[DIM * DIM], scratch[3 * DIM], mean[DIM];
    double total = 0;
    for (size_t d = 0; d < DIM; d++) {
        mean[d] = 0;
        for (size_t i = 0; i < N; i++) mean[d] += rows[i * DIM + d] / N;
    }
    for (size_t a = 0; a < DIM; a++)
        for (size_t b = 0; b < DIM; b++) {
            matrix[a * DIM + b] = 0;
            for (size_t i = 0; i < N; i++)
                matrix[a * DIM + b] +=
                    (rows[i * DIM + a] - mean[a]) * (rows[i * DIM + b] - mean[b]);
        }
    for (size_t d = 0; d < DIM; d++) total += matrix[d * DIM + d];
    cr_assert_eq(fdml_eigen_symmetric(value, vector, matrix, DIM, scratch, NULL), FDML_OK);
    return total;
}

Test(eval_pca, the_first_two_components)
{
    static double value[DIM], vector[DIM * DIM];
    static const fdml_distance distance[] = { FDML_COSINE, FDML_L2 };
    for (size_t k = 0; k < 2; k++) {
        eval_world w;
        eval_world_make(&w, N, DIM, 7, 2, 0.7, 5);
        w.problem.distance = distance[k];
        const double *rows = eval_rows(&w);
        const double total = solve(value, vector, rows);
        make_map(&w, N, 2);
        for (size_t c = 0; c < 2; c++) {
            const double *axis = vector + (DIM - 1 - c) * DIM;
            double agree = 0, mine = 0, theirs = 0;
            cr_expect_float_eq(explained[c], value[DIM - 1 - c] / total, 1e-9);
            for (size_t i = 0; i < N; i++) {
                double along = 0;
                for (size_t d = 0; d < DIM; d++) along += axis[d] * rows[i * DIM + d];
                agree += at[2 * i + c] * along; /* the mean drops out: at sums to 0 */
                mine += at[2 * i + c] * at[2 * i + c];
                theirs += at[2 * i + c];
            }
            cr_expect_float_eq(theirs, 0, 1e-9);
            cr_expect_float_eq(mine, value[DIM - 1 - c], 1e-6 * total);
            cr_expect_float_eq(fabs(agree), mine, 1e-6 * total);
        }
        eval_world_close(&w);
    }
}

Test(eval_pca, same_bits_for_every_number_of_threads)
{
    static double one[2 * N];
    eval_world w;
    eval_world_make(&w, N, DIM, 7, 2, 0.7, 6);
    make_map(&w, N, 1);
    memcpy(one, at, sizeof one);
    for (int threads = 2; threads <= 5; threads++) {
        make_map(&w, N, threads);
        cr_expect_arr_eq(one, at, sizeof one);
    }
    eval_world_close(&w);
}

Test(eval_pca, rows_without_variance_and_few_dimensions)
{
    eval_world w;
    eval_world_make(&w, 9, 3, 3, 2, 0.7, 7);
    w.problem.distance = FDML_L2;
    for (size_t i = 0; i < 9 * 3; i++) w.x[i] = (float)(i % 3) + 0.1f;
    make_map(&w, 9, 2);
    cr_expect(isnan(explained[0]) && isnan(explained[1]));
    for (size_t i = 0; i < 18; i++) cr_expect_eq(at[i], 0);
    for (size_t i = 0; i < 9; i++) w.x[3 * i + 1] = (float)i; /* a line: 0 .. 8 less 4 */
    make_map(&w, 9, 2);
    cr_expect_float_eq(explained[0], 1, 1e-12);
    cr_expect_float_eq(explained[1], 0, 1e-12);
    for (size_t i = 0; i < 9; i++) {
        cr_expect_float_eq(at[2 * i], (double)i - 4, 1e-9);
        cr_expect_float_eq(at[2 * i + 1], 0, 1e-9);
    }
    make_map(&w, 1, 1);
    cr_expect(isnan(explained[0]));
    eval_world_close(&w);
}
