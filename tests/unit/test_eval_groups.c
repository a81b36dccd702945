/* test_eval_groups.c - groupings, the list of metrics, and what is refused before computing.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "eval/validate.h"
#include "eval_world.h"
#include "scratch.h"

Test(eval_groups, attributes_then_intersections)
{
    static const uint32_t sex[] = { 0, 1, 0, 1, 1 }, race[] = { 2, 0, 2, 1, 0 };
    static const uint32_t age[] = { 0, 0, 1, 1, 1 }, label[] = { 0, 1, 0, 2, 1 };
    static const char *const sexes[] = { "F", "M" }, *const races[] = { "a", "b", "c" };
    static const char *const ages[] = { "old", "young" };
    const fdml_factor attributes[] = { { "sex", 5, 2, sex, sexes },
                                       { "race", 5, 3, race, races },
                                       { "age", 5, 2, age, ages } };
    const fdml_factor labels = { "label", 5, 3, label, NULL };
    const fdml_problem problem = {
        .n_rows = 5, .label = &labels, .attributes = attributes, .n_attributes = 3
    };
    fdml_arena arena;
    fdml_groupings all;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_groupings_make(&all, &problem, true, &arena, &arena, NULL), FDML_OK);
    static const char *const by[] = { "overall",    "sex",
                                      "race",       "age",
                                      "sex x race", "sex x age",
                                      "race x age", "sex x race x age" };
    cr_assert_eq(all.n, 8);
    for (size_t g = 0; g < 8; g++) cr_expect_str_eq(all.grouping[g].by, by[g]);

    const fdml_grouping *cross = &all.grouping[4];
    static const char *const value[] = { "F x c", "M x a", "M x b" };
    const uint32_t code[] = { 0, 1, 0, 2, 1 }, count[] = { 2, 2, 1 };
    cr_assert_eq(cross->n_groups, 3, "only combinations that occur");
    for (size_t v = 0; v < 3; v++) cr_expect_str_eq(cross->value[v], value[v]);
    cr_expect_arr_eq(cross->code, code, sizeof code);
    cr_expect_arr_eq(cross->n_rows, count, sizeof count);
    cr_expect(cross->is_intersection);
    cr_expect(all.grouping[0].is_class_constant);
    cr_expect(all.grouping[1].is_class_constant);
    cr_expect_not(all.grouping[3].is_class_constant, "class 0 is old and young");

    cr_assert_eq(fdml_groupings_make(&all, &problem, false, &arena, &arena, NULL), FDML_OK);
    cr_expect_eq(all.n, 4);
    fdml_arena_close(&arena);
}

/* A million combinations of which 100 occur. */
Test(eval_groups, only_what_is_kept_stays)
{
    enum { N = 100, LEVELS = 1000 };
    static uint32_t code[N], label[N];
    static const char *levels[LEVELS];
    for (size_t l = 0; l < LEVELS; l++) levels[l] = "level";
    for (uint32_t i = 0; i < N; i++) code[i] = 10 * i;
    const fdml_factor attributes[] = { { "a", N, LEVELS, code, levels },
                                       { "b", N, LEVELS, code, levels } };
    const fdml_factor labels = { "label", N, 1, label, NULL };
    const fdml_problem problem = {
        .n_rows = N, .label = &labels, .attributes = attributes, .n_attributes = 2
    };
    fdml_arena arena, scratch;
    fdml_groupings all;
    fdml_arena_init(&arena, 0);
    fdml_arena_init(&scratch, 0);
    cr_assert_eq(fdml_groupings_make(&all, &problem, true, &arena, &scratch, NULL), FDML_OK);
    cr_expect_eq(all.grouping[3].n_groups, N);
    cr_expect_lt(arena.peak, 20000, "%zu", arena.peak);
    cr_expect_eq(scratch.used, 0);
    cr_expect_leq(scratch.peak, N * LEVELS * sizeof(uint32_t) + 64);
    fdml_arena_close(&arena);
    fdml_arena_close(&scratch);
}

