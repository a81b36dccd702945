/* test_explain_fidelity.c - fidelity by hand, against NumPy, and what must hold.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "blackbox_case.h"
#include "explain/crossval.h"
#include "explain/fidelity.h"
#include "scratch.h"

static fdml_error err;
enum { ACC = FDML_FIDELITY_ACCURACY, AUC = FDML_FIDELITY_AUROC, RES = FDML_FIDELITY_RESIDUAL };
enum { M = FDML_FIDELITIES };

static const fdml_fidelity_options still = { .confidence = .95, .n_threads = 2 };

static double near(double a, double b)
{
    return isnan(a) && isnan(b) ? 0 : fabs(a - b);
}

/* Group 0: p .9 .2 .6 .3, e .8 .1 .4 .4: right but the third; ones {.8 .4}, zeros {.1 .4}: of
 * four pairs 3 won, one tied: 3.5 / 4; residual (.1 + .1 + .2 - .1) / 4. Group 1: p .7 .8, e .7
 * .2: one right of two, no zeros, residual .3. Group 2 has no rows. All: 4 of 6 right; ones
 * {.8 .4 .7 .2}, zeros {.1 .4}: 2 + 1.5 + 2 + 1 of 8; residual .9 / 6. */
Test(explain_fidelity, by_hand)
{
    const double p[] = { .9, .7, .2, .6, .8, .3 }, e[] = { .8, .7, .1, .4, .2, .4 };
    const uint32_t code[] = { 0, 1, 0, 0, 1, 0 };
    const fdml_fidelity_rows rows = { p, e, code, 6, 3, 1, 0 };
    const double group[] = { .75, .875, .075, .5, NAN, .3, NAN, NAN, NAN };
    const double all[] = { 4. / 6, 6.5 / 8, .15 };
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), FDML_OK);
    for (size_t i = 0; i < 9; i++)
        cr_assert(near(f.of_group[i].e.value, group[i]) < 1e-15, "%zu: %g", i,
                  f.of_group[i].e.value);
    for (size_t k = 0; k < M; k++) cr_assert(near(f.overall[k].e.value, all[k]) < 1e-15);
    cr_assert(f.n_rows[0] == 4 && f.n_rows[1] == 2 && f.n_rows[2] == 0);
    cr_assert(near(f.gap[ACC][FDML_GAP_MAX].e.value, 4. / 6 - .5) < 1e-15);
    cr_assert(near(f.gap[ACC][FDML_GAP_MEAN].e.value, .25) < 1e-15);
    cr_assert(isnan(f.gap[AUC][FDML_GAP_MAX].e.value)); /* of one group there is no gap */
    cr_assert(isnan(f.gap[AUC][FDML_GAP_MEAN].e.value));
    cr_assert(near(f.gap[RES][FDML_GAP_MAX].e.value, .15) < 1e-15);
    cr_assert(near(f.gap[RES][FDML_GAP_MEAN].e.value, .225) < 1e-15);
    cr_assert_eq(f.gap[ACC][FDML_GAP_MAX].worst, 1);
    cr_assert_str_eq(f.gap[AUC][FDML_GAP_MAX].e.why, "fewer than two groups have a value");
    cr_assert(isnan(f.gap[ACC][FDML_GAP_MAX].p) && isnan(f.overall[ACC].e.lo));
    fdml_arena_close(&arena);
}

static fdml_fidelity_rows case_rows(void)
{
    return (fdml_fidelity_rows){
        blackbox_case_p, blackbox_case_e, blackbox_case_code, CASE_ROWS, CASE_GROUPS, 1, 0
    };
}

