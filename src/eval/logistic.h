/* logistic.h - multinomial logistic regression, the same bits everywhere.
 *
 * Minimises, over weights U of standardised features z and a bias for each value,
 *
 *     f = (1/n) (sum_i w_i (-log p_i[y_i]) + ||U||^2 / (2 C)),   p_i = softmax(U^T z_i + beta)
 *
 * which is scikit-learn's LogisticRegression behind a StandardScaler, divided by n. Balanced
 * weights are w_i = n / (values * rows of value y_i), so that each value counts alike. L-BFGS
 * (lbfgs.h) starts from zero; f is convex, so there is one minimum. Features are standardised
 * on the way: no copy of the rows is made.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_LOGISTIC_H
#define FDML_EVAL_LOGISTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

/* Some rows of a matrix. Arrays over all rows are borrowed. */
typedef struct fdml_logistic_rows {
    const float *x; /* [.., dim] */
    size_t dim;
    const double *scale;  /* [..] each row is multiplied by its own; NULL: 1 */
    const uint32_t *code; /* [..] the value to predict, below n_values */
    size_t n_values;
    const uint32_t *row; /* [n] which */
    size_t n;            /* at least 1 */
} fdml_logistic_rows;

typedef struct fdml_logistic_options {
    double c; /* inverse of the penalty */
    bool is_balanced;
    double tolerance; /* largest component of f's gradient at which it is minimised */
    unsigned max_iterations;
    int n_threads;
} fdml_logistic_options;

typedef struct fdml_logistic {
    size_t dim, n_values, stride; /* stride: of a row of weights */
    double *weight;               /* [dim, stride] of features as given, not standardised */
    double *bias;                 /* [stride] */
    double loss;                  /* f */
    double gradient;              /* largest component that is left */
    unsigned n_iterations;
} fdml_logistic;

/* The model is in `arena`, scratch is given back. A feature that is constant has weight 0, a
 * value without rows is never the likeliest. FDML_E_NOMEM, FDML_E_LIMIT. */
fdml_status fdml_logistic_fit(fdml_logistic *model, const fdml_logistic_rows *rows,
                              const fdml_logistic_options *options, fdml_arena *arena,
                              fdml_error *err);

/* predicted[rows->row[i]] = the likeliest value, of equally likely ones the first. */
void fdml_logistic_predict(uint32_t *predicted, const fdml_logistic *model,
                           const fdml_logistic_rows *rows, int n_threads);

/* Bytes that fit takes at its peak, the model included. */
size_t fdml_logistic_size(size_t dim, size_t n_values, size_t n_rows);

#endif
