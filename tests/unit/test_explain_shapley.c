/* test_explain_shapley.c - KernelSHAP of trained black boxes with a category, its players being
 * features or encoded columns, and of ten features: against the mean over all orders in which
 * players can come.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "blackbox_case.h"
#include "explain/kernel_shap.h"

enum { MOST = 10, BACKGROUND = 5, ROWS = 3 };
static fdml_error err;

/* What each set of players is worth at a row, asked one row at a time. */
static void ask_all(double *value, const fdml_blackbox *box, const float *own,
                    const float *background, size_t p)
{
    for (unsigned set = 0; set < 1u << p; set++) {
        value[set] = 0;
        for (size_t b = 0; b < BACKGROUND; b++) {
            float x[MOST];
            double y;
            for (size_t f = 0; f < p; f++) x[f] = set >> f & 1 ? own[f] : background[b * p + f];
            cr_assert_eq(box->predict(box->ctx, &y, x, 1, 0, &err), FDML_OK);
            value[set] += y / BACKGROUND;
        }
    }
}

/* Adds what each player brings, over all orders of those who are not in `set` yet. */
static void all_orders(double *phi, const double *value, unsigned set, size_t p, double weight)
{
    size_t left = 0;
    for (size_t i = 0; i < p; i++) left += !(set >> i & 1);
    for (size_t i = 0; i < p; i++) {
        if (set >> i & 1) continue;
        phi[i] += weight / (double)left * (value[set | 1u << i] - value[set]);
        all_orders(phi, value, set | 1u << i, p, weight / (double)left);
    }
}

/* x: [ROWS + BACKGROUND, p], the background behind the rows. Both ways, and of few coalitions
 * the sum. */
static void expect_shapley(const fdml_blackbox *box, const float *x, size_t p)
{
    static double value[1 << MOST];
    double phi[ROWS * MOST], exact[ROWS * MOST], few[ROWS * MOST], f[ROWS], said[ROWS];
    const float *background = x + ROWS * p;
    const uint32_t row[ROWS] = { 0, 1, 2 };
    const fdml_shap_data data = { p, BACKGROUND, background, x };
    fdml_shap_options options = { .seed = 4, .workers = { fdml_kernels_best(), 2 } };
    fdml_shap_result of_kernel = { .phi = phi }, of_formula = { .phi = exact },
                     of_few = { .phi = few, .prediction = said, .black_box = f };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_shap_explain(&of_kernel, box, &data, row, ROWS, &options, &arena, &err),
                 FDML_OK);
    options.is_exact = true;
    cr_assert_eq(fdml_shap_explain(&of_formula, box, &data, row, ROWS, &options, &arena, &err),
                 FDML_OK);
    options.is_exact = false, options.n_samples = 9;
    cr_assert_eq(fdml_shap_explain(&of_few, box, &data, row, ROWS, &options, &arena, &err),
                 FDML_OK);
    fdml_arena_close(&arena);
    for (size_t i = 0; i < ROWS; i++) {
        double want[MOST] = { 0 }, sum = 0;
        ask_all(value, box, x + i * p, background, p);
        all_orders(want, value, 0, p, 1);
        for (size_t j = 0; j < p; j++) {
            cr_expect_float_eq(exact[i * p + j], want[j], 1e-11, "%zu %zu", i, j);
            cr_expect_float_eq(phi[i * p + j], want[j], 1e-9, "%zu %zu: %g", i, j,
                               phi[i * p + j] - want[j]);
            sum += few[i * p + j];
        }
        cr_expect_float_eq(of_few.base + sum, f[i], 1e-6); /* efficiency */
        cr_expect_float_eq(said[i], f[i], 1e-6);
        cr_expect_float_eq(of_few.base, value[0], 1e-12);
    }
}

static fdml_status curved(void *ctx, double *p, const float *x, size_t n, int thread,
                          fdml_error *error)
{
    (void)ctx, (void)thread, (void)error;
    for (size_t i = 0; i < n; i++, x += MOST) {
        double sum = x[9] > 0 ? (double)(x[0] * x[1] * x[2]) : (double)x[3];
        for (size_t f = 4; f < MOST; f++) sum += (double)(x[f] * x[f - 1] * x[f - 4]);
        p[i] = 1 / (1 + fdml_exp(-sum));
    }
    return FDML_OK;
}

Test(explain_shapley, of_ten_features)
{
    static float x[(ROWS + BACKGROUND) * MOST];
    fdml_rng rng;
    fdml_rng_init(&rng, 5, 6, 7);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)fdml_rng_normal(&rng);
    const fdml_blackbox box = { .can_predict_new_rows = true, .predict = curved };
    expect_shapley(&box, x, MOST);
}

static const char *const letters[] = { "a", "b", "c", "d" };
static const fdml_feature features[CASE_FEATURES] = { { "one", FDML_NUMERIC, 0, NULL },
                                                      { "two", FDML_NUMERIC, 0, NULL },
                                                      { "three", FDML_NUMERIC, 0, NULL },
                                                      { "kind", FDML_CATEGORICAL, 4,
                                                        letters } };

Test(explain_shapley, of_trained_black_boxes)
{
    static const double c = 1, width = 6;
    const fdml_tabular t = { .n_rows = CASE_ROWS,
                             .n_features = CASE_FEATURES,
                             .feature = features,
                             .x = blackbox_case_x,
                             .target = blackbox_case_y,
                             .target_name = "bought" };
    uint32_t every[CASE_ROWS];
    for (uint32_t i = 0; i < CASE_ROWS; i++) every[i] = i;
    for (int kind = 0; kind < 2; kind++) {
        const fdml_blackbox_options options = { .kind = (fdml_blackbox_kind)kind,
                                                .candidate = kind ? &width : &c,
                                                .n_candidates = 1,
                                                .n_folds = 5,
                                                .seed = 1,
                                                .workers = { fdml_kernels_best(), 2 } };
        fdml_arena arena;
        fdml_blackbox box;
        fdml_blackbox_choice choice;
        double raw[CASE_ROWS], same[CASE_ROWS];
        static float z[CASE_ROWS * MOST];
        fdml_arena_init(&arena, 0);
        cr_assert_eq(
            fdml_blackbox_train(&box, &choice, &t, every, CASE_TRAIN, &options, &arena, &err),
            FDML_OK, "%s", err.text);
        const fdml_blackbox encoded = fdml_blackbox_of_encoded(&box);
        const size_t dim = box.encoder->dim;
        cr_assert(dim > CASE_FEATURES && dim <= MOST && encoded.can_predict_new_rows);
        fdml_encoder_rows(z, box.encoder, t.x, CASE_ROWS);
        cr_assert_eq(box.predict(box.ctx, raw, t.x, CASE_ROWS, 0, &err), FDML_OK);
        cr_assert_eq(encoded.predict(encoded.ctx, same, z, CASE_ROWS, 1, &err), FDML_OK);
        for (size_t i = 0; i < CASE_ROWS; i++) cr_assert_float_eq(raw[i], same[i], 1e-6);
        expect_shapley(&box, t.x, CASE_FEATURES);
        expect_shapley(&encoded, z, dim);
        fdml_arena_close(&arena);
    }
    const fdml_blackbox outside = { .can_predict_new_rows = true, .predict = curved };
    cr_assert_not(fdml_blackbox_of_encoded(&outside).can_predict_new_rows);
}
