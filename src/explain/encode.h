/* encode.h - features as what models compute with: standardised numbers and one-hot categories.
 *
 * What scikit-learn's SimpleImputer (mean), StandardScaler and OneHotEncoder (handle_unknown=
 * "ignore") do, fitted to listed rows: a missing number becomes the mean of those known, which
 * is 0 here; z = (x - mean) / deviation, the deviation with divisor n; a category becomes a
 * column for each level of the fitting rows, in the order of levels, of which one is 1. A level
 * that those rows do not have is 0 in all of them. A number that is the same in all fitting
 * rows is only shifted (factor 1). The mean is held as a float, so all z of a feature are off
 * by the same amount, at most |mean| / deviation * 2^-24.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_ENCODE_H
#define FDML_EXPLAIN_ENCODE_H

#include "explain/tabular.h"

#define FDML_NO_ENCODED UINT32_MAX

typedef struct fdml_encoder {
    size_t n_features, dim;
    const fdml_feature *feature;         /* [n_features], the table's */
    const size_t *begin;                 /* [n_features + 1] columns of a feature */
    const float *mean, *factor;          /* [n_features] 0 and 1 where categorical */
    const uint32_t *const *level_column; /* [n_features]: NULL where numeric, else [n_levels]
                                          * the level's column, or FDML_NO_ENCODED */
} fdml_encoder;

/* row: [n], below t->n_rows, some maybe listed often. The encoder is in `arena` and borrows
 * t->feature. FDML_E_DATA: no row; a numeric feature that is missing in all of them.
 * FDML_E_NOMEM. */
fdml_status fdml_encoder_fit(fdml_encoder *e, const fdml_tabular *t, const uint32_t *row,
                             size_t n, fdml_arena *arena, fdml_error *err);
double fdml_encoder_memory(const fdml_tabular *t); /* bytes */

/* z: [n, dim]; x: [n, n_features], raw as in fdml_tabular. They do not overlap. Any number may
 * be NaN, and a category may be any float: what is no level is all zeros. */
void fdml_encoder_rows(float *z, const fdml_encoder *e, const float *x, size_t n);

/* The same as entries that are not 0, one for each feature: value [n, n_features] and column
 * [n, n_features]. What is missing, or no level, is an entry of value 0. */
void fdml_encoder_entries(float *value, uint32_t *column, const fdml_encoder *e, const float *x,
                          size_t n);

#endif
