/* pca.c - block power iteration. See pca.h.
 *
 * With rows X (centred, n x dim) and a block Q of BLOCK orthonormal directions, a step makes
 * T = X Q' and Q = orthonormal basis of T' X. Forty steps separate variances that differ by a
 * tenth to (1/1.1)^80 = 5e-4 of their directions.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/pca.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "eval/eigen.h"
#include "eval/geometry.h"
#include "eval/geometry_means.h"

enum { BLOCK = 6, STEPS = 40, ROWS = 128 };

typedef struct pca {
    const fdml_problem *problem;
    const uint32_t *row;
    size_t n, dim, n_blocks;
    int n_threads;
    double *x;       /* [n, dim] */
    double *q;       /* [BLOCK, dim] */
    double *t;       /* [n, BLOCK] rows along q */
    double *partial; /* [n_blocks, BLOCK * dim] */
    double *sum;     /* [BLOCK * dim] */
} pca;

static size_t block_end(const pca *p, size_t block)
{
    return block + 1 < p->n_blocks ? (block + 1) * ROWS : p->n;
}

static void load_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const pca *p = ctx;
    double *sum = p->partial + block * p->dim;
    memset(sum, 0, p->dim * sizeof *sum);
    for (size_t i = block * ROWS; i < block_end(p, block); i++) {
        double *x = p->x + i * p->dim;
        fdml_load_row(x, p->problem, p->row[i], p->problem->distance == FDML_COSINE);
        for (size_t d = 0; d < p->dim; d++) sum[d] += x[d];
    }
}

static void centre_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const pca *p = ctx;
    double *square = p->partial + block;
    *square = 0;
    for (size_t i = block * ROWS; i < block_end(p, block); i++) {
        double *x = p->x + i * p->dim;
        for (size_t d = 0; d < p->dim; d++) x[d] -= p->sum[d];
        *square += fdml_dot(x, x, p->dim);
    }
}

/* Rows less their mean; returns the sum of their squares, 0 where that is but rounding. */
static double load_centred(pca *p)
{
    double total;
    fdml_parallel(p->n_blocks, p->n_threads, load_block, p);
    fdml_merge_partials(p->sum, p->partial, p->n_blocks, p->dim);
    for (size_t d = 0; d < p->dim; d++) p->sum[d] /= (double)p->n;
    fdml_parallel(p->n_blocks, p->n_threads, centre_block, p);
    fdml_merge_partials(&total, p->partial, p->n_blocks, 1);
    const double mean = (double)p->n * fdml_dot(p->sum, p->sum, p->dim);
    return total > 1e-24 * mean ? total : 0;
}

static void project_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const pca *p = ctx;
    double *y = p->partial + block * BLOCK * p->dim;
    memset(y, 0, BLOCK * p->dim * sizeof *y);
    for (size_t i = block * ROWS; i < block_end(p, block); i++) {
        const double *x = p->x + i * p->dim;
        for (size_t b = 0; b < BLOCK; b++) {
            const double t = fdml_dot(x, p->q + b * p->dim, p->dim);
            p->t[i * BLOCK + b] = t;
            for (size_t d = 0; d < p->dim; d++) y[b * p->dim + d] += t * x[d];
        }
    }
}

/* Gram and Schmidt's, each direction twice, so that rounding leaves nothing of the earlier
 * ones; what has no length of its own becomes 0. */
static void orthonormalise(double *q, size_t dim)
{
    for (size_t b = 0; b < BLOCK; b++) {
        double *v = q + b * dim;
        const double before = sqrt(fdml_dot(v, v, dim));
        for (size_t c = 0; c < 2 * b; c++) {
            const double *u = q + c % b * dim, along = fdml_dot(u, v, dim);
            for (size_t d = 0; d < dim; d++) v[d] -= along * u[d];
        }
        const double length = sqrt(fdml_dot(v, v, dim));
        const double scale = length > 1e-12 * before ? 1 / length : 0;
        for (size_t d = 0; d < dim; d++) v[d] *= scale;
    }
}

