/* test_eval_oracles.c - the published expectations of shared/oracles/metrics.json, case by
 * case.
 *
 * The file holds numbers asserted in other tools' own tests (trec_eval,
 * pytorch-metric-learning, OML, torchmetrics, scikit-learn, bob.measure, fairlearn). The
 * essential ones are also typed into the tests of each part, so this file may be absent; where
 * it is, these tests are skipped, or fail when CI=true. Each test names the case it reads and
 * asserts that it is there. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "eval/audit.h"
#include "eval/contingency.h"
#include "eval/kmeans.h"
#include "eval/retrieval.h"
#include "eval/stats.h"
#include "eval/validate.h"
#include "eval/verify.h"
#include "scratch.h"

/* --- reading -------------------------------------------------------------------------- */

static fdml_json *root;

static const fdml_json *find(const fdml_json *object, const char *key)
{
    const fdml_json *value = fdml_json_find(object, key);
    cr_assert_not_null(value, "no '%s'", key);
    return value;
}

static const fdml_json *case_of(const char *id)
{
    const char *path = scratch_shared("oracles/metrics.json");
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    char *text = malloc(1 << 20);
    cr_assert_not_null(text);
    const size_t size = fread(text, 1, 1 << 20, file);
    fclose(file);
    fdml_error err = { 0 };
    cr_assert_eq(fdml_json_parse(&root, text, size, 1 << 20, 32, path, &err), FDML_OK, "%s",
                 err.text);
    free(text);
    for (const fdml_json *c = fdml_json_first(find(root, "cases")); c; c = fdml_json_next(c))
        if (!strcmp(fdml_json_text(find(c, "id")), id)) return c;
    cr_assert(false, "no case %s", id);
    return NULL;
}

static double number(const fdml_json *value)
{
    double x = NAN;
    cr_assert(value && fdml_json_get_number(value, &x), "not a number");
    return x;
}

static double number_in(const fdml_json *object, const char *key)
{
    return number(find(object, key));
}

static size_t numbers(double *out, size_t most, const fdml_json *array)
{
    size_t n = 0;
    for (const fdml_json *v = fdml_json_first(array); v; v = fdml_json_next(v)) {
        cr_assert_lt(n, most);
        out[n++] = number(v);
    }
    return n;
}

static size_t whole(uint32_t *out, size_t most, const fdml_json *array)
{
    static double value[1024];
    const size_t n = numbers(value, most < 1024 ? most : 1024, array);
    for (size_t i = 0; i < n; i++) out[i] = (uint32_t)value[i];
    return n;
}

