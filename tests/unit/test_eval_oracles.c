/* test_eval_oracles.c - the published expectations of shared/oracles/metrics.json, case by
 * case: retrieval and clusters. Verification and fairness: test_eval_oracles_pairs.c; the
 * miner: test_train_miner.c; docs/validation.md lists what is not reproduced and why.
 *
 * The essential numbers are also typed into the tests of each part, so the file may be absent
 * (oracles.h). Each test names the case it reads and asserts that it is there.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/audit.h"
#include "eval/contingency.h"
#include "eval/kmeans.h"
#include "eval/retrieval.h"
#include "eval/validate.h"
#include "eval/verify.h"
#include "oracles.h"

/* --- retrieval ------------------------------------------------------------------------ */

static double value(fdml_metric_id id, uint32_t k, fdml_convention convention,
                    const fdml_ranks *ranks)
{
    const fdml_metric metric = { .id = id, .k = k, .kind = FDML_KIND_MEAN };
    return fdml_query_value(&metric, convention, ranks);
}

/* trec_eval's measures of one topic, from what this library computes. */
typedef struct trec {
    const char *name;
    double value;
} trec;

enum { TREC = 13 };

static void trec_values(trec out[TREC], const fdml_ranks *r)
{
    const double n = r->n_relevant;
    const trec list[TREC] = { { "map", value(FDML_M_MAP, 0, FDML_DML, r) },
                              { "Rprec", value(FDML_M_R_PRECISION, 0, FDML_DML, r) },
                              { "recip_rank", value(FDML_M_MRR, 0, FDML_DML, r) },
                              { "P_5", fdml_hits_within(r, 5) / 5.0 },
                              { "P_10", fdml_hits_within(r, 10) / 10.0 },
                              { "P_100", fdml_hits_within(r, 100) / 100.0 },
                              { "recall_10", value(FDML_M_RECALL_AT_K, 10, FDML_IR, r) },
                              { "recall_100", value(FDML_M_RECALL_AT_K, 100, FDML_IR, r) },
                              { "map_cut_10", fdml_precision_sum(r, 10) / n },
                              { "map_cut_100", fdml_precision_sum(r, 100) / n },
                              { "success_1", value(FDML_M_RECALL_AT_K, 1, FDML_DML, r) },
                              { "success_5", value(FDML_M_RECALL_AT_K, 5, FDML_DML, r) },
                              { "success_10", value(FDML_M_RECALL_AT_K, 10, FDML_DML, r) } };
    memcpy(out, list, sizeof list);
}

Test(eval_oracles, trec_eval)
{
    const fdml_json *c = oracles_case("trec_eval_3topics"),
                    *asserted = oracles_find(c, "asserted_4dp");
    double mean[TREC] = { 0 };
    trec got[TREC];
    size_t n_topics = 0;
    for (const fdml_json *t = fdml_json_first(oracles_find(c, "topics")); t;
         t = fdml_json_next(t)) {
        uint32_t rank[512];
        const size_t n = oracles_whole(rank, 512, oracles_find(t, "relevant_ranks"));
        const fdml_ranks ranks = { rank, (uint32_t)n,
                                   (uint32_t)oracles_number_in(t, "num_rel") };
        const fdml_json *own = oracles_find(asserted, fdml_json_name(t)),
                        *exact = oracles_find(t, "recomputed");
        trec_values(got, &ranks);
        for (size_t m = 0; m < TREC; m++) {
            oracles_expect_digits(got[m].value, oracles_number_in(own, got[m].name), 4,
                                  got[m].name);
            cr_expect_float_eq(got[m].value, oracles_number_in(exact, got[m].name), 1e-14);
            mean[m] += got[m].value / 3;
        }
        cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_DML, &ranks),
                           oracles_number_in(exact, "MAP_at_R_not_in_trec"), 1e-14);
        n_topics++;
    }
    cr_expect_eq(n_topics, 3);
    for (size_t m = 0; m < TREC; m++)
        oracles_expect_digits(mean[m],
                              oracles_number_in(oracles_find(asserted, "all"), got[m].name), 4,
                              got[m].name);
    oracles_close();
}

