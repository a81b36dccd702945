/* lbfgs.h - the minimum of a smooth function of many variables, the same bits everywhere.
 *
 * Limited-memory BFGS: Nocedal & Wright, "Numerical Optimization" (2006), algorithm 7.5, ten
 * pairs, with a line search that halves the step until Armijo's condition (3.4) holds. Meant
 * for convex functions; on others it may stop where no step goes down.
 *
 * f, its gradient and x are in double. Pairs, and the direction that is made of them, are in
 * single precision: a direction need not be exact, whether f falls along it is looked at, and
 * for many variables most of the time is spent reading pairs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_LBFGS_H
#define FDML_EVAL_LBFGS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"

/* Returns f(x), finite, and sets gradient [n]. */
typedef double (*fdml_smooth_fn)(void *ctx, double *gradient, const double *x);

typedef struct fdml_lbfgs {
    fdml_smooth_fn fn;
    void *ctx;
    size_t n;
    const fdml_kernels *kernels;
    double tolerance; /* of the gradient's largest component */
    double rounding;  /* relative error of fn's value; 0: that of doubles, 2^-50 */
    unsigned max_iterations;
    /* results */
    double value, gradient; /* f, and the gradient's largest component, where it stopped */
    unsigned n_iterations;
} fdml_lbfgs;

/* x: where to start, then the minimum. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_lbfgs_run(double *x, fdml_lbfgs *job, fdml_arena *scratch, fdml_error *err);

/* Bytes of scratch for n variables. */
size_t fdml_lbfgs_size(size_t n);

#endif
