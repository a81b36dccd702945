/* frame.c - see frame.h.
 * SPDX-License-Identifier: MIT */
#include "eval/frame.h"

#include <math.h>

#include "base/parallel.h"
#include "eval/pairs.h"

enum { BLOCK = 1024 }; /* rows of one piece of work; borders do not show in results */

typedef struct frame_job {
    const fdml_problem *problem;
    const fdml_kernels *kernels;
    fdml_frame frame;
    float *scale, *norm2;
    double *sums; /* [n_blocks, dim] */
} frame_job;

static size_t block_rows(const fdml_problem *problem, size_t first)
{
    return problem->n_rows - first < BLOCK ? problem->n_rows - first : BLOCK;
}

static void block_scale(void *ctx, size_t block, int thread)
{
    (void)thread;
    frame_job *job = ctx;
    const fdml_problem *p = job->problem;
    const size_t first = block * BLOCK, n = block_rows(p, first);
    job->kernels->inverse_norms(job->scale + first, p->x + first * p->dim, n, p->dim);
}

static void block_sum(void *ctx, size_t block, int thread)
{
    (void)thread;
    frame_job *job = ctx;
    const fdml_problem *p = job->problem;
    const size_t first = block * BLOCK, n = block_rows(p, first);
    double *sum = job->sums + block * p->dim;
    for (size_t d = 0; d < p->dim; d++) sum[d] = 0;
    for (size_t i = first; i < first + n; i++)
        for (size_t d = 0; d < p->dim; d++) sum[d] += (double)p->x[i * p->dim + d];
}

static void block_norms(void *ctx, size_t block, int thread)
{
    (void)thread;
    frame_job *job = ctx;
    const fdml_problem *p = job->problem;
    const size_t first = block * BLOCK, n = block_rows(p, first);
    const fdml_rows rows = fdml_frame_rows(&job->frame, p, NULL, first, n);
    job->kernels->chain_norms2(job->norm2 + first, &rows, p->dim);
}

/* The mean to four significant bits: near enough to save the digits, and short enough that
 * rows of small integers stay exact, so that equal distances stay equal. */
static float four_bits(double mean)
{
    int exponent;
    const double fraction = frexp(mean, &exponent); /* [1/2, 1) */
    return (float)ldexp(rint(fraction * 16), exponent - 4);
}

static fdml_status make_shift(frame_job *job, size_t n_blocks, int n_threads, fdml_arena *arena)
{
    const fdml_problem *p = job->problem;
    float *shift = fdml_arena_push(arena, p->dim, sizeof *shift);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    job->sums = fdml_arena_push(arena, n_blocks * p->dim, sizeof *job->sums);
    if (!shift || !job->sums) return FDML_E_NOMEM;
    fdml_parallel(n_blocks, n_threads, block_sum, job);
    for (size_t d = 0; d < p->dim; d++) {
        double sum = 0;
        for (size_t b = 0; b < n_blocks; b++) sum += job->sums[b * p->dim + d];
        shift[d] = four_bits(sum / (double)p->n_rows);
    }
    fdml_arena_reset(arena, mark);
    job->frame.shift = shift;
    return FDML_OK;
}

fdml_status fdml_frame_make(fdml_frame *frame, const fdml_problem *problem,
                            const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t n_blocks = (problem->n_rows + BLOCK - 1) / BLOCK;
    frame_job job = { .problem = problem, .kernels = machine->kernels };
    job.norm2 = fdml_arena_push(arena, problem->n_rows, sizeof *job.norm2);
    if (!job.norm2) goto no_memory;
    if (problem->distance == FDML_COSINE) {
        job.scale = fdml_arena_push(arena, problem->n_rows, sizeof *job.scale);
        if (!job.scale) goto no_memory;
        fdml_parallel(n_blocks, machine->n_threads, block_scale, &job);
        job.frame.scale = job.scale;
    } else if (problem->distance == FDML_L2) {
        if (make_shift(&job, n_blocks, machine->n_threads, arena)) goto no_memory;
    }
    fdml_parallel(n_blocks, machine->n_threads, block_norms, &job);
    job.frame.norm2 = job.norm2;
    *frame = job.frame;
    return FDML_OK;

no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the lengths of %zu rows",
                     problem->n_rows);
}

fdml_rows fdml_frame_rows(const fdml_frame *frame, const fdml_problem *problem,
                          const uint32_t *index, size_t first, size_t n)
{
    return (fdml_rows){ .x = problem->x,
                        .stride = problem->dim,
                        .index = index,
                        .first = first,
                        .n = n,
                        .scale = frame->scale,
                        .shift = frame->shift };
}

void fdml_frame_nearness(const fdml_problem *problem, const fdml_kernels *kernels,
                         const fdml_tile *tile, const float *row_norm2, const float *col_norm2)
{
    if (problem->distance == FDML_L2) kernels->negate_sqdist(tile, row_norm2, col_norm2);
}

fdml_sqdist_form fdml_frame_sqdist(fdml_distance distance)
{
    switch (distance) {
    case FDML_COSINE:
        return (fdml_sqdist_form){ -2, 0, 1 }; /* 2 - 2s for unit rows */
    case FDML_L2:
        return (fdml_sqdist_form){ -1, 0, 0 }; /* nearness is -d^2 already */
    default:
        return (fdml_sqdist_form){ -2, 1, 0 };
    }
}

float fdml_squared_distance(const fdml_problem *problem, float nearness, float norm2_i,
                            float norm2_j)
{
    const fdml_sqdist_form form = fdml_frame_sqdist(problem->distance);
    const float bias = (form.beta * norm2_i + form.gamma) + (form.beta * norm2_j + form.gamma);
    const float d2 = form.alpha * nearness + bias;
    return d2 > 0 ? d2 : 0;
}