typedef struct pml_metric {
    const char *name;
    fdml_metric_id id;
} pml_metric;

static const pml_metric pml_metrics[] = { { "precision_at_1", FDML_M_PRECISION_AT_1 },
                                          { "r_precision", FDML_M_R_PRECISION },
                                          { "mean_average_precision_at_r", FDML_M_MAP_AT_R },
                                          { "mean_average_precision", FDML_M_MAP },
                                          { "mean_reciprocal_rank", FDML_M_MRR } };

static void check_pml(const fdml_json *c, const char *name, size_t n_dropped)
{
    const fdml_json *want = oracles_find(oracles_find(c, "asserted"), name);
    uint32_t label[16], count[8] = { 0 }, rank[6][8];
    const size_t n = oracles_whole(label, 16, oracles_find(c, "query_labels"));
    fdml_ranks ranks[6];
    size_t q = 0;
    for (const fdml_json *l = fdml_json_first(oracles_find(c, "reference_label_counts")); l;
         l = fdml_json_next(l))
        count[atoi(fdml_json_name(l))] = (uint32_t)oracles_number(l);
    for (const fdml_json *k = fdml_json_first(oracles_find(c, "knn_labels")); k;
         k = fdml_json_next(k)) {
        uint32_t near[8], n_hits = 0;
        const size_t n_near = oracles_whole(near, 8, k);
        for (size_t r = n_dropped; r < n_near; r++)
            if (near[r] == label[q]) rank[q][n_hits++] = (uint32_t)(r - n_dropped + 1);
        ranks[q] = (fdml_ranks){ rank[q], n_hits, count[label[q]] - (uint32_t)n_dropped };
        q++;
    }
    for (size_t m = 0; m < sizeof pml_metrics / sizeof *pml_metrics; m++) {
        const fdml_json *of = oracles_find(want, pml_metrics[m].name);
        double got[6], per_query[6], mean = 0, sum[8];
        uint32_t scratch[8];
        for (size_t i = 0; i < n; i++) {
            got[i] = value(pml_metrics[m].id, 0, FDML_PML, &ranks[i]);
            mean += got[i] / (double)n;
        }
        cr_expect_float_eq(mean, oracles_number_in(of, "global"), 1e-14, "%s",
                           pml_metrics[m].name);
        cr_expect_float_eq(fdml_average_of_averages(got, label, n, 8, sum, scratch),
                           oracles_number_in(of, "avg_of_avgs"), 1e-14, "%s",
                           pml_metrics[m].name);
        if (!fdml_json_find(of, "per_query")) continue;
        cr_assert_eq(oracles_numbers(per_query, 6, oracles_find(of, "per_query")), n);
        for (size_t i = 0; i < n; i++) cr_expect_float_eq(got[i], per_query[i], 1e-14);
    }
}

Test(eval_oracles, pml_knn_labels)
{
    const fdml_json *c = oracles_case("pml_knn_labels");
    check_pml(c, "ref_includes_query=false", 0);
    check_pml(c, "ref_includes_query=true (drop column 0, R-1)", 1);
    oracles_close();
}

