/* linear_model.c - see linear_model.h.
 *
 * An evaluation of f meets every row once: a run of rows is standardised into scratch that
 * stays in cache, multiplied with the weights, turned into residuals, and multiplied with the
 * residuals. Runs are dealt to blocks that depend on the problem alone; each block's sums are
 * its own and are added, in double, in the order of blocks. At most 64 blocks, and fewer where
 * the weights are many, so that their sums stay below PARTIALS floats.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/linear_model.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/lbfgs.h"

enum { LANES = FDML_DENSE_LANES, RUN = FDML_DENSE_RUN, MOST_BLOCKS = 64, CHUNK = 4096 };
static const size_t PARTIALS = (size_t)1 << 24;

/* What a thread works in. */
typedef struct desk {
    float *x, *row_panels, *z; /* [RUN, dim + 1], its panels, [RUN, stride] */
} desk;

typedef struct fit {
    const fdml_samples *samples;
    const fdml_linear_options *options;
    fdml_standard standard;
    fdml_dense layer;
    size_t n; /* of a parameter vector */
    size_t n_blocks;
    float *weight_of; /* [n_values] w of a row of it */
    float *weights;   /* [n] theta in single precision */
    float *panels;
    float *partial;   /* [n_blocks, n] gradients */
    double *loss;     /* [n_blocks] */
    double *square;   /* [chunks] of penalised parameters */
    desk *desks;      /* [n_threads] */
    const double *at; /* theta of this evaluation */
    double *gradient;
} fit;

static size_t count_blocks(size_t n_rows, size_t n)
{
    size_t blocks = (n_rows + RUN - 1) / RUN;
    const size_t most = PARTIALS / n > 1 ? PARTIALS / n : 1;
    if (blocks > MOST_BLOCKS) blocks = MOST_BLOCKS;
    return blocks < most ? blocks : most;
}

static bool make_desk(desk *d, const fdml_dense *layer, fdml_arena *arena)
{
    d->x = fdml_arena_push(arena, RUN * layer->n_in, sizeof(float));
    d->row_panels = fdml_arena_push(arena, fdml_dense_row_panels(layer, RUN), sizeof(float));
    d->z = fdml_arena_push(arena, RUN * fdml_dense_stride(layer), sizeof(float));
    return d->x && d->row_panels && d->z;
}

static desk *make_desks(const fdml_dense *layer, int n_threads, fdml_arena *arena)
{
    desk *desks = fdml_arena_push(arena, (size_t)n_threads, sizeof *desks);
    for (int t = 0; desks && t < n_threads; t++)
        if (!make_desk(&desks[t], layer, arena)) return NULL;
    return desks;
}

static size_t desks_size(const fdml_dense *layer, int n_threads)
{
    const size_t floats =
        RUN * (layer->n_in + fdml_dense_stride(layer)) + fdml_dense_row_panels(layer, RUN);
    return (size_t)n_threads * (floats * sizeof(float) + sizeof(desk) + 3 * 64) + 64;
}

/* --- f ---------------------------------------------------------------------------------- */

static void sum_block(void *ctx, size_t block, int thread)
{
    const fit *f = ctx;
    const fdml_samples *s = f->samples;
    const desk *d = &f->desks[thread];
    const size_t n_runs = (s->n + RUN - 1) / RUN, begin = n_runs * block / f->n_blocks;
    const size_t end = n_runs * (block + 1) / f->n_blocks;
    double loss = 0;
    for (size_t run = begin; run < end; run++) {
        const size_t first = run * RUN, n = s->n - first < RUN ? s->n - first : RUN;
        const fdml_targets targets = { s->row + first, s->code, f->weight_of, n };
        fdml_standard_rows(d->x, &f->standard, s, first, n, f->layer.kernels);
        fdml_dense_product(d->z, d->x, n, f->panels, d->row_panels, &f->layer);
        loss += f->options->loss == FDML_LOGISTIC
                    ? fdml_cross_entropy(d->z, &targets, &f->layer)
                    : fdml_squared_hinge(d->z, &targets, &f->layer);
        fdml_dense_gradient(f->partial + block * f->n, d->x, d->z, n, run > begin, &f->layer);
    }
    f->loss[block] = loss;
}

