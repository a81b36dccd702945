/* test_explain_lime.c - neighbourhoods by their moments, and LIME where its answer is known.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain/lime.h"
#include "explain/ridge.h"
#include "lime_world.h"
#include "scratch.h"

enum { P = LIME_P, FIT = LIME_FIT, ROWS = LIME_ROWS, N = LIME_N };
static fdml_error err;

static double z_of(const lime_world *w, size_t i, size_t f)
{
    return ((double)w->x[i * P + f] - (double)w->data.mean[f]) / (double)w->data.deviation[f];
}

/* --- neighbourhoods --------------------------------------------------------------------- */

Test(explain_lime, neighbours)
{
    enum { MANY = 40000 };
    lime_world w;
    lime_begin(&w);
    float *x = malloc(MANY * P * sizeof *x), *z = malloc(MANY * P * sizeof *z);
    float *weight = malloc(MANY * sizeof *weight);
    float *scratch = malloc(fdml_lime_scratch(&w.data) * sizeof *scratch);
    for (int around = 0; around < 2; around++) {
        const size_t i = FIT + 2; /* job 0, kind 1 */
        const fdml_lime_draw draw = { 7, (uint32_t)i, around, 0.5f, 2, fdml_kernels_best() };
        fdml_lime_neighbours(x, z, weight, &w.data, w.x + i * P, &draw, MANY, scratch);
        cr_assert_arr_eq(x, w.x + i * P, P * sizeof *x);
        cr_assert_eq(weight[0], 1);
        double sum[P] = { 0 }, square[P] = { 0 }, cross = 0, count[3] = { 0 };
        for (size_t s = 1; s < MANY; s++) {
            const float *zs = z + s * P, *xs = x + s * P;
            double far = 0;
            for (size_t f = 0; f < P; f++) {
                sum[f] += (double)zs[f], square[f] += (double)zs[f] * (double)zs[f];
                far += ((double)zs[f] - (double)z[f]) * ((double)zs[f] - (double)z[f]);
            }
            cross += (double)zs[0] * (double)zs[2];
            count[(size_t)xs[1]]++;
            cr_assert(zs[1] == (xs[1] == x[1]) && zs[3] == (xs[3] == x[3]) && xs[4] == x[4]);
            cr_assert_float_eq(weight[s], exp(-far / 8), 1e-6);
            cr_assert_float_eq(xs[0], w.data.mean[0] + w.data.deviation[0] * zs[0], 1e-5);
        }
        /* within four standard errors */
        for (size_t f = 0; f < 4; f += 2) {
            const double centre = around ? z_of(&w, i, f) : 0, m = sum[f] / MANY;
            cr_assert_float_eq(m, centre, 4 * 0.5 / sqrt(MANY), "%d %zu %g", around, f, m);
            cr_assert_float_eq(square[f] / MANY - m * m, 0.25, 4 * 0.25 * sqrt(2.0 / MANY));
        }
        cr_assert_float_eq(cross / MANY - sum[0] * sum[2] / MANY / MANY, 0,
                           4 * 0.25 / sqrt(MANY));
        cr_assert_float_eq(count[0] / MANY, 0.5, 4 * 0.5 / sqrt(MANY));
        cr_assert_float_eq(count[1] / MANY, 0.3, 4 * 0.5 / sqrt(MANY));
        cr_assert_float_eq(sum[3] / MANY, 0.75, 4 * 0.5 / sqrt(MANY));
    }
    free(x), free(z), free(weight), free(scratch);
    fdml_arena_close(&w.arena);
}

/* Sample s is the same however many are drawn. */
Test(explain_lime, draws_have_a_place)
{
    lime_world w;
    lime_begin(&w);
    static float x[1500 * P], z[1500 * P], weight[1500], x2[700 * P], z2[700 * P], weight2[700];
    float *scratch = malloc(fdml_lime_scratch(&w.data) * sizeof *scratch);
    const fdml_lime_draw draw = { 7, 3, false, 1, 2, fdml_kernels_best() };
    fdml_lime_neighbours(x, z, weight, &w.data, w.x, &draw, 1500, scratch);
    fdml_lime_neighbours(x2, z2, weight2, &w.data, w.x, &draw, 700, scratch);
    cr_assert_arr_eq(x, x2, sizeof x2);
    cr_assert_arr_eq(z, z2, sizeof z2);
    cr_assert_arr_eq(weight, weight2, sizeof weight2);
    free(scratch);
    fdml_arena_close(&w.arena);
}

/* --- where the answer is known ----------------------------------------------------------- */

/* Of a linear black box all is recovered as the penalty goes to 0, wherever samples are drawn.
 */
