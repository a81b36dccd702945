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
    const fdml_fidelity_rows rows = { p, e, code, 6, 3 };
    const double group[] = { .75, .875, .075, .5, NAN, .3, NAN, NAN, NAN };
    const double all[] = { 4. / 6, 6.5 / 8, .15 };
    fdml_fidelity f;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_measure(&f, &rows, &still, &arena, &err), FDML_OK);
    for (size_t i = 0; i < 9; i++)
        cr_assert(near(f.of_group[i].value, group[i]) < 1e-15, "%zu: %g", i,
                  f.of_group[i].value);
    for (size_t k = 0; k < M; k++) cr_assert(near(f.overall[k].value, all[k]) < 1e-15);
    cr_assert(f.n_rows[0] == 4 && f.n_rows[1] == 2 && f.n_rows[2] == 0);
    cr_assert(near(f.gap[ACC][FDML_GAP_MAX].value, 4. / 6 - .5) < 1e-15);
    cr_assert(near(f.gap[ACC][FDML_GAP_MEAN].value, .25) < 1e-15);
    cr_assert(near(f.gap[AUC][FDML_GAP_MAX].value, 6.5 / 8 - .875) < 1e-15); /* nobody behind */
    cr_assert(isnan(f.gap[AUC][FDML_GAP_MEAN].value));
    cr_assert(near(f.gap[RES][FDML_GAP_MAX].value, .15) < 1e-15);
    cr_assert(near(f.gap[RES][FDML_GAP_MEAN].value, .225) < 1e-15);
    cr_assert(f.gap[ACC][FDML_GAP_MAX].worst == 1 && f.gap[AUC][FDML_GAP_MAX].worst == 0);
    cr_assert(isnan(f.gap[ACC][FDML_GAP_MAX].p) && isnan(f.overall[ACC].lo));
    fdml_arena_close(&arena);
}

static fdml_fidelity_rows case_rows(void)
{
    return (fdml_fidelity_rows){ blackbox_case_p, blackbox_case_e, blackbox_case_code,
                                 CASE_ROWS, CASE_GROUPS };
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
        cr_assert_float_eq(f.of_group[i].value, want[i], 1e-13);
    for (size_t k = 0; k < M; k++) {
        const double a = want[k], b = want[M + k], c = want[2 * M + k];
        const double worst = fmax(a, fmax(b, c)), least = fmin(a, fmin(b, c));
        cr_assert_float_eq(f.overall[k].value, all[k], 1e-13);
        cr_assert_float_eq(f.gap[k][FDML_GAP_MAX].value,
                           k == RES ? worst - all[k] : all[k] - least, 1e-13);
        cr_assert_float_eq(f.gap[k][FDML_GAP_MEAN].value,
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
    static double p[MOST], e[MOST], sums[4 * 8], one[4 * M], other[4 * M];
    static uint32_t code[MOST], times[CASE_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < CASE_ROWS; i++) {
        times[i] = (uint32_t)(i * 7 % 4);
        for (size_t k = 0; k < times[i]; k++, n++)
            p[n] = blackbox_case_p[i], e[n] = blackbox_case_e[i],
            code[n] = blackbox_case_code[i];
    }
    const fdml_fidelity_rows rows = case_rows(), copies = { p, e, code, n, CASE_GROUPS };
    fdml_fidelity_table table, copied;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fidelity_sort(&table, &rows, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_fidelity_sort(&copied, &copies, &arena, &err), FDML_OK);
    fdml_fidelity_values(one, &table, rows.code, times, sums);
    fdml_fidelity_values(other, &copied, code, NULL, sums);
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
        const double d = rows.p[i] - rows.e[i] - most.value;
        if (!rows.code[i]) square += d * d, n++;
    }
    const double half = 1.96 * sqrt(square / (double)n / (double)(n - 1));
    cr_assert_float_eq(most.hi - most.lo, 2 * half, .12 * half);
    cr_assert(most.lo < most.value && most.value < most.hi && all.lo < all.value &&
              all.value < all.hi);
    for (size_t k = 0; k < M; k++) {
        const fdml_fidelity_gap *g = f.gap[k];
        cr_assert(g[0].lo <= g[0].value && g[0].hi >= g[0].value && g[1].hi > g[1].lo);
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
    const fdml_fidelity_rows rows = { p, e, code, N, 2 };
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
    cr_assert(!memcmp(f[0].overall, f[1].overall, sizeof f->overall));
    cr_assert(!memcmp(f[0].of_group, f[1].of_group, CASE_GROUPS * M * sizeof *f->of_group));
    cr_assert(!memcmp(f[0].behind, f[1].behind, CASE_GROUPS * M * sizeof *f->behind));
    for (size_t i = 0; i < M * FDML_FIDELITY_GAPS; i++) {
        const fdml_fidelity_gap *a = &f[0].gap[i / 2][i % 2], *b = &f[1].gap[i / 2][i % 2];
        cr_assert(a->value == b->value && a->lo == b->lo && a->hi == b->hi && a->p == b->p);
    }
    fdml_arena_close(&arena);
}

Test(explain_fidelity, refuses_and_runs_out_of_memory)
{
    const double p[] = { .5, NAN }, e[] = { INFINITY, .5 };
    const uint32_t code[] = { 0, 0 };
    fdml_fidelity_rows rows = { p, e, code, 2, 1 };
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

Test(explain_fidelity, spread_over_seeds)
{
    const double value[] = { 1, NAN, 2, 6 };
    double mean, deviation;
    fdml_fidelity_spread(&mean, &deviation, value, 4);
    cr_assert_eq(mean, 3);
    cr_assert_float_eq(deviation, sqrt(7), 1e-15);
}
