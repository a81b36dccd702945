/* kmeans.h - Lloyd's k-means with exact k-means++ seeding, on the gemm kernels.
 *
 * Seeding: Arthur & Vassilvitskii 2007, drawn in blocks with rejection, which leaves the
 * distribution exact (see kmeans.c). Assignment: nearest centre, ties to the lower centre. An
 * empty cluster takes the row farthest from its centre. Stops when no row changes its cluster
 * or after n_iterations. Under cosine the rows are unit and centres are plain means (the
 * Euclidean k-means of unit rows), unless is_spherical scales them to unit length.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_KMEANS_H
#define FDML_EVAL_KMEANS_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"

typedef struct fdml_kmeans {
    uint32_t k;
    unsigned n_iterations; /* at most */
    unsigned n_redo;       /* best inertia of so many seedings, at least 1 */
    uint64_t seed;
    bool is_spherical;
    const float *initial; /* [k, dim] centres to start from instead of seeding, or NULL */
} fdml_kmeans;

/* assignment: [n_rows] in 0..k-1; centres: [k, dim], may be NULL. *inertia: sum of squared
 * distances of rows to their centres after the last assignment. */
fdml_status fdml_kmeans_run(uint32_t *assignment, float *centres, double *inertia,
                            unsigned *iterations_done, const fdml_kmeans *kmeans,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err);

/* Multiply-adds to expect, seeding included: *seeding of them. The first two assignments ask
 * everything, later ones about a fifth (clustered data of 60,502 x 128 with k = 11,316 and
 * overlapping classes: 0.42, 0.33, 0.27, then less). */
double fdml_kmeans_work(double *seeding, const fdml_kmeans *kmeans, size_t n_rows, size_t dim);

/* Bytes of scratch for rows of problem->n_rows and problem->dim. */
size_t fdml_kmeans_size(const fdml_problem *problem, size_t k, int n_threads);

#endif