Test(explain_lime, recovers_a_linear_model)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 0.3, 0.2, -0.15, -0.1, 9 }, false };
    double prediction[ROWS], black_box[ROWS], coef[ROWS * P], r2[ROWS];
    fdml_lime_result result = {
        .prediction = prediction, .black_box = black_box, .coef = coef, .r2 = r2
    };
    w.options.alpha = 1e-6;
    size_t n_seen = 0;
    for (int around = 0; around < 2; around++) {
        w.options.is_around = around;
        cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK, "%s", err.text);
        for (size_t i = 0; i < ROWS; i++) {
            const float *x = w.x + (size_t)w.row[i] * P, *own = x;
            cr_assert_eq(black_box[i], lime_score(&c, x));
            cr_assert_eq(coef[i * P + 4], 0); /* constant */
            if (own[1] != 1) continue; /* two levels of different effect are one to the model */
            n_seen++;
            cr_assert_float_eq(coef[i * P + 0], 0.3, 1e-5);
            cr_assert_float_eq(coef[i * P + 2], -0.15, 1e-5);
            cr_assert_float_eq(coef[i * P + 3], own[3] == 1 ? -0.1 : 0.1, 1e-5);
            cr_assert_float_eq(coef[i * P + 1], 0.2, 1e-5);
            cr_assert_float_eq(prediction[i], black_box[i], 1e-5);
            cr_assert_float_eq(r2[i], 1, 1e-5);
        }
    }
    cr_assert_eq(n_seen, 6);
    fdml_arena_close(&w.arena);
}

/* As sigma goes to 0 around the row, coefficients are the derivatives. */
Test(explain_lime, derivatives)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 1.5, 0, -0.7, 0, 0 }, true };
    double coef[ROWS * P], prediction[ROWS];
    fdml_lime_result result = { .coef = coef, .prediction = prediction };
    w.options.is_around = true;
    w.options.sigma = 0.01;
    w.options.alpha = 1e-6;
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    for (size_t i = 0; i < ROWS; i++) {
        const double p = lime_score(&c, w.x + (size_t)w.row[i] * P);
        cr_assert_float_eq(coef[i * P], 1.5 * p * (1 - p), 1e-4);
        cr_assert_float_eq(coef[i * P + 2], -0.7 * p * (1 - p), 1e-4);
        cr_assert_float_eq(prediction[i], p, 1e-4);
    }
    fdml_arena_close(&w.arena);
}

/* One number, z ~ N(0, 1), kernel of squared width v = 0.75^2 around z0: weights times density
 * are normal with variance s = v / (v + 1), and E w = sqrt(s) exp(-z0^2 / (2 (v + 1))). Of f =
 * c z with alpha 1 the coefficient is then c n s E w / (n s E w + 1). */
Test(explain_lime, shrinks_as_it_should)
{
    lime_world w;
    lime_begin(&w);
    static float x[N];
    for (size_t i = 0; i < N; i++) x[i] = w.x[i * P];
    w.t.n_features = 1;
    w.t.x = x;
    cr_assert_eq(fdml_lime_data_make(&w.data, &w.t, w.fit, FIT, &w.arena, &err), FDML_OK);
    static float wide[2 * 5000], weight[5000];
    float scratch[1 << 13];
    cr_assert_leq(fdml_lime_scratch(&w.data), (size_t)(1 << 13));
    const fdml_kernels *k = fdml_kernels_best();
    fdml_moments m;
    fdml_ridge ridge;
    cr_assert_eq(fdml_moments_init(&m, 1, k, &w.arena, &err), FDML_OK);
    cr_assert_eq(fdml_ridge_init(&ridge, 1, &w.arena, &err), FDML_OK);
    for (size_t i = FIT; i < N; i++) {
        static double y[5000];
        const double z0 = ((double)x[i] - (double)w.data.mean[0]) / (double)w.data.deviation[0];
        const fdml_lime_draw draw = { 1, (uint32_t)i, false, 1, 0.75f, k };
        fdml_lime_neighbours(wide, wide + 5000, weight, &w.data, x + i, &draw, 5000, scratch);
        for (size_t s = 0; s < 5000; s++) y[s] = 0.4 * (double)wide[5000 + s];
        fdml_moments_make(&m, wide + 5000, y, weight, 5000);
        cr_assert_eq(fdml_ridge_fit(&ridge, &m, NULL, 1, 1, &err), FDML_OK);
        const double v = 0.5625, s = v / (v + 1);
        const double mass = 5000 * s * sqrt(s) * exp(-z0 * z0 / (2 * (v + 1)));
        cr_assert_float_eq(m.a[0], mass, 0.2 * mass, "%g, not %g", m.a[0], mass);
        cr_assert_float_eq(ridge.coef[0], 0.4 * mass / (mass + 1), 0.4 * 0.3 / (mass + 1));
    }
    fdml_arena_close(&w.arena);
}