Test(explain_fidelity, as_numpy)
{
    const fdml_fidelity_rows rows = case_rows();
    const double *want = blackbox_case_fidelity, *all = want + CASE_GROUPS * M;
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), FDML_OK);
    for (size_t i = 0; i < CASE_GROUPS * M; i++)
        cr_assert_float_eq(f.of_group[i].e.value, want[i], 1e-13);
    for (size_t k = 0; k < M; k++) {
        const double a = want[k], b = want[M + k], c = want[2 * M + k];
        const double worst = fmax(a, fmax(b, c)), least = fmin(a, fmin(b, c));
        cr_assert_float_eq(f.overall[k].e.value, all[k], 1e-13);
        cr_assert_float_eq(f.gap[k][FDML_GAP_MAX].e.value,
                           k == RES ? worst - all[k] : all[k] - least, 1e-13);
        cr_assert_float_eq(f.gap[k][FDML_GAP_MEAN].e.value,
                           (fabs(a - b) + fabs(a - c) + fabs(b - c)) / 3, 1e-13);
    }
    /* scikit-learn's AUROC of the same scores, with ties */
    uint8_t label[CASE_ROWS];
    double auroc;
    for (size_t i = 0; i < CASE_ROWS; i++) label[i] = rows.p[i] >= .5;
    cr_assert_eq(fdml_auroc(&auroc, rows.e, label, CASE_ROWS, &arena, &err), FDML_OK);
    cr_assert_float_eq(auroc, all[AUC], 1e-13);
    memset(label, 1, sizeof label);
    cr_assert_eq(fdml_auroc(&auroc, rows.e, label, CASE_ROWS, &arena, &err), FDML_OK);
    cr_assert(isnan(auroc));
    fdml_arena_close(&arena);
}

/* Counting a row twice is to have it twice. */
Test(explain_fidelity, weights_are_copies)
{
    enum { MOST = 3 * CASE_ROWS };
    static double p[MOST], e[MOST], sums[FDML_FIDELITY_SCRATCH(CASE_GROUPS)], one[4 * M],
        other[4 * M];
    static uint32_t code[MOST], times[CASE_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < CASE_ROWS; i++) {
        times[i] = (uint32_t)(i * 7 % 4);
        for (size_t k = 0; k < times[i]; k++, n++)
            p[n] = blackbox_case_p[i], e[n] = blackbox_case_e[i],
            code[n] = blackbox_case_code[i];
    }
    const fdml_fidelity_rows rows = case_rows(), copies = { p, e, code, n, CASE_GROUPS, 1, 0 };
    fdml_fidelity_tables table, copied;
    const fdml_fidelity_draw weighted = { rows.code, times }, repeated = { code, NULL };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_sort(&table, &rows, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_fidelity_sort(&copied, &copies, &arena, &err), FDML_OK);
    fdml_fidelity_values(one, &table, 0, &weighted, sums);
    fdml_fidelity_values(other, &copied, 0, &repeated, sums);
    for (size_t i = 0; i < 4 * M; i++) cr_assert_float_eq(one[i], other[i], 1e-14);
    fdml_arena_close(&arena);
}

/* The interval of a mean of n rows: near its normal interval. */
Test(explain_fidelity, intervals)
{
    fdml_fidelity_options o = still;
    const fdml_fidelity_rows rows = case_rows();
    double square = 0;
    fdml_fidelity f;
    fdml_arena arena;
    o.n_bootstrap = 4000;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &o, &arena, &err), FDML_OK);
    const fdml_fidelity_value all = f.overall[RES], most = f.of_group[RES];
    size_t n = 0;
    for (size_t i = 0; i < CASE_ROWS; i++) {
        const double d = rows.p[i] - rows.e[i] - most.e.value;
        if (!rows.code[i]) square += d * d, n++;
    }
    const double half = 1.96 * sqrt(square / (double)n / (double)(n - 1));
    cr_assert_float_eq(most.e.hi - most.e.lo, 2 * half, .12 * half);
    cr_assert(most.e.lo < most.e.value && most.e.value < most.e.hi && all.e.lo < all.e.value &&
              all.e.value < all.e.hi);
    for (size_t k = 0; k < M; k++) {
        const fdml_fidelity_gap *g = f.gap[k];
        cr_assert(g[0].e.lo <= g[0].e.value && g[0].e.hi >= g[0].e.value &&
                  g[1].e.hi > g[1].e.lo);
    }
    fdml_arena_close(&arena);
}

