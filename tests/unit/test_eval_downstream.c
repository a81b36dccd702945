/* test_eval_downstream.c - who trains and who is tested, balanced parts, and audits of
 * classifiers: what must hold. What intervals and tests promise is in tests/validate.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "eval/result_hash.h"
#include "eval_world.h"

static fdml_error err;

/* --- splits ----------------------------------------------------------------------------- */

static fdml_learned_target target_of(eval_world *w)
{
    fdml_learned_target target;
    cr_assert_eq(fdml_learned_target_make(&target, &w->label_factor, &w->arena, &err), FDML_OK);
    return target;
}

/* Every row that takes part is in one of the two; a value and a group within it are off by less
 * than a row; a row is tested three times in ten. */
Test(eval_downstream, splits)
{
    enum { N = 500, CLASSES = 60, SPLITS = 200 };
    eval_world w;
    static size_t tested[N], n_of[CLASSES][2], t_of[CLASSES][2];
    eval_world_make(&w, N, 2, CLASSES, 3, .5, 4);
    w.problem.n_attributes = 2;
    w.label[7] = w.label[8] = 5; /* so that sizes differ; one class has a single row */
    for (size_t i = 0; i < N; i++)
        if (w.label[i] == 9 && i != 9) w.label[i] = 10;
    for (size_t i = 0; i < N; i++)
        w.code[0][i] = w.label[i] % 3; /* constant in classes again */
    const fdml_learned_target target = target_of(&w);
    cr_assert(target.n_values == CLASSES - 1 && target.n_left_out == 1);
    cr_assert(target.n_rows == N - 1 && target.code[9] == FDML_LEARNED_NONE);
    for (size_t i = 0; i < N; i++) n_of[w.label[i]][w.code[1][i]]++;
    for (uint32_t s = 0; s < SPLITS; s++) {
        fdml_split split;
        cr_assert_eq(
            fdml_split_make(&split, &target, &w.problem, 3, 8, s, &w.arena, &w.arena, &err),
            FDML_OK);
        cr_assert_eq(split.n_test, fdml_split_tested(target.n_rows, 3, 8, s));
        cr_assert_eq(split.n_test + split.n_train, target.n_rows);
        uint8_t seen[N] = { 0 };
        memset(t_of, 0, sizeof t_of);
        for (size_t i = 0; i < split.n_test; i++) {
            const uint32_t row = split.test[i];
            seen[row]++, tested[row]++;
            t_of[w.label[row]][w.code[1][row]]++;
        }
        for (size_t i = 0; i < split.n_train; i++) seen[split.train[i]]++;
        for (size_t i = 0; i < N; i++) cr_assert_eq(seen[i], i != 9);
        for (size_t c = 0; c < CLASSES; c++) {
            if (c == 9) continue;
            for (size_t g = 0; g < 2; g++)
                cr_assert_lt(fabs((double)t_of[c][g] - .3 * (double)n_of[c][g]), 1);
            const double n = (double)(n_of[c][0] + n_of[c][1]);
            cr_assert_lt(fabs((double)(t_of[c][0] + t_of[c][1]) - .3 * n), 1);
        }
    }
    for (size_t i = 0; i < N; i++) /* five deviations of a binomial share */
        cr_assert(i == 9 || fabs((double)tested[i] / SPLITS - .3) < 5 * sqrt(.21 / SPLITS));
    eval_world_close(&w);
}

/* --- balancing -------------------------------------------------------------------------- */

/* Rows of each class and group of a list. */
static void count_cells(size_t *cells, const eval_world *w, const uint32_t *code,
                        const uint32_t *row, size_t n)
{
    memset(cells, 0, 40 * 3 * sizeof *cells);
    for (size_t i = 0; i < n; i++) cells[w->label[row[i]] * 3 + code[row[i]]]++;
}

