/* test_explain_gam.c - splines, and additive models against references and closed forms.
 *
 * References are made by make_explain_case.py in double, by least squares instead of normal
 * equations.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "explain/gam.h"
#include "explain/spline.h"
#include "explain_case.h"
#include "scratch.h"

static fdml_arena arena;
static fdml_error err;

static fdml_gam_options exact(const double *lambda, size_t n_lambda)
{
    return (fdml_gam_options){ .max_iterations = 200,
                               .tolerance = 1e-12,
                               .lambda = lambda,
                               .n_lambda = n_lambda,
                               .n_threads = 2 };
}

/* --- splines -------------------------------------------------------------------------------
 */

Test(explain_spline, basis_is_scipys)
{
    for (size_t i = 0; i < EXPLAIN_POINTS; i++) {
        double b[FDML_SPLINE_TERMS], sum = 0;
        const size_t first =
            fdml_spline_basis(b, explain_case_point[i], -3, 5, EXPLAIN_SPLINES);
        cr_assert_leq(first + FDML_SPLINE_TERMS, EXPLAIN_SPLINES);
        for (size_t k = 0; k < EXPLAIN_SPLINES; k++) {
            const bool is_own = k >= first && k < first + FDML_SPLINE_TERMS;
            const double got = is_own ? b[k - first] : 0;
            cr_expect_float_eq(got, explain_case_basis[i * EXPLAIN_SPLINES + k], 1e-13,
                               "point %zu, function %zu", i, k);
            sum += got;
        }
        cr_expect_float_eq(sum, 1, 1e-13);
    }
}

Test(explain_spline, coefficients_on_a_line_are_a_line)
{
    for (double x = -9; x < 12; x += .37) {
        double b[FDML_SPLINE_TERMS], sum = 0;
        const size_t first = fdml_spline_basis(b, x, -3, 5, 11); /* h = 1 */
        for (size_t k = 0; k < FDML_SPLINE_TERMS; k++)
            sum += b[k] * (2 * (double)(first + k) + 1);
        cr_expect_float_eq(sum, 2 * (x + 3 + 1) + 1, 1e-12);
    }
}

Test(explain_spline, penalty_is_of_second_differences)
{
    enum { N = 7 };
    double a[N * N] = { 0 }, b[N], square = 0, form = 0;
    fdml_spline_add_penalty(a, N, N, 2.5);
    for (int i = 0; i < N; i++) b[i] = i * i * i - 4 * i + 1;
    for (int i = 0; i + 2 < N; i++) square += pow(b[i] - 2 * b[i + 1] + b[i + 2], 2);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++) form += (i == j ? 1 : 2) * a[i * N + j] * b[i] * b[j];
    cr_expect_float_eq(form, 2.5 * square, 1e-9);
    cr_expect_eq(a[0], 2.5);
    cr_expect_eq(a[1 * N + 1], 2.5 * 5);
    cr_expect_eq(a[3 * N + 3], 2.5 * 6);
    cr_expect_eq(a[3 * N + 2], 2.5 * -4);
    cr_expect_eq(a[3 * N + 1], 2.5);
}

/* --- against references --------------------------------------------------------------------
 */

static fdml_gam fit_case(const fdml_gam_options *options)
{
    const explain_rows *rows = explain_case_rows();
    fdml_gam gam;
    cr_assert_eq(fdml_gam_fit(&gam, rows->gam, rows->gam_label, EXPLAIN_GAM_ROWS,
                              EXPLAIN_GAM_DIM, options, &arena, &err),
                 FDML_OK);
    return gam;
}

