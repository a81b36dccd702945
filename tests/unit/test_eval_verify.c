/* test_eval_verify.c - rates, thresholds and differentials against published cases.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/audit.h"
#include "eval/verify.h"

/* bob.measure test_for_uncomputable_thresholds */
Test(eval_verify, bob_thresholds)
{
    const float pos[] = { 0, 0, 0, 0, .1f, .2f, .3f, .4f, .5f };
    const float neg[] = { .5f, .6f, .7f, .8f, .9f, 1, 1, 1, 1 };
    const fdml_scores first = { pos, neg, 9, 9 };
    cr_expect_eq(fdml_threshold_at_fmr(&first, 0.5), 1.0f);
    cr_expect_gt(fdml_threshold_at_fmr(&first, 0.4), 1.0f);
    cr_expect_eq(fdml_threshold_at_fnmr(&first, 0.5), .1f);
    cr_expect_geq(fdml_threshold_at_fnmr(&first, 0.4), 0.0f);

    const float pos2[] = { 0, 0, 0, 0, 0, .1f, .2f, .3f, .4f, .5f };
    const float neg2[] = { .5f, .6f, .7f, .8f, .9f, 1, 1, 1, 1, 1 };
    const fdml_scores second = { pos2, neg2, 10, 10 };
    cr_expect_eq(fdml_threshold_at_fmr(&second, 0.5), 1.0f);
    cr_expect_gt(fdml_threshold_at_fmr(&second, 0.49), 1.0f);
    cr_expect_eq(fdml_threshold_at_fnmr(&second, 0.51), .1f);

    const float ten[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    const fdml_scores third = { ten, ten, 10, 10 };
    cr_expect_gt(fdml_threshold_at_fmr(&third, 0.09), 9.0f);
    cr_expect_eq(fdml_threshold_at_fmr(&third, 0.11), 9.0f);
    cr_expect_eq(fdml_threshold_at_fmr(&third, 0.91), 1.0f);
    cr_expect_leq(fdml_threshold_at_fmr(&third, 1), 0.0f);
    cr_expect_eq(fdml_threshold_at_fnmr(&third, 0.11), 1.0f);
    cr_expect_eq(fdml_threshold_at_fnmr(&third, 0.91), 9.0f);
}

/* bob.measure tests/data/linsep: the extremes of its two score lists decide. */
Test(eval_verify, bob_separable)
{
    const float pos[] = { 4.5f, 4.8f, 5, 6.9f }, neg[] = { 1, 1.4f, 1.7f, 1.9f };
    const fdml_scores scores = { pos, neg, 4, 4 };
    float threshold;
    cr_expect_eq(fdml_eer(&threshold, &scores), 0);
    cr_expect_float_eq(threshold, 3.2f, 1e-6f);
    cr_expect_eq(fdml_fmr(&scores, 3), 0);
    cr_expect_eq(fdml_fnmr(&scores, 3), 0);
    cr_expect_eq(fdml_auc(&scores), 1);
}

/* scikit-learn's documentation of roc_curve, roc_auc_score and det_curve. */
Test(eval_verify, sklearn_roc_and_det)
{
    const float pos[] = { .35f, .8f }, neg[] = { .1f, .4f };
    const fdml_scores scores = { pos, neg, 2, 2 };
    const float threshold[] = { INFINITY, .8f, .4f, .35f, .1f };
    const double fpr[] = { 0, 0, .5, .5, 1 }, tpr[] = { 0, .5, .5, 1, 1 };
    for (size_t i = 0; i < 5; i++) {
        cr_expect_eq(fdml_fmr(&scores, threshold[i]), fpr[i]);
        cr_expect_eq(1 - fdml_fnmr(&scores, threshold[i]), tpr[i]);
    }
    cr_expect_eq(fdml_auc(&scores), 0.75);
    /* TAR@FAR: the lowest threshold that keeps the target. */
    cr_expect_eq(fdml_threshold_at_fmr(&scores, 0.5), .35f);
}

Test(eval_verify, ties_and_constants)
{
    const float same[] = { 1, 1, 1 };
    const fdml_scores scores = { same, same, 3, 3 };
    float threshold;
    cr_expect_eq(fdml_auc(&scores), 0.5);
    cr_expect_eq(fdml_eer(&threshold, &scores), 0.5);
    cr_expect_eq(fdml_eer_weight(&scores, threshold), 0.5);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

Test(eval_verify, sorting_and_bins)
{
    enum { N = 5000, BINS = 4096 };
    static float score[N], want[N], scratch[N], impostor[N];
    static uint64_t bin[2][BINS];
    fdml_rng rng;
    fdml_rng_init(&rng, 2, 0, 0);
    for (size_t i = 0; i < N; i++) {
        score[i] = (float)(0.4 * fdml_rng_normal(&rng) + 0.2);
        impostor[i] = (float)(0.4 * fdml_rng_normal(&rng) - 0.2);
        if (i % 7 == 0) score[i] = impostor[i]; /* ties */
    }
    memcpy(want, score, sizeof want);
    qsort(want, N, sizeof *want, by_value);
    fdml_sort_scores(score, N, scratch);
    cr_expect_arr_eq(score, want, sizeof want);
    fdml_sort_scores(impostor, N, scratch);

    const fdml_scores scores = { score, impostor, N, N };
    const float low = -4, width = 8.0f / BINS;
    for (size_t i = 0; i < N; i++) {
        bin[0][(size_t)((score[i] - low) / width)]++;
        bin[1][(size_t)((impostor[i] - low) / width)]++;
    }
    const fdml_score_bins bins = { bin[0], bin[1], BINS, low, width };
    double auc = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            auc += score[i] > impostor[j] ? 1 : score[i] == impostor[j] ? 0.5 : 0;
    cr_expect_float_eq(fdml_auc(&scores), auc / N / N, 1e-12);
    /* A bin holds about N * width density pairs: its share bounds what ties can hide. */
    cr_expect_float_eq(fdml_bins_auc(&bins), auc / N / N, 2 * 8.0 / BINS);
    float t, t_bins;
    double weight;
    cr_expect_float_eq(fdml_bins_eer(&t_bins, &weight, &bins), fdml_eer(&t, &scores),
                       4.0 / BINS);
    cr_expect_float_eq(weight, 0.5, 0.2, "the two densities mirror each other");
    cr_expect_float_eq(fdml_eer_weight(&scores, t), 0.5, 0.2);
    for (double target = 0.3; target > 1e-3; target /= 3) {
        const float at = fdml_bins_threshold_at_fmr(&bins, target);
        const double most = target * (1 + 1e-12); /* 0.3 / 3 is not quite 500 / 5000 */
        cr_expect_leq(fdml_fmr(&scores, at), most);
        cr_expect_gt(fdml_fmr(&scores, at - width), target);
        const float exact = fdml_threshold_at_fmr(&scores, target);
        cr_expect_leq(fdml_fmr(&scores, exact), most);
        cr_expect_geq(fdml_fmr(&scores, exact), fdml_fmr(&scores, at));
    }
}

/* Where the last bin alone holds too many, nothing is accepted: the range may end at a score.
 */
Test(eval_verify, a_full_last_bin_is_rejected)
{
    const uint64_t genuine[] = { 0, 0, 0, 9 }, impostor[] = { 0, 1000, 0, 2000 };
    const fdml_score_bins cosine = { genuine, impostor, 4, -1, 0.5f };
    const fdml_score_bins l2 = { genuine, impostor, 4, -1, 0.25f };
    cr_expect_gt(fdml_bins_threshold_at_fmr(&cosine, 0.1), 1.0f);
    cr_expect_gt(fdml_bins_threshold_at_fmr(&l2, 0.1), 0.0f);
    cr_expect_eq(fdml_bins_threshold_at_fmr(&cosine, 0.7), 0.0f);
    cr_expect_eq(fdml_bins_threshold_at_fmr(&cosine, 1), -1.0f);
}

/* Formulas of the three papers, worked by hand: shared/oracles, biometric_fairness_handworked.
 */
Test(eval_verify, differentials_by_hand)
{
    const double fmr[] = { 0.001, 0.002, 0.004, 0.001 }, fnmr[] = { 0.02, 0.03, 0.05, 0.02 };
    fdml_differential d;
    fdml_differential_of(&d, fmr, fnmr, 4);
    cr_expect_float_eq(d.fdr, 0.9835, 1e-12);
    cr_expect_float_eq(d.ir, 3.1622776601683795, 1e-12);
    cr_expect_float_eq(d.garbe, 0.3472222222222222, 1e-12);
    cr_expect_float_eq(d.fmr_max_over_geomean, 2.378414230005442, 1e-12);
    cr_expect_float_eq(d.fnmr_max_over_geomean, 1.7965205598154208, 1e-12);
    cr_expect_float_eq(d.fmr_max_over_min, 4, 1e-12);
    cr_expect_float_eq(d.fnmr_max_over_min, 2.5, 1e-12);
    cr_expect_null(d.why);

    const double zero[] = { 0, 0.1 };
    fdml_differential_of(&d, zero, fnmr, 2);
    cr_expect(isnan(d.ir) && isnan(d.fmr_max_over_geomean));
    cr_expect_str_eq(d.why, "a group's FMR is 0");
    cr_expect_float_eq(d.fdr, 1 - (0.1 + 0.01) / 2, 1e-12);
}

Test(eval_verify, folds_choose_their_threshold_on_the_others)
{
    /* Fold 0 is separable at 0.5; fold 1 needs 0.75, where fold 0 loses nothing. */
    const float score[] = { .9f, .1f, .8f, .7f, .95f, .2f };
    const fdml_row_pair pair[] = { { 0, 1, true, 0 },  { 0, 1, false, 0 }, { 0, 1, true, 1 },
                                   { 0, 1, false, 1 }, { 0, 1, true, 2 },  { 0, 1, false, 2 } };
    fdml_arena arena;
    double mean, error;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fold_accuracy(&mean, &error, score, pair, 6, 3, &arena, NULL), FDML_OK);
    /* Fold 1 is judged at (0.2 + 0.9) / 2 and takes the impostor at 0.7 for genuine. */
    cr_expect_float_eq(mean, (1 + 0.5 + 1) / 3, 1e-15);
    cr_expect_float_eq(error, sqrt((1.0 / 36 + 1.0 / 9 + 1.0 / 36) / 2 / 3), 1e-15);
    fdml_arena_close(&arena);
}
