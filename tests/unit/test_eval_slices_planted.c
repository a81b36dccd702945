/* test_eval_slices_planted.c - the search for slices where something is to be found: it is
 * named exactly, and what merely contains it, or lies in it, is explained by it.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "slice_case.h"

/* 120 classes of 10; a is of classes, b and c of queries. */
static void planted_case(slice_case *c, uint64_t seed)
{
    slice_case_even(c, 120, 10, 3, seed);
    slice_case_class_column(c, 0, 3);
    slice_case_query_column(c, 1, 3);
    slice_case_query_column(c, 2, 4);
    slice_case_failures(c, 0.04, 0.01);
}

static void fail_where(slice_case *c, size_t a, uint32_t level_a, size_t b, uint32_t level_b,
                       double p)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->code[a][i] == level_a && (b == CASE_COLUMNS || c->code[b][i] == level_b) &&
            fdml_rng_double(&c->rng) < p)
            c->loss[i] = 1;
}

/* The first finding has this name, and explains all others that are significant. Returns how
 * many findings there are beside it: at the level of 5%, some slice that is none. */
static size_t expect_first(slice_case *c, const char *name, size_t least_significant)
{
    slice_search search;
    slice_case_finish(c);
    slice_case_search(&search, c);
    cr_assert_geq(search.n_findings, 1);
    cr_expect_str_eq(slice_case_name(&search, search.finding[0]), name);
    cr_expect_geq(search.n_significant, least_significant);
    size_t n_others = 0;
    for (size_t s = 0; s < search.lattice.n_slices; s++) {
        const slice_stat *stat = &search.lattice.stat[s];
        const bool is_significant = fdml_slice_p_search(&search, stat->z) <= 0.05;
        n_others += is_significant && stat->by != search.finding[0];
    }
    return n_others;
}

/* Of 40 runs at 5%: more than six with probability 0.3%. */
static void expect_few(size_t n_runs_with_others)
{
    cr_expect_leq(n_runs_with_others, 6);
}

Test(eval_slices, finds_an_intersection_and_not_its_parents)
{
    size_t n_others = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        slice_case c;
        planted_case(&c, seed); /* of a class column and a query column */
        fail_where(&c, 0, 1, 1, 2, 0.5);
        n_others += expect_first(&c, "a=1 b=2", 2) > 0;
        slice_case_close(&c);
        planted_case(&c, seed + 100); /* of two query columns */
        fail_where(&c, 1, 0, 2, 3, 0.5);
        n_others += expect_first(&c, "b=0 c=3", 2) > 0;
        slice_case_close(&c);
    }
    expect_few(n_others);
}

Test(eval_slices, finds_a_column_and_not_its_refinements)
{
    size_t n_others = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        slice_case c;
        planted_case(&c, seed);
        fail_where(&c, 0, 1, CASE_COLUMNS, 0, 0.3);
        n_others += expect_first(&c, "a=1", 5) > 0;
        slice_case_close(&c);
        planted_case(&c, seed + 100);
        fail_where(&c, 2, 3, CASE_COLUMNS, 0, 0.3);
        n_others += expect_first(&c, "c=3", 5) > 0;
        slice_case_close(&c);
    }
    expect_few(n_others);
}

/* Of the rows of a=1 that fail, those with b=0, one in twenty, fail a little less often: a=1
 * b=1 has the larger z, but adds nothing to a=1 that could be told from chance. */
Test(eval_slices, prefers_the_simpler_of_two)
{
    slice_case c;
    slice_search search;
    size_t n[2] = { 0 };
    planted_case(&c, 9);
    for (size_t i = 0; i < c.n; i++) {
        c.code[1][i] = i % 20 > 0;
        if (c.code[0][i] == 1)
            c.loss[i] = c.code[1][i] ? n[1]++ % 5 < 2 : n[0]++ % 5 < 1; /* 2 of 5, 1 of 5 */
    }
    c.n_levels[1] = 2;
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    const slice_stat *stat = search.lattice.stat;
    const uint32_t column = slice_case_find(&search, 0, 1, CASE_COLUMNS, 0);
    const uint32_t both = slice_case_find(&search, 0, 1, 1, 1);
    cr_assert(column != NO_SLICE && both != NO_SLICE);
    cr_assert_gt(stat[both].z, stat[column].z);
    cr_expect_eq(search.finding[0], column);
    cr_expect_eq(stat[both].by, column);
    slice_case_close(&c);
}

