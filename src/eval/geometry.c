/* geometry.c - sums of pair distances by row, from means or from a pass over classes.
 * Formulas are in geometry.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/geometry.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/frame.h"
#include "eval/geometry_means.h"
#include "eval/pairs.h"

void fdml_load_row(double *f, const fdml_problem *problem, uint32_t row, bool is_unit)
{
    const size_t dim = problem->dim;
    const float *x = problem->x + row * dim;
    double square = 0;
    for (size_t d = 0; d < dim; d++) {
        f[d] = x[d];
        square += f[d] * f[d];
    }
    if (!is_unit || square <= 0) return;
    const double scale = 1 / sqrt(square);
    for (size_t d = 0; d < dim; d++) f[d] *= scale;
}

static bool scales_rows(const fdml_problem *problem)
{
    return problem->distance == FDML_COSINE;
}

/* --- sums over rows in blocks --------------------------------------------------------- */

typedef struct row_sum {
    const fdml_problem *problem;
    const fdml_runs *runs;
    double *partial, *row; /* [n_blocks, dim], [n_threads, dim] */
} row_sum;

static void sum_block(void *ctx, size_t block, int thread)
{
    const row_sum *s = ctx;
    const size_t dim = s->problem->dim, begin = block * FDML_MEAN_ROWS;
    const size_t left = s->runs->n_rows - begin,
                 n = left < FDML_MEAN_ROWS ? left : FDML_MEAN_ROWS;
    double *sum = s->partial + block * dim, *f = s->row + (size_t)thread * dim;
    memset(sum, 0, dim * sizeof *sum);
    for (size_t i = begin; i < begin + n; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], scales_rows(s->problem));
        for (size_t d = 0; d < dim; d++) sum[d] += f[d];
    }
}

void fdml_merge_partials(double *sum, const double *partial, size_t n_blocks, size_t dim)
{
    memset(sum, 0, dim * sizeof *sum);
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t d = 0; d < dim; d++) sum[d] += partial[b * dim + d];
}

/* mean: [dim] */
static fdml_status mean_row(double *mean, const fdml_runs *runs, const fdml_problem *problem,
                            const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t dim = problem->dim, n_threads = (size_t)machine->n_threads;
    const size_t n_blocks = (runs->n_rows + FDML_MEAN_ROWS - 1) / FDML_MEAN_ROWS;
    row_sum s = { problem, runs, NULL, NULL };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    s.partial = fdml_arena_push(arena, n_blocks * dim, sizeof(double));
    s.row = fdml_arena_push(arena, n_threads * dim, sizeof(double));
    if (!s.partial || !s.row)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the mean of %zu rows", runs->n_rows);
    fdml_parallel(n_blocks, machine->n_threads, sum_block, &s);
    fdml_merge_partials(mean, s.partial, n_blocks, dim);
    for (size_t d = 0; d < dim; d++) mean[d] /= (double)runs->n_rows;
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- squared distances from means ----------------------------------------------------- */

typedef struct pair_sums {
    const fdml_problem *problem;
    const fdml_runs *runs;
    const double *mean; /* [dim] of the group */
    double *same, *other;
    double q;                 /* sum of other[] after the first sweep */
    double *row, *class_mean; /* [n_threads, dim] */
} pair_sums;

static double squared_distance(const double *x, const double *y, size_t n)
{
    double s0 = 0, s1 = 0;
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        const double a = x[i] - y[i], b = x[i + 1] - y[i + 1];
        s0 += a * a;
        s1 += b * b;
    }
    if (i < n) s0 += (x[i] - y[i]) * (x[i] - y[i]);
    return s0 + s1;
}

/* First sweep: other[i] = |f_i - mean|^2. */
static void spread_block(void *ctx, size_t block, int thread)
{
    const pair_sums *s = ctx;
    const size_t dim = s->problem->dim, begin = block * FDML_MEAN_ROWS;
    const size_t left = s->runs->n_rows - begin,
                 n = left < FDML_MEAN_ROWS ? left : FDML_MEAN_ROWS;
    double *f = s->row + (size_t)thread * dim;
    for (size_t i = begin; i < begin + n; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], scales_rows(s->problem));
        s->other[i] = squared_distance(f, s->mean, dim);
    }
}

static void one_run(const pair_sums *s, size_t begin, size_t end, double *f, double *mean)
{
    const size_t dim = s->problem->dim, n = end - begin;
    const bool is_unit = scales_rows(s->problem);
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], is_unit);
        for (size_t d = 0; d < dim; d++) mean[d] += f[d];
    }
    for (size_t d = 0; d < dim; d++) mean[d] /= (double)n;
    double within = 0;
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(f, s->problem, s->runs->row[i], is_unit);
        s->same[i] = squared_distance(f, mean, dim);
        within += s->same[i];
    }
    const double n_rows = (double)s->runs->n_rows;
    for (size_t i = begin; i < end; i++) {
        s->same[i] = n > 1 ? within + (double)n * s->same[i] : 0;
        const double all = s->q + n_rows * s->other[i];
        s->other[i] = n < s->runs->n_rows ? fmax(0, all - s->same[i]) : 0;
    }
}

