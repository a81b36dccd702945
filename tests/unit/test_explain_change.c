/* test_explain_change.c - one explanation less another: by hand, against each alone, and what
 * tests and intervals promise.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "blackbox_case.h"
#include "explain/fidelity_change.h"
#include "scratch.h"

enum { ACC = FDML_FIDELITY_ACCURACY, AUC = FDML_FIDELITY_AUROC, RES = FDML_FIDELITY_RESIDUAL };
enum { M = FDML_FIDELITIES, GAPS = FDML_FIDELITY_GAPS, MOST = 400 };

static fdml_error err;
static fdml_arena arena;
static const fdml_fidelity_options still = { .confidence = .95, .seed = 5, .n_threads = 2 };
static double other_e[CASE_ROWS];

static void begin(void)
{
    fdml_rng rng;
    fdml_arena_init(&arena, 0);
    fdml_rng_init(&rng, 8, 1, 0);
    for (size_t i = 0; i < CASE_ROWS; i++)
        other_e[i] = blackbox_case_p[i] + .25 * fdml_rng_normal(&rng);
}

static void end(void)
{
    fdml_arena_close(&arena);
}

TestSuite(explain_change, .init = begin, .fini = end);

static fdml_fidelity_rows case_rows(const double *e)
{
    return (fdml_fidelity_rows){
        blackbox_case_p, e, blackbox_case_code, CASE_ROWS, CASE_GROUPS, 1, 0
    };
}

static fdml_fidelity_change compare(const fdml_fidelity_rows *a, const fdml_fidelity_rows *b,
                                    const fdml_fidelity_options *o)
{
    fdml_fidelity_change change;
    cr_assert_eq(fdml_fidelity_compare(&change, a, b, o, &arena, &err), FDML_OK, "%s",
                 err.text);
    return change;
}

/* This one is right in all four rows, the baseline in the last alone: it gains 1 in group 0 and
 * 1/2 in group 1, 3/4 of all. With 16 ways to toss, all three coins that matter must agree: p =
 * 2 / 8; of group 0 2 / 4, of group 1 it is 1. The gap from average goes from 1/4 to 0. */
Test(explain_change, by_hand)
{
    const double p[] = { .9, .1, .9, .1 }, e[] = { .8, .2, .8, .2 }, b[] = { .3, .7, .3, .2 };
    const uint32_t code[] = { 0, 0, 1, 1 };
    const fdml_fidelity_rows rows = { p, e, code, 4, 2, 1, 0 },
                             base = { p, b, code, 4, 2, 1, 0 };
    fdml_fidelity_options o = still;
    o.n_permutations = 4000;
    const fdml_fidelity_change c = compare(&rows, &base, &o);
    cr_expect_eq(c.overall[ACC].e.value, .75);
    cr_expect_eq(c.of_group[ACC].e.value, 1);
    cr_expect_eq(c.of_group[M + ACC].e.value, .5);
    cr_expect_float_eq(c.overall[RES].e.value, (.1 - .1 + .1 - .1 - (.6 - .6 + .6 - .1)) / 4,
                       1e-15);
    cr_expect_eq(c.gap[ACC][FDML_GAP_MAX].e.value, -.25);
    cr_expect_eq(c.gap[ACC][FDML_GAP_MEAN].e.value, -.5);
    cr_expect_float_eq(c.overall[ACC].p, .25, .02, "%g", c.overall[ACC].p);
    cr_expect_float_eq(c.of_group[ACC].p, .5, .024, "%g", c.of_group[ACC].p);
    cr_expect_eq(c.of_group[M + ACC].p, 1);
    cr_expect(isnan(c.overall[ACC].e.lo) && c.overall[ACC].e.n == 4 &&
              c.of_group[ACC].e.n == 2 && c.gap[ACC][0].e.n == 2 && c.n_groups == 2);
}

