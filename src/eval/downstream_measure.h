/* downstream_measure.h - predictions of a group become sums that can be resampled.
 *
 * A cluster is what is drawn as a whole: a class or a row (--unit). Its row of features holds,
 * over all splits,
 *
 *   tests, right, presence, precision, recall, f1
 *
 * Accuracy is right / tests, the other measures are their column / presence, of one cluster as
 * of the sum of many. Where the clusters are the very values that are predicted, presence is 1
 * and the others are the value's own precision, recall and f1: a macro measure is a mean over
 * clusters. To precision and f1 is added what the cluster's rows do to those of other values,
 * to first order and less its mean over clusters, so that sums stay. Else they are linearised:
 * the measure's value times tests, plus the influence of the cluster's rows on it (the
 * infinitesimal jackknife: Efron, "The jackknife, the bootstrap and other resampling plans",
 * 1982, ch. 6), and presence is tests. That sees the less of the spread the fewer rows a value
 * has: of a value with one row nothing.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_DOWNSTREAM_MEASURE_H
#define FDML_EVAL_DOWNSTREAM_MEASURE_H

#include "eval/downstream.h"

/* The test rows of all splits, one after the other. */
typedef struct fdml_tests {
    uint32_t *row; /* [n] ids */
    size_t *begin; /* [n_splits + 1] */
    size_t n_splits;
    const fdml_learned_target *target;
} fdml_tests;

/* The part of them that one group has. */
typedef struct fdml_tested_group {
    const fdml_tests *tests;
    const uint32_t *at;      /* [n] places in tests->row, ascending */
    const uint32_t *cluster; /* [n] */
    size_t n, n_clusters;
    bool is_of_values; /* a cluster is a value */
    /* What the group draws, where it draws together with others: of every unit that has tests
     * at all, the group's cluster or FDML_ABSENT. [n_drawn], else NULL. */
    const uint32_t *place;
    size_t n_drawn;
} fdml_tested_group;

/* What is drawn: rows where `unit` is NULL, else the codes unit[row] below n_units. */
typedef struct fdml_drawn_units {
    const uint32_t *unit;
    size_t n_units; /* the rows, where unit is NULL */
    bool are_values;
} fdml_drawn_units;

/* The rows whose group_code is `group`, or all where it is NULL. In `arena`. FDML_E_NOMEM. */
fdml_status fdml_tested_group_make(fdml_tested_group *group, const fdml_tests *tests,
                                   const fdml_drawn_units *units, const uint32_t *group_code,
                                   uint32_t code, fdml_arena *arena, fdml_error *err);

/* Fills place. In `arena`. FDML_E_NOMEM. */
fdml_status fdml_tested_group_place(fdml_tested_group *group, const fdml_drawn_units *units,
                                    fdml_arena *arena, fdml_error *err);

/* Test rows of one split, rounded. */
static inline size_t fdml_tested_rows(const fdml_tested_group *group)
{
    return (group->n + group->tests->n_splits / 2) / group->tests->n_splits;
}

enum { FDML_LEARNED_COLUMNS = 6, FDML_LEARNED_STRIDE = 8 };

/* features: [n_clusters, FDML_LEARNED_STRIDE]; total: their sum. predicted: [tests->n] codes.
 * Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_learned_features(double *features, double total[FDML_LEARNED_STRIDE],
                                  const fdml_tested_group *group, const uint32_t *predicted,
                                  fdml_arena *scratch, fdml_error *err);

/* NaN where there is nothing to divide by. */
double fdml_learned_value(const double sums[FDML_LEARNED_STRIDE], fdml_learned_measure measure);

#endif
