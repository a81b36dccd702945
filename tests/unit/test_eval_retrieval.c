/* test_eval_retrieval.c - per-query values against hand-made ranks and published test cases.
 *
 * Expected digits come from other tools' own tests, named at each case; the whole files are
 * compared in test_eval_oracles.c.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "eval/retrieval.h"

static double value(fdml_metric_id id, uint32_t k, fdml_convention convention,
                    const uint32_t *rank, uint32_t n, uint32_t n_relevant)
{
    const fdml_metric metric = { .id = id, .k = k, .kind = FDML_KIND_MEAN };
    const fdml_ranks ranks = { rank, n, n_relevant };
    return fdml_query_value(&metric, convention, &ranks);
}

Test(eval_retrieval, one_query_by_hand)
{
    /* Matches at ranks 2, 3, 7; R = 3. */
    const uint32_t rank[] = { 2, 3, 7 };
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 1, FDML_DML, rank, 3, 3), 0);
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 2, FDML_DML, rank, 3, 3), 1);
    cr_expect_eq(value(FDML_M_PRECISION_AT_1, 0, FDML_DML, rank, 3, 3), 0);
    cr_expect_float_eq(value(FDML_M_R_PRECISION, 0, FDML_DML, rank, 3, 3), 2.0 / 3, 1e-15);
    cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_DML, rank, 3, 3), (1.0 / 2 + 2.0 / 3) / 3,
                       1e-15);
    cr_expect_float_eq(value(FDML_M_MAP, 0, FDML_DML, rank, 3, 3),
                       (1.0 / 2 + 2.0 / 3 + 3.0 / 7) / 3, 1e-15);
    cr_expect_eq(value(FDML_M_MRR, 0, FDML_DML, rank, 3, 3), 0.5);
}

Test(eval_retrieval, conventions_differ_where_they_should)
{
    const uint32_t rank[] = { 2, 3, 7 };
    cr_expect_float_eq(value(FDML_M_RECALL_AT_K, 3, FDML_IR, rank, 3, 3), 2.0 / 3, 1e-15);
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 3, FDML_OML, rank, 3, 3), 1);
    cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_OML, rank, 3, 3), (1.0 / 2 + 2.0 / 3) / 2,
                       1e-15);
    cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_REVISITDML, rank, 3, 3),
                       (1.0 / 2 + 2.0 / 3) / 4, 1e-15);
    cr_expect_float_eq(value(FDML_M_MAP, 0, FDML_REVISITDML, rank, 3, 3),
                       (1.0 / 2 + 2.0 / 3 + 3.0 / 7) / 4, 1e-15);
    /* A rank of exactly R + 1 counts only under revisitdml. */
    const uint32_t next[] = { 1, 2, 4 };
    cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_REVISITDML, next, 3, 3), (2 + 0.75) / 4,
                       1e-15);
    cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_DML, next, 3, 3), 2.0 / 3, 1e-15);
}

Test(eval_retrieval, perfect_and_lone_queries)
{
    const uint32_t rank[] = { 1, 2, 3, 4 };
    for (int id = FDML_M_PRECISION_AT_1; id <= FDML_M_MRR; id++) {
        cr_expect_eq(value((fdml_metric_id)id, 0, FDML_DML, rank, 4, 4), 1);
        cr_expect(isnan(value((fdml_metric_id)id, 0, FDML_DML, rank, 0, 0)));
    }
    cr_expect_eq(value(FDML_M_MAP, 0, FDML_REVISITDML, rank, 4, 4), 0.8);
}

/* OML tests/.../test_retrieval_metrics.py, exact case: 0-based hits; recomputed conventions in
 * shared/oracles/metrics.json. */
Test(eval_retrieval, oml_exact_case)
{
    static const struct {
        uint32_t n, rank[3];
    } query[] = { { 3, { 1, 2, 4 } }, { 3, { 1, 4, 5 } }, { 3, { 2, 3, 5 } },
                  { 3, { 3, 4, 5 } }, { 1, { 1 } },       { 1, { 4 } } };
    double ir = 0, hit = 0, r_precision = 0, map_r = 0, map = 0, revisit = 0, revisit_c = 0;
    for (size_t i = 0; i < 6; i++) {
        const uint32_t *rank = query[i].rank, n = query[i].n;
        ir += value(FDML_M_RECALL_AT_K, 3, FDML_IR, rank, n, n) / 6;
        hit += value(FDML_M_RECALL_AT_K, 3, FDML_DML, rank, n, n) / 6;
        r_precision += value(FDML_M_R_PRECISION, 0, FDML_DML, rank, n, n) / 6;
        map_r += value(FDML_M_MAP_AT_R, 0, FDML_DML, rank, n, n) / 6;
        map += value(FDML_M_MAP, 0, FDML_DML, rank, n, n) / 6;
        revisit += value(FDML_M_MAP, 0, FDML_REVISITDML, rank, n, n) / 6;
        revisit_c += value(FDML_M_MAP_AT_R, 0, FDML_REVISITDML, rank, n, n) / 6;
    }
    cr_expect_float_eq(ir, 0.5, 1e-12);
    cr_expect_float_eq(hit, 0.833333, 1e-6);
    cr_expect_float_eq(r_precision, 0.5, 1e-12);
    cr_expect_float_eq(map_r, 0.4166666667, 1e-10);
    cr_expect_float_eq(map, 0.655556, 1e-6);
    cr_expect_float_eq(revisit, 0.439583, 1e-6);
    cr_expect_float_eq(revisit_c, 0.34375, 1e-12);
}

