/* cart.h - one small decision tree that predicts a label of 0 or 1.
 *
 * Breiman et al., "Classification and regression trees" (1984), with scikit-learn's rules
 * (DecisionTreeClassifier with max_depth, all else at its defaults; sklearn/tree/_splitter.pyx
 * and _criterion.pyx, 1.2): a node of several labels above the greatest depth is cut where the
 * Gini impurity of the two sides is least, even if it is no less than the node's; a cut lies
 * between two values of a column that differ by more than 1e-7, at half their sum, or at the
 * smaller where half their sum is the larger; a row goes left where its value is at most the
 * threshold; P(1) is the share of label 1 among a leaf's rows.
 *
 * Of equally good cuts the one of the smallest column is taken, and there of the smallest
 * threshold. scikit-learn's thresholds tie the same way, but it goes through the columns of
 * each node in an order drawn from its random_state: where columns tie, its trees differ from
 * seed to seed, and from ours. Quality is computed by scikit-learn's own expression (Criterion.
 * proxy_impurity_improvement of Gini), so what ties there, or misses it by rounding, does so
 * here.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_CART_H
#define FDML_EXPLAIN_CART_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { FDML_CART_MOST_DEPTH = 30 };

typedef struct fdml_cart_node {
    double threshold;
    uint32_t right;   /* 0: a leaf; else the right child, the left one being the next node */
    uint32_t feature; /* of z; of a leaf 0 */
    uint32_t n, n_ones;
} fdml_cart_node;

typedef struct fdml_cart {
    const fdml_cart_node *node; /* [n_nodes] a node before its children, left before right */
    size_t n_nodes, dim;
    unsigned depth; /* edges on the longest way */
} fdml_cart;

typedef struct fdml_cart_options {
    unsigned max_depth; /* 1 to FDML_CART_MOST_DEPTH */
    int n_threads;
} fdml_cart_options;

/* z: [n, dim] finite, n at least 1 and below 2^31; label: [n] 0 or 1. The tree is made in
 * `arena`, scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_cart_fit(fdml_cart *cart, const float *z, const uint8_t *label, size_t n,
                          size_t dim, const fdml_cart_options *options, fdml_arena *arena,
                          fdml_error *err);

/* Bytes of `arena` that a fit on n rows of dim columns takes. */
double fdml_cart_memory(size_t n, size_t dim, const fdml_cart_options *options);

/* p: [n] P(1) of the rows z [n, dim]; leaf, where not NULL: [n] the node each ends in. */
void fdml_cart_predict(double *p, uint32_t *leaf, const fdml_cart *cart, const float *z,
                       size_t n);

#endif
