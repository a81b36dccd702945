/* test_explain_plan.c - what a study of explanations says it needs is what it takes.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "explain/study_other.h"

enum { ROWS = 400, FEATURES = 3, COLUMNS = 3, TEST = 160, SEEDS = 3, BOXES = 2, METHODS = 8 };

static fdml_error err;
static float x[ROWS * FEATURES];
static uint8_t target[ROWS], part[ROWS];
static uint32_t code[COLUMNS][ROWS];
static const char *const level[] = { "one", "another", "a third", "and the last of these" };
static const fdml_factor column[COLUMNS] = { { "sex", ROWS, 2, code[0], level },
                                             { "race", ROWS, 3, code[1], level },
                                             { "age", ROWS, 4, code[2], level } };
static const fdml_feature feature[FEATURES] = { { "income", FDML_NUMERIC, 0, NULL },
                                                { "debt", FDML_NUMERIC, 0, NULL },
                                                { "job", FDML_CATEGORICAL, 4, level } };
static fdml_tabular table = { .n_rows = ROWS,
                              .n_features = FEATURES,
                              .feature = feature,
                              .x = x,
                              .target = target,
                              .target_name = "good",
                              .positive = "1",
                              .protected_ = column,
                              .n_protected = 1,
                              .part = part };
static const double candidate[] = { 1 };
static const uint64_t seed[SEEDS] = { 1, 2, 3 };
static const fdml_study_source trained[BOXES] = {
    { .name = "logistic", .kind = FDML_BLACKBOX_LOGISTIC },
    { .name = "balanced", .kind = FDML_BLACKBOX_LOGISTIC, .balances_groups = true }
};
static fdml_method method[METHODS];
static fdml_study_options options = { .source = trained,
                                      .n_sources = BOXES,
                                      .method = method,
                                      .n_methods = METHODS,
                                      .seed = seed,
                                      .n_seeds = 1,
                                      .balances_labels = true,
                                      .candidate = candidate,
                                      .n_candidates = 1,
                                      .baseline = SIZE_MAX,
                                      .baseline_source = SIZE_MAX,
                                      .min_group = 20,
                                      .with_intersections = true,
                                      .n_bootstrap = 20,
                                      .n_permutations = 20,
                                      .confidence = .95 };

/* Of ten rows two train, three explain, one judges and four test. */
static void fill(fdml_arena *arena)
{
    static const char *const texts[METHODS] = {
        "tree", "shap:n16:k2:encoded",     "lime:n60", "gam:k2:balanced", "lime:n60:k1:jtt10",
        "gam",  "tree:k2:depth3:balanced", "shap:n16",
    };
    static const uint8_t parts[] = { 0, 0, 1, 1, 1, 2, 3, 3, 3, 3 };
    fdml_rng rng;
    fdml_rng_init(&rng, 7, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        part[i] = parts[i % 10];
        for (size_t c = 0; c < COLUMNS; c++)
            code[c][i] = fdml_rng_below(&rng, (uint32_t)column[c].n_levels);
        for (size_t f = 0; f < 2; f++) x[i * FEATURES + f] = (float)fdml_rng_normal(&rng);
        x[i * FEATURES + 2] = (float)fdml_rng_below(&rng, 4);
        target[i] = (double)x[i * FEATURES] + fdml_rng_normal(&rng) > .3;
    }
    for (size_t m = 0; m < METHODS; m++)
        cr_assert_eq(fdml_method_parse(&method[m], texts[m], arena, &err), FDML_OK, "%s",
                     err.text);
    options.workers = (fdml_workers){ fdml_kernels_best(), 1 };
}

static void expect_peak(double share, const char *what)
{
    fdml_study study;
    fdml_arena arena;
    const double bound = fdml_study_memory(&table, &options);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_study_run(&study, &table, &options, &arena, &err), FDML_OK, "%s: %s",
                 what, err.text);
    const double peak = (double)study.peak;
    cr_expect(peak <= bound && peak >= share * bound, "%s, %zu seeds, %zu columns: %g of %g",
              what, options.n_seeds, table.n_protected, peak, bound);
    fdml_arena_close(&arena);
}