Test(explain_gam, optimum_is_the_references)
{
    fdml_arena_init(&arena, 0);
    for (size_t c = 0; c < EXPLAIN_GAMS; c++) {
        const explain_gam *want = &explain_case_gam[c];
        const fdml_gam_options options = exact(&want->lambda, 1);
        const fdml_gam gam = fit_case(&options);
        double p[EXPLAIN_GAM_ROWS];
        cr_assert_eq(gam.n_coefficients, EXPLAIN_COEFFICIENTS);
        cr_expect(gam.trial[0].has_converged);
        for (size_t i = 0; i < EXPLAIN_COEFFICIENTS; i++)
            cr_expect_float_eq(gam.coefficient[i], want->coefficient[i], 1e-6,
                               "lambda %g, coefficient %zu: %.12f %.12f", want->lambda, i,
                               gam.coefficient[i], want->coefficient[i]);
        cr_expect_float_eq(gam.trial[0].edf, want->edf, 1e-6, "%.12f %.12f", gam.trial[0].edf,
                           want->edf);
        cr_expect_float_eq(gam.trial[0].deviance, want->deviance, 1e-7);
        cr_expect_float_eq(gam.trial[0].ubre, want->ubre, 1e-7);
        fdml_gam_predict(p, &gam, explain_case_rows()->gam, EXPLAIN_GAM_ROWS, 2);
        for (size_t i = 0; i < EXPLAIN_SHOWN; i++)
            cr_expect_float_eq(p[i], want->p[i], 1e-8, "lambda %g, row %zu", want->lambda, i);
    }
    fdml_arena_close(&arena);
}

Test(explain_gam, least_ubre_of_the_grid)
{
    fdml_arena_init(&arena, 0);
    const fdml_gam_options options = { 100, 1e-4, NULL, 0, 2 };
    const fdml_gam gam = fit_case(&options);
    cr_assert_eq(gam.n_trials, FDML_GAM_LAMBDAS);
    for (size_t i = 0; i < gam.n_trials; i++) {
        cr_expect(gam.trial[i].has_fit && gam.trial[i].has_converged);
        cr_expect_float_eq(gam.trial[i].lambda, pow(10, -3 + .6 * (double)i),
                           1e-12 * gam.trial[i].lambda);
        if (i != gam.best) cr_expect_gt(gam.trial[i].ubre, gam.trial[gam.best].ubre);
        if (i > 0) cr_expect_lt(gam.trial[i].edf, gam.trial[i - 1].edf);
    }
    fdml_arena_close(&arena);
}

/* Nothing but binary columns and next to no penalty: a logistic regression. */
Test(explain_gam, binary_columns_are_a_logistic_regression)
{
    fdml_arena_init(&arena, 0);
    const explain_rows *rows = explain_case_rows();
    const double lambda = 1e-6;
    const fdml_gam_options options = exact(&lambda, 1);
    fdml_gam gam;
    double p[EXPLAIN_BINARY_ROWS];
    cr_assert_eq(fdml_gam_fit(&gam, rows->binary, rows->binary_label, EXPLAIN_BINARY_ROWS,
                              EXPLAIN_BINARY_DIM, &options, &arena, &err),
                 FDML_OK);
    fdml_gam_predict(p, &gam, rows->binary, EXPLAIN_BINARY_ROWS, 1);
    for (size_t i = 0; i < EXPLAIN_SHOWN; i++)
        cr_expect_float_eq(p[i], explain_case_logistic[i], 1e-6);
    cr_expect_float_eq(gam.trial[0].edf, 4, 1e-4); /* intercept and three slopes */
    fdml_arena_close(&arena);
}

/* --- closed forms --------------------------------------------------------------------------
 */

