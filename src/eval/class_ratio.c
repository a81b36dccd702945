/* class_ratio.c - tightness of classes against the distance of their centres. Formulas are in
 * geometry.h.
 *
 * With unit rows the mean cosine distance of a class of n rows is
 *   (2 / (n (n-1))) sum_{i<j} (1 - f_i . f_j) = W / (n - 1),  W = sum |f_i - mean|^2,
 * because sum_{i<j} |f_i - f_j|^2 = n W. Centres are unit too, so their distances follow from
 * their mean in the same way. Centres are made twice rather than kept: n_classes x dim doubles
 * would be the largest array of an audit.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/geometry.h"
#include "eval/geometry_means.h"

typedef struct centres {
    const fdml_problem *problem;
    const fdml_runs *runs;
    fdml_class_ratio *out;
    double *partial;      /* [n_blocks, dim] sums of centres */
    const double *total;  /* [dim] their sum */
    double *row, *centre; /* [n_threads, dim] */
} centres;

static double dot(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* centre: [dim] = sum of the run's unit rows over its length, which is returned; 0 if none. */
static double make_centre(double *centre, double *f, const centres *s, size_t run)
{
    const size_t dim = s->problem->dim;
    memset(centre, 0, dim * sizeof *centre);
    for (size_t i = s->runs->begin[run]; i < s->runs->begin[run + 1]; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], true);
        for (size_t d = 0; d < dim; d++) centre[d] += f[d];
    }
    const double length = sqrt(dot(centre, centre, dim));
    if (length > 0)
        for (size_t d = 0; d < dim; d++) centre[d] /= length;
    return length;
}

/* Mean of 1 - f_i . f_j over the pairs of a run. Rows without direction are not unit, so the
 * form with products is used for them: 1 - f_i . f_j = |f_i - f_j|^2/2 + 1 - (|f_i|^2 +
 * |f_j|^2)/2, whose last part is the share of such rows. */
static double mean_within(double *f, double *mean, const centres *s, size_t run)
{
    const size_t dim = s->problem->dim, begin = s->runs->begin[run];
    const size_t end = s->runs->begin[run + 1], n = end - begin;
    size_t n_zero = 0;
    double within = 0;
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], true);
        for (size_t d = 0; d < dim; d++) mean[d] += f[d];
    }
    for (size_t d = 0; d < dim; d++) mean[d] /= (double)n;
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], true);
        n_zero += dot(f, f, dim) == 0;
        for (size_t d = 0; d < dim; d++) within += (f[d] - mean[d]) * (f[d] - mean[d]);
    }
    return within / (double)(n - 1) + (double)n_zero / (double)n;
}

static void first_block(void *ctx, size_t block, int thread)
{
    const centres *s = ctx;
    const size_t dim = s->problem->dim, begin = block * FDML_BLOCK_RUNS;
    const size_t left = s->runs->n_runs - begin,
                 n = left < FDML_BLOCK_RUNS ? left : FDML_BLOCK_RUNS;
    double *f = s->row + (size_t)thread * dim, *centre = s->centre + (size_t)thread * dim;
    double *sum = s->partial + block * dim;
    memset(sum, 0, dim * sizeof *sum);
    for (size_t r = begin; r < begin + n; r++) {
        make_centre(centre, f, s, r);
        for (size_t d = 0; d < dim; d++) sum[d] += centre[d];
        const bool has_pairs = s->runs->begin[r + 1] - s->runs->begin[r] > 1;
        s->out->within[r] = has_pairs ? mean_within(f, centre, s, r) : NAN;
    }
}

/* Derivatives by row: of A through the run's mean distance T = sum_i h_i / (n (n-1)),
 * (2 / (n (n-1) n_within)) (h_i - (n-1) T), and of B through the centre m = S/|S|,
 * -(2 / (C (C-1))) (total - m) . (f_i - (m . f_i) m) / |S|. */
static void row_derivatives(const centres *s, size_t run, const double *centre, double length,
                            double *f)
{
    const size_t dim = s->problem->dim, begin = s->runs->begin[run];
    const size_t end = s->runs->begin[run + 1];
    const double n = (double)(end - begin), n_runs = (double)s->runs->n_runs;
    const double mean = s->out->within[run], total_centre = dot(s->total, centre, dim);
    const double of_a = 2 / (n * (n - 1) * (double)s->out->n_within);
    const double of_b = -2 / (n_runs * (n_runs - 1));
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], true);
        const double own = dot(f, f, dim), along = dot(f, centre, dim);
        const double h = n - 1 - (along * length - own);
        s->out->row_within[i] = n > 1 ? of_a * (h - (n - 1) * mean) : 0;
        const double across = dot(s->total, f, dim) - along - along * (total_centre - 1);
        s->out->row_centre[i] = length > 0 && n_runs > 1 ? of_b * across / length : 0;
    }
}

static void second_block(void *ctx, size_t block, int thread)
{
    const centres *s = ctx;
    const size_t dim = s->problem->dim, begin = block * FDML_BLOCK_RUNS;
    const size_t left = s->runs->n_runs - begin,
                 n = left < FDML_BLOCK_RUNS ? left : FDML_BLOCK_RUNS;
    double *f = s->row + (size_t)thread * dim, *centre = s->centre + (size_t)thread * dim;
    for (size_t r = begin; r < begin + n; r++) {
        const double length = make_centre(centre, f, s, r);
        /* |m - mean of centres|^2 would need a third sweep for its own sum; the product form
         * is exact enough here, since centres are not bundled as rows of a class are. */
        s->out->centre[r] = (double)(s->runs->n_runs - 1) -
                            (dot(s->total, centre, dim) - dot(centre, centre, dim));
        if (s->out->row_within) row_derivatives(s, r, centre, length, f);
    }
}

static void summarise(fdml_class_ratio *ratio, const fdml_runs *runs)
{
    double within = 0;
    ratio->n_within = 0;
    for (size_t r = 0; r < runs->n_runs; r++) {
        if (isnan(ratio->within[r])) continue;
        within += ratio->within[r];
        ratio->n_within++;
    }
    ratio->within_mean = ratio->n_within ? within / (double)ratio->n_within : NAN;
}

fdml_status fdml_class_ratio_of(fdml_class_ratio *ratio, const fdml_runs *runs,
                                const fdml_problem *problem, const fdml_machine *machine,
                                fdml_arena *arena, fdml_error *err)
{
    const size_t dim = problem->dim, n_threads = (size_t)machine->n_threads;
    const size_t n_blocks = (runs->n_runs + FDML_BLOCK_RUNS - 1) / FDML_BLOCK_RUNS;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    double *total = fdml_arena_push(arena, dim, sizeof *total);
    centres s = { .problem = problem, .runs = runs, .out = ratio, .total = total };
    s.partial = fdml_arena_push(arena, n_blocks * dim, sizeof(double));
    s.row = fdml_arena_push(arena, n_threads * dim, sizeof(double));
    s.centre = fdml_arena_push(arena, n_threads * dim, sizeof(double));
    if (!total || !s.partial || !s.row || !s.centre)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the centres of %zu classes",
                         runs->n_runs);
    fdml_parallel(n_blocks, machine->n_threads, first_block, &s);
    fdml_merge_partials(total, s.partial, n_blocks, dim);
    summarise(ratio, runs);
    fdml_parallel(n_blocks, machine->n_threads, second_block, &s);

    const double n = (double)runs->n_runs;
    double sum = 0;
    for (size_t r = 0; r < runs->n_runs; r++) sum += ratio->centre[r];
    ratio->centre_mean = n > 1 ? sum / (n * (n - 1)) : NAN;
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
