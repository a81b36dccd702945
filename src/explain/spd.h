/* spd.h - symmetric positive definite systems of a few hundred unknowns, in double.
 *
 * Cholesky by rows: every entry is one dot product of two rows that lie in cache (400 unknowns
 * are 1.3 MB), in the order of fdml_dot, so the bits are the same everywhere.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_SPD_H
#define FDML_EXPLAIN_SPD_H

#include <stdbool.h>
#include <stddef.h>

/* a: [n, n], of which the lower triangle is read and becomes L, L L' = a. False, and a is
 * spoilt, where a pivot is not above 0. */
bool fdml_spd_factor(double *a, size_t n);

/* x: [n] the right side, then the solution; l: what fdml_spd_factor made. */
void fdml_spd_solve(double *x, const double *l, size_t n);

#endif
