/* spd.h - symmetric positive definite systems of up to a few hundred unknowns, in double.
 *
 * Every sum has one order, written out, so the bits are the same everywhere.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_SPD_H
#define FDML_EXPLAIN_SPD_H

#include <stddef.h>

/* Cholesky's decomposition in place: a: [n, n], of which the lower triangle is read and becomes
 * L, L L' = a; the upper one is left alone. Returns n, or the first row whose pivot is not
 * finite, not above 0, or not above `floor` times the diagonal; then a is spoilt. */
size_t fdml_spd_factor(double *a, size_t n, double floor);

/* x: [n] the right side, then the solution; l: what fdml_spd_factor made. */
void fdml_spd_solve(double *x, const double *l, size_t n);

#endif