static void expect_metrics(const char *spec, const char *keys)
{
    static const uint32_t ks[] = { 8, 1, 8 };
    const fdml_metric *metrics;
    char got[512] = "";
    size_t n;
    fdml_metric_parts parts;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_metrics_parse(&metrics, &n, &parts, spec, ks, 3, FDML_DML, &arena, NULL),
                 FDML_OK);
    for (size_t m = 0; m < n; m++) {
        strcat(got, metrics[m].key);
        strcat(got, " ");
        cr_expect_not_null(metrics[m].definition);
    }
    if (parts.verification) strcat(got, "+v ");
    if (parts.leakage) strcat(got, "+l ");
    if (parts.downstream) strcat(got, "+d ");
    cr_expect_str_eq(got, keys);
    fdml_arena_close(&arena);
}

Test(eval_groups, metric_lists)
{
    expect_metrics("findml", "recall_at_1 recall_at_8 map_at_r nmi alignment_intra "
                             "alignment_inter uniformity ");
    expect_metrics("cluster", "nmi ami ari f1 ");
    expect_metrics("mrr,recall_at_3,mrr", "recall_at_3 mrr ");
    expect_metrics("recall_at_K,recall_at_3", "recall_at_1 recall_at_3 recall_at_8 ");
    expect_metrics("verification", "+v ");
    expect_metrics("leakage,mrr", "mrr +l ");
    expect_metrics("downstream,leakage", "+l +d ");
    expect_metrics("geometry,verification",
                   "alignment_intra alignment_inter alignment_ratio uniformity spectrum "
                   "class_ratio +v ");
}

