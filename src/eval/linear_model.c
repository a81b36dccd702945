/* linear_model.c - see linear_model.h.
 *
 * An evaluation of f meets every row once, with a weight where it is listed more often: a run
 * of rows is standardised into scratch that stays in cache, multiplied with the weights, turned
 * into residuals, and multiplied with the residuals. Runs are dealt to blocks that depend on
 * the problem alone; each block's sums are its own and are added, in double, in the order of
 * blocks. At most 64 blocks of four runs or more, and fewer where the weights are many, so that
 * their sums stay below PARTIALS floats.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/linear_model.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/lbfgs.h"

enum { LANES = FDML_DENSE_LANES, RUN = FDML_DENSE_RUN, MOST_BLOCKS = 64, LEAST_RUNS = 4 };
const double fdml_linear_tolerance[2] = { [FDML_LOGISTIC] = 1e-5, [FDML_SVM] = 1e-4 };

static const size_t PARTIALS = (size_t)1 << 24;

/* What a thread works in. */
typedef struct desk {
    float *x, *z;  /* [RUN, dim + 1], [RUN, stride] */
    float *panels; /* of whichever is multiplied */
} desk;

typedef struct fit {
    const fdml_samples *listed;
    fdml_samples samples; /* the same, each row once */
    uint32_t *times;      /* [samples.n] how often */
    const fdml_linear_options *options;
    fdml_standard standard;
    fdml_dense layer;
    size_t n; /* of a parameter vector */
    size_t n_blocks;
    float *weight;  /* [samples.n] */
    float *weights; /* [n] theta in single precision */
    float *panels;
    float *partial;   /* [n_blocks, dim + 1, stride] gradients */
    double *loss;     /* [n_blocks] */
    double *square;   /* [blocks of outputs] of penalised parameters */
    desk *desks;      /* [n_threads] */
    const double *at; /* theta of this evaluation */
    double *gradient;
} fit;

static size_t count_blocks(size_t n_rows, size_t n)
{
    size_t blocks = (n_rows + LEAST_RUNS * RUN - 1) / (LEAST_RUNS * RUN);
    const size_t most = PARTIALS / n > 1 ? PARTIALS / n : 1;
    if (blocks > MOST_BLOCKS) blocks = MOST_BLOCKS;
    return blocks < most ? blocks : most;
}

static size_t desk_panels(const fdml_dense *layer)
{
    const size_t product = fdml_dense_row_panels(layer, RUN);
    const size_t outer = fdml_dense_outer_panels(layer, RUN);
    return product > outer ? product : outer;
}

static bool make_desk(desk *d, const fdml_dense *layer, fdml_arena *arena)
{
    d->x = fdml_arena_push(arena, RUN * layer->n_in, sizeof(float));
    d->z = fdml_arena_push(arena, RUN * fdml_dense_stride(layer), sizeof(float));
    d->panels = fdml_arena_push(arena, desk_panels(layer), sizeof(float));
    return d->x && d->z && d->panels;
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
    const size_t floats = RUN * (layer->n_in + fdml_dense_stride(layer)) + desk_panels(layer);
    return (size_t)n_threads * (floats * sizeof(float) + sizeof(desk) + 3 * 64) + 64;
}

/* --- f ---------------------------------------------------------------------------------- */

static size_t partial_size(const fdml_dense *layer)
{
    return layer->n_in * fdml_dense_stride(layer);
}

static void sum_block(void *ctx, size_t block, int thread)
{
    const fit *f = ctx;
    const fdml_samples *s = &f->samples;
    const desk *d = &f->desks[thread];
    const size_t n_runs = (s->n + RUN - 1) / RUN, begin = n_runs * block / f->n_blocks;
    const size_t end = n_runs * (block + 1) / f->n_blocks;
    float *gradient = f->partial + block * partial_size(&f->layer);
    double loss = 0;
    for (size_t run = begin; run < end; run++) {
        const size_t first = run * RUN, n = s->n - first < RUN ? s->n - first : RUN;
        const fdml_targets targets = { s->row + first, s->code, f->weight + first, n };
        fdml_standard_rows(d->x, &f->standard, s, first, n, f->layer.kernels);
        fdml_dense_product(d->z, d->x, n, f->panels, d->panels, &f->layer);
        loss += f->options->loss == FDML_LOGISTIC
                    ? fdml_cross_entropy(d->z, &targets, &f->layer)
                    : fdml_squared_hinge(d->z, &targets, &f->layer);
        fdml_dense_outer(gradient, d->x, d->z, n, run > begin, d->panels, &f->layer);
    }
    f->loss[block] = loss;
}

/* A bias of the logistic regression is free; all else is penalised. */
static double penalty_of(const fit *f, size_t input)
{
    const bool is_free = f->options->loss == FDML_LOGISTIC && input == f->layer.n_in - 1;
    return is_free ? 0 : 1 / (f->options->c * (double)f->listed->n);
}

