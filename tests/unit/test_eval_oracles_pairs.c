/* test_eval_oracles_pairs.c - the published expectations of shared/oracles/metrics.json:
 * verification (bob.measure, scikit-learn), biometric differentials and fairlearn's user guide.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/audit.h"
#include "eval/downstream_measure.h"
#include "eval/retrieval.h"
#include "eval/stats.h"
#include "eval/verify.h"
#include "oracles.h"

/* --- verification --------------------------------------------------------------------- */

static size_t scores_of(float *out, size_t most, const fdml_json *array)
{
    static double score[256];
    float scratch[256];
    const size_t n = oracles_numbers(score, most < 256 ? most : 256, array);
    for (size_t i = 0; i < n; i++) out[i] = (float)score[i];
    fdml_sort_scores(out, n, scratch);
    return n;
}

Test(eval_oracles, bob_separable)
{
    const fdml_json *c = oracles_case("bob_scores_separable"),
                    *want = oracles_find(c, "asserted");
    static float pos[256], neg[256];
    fdml_scores s = { pos, neg, 0, 0 };
    s.n_genuine = scores_of(pos, 256, oracles_find(c, "positives"));
    s.n_impostor = scores_of(neg, 256, oracles_find(c, "negatives"));
    double at_3[2];
    float threshold;
    cr_assert_eq(oracles_numbers(at_3, 2, oracles_find(want, "at_t3")), 2);
    cr_expect_eq(fdml_fmr(&s, 3), at_3[0]);
    cr_expect_eq(fdml_fnmr(&s, 3), at_3[1]);
    cr_expect_eq(fdml_eer(&threshold, &s), oracles_number_in(want, "eer"));
    cr_expect_float_eq((double)threshold, oracles_number_in(want, "eer_threshold"), 1e-6);
    const fdml_json *below = oracles_find(want, "below_min");
    cr_expect_eq(fdml_fmr(&s, -9), oracles_number_in(below, "far"));
    cr_expect_eq(fdml_fnmr(&s, -9), oracles_number_in(below, "frr"));
    oracles_close();
}

/* "1.0", ">1.0", "<=0", ">=0.0" or a number. */
static void expect_bound(float got, const fdml_json *want)
{
    const char *text = fdml_json_text(want);
    double x;
    if (!text) {
        cr_expect_float_eq((double)got, oracles_number(want), 1e-6);
        return;
    }
    x = atof(text + strspn(text, "<>="));
    if (!strncmp(text, ">=", 2))
        cr_expect_geq((double)got, x);
    else if (!strncmp(text, "<=", 2))
        cr_expect_leq((double)got, x);
    else
        cr_expect_gt((double)got, x);
}

