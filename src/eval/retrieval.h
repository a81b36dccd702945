/* retrieval.h - what the ranks of a query's matches say: one value per query and metric.
 *
 * A query has R matches; rank[0..n) are the ranks of the found ones, from 1, increasing; all
 * others lie beyond. With hits(K) = #{rank <= K} and precision@rank_r = r / rank_r:
 *
 *   recall_at_K     [rank_1 <= K]                    ir: hits(K) / R
 *   precision_at_1  [rank_1 = 1]
 *   r_precision     hits(R) / R
 *   map_at_r        (1/R) sum_{rank_r <= R} r / rank_r
 *                   oml: divided by hits(R) instead (0 if none)
 *                   revisitdml: (1/(R+1)) sum_{rank_r <= R+1} r / rank_r
 *   map             (1/R) sum r / rank_r             revisitdml: 1/(R+1)
 *   mrr             1 / rank_1
 *
 * Sources: Manning et al., "Introduction to Information Retrieval", ch. 8; Musgrave, Belongie &
 * Lim, "A metric learning reality check" (ECCV 2020) for MAP@R; the conventions are read off
 * the public test cases of trec_eval, torchmetrics, pytorch-metric-learning (pml, whose values
 * equal dml's), open-metric-learning (oml) and Revisiting DML. A query with R = 0 is lone and
 * has no value under any of them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_RETRIEVAL_H
#define FDML_EVAL_RETRIEVAL_H

#include "eval/audit.h"
#include "eval/metrics.h"
#include "eval/pairs.h"

/* The first n of a query's n_relevant ranks; FDML_RANK_BEYOND ends the list early. */
typedef struct fdml_ranks {
    const uint32_t *rank; /* [n] increasing, from 1 */
    uint32_t n;           /* known */
    uint32_t n_relevant;  /* R */
} fdml_ranks;

uint32_t fdml_hits_within(const fdml_ranks *ranks, uint32_t depth);
/* sum of r / rank_r over the matches ranked at most `depth` (UINT32_MAX: all known). */
double fdml_precision_sum(const fdml_ranks *ranks, uint32_t depth);

/* Value of a metric of mean kind; NaN for a lone query. */
double fdml_query_value(const fdml_metric *metric, fdml_convention convention,
                        const fdml_ranks *ranks);

/* The rank depth a metric needs exactly beside the first n_relevant: 0 means all. */
uint32_t fdml_rank_depth(const fdml_metric *metrics, size_t n_metrics,
                         fdml_convention convention);

/* PML's avg_of_avgs: mean over classes of the mean of their values; NaN values are left out.
 * sum, count: [n_classes] scratch. */
double fdml_average_of_averages(const double *value, const uint32_t *code, size_t n,
                                size_t n_classes, double *sum, uint32_t *count);

/* Values of every query for the metrics of mean kind, kept small: recall, precision_at_1 and
 * mrr follow from rank_1, only the others take a column of doubles. Filled by fdml_store_ranks,
 * which is a fdml_ranks_fn. */
typedef struct fdml_query_store {
    const fdml_metric *metrics; /* [n_metrics], those of mean kind are kept */
    size_t n_metrics;
    fdml_convention convention;
    const uint32_t *place; /* [n_rows] place of a query row, or NULL: every row asks */
    uint32_t *first_rank;  /* [n_queries] 0: lone; FDML_RANK_BEYOND: later than asked for */
    double **column;       /* [n_metrics], NULL or [n_queries] */
} fdml_query_store;

fdml_status fdml_query_store_init(fdml_query_store *store, const fdml_metric *metrics,
                                  size_t n_metrics, fdml_convention convention,
                                  const uint32_t *place, size_t n_queries, fdml_arena *arena,
                                  fdml_error *err);
void fdml_store_ranks(void *store, uint32_t query_row, const uint32_t *rank,
                      uint32_t n_relevant);
/* NaN for a lone query. `query` is its place. */
double fdml_stored_value(const fdml_query_store *store, size_t metric, size_t query);
size_t fdml_query_store_size(const fdml_metric *metrics, size_t n_metrics,
                             fdml_convention convention, size_t n_queries);

#endif