/* Groups by lot have no small p; one whose explanations are wrong has. */
Test(explain_fidelity, permutation)
{
    enum { N = 600 };
    static double p[N], e[N];
    static uint32_t code[N];
    fdml_fidelity_options o = still;
    const fdml_fidelity_rows rows = { p, e, code, N, 2, 1, 0 };
    fdml_fidelity f[2];
    fdml_rng rng;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_rng_init(&rng, 1, 2, 3);
    o.n_permutations = 999;
    for (int bad = 0; bad < 2; bad++) {
        for (size_t i = 0; i < N; i++) {
            code[i] = fdml_rng_below(&rng, 2);
            p[i] = fdml_rng_double(&rng);
            e[i] = p[i] + .1 * fdml_rng_normal(&rng);
            if (bad && code[i] && fdml_rng_below(&rng, 5) == 0) e[i] = 1 - p[i];
        }
        cr_assert_eq(fdml_fidelity_measure(&f[bad], &rows, &o, &arena, &err), FDML_OK);
    }
    for (size_t g = 0; g < FDML_FIDELITY_GAPS; g++) {
        cr_assert(f[0].gap[ACC][g].p > .02, "%g", f[0].gap[ACC][g].p);
        cr_assert_float_eq(f[1].gap[ACC][g].p, .001, 1e-12);
        cr_assert_float_eq(f[1].gap[ACC][g].p_holm, .006, .0021);
    }
    cr_assert_eq(fdml_fidelity_correct(f, 2, &arena, &err), FDML_OK);
    cr_assert_float_eq(f[1].gap[ACC][0].p_holm, .012, .0041);
    fdml_arena_close(&arena);
}

static void expect_same(const fdml_estimate *a, const fdml_estimate *b)
{
    cr_assert(!memcmp(&a->value, &b->value, sizeof a->value));
    cr_assert(!memcmp(&a->lo, &b->lo, sizeof a->lo) && !memcmp(&a->hi, &b->hi, sizeof a->hi));
    cr_assert_eq(a->n, b->n);
}

Test(explain_fidelity, same_bits_anywhere)
{
    fdml_fidelity f[2];
    fdml_fidelity_options o = still;
    const fdml_fidelity_rows rows = case_rows();
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    o.n_bootstrap = 200, o.n_permutations = 200;
    for (int i = 0; i < 2; i++) {
        o.n_threads = 1 + 2 * i;
        cr_assert_eq(fdml_fidelity_measure(&f[i], &rows, &o, &arena, &err), FDML_OK);
    }
    for (size_t i = 0; i < M; i++) expect_same(&f[0].overall[i].e, &f[1].overall[i].e);
    for (size_t i = 0; i < CASE_GROUPS * M; i++) {
        expect_same(&f[0].of_group[i].e, &f[1].of_group[i].e);
        expect_same(&f[0].behind[i].e, &f[1].behind[i].e);
    }
    for (size_t i = 0; i < M * FDML_FIDELITY_GAPS; i++) {
        const fdml_fidelity_gap *a = &f[0].gap[i / 2][i % 2], *b = &f[1].gap[i / 2][i % 2];
        expect_same(&a->e, &b->e);
        cr_assert_eq(a->p, b->p);
    }
    fdml_arena_close(&arena);
}

Test(explain_fidelity, refuses_and_runs_out_of_memory)
{
    const double p[] = { .5, NAN }, e[] = { INFINITY, .5 };
    const uint32_t code[] = { 0, 0 };
    fdml_fidelity_rows rows = { p, e, code, 2, 1, 1, 0 };
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    scratch_expect_error(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), &err,
                         FDML_E_DATA,
                         "test row 1: the explanation says inf, expected a finite number");
    rows.n = 0;
    scratch_expect_error(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), &err,
                         FDML_E_DATA, "no test rows to measure fidelity on");
    fdml_arena_close(&arena);
    fdml_fidelity_options o = still;
    o.n_bootstrap = o.n_permutations = 20;
    rows = case_rows();
    for (size_t limit = 64; limit < 60000; limit += 1999) {
        fdml_arena_init(&arena, limit);
        const fdml_status status = fdml_fidelity_measure(&f, &rows, &o, &arena, &err);
        cr_assert(status == FDML_E_NOMEM || (!status && arena.peak <= limit), "%zu", limit);
        fdml_arena_close(&arena);
    }
}

