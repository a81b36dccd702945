/* test_eval_audit_limits.c - audits that must be refused, small groups, memory.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "eval/verify.h"
#include "eval_world.h"
#include "scratch.h"

static void expect_refused(eval_world *w, fdml_status want, const char *text)
{
    fdml_audit_result r;
    fdml_error err = { 0 };
    const fdml_status got =
        fdml_audit(&r, &w->problem, &w->settings, &w->machine, &w->arena, &err);
    scratch_expect_error(got, &err, want, text);
}

Test(eval_audit_limits, settings_out_of_range)
{
    eval_world w;
    eval_world_make(&w, 60, 4, 6, 2, 0.5, 1);
    eval_world_metrics(&w, "recall_at_60");
    expect_refused(&w, FDML_E_ARG, "recall_at_60: a query has only 59 gallery rows to look at");
    static uint8_t answers[60];
    for (size_t i = 0; i < 50; i++) answers[i] = 1;
    w.problem.is_gallery = answers;
    eval_world_metrics(&w, "recall_at_50");
    expect_refused(&w, FDML_E_ARG, "recall_at_50: a query has only 49 gallery rows to look at");
    static uint8_t asks[60];
    for (size_t i = 50; i < 60; i++) asks[i] = 1;
    w.problem.is_query = asks;
    fdml_audit_result r;
    eval_world_audit(&r, &w);
    w.problem.is_query = w.problem.is_gallery = NULL;
    eval_world_metrics(&w, "recall_at_59");
    w.settings.confidence = 1.5;
    expect_refused(&w, FDML_E_ARG, "confidence is 1.5, must lie between 0 and 1");
    w.settings.confidence = 0.95;
    w.settings.alignment_power = 3;
    expect_refused(&w, FDML_E_ARG, "alignment power is 3, must be 1 or 2");
    w.settings.alignment_power = 2;
    w.settings.reference = "x";
    expect_refused(&w, FDML_E_ARG, "the reference 'x' is no value of any group column");
    w.settings.reference = "overall";
    w.settings.n_metrics = 0;
    expect_refused(&w, FDML_E_ARG, "no metric was asked for");
    eval_world_close(&w);
}

Test(eval_audit_limits, small_groups_get_no_numbers)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 100, 4, 10, 2, 0.5, 2);
    for (size_t i = 0; i < 100; i++) w.code[0][i] = w.label[i] == 3; /* ten rows of one class */
    w.settings.min_group = 20;
    eval_world_metrics(&w, "findml,spectrum,class_ratio");
    eval_world_audit(&r, &w);
    for (size_t m = 0; m < w.settings.n_metrics; m++) {
        const fdml_estimate *small = &r.groups[1].metrics[m];
        cr_expect(isnan(small->value) && isnan(small->lo));
        cr_expect_str_eq(small->why, "insufficient data (n=10 < 20)");
        cr_expect_str_eq(r.groups[1].versus[m].why, small->why);
        cr_expect(isnan(r.gaps[m].difference.value) && isnan(r.gaps[m].p));
        cr_expect_str_eq(r.gaps[m].difference.why, "fewer than two groups have a value");
    }
    bool is_warned = false;
    for (size_t i = 0; i < r.n_warnings; i++)
        is_warned =
            is_warned || !strcmp(r.warnings[i], "g: 1 of 2 groups have fewer than 20 rows "
                                                "and get no numbers (1 has 10)");
    cr_expect(is_warned);

    w.settings.min_group = 0; /* now the reasons are the metrics' own */
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.groups[1].metrics[eval_metric(&w, "alignment_inter")].why,
                     "no two classes");
    cr_expect_str_eq(r.groups[1].metrics[eval_metric(&w, "class_ratio")].why, "no two classes");
    const fdml_estimate *spectrum = &r.groups[1].metrics[eval_metric(&w, "spectrum")];
    cr_expect_null(spectrum->why, "10 rows suffice for 4 dimensions");
    cr_expect(isnan(spectrum->lo), "one class has no interval");
    eval_world_close(&w);
}

