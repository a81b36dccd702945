/* lime.c - see lime.h.
 *
 * A row is a task. Its samples, their z and the black box's answers stay in the cache (5,000
 * samples of nine features: 180 KB each way), where the moments are made of them; choosing
 * features and the fit read the moments alone.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/lime.h"

#include <math.h>
#include <string.h>

#include "base/parallel_try.h"
#include "explain/ridge.h"

const fdml_lime_options fdml_lime_defaults = {
    .n_samples = 5000, .sigma = 1, .alpha = 1, .jtt_threshold = 0.5
};

enum { FORWARD_MOST = 6 }; /* lime's own limit */

/* What a thread has. */
typedef struct desk {
    float *x, *z;            /* [n_samples, n_features] */
    float *weight, *heavier; /* [n_samples]; heavier: JTT */
    double *y;               /* [n_samples] */
    float *scratch;
    uint32_t *column; /* [n_features] the chosen ones */
    fdml_moments moments;
    fdml_ridge ridge;
} desk;

typedef struct job {
    fdml_lime_result *result;
    const fdml_lime_data *data;
    const fdml_blackbox *box;
    const float *x;
    const uint32_t *row;
    const fdml_lime_options *options;
    size_t n_kept;
    float width;
    desk *desks;
} job;

static fdml_status make_desk(desk *d, const job *j, fdml_arena *arena, fdml_error *err)
{
    const size_t n = j->options->n_samples, p = j->data->n_features;
    d->x = fdml_arena_push(arena, n, p * sizeof *d->x);
    d->z = fdml_arena_push(arena, n, p * sizeof *d->z);
    d->weight = fdml_arena_push(arena, n, sizeof *d->weight);
    d->heavier = fdml_arena_push(arena, n, sizeof *d->heavier);
    d->y = fdml_arena_push(arena, n, sizeof *d->y);
    d->scratch = fdml_arena_push(arena, fdml_lime_scratch(j->data), sizeof *d->scratch);
    d->column = fdml_arena_push(arena, p, sizeof *d->column);
    if (!d->x || !d->z || !d->weight || !d->heavier || !d->y || !d->scratch || !d->column)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu samples of %zu features", n, p);
    FDML_TRY(fdml_moments_init(&d->moments, p, j->options->workers.kernels, arena, err));
    return fdml_ridge_init(&d->ridge, p, arena, err);
}

double fdml_lime_memory(const fdml_lime_data *data, const fdml_lime_options *options)
{
    const double n = (double)options->n_samples, p = (double)data->n_features;
    const double desk_size = 2 * fdml_arena_room(n * p, sizeof(float)) +
                             2 * fdml_arena_room(n, sizeof(float)) +
                             fdml_arena_room(n, sizeof(double)) +
                             fdml_arena_room((double)fdml_lime_scratch(data), sizeof(float)) +
                             fdml_arena_room(p, sizeof(uint32_t)) +
                             fdml_moments_memory(data->n_features, options->workers.kernels) +
                             fdml_ridge_memory(data->n_features);
    const double n_threads = options->workers.n_threads;
    return n_threads * desk_size + fdml_arena_room(n_threads, sizeof(desk));
}

/* --- a row ------------------------------------------------------------------------------ */

static fdml_status ask(desk *d, const job *j, uint32_t row, int thread, fdml_error *err)
{
    const fdml_lime_options *o = j->options;
    const fdml_lime_draw draw = { .seed = o->seed,
                                  .row = row,
                                  .is_around = o->is_around,
                                  .sigma = (float)o->sigma,
                                  .width = j->width,
                                  .kernels = o->workers.kernels };
    fdml_lime_neighbours(d->x, d->z, d->weight, j->data,
                         j->x + (size_t)row * j->data->n_features, &draw, o->n_samples,
                         d->scratch);
    FDML_TRY(j->box->predict(j->box->ctx, d->y, d->x, o->n_samples, thread, err));
    for (size_t i = 0; i < o->n_samples; i++)
        if (!isfinite(d->y[i]))
            return fdml_fail(err, FDML_E_DATA,
                             "LIME: for sample %zu around row %u the black box answers %g", i,
                             row, d->y[i]);
    return FDML_OK;
}

static fdml_status choose(desk *d, const job *j, fdml_error *err)
{
    const fdml_lime_options *o = j->options;
    const bool is_forward = o->choice == FDML_LIME_FORWARD ||
                            (o->choice == FDML_LIME_AUTO && j->n_kept <= FORWARD_MOST);
    if (j->n_kept == j->data->n_features) {
        for (size_t f = 0; f < j->n_kept; f++) d->column[f] = (uint32_t)f;
        return FDML_OK;
    }
    if (!is_forward)
        return fdml_ridge_largest(d->column, j->n_kept, &d->moments, d->z, &d->ridge, err);
    fdml_ridge_forward(d->column, j->n_kept, &d->moments, &d->ridge);
    return FDML_OK;
}

/* The model at a sample. */
static double model_at(const desk *d, const float *z)
{
    double sum = d->ridge.intercept;
    for (size_t i = 0; i < d->ridge.n; i++) sum += d->ridge.coef[i] * (double)z[d->column[i]];
    return sum;
}