/* Queries 0..9 are rows 0..9, the reference all twenty; only label 1 has company. */
Test(eval_oracles, pml_1d_self_in_reference)
{
    const fdml_json *want = oracles_find(oracles_case("pml_1d_self_in_reference"), "asserted");
    static const uint32_t ks[] = { 1 };
    float x[20];
    uint32_t label[20];
    uint8_t asks[20] = { 0 };
    const char *level[10] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
    for (uint32_t i = 0; i < 20; i++) {
        x[i] = i < 10 ? (float)i : (float)(i - 10) + 0.5f;
        label[i] = i < 10 ? i : 1;
        asks[i] = i < 10;
    }
    const fdml_factor factor = { "label", 20, 10, label, level };
    const fdml_problem problem = {
        .x = x, .n_rows = 20, .dim = 1, .distance = FDML_L2, .label = &factor, .is_query = asks
    };
    const fdml_machine machine = { .kernels = fdml_kernels_best(), .n_threads = 1 };
    fdml_audit_settings settings = {
        .reference = "overall", .confidence = 0.95, .convention = FDML_PML, .alignment_power = 2
    };
    fdml_arena arena;
    fdml_audit_result r;
    fdml_arena_init(&arena, 0);
    fdml_metric_parts parts;
    cr_assert_eq(fdml_metrics_parse(&settings.metrics, &settings.n_metrics, &parts,
                                    "precision_at_1,r_precision,map_at_r,map", ks, 1, FDML_PML,
                                    &arena, NULL),
                 FDML_OK);
    cr_assert_eq(fdml_audit(&r, &problem, &settings, &machine, &arena, NULL), FDML_OK);
    for (size_t m = 0; m < 4; m++)
        cr_expect_float_eq(r.overall[m].value, oracles_number_in(want, pml_metrics[m].name),
                           1e-14, "%s", pml_metrics[m].name);
    cr_expect_eq(r.n_lone, 9);
    fdml_arena_close(&arena);
    oracles_close();
}

Test(eval_oracles, pml_lone_labels)
{
    const fdml_json *c = oracles_case("pml_lone_labels"),
                    *asserted = oracles_find(c, "asserted");
    uint32_t label[32], lone[8];
    const size_t n_query = oracles_whole(label, 8, oracles_find(c, "query_labels"));
    const size_t n =
        n_query + oracles_whole(label + n_query, 16, oracles_find(c, "reference_labels"));
    uint8_t asks[32] = { 0 }, answers[32] = { 0 }, can[32];
    for (size_t i = 0; i < n; i++) asks[i] = i < n_query, answers[i] = i >= n_query;
    const fdml_factor factor = { "label", n, 7, label, NULL };
    const fdml_problem problem = {
        .n_rows = n, .label = &factor, .is_query = asks, .is_gallery = answers
    };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_find_matchable(can, &problem, &arena, NULL), FDML_OK);
    size_t n_lone = oracles_whole(lone, 8, oracles_find(asserted, "lone_if_not")), at = 0;
    for (size_t i = 0; i < n_query; i++)
        if (!can[i]) cr_expect_eq(label[i], lone[at++]);
    cr_expect_eq(at, n_lone);

    /* The reference as queries of itself: labels that stand once are lone; 6 is not in it. */
    const fdml_factor inside = { "label", n - n_query, 7, label + n_query, NULL };
    const fdml_problem self = { .n_rows = n - n_query, .label = &inside };
    cr_assert_eq(fdml_find_matchable(can, &self, &arena, NULL), FDML_OK);
    n_lone = oracles_whole(lone, 8, oracles_find(asserted, "lone_if_ref_includes_query"));
    at = 0;
    for (size_t i = 0; i < self.n_rows; i++)
        if (!can[i]) cr_expect_eq(inside.code[i], lone[at++]);
    cr_expect_eq(at, n_lone - 1);
    cr_expect_eq(lone[at], 6);
    fdml_arena_close(&arena);
    oracles_close();
}

