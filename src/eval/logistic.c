/* logistic.c - see logistic.h.
 *
 * Rows are cut into at most 64 blocks, whatever the threads; each block's sums are its own and
 * are added in the order of blocks. With mu and s the mean and the deviation of a feature,
 * U^T z = sum_d (U_d / s_d) x_d - sum_d mu_d U_d / s_d: so the rows are met with the weights on
 * the right, and the gradient by U_d is (G_d - mu_d R) / s_d, G and R being those by weight and
 * by bias.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/logistic.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "eval/lbfgs.h"

enum { BLOCKS = 64, UNIT = 4 }; /* UNIT: columns that are computed together */

typedef enum block_sums { SUM_MEAN, SUM_SQUARES, SUM_GRADIENT } block_sums;

typedef struct fit {
    const fdml_logistic_rows *rows;
    const fdml_logistic_options *options;
    size_t stride;     /* n_values, padded to whole UNITs */
    size_t n;          /* of a parameter vector: (dim + 1) * stride */
    double *mean;      /* [dim] */
    double *inverse;   /* [dim] 1 / deviation; 0: constant */
    double *weight_of; /* [n_values] w of a row of it */
    double *theta;     /* [n] U and beta */
    double *raw;       /* [n] weights and bias of features as given */
    double *partial;   /* [BLOCKS, n + 1] */
    double *logit;     /* [BLOCKS, stride] */
    size_t n_blocks;
    block_sums what;
} fit;

static void begin_of(size_t *first, size_t *last, size_t n, size_t n_blocks, size_t block)
{
    *first = n * block / n_blocks;
    *last = n * (block + 1) / n_blocks;
}

/* Weights and biases as they meet the rows. */
typedef struct columns {
    const double *weight, *bias; /* [dim, stride], [stride] */
    size_t dim, stride;
} columns;

/* logit[0 .. UNIT) = columns v .. v + UNIT - 1 of bias + x weight. */
static void unit_logits(double *logit, const columns *c, size_t v, const float *x, double scale)
{
    const double *w = c->weight + v, *bias = c->bias + v;
    double s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];
    for (size_t d = 0; d < c->dim; d++, w += c->stride) {
        const double a = (double)x[d] * scale;
        s0 += a * w[0];
        s1 += a * w[1];
        s2 += a * w[2];
        s3 += a * w[3];
    }
    logit[0] = s0, logit[1] = s1, logit[2] = s2, logit[3] = s3;
}

/* From logits to w (p - [y]); returns w (-log p_y). Columns that are padding become 0. */
static double row_residuals(double *logit, size_t n_values, size_t stride, uint32_t y, double w)
{
    double most = logit[0], sum = 0;
    for (size_t v = 1; v < n_values; v++)
        if (logit[v] > most) most = logit[v];
    const double own = logit[y] - most;
    for (size_t v = 0; v < n_values; v++) sum += logit[v] = fdml_exp(logit[v] - most);
    for (size_t v = 0; v < n_values; v++) logit[v] *= w / sum;
    for (size_t v = n_values; v < stride; v++) logit[v] = 0;
    logit[y] -= w;
    return w * (fdml_log(sum) - own);
}

static void add_outer(double *g, const float *x, double scale, const double *residual,
                      size_t dim, size_t stride)
{
    for (size_t d = 0; d < dim; d++, g += stride) {
        const double a = (double)x[d] * scale;
        for (size_t v = 0; v < stride; v += UNIT) {
            g[v] += a * residual[v];
            g[v + 1] += a * residual[v + 1];
            g[v + 2] += a * residual[v + 2];
            g[v + 3] += a * residual[v + 3];
        }
    }
}