/* A bias of the logistic regression is free; all else is penalised. */
static bool is_free(const fit *f, size_t k)
{
    return f->options->loss == FDML_LOGISTIC && k / LANES % f->layer.n_in == f->layer.n_in - 1;
}

static void add_chunk(void *ctx, size_t chunk, int thread)
{
    (void)thread;
    const fit *f = ctx;
    const double n_rows = (double)f->samples->n, penalty = 1 / (f->options->c * n_rows);
    const size_t first = chunk * CHUNK, end = first + CHUNK < f->n ? first + CHUNK : f->n;
    double *g = f->gradient, square = 0;
    for (size_t k = first; k < end; k++) g[k] = 0;
    for (size_t b = 0; b < f->n_blocks; b++)
        for (size_t k = first; k < end; k++) g[k] += (double)f->partial[b * f->n + k];
    for (size_t k = first; k < end; k += LANES) { /* a chunk is whole blocks */
        const double p = is_free(f, k) ? 0 : penalty;
        for (size_t i = k; i < k + LANES; i++) {
            g[i] = g[i] / n_rows + p * f->at[i];
            square += p * f->at[i] * f->at[i];
        }
    }
    f->square[chunk] = square;
}

static void pack_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const fit *f = ctx;
    const size_t n = f->layer.n_in * LANES;
    float *w = f->weights + block * n;
    for (size_t k = 0; k < n; k++) w[k] = (float)f->at[block * n + k];
    fdml_dense_pack(f->panels, w, block, &f->layer);
}

static size_t count_chunks(size_t n)
{
    return (n + CHUNK - 1) / CHUNK;
}

static double evaluate(void *ctx, double *gradient, const double *theta)
{
    fit *f = ctx;
    const int n_threads = f->options->workers.n_threads;
    const size_t n_chunks = count_chunks(f->n);
    double loss = 0, square = 0;
    f->at = theta;
    f->gradient = gradient;
    fdml_parallel(fdml_dense_blocks(f->layer.n_out), n_threads, pack_block, f);
    fdml_parallel(f->n_blocks, n_threads, sum_block, f);
    fdml_parallel(n_chunks, n_threads, add_chunk, f);
    for (size_t b = 0; b < f->n_blocks; b++) loss += f->loss[b];
    for (size_t c = 0; c < n_chunks; c++) square += f->square[c];
    return loss / (double)f->samples->n + square / 2;
}

/* --- the fit ---------------------------------------------------------------------------- */

static void weigh(fit *f)
{
    const fdml_samples *s = f->samples;
    for (size_t v = 0; v < s->n_values; v++) f->weight_of[v] = 0;
    for (size_t i = 0; i < s->n; i++) f->weight_of[s->code[s->row[i]]] += 1;
    for (size_t v = 0; v < s->n_values; v++) {
        const double n_rows = (double)f->weight_of[v];
        f->weight_of[v] = !f->options->is_balanced || n_rows == 0
                              ? 1
                              : (float)((double)s->n / ((double)s->n_values * n_rows));
    }
}

size_t fdml_linear_size(size_t dim, size_t n_values, size_t n_rows, const fdml_workers *workers)
{
    const fdml_dense layer = { dim + 1, n_values, workers->kernels };
    const size_t n = fdml_dense_size(dim + 1, n_values), n_blocks = count_blocks(n_rows, n);
    return n * (sizeof(double) + sizeof(float) * (1 + n_blocks)) +
           fdml_dense_panels(&layer) * sizeof(float) + n_values * sizeof(float) +
           (n_blocks + count_chunks(n)) * sizeof(double) + fdml_standard_size(dim) +
           desks_size(&layer, workers->n_threads) + fdml_lbfgs_size(n) + 8 * 64; /* alignment */
}

static bool make_fit(fit *f, fdml_arena *arena)
{
    const int n_threads = f->options->workers.n_threads;
    f->weight_of = fdml_arena_push(arena, f->layer.n_out, sizeof(float));
    f->weights = fdml_arena_push(arena, f->n, sizeof(float));
    f->partial = fdml_arena_push(arena, f->n_blocks * f->n, sizeof(float));
    f->loss = fdml_arena_push(arena, f->n_blocks, sizeof(double));
    f->square = fdml_arena_push(arena, count_chunks(f->n), sizeof(double));
    f->desks = make_desks(&f->layer, n_threads, arena);
    return f->weight_of && f->weights && f->partial && f->loss && f->square && f->desks;
}

