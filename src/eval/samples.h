/* samples.h - some rows of a matrix, with what is to be predicted of them.
 *
 * Classifiers read rows where they are: no copy of a training part is made. A row may be listed
 * more than once and then counts as often. Rows are standardised on the way: each feature less
 * its mean over the training rows, divided by their deviation (scikit-learn's StandardScaler).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_SAMPLES_H
#define FDML_EVAL_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"

/* Arrays over all rows are borrowed. */
typedef struct fdml_samples {
    const float *x; /* [.., dim] */
    size_t dim;
    const float *scale;   /* [..] each row is multiplied by its own; NULL: 1 */
    const uint32_t *code; /* [..] the value to predict, below n_values */
    size_t n_values;
    const uint32_t *row; /* [n] which */
    size_t n;            /* at least 1 */
} fdml_samples;

/* What of a classifier's work no result depends on. */
typedef struct fdml_workers {
    const fdml_kernels *kernels;
    int n_threads;
} fdml_workers;

/* The listed rows once each, ascending, in row[0 .. returned), and place[i], which of them the
 * i-th of the list is. row, place: [n]; key: [n, 2], scratch. */
size_t fdml_samples_distinct(uint32_t *row, uint32_t *place, const fdml_samples *samples,
                             uint64_t *key);

/* The same rows as samples of their own, times[i] being how often row[i] was listed. Both in
 * `arena`; scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_samples_merge(fdml_samples *merged, uint32_t **times,
                               const fdml_samples *samples, fdml_arena *arena, fdml_error *err);
size_t fdml_samples_merge_size(size_t n_listed);

typedef struct fdml_standard {
    float *mean, *factor; /* [dim]; factor: 1 / deviation, or 0 where a feature is constant */
} fdml_standard;

/* Of the rows listed. In `arena`; scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_standard_make(fdml_standard *standard, const fdml_samples *samples,
                               int n_threads, fdml_arena *arena, fdml_error *err);
size_t fdml_standard_size(size_t dim);

/* x: [n, dim + 1], the samples first .. first + n - 1 as `standard` says, each with a 1 at the
 * end, which a bias is the weight of. */
void fdml_standard_rows(float *x, const fdml_standard *standard, const fdml_samples *samples,
                        size_t first, size_t n, const fdml_kernels *kernels);

#endif
