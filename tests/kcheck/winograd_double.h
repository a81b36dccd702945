/* winograd_double.h - F(4x4, 3x3) in double, and the bounds of what float makes of it.
 *
 * The matrices are not the kernel's: they are made from the points of interpolation 0, +-a, +-b
 * and infinity, by Lagrange (Lavin and Gray, section 4; the algorithm is multiplication of
 * polynomials at points, transposed). With M(x) the product of x - p over the finite points and
 * N_p that of p - q over the others:
 *
 *   B^T, row p: coefficients of M(x) / (x - p)   infinity: of M(x)
 *   G, row p: (1, p, p^2) / N_p                  infinity: (0, 0, 1)
 *   A^T, column p: (1, p, p^2, p^3)              infinity: (0, 0, 0, 1)
 *
 * kern/winograd.h rounds an input three times in a row of B^T (an inner and an outer
 * multiply-add, the constant), four times in a row of A^T, a weight five times in a row of G (a
 * constant that is a product of two, a product, a sum), and does each twice: gamma(6) of
 * |B^T| |d| |B|, gamma(8) of |A^T| |m| |A|, gamma(10) of |G| |g| |G^T|.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_WINOGRAD_DOUBLE_H
#define FDML_TESTS_WINOGRAD_DOUBLE_H

#include "kcheck.h"

enum { SPLIT_ROUNDINGS = 6, JOIN_ROUNDINGS = 8, WEIGHT_ROUNDINGS = 10 };

typedef struct wino_matrix {
    size_t n_rows;
    double at[6][6];
} wino_matrix;

typedef struct wino_tile {
    double at[6][6];
} wino_tile;

wino_matrix wino_b(void); /* B^T */
wino_matrix wino_a(void); /* A^T */
wino_matrix wino_g(void); /* G: three columns */
wino_matrix wino_absolute(wino_matrix m);

/* M d M^T, columns first. What is 0 in M is not looked at, so that 0 x infinity is no NaN. */
wino_tile wino_transform(const wino_matrix *m, const wino_tile *d);
wino_tile wino_sizes(const wino_tile *d); /* absolute values */

/* The 6x6 inputs of a tile, lane l of job->plane, with zeros around it. */
wino_tile wino_input(const fdml_winograd *job, size_t tile, size_t l);
double wino_pixel(const fdml_winograd *job, long y, long x, size_t l);

/* split, products by conv_rows, join: a convolution, against a direct one. */
void kc_winograd_convolution(kcheck *t);

#endif