static void check_oml_at(const fdml_json *asserted, const fdml_ranks *ranks, size_t n,
                         uint32_t k)
{
    double cmc[8], precision[8], map[8];
    char key[16];
    snprintf(key, sizeof key, "precision@%u", k);
    cr_assert_eq(oracles_numbers(precision, 8, oracles_find(asserted, key)), n);
    snprintf(key, sizeof key, "map@%u", k);
    cr_assert_eq(oracles_numbers(map, 8, oracles_find(asserted, key)), n);
    snprintf(key, sizeof key, "cmc@%u", k);
    const fdml_json *hits = fdml_json_find(asserted, key);
    if (hits) cr_assert_eq(oracles_numbers(cmc, 8, hits), n);
    for (size_t i = 0; i < n; i++) {
        const uint32_t found = fdml_hits_within(&ranks[i], k), r = ranks[i].n_relevant;
        if (hits) cr_expect_eq(value(FDML_M_RECALL_AT_K, k, FDML_OML, &ranks[i]), cmc[i]);
        cr_expect_float_eq(found / (double)(k < r ? k : r), precision[i], 1e-14);
        cr_expect_float_eq(found ? fdml_precision_sum(&ranks[i], k) / found : 0, map[i], 1e-14);
        /* map_at_r under oml is OML's map@k at k = R. */
        if (k == r)
            cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_OML, &ranks[i]), map[i], 1e-14);
    }
}

Test(eval_oracles, oml_exact_case)
{
    const fdml_json *c = oracles_case("oml_exact_case");
    const fdml_json *other = oracles_find(c, "recomputed_other_conventions");
    uint32_t rank[8][4];
    fdml_ranks ranks[8];
    size_t n = 0;
    for (const fdml_json *h = fdml_json_first(oracles_find(c, "hit_positions_0based")); h;
         h = fdml_json_next(h)) {
        const size_t n_hits = oracles_whole(rank[n], 4, h);
        for (size_t i = 0; i < n_hits; i++) rank[n][i]++;
        ranks[n] = (fdml_ranks){ rank[n], (uint32_t)n_hits, (uint32_t)n_hits };
        n++;
    }
    for (uint32_t k = 1; k <= 5; k++)
        check_oml_at(oracles_find(c, "asserted_OML"), ranks, n, k);

    double mean[9] = { 0 };
    for (size_t i = 0; i < n; i++) {
        const fdml_ranks *r = &ranks[i];
        const double share = 1 / (double)n, size = r->n_relevant;
        mean[0] += share * fdml_hits_within(r, 3) / 3.0;
        mean[1] += share * value(FDML_M_RECALL_AT_K, 3, FDML_IR, r);
        mean[2] += share * value(FDML_M_RECALL_AT_K, 3, FDML_DML, r);
        mean[3] += share * fdml_precision_sum(r, 3) / size;
        mean[4] += share * fdml_precision_sum(r, 3) / (size + 1);
        mean[5] += share * value(FDML_M_R_PRECISION, 0, FDML_DML, r);
        mean[6] += share * value(FDML_M_MAP_AT_R, 0, FDML_DML, r);
        mean[7] += share * value(FDML_M_MAP, 0, FDML_DML, r);
        mean[8] += share * value(FDML_M_MAP, 0, FDML_REVISITDML, r);
    }
    static const char *const key[] = { "P@3 (divide by k)",
                                       "recall@3 IR (hits/R)",
                                       "recall@3 DML = cmc@3",
                                       "AP@3 /R (trec map_cut_3, PML k=3)",
                                       "AP@3 /class size incl. self (RevisitDML)",
                                       "R-precision",
                                       "MAP@R",
                                       "full AP (all conventions except RevisitDML)",
                                       "full AP RevisitDML" };
    for (size_t m = 0; m < 9; m++)
        oracles_expect_digits(mean[m], oracles_number_in(other, key[m]), 6, key[m]);
    double c_depth = 0;
    for (size_t i = 0; i < n; i++)
        c_depth += value(FDML_M_MAP_AT_R, 0, FDML_REVISITDML, &ranks[i]) / (double)n;
    oracles_expect_digits(c_depth, oracles_number_in(other, "RevisitDML mAP_c"), 6, "mAP_c");
    oracles_close();
}

/* Queries that retrieve nothing: 0 where something was to be found. OML says 1 where nothing
 * was; here such a query is lone and has no value, in every convention. */