static void expect_refused(const char *spec, const char *text)
{
    static const uint32_t ks[] = { 1 };
    const fdml_metric *metrics;
    size_t n;
    fdml_metric_parts parts;
    fdml_error err = { 0 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_expect_eq(fdml_metrics_parse(&metrics, &n, &parts, spec, ks, 1, FDML_DML, &arena, &err),
                 FDML_E_ARG);
    cr_expect(strstr(err.text, text) != NULL, "%s", err.text);
    fdml_arena_close(&arena);
}

Test(eval_groups, metric_lists_refused)
{
    expect_refused("recal", "unknown metric 'recal'");
    expect_refused("recall_at_0", "unknown metric 'recall_at_0'");
    expect_refused("recall_at_", "unknown metric");
    expect_refused("recall_at_99999999999", "unknown metric");
    expect_refused("mrr,,map", "empty name");
    expect_refused("", "empty name");
}

Test(eval_groups, every_key_has_a_sentence_in_every_convention)
{
    size_t n = 0;
    for (; fdml_define_key(n); n++)
        for (int c = FDML_DML; c <= FDML_REVISITDML; c++)
            cr_expect_not_null(fdml_define(fdml_define_key(n), c), "%s", fdml_define_key(n));
    cr_expect_gt(n, FDML_M_COUNT);
    cr_expect_str_eq(fdml_define("recall_at_5", FDML_DML),
                     fdml_define("recall_at_K", FDML_DML));
    cr_expect_str_neq(fdml_define("recall_at_5", FDML_IR),
                      fdml_define("recall_at_5", FDML_DML));
    cr_expect_null(fdml_define("nonsense", FDML_DML));
}

/* --- validate ------------------------------------------------------------------------- */

static fdml_findings findings;

static void expect_invalid(eval_world *w, const char *text)
{
    fdml_error err = { 0 };
    const fdml_status status =
        fdml_validate(&findings, &w->problem, "e.npy", &w->machine, &w->arena, &err);
    scratch_expect_error(status, &err, FDML_E_DATA, text);
}

Test(eval_groups, rows_that_stop_an_audit)
{
    eval_world w;
    eval_world_make(&w, 3000, 5, 30, 2, 0.5, 1);
    w.x[2500 * 5 + 1] = -INFINITY;
    w.x[17 * 5 + 3] = NAN;
    expect_invalid(&w, "e.npy: row 17 is not finite (column 3 is nan)");
    w.x[17 * 5 + 3] = 0;
    expect_invalid(&w, "e.npy: row 2500 is not finite (column 1 is -inf)");
    w.x[2500 * 5 + 1] = 0;
    memset(w.x + 2000 * 5, 0, 5 * sizeof(float));
    expect_invalid(&w, "e.npy: row 2000 has length zero, which has no direction under cosine");
    w.problem.distance = FDML_L2;
    cr_expect_eq(fdml_validate(&findings, &w.problem, "e.npy", &w.machine, &w.arena, NULL),
                 FDML_OK);
    eval_world_close(&w);
}

Test(eval_groups, columns_that_stop_an_audit)
{
    eval_world w;
    eval_world_make(&w, 40, 5, 4, 2, 0.5, 1);
    w.attribute[0].n_levels = 1;
    expect_invalid(&w, "column g has one value '0' in all rows: nothing to compare");
    w.attribute[0].n_levels = 2;
    w.label_factor.n_levels = 1;
    expect_invalid(&w, "column label has one value '0' in all rows: nothing to retrieve");
    eval_world_close(&w);

    eval_world_make(&w, 40, 5, 40, 2, 0.5, 1);
    expect_invalid(&w, "none of the 40 queries has another row of its class (column label) to "
                       "find");
    eval_world_close(&w);
}

Test(eval_groups, oddities_become_warnings)
{
    eval_world w;
    eval_world_make(&w, 40, 5, 39, 2, 0.5, 1); /* only class 0 has two rows */
    memcpy(w.x + 30 * 5, w.x + 7 * 5, 5 * sizeof(float));
    memcpy(w.x + 31 * 5, w.x + 7 * 5, 5 * sizeof(float));
    cr_assert_eq(fdml_validate(&findings, &w.problem, "e.npy", &w.machine, &w.arena, NULL),
                 FDML_OK);
    cr_assert_eq(findings.n_warnings, 3);
    cr_expect(strstr(findings.warnings[0], "40 of 40 rows are not of unit length (row 0 has"));
    cr_expect(strstr(findings.warnings[1], "2 rows are exact copies of earlier rows (row 30 of "
                                           "row 7)"));
    cr_expect(strstr(findings.warnings[2], "38 of 40 queries are lone"));
    cr_expect_eq(findings.n_lone, 38);
    cr_expect_eq(findings.n_duplicates, 2);
    w.problem.distance = FDML_IP; /* lengths are as they are meant */
    cr_assert_eq(fdml_validate(&findings, &w.problem, "e.npy", &w.machine, &w.arena, NULL),
                 FDML_OK);
    cr_expect_eq(findings.n_warnings, 2);
    eval_world_close(&w);
}

/* shared/oracles/metrics.json, pml_lone_labels: which queries have nothing to find. */
Test(eval_groups, who_can_match)
{
    /* Queries 0..6 and gallery rows 0 0 0 1 2 2 3 4 5 apart; then queries inside the gallery.
     */
    static const uint32_t apart[] = { 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 1, 2, 2, 3, 4, 5 };
    static const uint8_t asks[16] = { 1, 1, 1, 1, 1, 1, 1 };
    static const uint8_t answers[16] = { 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    const uint8_t want[16] = { 1, 1, 1, 1, 1, 1, 0 };
    const fdml_factor label = { "label", 16, 7, apart, NULL };
    fdml_problem problem = {
        .n_rows = 16, .label = &label, .is_query = asks, .is_gallery = answers
    };
    uint8_t can[16];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_find_matchable(can, &problem, &arena, NULL), FDML_OK);
    cr_expect_arr_eq(can, want, 16);

    static const uint32_t inside[] = { 0, 0, 0, 1, 2, 2, 3, 4, 5 };
    const uint8_t want_inside[9] = { 1, 1, 1, 0, 1, 1, 0, 0, 0 };
    const fdml_factor label_inside = { "label", 9, 6, inside, NULL };
    problem = (fdml_problem){ .n_rows = 9, .label = &label_inside };
    cr_assert_eq(fdml_find_matchable(can, &problem, &arena, NULL), FDML_OK);
    cr_expect_arr_eq(can, want_inside, 9);

    /* Rows of the same camera do not count: row 2 alone sees others. */
    static const uint32_t camera[] = { 1, 1, 0, 0, 0, 0, 0, 0, 0 };
    const fdml_factor exclude = { "camera", 9, 2, camera, NULL };
    const uint8_t want_excluded[9] = { 1, 1, 1, 0, 0, 0, 0, 0, 0 };
    problem.exclude = &exclude;
    cr_assert_eq(fdml_find_matchable(can, &problem, &arena, NULL), FDML_OK);
    cr_expect_arr_eq(can, want_excluded, 9);
    fdml_arena_close(&arena);
}
