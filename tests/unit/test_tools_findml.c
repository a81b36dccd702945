/* test_tools_findml.c - what is made of repeated runs: spreads, paired changes, sentences.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "../../tools/findml.h"

static void expect_near(double got, double want)
{
    cr_assert(fabs(got - want) <= 1e-9 * (1 + fabs(want)), "got %.17g, expected %.17g", got,
              want);
}

/* .2 .4 .6: mean .4, squares .04 + 0 + .04 over 2 = .04, sd .2, t(.95, 2) = 4.302652729749,
 * so half = 4.302652729749 * .2 / sqrt 3 = .496827542465 */
Test(tools_findml, spread_by_hand)
{
    static const double value[] = { 0.2, NAN, 0.4, 0.6 };
    const findml_spread s = findml_spread_of(value, 4, 0.95);
    cr_assert_eq(s.n, 3);
    expect_near(s.mean, 0.4);
    expect_near(s.sd, 0.2);
    expect_near(s.half, 0.49682754246);
}

Test(tools_findml, spread_of_few)
{
    static const double value[] = { 0.25, NAN };
    findml_spread s = findml_spread_of(value, 2, 0.95);
    cr_assert(s.n == 1 && s.mean == 0.25 && isnan(s.sd) && isnan(s.half));
    s = findml_spread_of(value + 1, 1, 0.95);
    cr_assert(s.n == 0 && isnan(s.mean));
}

/* Differences .1 .2 .3 .2 (the fourth seed lacks its baseline): mean .2, sd sqrt(.02 / 3) =
 * .0816496581, se .0408248290, t(.95, 3) = 3.182446305284, half .1299238...; beyond. */
Test(tools_findml, change_by_hand)
{
    static const double value[] = { 0.5, 0.5, 0.5, 0.9, 0.7 };
    static const double baseline[] = { 0.4, 0.3, 0.2, NAN, 0.5 };
    findml_change c = findml_change_of(value, baseline, 5, 1, 0.95);
    cr_assert_eq(c.n, 4);
    expect_near(c.mean, 0.2);
    expect_near(c.se, 0.040824829046386);
    expect_near(c.half, 0.129922826419);
    cr_assert(c.is_beyond);
    cr_assert_eq(c.n_better, 4);
    c = findml_change_of(value, baseline, 5, -1, 0.95);
    cr_assert_eq(c.n_better, 0);
    c = findml_change_of(value, baseline, 5, 0, 0.95);
    cr_assert_eq(c.n_better, 0);
}

/* -.1 and .3 average .1 with half 12.7062 * .2828 / sqrt 2 = 2.54: nothing to be said. Equal
 * values have no spread and no change, which is not beyond it. */
Test(tools_findml, change_within_chance)
{
    static const double value[] = { 0.3, 0.7 }, baseline[] = { 0.4, 0.4 };
    findml_change c = findml_change_of(value, baseline, 2, 1, 0.95);
    cr_assert(!c.is_beyond && c.n_better == 1);
    c = findml_change_of(value, value, 2, 1, 0.95);
    cr_assert(!c.is_beyond && c.mean == 0 && c.half == 0 && c.n_better == 0);
    static const double more[] = { 0.5, 0.5 }; /* by the same: no spread, yet two are too few */
    c = findml_change_of(more, baseline, 2, 1, 0.95);
    cr_assert(!c.is_beyond && c.half < 1e-12 && c.n_better == 2);
    c = findml_change_of(value, baseline, 1, 1, 0.95);
    cr_assert(c.n == 1 && !c.is_beyond && isnan(c.half));
}

/* A wider confidence holds what a narrower one does not. */
Test(tools_findml, confidence_counts)
{
    static const double value[] = { 0.1, 0.2, 0.3 }, baseline[] = { 0, 0, 0 };
    cr_assert(findml_change_of(value, baseline, 3, 1, 0.9).is_beyond);
    cr_assert(!findml_change_of(value, baseline, 3, 1, 0.99).is_beyond);
}

/* Two methods, three seeds; the second differs by what each test says. */
static findml_values values[6];
static findml_grid grid;

static findml_results make_results(void)
{
    grid = (findml_grid){ .data = { 1, { "birds" } },
                          .objectives = { 1, { "margin" } },
                          .methods = { 2, { "plain", "other" } },
                          .seed = { 0, 1, 2 },
                          .n_seeds = 3,
                          .confidence = 0.95 };
    for (int i = 0; i < 6; i++) {
        const double noise = 0.01 * (i / 2);
        values[i].is_done = true;
        for (int m = 0; m < FINDML_N_MEASURES; m++) values[i].value[m] = 0.5 + noise;
    }
    return (findml_results){ .grid = &grid, .values = values };
}

static void shift(findml_measure measure, double by)
{
    for (int i = 1; i < 6; i += 2) values[i].value[measure] += by + 0.001 * (i / 2);
}

static char said[4096];

static void keep(void *ctx, const char *sentence)
{
    (void)ctx;
    snprintf(said, sizeof said, "%s", sentence);
}

static void expect_said(const findml_results *r, const char *text)
{
    const findml_cell cell = { 0 };
    findml_words(r, &cell, keep, NULL);
    cr_assert(strstr(said, text), "'%s' lacks '%s'", said, text);
}

Test(tools_findml, cells_pair_by_seed)
{
    const findml_results r = make_results();
    shift(FINDML_RECALL, 0.1);
    findml_cell cell = findml_cell_at(&grid, 1);
    cr_assert_str_eq(cell.name, "birds/margin/other/seed0");
    cr_assert_str_eq(findml_cell_at(&grid, 2).name, "birds/margin/plain/seed1");
    const findml_change c = findml_change_over(&r, &cell, FINDML_RECALL);
    expect_near(c.mean, 0.101);
    cr_assert(c.n == 3 && c.is_beyond && c.n_better == 3);
    values[3].is_done = false;
    cr_assert_eq(findml_change_over(&r, &cell, FINDML_RECALL).n, 2);
}

Test(tools_findml, words_of_nothing)
{
    const findml_results r = make_results();
    expect_said(&r,
                "other against plain, 3 seeds: Nothing changed beyond what seeds differ by.");
}

Test(tools_findml, words_of_levelling_down)
{
    const findml_results r = make_results();
    shift(FINDML_RECALL, -0.2);
    shift(FINDML_GAP, -0.1);
    expect_said(&r, "recall@1 fell by 0.199");
    expect_said(&r, "better in 0 of 3 seeds");
    expect_said(&r, "levelling down, not fairness");
    shift(FINDML_LEAKAGE, 0.1);
    expect_said(&r, "The attribute became easier to read, not harder.");
    cr_assert_not(strstr(said, "spread"));
    shift(FINDML_INTER, -0.3); /* .51 becomes .211 */
    expect_said(&r, "the spread is 0.41 of the baseline's");
}

Test(tools_findml, words_of_a_gain)
{
    const findml_results r = make_results();
    shift(FINDML_WORST, 0.1);
    shift(FINDML_MINORITY, 0.1);
    shift(FINDML_RECALL, -0.05);
    shift(FINDML_GAP, -0.15);
    expect_said(&r, "The worst group gained, at a cost to the whole, and the gap closed.");
    cr_assert_not(strstr(said, "minority")); /* it is the worst group: said once */
    expect_said(&r, "Not to be told from chance: majority recall");
}

Test(tools_findml, words_of_one_seed)
{
    const findml_results r = make_results();
    grid.n_seeds = 1;
    expect_said(&r, "too few seeds");
}