/* The number of each alone, and its interval where the other is perfect. */
Test(explain_change, of_each_alone)
{
    const fdml_fidelity_rows rows = case_rows(blackbox_case_e), other = case_rows(other_e),
                             perfect = case_rows(blackbox_case_p);
    fdml_fidelity_options o = still;
    fdml_fidelity a, b;
    cr_assert_eq(fdml_fidelity_measure(&b, &other, &o, &arena, &err), FDML_OK);
    o.n_bootstrap = 300;
    cr_assert_eq(fdml_fidelity_measure(&a, &rows, &o, &arena, &err), FDML_OK);
    const fdml_fidelity_change c = compare(&rows, &other, &o), d = compare(&rows, &perfect, &o);
    for (size_t i = 0; i < CASE_GROUPS * M; i++) {
        const fdml_estimate *x = &a.of_group[i].e, *y = &b.of_group[i].e;
        cr_expect_float_eq(c.of_group[i].e.value, x->value - y->value, 1e-14);
        const double best = i % M == RES ? 0 : 1;
        cr_expect_float_eq(d.of_group[i].e.lo, x->lo - best, 1e-14);
        cr_expect_float_eq(d.of_group[i].e.hi, x->hi - best, 1e-14);
        cr_expect_eq(d.of_group[i].e.n, x->n);
    }
    for (size_t k = 0; k < M; k++) {
        cr_expect_float_eq(c.overall[k].e.value, a.overall[k].e.value - b.overall[k].e.value,
                           1e-14);
        for (size_t g = 0; g < GAPS; g++) {
            const fdml_estimate *x = &a.gap[k][g].e;
            cr_expect_float_eq(c.gap[k][g].e.value, x->value - b.gap[k][g].e.value, 1e-14);
            cr_expect_float_eq(d.gap[k][g].e.lo, x->lo, 1e-14);
            cr_expect_float_eq(d.gap[k][g].e.hi, x->hi, 1e-14);
        }
    }
}

static void expect_opposite(const fdml_fidelity_difference *a,
                            const fdml_fidelity_difference *b)
{
    cr_expect_eq(a->e.value, -b->e.value);
    cr_expect_float_eq(a->e.lo, -b->e.hi, 1e-15);
    cr_expect_float_eq(a->e.hi, -b->e.lo, 1e-15);
    cr_expect(a->p == b->p && a->p_holm == b->p_holm && a->p_holm >= a->p);
}

Test(explain_change, the_other_way_round)
{
    const fdml_fidelity_rows rows = case_rows(blackbox_case_e), other = case_rows(other_e);
    fdml_fidelity_options o = still;
    o.n_bootstrap = o.n_permutations = 200;
    const fdml_fidelity_change c = compare(&rows, &other, &o), d = compare(&other, &rows, &o);
    for (size_t i = 0; i < CASE_GROUPS * M; i++)
        expect_opposite(&c.of_group[i], &d.of_group[i]);
    for (size_t k = 0; k < M; k++) {
        expect_opposite(&c.overall[k], &d.overall[k]);
        for (size_t g = 0; g < GAPS; g++) expect_opposite(&c.gap[k][g], &d.gap[k][g]);
    }
    const fdml_fidelity_change same = compare(&rows, &rows, &o);
    for (size_t i = 0; i < CASE_GROUPS * M; i++) {
        const fdml_fidelity_difference *x = &same.of_group[i];
        cr_expect(x->e.value == 0 && x->e.lo == 0 && x->e.hi == 0 && x->p == 1 &&
                  x->p_holm == 1);
    }
}

/* Three seeds that say the same are one: a coin is a row's, not a seed's. */
Test(explain_change, seeds_share_their_coins)
{
    static double p[3 * CASE_ROWS], e[3 * CASE_ROWS], b[3 * CASE_ROWS];
    for (size_t i = 0; i < 3 * CASE_ROWS; i++) {
        p[i] = blackbox_case_p[i % CASE_ROWS];
        e[i] = blackbox_case_e[i % CASE_ROWS];
        b[i] = other_e[i % CASE_ROWS];
    }
    const fdml_fidelity_rows one = case_rows(blackbox_case_e), other = case_rows(other_e);
    fdml_fidelity_rows three = one, others = other;
    three.p = others.p = p, three.e = e, others.e = b;
    three.n_seeds = others.n_seeds = 3;
    fdml_fidelity_options o = still;
    o.n_bootstrap = o.n_permutations = 200;
    const fdml_fidelity_change c = compare(&one, &other, &o), d = compare(&three, &others, &o);
    for (size_t i = 0; i < CASE_GROUPS * M; i++) {
        cr_expect_float_eq(c.of_group[i].p, d.of_group[i].p, 1e-12);
        cr_expect_float_eq(c.of_group[i].e.lo, d.of_group[i].e.lo, 1e-12);
        cr_expect_float_eq(c.of_group[i].e.hi, d.of_group[i].e.hi, 1e-12);
    }
}