/* More cells than are summed at a time: every slice's loss is that of its rows. */
Test(eval_slices, sums_over_many_cells)
{
    slice_case c;
    slice_search search;
    slice_case_even(&c, 1000, 4, 6, 12);
    for (size_t j = 0; j < 6; j++) slice_case_query_column(&c, j, 200);
    slice_case_failures(&c, 0.5, 0.1);
    c.settings.slices = (fdml_slice_settings){ .depth = 1, .min_rows = 5 };
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    cr_assert_geq(search.lattice.n_slices, 1150);
    for (uint32_t s = 0; s < search.lattice.n_slices; s++) {
        const slice_stat *stat = &search.lattice.stat[s];
        double sum = 0;
        for (size_t i = 0; i < c.n; i++)
            sum += c.code[stat->column][i] == stat->cell - c.data.first[stat->column]
                       ? (double)c.loss[i]
                       : 0;
        cr_assert_eq((double)stat->loss, sum);
    }
    slice_case_close(&c);
}

/* A level of b and one of a and c together: neither hides the other. */
Test(eval_slices, finds_two)
{
    slice_case c;
    slice_search search;
    bool is_found[2] = { false };
    planted_case(&c, 5);
    fail_where(&c, 1, 2, CASE_COLUMNS, 0, 0.3);
    fail_where(&c, 0, 0, 2, 1, 0.5);
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    cr_assert_eq(search.n_findings, 2);
    for (size_t j = 0; j < 2; j++) {
        const char *name = slice_case_name(&search, search.finding[j]);
        is_found[0] |= !strcmp(name, "b=2");
        is_found[1] |= !strcmp(name, "a=0 c=1");
    }
    cr_expect(is_found[0] && is_found[1]);
    slice_case_close(&c);
}

/* A column twice: the second says nothing new, and is explained by the first. */
Test(eval_slices, the_same_rows_are_one_finding)
{
    slice_case c;
    planted_case(&c, 6);
    memcpy(c.code[2], c.code[1], c.n * sizeof *c.code[1]);
    c.n_levels[2] = c.n_levels[1];
    fail_where(&c, 1, 2, CASE_COLUMNS, 0, 0.3);
    cr_expect_eq(expect_first(&c, "b=2", 3), 0);
    slice_case_close(&c);
}

/* Better than the rest is no finding, however clear. */
Test(eval_slices, does_not_find_what_is_better)
{
    slice_case c;
    slice_search search;
    planted_case(&c, 7);
    slice_case_failures(&c, 0.3, 0.02);
    for (size_t i = 0; i < c.n; i++)
        if (c.code[1][i] == 0 && c.code[2][i] == 0) c.loss[i] = 0;
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    const uint32_t slice = slice_case_find(&search, 1, 0, 2, 0);
    cr_assert_neq(slice, NO_SLICE);
    cr_expect_lt(search.lattice.stat[slice].z, -4);
    cr_expect_geq(fdml_slice_p_search(&search, search.lattice.stat[slice].z), 0.99);
    slice_case_close(&c);
}

/* One class that fails altogether is a person and not a slice: no evidence about others. */
Test(eval_slices, a_class_is_no_slice)
{
    slice_case c;
    slice_search search;
    slice_case_even(&c, 100, 30, 1, 8);
    c.n_levels[0] = 2;
    for (size_t i = 0; i < c.n; i++) {
        c.code[0][i] = c.class_of[i] < 4;
        c.loss[i] = c.class_of[i] < 4 && i % 2;
    }
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    cr_expect_eq(search.n_tried, 1); /* the other 96; the four are too few */
    cr_expect_eq(search.lattice.n_small, 1);
    cr_expect_eq(search.n_findings, 0);
    slice_case_close(&c);
}
