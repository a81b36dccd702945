/* logit.h - logistic regression with two values as liblinear defines it, in double.
 *
 * Minimised over u = (w, b) is
 *
 *     f = (|w|^2 + b^2) / 2 + C sum_i log(1 + exp(-y_i (w z_i + b))),   y_i = 1 or -1:
 *
 * scikit-learn's LogisticRegression(solver="liblinear"), whose intercept is penalised as the
 * weights are. (linear_model.h leaves it free, and standardises.) Newton's method with halved
 * steps; f is strictly convex, so there is one minimum wherever it starts.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_LOGIT_H
#define FDML_EXPLAIN_LOGIT_H

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_logit_rows {
    const float *z;   /* [n, dim] encoded */
    const uint8_t *y; /* [n] 0 or 1 */
    size_t n, dim;
} fdml_logit_rows;

typedef struct fdml_logit {
    double value;    /* f */
    double gradient; /* its largest component that is left */
    unsigned n_steps;
} fdml_logit;

/* u: [dim + 1], where to start, then the minimum; the last is b. Stops where the gradient is
 * below 1e-9 (1 + C n) or f falls no more. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_logit_fit(double *u, fdml_logit *fit, const fdml_logit_rows *rows, double c,
                           int n_threads, fdml_arena *scratch, fdml_error *err);

/* Bytes of that scratch. */
double fdml_logit_memory(size_t n, size_t dim);

/* w z + b of one row, summed in order. */
double fdml_logit_score(const double *u, const float *z, size_t dim);

/* 1 / (1 + exp(-score)) */
double fdml_logit_probability(double score);

#endif