Test(eval_oracles, bob_thresholds)
{
    const fdml_json *c = oracles_case("bob_threshold_unreachable");
    size_t n = 0;
    for (const fdml_json *k = fdml_json_first(oracles_find(c, "cases")); k;
         k = fdml_json_next(k)) {
        static const float ten[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
        float pos[256], neg[256];
        fdml_scores s = { pos, neg, 0, 0 };
        if (fdml_json_text(oracles_find(k, "pos"))) { /* "0..9" */
            s = (fdml_scores){ ten, ten, 10, 10 };
        } else {
            s.n_genuine = scores_of(pos, 256, oracles_find(k, "pos"));
            s.n_impostor = scores_of(neg, 256, oracles_find(k, "neg"));
        }
        for (const fdml_json *t = fdml_json_first(oracles_find(k, "far_threshold")); t;
             t = fdml_json_next(t), n++)
            expect_bound(fdml_threshold_at_fmr(&s, atof(fdml_json_name(t))), t);
        for (const fdml_json *t = fdml_json_first(oracles_find(k, "frr_threshold")); t;
             t = fdml_json_next(t), n++)
            expect_bound(fdml_threshold_at_fnmr(&s, atof(fdml_json_name(t))), t);
    }
    cr_expect_eq(n, 13);
    oracles_close();
}

Test(eval_oracles, sklearn_roc_and_det)
{
    const fdml_json *c = oracles_case("sklearn_roc_det_doc"),
                    *want = oracles_find(c, "asserted");
    const float pos[] = { .35f, .8f }, neg[] = { .1f, .4f };
    const fdml_scores s = { pos, neg, 2, 2 };
    double fpr[8], tpr[8], fnr[8], threshold[8];
    const size_t n = oracles_numbers(fpr, 8, oracles_find(want, "roc_fpr"));
    cr_assert_eq(oracles_numbers(tpr, 8, oracles_find(want, "roc_tpr")), n);
    size_t i = 0;
    for (const fdml_json *t = fdml_json_first(oracles_find(want, "roc_thr")); t;
         t = fdml_json_next(t)) {
        const float at = fdml_json_text(t) ? INFINITY : (float)oracles_number(t);
        cr_expect_eq(fdml_fmr(&s, at), fpr[i]);
        cr_expect_eq(1 - fdml_fnmr(&s, at), tpr[i++]);
    }
    cr_expect_eq(i, n);
    cr_expect_eq(fdml_auc(&s), oracles_number_in(want, "auc"));
    const size_t n_det = oracles_numbers(fpr, 8, oracles_find(want, "det_fpr"));
    cr_assert_eq(oracles_numbers(fnr, 8, oracles_find(want, "det_fnr")), n_det);
    cr_assert_eq(oracles_numbers(threshold, 8, oracles_find(want, "det_thr")), n_det);
    for (i = 0; i < n_det; i++) {
        cr_expect_eq(fdml_fmr(&s, (float)threshold[i]), fpr[i]);
        cr_expect_eq(fdml_fnmr(&s, (float)threshold[i]), fnr[i]);
    }
    /* Average precision of the ranking .8 .4 .35 .1: matches at ranks 1 and 3. */
    const uint32_t rank[] = { 1, 3 };
    const fdml_ranks ranks = { rank, 2, 2 };
    const fdml_metric map = { .id = FDML_M_MAP, .kind = FDML_KIND_MEAN };
    oracles_expect_digits(fdml_query_value(&map, FDML_DML, &ranks),
                          oracles_number_in(want, "average_precision"), 10,
                          "average precision");
    oracles_close();
}

Test(eval_oracles, biometric_fairness)
{
    const fdml_json *c = oracles_case("biometric_fairness_handworked"),
                    *want = oracles_find(c, "recomputed");
    double fmr[8], fnmr[8];
    fdml_differential d;
    const size_t n = oracles_numbers(fmr, 8, oracles_find(c, "FMR"));
    cr_assert_eq(oracles_numbers(fnmr, 8, oracles_find(c, "FNMR")), n);
    fdml_differential_of(&d, fmr, fnmr, n);
    cr_expect_float_eq(d.fdr, oracles_number_in(want, "FDR"), 1e-14);
    cr_expect_float_eq(d.ir, oracles_number_in(want, "IR"), 1e-14);
    cr_expect_float_eq(d.garbe, oracles_number_in(want, "GARBE"), 1e-14);
    cr_expect_float_eq(d.fmr_max_over_geomean, oracles_number_in(want, "FMR_max_over_geomean"),
                       1e-14);
    cr_expect_float_eq(d.fnmr_max_over_geomean,
                       oracles_number_in(want, "FNMR_max_over_geomean"), 1e-14);
    cr_expect_float_eq(d.fmr_max_over_min, oracles_number_in(want, "FMR_max_over_min"), 1e-14);
    oracles_close();
}

/* --- fairlearn's user guide ------------------------------------------------------------- */

enum { MOST = 32, GROUPS = 3 };

/* Its frame: 18 people of the groups a, b, c, what is true of each and what was predicted. */
typedef struct frame {
    size_t n;
    uint32_t truth[MOST], predicted[MOST], group[MOST];
    const fdml_json *want; /* what is asserted */
} frame;

static const char *const group_name[GROUPS] = { "a", "b", "c" };

static frame read_frame(void)
{
    frame f;
    const fdml_json *c = oracles_case("fairlearn_userguide");
    f.want = oracles_find(c, "asserted");
    f.n = oracles_whole(f.truth, MOST, oracles_find(c, "y_true"));
    cr_assert_eq(oracles_whole(f.predicted, MOST, oracles_find(c, "y_pred")), f.n);
    size_t at = 0;
    for (const fdml_json *g = fdml_json_first(oracles_find(c, "group")); g;
         g = fdml_json_next(g))
        f.group[at++] = (uint32_t)(fdml_json_text(g)[0] - 'a');
    cr_assert_eq(at, f.n);
    return f;
}

static const fdml_json *of_group(const frame *f, size_t g)
{
    return oracles_find(oracles_find(f->want, "by_group"), group_name[g]);
}

/* The frame as pairs of rows: true means that both are of one class, predicted that they
 * coincide, else they are apart by 1. At the threshold of the EER, which lies between, fmr is
 * fpr and fnmr is 1 - tpr, of every group and of all. equalized_odds_difference is the larger
 * of the two differences, equalized_odds_ratio the smaller of the two ratios. */
Test(eval_oracles, fairlearn_frame_as_pairs)
{
    const frame f = read_frame();
    float x[2 * MOST];
    uint32_t label[2 * MOST], code[2 * MOST];
    fdml_row_pair pair[MOST];
    for (uint32_t i = 0; i < f.n; i++) {
        pair[i] = (fdml_row_pair){ 2 * i, 2 * i + 1, f.truth[i], 0 };
        x[2 * i] = 0;
        x[2 * i + 1] = f.predicted[i] ? 0 : 1;
        label[2 * i] = 2 * i;
        label[2 * i + 1] = f.truth[i] ? 2 * i : 2 * i + 1;
        code[2 * i] = code[2 * i + 1] = f.group[i];
    }
    const char *level[2 * MOST] = { 0 };
    for (size_t i = 0; i < 2 * f.n; i++) level[i] = "";
    const fdml_factor factor = { "label", 2 * f.n, 2 * f.n, label, level };
    const fdml_factor by = { "group", 2 * f.n, GROUPS, code, group_name };
    const fdml_problem problem = { .x = x,
                                   .n_rows = 2 * f.n,
                                   .dim = 1,
                                   .distance = FDML_L2,
                                   .label = &factor,
                                   .attributes = &by,
                                   .n_attributes = 1 };
    const fdml_machine machine = { .kernels = fdml_kernels_best(), .n_threads = 1 };
    const fdml_audit_settings settings = { .with_verification = true,
                                           .reference = "overall",
                                           .confidence = 0.95,
                                           .alignment_power = 2,
                                           .pairs = pair,
                                           .n_pairs = f.n };
    fdml_arena arena;
    fdml_audit_result r;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_audit(&r, &problem, &settings, &machine, &arena, &err), FDML_OK, "%s",
                 err.text);
    const fdml_operating_point *point = &r.verification.point[0];
    cr_expect(point->threshold > -1 && point->threshold <= 0, "%g", point->threshold);
    const fdml_json *all = oracles_find(f.want, "overall");
    cr_expect_float_eq(point->fmr.value, oracles_number_in(all, "fpr"), 1e-12);
    cr_expect_float_eq(1 - point->fnmr.value, oracles_number_in(all, "tpr"), 1e-12);
    for (size_t g = 0; g < GROUPS; g++) {
        cr_expect_float_eq(point->group_fmr[g].value, oracles_number_in(of_group(&f, g), "fpr"),
                           1e-12);
        cr_expect_float_eq(1 - point->group_fnmr[g].value,
                           oracles_number_in(of_group(&f, g), "tpr"), 1e-12);
    }
    const fdml_json *difference = oracles_find(f.want, "difference");
    const double fpr = oracles_number_in(difference, "fpr"),
                 tpr = oracles_number_in(difference, "tpr");
    cr_expect_float_eq(1 - point->differential[0].fdr, (tpr + fpr) / 2, 1e-12);
    cr_expect_eq(fmax(tpr, fpr), oracles_number_in(f.want, "equalized_odds_difference"));
    fdml_arena_close(&arena);
    oracles_close();
}