static void iterate(pca *p, uint64_t seed, uint64_t stream)
{
    const size_t size = BLOCK * p->dim;
    fdml_rng rng;
    fdml_rng_init(&rng, seed, stream, 0);
    for (size_t i = 0; i < size; i++) p->q[i] = fdml_rng_normal(&rng);
    orthonormalise(p->q, p->dim);
    for (int step = 0; step < STEPS; step++) {
        fdml_parallel(p->n_blocks, p->n_threads, project_block, p);
        fdml_merge_partials(p->q, p->partial, p->n_blocks, size);
        orthonormalise(p->q, p->dim);
    }
    fdml_parallel(p->n_blocks, p->n_threads, project_block, p); /* t along the last q */
}

/* The sign that makes the largest component of the direction positive. */
static double sign_of(const pca *p, const double *mix)
{
    double largest = 0;
    for (size_t d = 0; d < p->dim; d++) {
        double v = 0;
        for (size_t b = 0; b < BLOCK; b++) v += mix[b] * p->q[b * p->dim + d];
        if (fabs(v) > fabs(largest)) largest = v;
    }
    return largest < 0 ? -1 : 1;
}

/* Ritz: the eigenvectors of the block's T'T turn it into principal directions. */
static fdml_status turn(double *at, double explained[2], const pca *p, double total,
                        fdml_error *err)
{
    double matrix[BLOCK * BLOCK] = { 0 }, value[BLOCK], vector[BLOCK * BLOCK],
                          scratch[3 * BLOCK];
    for (size_t i = 0; i < p->n; i++)
        for (size_t a = 0; a < BLOCK; a++)
            for (size_t b = 0; b < BLOCK; b++)
                matrix[a * BLOCK + b] += p->t[i * BLOCK + a] * p->t[i * BLOCK + b];
    FDML_TRY(fdml_eigen_symmetric(value, vector, matrix, BLOCK, scratch, err));
    for (size_t k = 0; k < 2; k++) {
        const double *mix = vector + (BLOCK - 1 - k) * BLOCK, sign = sign_of(p, mix);
        explained[k] = fmax(0, value[BLOCK - 1 - k]) / total;
        for (size_t i = 0; i < p->n; i++) {
            double sum = 0;
            for (size_t b = 0; b < BLOCK; b++) sum += mix[b] * p->t[i * BLOCK + b];
            at[2 * i + k] = sign * sum;
        }
    }
    return FDML_OK;
}

size_t fdml_pca_scratch(size_t n, size_t dim)
{
    const size_t n_blocks = (n + ROWS - 1) / ROWS;
    return (n * (dim + BLOCK) + (n_blocks + 2) * BLOCK * dim) * sizeof(double) + 5 * 64;
}

fdml_status fdml_pca_map(double *at, double explained[2], const uint32_t *row, size_t n,
                         const fdml_problem *problem, const fdml_machine *machine,
                         uint64_t seed, uint64_t stream, fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    pca p = { .problem = problem,
              .row = row,
              .n = n,
              .dim = problem->dim,
              .n_blocks = (n + ROWS - 1) / ROWS,
              .n_threads = machine->n_threads };
    p.x = fdml_arena_push(arena, n * p.dim, sizeof(double));
    p.t = fdml_arena_push(arena, n * BLOCK, sizeof(double));
    p.q = fdml_arena_push(arena, BLOCK * p.dim, sizeof(double));
    p.sum = fdml_arena_push(arena, BLOCK * p.dim, sizeof(double));
    p.partial = fdml_arena_push(arena, p.n_blocks * BLOCK * p.dim, sizeof(double));
    if (!p.x || !p.t || !p.q || !p.sum || !p.partial)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a map of %zu rows", n);
    const double total = load_centred(&p);
    fdml_status status = FDML_OK;
    if (total > 0) {
        iterate(&p, seed, stream);
        status = turn(at, explained, &p, total, err);
    } else {
        memset(at, 0, 2 * n * sizeof *at);
        explained[0] = explained[1] = NAN;
    }
    fdml_arena_reset(arena, mark);
    return status;
}
