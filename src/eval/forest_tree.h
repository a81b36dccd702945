/* forest_tree.h - one tree of a forest, and what trees share; private to forest*.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_FOREST_TREE_H
#define FDML_EVAL_FOREST_TREE_H

#include <stdbool.h>

#include "eval/forest.h"

/* --- forest_rows.c: what every tree is grown on ------------------------------------------ */

/* A listed row stands here once, however often it is repeated. */
typedef struct tree_rows {
    const fdml_samples *train;
    uint32_t *row;   /* [n] the different rows */
    uint32_t *place; /* [train->n] where in `row` each of the list is */
    uint32_t *rank;  /* [dim, n] how many different values of the feature are smaller */
    size_t n;
} tree_rows;

/* In `arena`; scratch is given back: 16 bytes a listed row, and then less than desks for the
 * threads will be. False: no memory. */
bool fdml_tree_rows_make(tree_rows *rows, const fdml_samples *train, int n_threads,
                         fdml_arena *arena);
size_t fdml_tree_rows_size(size_t dim, size_t n_train, size_t n_distinct);

/* --- forest_tree.c ----------------------------------------------------------------------- */

/* A row goes left where feature's value is at most the threshold. Children stand side by side.
 */
typedef struct tree_node {
    uint32_t left;    /* 0: a leaf */
    uint32_t feature; /* of a leaf: the value it votes for */
    float threshold;
} tree_node;

/* A row that was drawn. */
typedef struct tree_row {
    double weight; /* how often */
    uint32_t place, code;
} tree_row;

/* Weights of the rows of a value: in the node, and left of the cut that is tried. */
typedef struct tree_count {
    double total, left;
} tree_count;

/* A node that is yet to be made, of row[begin .. end). */
typedef struct tree_task {
    uint32_t node, begin, end;
} tree_task;

/* The scratch of a thread; n: of tree_rows. */
typedef struct tree_desk {
    const tree_rows *rows;
    tree_row *row;         /* [n] those drawn, node by node */
    uint32_t *weight;      /* [n] by place; while rows are drawn */
    uint64_t *key, *spare; /* [n] rank and number of a node's rows, in order; scratch */
    uint32_t *slot, *next; /* [n] a row of each rank; another of the same rank */
    uint64_t *bits;        /* [n / 64 + 1] ranks there are; all 0 between features */
    tree_count *count;     /* [n_values] all 0 between nodes */
    uint32_t *feature;     /* [dim] all of them, in any order */
    tree_node *node;       /* [2 n] */
    tree_task *task;       /* [n + 1] */
} tree_desk;

bool fdml_tree_desk_make(tree_desk *desk, const tree_rows *rows, fdml_arena *arena);
size_t fdml_tree_desk_size(size_t dim, size_t n_values, size_t n_distinct);

/* Tree `index` of the forest, in desk->node; the root is node 0. */
void fdml_tree_grow(tree_desk *desk, const fdml_forest_options *options, uint32_t index);

static inline float tree_value(const fdml_samples *samples, uint32_t row, uint32_t feature)
{
    const float x = samples->x[(size_t)row * samples->dim + feature];
    return samples->scale ? x * samples->scale[row] : x;
}

#endif