/* --- what is promised ----------------------------------------------------------------------
 */

/* Of a world: two groups; an explanation errs with its chance in each. */
typedef struct world {
    double p[MOST], e[MOST], b[MOST];
    uint32_t code[MOST];
} world;

static double explain_row(fdml_rng *rng, double p, double chance)
{
    const double e = p + .1 * (fdml_rng_double(rng) - .5);
    return fdml_rng_double(rng) < chance ? 1 - e : e;
}

static void make_world(world *w, size_t n, double chance, double chance_b, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 77, 1, index);
    for (size_t i = 0; i < n; i++) {
        w->code[i] = i % 3 == 0;
        w->p[i] = fdml_rng_below(&rng, 2) ? .9 : .1;
        w->e[i] = explain_row(&rng, w->p[i], .1 + (w->code[i] ? chance : 0));
        w->b[i] = explain_row(&rng, w->p[i], .1 + (w->code[i] ? chance_b : 0));
    }
}

/* Equally faithful, though not to both groups: p is uniform, and where ties make it coarse, no
 * smaller. */
Test(explain_change, size_of_the_test)
{
    enum { WORLDS = 400, N = 90 };
    static world w;
    double mean = 0;
    size_t n_small[4] = { 0 };
    fdml_fidelity_options o = still;
    o.n_permutations = 99, o.n_threads = 1;
    for (uint32_t i = 0; i < WORLDS; i++) {
        make_world(&w, N, .2, .2, i);
        const fdml_fidelity_rows rows = { w.p, w.e, w.code, N, 2, 1, 0 },
                                 base = { w.p, w.b, w.code, N, 2, 1, 0 };
        o.seed = i;
        const fdml_fidelity_change c = compare(&rows, &base, &o);
        mean += c.overall[RES].p / WORLDS;
        n_small[0] += c.overall[RES].p <= .1;
        n_small[1] += c.of_group[M + AUC].p <= .1;
        n_small[2] += c.overall[ACC].p <= .1;
        n_small[3] += c.gap[ACC][FDML_GAP_MAX].p <= .1;
    }
    /* four standard deviations: of a mean of uniforms, and of a share of .1 */
    cr_expect_float_eq(mean, .505, 4 * .289 / sqrt(WORLDS), "%g", mean);
    for (size_t k = 0; k < 4; k++) {
        const double share = (double)n_small[k] / WORLDS;
        cr_expect_lt(share, .16, "%zu: %g", k, share);
        if (k < 2) cr_expect_gt(share, .04, "%zu: %g", k, share);
    }
}

/* In group 1 one errs in .1, the other in .35 of all rows: .25 more often right, so that the
 * gap between the groups is .25 smaller. */
Test(explain_change, coverage_and_power)
{
    enum { WORLDS = 300, N = 240 };
    static world w;
    size_t n_held[3] = { 0 }, n_found = 0;
    fdml_fidelity_options o = still;
    o.n_bootstrap = 199, o.n_permutations = 99, o.n_threads = 1;
    for (uint32_t i = 0; i < WORLDS; i++) {
        make_world(&w, N, 0, .25, i);
        const fdml_fidelity_rows rows = { w.p, w.e, w.code, N, 2, 1, 0 },
                                 base = { w.p, w.b, w.code, N, 2, 1, 0 };
        o.seed = i;
        const fdml_fidelity_change c = compare(&rows, &base, &o);
        const fdml_estimate *zero = &c.of_group[ACC].e, *one = &c.of_group[M + ACC].e,
                            *all = &c.overall[ACC].e;
        n_held[0] += zero->lo <= 0 && zero->hi >= 0;
        n_held[1] += one->lo <= .25 && one->hi >= .25;
        n_held[2] += all->lo <= .25 / 3 && all->hi >= .25 / 3;
        n_found += c.of_group[M + ACC].p <= .05;
    }
    for (size_t k = 0; k < 3; k++) {
        const double share = (double)n_held[k] / WORLDS;
        cr_expect_float_eq(share, .95, 4 * sqrt(.95 * .05 / WORLDS), "%zu: %g", k, share);
    }
    cr_expect_gt(n_found, .8 * WORLDS, "%zu", n_found);
}