Test(eval_audit_limits, a_target_below_one_pair_is_refused)
{
    static const double targets[] = { 0.1, 1e-3, 1e-6 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 100, 4, 10, 2, 0.5, 3);
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 3;
    eval_world_metrics(&w, "verification");
    eval_world_audit(&r, &w);
    const fdml_verification_result *v = &r.verification;
    cr_assert_eq(v->n_points, 4);
    cr_expect_eq(v->n_genuine, 450);
    cr_expect_eq(v->n_impostor, 4500);
    cr_expect_leq(v->point[0].fmr.value, 0.1);
    cr_expect_gt(v->point[0].fmr.value, 0.09);
    cr_expect_str_eq(v->point[2].why,
                     "needs 1000000 impostor pairs for one false match, there are 4500");
    cr_expect(isnan(v->point[2].threshold) && isnan(v->point[2].fmr.value));
    /* 1e-3 is fine for 4,500 pairs, and for the 1,000 within a group just so. */
    cr_expect_null(v->point[1].group_fmr[0].why);
    cr_expect_eq(v->point[1].group_fmr[0].n, 1000);
    cr_expect(isnan(v->point[3].fmr_target));
    cr_expect_float_eq((v->point[3].fmr.value + v->point[3].fnmr.value) / 2, v->eer.value,
                       1e-15);
    eval_world_close(&w);
}

/* Counts around a threshold in double: pairs closer to it than float can tell may go either
 * way. */
Test(eval_audit_limits, verification_by_definition)
{
    enum { N = 300, D = 6 };
    static const double targets[] = { 0.1, 0.01 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, N, D, 15, 3, 0.7, 4);
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 2;
    eval_world_metrics(&w, "verification");
    eval_world_audit(&r, &w);
    const double *rows = eval_rows(&w);
    for (size_t p = 0; p < 3; p++) {
        const fdml_operating_point *point = &r.verification.point[p];
        double accepted[3][3] = { { 0 } }, pairs[3][3] = { { 0 } }, doubtful = 0;
        double missed[3] = { 0 }, genuine[3] = { 0 };
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < N; j++) {
                const double s = 1 - eval_squared(rows, D, i, j) / 2;
                const uint32_t a = w.code[0][i], b = w.code[0][j];
                if (i == j) continue;
                doubtful += fabs(s - point->threshold) < 1e-6;
                if (w.label[i] == w.label[j]) {
                    genuine[a]++;
                    missed[a] += s < point->threshold;
                    continue;
                }
                pairs[a][b]++;
                accepted[a][b] += s >= point->threshold;
            }
        }
        for (size_t a = 0; a < 3; a++) {
            cr_expect_float_eq(point->group_fnmr[a].value, missed[a] / genuine[a],
                               doubtful / genuine[a] + 1e-15);
            cr_expect_float_eq(point->group_fmr[a].value, accepted[a][a] / pairs[a][a],
                               doubtful / pairs[a][a] + 1e-15);
            for (size_t b = 0; b < 3; b++)
                cr_expect_float_eq(point->cross_fmr[0][a * 3 + b], accepted[a][b] / pairs[a][b],
                                   doubtful / pairs[a][b] + 1e-15);
        }
    }
    eval_world_close(&w);
}

Test(eval_audit_limits, large_sets_go_by_histogram_with_like_results)
{
    static const double targets[] = { 0.1, 0.01 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 3000, 6, 100, 2, 0.7, 5);
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 2;
    w.settings.n_bootstrap = 50;
    eval_world_metrics(&w, "verification");
    eval_world_audit(&r, &w);
    const fdml_verification_result *v = &r.verification;
    cr_expect_eq(v->n_genuine, 100 * 435);
    cr_expect_eq(v->n_impostor, 4498500 - 43500);
    for (size_t p = 0; p < 2; p++) {
        const fdml_estimate *fmr = &v->point[p].fmr;
        cr_expect_leq(fmr->value, targets[p] * (1 + 1e-9));
        /* The next edge lets a bin more in: a 65,536th of the range, some 1e-4 of all pairs. */
        cr_expect_gt(fmr->value, targets[p] - 5e-4);
        cr_expect(fmr->lo < fmr->value && fmr->value < fmr->hi);
    }
    cr_expect_float_eq(v->point[2].fmr.value, v->point[2].fnmr.value, 1e-3);
    cr_expect(v->auc.value > 0.5 && v->auc.value < 1);
    eval_world_close(&w);
}