/* Digits as printed in the source: half of the last one, given as how many decimals. */
static void expect_digits(double got, double want, int decimals, const char *what)
{
    cr_expect_float_eq(got, want, 0.5000001 * pow(10, -decimals), "%s: %.15g, not %.15g", what,
                       got, want);
}

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
    const fdml_json *c = case_of("trec_eval_3topics"), *asserted = find(c, "asserted_4dp");
    double mean[TREC] = { 0 };
    trec got[TREC];
    size_t n_topics = 0;
    for (const fdml_json *t = fdml_json_first(find(c, "topics")); t; t = fdml_json_next(t)) {
        uint32_t rank[512];
        const size_t n = whole(rank, 512, find(t, "relevant_ranks"));
        const fdml_ranks ranks = { rank, (uint32_t)n, (uint32_t)number_in(t, "num_rel") };
        const fdml_json *own = find(asserted, fdml_json_name(t)),
                        *exact = find(t, "recomputed");
        trec_values(got, &ranks);
        for (size_t m = 0; m < TREC; m++) {
            expect_digits(got[m].value, number_in(own, got[m].name), 4, got[m].name);
            cr_expect_float_eq(got[m].value, number_in(exact, got[m].name), 1e-14);
            mean[m] += got[m].value / 3;
        }
        cr_expect_float_eq(value(FDML_M_MAP_AT_R, 0, FDML_DML, &ranks),
                           number_in(exact, "MAP_at_R_not_in_trec"), 1e-14);
        n_topics++;
    }
    cr_expect_eq(n_topics, 3);
    for (size_t m = 0; m < TREC; m++)
        expect_digits(mean[m], number_in(find(asserted, "all"), got[m].name), 4, got[m].name);
    fdml_json_close(root);
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
    const fdml_json *want = find(find(c, "asserted"), name);
    uint32_t label[16], count[8] = { 0 }, rank[6][8];
    const size_t n = whole(label, 16, find(c, "query_labels"));
    fdml_ranks ranks[6];
    size_t q = 0;
    for (const fdml_json *l = fdml_json_first(find(c, "reference_label_counts")); l;
         l = fdml_json_next(l))
        count[atoi(fdml_json_name(l))] = (uint32_t)number(l);
    for (const fdml_json *k = fdml_json_first(find(c, "knn_labels")); k;
         k = fdml_json_next(k)) {
        uint32_t near[8], n_hits = 0;
        const size_t n_near = whole(near, 8, k);
        for (size_t r = n_dropped; r < n_near; r++)
            if (near[r] == label[q]) rank[q][n_hits++] = (uint32_t)(r - n_dropped + 1);
        ranks[q] = (fdml_ranks){ rank[q], n_hits, count[label[q]] - (uint32_t)n_dropped };
        q++;
    }
    for (size_t m = 0; m < sizeof pml_metrics / sizeof *pml_metrics; m++) {
        const fdml_json *of = find(want, pml_metrics[m].name);
        double got[6], per_query[6], mean = 0, sum[8];
        uint32_t scratch[8];
        for (size_t i = 0; i < n; i++) {
            got[i] = value(pml_metrics[m].id, 0, FDML_PML, &ranks[i]);
            mean += got[i] / (double)n;
        }
        cr_expect_float_eq(mean, number_in(of, "global"), 1e-14, "%s", pml_metrics[m].name);
        cr_expect_float_eq(fdml_average_of_averages(got, label, n, 8, sum, scratch),
                           number_in(of, "avg_of_avgs"), 1e-14, "%s", pml_metrics[m].name);
        if (!fdml_json_find(of, "per_query")) continue;
        cr_assert_eq(numbers(per_query, 6, find(of, "per_query")), n);
        for (size_t i = 0; i < n; i++) cr_expect_float_eq(got[i], per_query[i], 1e-14);
    }
}

Test(eval_oracles, pml_knn_labels)
{
    const fdml_json *c = case_of("pml_knn_labels");
    check_pml(c, "ref_includes_query=false", 0);
    check_pml(c, "ref_includes_query=true (drop column 0, R-1)", 1);
    fdml_json_close(root);
}

/* Queries 0..9 are rows 0..9, the reference all twenty; only label 1 has company. */
Test(eval_oracles, pml_1d_self_in_reference)
{
    const fdml_json *want = find(case_of("pml_1d_self_in_reference"), "asserted");
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
        cr_expect_float_eq(r.overall[m].value, number_in(want, pml_metrics[m].name), 1e-14,
                           "%s", pml_metrics[m].name);
    cr_expect_eq(r.n_lone, 9);
    fdml_arena_close(&arena);
    fdml_json_close(root);
}

Test(eval_oracles, pml_lone_labels)
{
    const fdml_json *c = case_of("pml_lone_labels"), *asserted = find(c, "asserted");
    uint32_t label[32], lone[8];
    const size_t n_query = whole(label, 8, find(c, "query_labels"));
    const size_t n = n_query + whole(label + n_query, 16, find(c, "reference_labels"));
    uint8_t asks[32] = { 0 }, answers[32] = { 0 }, can[32];
    for (size_t i = 0; i < n; i++) asks[i] = i < n_query, answers[i] = i >= n_query;
    const fdml_factor factor = { "label", n, 7, label, NULL };
    const fdml_problem problem = {
        .n_rows = n, .label = &factor, .is_query = asks, .is_gallery = answers
    };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_find_matchable(can, &problem, &arena, NULL), FDML_OK);
    size_t n_lone = whole(lone, 8, find(asserted, "lone_if_not")), at = 0;
    for (size_t i = 0; i < n_query; i++)
        if (!can[i]) cr_expect_eq(label[i], lone[at++]);
    cr_expect_eq(at, n_lone);

    /* The reference as queries of itself: labels that stand once are lone; 6 is not in it. */
    const fdml_factor inside = { "label", n - n_query, 7, label + n_query, NULL };
    const fdml_problem self = { .n_rows = n - n_query, .label = &inside };
    cr_assert_eq(fdml_find_matchable(can, &self, &arena, NULL), FDML_OK);
    n_lone = whole(lone, 8, find(asserted, "lone_if_ref_includes_query"));
    at = 0;
    for (size_t i = 0; i < self.n_rows; i++)
        if (!can[i]) cr_expect_eq(inside.code[i], lone[at++]);
    cr_expect_eq(at, n_lone - 1);
    cr_expect_eq(lone[at], 6);
    fdml_arena_close(&arena);
    fdml_json_close(root);
}

