/* gam.h - a logistic generalised additive model: a smooth function of each column, added up.
 *
 * logit P(1) = b_0 + sum over columns d of f_d(z_d). A column of three or more different values
 * has a spline of 20 functions (spline.h) between its least and largest value, and the penalty
 * lambda |D b|^2 on second differences; a column of two values has a coefficient for each, and
 * a column of one value one, with the penalty lambda |b|^2. One lambda serves all columns.
 * These are pygam's LogisticGAM of s() and f() terms with its default settings
 * (github.com/dswah/pyGAM, pygam/pygam.py and terms.py at 010595b).
 *
 * For a lambda the coefficients are found by penalised iteratively reweighted least squares
 * (Wood, "Generalized additive models", 2006, 4.3): with mu = P(1), w = mu (1 - mu) and
 * u = eta + (y - mu) / w, b solves
 *     (X'WX + lambda P + s I) b = X'Wu,    s = sqrt(2^-52),
 * until |b_new - b| < tolerance |b_new|. Rows with w below 2^-52 are left out of a step, as in
 * pygam. A constant can move between the intercept and a spline without any change of eta; as
 * in pygam it is s alone that decides there, and it does so exactly: b is orthogonal to each
 * such direction (gam_pirls.c).
 *
 * Of the lambdas the first with the least UBRE is taken:
 *     UBRE = deviance / n + 2 gamma edf / n,    gamma = 1.4,    edf = trace of the hat matrix
 * of the last step (pygam adds 2, a constant). A lambda whose iteration has no row left, or no
 * finite answer, is passed over; one that has not converged counts, as in pygam.
 *
 * Where labels follow from a line through the rows, as those of a logistic regression do, small
 * lambdas have no finite optimum and end at max_iterations or when every row is left out.
 *
 * Differences from pygam: the iteration starts from a penalised least squares fit of
 * logit(.99), logit(.01) where pygam's is not penalised, which only the number of steps depends
 * on; a value of a two-valued column that was not seen belongs to the nearer of the two, where
 * pygam refuses it; and where pygam decomposes QR and SVD, normal equations are factored.
 * The definitions are pygam's, read in its source; it was not run beside this.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_GAM_H
#define FDML_EXPLAIN_GAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { FDML_GAM_SPLINES = 20, FDML_GAM_LAMBDAS = 11 };

extern const double fdml_gam_lambda[FDML_GAM_LAMBDAS]; /* 10^-3, 10^-2.4 .. 10^3 */

typedef struct fdml_gam_options {
    unsigned max_iterations; /* pygam: 100 */
    double tolerance;        /* pygam: 1e-4 */
    const double *lambda;    /* [n_lambda] each above 0; NULL: fdml_gam_lambda */
    size_t n_lambda;
    int n_threads;
} fdml_gam_options;

typedef struct fdml_gam_term {
    size_t begin, n;  /* its coefficients: 1, 2, or FDML_GAM_SPLINES */
    double low, high; /* least and largest value */
} fdml_gam_term;

/* Of one lambda. */
typedef struct fdml_gam_trial {
    double lambda, ubre, edf, deviance; /* not computed where !has_fit */
    unsigned n_iterations;
    bool has_fit, has_converged;
} fdml_gam_trial;

typedef struct fdml_gam {
    size_t dim, n_coefficients;
    const fdml_gam_term *term; /* [dim] */
    const double *coefficient; /* [n_coefficients] the last one is the intercept */
    const fdml_gam_trial *trial;
    size_t n_trials, best; /* which trial the coefficients are of */
} fdml_gam;

/* z: [n, dim] finite; label: [n] 0 or 1, both present. The model is made in `arena`, scratch
 * is given back. FDML_E_DATA: labels of one value, or no lambda has a fit; FDML_E_NOMEM. */
fdml_status fdml_gam_fit(fdml_gam *gam, const float *z, const uint8_t *label, size_t n,
                         size_t dim, const fdml_gam_options *options, fdml_arena *arena,
                         fdml_error *err);

/* Bytes of `arena` that a fit on n rows of dim columns takes at most, of which n_smooth may
 * have more than two values. */
double fdml_gam_memory(size_t n, size_t dim, size_t n_smooth, const fdml_gam_options *options);

/* p: [n] P(1) of the rows z [n, dim]. */
void fdml_gam_predict(double *p, const fdml_gam *gam, const float *z, size_t n, int n_threads);

/* f_d(x), as it is added to logits. */
double fdml_gam_shape(const fdml_gam *gam, size_t d, double x);

#endif