/* Evaluations are short and many, so threads stand by between them. */
typedef struct minimising {
    fdml_lbfgs *job;
    double *theta;
    fdml_arena *arena;
    fdml_error *err;
    fdml_status status;
} minimising;

static void run_lbfgs(void *ctx)
{
    minimising *m = ctx;
    m->status = fdml_lbfgs_run(m->theta, m->job, m->arena, m->err);
}

static fdml_status minimise(fdml_linear_model *model, fit *f, double *theta, fdml_arena *arena,
                            fdml_error *err)
{
    fdml_lbfgs job = { .fn = evaluate,
                       .ctx = f,
                       .n = f->n,
                       .tolerance = f->options->tolerance,
                       .rounding = 0x1p-24,
                       .max_iterations = f->options->max_iterations };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    if (!make_fit(f, arena))
        return fdml_fail(err, FDML_E_NOMEM,
                         "no memory for a linear model of %zu features and %zu values",
                         f->samples->dim, f->samples->n_values);
    weigh(f);
    minimising m = { &job, theta, arena, err, FDML_OK };
    fdml_parallel_team(f->options->workers.n_threads, run_lbfgs, &m);
    FDML_TRY(m.status);
    f->at = theta;
    for (size_t b = 0; b < fdml_dense_blocks(f->layer.n_out); b++) pack_block(f, b, 0);
    model->loss = job.value;
    model->gradient = job.gradient;
    model->n_iterations = job.n_iterations;
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

fdml_status fdml_linear_fit(fdml_linear_model *model, const fdml_samples *samples,
                            const fdml_linear_options *options, fdml_arena *arena,
                            fdml_error *err)
{
    fit f = { .samples = samples,
              .options = options,
              .layer = { samples->dim + 1, samples->n_values, options->workers.kernels } };
    f.n = fdml_dense_size(f.layer.n_in, f.layer.n_out);
    f.n_blocks = count_blocks(samples->n, f.n);
    double *theta = fdml_arena_push_zero(arena, f.n, sizeof *theta);
    f.panels = fdml_arena_push(arena, fdml_dense_panels(&f.layer), sizeof(float));
    if (!theta || !f.panels)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a linear model of %zu weights", f.n);
    FDML_TRY(fdml_standard_make(&f.standard, samples, options->workers.n_threads, arena, err));
    fdml_linear_model made = { .dim = samples->dim,
                               .n_values = samples->n_values,
                               .standard = f.standard,
                               .theta = theta,
                               .panels = f.panels };
    FDML_TRY(minimise(&made, &f, theta, arena, err));
    *model = made;
    return FDML_OK;
}

/* --- prediction ------------------------------------------------------------------------- */

typedef struct prediction {
    uint32_t *predicted;
    const fdml_linear_model *model;
    const fdml_samples *samples;
    fdml_dense layer;
    desk *desks;
} prediction;

static void predict_run(void *ctx, size_t run, int thread)
{
    const prediction *p = ctx;
    const fdml_samples *s = p->samples;
    const desk *d = &p->desks[thread];
    const size_t first = run * RUN, n = s->n - first < RUN ? s->n - first : RUN;
    const size_t stride = fdml_dense_stride(&p->layer);
    fdml_standard_rows(d->x, &p->model->standard, s, first, n, p->layer.kernels);
    fdml_dense_product(d->z, d->x, n, p->model->panels, d->row_panels, &p->layer);
    for (size_t i = 0; i < n; i++)
        p->predicted[s->row[first + i]] = fdml_dense_largest(d->z + i * stride, p->layer.n_out);
}

fdml_status fdml_linear_predict(uint32_t *predicted, const fdml_linear_model *model,
                                const fdml_samples *samples, const fdml_workers *workers,
                                fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    prediction p = { predicted, model, samples,
                     .layer = { model->dim + 1, model->n_values, workers->kernels } };
    p.desks = make_desks(&p.layer, workers->n_threads, scratch);
    if (!p.desks)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to predict %zu rows", samples->n);
    fdml_parallel((samples->n + RUN - 1) / RUN, workers->n_threads, predict_run, &p);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