static void check_oml_at(const fdml_json *asserted, const fdml_ranks *ranks, size_t n,
                         uint32_t k)
{
    double cmc[8], precision[8], map[8];
    char key[16];
    snprintf(key, sizeof key, "precision@%u", k);
    cr_assert_eq(numbers(precision, 8, find(asserted, key)), n);
    snprintf(key, sizeof key, "map@%u", k);
    cr_assert_eq(numbers(map, 8, find(asserted, key)), n);
    snprintf(key, sizeof key, "cmc@%u", k);
    const fdml_json *hits = fdml_json_find(asserted, key);
    if (hits) cr_assert_eq(numbers(cmc, 8, hits), n);
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
    const fdml_json *c = case_of("oml_exact_case");
    const fdml_json *other = find(c, "recomputed_other_conventions");
    uint32_t rank[8][4];
    fdml_ranks ranks[8];
    size_t n = 0;
    for (const fdml_json *h = fdml_json_first(find(c, "hit_positions_0based")); h;
         h = fdml_json_next(h)) {
        const size_t n_hits = whole(rank[n], 4, h);
        for (size_t i = 0; i < n_hits; i++) rank[n][i]++;
        ranks[n] = (fdml_ranks){ rank[n], (uint32_t)n_hits, (uint32_t)n_hits };
        n++;
    }
    for (uint32_t k = 1; k <= 5; k++) check_oml_at(find(c, "asserted_OML"), ranks, n, k);

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
    for (size_t m = 0; m < 9; m++) expect_digits(mean[m], number_in(other, key[m]), 6, key[m]);
    double c_depth = 0;
    for (size_t i = 0; i < n; i++)
        c_depth += value(FDML_M_MAP_AT_R, 0, FDML_REVISITDML, &ranks[i]) / (double)n;
    expect_digits(c_depth, number_in(other, "RevisitDML mAP_c"), 6, "mAP_c");
    fdml_json_close(root);
}

/* Queries that retrieve nothing: 0 where something was to be found. OML says 1 where nothing
 * was; here such a query is lone and has no value, in every convention. */
Test(eval_oracles, oml_empty_lists)
{
    const fdml_json *c = case_of("oml_empty_lists"), *asserted = find(c, "asserted");
    double cmc[4], map[4];
    const size_t n = numbers(cmc, 4, find(asserted, "cmc"));
    cr_assert_eq(numbers(map, 4, find(asserted, "map")), n);
    size_t i = 0;
    for (const fdml_json *r = fdml_json_first(find(c, "relevant")); r; r = fdml_json_next(r)) {
        const fdml_ranks ranks = { NULL, 0, (uint32_t)fdml_json_length(r) };
        const double hit = value(FDML_M_RECALL_AT_K, 1, FDML_OML, &ranks);
        const double at_r = value(FDML_M_MAP_AT_R, 0, FDML_OML, &ranks);
        cr_expect_eq(isnan(hit), ranks.n_relevant == 0);
        if (ranks.n_relevant) cr_expect(hit == cmc[i] && at_r == map[i]);
        i++;
    }
    cr_expect_eq(i, n);
    fdml_json_close(root);
}

