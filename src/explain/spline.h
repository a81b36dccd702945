/* spline.h - cubic B-splines on even knots, and the penalty that makes them smooth.
 *
 * Eilers & Marx, "Flexible smoothing with B-splines and penalties" (Statistical Science 11,
 * 1996). n basis functions have the knots low + (i - 3) h, i = 0 .. n + 3, where
 * h = (high - low) / (n - 3): none is repeated at the ends, so coefficients that lie on a line
 * give a line. Within [low, high] four functions are not zero and all sum to 1; outside each
 * goes on along its tangent, as in pygam (utils.b_spline_basis).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_SPLINE_H
#define FDML_EXPLAIN_SPLINE_H

#include <stddef.h>

enum { FDML_SPLINE_TERMS = 4 }; /* basis functions that are not zero at a point */

/* b: the functions first .. first + 3 at x; returns first. low < high, n at least 4. */
size_t fdml_spline_basis(double b[FDML_SPLINE_TERMS], double x, double low, double high,
                         size_t n);

/* Adds lambda D'D to the lower triangle of a, rows `stride` apart, where D [n - 2, n] takes
 * second differences: lambda times the sum of (b[i] - 2 b[i+1] + b[i+2])^2 is b'(lambda D'D)b.
 */
void fdml_spline_add_penalty(double *a, size_t stride, size_t n, double lambda);

#endif