/* Two groups of two rows, p .9 .1 for each. Right answers of the seeds: group 0 two, one, none;
 * group 1 always two. Means .5 and 1, all .75; group 0 is behind by .25, by seed 0, .25, .5;
 * the mean gap is (0 + .5 + 1) / 3. AUROC of group 0: 1, then the ones' .4 is above the zeros'
 * .1, 1, then .4 below .6, 0. */
Test(explain_fidelity, seeds_by_hand)
{
    const double p[12] = { .9, .1, .9, .1, .9, .1, .9, .1, .9, .1, .9, .1 };
    const double e[12] = { .8, .2, .8, .2, .4, .1, .8, .2, .4, .6, .8, .2 };
    const uint32_t code[4] = { 0, 0, 1, 1 };
    const fdml_fidelity_rows rows = { p, e, code, 4, 2, 3, 2 };
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), FDML_OK);
    const double third = sqrt(((.5 * .5) + 0 + (.5 * .5)) / 2); /* sd of 1, .5, 0 */
    cr_assert_float_eq(f.of_group[ACC].e.value, .5, 1e-15);
    cr_assert_float_eq(f.of_group[ACC].sd, third, 1e-15);
    cr_assert_float_eq(f.of_group[M + ACC].e.value, 1, 1e-15);
    cr_assert_float_eq(f.overall[ACC].e.value, .75, 1e-15);
    cr_assert_float_eq(f.overall[ACC].sd, third / 2, 1e-15);
    cr_assert_float_eq(f.of_group[AUC].e.value, 2. / 3, 1e-15);
    const fdml_fidelity_gap *gap = f.gap[ACC];
    cr_assert(gap[FDML_GAP_MAX].worst == 0 && gap[FDML_GAP_MAX].e.n == 2);
    cr_assert_float_eq(gap[FDML_GAP_MAX].e.value, .25, 1e-15);
    cr_assert_float_eq(gap[FDML_GAP_MAX].sd, .25, 1e-15);
    cr_assert_float_eq(gap[FDML_GAP_MEAN].e.value, .5, 1e-15);
    cr_assert_float_eq(gap[FDML_GAP_MEAN].sd, .5, 1e-15);
    fdml_arena_close(&arena);
}

/* A group of too few rows has no number and no gap, and stays in the overall value. */
Test(explain_fidelity, small_groups)
{
    const double p[] = { .9, .1, .9, .1, .9 }, e[] = { .8, .2, .2, .2, .1 };
    const uint32_t code[] = { 0, 0, 1, 1, 2 };
    const fdml_fidelity_rows rows = { p, e, code, 5, 3, 1, 2 };
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), FDML_OK);
    cr_assert(isnan(f.of_group[2 * M + ACC].e.value));
    cr_assert_str_eq(f.of_group[2 * M + ACC].e.why, "insufficient data (n=1 < 2)");
    cr_assert_float_eq(f.overall[ACC].e.value, .6, 1e-15);
    cr_assert_float_eq(f.gap[ACC][FDML_GAP_MAX].e.value, .1, 1e-15);
    cr_assert_eq(f.gap[ACC][FDML_GAP_MAX].worst, 1);
    cr_assert_float_eq(f.gap[ACC][FDML_GAP_MEAN].e.value, .5, 1e-15);
    fdml_arena_close(&arena);
}

Test(explain_fidelity, says_what_memory_it_takes)
{
    const fdml_fidelity_rows rows = case_rows();
    for (int threads = 1; threads <= 3; threads += 2) {
        const fdml_fidelity_options o = { 100, 300, .95, 1, threads };
        const double bound = fdml_fidelity_memory(CASE_ROWS, CASE_GROUPS, 1, &o);
        fdml_fidelity f;
        fdml_arena arena;
        fdml_arena_init(&arena, 0);
        cr_assert_eq(fdml_fidelity_measure(&f, &rows, &o, &arena, &err), FDML_OK);
        const double peak = (double)arena.peak;
        cr_expect(peak <= bound && peak > .9 * bound, "%g of %g", peak, bound);
        cr_expect_leq((double)arena.used, fdml_fidelity_result_memory(CASE_GROUPS));
        fdml_arena_close(&arena);
    }
}