/* What a downstream measure is by a table [[tn, fp], [fn, tp]]. */
static double from_confusion(const fdml_json *table, fdml_learned_measure measure)
{
    double cell[4];
    size_t n = 0;
    for (const fdml_json *row = fdml_json_first(table); row; row = fdml_json_next(row))
        n += oracles_numbers(cell + n, 4 - n, row);
    cr_assert_eq(n, 4);
    const double tn = cell[0], fp = cell[1], fn = cell[2], tp = cell[3];
    switch (measure) {
    case FDML_L_ACCURACY:
        return (tn + tp) / (tn + fp + fn + tp);
    case FDML_L_PRECISION: /* of a value that is never predicted: 0 */
        return ((tn > 0 ? tn / (tn + fn) : 0) + (tp > 0 ? tp / (tp + fp) : 0)) / 2;
    case FDML_L_RECALL:
        return (tn / (tn + fp) + tp / (fn + tp)) / 2;
    default:
        return (2 * tn / (2 * tn + fn + fp) + 2 * tp / (2 * tp + fn + fp)) / 2;
    }
}

/* The frame as what a classifier predicted of 18 test rows: the four measures of each group and
 * of all follow from the guide's confusion tables, and macro_recall from its rates. */
Test(eval_oracles, fairlearn_frame_as_predictions)
{
    frame f = read_frame();
    const fdml_json *confusion = oracles_find(f.want, "confusion");
    uint32_t row[MOST];
    size_t begin[] = { 0, f.n };
    for (uint32_t i = 0; i < f.n; i++) row[i] = i;
    const fdml_learned_target target = { .code = f.truth, .n_values = 2, .n_rows = f.n };
    const fdml_tests tests = { row, begin, 1, &target };
    const fdml_drawn_units units = { NULL, f.n, false };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (uint32_t g = 0; g <= GROUPS; g++) {
        fdml_tested_group group;
        double features[MOST * FDML_LEARNED_STRIDE], total[FDML_LEARNED_STRIDE];
        cr_assert_eq(fdml_tested_group_make(&group, &tests, &units, g < GROUPS ? f.group : NULL,
                                            g, &arena, NULL),
                     FDML_OK);
        cr_assert_eq(fdml_learned_features(features, total, &group, f.predicted, &arena, NULL),
                     FDML_OK);
        const fdml_json *table =
            oracles_find(confusion, g < GROUPS ? group_name[g] : "overall");
        const fdml_json *rates = g < GROUPS ? of_group(&f, g) : oracles_find(f.want, "overall");
        for (int m = 0; m < FDML_L_MEASURES; m++)
            cr_expect_float_eq(fdml_learned_value(total, (fdml_learned_measure)m),
                               from_confusion(table, (fdml_learned_measure)m), 1e-12,
                               "group %u, %s", g, fdml_learned_name[m]);
        const double tpr = oracles_number_in(rates, "tpr"),
                     fpr = oracles_number_in(rates, "fpr");
        cr_expect_float_eq(fdml_learned_value(total, FDML_L_RECALL), (tpr + 1 - fpr) / 2,
                           1e-12);
    }
    fdml_arena_close(&arena);
    oracles_close();
}

