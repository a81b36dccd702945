/* explain_model_case.h - two networks in ONNX, and their answers to the rows of tabular_case.h
 * (make_explain_model_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_EXPLAIN_MODEL_CASE_H
#define FDML_TESTS_UNIT_EXPLAIN_MODEL_CASE_H

#include <stddef.h>

#include "tabular_case.h"

/* ten columns, three hidden units, P(1) */
extern const unsigned char explain_model_sigmoid[];
extern const size_t explain_model_sigmoid_size;
extern const double explain_model_sigmoid_p[TABULAR_ROWS];

/* ten columns, four hidden units, P(0) and P(1) */
extern const unsigned char explain_model_softmax[];
extern const size_t explain_model_softmax_size;
extern const double explain_model_softmax_p[TABULAR_ROWS];

#endif
