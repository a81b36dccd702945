/* spectrum.c - singular values of a group's rows from their Gram matrix, and how each row
 * moves their divergence from uniform. Formulas are in geometry.h.
 *
 * The Gram matrix is made in chunks of rows: a chunk is turned to double once, then squares of
 * the matrix are updated in parallel, each by one thread and over rows in order, so no sum
 * depends on the number of threads. Only squares on and below the diagonal are computed.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "eval/eigen.h"
#include "eval/geometry.h"

/* A chunk's strip of 64 columns is 128 KiB: two of them stay in a second-level cache. */
enum { CHUNK = 256, SQUARE = 64, INFLUENCE_ROWS = 64 };

typedef struct gram {
    const fdml_problem *problem;
    const fdml_runs *runs;
    double *chunk;           /* [CHUNK, padded] rows in double, zeros up to whole squares */
    double *matrix;          /* [padded, padded] */
    size_t padded, first, n; /* the chunk holds listed rows first .. first + n */
    double *influence;       /* [n_rows] */
    double *row;             /* [n_threads, dim] */
} gram;

static fdml_status no_memory(size_t dim, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the spectrum of %zu dimensions", dim);
}

static void load_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gram *g = ctx;
    const size_t dim = g->problem->dim;
    double *f = g->chunk + block * g->padded;
    fdml_load_row(f, g->problem, g->runs->row[g->first + block],
                  g->problem->distance == FDML_COSINE);
    memset(f + dim, 0, (g->padded - dim) * sizeof *f);
}

/* matrix[0..2][0..4) += over the chunk's rows; written out so that sums stay in registers. */
static void add_tile(double *matrix, const double *left, const double *right, size_t n,
                     size_t padded)
{
    double a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (size_t r = 0; r < n; r++, left += padded, right += padded) {
        const double x = left[0], y = left[1];
        a0 += x * right[0], a1 += x * right[1], a2 += x * right[2], a3 += x * right[3];
        b0 += y * right[0], b1 += y * right[1], b2 += y * right[2], b3 += y * right[3];
    }
    double *below = matrix + padded;
    matrix[0] += a0, matrix[1] += a1, matrix[2] += a2, matrix[3] += a3;
    below[0] += b0, below[1] += b1, below[2] += b2, below[3] += b3;
}

static void square_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gram *g = ctx;
    size_t row = 0; /* block counts the squares of the lower triangle, row by row */
    while ((row + 1) * (row + 2) / 2 <= block) row++;
    const size_t top = row * SQUARE, left = (block - row * (row + 1) / 2) * SQUARE;
    for (size_t i = top; i < top + SQUARE; i += 2)
        for (size_t j = left; j < left + SQUARE; j += 4)
            add_tile(g->matrix + i * g->padded + j, g->chunk + i, g->chunk + j, g->n,
                     g->padded);
}

static void make_gram(gram *g, int n_threads)
{
    const size_t n_squares = g->padded / SQUARE;
    memset(g->matrix, 0, g->padded * g->padded * sizeof *g->matrix);
    for (g->first = 0; g->first < g->runs->n_rows; g->first += CHUNK) {
        const size_t left = g->runs->n_rows - g->first;
        g->n = left < CHUNK ? left : CHUNK;
        fdml_parallel(g->n, n_threads, load_block, g);
        fdml_parallel(n_squares * (n_squares + 1) / 2, n_threads, square_block, g);
    }
    /* Whole and dense, for the eigenvalues: dim x dim, upper from lower. */
    const size_t dim = g->problem->dim;
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++) g->matrix[i * dim + j] = g->matrix[i * g->padded + j];
    for (size_t i = 0; i < dim; i++)
        for (size_t j = i + 1; j < dim; j++) g->matrix[i * dim + j] = g->matrix[j * dim + i];
}

/* influence_i = f' M f with M symmetric: the strict lower triangle counts twice. */
static void influence_block(void *ctx, size_t block, int thread)
{
    const gram *g = ctx;
    const size_t dim = g->problem->dim, begin = block * INFLUENCE_ROWS;
    const size_t left = g->runs->n_rows - begin,
                 n = left < INFLUENCE_ROWS ? left : INFLUENCE_ROWS;
    double *f = g->row + (size_t)thread * dim;
    for (size_t i = begin; i < begin + n; i++) {
        fdml_load_row(f, g->problem, g->runs->row[i], g->problem->distance == FDML_COSINE);
        double sum = 0;
        for (size_t a = 0; a < dim; a++) {
            const double *m = g->matrix + a * dim;
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            size_t b = 0;
            for (; b + 4 <= a; b += 4) {
                s0 += m[b] * f[b], s1 += m[b + 1] * f[b + 1];
                s2 += m[b + 2] * f[b + 2], s3 += m[b + 3] * f[b + 3];
            }
            for (; b < a; b++) s0 += m[b] * f[b];
            sum += f[a] * (m[a] * f[a] + 2 * ((s0 + s1) + (s2 + s3)));
        }
        g->influence[i] = sum;
    }
}

