/* explain_case.h - made rows, and what references make of them (make_explain_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_EXPLAIN_CASE_H
#define FDML_TESTS_UNIT_EXPLAIN_CASE_H

#include "explain/cart.h"

enum {
    EXPLAIN_POINTS = 11,
    EXPLAIN_SPLINES = 20,
    EXPLAIN_GAM_ROWS = 400,
    EXPLAIN_GAM_DIM = 5,
    EXPLAIN_GAMS = 3,
    EXPLAIN_COEFFICIENTS = 64, /* 3 splines, 2, 1, and the intercept */
    EXPLAIN_SHOWN = 40,        /* rows whose probabilities are listed: the first */
    EXPLAIN_TREE_ROWS = 1500,
    EXPLAIN_TREE_DIM = 6,
    EXPLAIN_BINARY_ROWS = 300,
    EXPLAIN_BINARY_DIM = 3
};

/* Splines between -3 and 5 at points, some of them outside: [points, splines]. */
extern const double explain_case_point[EXPLAIN_POINTS];
extern const double explain_case_basis[EXPLAIN_POINTS * EXPLAIN_SPLINES];

typedef struct explain_gam {
    double lambda, edf, deviance, ubre;
    double coefficient[EXPLAIN_COEFFICIENTS];
    double p[EXPLAIN_SHOWN];
} explain_gam;
extern const explain_gam explain_case_gam[EXPLAIN_GAMS];
extern const double explain_case_logistic[EXPLAIN_SHOWN];

typedef struct explain_tree {
    unsigned max_depth;
    size_t n_nodes;
    fdml_cart_node node[127];
} explain_tree;
extern const explain_tree explain_case_tree[];
extern const int explain_case_n_trees;

/* Rows of the values 0 to 9, row i labelled with bit i of k: how many rows go left, as a digit,
 * for k = 1 to 1022. */
extern const char explain_case_stumps[];

/* The rows; one after another they take from one generator, so all are made at once. */
typedef struct explain_rows {
    float gam[EXPLAIN_GAM_ROWS * EXPLAIN_GAM_DIM];
    float tree[EXPLAIN_TREE_ROWS * EXPLAIN_TREE_DIM];
    float binary[EXPLAIN_BINARY_ROWS * EXPLAIN_BINARY_DIM];
    uint8_t gam_label[EXPLAIN_GAM_ROWS], tree_label[EXPLAIN_TREE_ROWS],
        binary_label[EXPLAIN_BINARY_ROWS];
} explain_rows;
const explain_rows *explain_case_rows(void);

#endif
