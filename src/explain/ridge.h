/* ridge.h - weighted ridge regression with an intercept, of many rows and up to a few hundred
 * columns, made for solving thousands of small systems.
 *
 * Minimised over coefficients b and an intercept a is
 *
 *     sum_i w_i (y_i - a - x_i . b)^2 + alpha |b|^2
 *
 * which is scikit-learn's Ridge with sample_weight. Rows are read once for their moments: the
 * weighted means, and the sums of products about the means, from which any subset of columns
 * is solved by Cholesky's decomposition without looking at the rows again. Products are chains
 * of 256 fused multiply-adds in single precision (gemm) of centred values, summed in double in
 * order: the same bits on every instruction set.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_RIDGE_H
#define FDML_EXPLAIN_RIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"

typedef struct fdml_moments {
    size_t dim;
    double weight; /* sum of the weights */
    double *mean;  /* [dim + 1] weighted; the last is that of y */
    double *a;     /* [dim + 1, dim + 1] sum of w (v - mean)(v - mean)^T, the last being y */
    /* scratch */
    const fdml_kernels *kernels;
    float *centre;             /* [dim + 1] the mean as a float */
    float *run, *left, *right; /* a run of centred rows, and its panels */
    float *tile;
} fdml_moments;

/* Everything in `arena`. FDML_E_NOMEM. */
double fdml_moments_memory(size_t dim, const fdml_kernels *kernels); /* bytes */
fdml_status fdml_moments_init(fdml_moments *m, size_t dim, const fdml_kernels *kernels,
                              fdml_arena *arena, fdml_error *err);

/* Of rows x [n, dim], y [n] and weights [n], finite, at least one weight above 0. */
void fdml_moments_make(fdml_moments *m, const float *x, const double *y, const float *weight,
                       size_t n);

typedef struct fdml_ridge {
    size_t n;         /* of chosen columns */
    double *coef;     /* [n] in the order of the list */
    double intercept; /* of raw columns: y is about intercept + x . coef */
    double r2;        /* weighted coefficient of determination; 0 where y is constant */
    double *scratch;  /* [(dim + 1)^2] */
} fdml_ridge;

/* Room for any choice of dim columns, in `arena`. FDML_E_NOMEM. */
double fdml_ridge_memory(size_t dim); /* bytes */
fdml_status fdml_ridge_init(fdml_ridge *ridge, size_t dim, fdml_arena *arena, fdml_error *err);

/* On the n listed columns (NULL: the first n). An alpha above 0 makes every design regular (one
 * below 1e-6 of the moments may be lost in their rounding), and a constant column then has
 * coefficient 0. With alpha 0 a column that is constant, or depends on those before it in the
 * list, is FDML_E_DATA. */
fdml_status fdml_ridge_fit(fdml_ridge *ridge, const fdml_moments *m, const uint32_t *column,
                           size_t n, double alpha, fdml_error *err);

/* The choices of lime 0.2: k of dim columns, k at most dim.
 * forward: again and again the column with which least squares (alpha 0) explain most, of
 * equal ones the first; listed in that order. A column that depends on those before it
 * explains nothing new.
 * largest: those of largest |coef * at| by ridge with alpha 0.01, in that order; at: [dim]. */
void fdml_ridge_forward(uint32_t *column, size_t k, const fdml_moments *m, fdml_ridge *scratch);
fdml_status fdml_ridge_largest(uint32_t *column, size_t k, const fdml_moments *m,
                               const float *at, fdml_ridge *scratch, fdml_error *err);

#endif
