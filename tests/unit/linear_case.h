/* linear_case.h - forty rows, and what scikit-learn makes of them (make_linear_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_LINEAR_CASE_H
#define FDML_TESTS_UNIT_LINEAR_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "eval/linear_model.h"

enum { LINEAR_ROWS = 40, LINEAR_DIM = 3, LINEAR_VALUES = 3, LINEAR_CASES = 6 };

typedef struct linear_case {
    fdml_linear_loss loss;
    double c;
    bool is_balanced;
    double value;                              /* the minimum */
    double weight[LINEAR_DIM * LINEAR_VALUES]; /* [dim, values] of standardised features */
    double bias[LINEAR_VALUES];
} linear_case;

extern const float linear_case_x[LINEAR_ROWS * LINEAR_DIM];
extern const uint32_t linear_case_code[LINEAR_ROWS];
extern const linear_case linear_cases[LINEAR_CASES];

#endif
