/* logistic_case.h - forty rows, and what scikit-learn makes of them (make_logistic_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_LOGISTIC_CASE_H
#define FDML_TESTS_UNIT_LOGISTIC_CASE_H

#include <stdbool.h>
#include <stdint.h>

enum { LOGISTIC_ROWS = 40, LOGISTIC_DIM = 3, LOGISTIC_VALUES = 3, LOGISTIC_CASES = 4 };

typedef struct logistic_case {
    double c;
    bool is_balanced;
    double loss;
    double weight[LOGISTIC_DIM * LOGISTIC_VALUES]; /* [dim, values] */
    double bias[LOGISTIC_VALUES];                  /* their mean is 0 */
} logistic_case;

extern const float logistic_case_x[LOGISTIC_ROWS * LOGISTIC_DIM];
extern const uint32_t logistic_case_code[LOGISTIC_ROWS];
extern const logistic_case logistic_cases[LOGISTIC_CASES];

#endif