static void sum_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const fit *f = ctx;
    const fdml_logistic_rows *r = f->rows;
    const size_t dim = r->dim, s = f->stride;
    const columns c = { f->raw, f->raw + dim * s, dim, s };
    double *sum = f->partial + block * (f->n + 1), *logit = f->logit + block * s;
    size_t i, last;
    memset(sum, 0, (f->n + 1) * sizeof *sum);
    begin_of(&i, &last, r->n, f->n_blocks, block);
    for (; i < last; i++) {
        const uint32_t row = r->row[i], y = r->code[row];
        const float *x = r->x + (size_t)row * dim;
        const double scale = r->scale ? r->scale[row] : 1;
        if (f->what == SUM_GRADIENT) {
            for (size_t v = 0; v < s; v += UNIT) unit_logits(logit + v, &c, v, x, scale);
            sum[f->n] += row_residuals(logit, r->n_values, s, y, f->weight_of[y]);
            add_outer(sum, x, scale, logit, dim, s);
            for (size_t v = 0; v < s; v++) sum[dim * s + v] += logit[v];
            continue;
        }
        for (size_t d = 0; d < dim; d++) {
            const double a = (double)x[d] * scale;
            sum[d] += f->what == SUM_MEAN ? a : (a - f->mean[d]) * (a - f->mean[d]);
        }
    }
}

/* The sums of all blocks, in partial[0 .. n]. */
static const double *sum_rows(fit *f, block_sums what)
{
    f->what = what;
    fdml_parallel(f->n_blocks, f->options->n_threads, sum_block, f);
    for (size_t b = 1; b < f->n_blocks; b++)
        for (size_t k = 0; k <= f->n; k++) f->partial[k] += f->partial[b * (f->n + 1) + k];
    return f->partial;
}

static void standardise(fit *f)
{
    const size_t dim = f->rows->dim;
    const double n = (double)f->rows->n;
    const double *sum = sum_rows(f, SUM_MEAN);
    for (size_t d = 0; d < dim; d++) f->mean[d] = sum[d] / n;
    sum = sum_rows(f, SUM_SQUARES);
    for (size_t d = 0; d < dim; d++) {
        const double deviation = sqrt(sum[d] / n);
        /* a constant feature deviates by rounding: floats have 24 bits */
        f->inverse[d] = deviation > 0x1p-24 * fabs(f->mean[d]) ? 1 / deviation : 0;
    }
}

static void weigh(fit *f)
{
    const fdml_logistic_rows *r = f->rows;
    for (size_t v = 0; v < r->n_values; v++) f->weight_of[v] = 0;
    for (size_t i = 0; i < r->n; i++) f->weight_of[r->code[r->row[i]]] += 1;
    for (size_t v = 0; v < r->n_values; v++) {
        const double n_rows = f->weight_of[v];
        f->weight_of[v] = !f->options->is_balanced || n_rows == 0
                              ? 1
                              : (double)r->n / ((double)r->n_values * n_rows);
    }
}

/* raw: the weights and biases that theta = (U, beta) stands for. */
static void unstandardise(double *raw, const fit *f, const double *theta)
{
    const size_t s = f->stride, dim = f->rows->dim;
    memcpy(raw + dim * s, theta + dim * s, s * sizeof *raw);
    for (size_t d = 0; d < dim; d++)
        for (size_t v = 0; v < s; v++) {
            raw[d * s + v] = theta[d * s + v] * f->inverse[d];
            raw[dim * s + v] -= f->mean[d] * raw[d * s + v];
        }
}

static double evaluate(void *ctx, double *gradient, const double *theta)
{
    fit *f = ctx;
    const size_t s = f->stride, dim = f->rows->dim;
    const double n = (double)f->rows->n, penalty = 1 / (f->options->c * n);
    unstandardise(f->raw, f, theta);
    const double *sum = sum_rows(f, SUM_GRADIENT);
    double squares = 0;
    for (size_t d = 0; d < dim; d++)
        for (size_t v = 0; v < s; v++) {
            const double u = theta[d * s + v];
            const double g = sum[d * s + v] - f->mean[d] * sum[dim * s + v];
            gradient[d * s + v] = g * f->inverse[d] / n + penalty * u;
            squares += u * u;
        }
    for (size_t v = 0; v < s; v++) gradient[dim * s + v] = sum[dim * s + v] / n;
    return sum[f->n] / n + penalty * squares / 2;
}

/* --- the whole ------------------------------------------------------------------------- */

static size_t stride_of(size_t n_values)
{
    return (n_values + UNIT - 1) / UNIT * UNIT;
}