static void run_block(void *ctx, size_t block, int thread)
{
    const pair_sums *s = ctx;
    const size_t dim = s->problem->dim, begin = block * FDML_BLOCK_RUNS;
    const size_t left = s->runs->n_runs - begin,
                 n = left < FDML_BLOCK_RUNS ? left : FDML_BLOCK_RUNS;
    for (size_t r = begin; r < begin + n; r++)
        one_run(s, s->runs->begin[r], s->runs->begin[r + 1], s->row + (size_t)thread * dim,
                s->class_mean + (size_t)thread * dim);
}

fdml_status fdml_pair_sums(double *same, double *other, const fdml_runs *runs,
                           const fdml_problem *problem, const fdml_machine *machine,
                           fdml_arena *arena, fdml_error *err)
{
    const size_t dim = problem->dim, n_threads = (size_t)machine->n_threads;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    double *mean = fdml_arena_push(arena, dim, sizeof *mean);
    pair_sums s = { problem, runs, mean, same, other, 0, NULL, NULL };
    s.row = fdml_arena_push(arena, n_threads * dim, sizeof(double));
    s.class_mean = fdml_arena_push(arena, n_threads * dim, sizeof(double));
    if (!mean || !s.row || !s.class_mean)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for means of %zu dimensions", dim);
    FDML_TRY(mean_row(mean, runs, problem, machine, arena, err));
    fdml_parallel((runs->n_rows + FDML_MEAN_ROWS - 1) / FDML_MEAN_ROWS, machine->n_threads,
                  spread_block, &s);
    for (size_t i = 0; i < runs->n_rows; i++) s.q += other[i];
    fdml_parallel((runs->n_runs + FDML_BLOCK_RUNS - 1) / FDML_BLOCK_RUNS, machine->n_threads,
                  run_block, &s);
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- sums within classes -------------------------------------------------------------- */

typedef struct intra {
    const fdml_problem *problem;
    const fdml_groupings *groupings;
    const fdml_kernels *kernels;
    fdml_intra_kind kind;
    double *sum;
    const float *norm2; /* [n_rows] under ip, else NULL */
} intra;

enum { CHUNK = 256 };

static float norm2_of(const intra *s, uint32_t row)
{
    return s->norm2 ? s->norm2[row] : 1;
}

/* What row i and the n <= CHUNK rows `row` give to the sum. The potential is the pass's, bit by
 * bit. */
static void values_of(double *value, const intra *s, uint32_t i, const uint32_t *row, size_t n,
                      const float *nearness)
{
    if (s->kind == FDML_INTRA_DISTANCE) {
        for (size_t b = 0; b < n; b++)
            value[b] = sqrt((double)fdml_squared_distance(s->problem, nearness[b],
                                                          norm2_of(s, i), norm2_of(s, row[b])));
        return;
    }
    const fdml_sqdist_form form = fdml_frame_sqdist(s->problem->distance);
    const float row_bias = form.beta * norm2_of(s, i) + form.gamma;
    float cell[CHUNK], col_bias[CHUNK];
    memcpy(cell, nearness, n * sizeof *cell);
    for (size_t b = 0; b < n; b++) col_bias[b] = form.beta * norm2_of(s, row[b]) + form.gamma;
    const fdml_tile tile = { cell, CHUNK, 1, n };
    s->kernels->potential(&tile, form.alpha, &row_bias, col_bias);
    for (size_t b = 0; b < n; b++) value[b] = (double)cell[b];
}

static void add_chunk(const intra *s, uint32_t i, const uint32_t *row, size_t n,
                      const double *value)
{
    for (size_t g = 0; g < s->groupings->n; g++) {
        const uint32_t *code = s->groupings->grouping[g].code;
        double *sum = &s->sum[g * s->problem->n_rows + i];
        for (size_t b = 0; b < n; b++)
            if (row[b] != i && code[i] == code[row[b]]) *sum += value[b];
    }
}

static void intra_piece(void *ctx, uint32_t label, const uint32_t *row, size_t n, size_t first,
                        size_t n_first, const float *nearness)
{
    (void)label;
    const intra *s = ctx;
    double value[CHUNK];
    for (size_t a = 0; a < n_first; a++) {
        const uint32_t i = row[first + a];
        for (size_t b = 0; b < n; b += CHUNK) {
            const size_t m = n - b < CHUNK ? n - b : CHUNK;
            values_of(value, s, i, row + b, m, nearness + a * n + b);
            add_chunk(s, i, row + b, m, value);
        }
    }
}

fdml_status fdml_intra_sums(double *sum, fdml_intra_kind kind, const fdml_groupings *groupings,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    intra s = { problem, groupings, machine->kernels, kind, sum, NULL };
    if (problem->distance == FDML_IP) {
        float *norm2 = fdml_arena_push(arena, problem->n_rows, sizeof *norm2);
        if (!norm2) return fdml_fail(err, FDML_E_NOMEM, "no memory for the row lengths");
        for (size_t i = 0; i < problem->n_rows; i++) {
            double square = 0;
            for (size_t d = 0; d < problem->dim; d++) {
                const double x = problem->x[i * problem->dim + d];
                square += x * x;
            }
            norm2[i] = (float)square;
        }
        s.norm2 = norm2;
    }
    memset(sum, 0, groupings->n * problem->n_rows * sizeof *sum);
    FDML_TRY(fdml_class_pairs(intra_piece, &s, problem, machine, arena, err));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
