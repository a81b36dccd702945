/* test_explain_shap.c - KernelSHAP against Shapley's own definition, and its axioms.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "explain/coalitions.h"
#include "explain/kernel_shap.h"
#include "scratch.h"

enum { P = 7, BACKGROUND = 9, ROWS = 6 };
static fdml_error err;

/* Products, a threshold and a square; feature 3 is not used, and 1 and 2 are used alike. */
static double answer(const float *x)
{
    const double a = (double)x[0], b = (double)x[1], c = (double)x[2], d = (double)x[4];
    return 0.3 + a * b * c + (d > 0 ? b + c : a) + (double)x[5] * (double)x[5] * (double)x[6];
}

static fdml_status predict(void *ctx, double *p, const float *x, size_t n, int thread,
                           fdml_error *error)
{
    const size_t width = *(const size_t *)ctx;
    (void)thread, (void)error;
    for (size_t i = 0; i < n; i++) {
        p[i] = answer(x + i * width);
        for (size_t j = P; j < width; j++) p[i] += (double)(x[i * width + j] * x[i * width]);
    }
    return FDML_OK;
}

static void fill(float *x, size_t n, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 3, 1, index);
    for (size_t i = 0; i < n; i++) x[i] = (float)fdml_rng_normal(&rng);
}

/* By permutations: the mean of what a feature adds over all 5,040 orders, Heap's algorithm. */
static double worth(unsigned set, const float *own, const float *background)
{
    double sum = 0;
    for (size_t b = 0; b < BACKGROUND; b++) {
        float x[P];
        for (size_t f = 0; f < P; f++) x[f] = set >> f & 1 ? own[f] : background[b * P + f];
        sum += answer(x);
    }
    return sum / BACKGROUND;
}

static void add_order(double *phi, const unsigned *order, const double *value)
{
    unsigned set = 0;
    for (size_t i = 0; i < P; i++) {
        phi[order[i]] += (value[set | 1u << order[i]] - value[set]) / 5040;
        set |= 1u << order[i];
    }
}

static void all_orders(double *phi, unsigned *order, size_t n, const double *value)
{
    if (n == 1) {
        add_order(phi, order, value);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        all_orders(phi, order, n - 1, value);
        const size_t with = n % 2 ? 0 : i;
        const unsigned last = order[n - 1];
        order[n - 1] = order[with];
        order[with] = last;
    }
}

typedef struct world {
    float x[ROWS * P], background[BACKGROUND * P];
    uint32_t row[ROWS];
    size_t width;
    fdml_blackbox box;
    fdml_shap_data data;
    fdml_shap_options options;
    fdml_arena arena;
} world;

static void begin(world *w)
{
    fill(w->x, ROWS * P, 0);
    fill(w->background, BACKGROUND * P, 1);
    for (size_t b = 0; b < BACKGROUND; b++) /* feature 2 is as feature 1 */
        w->background[b * P + 2] = w->background[b * P + 1];
    for (size_t i = 0; i < ROWS; i++) {
        w->x[i * P + 2] = w->x[i * P + 1];
        w->row[i] = (uint32_t)(ROWS - 1 - i);
    }
    w->width = P;
    w->box =
        (fdml_blackbox){ .ctx = &w->width, .can_predict_new_rows = true, .predict = predict };
    w->data = (fdml_shap_data){ P, BACKGROUND, w->background, w->x };
    w->options = (fdml_shap_options){ .workers = { fdml_kernels_best(), 2 } };
    fdml_arena_init(&w->arena, 0);
}

Test(explain_shap, shapley_values)
{
    world w;
    double phi[ROWS * P], exact[ROWS * P], prediction[ROWS], black_box[ROWS], value[1 << P];
    begin(&w);
    fdml_shap_result of_kernel = { .phi = phi,
                                   .prediction = prediction,
                                   .black_box = black_box };
    fdml_shap_result of_formula = { .phi = exact };
    cr_assert_eq(
        fdml_shap_explain(&of_kernel, &w.box, &w.data, w.row, ROWS, &w.options, &w.arena, &err),
        FDML_OK);
    w.options.is_exact = true;
    cr_assert_eq(fdml_shap_explain(&of_formula, &w.box, &w.data, w.row, ROWS, &w.options,
                                   &w.arena, &err),
                 FDML_OK);
    for (size_t i = 0; i < ROWS; i++) {
        double want[P] = { 0 };
        unsigned order[P];
        for (unsigned f = 0; f < P; f++) order[f] = f;
        for (unsigned s = 0; s < 1u << P; s++)
            value[s] = worth(s, w.x + w.row[i] * P, w.background);
        all_orders(want, order, P, value);
        for (size_t f = 0; f < P; f++) {
            cr_assert_float_eq(exact[i * P + f], want[f], 1e-12, "%zu %zu", i, f);
            cr_assert_float_eq(phi[i * P + f], want[f], 1e-10, "%zu %zu: %g", i, f,
                               phi[i * P + f] - want[f]);
        }
        cr_assert_float_eq(phi[i * P + 3], 0, 1e-10);              /* dummy */
        cr_assert_float_eq(phi[i * P + 1], phi[i * P + 2], 1e-10); /* symmetry */
        cr_assert_float_eq(prediction[i], black_box[i], 1e-12);    /* efficiency */
        cr_assert_eq(black_box[i], answer(w.x + w.row[i] * P));
    }
    cr_assert_float_eq(of_kernel.base, value[0], 1e-12);
    cr_assert_eq(w.arena.used, 0);
    fdml_arena_close(&w.arena);
}

