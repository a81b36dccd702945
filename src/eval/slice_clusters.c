/* slice_clusters.c - regions of the embedding: k-means of class means. See slices.h for why of
 * class means and not of rows.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/audit_slices.h"
#include "eval/kmeans.h"

typedef struct averaging {
    const audit_state *state;
    const uint32_t *class; /* [n] */
    float *mean;           /* [n, dim] */
    double *sum;           /* [n_threads, dim] */
} averaging;

/* 1 / length under cosine, where rows are taken as of unit length. */
static double scale_of(const fdml_problem *problem, const float *x)
{
    double square = 0;
    if (problem->distance != FDML_COSINE) return 1;
    for (size_t d = 0; d < problem->dim; d++) square += (double)x[d] * (double)x[d];
    return square > 0 ? 1 / sqrt(square) : 0;
}

static void average(void *ctx, size_t i, int thread)
{
    const averaging *a = ctx;
    const audit_state *state = a->state;
    const size_t dim = state->problem->dim;
    const uint32_t begin = state->class_begin[a->class[i]];
    const uint32_t end = state->class_begin[a->class[i] + 1];
    double *sum = a->sum + (size_t)thread * dim;
    memset(sum, 0, dim * sizeof *sum);
    for (uint32_t r = begin; r < end; r++) {
        const float *x = state->problem->x + state->by_class[r] * dim;
        const double scale = scale_of(state->problem, x);
        for (size_t d = 0; d < dim; d++) sum[d] += scale * (double)x[d];
    }
    for (size_t d = 0; d < dim; d++)
        a->mean[i * dim + d] = (float)(sum[d] / (double)(end - begin));
}

fdml_status fdml_slice_class_means(float *mean, const audit_state *state, const uint32_t *class,
                                   size_t n, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const size_t n_threads = (size_t)state->machine->n_threads;
    averaging a = { .state = state, .class = class, .mean = mean };
    a.sum = fdml_arena_push(state->scratch, n_threads * state->problem->dim, sizeof *a.sum);
    if (!a.sum) return fdml_fail(err, FDML_E_NOMEM, "no memory for the means of classes");
    fdml_parallel(n, state->machine->n_threads, average, &a);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

fdml_status fdml_slice_cluster(uint32_t *assignment, float *centre, const audit_state *state,
                               const float *mean, size_t n, uint32_t k, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const fdml_problem means = {
        .x = mean, .n_rows = n, .dim = state->problem->dim, .distance = state->problem->distance
    };
    const fdml_kmeans kmeans = { .k = k,
                                 .n_iterations = settings->kmeans_iterations,
                                 .n_redo = settings->kmeans_redo ? settings->kmeans_redo : 1,
                                 .seed = settings->seed };
    fdml_machine silent = *state->machine;
    double inertia;
    unsigned iterations;
    silent.progress = NULL;
    return fdml_kmeans_run(assignment, centre, &inertia, &iterations, &kmeans, &means, &silent,
                           state->scratch, err);
}

double fdml_slice_sqdist(const fdml_problem *problem, uint32_t row, const float *centre)
{
    const float *x = problem->x + row * problem->dim;
    const double scale = scale_of(problem, x);
    double sum = 0;
    for (size_t d = 0; d < problem->dim; d++) {
        const double gap = scale * (double)x[d] - (double)centre[d];
        sum += gap * gap;
    }
    return sum;
}