/* Quantiles of fairlearn's bootstrap of selection rates, of all and of two groups. Its draws
 * are others, and there are 100 of them: digits cannot be equal, but one row is the grid of
 * both. */
static void expect_quantiles(const fdml_json *want, const double *features, size_t n)
{
    const double q[] = { .159, .5, .841 };
    static double sums[1000 * 8];
    double quantile[3], rate[1000];
    const fdml_bootstrap bootstrap = { .features = features,
                                       .n_clusters = n,
                                       .n_features = 8,
                                       .n_replicates = 1000,
                                       .seed = 1,
                                       .stream = 1 };
    fdml_bootstrap_sums(sums, &bootstrap, 1);
    cr_assert_eq(oracles_numbers(quantile, 3, want), 3);
    for (size_t i = 0; i < 3; i++) {
        for (size_t b = 0; b < 1000; b++) rate[b] = sums[b * 8] / (double)n;
        cr_expect_float_eq(fdml_quantile(rate, 1000, q[i]), quantile[i], 1.01 / (double)n);
    }
}

Test(eval_oracles, fairlearn_bootstrap)
{
    const frame f = read_frame();
    const fdml_json *c = oracles_case("fairlearn_bootstrap_shape"),
                    *want = oracles_find(c, "asserted");
    double all[MOST * 8] = { 0 }, own[2][MOST * 8] = { 0 };
    size_t n[2] = { 0 }, i = 0;
    for (const fdml_json *g = fdml_json_first(oracles_find(c, "group")); g;
         g = fdml_json_next(g), i++) {
        const size_t which = fdml_json_text(g)[0] == 'b';
        all[i * 8] = own[which][n[which]++ * 8] = f.predicted[i];
    }
    cr_assert_eq(i, f.n);
    expect_quantiles(oracles_find(want, "ci_overall"), all, f.n);
    expect_quantiles(oracles_find(want, "ci_a"), own[0], n[0]);
    expect_quantiles(oracles_find(want, "ci_b"), own[1], n[1]);
    oracles_close();
}