/* One binary column: without penalty its cells' shares; with much of it the common share. */
Test(explain_gam, one_binary_column)
{
    enum { N = 100 };
    float z[N];
    uint8_t label[N];
    fdml_arena_init(&arena, 0);
    for (int i = 0; i < N; i++) {
        z[i] = i < 40 ? -.8F : 1.25F; /* 10 of 40, and 45 of 60 */
        label[i] = i < 10 || i >= 55;
    }
    const double lambda[2] = { 1e-7, 1e9 }, want[2][2] = { { .25, .75 }, { .55, .55 } };
    const double edf[2] = { 2, 1 };
    for (int k = 0; k < 2; k++) {
        const fdml_gam_options options = exact(lambda + k, 1);
        const float seen[4] = { -.8F, 1.25F, .2F, .3F }; /* the last two: the nearer value */
        fdml_gam gam;
        double p[4];
        cr_assert_eq(fdml_gam_fit(&gam, z, label, N, 1, &options, &arena, &err), FDML_OK);
        fdml_gam_predict(p, &gam, seen, 4, 1);
        cr_expect_float_eq(p[0], want[k][0], 1e-6);
        cr_expect_float_eq(p[1], want[k][1], 1e-6);
        cr_expect_eq(p[2], p[0]);
        cr_expect_eq(p[3], p[1]);
        cr_expect_float_eq(gam.trial[0].edf, edf[k], 1e-5);
    }
    fdml_arena_close(&arena);
}

/* Much penalty leaves a line of each spline: an intercept and a slope a column. */
Test(explain_gam, stiff_splines_are_lines)
{
    fdml_arena_init(&arena, 0);
    const double lambda = 1e8;
    const fdml_gam_options options = exact(&lambda, 1);
    const fdml_gam gam = fit_case(&options);
    cr_expect_float_eq(gam.trial[0].edf, 1 + 3, .01, "%g", gam.trial[0].edf);
    const double a = fdml_gam_shape(&gam, 0, -2), b = fdml_gam_shape(&gam, 0, 2);
    for (double x = -3; x < 3; x += .25)
        cr_expect_float_eq(fdml_gam_shape(&gam, 0, x), a + (b - a) * (x + 2) / 4, 1e-3);
    fdml_arena_close(&arena);
}

/* --- additive data -------------------------------------------------------------------------
 */

enum { MANY = 8000 };

static double truth(int d, double x)
{
    double s, c;
    fdml_sincos(3 * x, &s, &c);
    return d == 0 ? 1.5 * s : d == 1 ? 2 * x * x : d == 2 ? (x > 0 ? 1 : 0) : 0;
}

/* Root of the mean square of the error of f_d over [-1, 1], both centred there. */
static double shape_error(const fdml_gam *gam, size_t d)
{
    enum { STEPS = 201 };
    double e[STEPS], mean = 0, square = 0;
    for (int i = 0; i < STEPS; i++) {
        const double x = -1 + 2.0 * i / (STEPS - 1);
        e[i] = fdml_gam_shape(gam, d, x) - truth((int)d, x);
        mean += e[i] / STEPS;
    }
    for (int i = 0; i < STEPS; i++) square += (e[i] - mean) * (e[i] - mean) / STEPS;
    return sqrt(square);
}

/* Four columns: a wave, a parabola, a step between two values, and one that does nothing. A
 * spline of about eight degrees of freedom at 8,000 rows has a deviation of about
 * sqrt(8 / (8000 x .2)) = .07; the bound is three times that. */
Test(explain_gam, additive_data_are_recovered)
{
    static float z[MANY * 4];
    static uint8_t label[MANY];
    fdml_rng rng;
    fdml_rng_init(&rng, 11, 0, 0);
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < MANY; i++) {
        double eta = -1;
        for (int d = 0; d < 4; d++) {
            const double u = 2 * fdml_rng_double(&rng) - 1;
            z[i * 4 + d] = d == 2 ? (u > 0 ? 1 : -1) : (float)u;
            eta += truth(d, (double)z[i * 4 + d]);
        }
        label[i] = fdml_rng_double(&rng) < 1 / (1 + fdml_exp(-eta));
    }
    const fdml_gam_options options = { 100, 1e-4, NULL, 0, 2 };
    fdml_gam gam;
    cr_assert_eq(fdml_gam_fit(&gam, z, label, MANY, 4, &options, &arena, &err), FDML_OK);
    cr_expect_lt(shape_error(&gam, 0), .21, "%g", shape_error(&gam, 0));
    cr_expect_lt(shape_error(&gam, 1), .21, "%g", shape_error(&gam, 1));
    cr_expect_lt(shape_error(&gam, 3), .21, "%g", shape_error(&gam, 3));
    const double jump = fdml_gam_shape(&gam, 2, 1) - fdml_gam_shape(&gam, 2, -1);
    cr_expect_float_eq(jump, 1, .2, "%g", jump); /* deviation about 2 / sqrt(8000 x .2) = .05 */
    fdml_arena_close(&arena);
}