static size_t balance(size_t *cells, eval_world *w, const fdml_grouping *by, bool is_within,
                      fdml_protocol protocol)
{
    const fdml_learned_target target = target_of(w);
    uint32_t *train = fdml_arena_push(&w->arena, w->n_rows, sizeof *train), *row;
    size_t n;
    for (uint32_t i = 0; i < w->n_rows; i++) train[i] = i;
    fdml_balance how = { &target, by, 20, false, protocol, 1, 2, 3 };
    cr_assert_eq(fdml_balance_is_within(&how.is_within, &target, by, 20, &w->arena, &err),
                 FDML_OK);
    cr_assert_eq(how.is_within, is_within);
    cr_assert_eq(fdml_balance_make(&row, &n, &how, train, w->n_rows, &w->arena, &err), FDML_OK);
    count_cells(cells, w, by->code, row, n);
    if (protocol ==
        FDML_BALANCED_OVER) { /* no row is left out, and rows differ by one at most */
        static size_t times[4000];
        memset(times, 0, sizeof times);
        for (size_t i = 0; i < n; i++) times[row[i]]++;
        for (size_t i = 0; i < w->n_rows; i++) cr_assert(times[i] >= 1);
    }
    return n;
}

Test(eval_downstream, balances_within_values)
{
    enum { N = 4000, CLASSES = 40 };
    size_t before[CLASSES * 3], cells[CLASSES * 3];
    static uint32_t code[N], all[N];
    uint32_t n_rows[3] = { 0 };
    eval_world w;
    eval_world_make(&w, N, 2, CLASSES, 3, .5, 4);
    for (uint32_t i = 0; i < N; i++) { /* group 2 is too small to be balanced */
        code[i] = i < 15 ? 2 : i / CLASSES % 7 == 0 || w.label[i] == 3;
        n_rows[code[i]]++;
        all[i] = i;
    }
    const fdml_grouping by = { "g", 3, NULL, code, n_rows, false, false };
    count_cells(before, &w, code, all, N);
    balance(cells, &w, &by, true, FDML_BALANCED_UNDER);
    for (size_t c = 0; c < CLASSES; c++) {
        const size_t a = before[c * 3], b = before[c * 3 + 1];
        const size_t least = !a ? b : !b || a < b ? a : b;
        cr_assert_eq(cells[c * 3], a ? least : 0);
        cr_assert_eq(cells[c * 3 + 1], b ? least : 0);
        cr_assert_eq(cells[c * 3 + 2], before[c * 3 + 2]);
    }
    balance(cells, &w, &by, true, FDML_BALANCED_OVER);
    for (size_t c = 0; c < CLASSES; c++) {
        const size_t a = before[c * 3], b = before[c * 3 + 1], most = a > b ? a : b;
        cr_assert_eq(cells[c * 3], a ? most : 0);
        cr_assert_eq(cells[c * 3 + 1], b ? most : 0);
        cr_assert_eq(cells[c * 3 + 2], before[c * 3 + 2]);
    }
    eval_world_close(&w);
}

Test(eval_downstream, balances_between_groups)
{
    enum { N = 4000, CLASSES = 40 };
    size_t cells[CLASSES * 3], sum[3];
    static uint32_t code[N];
    uint32_t n_rows[3] = { 0 };
    eval_world w;
    eval_world_make(&w, N, 2, CLASSES, 3, .5, 4);
    for (uint32_t i = 0; i < N; i++) { /* of 40 classes 29, 10 and 1 */
        code[i] = w.label[i] == 0 ? 2 : w.label[i] % 4 == 1;
        n_rows[code[i]]++;
    }
    const fdml_grouping by = { "g", 3, NULL, code, n_rows, true, false };
    for (int p = FDML_BALANCED_UNDER; p <= FDML_BALANCED_OVER; p++) {
        memset(sum, 0, sizeof sum);
        balance(cells, &w, &by, false, (fdml_protocol)p);
        for (size_t c = 0; c < CLASSES; c++) {
            size_t n = 0;
            for (size_t g = 0; g < 3; g++) sum[g] += cells[c * 3 + g], n += cells[c * 3 + g];
            cr_assert_geq(n, 1u); /* every value keeps a row */
        }
        for (size_t g = 0; g < 3; g++)
            cr_assert_eq(sum[g], p == FDML_BALANCED_UNDER ? 100u : 2900u);
    }
    eval_world_close(&w);
}