/* --- limits ----------------------------------------------------------------------------- */

Test(explain_change, same_bits_anywhere)
{
    const fdml_fidelity_rows rows = case_rows(blackbox_case_e), other = case_rows(other_e);
    fdml_fidelity_options o = still;
    fdml_fidelity_change c[2];
    o.n_bootstrap = o.n_permutations = 100;
    for (int i = 0; i < 2; i++) {
        o.n_threads = 1 + 2 * i;
        c[i] = compare(&rows, &other, &o);
    }
    cr_assert_arr_eq(c[0].overall, c[1].overall, sizeof c[0].overall);
    cr_assert_arr_eq(c[0].gap, c[1].gap, sizeof c[0].gap);
    cr_assert_arr_eq(c[0].of_group, c[1].of_group, CASE_GROUPS * M * sizeof *c[0].of_group);
}

Test(explain_change, small_groups_and_one_answer)
{
    const double p[] = { .9, .1, .9, .9, .9 }, e[] = { .8, .2, .2, .2, .1 };
    const uint32_t code[] = { 0, 0, 1, 1, 2 };
    const fdml_fidelity_rows rows = { p, e, code, 5, 3, 1, 2 };
    fdml_fidelity_options o = still;
    o.n_bootstrap = o.n_permutations = 20;
    const fdml_fidelity_change c = compare(&rows, &rows, &o);
    const fdml_fidelity_difference *small = &c.of_group[2 * M + ACC];
    cr_expect_str_eq(small->e.why, "insufficient data (n=1 < 2)");
    cr_expect(isnan(small->e.value) && isnan(small->p) && isnan(small->p_holm));
    cr_expect_str_eq(c.of_group[M + AUC].e.why,
                     "the black box gives one answer to all of these rows");
    cr_expect_str_eq(c.gap[AUC][0].e.why, "fewer than two groups have a value");
    cr_expect(isnan(c.gap[AUC][0].e.value) && isnan(c.gap[AUC][0].e.lo));
    cr_expect(c.gap[ACC][0].e.value == 0 && c.gap[ACC][0].e.n == 2);
}

Test(explain_change, refuses_and_runs_out_of_memory)
{
    const double p[] = { .5, .5 }, e[] = { .5, .5 }, bad[] = { .5, NAN };
    const uint32_t code[] = { 0, 0 };
    const fdml_fidelity_rows rows = { p, e, code, 2, 1, 1, 0 },
                             wrong = { p, bad, code, 2, 1, 1, 0 };
    fdml_fidelity_change c;
    scratch_expect_error(fdml_fidelity_compare(&c, &rows, &wrong, &still, &arena, &err), &err,
                         FDML_E_DATA,
                         "test row 2: the explanation says nan, expected a finite number");
    fdml_fidelity_options o = still;
    o.n_bootstrap = o.n_permutations = 20;
    const fdml_fidelity_rows many = case_rows(blackbox_case_e);
    for (size_t limit = 64; limit < 90000; limit += 1999) {
        fdml_arena small;
        fdml_arena_init(&small, limit);
        const fdml_status status = fdml_fidelity_compare(&c, &many, &many, &o, &small, &err);
        cr_assert(status == FDML_E_NOMEM || (!status && small.peak <= limit), "%zu", limit);
        fdml_arena_close(&small);
    }
}

Test(explain_change, says_what_memory_it_takes)
{
    const fdml_fidelity_rows rows = case_rows(blackbox_case_e), other = case_rows(other_e);
    for (int threads = 1; threads <= 3; threads += 2) {
        const fdml_fidelity_options o = { 100, 300, .95, 1, threads };
        const double bound = fdml_fidelity_compare_memory(CASE_ROWS, CASE_GROUPS, 1, &o);
        const double before = (double)arena.used;
        arena.peak = arena.used;
        (void)compare(&rows, &other, &o);
        const double peak = (double)arena.peak - before;
        cr_expect(peak <= bound && peak > .9 * bound, "%g of %g", peak, bound);
        cr_expect_leq((double)arena.used - before, fdml_fidelity_change_memory(CASE_GROUPS));
    }
}