Test(eval_oracles, torchmetrics_retrieval)
{
    const fdml_json *c = case_of("torchmetrics_retrieval_docs"), *want = find(c, "asserted");
    /* Scores .2 .3 .5 with targets 1 0 1: matches at ranks 1 and 3. */
    const uint32_t rank[] = { 1, 3 };
    const fdml_ranks ranks = { rank, 2, 2 };
    expect_digits(value(FDML_M_MAP, 0, FDML_DML, &ranks), number_in(want, "average_precision"),
                  4, "average precision");
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 2, FDML_DML, &ranks),
                 number_in(want, "hit_rate_top2"));
    cr_expect_eq(fdml_hits_within(&ranks, 2) / 2.0, number_in(want, "precision_top2"));
    cr_expect_eq(value(FDML_M_R_PRECISION, 0, FDML_DML, &ranks),
                 number_in(want, "r_precision"));
    cr_expect_eq(value(FDML_M_RECALL_AT_K, 2, FDML_IR, &ranks), number_in(want, "recall_top2"));
    const float genuine[] = { .2f, .5f }, impostor[] = { .3f };
    const fdml_scores scores = { genuine, impostor, 2, 1 };
    cr_expect_eq(fdml_auc(&scores), number_in(want, "auroc"));
    /* Fall-out at the threshold of the top 2: false positives over negatives. */
    cr_expect_eq(fdml_fmr(&scores, .3f), number_in(want, "fall_out_top2"));
    const uint32_t second[] = { 2 };
    const fdml_ranks one = { second, 1, 1 };
    cr_expect_eq(value(FDML_M_MRR, 0, FDML_DML, &one),
                 number_in(find(find(c, "also"), "recip_rank"), "value"));
    fdml_json_close(root);
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
    const size_t n = whole(label, 64, find(c, "true"));
    cr_assert_eq(whole(cluster, 64, find(c, "pred")), n);
    const agreement m = agree(label, cluster, n);
    const struct {
        const char *exact, *asserted;
        double value;
        int decimals;
    } list[] = { { "MI", "mi", fdml_mutual_information(&m.sums), 4 },
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
    const fdml_json *asserted = find(c, "asserted"), *exact = find(c, "recomputed");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const fdml_json *digits =
            list[i].asserted ? fdml_json_find(asserted, list[i].asserted) : NULL;
        cr_expect_float_eq(list[i].value, number_in(exact, list[i].exact), 4e-15, "%s",
                           list[i].exact);
        if (digits)
            expect_digits(list[i].value, number(digits), list[i].decimals, list[i].exact);
    }
    if (fdml_json_find(asserted, "emi"))
        expect_digits(m.expected, number_in(asserted, "emi"), 5, "expected information");
}

Test(eval_oracles, clustering_agreement)
{
    const fdml_json *c = case_of("clustering_agreement");
    size_t n_tables = 0, n_other = 0;
    for (const fdml_json *k = fdml_json_first(find(c, "cases")); k; k = fdml_json_next(k)) {
        const char *source = fdml_json_text(find(k, "source"));
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
            cr_expect_float_eq(ami, number_in(find(k, "recomputed"), "ami"), 1e-12);
            expect_digits(ami, number_in(find(k, "asserted"), "ami"), 2, "ami");
            n_other++;
        } else if (strstr(source, "entropy")) {
            const uint32_t label[] = { 0, 0, 42 };
            const agreement m = agree(label, label, 3);
            cr_expect_float_eq(fdml_label_entropy(&m.sums), number_in(k, "recomputed"), 1e-15);
            n_other++;
        }
    }
    cr_expect_eq(n_tables, 11);
    cr_expect_eq(n_other, 3);
    fdml_json_close(root);
}

/* scikit-learn's test_kmeans_relocated_clusters; weights are not supported, so that case is not
 * read. n_iter: scikit-learn counts the pass that changes nothing too. */
