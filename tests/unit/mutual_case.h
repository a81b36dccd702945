/* mutual_case.h - what scikit-learn makes of rows with and without ties (make_mutual_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_MUTUAL_CASE_H
#define FDML_TESTS_UNIT_MUTUAL_CASE_H

enum { MUTUAL_ROWS = 600, MUTUAL_DIM = 8 };

typedef struct mutual_case {
    double mean, deviation; /* over its random_state */
} mutual_case;
extern const mutual_case mutual_cases[2][MUTUAL_DIM]; /* of answers without and with ties */

#endif