/* --- audits ----------------------------------------------------------------------------- */

static void only(eval_world *w, fdml_classifier classifier)
{
    for (int k = 0; k < FDML_CLASSIFIERS; k++)
        w->settings.downstream.classifier[k] = k == (int)classifier;
}

/* Classes that lie apart are predicted without a mistake, whatever trains; nothing changes. */
Test(eval_downstream, everything_known_is_one)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 300, 8, 20, 2, .01, 3);
    w.problem.n_attributes = 2;
    eval_world_metrics(&w, "downstream");
    for (int k = 0; k < FDML_CLASSIFIERS; k++) {
        if (k == FDML_C_KMEANS || k == FDML_C_MLP) continue; /* one seeding, few steps */
        only(&w, (fdml_classifier)k);
        eval_world_audit(&r, &w);
        cr_assert_eq(r.n_downstream, 3u);
        cr_assert(!r.downstream[0].is_within && r.downstream[1].is_within);
        for (size_t i = 0; i < 3; i++) {
            const fdml_downstream_result *d = &r.downstream[i];
            cr_assert(d->n_learned == 3 && d->n_values == 20 && d->n_test == 90);
            for (size_t l = 0; l < 3; l++)
                for (size_t m = 0; m < FDML_L_MEASURES; m++) {
                    cr_assert_eq(d->learned[l].all.value[m].value, 1, "%d", k);
                    cr_assert_eq(d->learned[l].gap[m].difference.value, 0);
                    cr_assert(!l || d->learned[l].gap_change[m].value == 0);
                }
            cr_assert_eq(d->learned[0].gap[FDML_L_ACCURACY].p, 1);
        }
    }
    eval_world_close(&w);
}

Test(eval_downstream, small_groups_get_no_numbers)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 300, 8, 20, 2, .01, 3);
    for (size_t i = 0; i < 300; i++) w.code[0][i] = i < 40; /* some twelve test rows */
    eval_world_metrics(&w, "downstream");
    only(&w, FDML_C_KNN);
    w.settings.min_group = 20;
    eval_world_audit(&r, &w);
    const fdml_learned_result *l = &r.downstream[0].learned[0];
    cr_assert(!isnan(l->groups[0].value[0].value) && isnan(l->groups[1].value[0].value));
    cr_assert(strstr(l->groups[1].value[0].why, "insufficient data (n=1") != NULL);
    cr_assert(isnan(l->gap[0].difference.value) && isnan(l->gap[0].p));
    eval_world_close(&w);
}

Test(eval_downstream, the_estimate_holds)
{
    eval_world w;
    eval_world_make(&w, 3000, 16, 300, 3, .8, 7);
    w.problem.n_attributes = 2;
    w.settings.n_bootstrap = w.settings.n_permutations = 40;
    w.settings.min_group = 20;
    eval_world_metrics(&w, "downstream");
    for (int k = 0; k < FDML_CLASSIFIERS; k++) {
        fdml_audit_result r;
        fdml_audit_cost cost;
        if (k == FDML_C_MLP) w.problem.n_attributes = 1;
        only(&w, (fdml_classifier)k);
        fdml_audit_estimate(&cost, &w.problem, &w.settings, &w.machine);
        eval_world_audit(&r, &w);
        cr_expect_leq(r.work_peak, cost.bytes + ((size_t)1 << 18), "%d: %zu bytes, not %zu", k,
                      r.work_peak, cost.bytes);
        cr_expect_leq(cost.bytes, 3 * r.work_peak + ((size_t)4 << 20), "%d: %zu for %zu", k,
                      cost.bytes, r.work_peak);
        cr_expect(cost.flops_of_classifiers > 0 && cost.flops >= cost.flops_of_classifiers);
    }
    eval_world_close(&w);
}