Test(eval_oracles, oml_empty_lists)
{
    const fdml_json *c = oracles_case("oml_empty_lists"),
                    *asserted = oracles_find(c, "asserted");
    double cmc[4], map[4];
    const size_t n = oracles_numbers(cmc, 4, oracles_find(asserted, "cmc"));
    cr_assert_eq(oracles_numbers(map, 4, oracles_find(asserted, "map")), n);
    size_t i = 0;
    for (const fdml_json *r = fdml_json_first(oracles_find(c, "relevant")); r;
         r = fdml_json_next(r)) {
        const fdml_ranks ranks = { NULL, 0, (uint32_t)fdml_json_length(r) };
        const double hit = value(FDML_M_RECALL_AT_K, 1, FDML_OML, &ranks);
        const double at_r = value(FDML_M_MAP_AT_R, 0, FDML_OML, &ranks);
        cr_expect_eq(isnan(hit), ranks.n_relevant == 0);
        if (ranks.n_relevant) cr_expect(hit == cmc[i] && at_r == map[i]);
        i++;
    }
    cr_expect_eq(i, n);
    oracles_close();
}

Test(eval_oracles, torchmetrics_retrieval)
{
    const fdml_json *c = oracles_case("torchmetrics_retrieval_docs"),
                    *want = oracles_find(c, "asserted");
    /* Scores .2 .3 .5 with targets 1 0 1: matches at ranks 1 and 3. */
    const uint32_t rank[] = { 1, 3 };
    const fdml_ranks ranks = { rank, 2, 2 };
    oracles_expect_digits(value(FDML_M_MAP, 0, FDML_DML, &ranks),
                          oracles_number_in(want, "average_precision"), 4, "average precision");
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 2, FDML_DML, &ranks),
                 oracles_number_in(want, "hit_rate_top2"));
    cr_expect_eq(fdml_hits_within(&ranks, 2) / 2.0, oracles_number_in(want, "precision_top2"));
    cr_expect_eq(value(FDML_M_R_PRECISION, 0, FDML_DML, &ranks),
                 oracles_number_in(want, "r_precision"));
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 2, FDML_IR, &ranks),
                 oracles_number_in(want, "recall_top2"));
    const float genuine[] = { .2f, .5f }, impostor[] = { .3f };
    const fdml_scores scores = { genuine, impostor, 2, 1 };
    cr_expect_eq(fdml_auc(&scores), oracles_number_in(want, "auroc"));
    /* Fall-out at the threshold of the top 2: false positives over negatives. */
    cr_expect_eq(fdml_fmr(&scores, .3f), oracles_number_in(want, "fall_out_top2"));
    const uint32_t second[] = { 2 };
    const fdml_ranks one = { second, 1, 1 };
    cr_expect_eq(
        value(FDML_M_MRR, 0, FDML_DML, &one),
        oracles_number_in(oracles_find(oracles_find(c, "also"), "recip_rank"), "value"));
    oracles_close();
}

/* --- clustering ----------------------------------------------------------------------- */

typedef struct agreement {
    fdml_agreement sums;
    double expected;
} agreement;

static agreement agree(const uint32_t *label, const uint32_t *cluster, size_t n)
{
    static uint32_t row[2048], a[64], b[64];
    fdml_arena arena;
    fdml_contingency table;
    agreement result;
    size_t at = 0;
    fdml_arena_init(&arena, 0);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    for (uint32_t c = 0; c < 64; c++)
        for (uint32_t i = 0; i < n; i++)
            if (label[i] == c) row[at++] = i;
    for (size_t i = 0; i < n; i++) a[label[i]]++, b[cluster[i]]++;
    const fdml_contingency_rows rows = { row, n, label, cluster, NULL, 64 };
    cr_assert_eq(fdml_contingency_make(&table, &rows, &arena, NULL), FDML_OK);
    void *scratch = fdml_arena_push(&arena, fdml_contingency_scratch(&table, 1), 1);
    fdml_contingency_sums(&result.sums, NULL, &table, NULL, 1, scratch);
    result.expected = fdml_expected_mi(a, 64, b, 64);
    fdml_arena_close(&arena);
    return result;
}

