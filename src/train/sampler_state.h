/* sampler_state.h - what sampler.c makes and sampler_draw.c draws from.
 *
 * Rows lie in `order` by cell: a cell is a class, or the rows of a class in one group. Cells of
 * a class lie together, and classes without rows have none.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SAMPLER_STATE_H
#define FDML_TRAIN_SAMPLER_STATE_H

#include "train/sampler.h"

struct fdml_sampler {
    fdml_sampler_options options;
    fdml_sampler_counts counts;
    size_t n_rows, n_cells, n_draws; /* n_draws: of classes in a batch */
    uint32_t *order;                 /* [n_rows] */
    size_t *cell_first;              /* [n_cells + 1] in order */
    size_t *class_cell;              /* [counts.n_classes + 1] in cells */
    /* FDML_BALANCE_CLASSES; else one group of all classes. Values without a class have no group
     */
    uint32_t *group_class; /* [counts.n_classes] classes (as in class_cell) by group */
    size_t *group_first;   /* [n_groups + 1] */
    size_t n_groups;
};

#endif
