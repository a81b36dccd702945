/* kmeans_cost.c - what k-means needs, told before it starts. See kmeans.h.
 * SPDX-License-Identifier: MIT */
#include "eval/kmeans_state.h"

/* As make_state: centres and their panels, numbers by row and by centre, and for each thread
 * panels of rows with scores, in whole pages. */
size_t fdml_kmeans_size(const fdml_problem *problem, size_t k, int n_threads)
{
    enum { PADDING = 64 }; /* rows that panels may be larger by */
    const size_t dim = problem->dim;
    const size_t own =
        ((KMEANS_RUN + PADDING) * dim + KMEANS_STRIP * KMEANS_CENTRES) * sizeof(float);
    return (2 * k + PADDING) * dim * sizeof(float) + problem->n_rows * 44 + k * 20 +
           (size_t)n_threads * fdml_arena_fill_pages(own);
}

double fdml_kmeans_work(double *seeding, const fdml_kmeans *kmeans, size_t n_rows, size_t dim)
{
    const double once = (double)n_rows * kmeans->k * (double)dim, n = kmeans->n_iterations;
    const double n_redo = kmeans->n_redo > 1 ? kmeans->n_redo : 1;
    *seeding = n_redo * once; /* which leaves the first assignment behind */
    return *seeding + n_redo * once * (n > 2 ? 1 + (n - 2) / 5 : n - 1);
}
