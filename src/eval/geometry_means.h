/* geometry_means.h - block sizes and merging that the geometry files share; private to them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_GEOMETRY_MEANS_H
#define FDML_EVAL_GEOMETRY_MEANS_H

#include <stddef.h>

/* Partial sums are one vector per block: small enough blocks to spread over threads, large
 * enough that a million rows leave 500 partials. */
enum { FDML_MEAN_ROWS = 2048, FDML_BLOCK_RUNS = 64 };

/* sum: [dim] = the partial sums [n_blocks, dim], added in order. */
void fdml_merge_partials(double *sum, const double *partial, size_t n_blocks, size_t dim);

#endif