Test(eval_oracles, kmeans_relocated_clusters)
{
    const fdml_json *c = case_of("kmeans_fixed_init"), *relocated = NULL;
    for (const fdml_json *k = fdml_json_first(find(c, "cases")); k; k = fdml_json_next(k)) {
        const fdml_json *weights = fdml_json_find(k, "weights");
        if (weights && fdml_json_kind_of(weights) == FDML_JSON_NULL) relocated = k;
    }
    cr_assert_not_null(relocated);
    float x[8], initial[4], centres[4];
    double value_of[8];
    size_t n = 0;
    for (const fdml_json *row = fdml_json_first(find(c, "X")); row; row = fdml_json_next(row))
        n += numbers(value_of + n, 8 - n, row);
    for (size_t i = 0; i < 8; i++) x[i] = (float)value_of[i];
    n = 0;
    for (const fdml_json *row = fdml_json_first(find(relocated, "init")); row;
         row = fdml_json_next(row))
        n += numbers(value_of + n, 4 - n, row);
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
    cr_expect_float_eq(inertia, number_in(relocated, "inertia"), 1e-6);
    cr_assert_eq(whole(want, 4, find(relocated, "labels")), 4);
    const bool swapped = assignment[0] != want[0]; /* which centre keeps which name is free */
    for (size_t i = 0; i < 4; i++) cr_expect_eq(assignment[i], swapped ? 1 - want[i] : want[i]);
    n = 0;
    for (const fdml_json *row = fdml_json_first(find(relocated, "centers")); row;
         row = fdml_json_next(row))
        n += numbers(value_of + n, 4 - n, row);
    for (size_t i = 0; i < 4; i++)
        cr_expect_float_eq((double)centres[i], value_of[swapped ? (i + 2) % 4 : i], 1e-6);
    fdml_arena_close(&arena);
    fdml_json_close(root);
}

/* --- verification --------------------------------------------------------------------- */

static size_t scores_of(float *out, size_t most, const fdml_json *array)
{
    static double score[256];
    float scratch[256];
    const size_t n = numbers(score, most < 256 ? most : 256, array);
    for (size_t i = 0; i < n; i++) out[i] = (float)score[i];
    fdml_sort_scores(out, n, scratch);
    return n;
}

Test(eval_oracles, bob_separable)
{
    const fdml_json *c = case_of("bob_scores_separable"), *want = find(c, "asserted");
    static float pos[256], neg[256];
    fdml_scores s = { pos, neg, 0, 0 };
    s.n_genuine = scores_of(pos, 256, find(c, "positives"));
    s.n_impostor = scores_of(neg, 256, find(c, "negatives"));
    double at_3[2];
    float threshold;
    cr_assert_eq(numbers(at_3, 2, find(want, "at_t3")), 2);
    cr_expect_eq(fdml_fmr(&s, 3), at_3[0]);
    cr_expect_eq(fdml_fnmr(&s, 3), at_3[1]);
    cr_expect_eq(fdml_eer(&threshold, &s), number_in(want, "eer"));
    cr_expect_float_eq((double)threshold, number_in(want, "eer_threshold"), 1e-6);
    const fdml_json *below = find(want, "below_min");
    cr_expect_eq(fdml_fmr(&s, -9), number_in(below, "far"));
    cr_expect_eq(fdml_fnmr(&s, -9), number_in(below, "frr"));
    fdml_json_close(root);
}

/* "1.0", ">1.0", "<=0", ">=0.0" or a number. */
static void expect_bound(float got, const fdml_json *want)
{
    const char *text = fdml_json_text(want);
    double x;
    if (!text) {
        cr_expect_float_eq((double)got, number(want), 1e-6);
        return;
    }
    x = atof(text + strspn(text, "<>="));
    if (!strncmp(text, ">=", 2))
        cr_expect_geq((double)got, x);
    else if (!strncmp(text, "<=", 2))
        cr_expect_leq((double)got, x);
    else
        cr_expect_gt((double)got, x);
}

