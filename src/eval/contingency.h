/* contingency.h - do two labelings of the same rows agree? Class x cluster, stored sparsely.
 *
 * The table holds only cells that have rows, sorted by class, then cluster; each cell is a run
 * of items, one for every unit (row or class) that has rows in it. So one sweep over the items
 * gives the sums of every group at once, for any codes of the units, and every measure below
 * is a function of those sums.
 *
 * With N rows, cells n_ck, classes n_c, clusters m_k, H = -sum p log p (natural logarithm):
 *   mi    = log N + (sum n_ck log n_ck - sum n_c log n_c - sum m_k log m_k) / N
 *   nmi   = mi / mean(H(C), H(K)), arithmetic unless said otherwise   (Strehl & Ghosh 2002)
 *   ami   = (mi - E) / (mean(H(C), H(K)) - E)                         (Vinh, Epps, Bailey 2010)
 *   homogeneity h = mi / H(C), completeness c = mi / H(K), v = 2hc / (h + c)
 *   with TP = sum C(n_ck,2), P = sum C(n_c,2), Q = sum C(m_k,2), T = C(N,2):
 *   ari   = (TP - PQ/T) / ((P+Q)/2 - PQ/T)                            (Hubert & Arabie 1985)
 *   fmi   = TP / sqrt(PQ)                                             (Fowlkes & Mallows 1983)
 *   f1    = 2 TP / (P + Q)
 * Degenerate tables follow scikit-learn: no rows, one class and one cluster, or a one-to-one
 * table score 1; one class against several clusters scores 0 (its homogeneity is 1).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_CONTINGENCY_H
#define FDML_EVAL_CONTINGENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_contingency_item {
    uint32_t label, cluster, unit, count;
} fdml_contingency_item;

typedef struct fdml_contingency {
    const fdml_contingency_item *item;    /* [n_items] */
    size_t n_items, n_clusters, n_labels; /* labels: those that have rows */
    const double *xlogx;                  /* [n_xlogx] x log x, larger x are computed */
    size_t n_xlogx;
} fdml_contingency;

/* What is counted: row[i] (or i where NULL) has class label[row], cluster assignment[row] and
 * belongs to unit[row] (or 0 where NULL). Rows must come class by class. */
typedef struct fdml_contingency_rows {
    const uint32_t *row; /* [n_rows] or NULL */
    size_t n_rows;
    const uint32_t *label, *assignment, *unit; /* by row id */
    size_t n_clusters;
} fdml_contingency_rows;

/* Sixteen bytes a row while building, then sixteen an item. */
fdml_status fdml_contingency_make(fdml_contingency *table, const fdml_contingency_rows *rows,
                                  fdml_arena *arena, fdml_error *err);

typedef struct fdml_agreement {
    double n;                                      /* rows */
    double cell_xlogx, label_xlogx, cluster_xlogx; /* sums of x log x */
    double cell_pairs, label_pairs, cluster_pairs; /* TP, P, Q */
    size_t n_cells, n_labels, n_clusters;          /* that have rows */
} fdml_agreement;

/* Counts of rows that a sweep leaves in its scratch: [n_groups, n_labels], of which the first
 * sums[g].n_labels are used, and [n_groups, n_clusters], with zeros. */
typedef struct fdml_margins {
    uint32_t *label, *cluster;
} fdml_margins;

/* code: [n_units] in 0..n_groups-1, or NULL for one group. sums: [n_groups]; margins may be
 * NULL. scratch: fdml_contingency_scratch bytes. */
size_t fdml_contingency_scratch(const fdml_contingency *table, size_t n_groups);
void fdml_contingency_sums(fdml_agreement *sums, fdml_margins *margins,
                           const fdml_contingency *table, const uint32_t *code, size_t n_groups,
                           void *scratch);

typedef enum fdml_mean { FDML_ARITHMETIC, FDML_GEOMETRIC, FDML_MIN, FDML_MAX } fdml_mean;

double fdml_label_entropy(const fdml_agreement *a);   /* H(C) */
double fdml_cluster_entropy(const fdml_agreement *a); /* H(K) */
double fdml_agreement_information(const fdml_agreement *a);
double fdml_nmi(const fdml_agreement *a, fdml_mean mean);
double fdml_ami(const fdml_agreement *a, double expected_mi); /* arithmetic mean */
double fdml_homogeneity(const fdml_agreement *a);
double fdml_completeness(const fdml_agreement *a);
double fdml_v_measure(const fdml_agreement *a);
double fdml_ari(const fdml_agreement *a);
double fdml_fmi(const fdml_agreement *a);
double fdml_pair_f1(const fdml_agreement *a);

/* Expected mutual information of two random labelings with these counts (hypergeometric model,
 * Vinh et al. 2010, eq. 24a). Equal counts are grouped, so 11,000 x 11,000 classes of a few
 * sizes cost a few thousand terms. Both arrays are sorted in place; zeros are ignored. */
double fdml_expected_mi(uint32_t *label_count, size_t n_labels, uint32_t *cluster_count,
                        size_t n_clusters);

#endif
