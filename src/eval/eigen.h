/* eigen.h - eigenvalues and eigenvectors of a symmetric matrix, in double.
 *
 * Householder's reduction to tridiagonal form, then the implicit QL method (Golub & Van Loan,
 * "Matrix Computations", 8.3; Dubrulle, Martin & Wilkinson 1968). Uses + - * / and sqrt alone
 * and one thread, so the bits are the same on every machine. About 9 n^3 multiply-adds: 0.1 s
 * for n = 256, under a minute for n = 2048.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_EIGEN_H
#define FDML_EVAL_EIGEN_H

#include <stddef.h>

#include "base/status.h"

/* matrix: [n, n] symmetric, finite; overwritten. value: [n], ascending. vector: [n, n], row k
 * is the unit eigenvector of value[k]. scratch: [3 * n]. FDML_E_DATA if QL does not converge
 * in 64 sweeps for an eigenvalue, which is not known to happen for finite input. */
fdml_status fdml_eigen_symmetric(double *value, double *vector, double *matrix, size_t n,
                                 double *scratch, fdml_error *err);

#endif