/* --- settings --------------------------------------------------------------------------- */

Test(explain_lime, one_value_for_all_threads_and_instruction_sets)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 1.5, 1, -0.7, 0.4, 0 }, true };
    double first[ROWS * P], coef[ROWS * P];
    fdml_lime_result result = { .coef = coef };
    w.options.jtt_factor = 5;
    bool is_first = true;
    for (size_t k = 0; fdml_kernels_list(k); k++)
        for (int threads = 1; threads <= 3; threads++) {
            w.options.workers = (fdml_workers){ fdml_kernels_list(k), threads };
            cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
            if (is_first) memcpy(first, coef, sizeof first);
            is_first = false;
            cr_assert_arr_eq(coef, first, sizeof first);
        }
    fdml_arena_close(&w.arena);
}

Test(explain_lime, keeps_the_strongest)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 0.3, 0.02, -0.15, 0.01, 0 }, false };
    double coef[ROWS * P];
    fdml_lime_result result = { .coef = coef };
    w.options.n_kept = 2;
    for (int choice = 0; choice < 2; choice++) {
        w.options.choice = choice ? FDML_LIME_FORWARD : FDML_LIME_AUTO;
        cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
        for (size_t i = 0; i < ROWS; i++) {
            cr_assert_float_eq(coef[i * P], 0.3, 0.01);
            cr_assert_float_eq(coef[i * P + 2], -0.15, 0.01);
            cr_assert(coef[i * P + 1] == 0 && coef[i * P + 3] == 0 && coef[i * P + 4] == 0);
        }
    }
    w.options.choice = FDML_LIME_LARGEST;
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    for (size_t i = 0; i < ROWS; i++) {
        size_t n = 0;
        for (size_t f = 0; f < P; f++) n += coef[i * P + f] != 0;
        cr_assert_eq(n, 2);
    }
    fdml_arena_close(&w.arena);
}

Test(explain_lime, missing_and_unseen)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 0, 0.2, 0.1, 0.1, 0 }, false };
    for (size_t i = 0; i < FIT; i++) w.x[i * P + 1] = 1; /* other jobs are not seen */
    w.x[3 * P] = NAN;
    cr_assert_eq(fdml_lime_data_make(&w.data, &w.t, w.fit, FIT, &w.arena, &err), FDML_OK);
    w.x[FIT * P] = NAN;
    w.x[FIT * P + 1] = 2;
    double prediction[ROWS];
    fdml_lime_result result = { .prediction = prediction };
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    for (size_t i = 0; i < ROWS; i++) cr_assert(isfinite(prediction[i]));
    fdml_arena_close(&w.arena);
}

static fdml_status fails(void *ctx, double *p, const float *x, size_t n, int thread,
                         fdml_error *error)
{
    (void)ctx, (void)thread;
    for (size_t i = 0; i < n; i++) p[i] = x[0] > 40 ? NAN : 0;
    return x[1] == 2 ? fdml_fail(error, FDML_E_IO, "the command died") : FDML_OK;
}

Test(explain_lime, refuses)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 0.1, 0.2, 0.1, 0.1, 0 }, false };
    const fdml_blackbox box = { .can_predict_new_rows = true, .predict = fails };
    const uint32_t row[] = { FIT + 0, FIT + 1 };
    fdml_lime_result result = { .prediction = NULL };
    w.x[row[0] * P] = 30, w.x[row[0] * P + 1] = 2;
    scratch_expect_error(
        fdml_lime_explain(&result, &w.data, &box, w.x, row, 2, &w.options, &w.arena, &err),
        &err, FDML_E_IO, "the command died");
    w.options.alpha = 0; /* of the constant feature nothing can be said */
    scratch_expect_error(lime_explain(&w, &c, &result, &err), &err, FDML_E_DATA,
                         "ridge: column 4 is constant or depends on 4 others, and alpha is 0: "
                         "nothing makes its coefficient unique");
    w.options = fdml_lime_defaults;
    w.options.workers = (fdml_workers){ fdml_kernels_best(), 1 };
    w.options.n_samples = 1;
    scratch_expect_error(lime_explain(&w, &c, &result, &err), &err, FDML_E_ARG,
                         "LIME: 1 samples, expected 2 to 4194303");
    scratch_expect_error(fdml_lime_data_make(&w.data, &w.t, w.fit, 0, &w.arena, &err), &err,
                         FDML_E_DATA, "LIME: no rows to learn frequencies from");
    w.x[1] = 3;
    scratch_expect_error(fdml_lime_data_make(&w.data, &w.t, w.fit, FIT, &w.arena, &err), &err,
                         FDML_E_DATA, "job: row 0 has level 3, expected one of 3");
    fdml_arena_close(&w.arena);
}
