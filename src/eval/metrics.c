/* metrics.c - the table of metrics, and the sentences every output prints. See metrics.h.
 *
 * A sentence says what the code does, for the convention asked for; where a convention changes
 * nothing, the plain sentence stands for it.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/audit.h"

enum {
    IN_FINDML = 1,
    IN_RETRIEVAL = 2,
    IN_CLUSTER = 4,
    IN_GEOMETRY = 8,
    CONVENTIONS = FDML_REVISITDML + 1
};

typedef struct row {
    const char *key;
    fdml_metric_kind kind;
    bool higher_is_better;
    unsigned sets;
    const char *source;
    const char *text[CONVENTIONS]; /* NULL: as in FDML_DML */
} row;

/* clang-format off */
static const row table[FDML_M_COUNT] = {
    [FDML_M_RECALL_AT_K] = { "recall_at_K", FDML_KIND_MEAN, true,
        IN_FINDML | IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "share of queries with at least one row of their class among their K nearest "
            "(the recall@k of metric learning papers, elsewhere \"hit rate\")",
        [FDML_IR] =
            "mean over queries of the matches among the K nearest divided by all matches the "
            "query has (the recall@k of information retrieval)",
        [FDML_OML] =
            "share of queries with at least one row of their class among their K nearest "
            "(OML's cmc@k)",
    } },
    [FDML_M_PRECISION_AT_1] = { "precision_at_1", FDML_KIND_MEAN, true, IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "share of queries whose nearest row is of their class",
    } },
    [FDML_M_R_PRECISION] = { "r_precision", FDML_KIND_MEAN, true, IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "mean over queries of the share of matches among the R nearest, R being the "
            "number of matches the query has",
    } },
    [FDML_M_MAP_AT_R] = { "map_at_r", FDML_KIND_MEAN, true, IN_FINDML | IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "mean over queries of (1/R) times the sum of precision@r over the ranks r <= R "
            "that hold a match (Musgrave et al. 2020), R being the number of matches the "
            "query has",
        [FDML_OML] =
            "mean over queries of the average of precision@r over the ranks r <= R that hold "
            "a match (divided by the matches found, 0 if none), R being the number of "
            "matches the query has",
        [FDML_REVISITDML] =
            "mean over queries of (1/c) times the sum of precision@r over the ranks r <= c "
            "that hold a match, c being the size of the query's class with the query "
            "counted, so a perfect embedding scores (c-1)/c (mAP_c)",
    } },
    [FDML_M_MAP] = { "map", FDML_KIND_MEAN, true, IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "mean over queries of the average of precision@r over the ranks r of all their "
            "matches (full depth)",
        [FDML_REVISITDML] =
            "mean over queries of the sum of precision@r over the ranks r of all their "
            "matches, divided by the size of the query's class with the query counted, so a "
            "perfect embedding scores (c-1)/c",
    } },
    [FDML_M_MRR] = { "mrr", FDML_KIND_MEAN, true, IN_RETRIEVAL, "line", {
        [FDML_DML] =
            "mean over queries of 1 / rank of the first match",
    } },
    [FDML_M_NMI] = { "nmi", FDML_KIND_SET, true, IN_FINDML | IN_CLUSTER, "line", {
        [FDML_DML] =
            "mutual information of classes and k-means clusters (k = number of classes, all "
            "rows clustered once), divided by the arithmetic mean of their entropies; for a "
            "group, over the group's rows",
        [FDML_REVISITDML] =
            "mutual information of classes and k-means clusters (spherical under cosine; k = "
            "number of classes, all rows clustered once), divided by the arithmetic mean of "
            "their entropies; for a group, over the group's rows",
    } },
    [FDML_M_AMI] = { "ami", FDML_KIND_SET, true, IN_CLUSTER, "line", {
        [FDML_DML] =
            "mutual information of classes and k-means clusters minus its expectation under "
            "random labels with the same counts, divided by the mean entropy minus the same "
            "(Vinh et al. 2010, arithmetic mean); its interval holds that expectation fixed, and is not given where "
            "a draw leaves no room beyond it",
    } },
    [FDML_M_ARI] = { "ari", FDML_KIND_SET, true, IN_CLUSTER, "line", {
        [FDML_DML] =
            "share of row pairs on which classes and k-means clusters agree, corrected for "
            "chance (Hubert & Arabie 1985)",
    } },
    [FDML_M_F1] = { "f1", FDML_KIND_SET, true, IN_CLUSTER, "line", {
        [FDML_DML] =
            "2 TP / (P + Q) over row pairs: TP pairs in the same class and the same k-means "
            "cluster, P pairs in the same class, Q pairs in the same cluster",
    } },
    [FDML_M_ALIGNMENT_INTRA] = { "alignment_intra", FDML_KIND_PAIRS, false,
        IN_FINDML | IN_GEOMETRY, "paper", {
        [FDML_DML] =
            "mean distance d (squared unless --alignment-power 1) over the pairs of rows of "
            "the group that are of the same class (Wang & Isola 2020); lower is tighter",
    } },
    [FDML_M_ALIGNMENT_INTER] = { "alignment_inter", FDML_KIND_PAIRS, true,
        IN_FINDML | IN_GEOMETRY, "paper", {
        [FDML_DML] =
            "mean distance d (squared unless --alignment-power 1) over the pairs of rows of "
            "the group that are of different classes; higher is better separated",
    } },
    [FDML_M_ALIGNMENT_RATIO] = { "alignment_ratio", FDML_KIND_PAIRS, false,
        IN_GEOMETRY, "ours", {
        [FDML_DML] =
            "alignment_intra / alignment_inter of the same group, which shrinking the whole "
            "embedding does not change",
    } },
    [FDML_M_UNIFORMITY] = { "uniformity", FDML_KIND_PAIRS, false,
        IN_FINDML | IN_GEOMETRY, "paper", {
        [FDML_DML] =
            "logarithm of the mean of exp(-2 d^2) over all pairs of rows of the group (Wang "
            "& Isola 2020, t = 2); lower is more uniform; pairs of the same class count, so "
            "a group of few classes looks less uniform",
    } },
    [FDML_M_SPECTRUM] = { "spectrum", FDML_KIND_SET, false, IN_GEOMETRY, "line", {
        [FDML_DML] =
            "Kullback-Leibler divergence of the uniform distribution from the singular "
            "values of the group's embedding matrix scaled to sum 1; lower uses more "
            "directions; needs twice as many rows as dimensions, and falls as rows are "
            "added: compare groups of like size",
        [FDML_REVISITDML] =
            "Kullback-Leibler divergence of the uniform distribution from the singular "
            "values of the group's embedding matrix, the smallest one left out, scaled to "
            "sum 1; lower uses more directions; needs twice as many rows as dimensions, and "
            "falls as rows are added",
    } },
    [FDML_M_CLASS_RATIO] = { "class_ratio", FDML_KIND_SET, false, IN_GEOMETRY, "line", {
        [FDML_DML] =
            "mean over classes with two rows or more of their mean cosine distance within, "
            "divided by the mean cosine distance between class centres, within the group",
    } },
};
/* clang-format on */

