/* test_explain_jtt.c - LIME that is trained twice.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "explain/ridge.h"
#include "lime_world.h"

enum { P = LIME_P, ROWS = LIME_ROWS };
static fdml_error err;

/* JTT: a linear black box of large penalty is said wrongly for many samples; those weigh more,
 * and weights that sum to 1 shrink coefficients by about 1 / (variance + alpha). */
Test(explain_jtt, trains_twice)
{
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 3, 0, 0, 0, 0 }, true };
    double once[ROWS], twice[ROWS], coef[ROWS * P], coef1[ROWS * P];
    fdml_lime_result result = { .prediction = once, .coef = coef1 };
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    w.options.jtt_factor = 20;
    result = (fdml_lime_result){ .prediction = twice, .coef = coef };
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert(isfinite(twice[i]) && twice[i] != once[i]);
        cr_assert(coef[i * P] > 0 && coef[i * P] < coef1[i * P]);
    }
    w.options.jtt_factor = 1; /* the same weights once more */
    w.options.jtt_keeps_mass = true;
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    cr_assert_arr_eq(twice, once, sizeof once);
    cr_assert_arr_eq(coef, coef1, sizeof coef);
    fdml_arena_close(&w.arena);
}

/* The authors' code in its own terms, y = P(target = 0), with the same draws. */
Test(explain_jtt, trains_twice_as_the_authors)
{
    enum { MANY = 600 };
    static float x[MANY * P], z[MANY * P], weight[MANY];
    static double y[MANY];
    lime_world w;
    lime_begin(&w);
    const lime_box c = { &w, { 1.5, 1, -0.7, 0.4, 0 }, true };
    double prediction[ROWS];
    fdml_lime_result result = { .prediction = prediction };
    w.options.n_samples = MANY;
    w.options.jtt_factor = 7;
    cr_assert_eq(lime_explain(&w, &c, &result, &err), FDML_OK);
    fdml_moments m;
    fdml_ridge ridge;
    cr_assert_eq(fdml_moments_init(&m, P, fdml_kernels_best(), &w.arena, &err), FDML_OK);
    cr_assert_eq(fdml_ridge_init(&ridge, P, &w.arena, &err), FDML_OK);
    float *scratch = malloc(fdml_lime_scratch(&w.data) * sizeof *scratch);
    for (size_t i = 0; i < ROWS; i++) {
        const fdml_lime_draw draw = {
            1, w.row[i], false, 1, (float)(0.75 * sqrt(P)), fdml_kernels_best()
        };
        double total = 0;
        fdml_lime_neighbours(x, z, weight, &w.data, w.x + (size_t)w.row[i] * P, &draw, MANY,
                             scratch);
        for (size_t s = 0; s < MANY; s++) y[s] = 1 - lime_score(&c, x + s * P);
        fdml_moments_make(&m, z, y, weight, MANY);
        cr_assert_eq(fdml_ridge_fit(&ridge, &m, NULL, P, 1, &err), FDML_OK);
        for (size_t s = 0; s < MANY; s++) {
            double at = ridge.intercept;
            for (size_t f = 0; f < P; f++) at += ridge.coef[f] * (double)z[s * P + f];
            if ((at >= 0.5) != (y[s] >= 0.5)) weight[s] *= 7;
            total += (double)weight[s];
        }
        for (size_t s = 0; s < MANY; s++) weight[s] = (float)((double)weight[s] / total);
        fdml_moments_make(&m, z, y, weight, MANY);
        cr_assert_eq(fdml_ridge_fit(&ridge, &m, NULL, P, 1, &err), FDML_OK);
        double at = ridge.intercept;
        for (size_t f = 0; f < P; f++) at += ridge.coef[f] * (double)z[f];
        cr_assert_float_eq(prediction[i], 1 - at, 1e-5, "%zu: %g, not %g", i, prediction[i],
                           1 - at);
    }
    free(scratch);
    fdml_arena_close(&w.arena);
}