Test(eval_oracles, bob_thresholds)
{
    const fdml_json *c = case_of("bob_threshold_unreachable");
    size_t n = 0;
    for (const fdml_json *k = fdml_json_first(find(c, "cases")); k; k = fdml_json_next(k)) {
        static const float ten[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
        float pos[256], neg[256];
        fdml_scores s = { pos, neg, 0, 0 };
        if (fdml_json_text(find(k, "pos"))) { /* "0..9" */
            s = (fdml_scores){ ten, ten, 10, 10 };
        } else {
            s.n_genuine = scores_of(pos, 256, find(k, "pos"));
            s.n_impostor = scores_of(neg, 256, find(k, "neg"));
        }
        for (const fdml_json *t = fdml_json_first(find(k, "far_threshold")); t;
             t = fdml_json_next(t), n++)
            expect_bound(fdml_threshold_at_fmr(&s, atof(fdml_json_name(t))), t);
        for (const fdml_json *t = fdml_json_first(find(k, "frr_threshold")); t;
             t = fdml_json_next(t), n++)
            expect_bound(fdml_threshold_at_fnmr(&s, atof(fdml_json_name(t))), t);
    }
    cr_expect_eq(n, 13);
    fdml_json_close(root);
}

Test(eval_oracles, sklearn_roc_and_det)
{
    const fdml_json *c = case_of("sklearn_roc_det_doc"), *want = find(c, "asserted");
    const float pos[] = { .35f, .8f }, neg[] = { .1f, .4f };
    const fdml_scores s = { pos, neg, 2, 2 };
    double fpr[8], tpr[8], fnr[8], threshold[8];
    const size_t n = numbers(fpr, 8, find(want, "roc_fpr"));
    cr_assert_eq(numbers(tpr, 8, find(want, "roc_tpr")), n);
    size_t i = 0;
    for (const fdml_json *t = fdml_json_first(find(want, "roc_thr")); t;
         t = fdml_json_next(t)) {
        const float at = fdml_json_text(t) ? INFINITY : (float)number(t);
        cr_expect_eq(fdml_fmr(&s, at), fpr[i]);
        cr_expect_eq(1 - fdml_fnmr(&s, at), tpr[i++]);
    }
    cr_expect_eq(i, n);
    cr_expect_eq(fdml_auc(&s), number_in(want, "auc"));
    const size_t n_det = numbers(fpr, 8, find(want, "det_fpr"));
    cr_assert_eq(numbers(fnr, 8, find(want, "det_fnr")), n_det);
    cr_assert_eq(numbers(threshold, 8, find(want, "det_thr")), n_det);
    for (i = 0; i < n_det; i++) {
        cr_expect_eq(fdml_fmr(&s, (float)threshold[i]), fpr[i]);
        cr_expect_eq(fdml_fnmr(&s, (float)threshold[i]), fnr[i]);
    }
    /* Average precision of the ranking .8 .4 .35 .1: matches at ranks 1 and 3. */
    const uint32_t rank[] = { 1, 3 };
    const fdml_ranks ranks = { rank, 2, 2 };
    expect_digits(value(FDML_M_MAP, 0, FDML_DML, &ranks), number_in(want, "average_precision"),
                  10, "average precision");
    fdml_json_close(root);
}

Test(eval_oracles, biometric_fairness)
{
    const fdml_json *c = case_of("biometric_fairness_handworked"),
                    *want = find(c, "recomputed");
    double fmr[8], fnmr[8];
    fdml_differential d;
    const size_t n = numbers(fmr, 8, find(c, "FMR"));
    cr_assert_eq(numbers(fnmr, 8, find(c, "FNMR")), n);
    fdml_differential_of(&d, fmr, fnmr, n);
    cr_expect_float_eq(d.fdr, number_in(want, "FDR"), 1e-14);
    cr_expect_float_eq(d.ir, number_in(want, "IR"), 1e-14);
    cr_expect_float_eq(d.garbe, number_in(want, "GARBE"), 1e-14);
    cr_expect_float_eq(d.fmr_max_over_geomean, number_in(want, "FMR_max_over_geomean"), 1e-14);
    cr_expect_float_eq(d.fnmr_max_over_geomean, number_in(want, "FNMR_max_over_geomean"),
                       1e-14);
    cr_expect_float_eq(d.fmr_max_over_min, number_in(want, "FMR_max_over_min"), 1e-14);
    fdml_json_close(root);
}

/* fairlearn's bootstrap of selection rates: another generator, so its quantiles are a band. */
Test(eval_oracles, fairlearn_bootstrap)
{
    const fdml_json *user = case_of("fairlearn_userguide"), *c = NULL;
    double predicted[32], quantile[3], want[3], rate[1000];
    const double q[] = { .159, .5, .841 };
    const size_t n = numbers(predicted, 32, find(user, "y_pred"));
    for (const fdml_json *k = fdml_json_first(find(root, "cases")); k; k = fdml_json_next(k))
        if (!strcmp(fdml_json_text(find(k, "id")), "fairlearn_bootstrap_shape")) c = k;
    cr_assert_not_null(c);
    static double sums[1000 * 8];
    double features[32 * 8] = { 0 };
    for (size_t i = 0; i < n; i++) features[i * 8] = predicted[i];
    const fdml_bootstrap bootstrap = { .features = features,
                                       .n_clusters = n,
                                       .n_features = 8,
                                       .n_replicates = 1000,
                                       .seed = 1,
                                       .stream = 1 };
    fdml_bootstrap_sums(sums, &bootstrap, 1);
    cr_assert_eq(numbers(want, 3, find(find(c, "asserted"), "ci_overall")), 3);
    for (size_t i = 0; i < 3; i++) {
        for (size_t b = 0; b < 1000; b++) rate[b] = sums[b * 8] / (double)n;
        quantile[i] = fdml_quantile(rate, 1000, q[i]);
        /* One row of 18 is the grid of both. */
        cr_expect_float_eq(quantile[i], want[i], 1.01 / 18);
    }
    fdml_json_close(root);
}

/* fairlearn's guide, read as pairs: y_true says genuine, y_pred accepted. Rates by group are
 * fnmr = 1 - tpr and fmr = fpr at threshold 1, gaps are max - min and min / max. */
Test(eval_oracles, fairlearn_groups)
{
    const fdml_json *c = case_of("fairlearn_userguide"), *want = find(c, "asserted");
    double truth[32], predicted[32], tpr[3], fpr[3];
    const size_t n = numbers(truth, 32, find(c, "y_true"));
    cr_assert_eq(numbers(predicted, 32, find(c, "y_pred")), n);
    char group[32];
    size_t at = 0;
    for (const fdml_json *g = fdml_json_first(find(c, "group")); g; g = fdml_json_next(g))
        group[at++] = fdml_json_text(g)[0];
    for (char g = 'a'; g <= 'd'; g++) { /* d: everybody */
        float pos[32], neg[32], scratch[32];
        fdml_scores s = { pos, neg, 0, 0 };
        for (size_t i = 0; i < n; i++) {
            if (g != 'd' && group[i] != g) continue;
            if (truth[i] > 0)
                pos[s.n_genuine++] = (float)predicted[i];
            else
                neg[s.n_impostor++] = (float)predicted[i];
        }
        fdml_sort_scores(pos, s.n_genuine, scratch);
        fdml_sort_scores(neg, s.n_impostor, scratch);
        const char name[2] = { g, 0 };
        const fdml_json *of =
            g == 'd' ? find(want, "overall") : find(find(want, "by_group"), name);
        cr_expect_float_eq(1 - fdml_fnmr(&s, 1), number_in(of, "tpr"), 1e-12);
        cr_expect_float_eq(fdml_fmr(&s, 1), number_in(of, "fpr"), 1e-12);
        if (g == 'd') continue;
        tpr[g - 'a'] = 1 - fdml_fnmr(&s, 1);
        fpr[g - 'a'] = fdml_fmr(&s, 1);
    }
    fdml_differential d;
    fdml_differential_of(&d, fpr, tpr, 3);
    const fdml_json *difference = find(want, "difference");
    cr_expect_float_eq(
        1 - d.fdr, (number_in(difference, "tpr") + number_in(difference, "fpr")) / 2, 1e-12);
    cr_expect_float_eq(1 / d.fnmr_max_over_min, number_in(find(want, "ratio"), "tpr"), 1e-12);
    fdml_json_close(root);
}