/* Sets and verification measures: what --define says of names that are no metric. */
static const char *const other[][2] = {
#include "eval/metrics_audit.def"
#include "eval/metrics_downstream.def"
#include "eval/metrics_slices.def"
#include "eval/metrics_gates.def"
};

enum { N_OTHER = sizeof other / sizeof *other };

static const char *text_of(const row *r, int convention)
{
    const bool known = convention >= 0 && convention < CONVENTIONS;
    const char *text = known ? r->text[convention] : NULL;
    return text ? text : r->text[FDML_DML];
}

/* K of "recall_at_K": 0 for the letter itself, its value for a number, -1 otherwise. */
static long recall_depth(const char *key, size_t length)
{
    static const char stem[] = "recall_at_";
    const size_t n = sizeof stem - 1;
    if (length <= n || memcmp(key, stem, n) != 0) return -1;
    if (length == n + 1 && key[n] == 'K') return 0;
    long depth = 0;
    for (size_t i = n; i < length; i++) {
        if (key[i] < '0' || key[i] > '9' || depth > 99999999) return -1;
        depth = depth * 10 + (key[i] - '0');
    }
    return depth && key[n] != '0' ? depth : -1;
}

static bool is_word(const char *word, const char *text, size_t length)
{
    return strlen(word) == length && memcmp(word, text, length) == 0;
}

const char *fdml_define(const char *key, int convention)
{
    const size_t length = strlen(key);
    if (recall_depth(key, length) >= 0) return text_of(&table[FDML_M_RECALL_AT_K], convention);
    for (size_t i = 0; i < FDML_M_COUNT; i++)
        if (!strcmp(key, table[i].key)) return text_of(&table[i], convention);
    for (size_t i = 0; i < N_OTHER; i++)
        if (!strcmp(key, other[i][0])) return other[i][1];
    return NULL;
}

const char *fdml_metrics_key(size_t index)
{
    return index < FDML_M_COUNT ? table[index].key : NULL;
}

const char *fdml_define_key(size_t index)
{
    if (index < FDML_M_COUNT) return fdml_metrics_key(index);
    return index < FDML_M_COUNT + N_OTHER ? other[index - FDML_M_COUNT][0] : NULL;
}

/* What a specification asks for: which metrics, which depths of recall. */
typedef struct wish {
    bool metric[FDML_M_COUNT];
    bool all_ks; /* recall over the given list */
    fdml_metric_parts parts;
    uint32_t *depth; /* [n_depths], asked for by number */
    size_t n_depths;
} wish;

static void wish_for_set(wish *w, unsigned set)
{
    for (size_t i = 0; i < FDML_M_COUNT; i++)
        if (table[i].sets & set) w->metric[i] = true;
    if (w->metric[FDML_M_RECALL_AT_K]) w->all_ks = true;
}