/* --- limits --------------------------------------------------------------------------------
 */

Test(explain_gam, equal_bits_for_all_threads)
{
    fdml_arena_init(&arena, 0);
    fdml_gam first = { .dim = 0 };
    double p[2][EXPLAIN_GAM_ROWS];
    for (int threads = 1; threads <= 5; threads++) {
        const fdml_gam_options options = { 100, 1e-4, NULL, 0, threads };
        const fdml_gam gam = fit_case(&options);
        fdml_gam_predict(p[threads > 1], &gam, explain_case_rows()->gam, EXPLAIN_GAM_ROWS,
                         threads);
        if (threads == 1) {
            first = gam;
            continue;
        }
        cr_expect_eq(gam.best, first.best);
        cr_expect_arr_eq(gam.coefficient, first.coefficient,
                         first.n_coefficients * sizeof(double));
        for (size_t i = 0; i < gam.n_trials; i++)
            cr_expect_eq(gam.trial[i].ubre, first.trial[i].ubre);
        cr_expect_arr_eq(p[0], p[1], sizeof p[0]);
    }
    fdml_arena_close(&arena);
}

/* Labels that a line tells apart, as those of a linear black box: penalties that cannot hold
 * the slope may fail or not converge, and the answer still tells the labels apart. */
Test(explain_gam, separated_labels)
{
    enum { N = 600 };
    static float z[N * 2];
    static uint8_t label[N];
    static double p[N];
    fdml_rng rng;
    fdml_rng_init(&rng, 12, 0, 0);
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < N; i++) {
        z[2 * i] = (float)(2 * fdml_rng_double(&rng) - 1);
        z[2 * i + 1] = (float)(2 * fdml_rng_double(&rng) - 1);
        label[i] = z[2 * i] + z[2 * i + 1] > .3F;
    }
    const fdml_gam_options options = { 100, 1e-4, NULL, 0, 2 };
    fdml_gam gam;
    cr_assert_eq(fdml_gam_fit(&gam, z, label, N, 2, &options, &arena, &err), FDML_OK);
    fdml_gam_predict(p, &gam, z, N, 2);
    size_t n_right = 0;
    for (size_t i = 0; i < N; i++) n_right += (p[i] >= .5) == label[i];
    cr_expect_geq(n_right, N - 6);
    fdml_arena_close(&arena);
}

Test(explain_gam, labels_of_one_value_and_no_memory)
{
    const float z[4] = { 1, 2, 3, 4 };
    const uint8_t ones[4] = { 1, 1, 1, 1 }, both[4] = { 0, 1, 0, 1 };
    const fdml_gam_options options = { 100, 1e-4, NULL, 0, 1 };
    fdml_gam gam = { .dim = 77 };
    fdml_arena_init(&arena, 0);
    fdml_status status = fdml_gam_fit(&gam, z, ones, 4, 1, &options, &arena, &err);
    scratch_expect_error(status, &err, FDML_E_DATA, "additive model: all 4 rows have label 1");
    cr_expect_eq(gam.dim, 77);
    status = fdml_gam_fit(&gam, z, both, 4, 1, &options, &arena, &err);
    cr_expect_eq(status, FDML_OK); /* fewer rows than functions */
    const size_t peak = arena.peak;
    fdml_arena_close(&arena);
    for (size_t limit = 64; limit < peak; limit += peak / 40) {
        fdml_arena_init(&arena, limit);
        cr_expect_eq(fdml_gam_fit(&gam, z, both, 4, 1, &options, &arena, &err), FDML_E_NOMEM);
        fdml_arena_close(&arena);
    }
}
