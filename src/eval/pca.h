/* pca.h - the first principal components of some rows, for a map of them.
 *
 * Block power iteration (subspace iteration: Golub & Van Loan, "Matrix Computations", 8.2.4)
 * with Rayleigh and Ritz's projection onto the block, whose small eigenproblem is eigen.h's: a
 * map needs two directions, not dim of them, and the full problem would take a minute for 2048
 * dimensions. A map whose second and third direction hardly differ may turn between them.
 *
 * Sums over rows are made in blocks of fixed size and merged in order, in double: the same bits
 * on every machine and for every number of threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PCA_H
#define FDML_EVAL_PCA_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"

/* at: [n, 2] the rows row[0..n) less their mean, along the two directions of largest variance;
 * of each direction the largest component is positive. explained: the variance along each, as
 * a share of all. Rows are as the distance takes them: of unit length under cosine. Where rows
 * have no variance, `at` is 0 and `explained` NaN. FDML_E_NOMEM. */
fdml_status fdml_pca_map(double *at, double explained[2], const uint32_t *row, size_t n,
                         const fdml_problem *problem, const fdml_machine *machine,
                         uint64_t seed, uint64_t stream, fdml_arena *arena, fdml_error *err);
size_t fdml_pca_scratch(size_t n, size_t dim); /* bytes */

#endif