/* NIST trec_eval test/out.test.aq, topic 303: 10 relevant, found at these ranks. */
Test(eval_retrieval, trec_topic_303)
{
    const uint32_t rank[] = { 19, 37, 41, 43, 44, 65, 67, 89, 99, 107 };
    cr_expect_float_eq(value(FDML_M_MAP, 0, FDML_DML, rank, 10, 10), 0.08575559636908103,
                       1e-15);
    cr_expect_float_eq(value(FDML_M_MRR, 0, FDML_DML, rank, 10, 10), 1.0 / 19, 1e-15);
    cr_expect_eq(value(FDML_M_R_PRECISION, 0, FDML_DML, rank, 10, 10), 0);
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 100, FDML_IR, rank, 10, 10), 0.9);
}

/* pytorch-metric-learning tests/utils/test_calculate_accuracies.py: means of class means. */
Test(eval_retrieval, pml_average_of_averages)
{
    const double precision_at_1[] = { 0, 1, 0, 1, 0, 0 };
    const uint32_t label[] = { 1, 1, 2, 3, 4, 0 };
    double sum[5];
    uint32_t count[5];
    cr_expect_float_eq(fdml_average_of_averages(precision_at_1, label, 6, 5, sum, count), 0.3,
                       1e-15);
    const double with_lone[] = { 1, NAN, NAN, NAN };
    const uint32_t code[] = { 0, 0, 1, 1 };
    cr_expect_eq(fdml_average_of_averages(with_lone, code, 4, 2, sum, count), 1);
}

Test(eval_retrieval, depth_is_what_the_metrics_need)
{
    const fdml_metric recall = { .id = FDML_M_RECALL_AT_K, .k = 7 };
    const fdml_metric both[] = { { .id = FDML_M_RECALL_AT_K, .k = 3 }, { .id = FDML_M_MAP } };
    const fdml_metric at_r = { .id = FDML_M_MAP_AT_R };
    cr_expect_eq(fdml_rank_depth(&recall, 1, FDML_DML), 7);
    cr_expect_eq(fdml_rank_depth(both, 2, FDML_DML), 0);
    cr_expect_eq(fdml_rank_depth(&at_r, 1, FDML_DML), 1);
    cr_expect_eq(fdml_rank_depth(&at_r, 1, FDML_REVISITDML), 0);
}

Test(eval_retrieval, the_store_gives_back_every_value)
{
    static const fdml_metric metrics[] = {
        { .id = FDML_M_RECALL_AT_K, .k = 2, .kind = FDML_KIND_MEAN },
        { .id = FDML_M_MAP_AT_R, .kind = FDML_KIND_MEAN },
        { .id = FDML_M_NMI, .kind = FDML_KIND_SET },
        { .id = FDML_M_MRR, .kind = FDML_KIND_MEAN }
    };
    const uint32_t place[] = { 0, 0, 1, 2 }, rank[] = { 2, 3, FDML_RANK_BEYOND };
    const uint32_t far[] = { FDML_RANK_BEYOND };
    fdml_arena arena;
    fdml_query_store store;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_query_store_init(&store, metrics, 4, FDML_DML, place, 3, &arena, NULL),
                 FDML_OK);
    fdml_store_ranks(&store, 1, rank, 3);
    fdml_store_ranks(&store, 2, NULL, 0);
    fdml_store_ranks(&store, 3, far, 1);
    cr_expect_eq(fdml_stored_value(&store, 0, 0), 1);
    cr_expect_float_eq(fdml_stored_value(&store, 1, 0), (0.5 + 2.0 / 3) / 3, 1e-15);
    cr_expect_eq(fdml_stored_value(&store, 3, 0), 0.5);
    cr_expect(isnan(fdml_stored_value(&store, 0, 1)), "a lone query has no value");
    cr_expect_eq(fdml_stored_value(&store, 0, 2), 0);
    cr_expect_eq(fdml_stored_value(&store, 1, 2), 0);
    cr_expect_null(store.column[0], "recall follows from the first rank");
    cr_expect_null(store.column[2]);
    fdml_arena_close(&arena);
}