static void weigh_again(desk *d, const job *j)
{
    const fdml_lime_options *o = j->options;
    double total = 0;
    for (size_t i = 0; i < o->n_samples; i++) {
        const bool says = 1 - model_at(d, d->z + i * j->data->n_features) >= o->jtt_threshold;
        const bool is = 1 - d->y[i] >= o->jtt_threshold;
        d->heavier[i] = says == is ? d->weight[i] : d->weight[i] * (float)o->jtt_factor;
        total += (double)d->heavier[i];
    }
    const float factor = o->jtt_keeps_mass ? 1 : (float)(1 / total);
    for (size_t i = 0; i < o->n_samples; i++) d->heavier[i] *= factor;
}

static fdml_status explain(desk *d, const job *j, uint32_t row, int thread, fdml_error *err)
{
    const fdml_lime_options *o = j->options;
    FDML_TRY(ask(d, j, row, thread, err));
    fdml_moments_make(&d->moments, d->z, d->y, d->weight, o->n_samples);
    FDML_TRY(choose(d, j, err));
    FDML_TRY(fdml_ridge_fit(&d->ridge, &d->moments, d->column, j->n_kept, o->alpha, err));
    if (o->jtt_factor == 0) return FDML_OK;
    weigh_again(d, j);
    fdml_moments_make(&d->moments, d->z, d->y, d->heavier, o->n_samples);
    return fdml_ridge_fit(&d->ridge, &d->moments, d->column, j->n_kept, o->alpha, err);
}

static void put_result(const desk *d, const job *j, size_t i)
{
    const fdml_lime_result *r = j->result;
    const size_t p = j->data->n_features;
    if (r->prediction) r->prediction[i] = model_at(d, d->z);
    if (r->black_box) r->black_box[i] = d->y[0];
    if (r->intercept) r->intercept[i] = d->ridge.intercept;
    if (r->r2) r->r2[i] = d->ridge.r2;
    if (r->z) memcpy(r->z + i * p, d->z, p * sizeof *r->z);
    if (!r->coef) return;
    memset(r->coef + i * p, 0, p * sizeof *r->coef);
    for (size_t k = 0; k < d->ridge.n; k++) r->coef[i * p + d->column[k]] = d->ridge.coef[k];
}

static fdml_status explain_row(void *ctx, size_t i, int thread, fdml_error *err)
{
    const job *j = ctx;
    desk *d = &j->desks[thread];
    FDML_TRY(explain(d, j, j->row[i], thread, err));
    put_result(d, j, i);
    return FDML_OK;
}

/* --- all rows --------------------------------------------------------------------------- */

static fdml_status check(const fdml_lime_options *o, fdml_error *err)
{
    if (o->n_samples < 2 || o->n_samples > UINT32_MAX / 1024)
        return fdml_fail(err, FDML_E_ARG, "LIME: %zu samples, expected 2 to %u", o->n_samples,
                         UINT32_MAX / 1024);
    if (!(o->sigma > 0) || !isfinite(o->sigma))
        return fdml_fail(err, FDML_E_ARG, "LIME: sigma is %g, expected above 0", o->sigma);
    if (!(o->width >= 0) || !(o->alpha >= 0) || !isfinite(o->alpha))
        return fdml_fail(err, FDML_E_ARG,
                         "LIME: kernel width %g and penalty %g, expected 0 or above", o->width,
                         o->alpha);
    if (!(o->jtt_factor >= 0) || !isfinite(o->jtt_factor))
        return fdml_fail(err, FDML_E_ARG, "LIME: JTT's factor is %g, expected 0 or above",
                         o->jtt_factor);
    return FDML_OK;
}

fdml_status fdml_lime_explain(fdml_lime_result *result, const fdml_lime_data *data,
                              const fdml_blackbox *box, const float *x, const uint32_t *row,
                              size_t n, const fdml_lime_options *options, fdml_arena *scratch,
                              fdml_error *err)
{
    const size_t p = data->n_features;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    job j = {
        .result = result, .data = data, .box = box, .x = x, .row = row, .options = options
    };
    FDML_TRY(check(options, err));
    if (!box->can_predict_new_rows)
        return fdml_fail(err, FDML_E_ARG, "LIME: this black box cannot predict new rows");
    j.n_kept = options->n_kept && options->n_kept < p ? options->n_kept : p;
    j.width = (float)(options->width > 0 ? options->width : 0.75 * sqrt((double)p));
    j.desks =
        fdml_arena_push_zero(scratch, (size_t)options->workers.n_threads, sizeof *j.desks);
    fdml_status status = FDML_OK;
    if (!j.desks)
        status = fdml_fail(err, FDML_E_NOMEM, "no memory for %d threads",
                           options->workers.n_threads);
    for (int t = 0; status == FDML_OK && t < options->workers.n_threads; t++)
        status = make_desk(&j.desks[t], &j, scratch, err);
    if (status == FDML_OK)
        status = fdml_parallel_try(n, options->workers.n_threads, explain_row, &j, err);
    fdml_arena_reset(scratch, mark);
    return status;
}
