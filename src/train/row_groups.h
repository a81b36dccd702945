/* row_groups.h - the rows of a batch by a code, numbered in the order in which codes appear.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_ROW_GROUPS_H
#define FDML_TRAIN_ROW_GROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct fdml_row_groups {
    uint32_t *group; /* [n]: of each row */
    uint32_t *code;  /* [n_groups] */
    size_t *count;   /* likewise */
    size_t n_groups;
} fdml_row_groups;

/* code [n]; NULL: all rows are one group. false: the arena is full. Takes n * n_groups steps.
 */
bool fdml_row_groups_find(fdml_row_groups *groups, const uint32_t *code, size_t n,
                          fdml_arena *arena);

/* Row g of sum [n_groups, dim]: the sum of the rows x [n, dim] of group g, in their order;
 * shape is n, dim. */
void fdml_row_groups_sum(double *sum, const double *x, const fdml_row_groups *groups,
                         const size_t shape[2]);

#endif