Test(eval_audit_limits, pairs_of_a_list)
{
    enum { N = 100, PAIRS = 400 };
    static fdml_row_pair pair[PAIRS];
    static const double targets[] = { 0.1 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, N, 6, 10, 2, 0.7, 6);
    for (uint32_t k = 0; k < PAIRS; k++) {
        pair[k].a = k % N;
        pair[k].b = (k % N + (k % 2 ? 10 * (1 + k % 7) : 1 + k % 9)) % N;
        pair[k].genuine = w.label[pair[k].a] == w.label[pair[k].b];
        pair[k].fold = k / 40;
    }
    w.settings.pairs = pair;
    w.settings.n_pairs = PAIRS;
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 1;
    eval_world_metrics(&w, "verification");
    eval_world_audit(&r, &w);
    const fdml_verification_result *v = &r.verification;
    const double *rows = eval_rows(&w);
    double n_genuine = 0, n_right = 0, accepted = 0;
    for (size_t k = 0; k < PAIRS; k++) {
        const double s = 1 - eval_squared(rows, 6, pair[k].a, pair[k].b) / 2;
        n_genuine += pair[k].genuine;
        accepted += !pair[k].genuine && s >= v->point[0].threshold - 1e-7;
        n_right += (s >= v->point[1].threshold) == pair[k].genuine;
    }
    cr_expect_eq((double)v->n_genuine, n_genuine);
    cr_expect_float_eq(v->point[0].fmr.value, accepted / (PAIRS - n_genuine), 1e-12);
    cr_expect_eq(v->accuracy.n, 10);
    cr_expect_float_eq(v->accuracy.value, n_right / PAIRS, 0.1, "the EER threshold is near");
    cr_expect_float_eq(v->accuracy.hi - v->accuracy.value, v->accuracy.value - v->accuracy.lo,
                       1e-12);
    w.settings.n_pairs = 0;
    expect_refused(&w, FDML_E_DATA,
                   "the list of pairs has 0 genuine and 0 impostor pairs, needs both");
    eval_world_close(&w);
}

/* Of five rows on a half circle two are genuine, at its ends: the least near pair of all, so
 * AUC is 0, and at the threshold of the EER every pair is judged wrongly. Replicates that drew
 * no genuine or no impostor pair know no rate; they must not count as AUC 1 or an error of 0.
 */
Test(eval_audit_limits, replicates_without_pairs_have_no_rate)
{
    static const float x[] = { 1, 0, 0.1f, 1, 0, 1, -0.1f, 1, -1, 0 };
    static const fdml_row_pair pair[] = { { 0, 4, true, 0 }, { 1, 2, false, 0 } };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 5, 2, 4, 2, 0, 1); /* rows 0 and 4 are of class 0 */
    memcpy(w.x, x, sizeof x);
    w.problem.n_attributes = 0;
    w.settings.unit = FDML_UNIT_QUERY;
    eval_world_metrics(&w, "verification");
    const fdml_verification_result *v = &r.verification;
    for (int is_listed = 0; is_listed <= 1; is_listed++) {
        w.settings.pairs = is_listed ? pair : NULL;
        w.settings.n_pairs = is_listed ? 2 : 0;
        eval_world_audit(&r, &w);
        cr_expect_eq(v->point[0].fnmr.value, 1);
        cr_expect_eq(v->point[0].fnmr.lo, 1);
        cr_expect_eq(v->point[0].fmr.value, 1);
        cr_expect_eq(v->point[0].fmr.lo, 1);
        cr_expect_eq(v->eer.lo, 1);
        cr_expect_eq(v->auc.value, 0);
        cr_expect(is_listed || v->auc.hi < 0.5, "%g", v->auc.hi);
    }
    eval_world_close(&w);
}

