/* test_explain_memory.c - what methods say they need is what they take, and too little of it is
 * an error that leaves nothing behind.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "blackbox_case.h"
#include "explain/cart.h"
#include "explain/gam.h"
#include "explain/kernel_shap.h"
#include "lime_world.h"

enum { N = 900, DIM = 5, P = LIME_P, ROWS = LIME_ROWS };
static fdml_error err;
static float z[N * DIM];
static uint8_t label[N];

/* Four smooth columns and a binary one. */
static void fill(void)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 2, 3);
    for (size_t i = 0; i < N; i++) {
        for (size_t d = 0; d < DIM; d++) z[i * DIM + d] = (float)fdml_rng_normal(&rng);
        z[i * DIM + 4] = z[i * DIM + 4] > 0;
        label[i] = (double)(z[i * DIM] + z[i * DIM + 4]) + fdml_rng_normal(&rng) > 0.5;
    }
}

typedef fdml_status run(fdml_arena *arena, const void *ctx);

/* The most that `todo` takes is between `share` of `bound` and `bound`, and with a limit of
 * each tenth of that it fails with NOMEM or stays below. */
static void expect_memory(run *todo, const void *ctx, double bound, double share)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(todo(&arena, ctx), FDML_OK, "%s", err.text);
    const double peak = (double)arena.peak;
    cr_expect(peak <= bound && peak >= share * bound, "%g of %g", peak, bound);
    fdml_arena_close(&arena);
    for (int tenth = 0; tenth < 10; tenth++) {
        fdml_arena small;
        fdml_arena_init(&small, 1 + (size_t)(peak * tenth / 10));
        cr_expect_eq(todo(&small, ctx), FDML_E_NOMEM, "%d", tenth);
        fdml_arena_close(&small);
    }
}

static fdml_status tree(fdml_arena *arena, const void *ctx)
{
    fdml_cart cart;
    return fdml_cart_fit(&cart, z, label, N, DIM, ctx, arena, &err);
}

Test(explain_memory, of_trees)
{
    const fdml_cart_options options = { 4, 2 };
    fill();
    expect_memory(tree, &options, fdml_cart_memory(N, DIM, &options), 1);
}

static fdml_status additive(fdml_arena *arena, const void *ctx)
{
    fdml_gam gam;
    return fdml_gam_fit(&gam, z, label, N, DIM, ctx, arena, &err);
}

Test(explain_memory, of_additive_models)
{
    const double lambda[] = { 1, 10 };
    const fdml_gam_options options = { 100, 1e-4, lambda, 2, 2 };
    fill();
    expect_memory(additive, &options, fdml_gam_memory(N, DIM, 4, &options), 1);
    const fdml_gam_options wide = { 100, 1e-4, NULL, 0, 1 };
    cr_expect_leq(fdml_gam_memory(30000, 100, 100, &wide),
                  320e6); /* rows 240, triangles 34 + 64 */
}

typedef struct lime_run {
    lime_world *w;
    lime_box box;
} lime_run;

static fdml_status lime(fdml_arena *arena, const void *ctx)
{
    const lime_run *r = ctx;
    const fdml_arena kept = r->w->arena;
    fdml_lime_result result = { .r2 = NULL };
    r->w->arena = *arena;
    const fdml_status status = lime_explain(r->w, &r->box, &result, &err);
    *arena = r->w->arena;
    r->w->arena = kept;
    cr_expect_eq(arena->used, 0);
    return status;
}

Test(explain_memory, of_lime)
{
    static lime_world w;
    lime_begin(&w);
    const lime_run r = { &w, { &w, { 1.5, 1, -0.7, 0.4, 0 }, true } };
    for (int threads = 1; threads < 4; threads += 2) {
        w.options.workers.n_threads = threads;
        w.options.n_samples = 700;
        expect_memory(lime, &r, fdml_lime_memory(&w.data, &w.options), 1);
    }
    fdml_arena_close(&w.arena);
}

static fdml_status answer(void *ctx, double *p, const float *x, size_t n, int thread,
                          fdml_error *error)
{
    (void)ctx, (void)thread, (void)error;
    for (size_t i = 0; i < n; i++) p[i] = (double)(x[i * DIM] * x[i * DIM + 1]);
    return FDML_OK;
}

static fdml_status shap(fdml_arena *arena, const void *ctx)
{
    const fdml_blackbox box = { .can_predict_new_rows = true, .predict = answer };
    const fdml_shap_data data = { DIM, 70, z, z + 100 * DIM };
    const uint32_t row[] = { 0, 1, 2 };
    fdml_shap_result result = { .phi = NULL };
    const fdml_status status =
        fdml_shap_explain(&result, &box, &data, row, 3, ctx, arena, &err);
    cr_expect_eq(arena->used, 0);
    return status;
}

Test(explain_memory, of_shap)
{
    fill();
    for (int exact = 0; exact < 2; exact++)
        for (int threads = 1; threads < 3; threads++) {
            const fdml_shap_options options = { .n_samples = exact ? 0 : 50,
                                                .is_exact = exact,
                                                .workers = { fdml_kernels_best(), threads } };
            expect_memory(shap, &options, fdml_shap_memory(DIM, 70, &options), 1);
        }
}

static const fdml_feature features[CASE_FEATURES] = { { "one", FDML_NUMERIC, 0, NULL },
                                                      { "two", FDML_NUMERIC, 0, NULL },
                                                      { "three", FDML_NUMERIC, 0, NULL },
                                                      { "kind", FDML_CATEGORICAL, 4, NULL } };
static const fdml_tabular table = { .n_rows = CASE_ROWS,
                                    .n_features = CASE_FEATURES,
                                    .feature = features,
                                    .x = blackbox_case_x,
                                    .target = blackbox_case_y,
                                    .target_name = "bought" };

static fdml_status black_box(fdml_arena *arena, const void *ctx)
{
    fdml_blackbox box;
    fdml_blackbox_choice choice;
    uint32_t row[CASE_TRAIN];
    double p[CASE_TRAIN];
    for (uint32_t i = 0; i < CASE_TRAIN; i++) row[i] = i;
    FDML_TRY(fdml_blackbox_train(&box, &choice, &table, row, CASE_TRAIN, ctx, arena, &err));
    return fdml_blackbox_rows(p, &box, &table, row, CASE_TRAIN, 2, arena, &err);
}

Test(explain_memory, of_black_boxes)
{
    static const double candidate[] = { 10, 20 };
    for (size_t n = 1; n < 3; n++)
        for (int kind = 0; kind < 2; kind++) {
            const fdml_blackbox_options options = { .kind = (fdml_blackbox_kind)kind,
                                                    .candidate = candidate,
                                                    .n_candidates = n,
                                                    .n_folds = 5,
                                                    .seed = 1,
                                                    .workers = { fdml_kernels_best(), 2 } };
            /* of several candidates most is in the arenas of the folds */
            expect_memory(black_box, &options,
                          fdml_blackbox_train_memory(&table, CASE_TRAIN, &options) +
                              fdml_blackbox_rows_memory(&table, 2),
                          n == 1 ? 0.4 : 0.1);
        }
}
