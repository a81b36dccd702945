/* mutual.h - which features say most about a black box's answers: mutual information.
 *
 * The paper's authors keep the k columns of largest mutual_info_regression (scikit-learn) with
 * the black box's probability. The answer is continuous. Of a continuous column the estimate is
 * that of Kraskov, Stoegbauer and Grassberger, "Estimating mutual information" (Phys. Rev. E
 * 69, 2004, equation 8), of a discrete one that of Ross, "Mutual information between discrete
 * and continuous data sets" (PLoS ONE 9, 2014), both with 3 neighbours, as scikit-learn
 * computes them, and no less than 0.
 *
 * Both estimates assume that no two rows are equal. As scikit-learn does, continuous columns
 * and answers are divided by their deviation and get normal noise of 1e-10 times their mean
 * size, at least 1e-10, which splits ties and moves nothing else. Scikit-learn draws it anew at
 * every call and for every column. Here it depends on the row alone: one draw for the answer
 * and one that all columns share, so that the information of a column does not depend on which
 * others there are, and that of equal columns is equal.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_MUTUAL_H
#define FDML_EXPLAIN_MUTUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { FDML_MUTUAL_NEIGHBOURS = 3 }; /* fewer where there are no more other rows */

typedef struct fdml_mutual_columns {
    const float *x; /* [n, dim], finite or NaN: a missing number, which counts as the mean of
                     * the others, and among the values of a discrete column as one more */
    const uint8_t *is_discrete; /* [dim] */
    size_t n, dim;              /* n below 2^32 */
} fdml_mutual_columns;

/* information: [dim] in nats, with y [n] finite; 0 of fewer than two rows. In n log n steps per
 * column. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_mutual_information(double *information, const fdml_mutual_columns *columns,
                                    const double *y, int n_threads, fdml_arena *scratch,
                                    fdml_error *err);

/* Bytes of that scratch, at most. */
double fdml_mutual_memory(size_t n, int n_threads);

/* column: [k], ascending: those of the largest, of equal ones the first. k at most dim. */
void fdml_mutual_largest(uint32_t *column, size_t k, const double *information, size_t dim);

#endif