static fdml_status unknown_name(const char *name, size_t length, fdml_error *err)
{
    char known[FDML_ERROR_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < FDML_M_COUNT && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", table[i].key);
    return fdml_fail(
        err, FDML_E_ARG,
        "unknown metric '%.*s'; known are the sets findml retrieval cluster geometry "
        "verification leakage downstream all and the metrics%s",
        (int)(length > 64 ? 64 : length), name, known);
}

static fdml_status wish_for(wish *w, const char *name, size_t length, fdml_error *err)
{
    static const struct {
        const char *name;
        unsigned sets;
    } sets[] = { { "findml", IN_FINDML },
                 { "retrieval", IN_RETRIEVAL },
                 { "cluster", IN_CLUSTER },
                 { "geometry", IN_GEOMETRY },
                 { "all", IN_FINDML | IN_RETRIEVAL | IN_CLUSTER | IN_GEOMETRY } };
    const bool is_verification = is_word("verification", name, length);
    const bool is_leakage = is_word("leakage", name, length);
    const bool is_downstream = is_word("downstream", name, length);
    const bool is_all = is_word("all", name, length);
    if (is_verification || is_all) w->parts.verification = true;
    if (is_leakage || is_all) w->parts.leakage = true;
    if (is_downstream) w->parts.downstream = true;
    if (is_verification || is_leakage || is_downstream) return FDML_OK;

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (!is_word(sets[i].name, name, length)) continue;
        wish_for_set(w, sets[i].sets);
        return FDML_OK;
    }
    const long depth = recall_depth(name, length);
    if (depth >= 0) {
        w->metric[FDML_M_RECALL_AT_K] = true;
        if (depth)
            w->depth[w->n_depths++] = (uint32_t)depth;
        else
            w->all_ks = true;
        return FDML_OK;
    }
    for (size_t i = 0; i < FDML_M_COUNT; i++) {
        if (!is_word(table[i].key, name, length)) continue;
        w->metric[i] = true;
        return FDML_OK;
    }
    return unknown_name(name, length, err);
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void fill(fdml_metric *m, size_t id, uint32_t k, int convention)
{
    const row *r = &table[id];
    *m = (fdml_metric){ .id = (fdml_metric_id)id,
                        .k = k,
                        .kind = r->kind,
                        .higher_is_better = r->higher_is_better,
                        .definition = text_of(r, convention),
                        .source = r->source };
    if (k)
        snprintf(m->key, sizeof m->key, "recall_at_%u", k);
    else
        snprintf(m->key, sizeof m->key, "%s", r->key);
}

static fdml_status read_spec(wish *w, const char *spec, fdml_error *err)
{
    for (const char *p = spec;;) {
        const size_t length = strcspn(p, ",");
        if (!length)
            return fdml_fail(err, FDML_E_ARG, "empty name in the list of metrics '%s'", spec);
        FDML_TRY(wish_for(w, p, length, err));
        if (!p[length]) return FDML_OK;
        p += length + 1;
    }
}

fdml_status fdml_metrics_parse(const fdml_metric **metrics, size_t *n_metrics,
                               fdml_metric_parts *parts, const char *spec, const uint32_t *ks,
                               size_t n_ks, int convention, fdml_arena *arena, fdml_error *err)
{
    const size_t length = strlen(spec);
    wish w = { .depth = fdml_arena_push(arena, length + n_ks + 1, sizeof(uint32_t)) };
    fdml_metric *list =
        fdml_arena_push(arena, length + n_ks + FDML_M_COUNT + 1, sizeof(fdml_metric));
    if (!w.depth || !list) return fdml_fail(err, FDML_E_NOMEM, "no memory for the metrics");
    FDML_TRY(read_spec(&w, spec, err));

    if (w.all_ks)
        for (size_t i = 0; i < n_ks; i++) w.depth[w.n_depths++] = ks[i];
    qsort(w.depth, w.n_depths, sizeof *w.depth, by_value);
    if (w.n_depths && !w.depth[0])
        return fdml_fail(err, FDML_E_ARG, "recall_at_K: K is 0, must be at least 1");
    if (w.metric[FDML_M_RECALL_AT_K] && !w.n_depths)
        return fdml_fail(err, FDML_E_ARG, "recall_at_K: the list of K is empty");

    size_t n = 0;
    for (size_t i = 0; i < w.n_depths; i++)
        if (!i || w.depth[i] != w.depth[i - 1])
            fill(&list[n++], FDML_M_RECALL_AT_K, w.depth[i], convention);
    for (size_t i = FDML_M_RECALL_AT_K + 1; i < FDML_M_COUNT; i++)
        if (w.metric[i]) fill(&list[n++], i, 0, convention);
    *metrics = list;
    *n_metrics = n;
    *parts = w.parts;
    return FDML_OK;
}
