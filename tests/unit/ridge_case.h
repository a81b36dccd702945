/* ridge_case.h - rows, and what scikit-learn's weighted Ridge makes of them
 * (make_ridge_case.py, which makes the same rows).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_RIDGE_CASE_H
#define FDML_TESTS_UNIT_RIDGE_CASE_H

#include <stdint.h>

enum { RIDGE_ROWS = 300, RIDGE_DIM = 5, RIDGE_CASES = 4 };

typedef struct ridge_case {
    double alpha, coef[RIDGE_DIM], intercept, r2;
} ridge_case;

extern const ridge_case ridge_cases[RIDGE_CASES];
extern const uint32_t ridge_forward[RIDGE_DIM], ridge_largest[RIDGE_DIM];

#endif
