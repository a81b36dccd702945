/* tabular_case.h - two tables, and what scikit-learn encodes them as (make_tabular_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_TABULAR_CASE_H
#define FDML_TESTS_UNIT_TABULAR_CASE_H

/* age; city: (missing), Bonn, Trier, Ulm; year; ward: 10, 2, 9; flat */
enum { TABULAR_ROWS = 10, TABULAR_FIT = 7, TABULAR_DIM = 10, TABULAR_ADULT_DIM = 33 };

extern const char tabular_case_csv[]; /* the features, sex and the target y */
extern const double tabular_case_z[TABULAR_ROWS * TABULAR_DIM];

/* over the test rows of Adult, fitted to its training rows */
extern const double tabular_adult_sum[TABULAR_ADULT_DIM];
extern const double tabular_adult_square[TABULAR_ADULT_DIM];

#endif
