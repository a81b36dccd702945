/* test_explain_information.c - how well features tell groups: worlds whose AUROC is known, and
 * DeLong's intervals.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "explain/crossval.h"
#include "explain/information.h"

enum { TRAIN = 400, TEST = 500, ROWS = TRAIN + TEST, FEATURES = 2, MIN_GROUP = 20 };

static fdml_error err;
static float x[ROWS * FEATURES];
static uint8_t target[ROWS], part[ROWS];
static uint32_t code[3][ROWS], row[ROWS];
static const fdml_feature feature[FEATURES] = { { "one", FDML_NUMERIC, 0, NULL },
                                                { "two", FDML_NUMERIC, 0, NULL } };
static const char *const two[] = { "a", "b" }, *const three[] = { "p", "q", "r" };
static const fdml_factor factor[3] = { { "told", ROWS, 2, code[0], two },
                                       { "hidden", ROWS, 2, code[1], two },
                                       { "rare", ROWS, 3, code[2], three } };

/* Group b of `told` has feature one shifted by 1. The target is nothing but noise. Of `rare`
 * level q has 8 training rows, r 12 test rows. */
static fdml_tabular make_world(void)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 6, 1, 0);
    for (uint32_t i = 0; i < ROWS; i++) {
        row[i] = i;
        part[i] = i < TRAIN ? FDML_PART_TRAIN : FDML_PART_TEST;
        code[0][i] = fdml_rng_below(&rng, 3) == 0;
        code[1][i] = fdml_rng_below(&rng, 2);
        code[2][i] = i < TRAIN ? (i < 8     ? 1
                                  : i < 100 ? 2
                                            : 0)
                               : (i < TRAIN + 100   ? 1
                                  : i < TRAIN + 112 ? 2
                                                    : 0);
        x[i * 2] = (float)(fdml_rng_normal(&rng) + code[0][i]);
        x[i * 2 + 1] = (float)fdml_rng_normal(&rng);
        target[i] = fdml_rng_below(&rng, 2) != 0;
    }
    return (fdml_tabular){ .n_rows = ROWS,
                           .n_features = FEATURES,
                           .feature = feature,
                           .x = x,
                           .target = target,
                           .target_name = "y",
                           .positive = "1",
                           .protected_ = factor,
                           .n_protected = 3,
                           .part = part };
}

static fdml_information_options options_of(int n_threads)
{
    return (fdml_information_options){ .seed = 1,
                                       .min_group = MIN_GROUP,
                                       .n_bootstrap = 1000,
                                       .confidence = .95,
                                       .workers = { fdml_kernels_best(), n_threads } };
}

/* DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
 * operating characteristic curves" (Biometrics 44, 1988), by its definition. */
static double delong_error(const double *p, const uint8_t *y, size_t n, double auroc)
{
    double square[2] = { 0 }, count[2] = { 0 };
    for (size_t i = 0; i < n; i++) count[y[i]]++;
    for (size_t i = 0; i < n; i++) {
        double won = 0;
        for (size_t j = 0; j < n; j++)
            if (y[j] != y[i]) won += p[i] == p[j] ? .5 : (p[i] > p[j]) == (y[i] == 1);
        const double d = won / count[!y[i]] - auroc;
        square[y[i]] += d * d;
    }
    return sqrt(square[0] / (count[0] - 1) / count[0] + square[1] / (count[1] - 1) / count[1]);
}

/* Of the logistic regression, trained as information.c says it is. */
static void expect_delong(const fdml_tabular *t, const fdml_information *found,
                          fdml_arena *arena)
{
    fdml_tabular asked = *t;
    uint8_t y[ROWS];
    double p[TEST], auroc;
    fdml_blackbox box;
    fdml_blackbox_choice choice;
    const fdml_blackbox_options o = { .n_folds = 5,
                                      .seed = 1,
                                      .workers = { fdml_kernels_best(), 2 } };
    for (size_t i = 0; i < ROWS; i++) y[i] = code[0][i] == found->group;
    asked.target = y;
    cr_assert_eq(fdml_blackbox_train(&box, &choice, &asked, row, TRAIN, &o, arena, &err),
                 FDML_OK);
    cr_assert_eq(fdml_blackbox_rows(p, &box, &asked, row + TRAIN, TEST, 1, arena, &err),
                 FDML_OK);
    cr_assert_eq(fdml_auroc(&auroc, p, y + TRAIN, TEST, arena, &err), FDML_OK);
    const fdml_estimate *e = &found->auroc[FDML_BLACKBOX_LOGISTIC];
    cr_expect_float_eq(e->value, auroc, 1e-12);
    const double half = 1.96 * delong_error(p, y + TRAIN, TEST, auroc);
    cr_expect_float_eq(e->hi - e->lo, 2 * half, .2 * half, "%g, DeLong %g", e->hi - e->lo,
                       2 * half);
}

