/* problem.h - what an audit works on: rows of an embedding, and what is known about them.
 *
 * Every array is borrowed and stays unchanged. Row ids are 0..n_rows-1 as in the file; ties
 * between equal distances are broken by row id, so results do not depend on any other order.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PROBLEM_H
#define FDML_EVAL_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/progress.h"
#include "data/factor.h"
#include "simd/kernels.h"

/* How near two rows are. cosine: rows are scaled to unit length first, nearness is the dot
 * product; l2: nearness is minus the squared Euclidean distance; ip: the dot product as is.
 * Where a metric needs a distance d_ij (alignment, uniformity), it is the Euclidean distance
 * of the rows as scaled: of unit rows under cosine, of the rows as given under l2 and ip. */
typedef enum fdml_distance { FDML_COSINE, FDML_L2, FDML_IP } fdml_distance;

#define FDML_MAX_ATTRIBUTES 6

typedef struct fdml_problem {
    const float *x; /* [n_rows, dim] */
    size_t n_rows, dim;
    fdml_distance distance;
    const fdml_factor *label;      /* the class to retrieve */
    const fdml_factor *attributes; /* [n_attributes] the sensitive attributes */
    size_t n_attributes;
    const fdml_factor
        *targets; /* [n_targets] what classifiers predict downstream; none: label */
    size_t n_targets;
    const fdml_factor *slice_columns; /* [n_slice_columns] what slices are made of; none: the
                                         attributes */
    size_t n_slice_columns;
    const uint8_t *is_query;    /* [n_rows] 0/1, or NULL: every row asks */
    const uint8_t *is_gallery;  /* [n_rows] 0/1, or NULL: every row answers */
    const fdml_factor *exclude; /* NULL, or: a row of the query's class and of the same value
                                   here is neither a match nor a miss (--exclude-same) */
} fdml_problem;

/* What every computation needs and no result depends on. */
typedef struct fdml_machine {
    const struct fdml_kernels *kernels;
    int n_threads;
    size_t memory_limit; /* bytes a pass may take beside its inputs and outputs; 0 = default */
    const fdml_progress *progress; /* NULL: silent */
} fdml_machine;

#endif