/* With one seed and several, one column and the intersections of several. */
static void expect_peaks(const char *what)
{
    for (size_t n_seeds = 1; n_seeds <= SEEDS; n_seeds += 2)
        for (size_t n_columns = 1; n_columns <= COLUMNS; n_columns += 2) {
            options.n_seeds = n_seeds;
            table.n_protected = n_columns;
            expect_peak(.75, what);
        }
}

static fdml_arena kept;
static void set_up(void)
{
    fdml_arena_init(&kept, 0);
    fill(&kept);
}

static void tear_down(void)
{
    fdml_arena_close(&kept);
}

TestSuite(explain_plan, .init = set_up, .fini = tear_down);

Test(explain_plan, of_answers_and_local_explanations)
{
    options.n_methods = 3;
    expect_peaks("plain");
    options.with_local = options.with_simulation = true;
    expect_peaks("local");
}

/* Each alone, so that none hides behind a larger one. The numbers that a GAM keeps, of two
 * columns, might both have been splines. */
Test(explain_plan, of_every_method)
{
    options.with_local = true;
    options.n_methods = options.n_sources = 1;
    options.workers.n_threads = 2;
    options.n_bootstrap = options.n_permutations = 5;
    for (size_t m = 0; m < METHODS; m++) {
        options.method = &method[m];
        expect_peak(.5, method[m].text);
    }
}

static fdml_status answer(void *ctx, double *p, const float *rows, size_t n, int thread,
                          fdml_error *error)
{
    (void)ctx, (void)thread, (void)error;
    for (size_t i = 0; i < n; i++) p[i] = rows[i * FEATURES] > 0 ? .75 : .25;
    return FDML_OK;
}

/* Arenas of threads are in the bound and not in the peak. */
Test(explain_plan, of_networks_and_of_what_tells_groups)
{
    static const double width[] = { 8 };
    static const fdml_study_source net[] = { { .name = "mlp", .kind = FDML_BLACKBOX_MLP } };
    options.source = net;
    options.n_sources = options.n_methods = 1;
    options.candidate = width;
    expect_peak(.5, "mlp");
    const fdml_blackbox box = { .can_predict_new_rows = true, .predict = answer };
    const fdml_study_source outside[] = { { .name = "outside", .outside = &box } };
    options.source = outside;
    expect_peak(.75, "outside");
    options.with_information = true;
    expect_peak(.1, "information");
}

Test(explain_plan, of_comparisons)
{
    options.n_methods = 2;
    options.baseline = 1;
    expect_peaks("method");
    options.baseline = SIZE_MAX;
    options.baseline_source = 0;
    expect_peaks("black box");
    static double answer[SEEDS * TEST];
    fdml_study_answers of[BOXES * 2];
    for (size_t i = 0; i < BOXES * 2; i++) of[i] = (fdml_study_answers){ answer, answer };
    of[1].e = NULL; /* which is a warning */
    const fdml_study_other other = { "other.csv", of };
    options.baseline_source = SIZE_MAX;
    options.other = &other;
    expect_peaks("other run");
}

/* More combinations of levels than test rows, and more than are looked at one by one. */
Test(explain_plan, of_groups_that_few_rows_have)
{
    enum { MOST = 400 };
    static const char *name[MOST];
    static fdml_factor many[COLUMNS];
    const fdml_blackbox box = { .can_predict_new_rows = true, .predict = answer };
    const fdml_study_source outside[] = { { .name = "outside", .outside = &box } };
    for (size_t l = 0; l < MOST; l++) name[l] = level[l % 4];
    options.source = outside;
    options.n_sources = options.n_methods = 1;
    options.min_group = 2;
    table.protected_ = many;
    table.n_protected = COLUMNS;
    for (uint32_t n_levels = 30; n_levels <= MOST; n_levels += MOST - 30) {
        fdml_rng rng;
        fdml_rng_init(&rng, n_levels, 0, 0);
        for (size_t c = 0; c < COLUMNS; c++) {
            many[c] = (fdml_factor){ column[c].name, ROWS, n_levels, code[c], name };
            for (size_t i = 0; i < ROWS; i++) code[c][i] = fdml_rng_below(&rng, n_levels);
        }
        expect_peak(.75, "many groups");
    }
    table.protected_ = column;
}
