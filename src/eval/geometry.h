/* geometry.h - how the rows of one group lie: pair distances, spectrum, centres.
 *
 * Everything here is O(n dim) or O(n dim^2), in double, without any pair loop: sums of squared
 * distances follow from means. With group mean m, class mean m_c, N rows, n_c of a class,
 * W_c = sum_{i in c} |f_i - m_c|^2 and Q = sum_i |f_i - m|^2:
 *
 *   sum_{j in c} |f_i - f_j|^2      = W_c + n_c |f_i - m_c|^2      (own class, j = i adds 0)
 *   sum_{j in group} |f_i - f_j|^2  = Q + N |f_i - m|^2
 *
 * Both are sums of non-negative terms about means, so nothing cancels in the first; the second
 * minus the first is the sum over other classes. All results are kept by row, because every
 * interval is a sum over rows (eval/audit_features.c).
 *
 * Rows are as fdml_problem's distance sees them: unit under cosine, as given else. Sums over
 * rows are made in blocks of fixed size and merged in order: no result depends on threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_GEOMETRY_H
#define FDML_EVAL_GEOMETRY_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/groups.h"
#include "eval/problem.h"

/* Rows of a group, class by class: run r is row[begin[r] .. begin[r+1]). */
typedef struct fdml_runs {
    const uint32_t *row; /* [n_rows] */
    size_t n_rows;
    const uint32_t *begin; /* [n_runs + 1] */
    size_t n_runs;
} fdml_runs;

/* f: [dim] row `row` in double, of unit length if is_unit and it has any. */
void fdml_load_row(double *f, const fdml_problem *problem, uint32_t row, bool is_unit);

/* same[i], other[i]: sums of squared distances from the i-th listed row to the other rows of
 * its own run, and to the rows of other runs. [n_rows] each. */
fdml_status fdml_pair_sums(double *same, double *other, const fdml_runs *runs,
                           const fdml_problem *problem, const fdml_machine *machine,
                           fdml_arena *arena, fdml_error *err);

/* Over the other rows j of row i's class and group, for every grouping: the sum of d_ij, or of
 * exp(-2 d_ij^2). sum: [n_groupings, n_rows] by row id. Uses fdml_class_pairs. */
typedef enum fdml_intra_kind { FDML_INTRA_DISTANCE, FDML_INTRA_POTENTIAL } fdml_intra_kind;
fdml_status fdml_intra_sums(double *sum, fdml_intra_kind kind, const fdml_groupings *groupings,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err);

/* Singular values s_k of the matrix of listed rows (square roots of the eigenvalues of its
 * Gram matrix, dim x dim, not centred), K of them after leaving out the `n_dropped` smallest:
 *
 *   divergence = KL(uniform || s / sum s) = -log K - (1/K) sum log(s_k / sum s)
 *
 * (rho of Roth et al., "Revisiting training strategies ...", ICML 2020). influence[i], if not
 * NULL: its derivative with respect to the weight of the i-th row,
 *   sum_k (u_k . f_i)^2 (1 / (2 s_k sum s) - 1 / (2 K s_k^2)),
 * first-order perturbation of the eigenvalues; these sum to 0.
 * *divergence is NaN where a singular value is below what double resolves,
 * sqrt(dim * 2^-52) times the largest: then *rank is how many are above. */
typedef struct fdml_spectrum {
    double divergence;
    size_t rank;
} fdml_spectrum;
fdml_status fdml_spectrum_of(fdml_spectrum *spectrum, double *influence, const fdml_runs *runs,
                             size_t n_dropped, const fdml_problem *problem,
                             const fdml_machine *machine, fdml_arena *arena, fdml_error *err);
/* share: [dim] the singular values themselves, over their sum, descending; 0 where double
 * resolves none, all of them where the rows are 0. The scratch is fdml_spectrum_scratch at
 * most. */
fdml_status fdml_singular_shares(double *share, const fdml_runs *runs,
                                 const fdml_problem *problem, const fdml_machine *machine,
                                 fdml_arena *arena, fdml_error *err);
size_t fdml_spectrum_scratch(size_t dim, int n_threads); /* bytes */

/* Class ratio: A = mean over runs of two rows or more of their mean cosine distance 1 - cos
 * within; B = mean over pairs of runs of the cosine distance of their centres (unit vector of
 * the sum of unit rows); the metric is A / B (Roth et al. 2020, intra over inter).
 * within: [n_runs], NaN for single rows. centre: [n_runs], sum over the other runs of the
 * centres' distance. Row by row, if not NULL: row_within, row_centre [n_rows], derivatives of A
 * and B with respect to the row's weight inside its class; they sum to 0 in each class.
 * A row or centre without direction has distance 1 to everything. */
typedef struct fdml_class_ratio {
    double within_mean, centre_mean; /* NaN: no run of two rows; fewer than two runs */
    size_t n_within;                 /* runs of two rows or more */
    double *within, *centre, *row_within, *row_centre;
} fdml_class_ratio;
fdml_status fdml_class_ratio_of(fdml_class_ratio *ratio, const fdml_runs *runs,
                                const fdml_problem *problem, const fdml_machine *machine,
                                fdml_arena *arena, fdml_error *err);

#endif