Test(eval_audit_limits, equal_rows_have_no_ratio)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 100, 3, 10, 2, 0, 12);
    for (size_t i = 0; i < w.n_rows; i++)
        w.x[3 * i] = 0.37f, w.x[3 * i + 1] = -1.1f, w.x[3 * i + 2] = 2.3f;
    eval_world_metrics(&w, "alignment_ratio,class_ratio");
    const size_t alignment = eval_metric(&w, "alignment_ratio");
    const size_t centres = eval_metric(&w, "class_ratio");
    for (int distance = FDML_COSINE; distance <= FDML_IP; distance++) {
        w.problem.distance = (fdml_distance)distance;
        eval_world_audit(&r, &w);
        for (size_t g = 0; g <= r.n_groups; g++) {
            const fdml_estimate *of = g < r.n_groups ? r.groups[g].metrics : r.overall;
            cr_assert_not_null(of[alignment].why, "%zu: %g", g, of[alignment].value);
            cr_assert_not_null(of[centres].why, "%zu: %g", g, of[centres].value);
            cr_expect_str_eq(of[alignment].why, "all classes coincide");
            cr_expect_str_eq(of[centres].why, "all class centres coincide");
            cr_expect(isnan(of[alignment].value) && isnan(of[centres].value));
        }
    }
    eval_world_close(&w);
}

/* Rows along every axis and back have equal singular values and diverge by nothing; normal ones
 * by so little that linearised replicates fall below 0. */
Test(eval_audit_limits, a_divergence_is_not_negative)
{
    eval_world w;
    fdml_audit_result r;
    for (int is_exact = 0; is_exact <= 1; is_exact++) {
        eval_world_make(&w, 600, 3, 300, 2, 1, 13);
        for (size_t i = 0; is_exact && i < w.n_rows; i++)
            for (size_t d = 0; d < 3; d++)
                w.x[3 * i + d] = d == i / 100 % 3 ? (i / 300 ? -1.3f : 1.3f) : 0;
        w.problem.distance = FDML_L2;
        eval_world_metrics(&w, "spectrum");
        eval_world_audit(&r, &w);
        for (size_t g = 0; g <= r.n_groups; g++) {
            const fdml_estimate *e = g < r.n_groups ? r.groups[g].metrics : r.overall;
            cr_expect_geq(e->value, 0, "%g", e->value);
            cr_expect_geq(e->lo, 0, "%g", e->lo);
            cr_expect(!is_exact || e->value < 1e-15, "%g", e->value);
        }
        eval_world_close(&w);
    }
}

/* Beyond what is scored pair by pair, see fdml_verify_is_exact. */
Test(eval_audit_limits, equal_rows_meet_no_target_by_accepting)
{
    static const double targets[] = { 0.1, 1e-3 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 3000, 2, 1500, 3, 0, 9);
    for (size_t i = 0; i < w.n_rows; i++) w.x[2 * i] = 1, w.x[2 * i + 1] = 0;
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 2;
    w.settings.n_bootstrap = w.settings.n_permutations = 0;
    eval_world_metrics(&w, "verification");
    for (int distance = FDML_COSINE; distance <= FDML_L2; distance++) {
        w.problem.distance = (fdml_distance)distance;
        eval_world_audit(&r, &w);
        for (size_t t = 0; t < 2; t++) {
            cr_expect_eq(r.verification.point[t].fmr.value, 0);
            cr_expect_eq(r.verification.point[t].fnmr.value, 1);
        }
    }
    eval_world_close(&w);
}

/* --- memory ----------------------------------------------------------------------------- */

Test(eval_audit_limits, the_estimate_holds)
{
    static const double targets[] = { 0.1, 1e-3 };
    static const char *const specs[] = { "findml",       "retrieval", "cluster", "geometry",
                                         "verification", "leakage",   "all" };
    eval_world w;
    eval_world_make(&w, 6000, 16, 1500, 3, 0.8, 7);
    w.problem.n_attributes = 2;
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 2;
    w.settings.n_bootstrap = w.settings.n_permutations = 40;
    for (size_t s = 0; s < 6; s++) {
        fdml_audit_result r;
        fdml_audit_cost cost;
        eval_world_metrics(&w, specs[s]);
        fdml_audit_estimate(&cost, &w.problem, &w.settings, &w.machine);
        eval_world_audit(&r, &w);
        /* An upper bound, and not a wild one; 256 KiB are the arena's first chunks. */
        cr_expect_leq(r.work_peak, cost.bytes + ((size_t)1 << 18), "%s: %zu bytes, not %zu",
                      specs[s], r.work_peak, cost.bytes);
        cr_expect_leq(cost.bytes, 3 * r.work_peak + ((size_t)4 << 20), "%s: %zu for %zu",
                      specs[s], cost.bytes, r.work_peak);
    }
    eval_world_close(&w);
}