/* matrix = sum_k coefficient_k u_k u_k', u_k the rows of vector. */
static void weigh_vectors(double *matrix, const double *vector, const double *coefficient,
                          size_t dim)
{
    memset(matrix, 0, dim * dim * sizeof *matrix);
    for (size_t k = 0; k < dim; k++) {
        const double *u = vector + k * dim;
        if (coefficient[k] == 0) continue;
        for (size_t a = 0; a < dim; a++) {
            const double c = coefficient[k] * u[a];
            for (size_t b = 0; b <= a; b++) matrix[a * dim + b] += c * u[b];
        }
    }
}

/* Eigenvalues at or below it, of these ascending ones, are but rounding. */
static double smallest_resolved(const double *value, size_t dim)
{
    return fmax(0, (double)dim * 0x1p-52 * value[dim - 1]);
}

/* value: [dim] ascending eigenvalues, turned into the coefficients of the influence. */
static void divergence_of(fdml_spectrum *spectrum, double *value, size_t dim, size_t n_dropped)
{
    const double floor = smallest_resolved(value, dim);
    size_t first = 0;
    while (first < dim && value[first] <= floor) first++;
    *spectrum = (fdml_spectrum){ NAN, dim - first };
    if (n_dropped >= dim || first > n_dropped) return;

    double sum = 0, sum_log = 0;
    const double n = (double)(dim - n_dropped);
    for (size_t k = n_dropped; k < dim; k++) sum += sqrt(value[k]);
    for (size_t k = n_dropped; k < dim; k++) sum_log += fdml_log(sqrt(value[k]) / sum);
    spectrum->divergence = fmax(0, -fdml_log(n) - sum_log / n);
    for (size_t k = 0; k < dim; k++)
        value[k] = k < n_dropped ? 0 : 1 / (2 * sqrt(value[k]) * sum) - 1 / (2 * n * value[k]);
}

static size_t padded_dim(size_t dim)
{
    return (dim + SQUARE - 1) / SQUARE * SQUARE;
}

size_t fdml_spectrum_scratch(size_t dim, int n_threads)
{
    const size_t padded = padded_dim(dim);
    return (padded * padded + dim * dim + CHUNK * padded + (4 + (size_t)n_threads) * dim) *
               sizeof(double) +
           5 * 64;
}

/* Eigenvalues of the Gram matrix, ascending, into value [4 * dim], of which three quarters are
 * scratch; vectors into `vector`. */
static fdml_status decompose(gram *g, double *value, double *vector,
                             const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t dim = g->problem->dim, padded = g->padded;
    g->chunk = fdml_arena_push(arena, CHUNK * padded, sizeof(double));
    g->matrix = fdml_arena_push(arena, padded * padded, sizeof(double));
    if (!g->chunk || !g->matrix || !value || !vector) return no_memory(dim, err);
    make_gram(g, machine->n_threads);
    return fdml_eigen_symmetric(value, vector, g->matrix, dim, value + dim, err);
}

fdml_status fdml_singular_shares(double *share, const fdml_runs *runs,
                                 const fdml_problem *problem, const fdml_machine *machine,
                                 fdml_arena *arena, fdml_error *err)
{
    const size_t dim = problem->dim;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    gram g = { .problem = problem, .runs = runs, .padded = padded_dim(dim) };
    double *vector = fdml_arena_push(arena, dim * dim, sizeof(double));
    double *value = fdml_arena_push(arena, 4 * dim, sizeof(double));
    FDML_TRY(decompose(&g, value, vector, machine, arena, err));
    const double floor = smallest_resolved(value, dim);
    double sum = 0;
    for (size_t k = 0; k < dim; k++) {
        share[k] = value[dim - 1 - k] > floor ? sqrt(value[dim - 1 - k]) : 0;
        sum += share[k];
    }
    for (size_t k = 0; k < dim && sum > 0; k++) share[k] /= sum;
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

fdml_status fdml_spectrum_of(fdml_spectrum *spectrum, double *influence, const fdml_runs *runs,
                             size_t n_dropped, const fdml_problem *problem,
                             const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t dim = problem->dim;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    gram g = {
        .problem = problem, .runs = runs, .padded = padded_dim(dim), .influence = influence
    };
    double *vector = fdml_arena_push(arena, dim * dim, sizeof(double));
    double *value = fdml_arena_push(arena, 4 * dim, sizeof(double));
    FDML_TRY(decompose(&g, value, vector, machine, arena, err));
    divergence_of(spectrum, value, dim, n_dropped);
    if (influence && !isnan(spectrum->divergence)) {
        g.row = fdml_arena_push(arena, (size_t)machine->n_threads * dim, sizeof(double));
        if (!g.row) return no_memory(dim, err);
        weigh_vectors(g.matrix, vector, value, dim);
        fdml_parallel((runs->n_rows + INFLUENCE_ROWS - 1) / INFLUENCE_ROWS, machine->n_threads,
                      influence_block, &g);
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