/* The gradient of one block of outputs, of the sums of all blocks of rows. */
static void add_outputs(void *ctx, size_t output, int thread)
{
    (void)thread;
    const fit *f = ctx;
    const size_t n_in = f->layer.n_in, stride = fdml_dense_stride(&f->layer);
    const double *at = f->at + output * n_in * LANES, n_rows = (double)f->listed->n;
    double *gradient = f->gradient + output * n_in * LANES, square = 0;
    for (size_t i = 0; i < n_in; i++, at += LANES, gradient += LANES) {
        const double penalty = penalty_of(f, i);
        double sum[LANES] = { 0 };
        for (size_t b = 0; b < f->n_blocks; b++) {
            const float *part = f->partial + (b * n_in + i) * stride + output * LANES;
            for (size_t k = 0; k < LANES; k++) sum[k] += (double)part[k];
        }
        for (size_t k = 0; k < LANES; k++) {
            gradient[k] = sum[k] / n_rows + penalty * at[k];
            square += penalty * at[k] * at[k];
        }
    }
    f->square[output] = square;
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

static double evaluate(void *ctx, double *gradient, const double *theta)
{
    fit *f = ctx;
    const int n_threads = f->options->workers.n_threads;
    const size_t n_outputs = fdml_dense_blocks(f->layer.n_out);
    double loss = 0, square = 0;
    f->at = theta;
    f->gradient = gradient;
    fdml_parallel(n_outputs, n_threads, pack_block, f);
    fdml_parallel(f->n_blocks, n_threads, sum_block, f);
    fdml_parallel(n_outputs, n_threads, add_outputs, f);
    for (size_t b = 0; b < f->n_blocks; b++) loss += f->loss[b];
    for (size_t o = 0; o < n_outputs; o++) square += f->square[o];
    return loss / (double)f->listed->n + square / 2;
}

/* --- the fit ---------------------------------------------------------------------------- */

/* A row counts as often as it is listed, times the weight of its value where values are to
 * count alike. */
static fdml_status weigh(fit *f, fdml_arena *arena, fdml_error *err)
{
    const fdml_samples *s = &f->samples;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    double *listed = fdml_arena_push_zero(arena, s->n_values, sizeof *listed);
    if (!listed)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to weigh %zu values", s->n_values);
    for (size_t i = 0; i < s->n; i++) listed[s->code[s->row[i]]] += f->times[i];
    for (size_t i = 0; i < s->n; i++) {
        const double of_value = (double)s->n_values * listed[s->code[s->row[i]]];
        const double weight = f->options->is_balanced ? (double)f->listed->n / of_value : 1;
        f->weight[i] = (float)((double)f->times[i] * weight);
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

size_t fdml_linear_size(size_t dim, size_t n_values, size_t n_listed,
                        const fdml_workers *workers)
{
    const fdml_dense layer = { dim + 1, n_values, workers->kernels };
    const size_t n = fdml_dense_size(dim + 1, n_values), n_partial = partial_size(&layer);
    const size_t n_blocks = count_blocks(n_listed, n_partial);
    return n * (sizeof(double) + sizeof(float)) + n_blocks * n_partial * sizeof(float) +
           fdml_dense_panels(&layer) * sizeof(float) + n_values * sizeof(double) +
           n_listed * sizeof(float) + fdml_samples_merge_size(n_listed) +
           (n_blocks + fdml_dense_blocks(n_values)) * sizeof(double) + fdml_standard_size(dim) +
           desks_size(&layer, workers->n_threads) + fdml_lbfgs_size(n) + 8 * 64; /* alignment */
}

static fdml_status make_fit(fit *f, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(fdml_samples_merge(&f->samples, &f->times, f->listed, arena, err));
    f->n_blocks = count_blocks(f->samples.n, partial_size(&f->layer));
    f->weight = fdml_arena_push(arena, f->samples.n, sizeof(float));
    f->weights = fdml_arena_push(arena, f->n, sizeof(float));
    f->partial = fdml_arena_push(arena, f->n_blocks * partial_size(&f->layer), sizeof(float));
    f->loss = fdml_arena_push(arena, f->n_blocks, sizeof(double));
    f->square = fdml_arena_push(arena, fdml_dense_blocks(f->layer.n_out), sizeof(double));
    f->desks = make_desks(&f->layer, f->options->workers.n_threads, arena);
    if (!f->weight || !f->weights || !f->partial || !f->loss || !f->square || !f->desks)
        return fdml_fail(err, FDML_E_NOMEM,
                         "no memory for a linear model of %zu features and %zu values",
                         f->listed->dim, f->listed->n_values);
    return weigh(f, arena, err);
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
                       .kernels = f->layer.kernels,
                       .tolerance = f->options->tolerance,
                       .rounding = 0x1p-24,
                       .max_iterations = f->options->max_iterations };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(make_fit(f, arena, err));
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
    fit f = { .listed = samples,
              .options = options,
              .layer = { samples->dim + 1, samples->n_values, options->workers.kernels } };
    f.n = fdml_dense_size(f.layer.n_in, f.layer.n_out);
    double *theta = fdml_arena_push_zero(arena, f.n, sizeof *theta);
    f.panels = fdml_arena_push(arena, fdml_dense_panels(&f.layer), sizeof(float));
    if (!theta || !f.panels)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a linear model of %zu weights", f.n);
    if (options->start) memcpy(theta, options->start, f.n * sizeof *theta);
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
    fdml_dense_product(d->z, d->x, n, p->model->panels, d->panels, &p->layer);
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