size_t fdml_logistic_size(size_t dim, size_t n_values, size_t n_rows)
{
    const size_t s = stride_of(n_values), n = (dim + 1) * s;
    const size_t n_blocks = n_rows < BLOCKS ? n_rows : BLOCKS;
    const size_t numbers = 3 * n + n_blocks * (n + 1 + s) + 2 * dim + n_values;
    return numbers * sizeof(double) + 8 * 64 + fdml_lbfgs_size(n); /* 64: alignment */
}

static bool make_fit(fit *f, const fdml_logistic_rows *rows,
                     const fdml_logistic_options *options, fdml_arena *arena)
{
    const size_t dim = rows->dim, stride = stride_of(rows->n_values), n = (dim + 1) * stride;
    *f = (fit){ .rows = rows, .options = options, .stride = stride, .n = n };
    f->n_blocks = rows->n < BLOCKS ? rows->n : BLOCKS;
    f->theta = fdml_arena_push_zero(arena, n, sizeof(double));
    f->raw = fdml_arena_push(arena, n, sizeof(double));
    f->mean = fdml_arena_push(arena, dim, sizeof(double));
    f->inverse = fdml_arena_push(arena, dim, sizeof(double));
    f->weight_of = fdml_arena_push(arena, rows->n_values, sizeof(double));
    f->partial = fdml_arena_push(arena, f->n_blocks * (n + 1), sizeof(double));
    f->logit = fdml_arena_push(arena, f->n_blocks * stride, sizeof(double));
    return f->theta && f->raw && f->mean && f->inverse && f->weight_of && f->partial &&
           f->logit;
}

fdml_status fdml_logistic_fit(fdml_logistic *model, const fdml_logistic_rows *rows,
                              const fdml_logistic_options *options, fdml_arena *arena,
                              fdml_error *err)
{
    const size_t stride = stride_of(rows->n_values);
    fdml_logistic made = { .dim = rows->dim, .n_values = rows->n_values, .stride = stride };
    made.weight = fdml_arena_push(arena, (rows->dim + 1) * stride, sizeof(double));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fit f;
    if (!made.weight || !make_fit(&f, rows, options, arena))
        return fdml_fail(err, FDML_E_NOMEM,
                         "no memory for a logistic regression of %zu features to %zu values",
                         rows->dim, rows->n_values);
    fdml_lbfgs job = { .fn = evaluate,
                       .ctx = &f,
                       .n = f.n,
                       .tolerance = options->tolerance,
                       .max_iterations = options->max_iterations };
    standardise(&f);
    weigh(&f);
    FDML_TRY(fdml_lbfgs_run(f.theta, &job, arena, err));
    unstandardise(made.weight, &f, f.theta);
    made.bias = made.weight + rows->dim * stride;
    made.loss = job.value;
    made.gradient = job.gradient;
    made.n_iterations = job.n_iterations;
    fdml_arena_reset(arena, mark);
    *model = made;
    return FDML_OK;
}

typedef struct prediction {
    uint32_t *predicted;
    const fdml_logistic *model;
    const fdml_logistic_rows *rows;
    size_t n_blocks;
} prediction;

static uint32_t likeliest(const fdml_logistic *m, const float *x, double scale)
{
    const columns c = { m->weight, m->bias, m->dim, m->stride };
    double most = -INFINITY, logit[UNIT];
    uint32_t best = 0;
    for (size_t v = 0; v < m->n_values; v += UNIT) {
        unit_logits(logit, &c, v, x, scale);
        for (size_t k = 0; k < UNIT && v + k < m->n_values; k++)
            if (logit[k] > most) most = logit[k], best = (uint32_t)(v + k);
    }
    return best;
}

static void predict_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const prediction *p = ctx;
    const fdml_logistic_rows *r = p->rows;
    size_t i, last;
    begin_of(&i, &last, r->n, p->n_blocks, block);
    for (; i < last; i++) {
        const uint32_t row = r->row[i];
        p->predicted[row] =
            likeliest(p->model, r->x + (size_t)row * r->dim, r->scale ? r->scale[row] : 1);
    }
}

void fdml_logistic_predict(uint32_t *predicted, const fdml_logistic *model,
                           const fdml_logistic_rows *rows, int n_threads)
{
    prediction p = { predicted, model, rows, rows->n < BLOCKS ? rows->n : BLOCKS };
    fdml_parallel(p.n_blocks, n_threads, predict_block, &p);
}
