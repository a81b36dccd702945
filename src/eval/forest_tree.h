/* forest_tree.h - one tree of a forest, and the scratch of a thread; private to forest*.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_FOREST_TREE_H
#define FDML_EVAL_FOREST_TREE_H

#include <stdbool.h>

#include "eval/forest.h"

/* A row goes left where feature's value is at most the threshold. Children stand side by side.
 */
typedef struct tree_node {
    uint32_t left;    /* 0: a leaf */
    uint32_t feature; /* of a leaf: the value it votes for */
    float threshold;
} tree_node;

typedef struct tree_desk {
    const fdml_samples *train;
    uint32_t *weight;       /* [n] times a place of the list of rows was drawn */
    uint32_t *place;        /* [n] those drawn, node by node */
    uint64_t *item, *pass;  /* [n] value and place of a node's rows, to be sorted; scratch */
    uint32_t *left, *right; /* [n_values] weights of values; all 0 between nodes */
    uint32_t *feature;      /* [dim] all of them, in any order */
    tree_node *node;        /* [2 n] */
    uint32_t *pending;      /* [n + 1, 3] node and its part of `place` */
} tree_desk;

bool fdml_tree_desk_make(tree_desk *desk, const fdml_samples *train, fdml_arena *arena);
size_t fdml_tree_desk_size(size_t dim, size_t n_values, size_t n_train);

/* Tree `index` of the forest, in desk->node; the root is node 0. */
void fdml_tree_grow(tree_desk *desk, const fdml_forest_options *options, uint32_t index);

static inline float tree_value(const fdml_samples *samples, uint32_t row, uint32_t feature)
{
    const float x = samples->x[(size_t)row * samples->dim + feature];
    return samples->scale ? x * samples->scale[row] : x;
}

#endif