/* work_peak adds the peaks of two arenas; that of the result's is reached by the hashes of
 * validation, 32 bytes a row at most, when the other is still empty. */
static void expect_estimate(eval_world *w)
{
    fdml_audit_result r;
    fdml_audit_cost cost;
    const size_t slack = ((size_t)1 << 18) + 32 * w->n_rows;
    fdml_audit_estimate(&cost, &w->problem, &w->settings, &w->machine);
    eval_world_audit(&r, w);
    cr_expect_leq(r.work_peak, cost.bytes + slack, "%zu bytes, not %zu", r.work_peak,
                  cost.bytes);
    cr_expect_leq(cost.bytes, 3 * r.work_peak + ((size_t)4 << 20), "%zu for %zu", cost.bytes,
                  r.work_peak);
}

Test(eval_audit_limits, the_estimate_holds_for_many_groups_and_large_classes)
{
    static const double targets[] = { 0.1, 1e-2, 1e-3 };
    static const char *levels[8000];
    eval_world w;
    eval_world_make(&w, 4000, 4, 1000, 2, 0.8, 10);
    for (size_t l = 0; l < 8000; l++) levels[l] = "level";
    w.settings.min_group = 20;
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 3;
    w.settings.n_bootstrap = w.settings.n_permutations = 0;

    eval_world_metrics(&w, "verification"); /* 500 x 500 pairs of groups */
    w.attribute[0].n_levels = 500;
    w.attribute[0].level = levels;
    for (size_t i = 0; i < w.n_rows; i++) w.code[0][i] = (uint32_t)(i % 500);
    expect_estimate(&w);

    eval_world_metrics(&w,
                       "alignment_intra"); /* 500 x 8000 combinations, 500 of them present */
    w.attribute[1].n_levels = 8000;
    w.attribute[1].level = levels;
    for (size_t i = 0; i < w.n_rows; i++) w.code[1][i] = (uint32_t)(i % 10);
    w.problem.n_attributes = 2;
    expect_estimate(&w);

    eval_world_close(&w);
    eval_world_make(&w, 20000, 4, 2, 2, 0.8, 11); /* distances within a class of nearly all */
    for (size_t i = 0; i < w.n_rows; i++) w.label[i] = i % 1000 == 0;
    w.problem.n_attributes = 0;
    w.settings.alignment_power = 1;
    w.settings.n_bootstrap = 0;
    w.machine.n_threads = 4;
    eval_world_metrics(&w, "alignment_intra");
    expect_estimate(&w);
    eval_world_close(&w);
}

Test(eval_audit_limits, too_little_memory_is_an_error_at_every_step)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 150, 4, 15, 2, 0.6, 8);
    w.problem.n_attributes = 2;
    w.settings.n_bootstrap = w.settings.n_permutations = 20;
    eval_world_metrics(&w, "all");
    eval_world_audit(&r, &w);
    size_t n_refused = 0;
    bool succeeded = false;
    for (size_t limit = 64; limit < 8 * r.work_peak && !succeeded; limit += limit / 16 + 64) {
        fdml_arena small;
        fdml_error err = { 0 };
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_audit(&r, &w.problem, &w.settings, &w.machine, &small, &err);
        succeeded = status == FDML_OK;
        if (!succeeded) {
            n_refused++;
            cr_expect(status == FDML_E_NOMEM || status == FDML_E_LIMIT, "%d", (int)status);
            cr_expect_str_not_empty(err.text);
        }
        fdml_arena_close(&small);
    }
    cr_expect(succeeded);
    cr_expect_gt(n_refused, 20);
    eval_world_close(&w);
}
