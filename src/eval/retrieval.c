/* retrieval.c - per-query values from ranks. See retrieval.h for the formulas.
 * SPDX-License-Identifier: MIT */
#include "eval/retrieval.h"

#include <math.h>

uint32_t fdml_hits_within(const fdml_ranks *ranks, uint32_t depth)
{
    uint32_t low = 0, high = ranks->n; /* ranks increase: halve */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ranks->rank[middle] <= depth && ranks->rank[middle] != FDML_RANK_BEYOND)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double fdml_precision_sum(const fdml_ranks *ranks, uint32_t depth)
{
    const uint32_t n = fdml_hits_within(ranks, depth);
    double sum = 0;
    for (uint32_t r = 0; r < n; r++) sum += (double)(r + 1) / (double)ranks->rank[r];
    return sum;
}

static double map_at_r(const fdml_ranks *ranks, fdml_convention convention)
{
    const uint32_t n = ranks->n_relevant;
    if (convention == FDML_REVISITDML)
        return fdml_precision_sum(ranks, n + 1) / ((double)n + 1);
    if (convention == FDML_OML) {
        const uint32_t hits = fdml_hits_within(ranks, n);
        return hits ? fdml_precision_sum(ranks, n) / hits : 0;
    }
    return fdml_precision_sum(ranks, n) / n;
}

double fdml_query_value(const fdml_metric *metric, fdml_convention convention,
                        const fdml_ranks *ranks)
{
    const double n = ranks->n_relevant;
    if (!ranks->n_relevant) return NAN;
    switch (metric->id) {
    case FDML_M_RECALL_AT_K:
        if (convention == FDML_IR) return fdml_hits_within(ranks, metric->k) / n;
        return fdml_hits_within(ranks, metric->k) > 0;
    case FDML_M_PRECISION_AT_1:
        return fdml_hits_within(ranks, 1);
    case FDML_M_R_PRECISION:
        return fdml_hits_within(ranks, ranks->n_relevant) / n;
    case FDML_M_MAP_AT_R:
        return map_at_r(ranks, convention);
    case FDML_M_MAP:
        return fdml_precision_sum(ranks, UINT32_MAX) / (n + (convention == FDML_REVISITDML));
    case FDML_M_MRR:
        return fdml_hits_within(ranks, UINT32_MAX) ? 1 / (double)ranks->rank[0] : 0;
    default:
        return NAN;
    }
}

uint32_t fdml_rank_depth(const fdml_metric *metrics, size_t n_metrics,
                         fdml_convention convention)
{
    uint32_t depth = 1;
    for (size_t m = 0; m < n_metrics; m++) {
        const fdml_metric_id id = metrics[m].id;
        if (id == FDML_M_MAP || id == FDML_M_MRR) return 0;
        /* Revisiting DML looks one rank beyond R, which a bounded pass does not promise. */
        if (id == FDML_M_MAP_AT_R && convention == FDML_REVISITDML) return 0;
        if (id == FDML_M_RECALL_AT_K && metrics[m].k > depth) depth = metrics[m].k;
    }
    return depth;
}

double fdml_average_of_averages(const double *value, const uint32_t *code, size_t n,
                                size_t n_classes, double *sum, uint32_t *count)
{
    for (size_t c = 0; c < n_classes; c++) sum[c] = 0, count[c] = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(value[i])) continue;
        sum[code[i]] += value[i];
        count[code[i]]++;
    }
    double total = 0;
    size_t n_used = 0;
    for (size_t c = 0; c < n_classes; c++) {
        if (!count[c]) continue;
        total += sum[c] / count[c];
        n_used++;
    }
    return n_used ? total / (double)n_used : NAN;
}

static bool follows_from_first_rank(fdml_metric_id id, fdml_convention convention)
{
    if (id == FDML_M_RECALL_AT_K) return convention != FDML_IR;
    return id == FDML_M_PRECISION_AT_1 || id == FDML_M_MRR;
}

static bool needs_column(const fdml_metric *metric, fdml_convention convention)
{
    return metric->kind == FDML_KIND_MEAN && !follows_from_first_rank(metric->id, convention);
}

size_t fdml_query_store_size(const fdml_metric *metrics, size_t n_metrics,
                             fdml_convention convention, size_t n_queries)
{
    size_t per_query = sizeof(uint32_t);
    for (size_t m = 0; m < n_metrics; m++)
        if (needs_column(&metrics[m], convention)) per_query += sizeof(double);
    return n_queries * per_query;
}

fdml_status fdml_query_store_init(fdml_query_store *store, const fdml_metric *metrics,
                                  size_t n_metrics, fdml_convention convention,
                                  const uint32_t *place, size_t n_queries, fdml_arena *arena,
                                  fdml_error *err)
{
    uint32_t *first_rank = fdml_arena_push_zero(arena, n_queries, sizeof *first_rank);
    double **column = fdml_arena_push_zero(arena, n_metrics, sizeof *column);
    bool fits = first_rank && column;
    for (size_t m = 0; fits && m < n_metrics; m++) {
        if (!needs_column(&metrics[m], convention)) continue;
        column[m] = fdml_arena_push(arena, n_queries, sizeof **column);
        fits = column[m] != NULL;
    }
    if (!fits)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the values of %zu queries",
                         n_queries);
    *store = (fdml_query_store){ metrics, n_metrics, convention, place, first_rank, column };
    return FDML_OK;
}

void fdml_store_ranks(void *ctx, uint32_t query_row, const uint32_t *rank, uint32_t n_relevant)
{
    const fdml_query_store *store = ctx;
    const size_t query = store->place ? store->place[query_row] : query_row;
    const fdml_ranks ranks = { rank, n_relevant, n_relevant };
    store->first_rank[query] = n_relevant ? rank[0] : 0;
    for (size_t m = 0; m < store->n_metrics; m++)
        if (store->column[m])
            store->column[m][query] =
                fdml_query_value(&store->metrics[m], store->convention, &ranks);
}

double fdml_stored_value(const fdml_query_store *store, size_t metric, size_t query)
{
    const uint32_t first = store->first_rank[query];
    if (!first) return NAN;
    if (store->column[metric]) return store->column[metric][query];
    const fdml_ranks ranks = { &first, 1, 1 };
    return fdml_query_value(&store->metrics[metric], store->convention, &ranks);
}