/* The best that can be said of the test rows: the feature that differs. */
static double of_shifted_feature(fdml_arena *arena)
{
    double score[TEST], auroc;
    uint8_t y[TEST];
    for (size_t i = 0; i < TEST; i++) {
        score[i] = (double)x[(TRAIN + i) * FEATURES];
        y[i] = code[0][TRAIN + i] != 0;
    }
    cr_assert_eq(fdml_auroc(&auroc, score, y, TEST, arena, &err), FDML_OK);
    return auroc;
}

Test(explain_information, tells_what_can_be_told)
{
    const fdml_tabular t = make_world();
    const fdml_information_options o = options_of(2);
    const fdml_information *found;
    size_t n, n_in = 0;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_information_measure(&found, &n, &t, &o, &arena, &err), FDML_OK);
    cr_assert_eq(n, 5u); /* one of two values, twice, and each of three */
    for (size_t i = TRAIN; i < ROWS; i++) n_in += code[0][i];
    cr_expect(found[0].attribute == 0 && found[0].group == 1 && found[0].n == n_in &&
              found[0].n_test == TEST);
    const double told = of_shifted_feature(&arena);
    cr_expect_float_eq(told, .76025, 4 * .024, "%g", told); /* Phi(1 / sqrt 2) */
    for (int k = 0; k < 2; k++) {
        const fdml_estimate *e = found[0].auroc, *none = found[1].auroc;
        cr_expect_float_eq(e[k].value, told, k ? .06 : .02, "%d: %g, %g", k, e[k].value, told);
        cr_expect(e[k].lo < told && told < e[k].hi && !e[k].why && e[k].n == n_in);
        cr_expect(none[k].lo < .5 && .5 < none[k].hi, "%d: %g %g", k, none[k].lo, none[k].hi);
        cr_expect(found[2].auroc[k].value > 0 && !found[2].auroc[k].why);
        cr_expect_str_eq(found[3].auroc[k].why,
                         "insufficient data (n=8 training rows of the group < 10)");
        cr_expect_str_eq(found[4].auroc[k].why,
                         "insufficient data (n=12 test rows of the group < 20)");
        cr_expect(isnan(found[4].auroc[k].value) && isnan(found[4].auroc[k].lo));
    }
    cr_expect(found[4].attribute == 2 && found[4].group == 2 && found[4].n == 12);
    expect_delong(&t, &found[0], &arena);
    fdml_arena_close(&arena);
}

Test(explain_information, same_bits_and_little_memory)
{
    fdml_tabular t = make_world();
    fdml_information first = { 0 };
    fdml_arena arena;
    t.n_protected = 1;
    for (int threads = 1; threads <= 3; threads += 2) {
        const fdml_information_options o = options_of(threads);
        const fdml_information *found;
        size_t n;
        fdml_arena_init(&arena, 0);
        cr_assert_eq(fdml_information_measure(&found, &n, &t, &o, &arena, &err), FDML_OK);
        if (threads == 1) first = *found;
        cr_expect_leq((double)arena.peak, fdml_information_memory(&t, &o));
        cr_assert_arr_eq(found, &first, sizeof first);
        fdml_arena_close(&arena);
    }
    for (size_t limit = 64; limit < 12000; limit += 1777) {
        const fdml_information_options o = options_of(1);
        const fdml_information *found;
        size_t n;
        fdml_arena_init(&arena, limit);
        cr_assert_eq(fdml_information_measure(&found, &n, &t, &o, &arena, &err), FDML_E_NOMEM);
        fdml_arena_close(&arena);
    }
}
