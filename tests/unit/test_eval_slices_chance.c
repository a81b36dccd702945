/* test_eval_slices_chance.c - the search for slices by simulation: where nothing is to be found
 * it finds something as often as its level says, and what is called detectable is found as
 * often as said. FDML_VALIDATE=1 makes the simulations ten times as long.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "eval/slices.h"
#include "eval_world.h"
#include "slice_case.h"

static uint64_t n_runs(void)
{
    return getenv("FDML_VALIDATE") ? 2000 : 200;
}

/* At most the level and three standard deviations of such a share; not so few that nothing
 * could ever be found, either. */
static void expect_level(const char *of, size_t n_found, double least)
{
    const double n = (double)n_runs(), share = (double)n_found / n;
    cr_expect(share <= 0.05 + 3 * sqrt(0.05 * 0.95 / n) && share >= least, "%s: %g", of, share);
}

/* --- outcomes made by hand ------------------------------------------------------------ */

/* a and d are of classes, b and e of queries; f is of classes but for one query in ten. */
static void null_columns(slice_case *c)
{
    slice_case_class_column(c, 0, 3);
    slice_case_query_column(c, 1, 4);
    slice_case_query_column(c, 2, 2);
    slice_case_class_column(c, 3, 2);
    slice_case_class_column(c, 4, 4);
    for (size_t i = 0; i < c->n; i++)
        if (!fdml_rng_below(&c->rng, 10)) c->code[4][i] = fdml_rng_below(&c->rng, 4);
}

static size_t count_found(uint32_t size, double p, double spread)
{
    size_t n_found = 0;
    for (uint64_t run = 0; run < n_runs(); run++) {
        slice_case c;
        slice_search search;
        slice_case_even(&c, 480 / size, size, 5, run);
        c.settings.n_permutations = 99;
        null_columns(&c);
        slice_case_failures(&c, p, spread);
        slice_case_finish(&c);
        if (c.data.deviation > 0) {
            slice_case_search(&search, &c);
            n_found += search.n_significant > 0;
        }
        slice_case_close(&c);
    }
    return n_found;
}

/* Rare and frequent failures, of classes alike and of classes that differ widely: then queries
 * of a class succeed or fail together, and a test that took them for independent would reject
 * far too often. Of one query each; of eight. */
Test(eval_slices_chance, nothing_is_found_where_nothing_is)
{
    expect_level("single queries", count_found(1, 0.1, 0), 0.02);
    expect_level("rare failures", count_found(8, 0.03, 0), 0.01);
    expect_level("alike", count_found(8, 0.3, 0), 0.02);
    expect_level("classes differ", count_found(8, 0.3, 0.3), 0.02);
}

/* Were queries exchanged freely though classes differ, the level would not be kept: what the
 * classes are for. */
Test(eval_slices_chance, queries_are_not_independent)
{
    size_t n_found = 0;
    for (uint64_t run = 0; run < 100; run++) {
        slice_case c;
        slice_search search;
        slice_case_even(&c, 60, 8, 5, run);
        c.settings.n_permutations = 99;
        null_columns(&c);
        slice_case_failures(&c, 0.3, 0.3);
        slice_case_finish(&c);
        uint32_t *single = fdml_arena_push(&c.arena, c.n + 1, sizeof *single);
        const uint32_t stratum[] = { 0, (uint32_t)c.n };
        for (size_t i = 0; i <= c.n; i++) single[i] = (uint32_t)i;
        c.data.block = single;
        c.data.stratum = stratum;
        c.data.n_blocks = c.n;
        c.data.n_strata = 1;
        slice_case_search(&search, &c);
        n_found += search.n_significant > 0;
        slice_case_close(&c);
    }
    cr_expect_gt(n_found, 30);
}

/* The difference that is found with 80% power, planted. */
Test(eval_slices_chance, what_is_detectable_is_found)
{
    const double p = 0.1;
    size_t n_found = 0;
    for (uint64_t run = 0; run < n_runs(); run++) {
        slice_case c;
        slice_search search;
        slice_case_even(&c, 100, 8, 5, run);
        null_columns(&c);
        slice_case_failures(&c, p, 0);
        slice_case_finish(&c);
        slice_case_search(&search, &c);
        uint32_t slice = slice_case_find(&search, 1, 0, CASE_COLUMNS, 0);
        const slice_stat *stat = &search.lattice.stat[slice];
        const double detectable = fdml_slice_detectable(&search, stat);
        slice_case_close(&c);

        slice_case_even(&c, 100, 8, 5, run); /* the same columns, other outcomes */
        null_columns(&c);
        for (size_t i = 0; i < c.n; i++)
            c.loss[i] = fdml_rng_double(&c.rng) < (c.code[1][i] ? p : p + detectable);
        slice_case_finish(&c);
        slice_case_search(&search, &c);
        slice = slice_case_find(&search, 1, 0, CASE_COLUMNS, 0);
        n_found += fdml_slice_p_search(&search, search.lattice.stat[slice].z) <= 0.05;
        slice_case_close(&c);
    }
    const double share = (double)n_found / (double)n_runs();
    cr_expect(fabs(share - 0.8) < 0.05 + 3 * sqrt(0.8 * 0.2 / (double)n_runs()), "%g", share);
}

/* --- whole audits --------------------------------------------------------------------- */

/* Classes of 2 to 12 rows about random places, all with the same noise, columns that mean
 * nothing, and regions: all classes are alike, though some lie closer to others. */
static size_t audit_null(size_t dim, double noise, const uint32_t *clusters, size_t n_clusters)
{
    enum { CLASSES = 120, ROWS = 840 };
    size_t n_found = 0;
    for (uint64_t run = 0; run < n_runs(); run++) {
        eval_world w;
        fdml_audit_result r;
        fdml_rng rng;
        eval_world_make(&w, ROWS, dim, CLASSES, 4, noise, run);
        fdml_rng_init(&rng, run, 96, 0);
        double centre[CLASSES][32];
        for (size_t k = 0; k < CLASSES; k++)
            for (size_t d = 0; d < dim; d++) centre[k][d] = fdml_rng_normal(&rng);
        for (size_t i = 0, k = 0, left = 0; i < ROWS; i++) {
            if (!left && i) k++;
            if (!left) left = 2 + k % 11;
            left--;
            w.label[i] = (uint32_t)(k < CLASSES ? k : CLASSES - 1);
            w.code[0][i] = w.label[i] * 2654435761u >> 30;
            for (size_t d = 0; d < dim; d++)
                w.x[i * dim + d] =
                    (float)(centre[w.label[i]][d] + noise * fdml_rng_normal(&rng));
        }
        w.problem.n_attributes = 2;
        w.machine.n_threads = 1;
        w.settings.n_bootstrap = 0;
        w.settings.n_permutations = 99;
        w.settings.seed = run;
        w.settings.with_slices = true;
        w.settings.slices = (fdml_slice_settings){
            .depth = 2, .min_rows = 20, .clusters = clusters, .n_clusters = n_clusters
        };
        eval_world_metrics(&w, "recall_at_1");
        eval_world_audit(&r, &w);
        n_found += r.slices->n_significant > 0;
        eval_world_close(&w);
    }
    return n_found;
}

Test(eval_slices_chance, audits_of_alike_classes)
{
    static const uint32_t clusters[] = { 4, 12 };
    expect_level("columns", audit_null(16, 0.7, NULL, 0), 0.015);
    expect_level("columns and regions, 16 dimensions", audit_null(16, 0.7, clusters, 2), 0.015);
    expect_level("columns and regions, 32 dimensions", audit_null(32, 1.0, clusters, 2), 0.015);
}