/* Forty features and fifty coalitions, fewer than there are unknowns. */
Test(explain_shap, efficiency_of_few_coalitions)
{
    enum { WIDE = 40 };
    static float x[3 * WIDE], background[50 * WIDE];
    uint32_t row[] = { 0, 1, 2 };
    size_t width = WIDE;
    double first[3 * WIDE], phi[3 * WIDE], prediction[3], black_box[3];
    fill(x, 3 * WIDE, 2);
    fill(background, 50 * WIDE, 3);
    x[WIDE - 1] = background[WIDE - 1];
    for (size_t b = 1; b < 50; b++) background[b * WIDE + WIDE - 1] = x[WIDE - 1];
    const fdml_blackbox box = { .ctx = &width,
                                .can_predict_new_rows = true,
                                .predict = predict };
    const fdml_shap_data data = { WIDE, 50, background, x };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t n_samples = 1; n_samples <= 3000; n_samples = n_samples * 7 + 1)
        for (int threads = 1; threads <= 3; threads++) {
            const fdml_shap_options options = { .seed = 5,
                                                .n_samples = n_samples,
                                                .workers = { fdml_kernels_best(), threads } };
            fdml_shap_result result = { .phi = phi,
                                        .prediction = prediction,
                                        .black_box = black_box };
            cr_assert_eq(
                fdml_shap_explain(&result, &box, &data, row, 3, &options, &arena, &err),
                FDML_OK);
            for (size_t i = 0; i < 3; i++) {
                double sum = result.base;
                for (size_t f = 0; f < WIDE; f++) sum += phi[i * WIDE + f];
                cr_assert_float_eq(sum, black_box[i], 1e-6);
                cr_assert_float_eq(prediction[i], black_box[i], 1e-6);
            }
            cr_assert_eq(phi[WIDE - 1], 0); /* equal to the whole background */
            if (threads == 1)
                memcpy(first, phi, sizeof phi);
            else
                cr_assert_arr_eq(phi, first, sizeof phi);
        }
    fdml_arena_close(&arena);
}

Test(explain_shap, kept_features)
{
    world w;
    double phi[ROWS * P], prediction[ROWS];
    const uint32_t kept[] = { 6, 0 };
    begin(&w);
    w.options.kept = kept;
    w.options.n_kept = 2;
    fdml_shap_result result = { .phi = phi, .prediction = prediction };
    cr_assert_eq(
        fdml_shap_explain(&result, &w.box, &w.data, w.row, ROWS, &w.options, &w.arena, &err),
        FDML_OK);
    for (size_t i = 0; i < ROWS; i++)
        cr_assert_float_eq(prediction[i], result.base + phi[i * P] + phi[i * P + 6], 1e-12);
    fdml_arena_close(&w.arena);
}

/* Weights of one size of all: from the outside in, complements in turn, and summing to 1. */
Test(explain_shap, coalitions)
{
    fdml_arena arena;
    fdml_coalitions c;
    fdml_rng rng;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_coalitions_init(&c, 70, 3000, &arena, &err), FDML_OK);
    for (size_t m = 2; m <= 70; m++)
        for (size_t n = 1; n <= 3000; n = 3 * n + 1) {
            fdml_rng_init(&rng, 1, 2, (uint32_t)m);
            fdml_coalitions_make(&c, m, n, &rng);
            cr_assert(c.n >= 1 && c.n <= n, "%zu %zu: %zu", m, n, c.n);
            double sum = 0;
            for (size_t i = 0; i < c.n; i++) {
                size_t size = 0;
                for (size_t k = 0; k < 64 * c.n_words; k++)
                    size += fdml_coalition_has(&c, i, k) ? 1 : 0;
                cr_assert(size >= 1 && size < m, "%zu of %zu", size, m);
                sum += c.weight[i];
            }
            cr_assert_float_eq(sum, 1, 1e-12, "%zu %zu: %.17g", m, n, sum);
        }
    /* m = 4: sizes 1 and 3 share 3/3 * 2 = 2 and size 2 has 3/4: of 2.75 */
    fdml_coalitions_make(&c, 4, 100, &rng);
    cr_assert_eq(c.n, 14);
    cr_assert_float_eq(c.weight[0], 2 / 2.75 / 8, 1e-15);
    cr_assert_float_eq(c.weight[13], 0.75 / 2.75 / 6, 1e-15);
    /* m = 12, 50 samples: sizes 1 and 11 have 24 coalitions and 0.36 of the weight, which is
     * a share of 50 * 0.36 = 18 samples: too few, so all are drawn */
    fdml_coalitions_make(&c, 12, 50, &rng);
    cr_assert_eq(c.n, 50);
    fdml_arena_close(&arena);
}

Test(explain_shap, refuses)
{
    world w;
    begin(&w);
    fdml_shap_result result = { .base = 0 };
    const uint32_t kept[] = { P };
    w.options.kept = kept;
    w.options.n_kept = 1;
    scratch_expect_error(
        fdml_shap_explain(&result, &w.box, &w.data, w.row, ROWS, &w.options, &w.arena, &err),
        &err, FDML_E_ARG, "SHAP: feature 7 is kept, but there are 7");
    w.options.kept = NULL;
    w.x[2 * P] = NAN;
    scratch_expect_error(
        fdml_shap_explain(&result, &w.box, &w.data, w.row, ROWS, &w.options, &w.arena, &err),
        &err, FDML_E_DATA, "SHAP: the black box answers nan");
    w.data.n_background = 0;
    scratch_expect_error(
        fdml_shap_explain(&result, &w.box, &w.data, w.row, ROWS, &w.options, &w.arena, &err),
        &err, FDML_E_ARG, "SHAP: no background rows");
    fdml_arena_close(&w.arena);
}
