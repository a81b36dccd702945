/* nearest.h - the nearest of a list of reference rows, for rows that are not among them.
 *
 * Unlike the pass over pairs (pairs.h), which compares a set with itself, this compares two
 * lists of rows, in which a row may stand more than once. How near is dot product plus bias of
 * the reference: with no bias that is cosine or inner product, with -|r|^2 / 2 Euclidean.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_NEAREST_H
#define FDML_EVAL_NEAREST_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"

#define FDML_NEAREST_NONE UINT32_MAX

typedef struct fdml_nearest {
    const fdml_rows *queries, *references; /* of the same width */
    const float *bias;                     /* [references->n] by place in the list, or NULL */
    size_t dim, k;
} fdml_nearest;

/* place: [queries->n, k], places in the list of references, nearest first, of equally near ones
 * the smaller; NONE beyond the last. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_nearest_find(uint32_t *place, const fdml_nearest *nearest,
                              const fdml_workers *workers, fdml_arena *scratch,
                              fdml_error *err);

/* Bytes of scratch. */
size_t fdml_nearest_size(size_t n_queries, size_t dim, size_t k, const fdml_workers *workers);

#endif