static void check_agreement(const fdml_json *c)
{
    uint32_t label[64], cluster[64];
    const size_t n = oracles_whole(label, 64, oracles_find(c, "true"));
    cr_assert_eq(oracles_whole(cluster, 64, oracles_find(c, "pred")), n);
    const agreement m = agree(label, cluster, n);
    const struct {
        const char *exact, *asserted;
        double value;
        int decimals;
    } list[] = { { "MI", "mi", fdml_agreement_information(&m.sums), 4 },
                 { "h", "h", fdml_homogeneity(&m.sums), 2 },
                 { "c", "c", fdml_completeness(&m.sums), 2 },
                 { "v", "v", fdml_v_measure(&m.sums), 2 },
                 { "AMI_arith", "ami", fdml_ami(&m.sums, m.expected), 5 },
                 { "ARI", "ari", fdml_ari(&m.sums), 2 },
                 { "FMI", "fmi", fdml_fmi(&m.sums), 14 },
                 { "NMI_arithmetic", "nmi", fdml_nmi(&m.sums, FDML_ARITHMETIC), 4 },
                 { "NMI_geometric", NULL, fdml_nmi(&m.sums, FDML_GEOMETRIC), 0 },
                 { "NMI_min", NULL, fdml_nmi(&m.sums, FDML_MIN), 0 },
                 { "NMI_max", NULL, fdml_nmi(&m.sums, FDML_MAX), 0 } };
    const fdml_json *asserted = oracles_find(c, "asserted"),
                    *exact = oracles_find(c, "recomputed");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const fdml_json *digits =
            list[i].asserted ? fdml_json_find(asserted, list[i].asserted) : NULL;
        cr_expect_float_eq(list[i].value, oracles_number_in(exact, list[i].exact), 4e-15, "%s",
                           list[i].exact);
        if (digits)
            oracles_expect_digits(list[i].value, oracles_number(digits), list[i].decimals,
                                  list[i].exact);
    }
    if (fdml_json_find(asserted, "emi"))
        oracles_expect_digits(m.expected, oracles_number_in(asserted, "emi"), 5,
                              "expected information");
}

Test(eval_oracles, clustering_agreement)
{
    const fdml_json *c = oracles_case("clustering_agreement");
    size_t n_tables = 0, n_other = 0;
    for (const fdml_json *k = fdml_json_first(oracles_find(c, "cases")); k;
         k = fdml_json_next(k)) {
        const char *source = fdml_json_text(oracles_find(k, "source"));
        const fdml_json *labels = fdml_json_find(k, "true");
        if (labels && fdml_json_kind_of(labels) == FDML_JSON_ARRAY) {
            check_agreement(k);
            n_tables++;
        } else if (strstr(source, "one-point")) {
            const uint32_t zero[] = { 0 }, one[] = { 1 };
            for (size_t n = 0; n < 2; n++) {
                const agreement m = agree(zero, one, n);
                cr_expect_eq(fdml_nmi(&m.sums, FDML_ARITHMETIC), 1);
                cr_expect_eq(fdml_ami(&m.sums, m.expected), 1);
                cr_expect_eq(fdml_ari(&m.sums), 1);
                cr_expect_eq(fdml_homogeneity(&m.sums), 1);
            }
            n_other++;
        } else if (strstr(source, "110 times")) {
            static const uint32_t y[] = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3 };
            static const uint32_t z[] = { 1, 1, 1, 1, 2, 1, 2, 2, 2, 2, 3, 1, 3, 3, 3, 2, 2 };
            static uint32_t label[1870], cluster[1870];
            for (size_t i = 0; i < 1870; i++) label[i] = y[i % 17], cluster[i] = z[i % 17];
            const agreement m = agree(label, cluster, 1870);
            const double ami = fdml_ami(&m.sums, m.expected);
            cr_expect_float_eq(ami, oracles_number_in(oracles_find(k, "recomputed"), "ami"),
                               1e-12);
            oracles_expect_digits(ami, oracles_number_in(oracles_find(k, "asserted"), "ami"), 2,
                                  "ami");
            n_other++;
        } else if (strstr(source, "entropy")) {
            const uint32_t label[] = { 0, 0, 42 };
            const agreement m = agree(label, label, 3);
            cr_expect_float_eq(fdml_label_entropy(&m.sums), oracles_number_in(k, "recomputed"),
                               1e-15);
            n_other++;
        }
    }
    cr_expect_eq(n_tables, 11);
    cr_expect_eq(n_other, 3);
    oracles_close();
}

/* scikit-learn's test_kmeans_relocated_clusters; weights are not supported, so that case is not
 * read. n_iter: scikit-learn counts the pass that changes nothing too. */
Test(eval_oracles, kmeans_relocated_clusters)
{
    const fdml_json *c = oracles_case("kmeans_fixed_init"), *relocated = NULL;
    for (const fdml_json *k = fdml_json_first(oracles_find(c, "cases")); k;
         k = fdml_json_next(k)) {
        const fdml_json *weights = fdml_json_find(k, "weights");
        if (weights && fdml_json_kind_of(weights) == FDML_JSON_NULL) relocated = k;
    }
    cr_assert_not_null(relocated);
    float x[8], initial[4], centres[4];
    double value_of[8];
    size_t n = 0;
    for (const fdml_json *row = fdml_json_first(oracles_find(c, "X")); row;
         row = fdml_json_next(row))
        n += oracles_numbers(value_of + n, 8 - n, row);
    for (size_t i = 0; i < 8; i++) x[i] = (float)value_of[i];
    n = 0;
    for (const fdml_json *row = fdml_json_first(oracles_find(relocated, "init")); row;
         row = fdml_json_next(row))
        n += oracles_numbers(value_of + n, 4 - n, row);
    for (size_t i = 0; i < 4; i++) initial[i] = (float)value_of[i];

    uint32_t label[] = { 0, 1, 0, 1 }, assignment[4], want[4];
    const fdml_factor factor = { "label", 4, 2, label, NULL };
    const fdml_problem problem = {
        .x = x, .n_rows = 4, .dim = 2, .distance = FDML_L2, .label = &factor
    };
    const fdml_machine machine = { .kernels = fdml_kernels_best(), .n_threads = 1 };
    const fdml_kmeans kmeans = { .k = 2, .n_iterations = 20, .n_redo = 1, .initial = initial };
    double inertia;
    unsigned n_done;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_kmeans_run(assignment, centres, &inertia, &n_done, &kmeans, &problem,
                                 &machine, &arena, NULL),
                 FDML_OK);
    cr_expect_float_eq(inertia, oracles_number_in(relocated, "inertia"), 1e-6);
    cr_assert_eq(oracles_whole(want, 4, oracles_find(relocated, "labels")), 4);
    const bool swapped = assignment[0] != want[0]; /* which centre keeps which name is free */
    for (size_t i = 0; i < 4; i++) cr_expect_eq(assignment[i], swapped ? 1 - want[i] : want[i]);
    n = 0;
    for (const fdml_json *row = fdml_json_first(oracles_find(relocated, "centers")); row;
         row = fdml_json_next(row))
        n += oracles_numbers(value_of + n, 4 - n, row);
    for (size_t i = 0; i < 4; i++)
        cr_expect_float_eq((double)centres[i], value_of[swapped ? (i + 2) % 4 : i], 1e-6);
    fdml_arena_close(&arena);
    oracles_close();
}
