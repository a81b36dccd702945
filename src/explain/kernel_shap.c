/* kernel_shap.c - see kernel_shap.h.
 *
 * A row is a task. Coalitions are worth asking for many at a time: rows of up to BATCH are
 * put together for one call of the black box.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/kernel_shap.h"

#include <math.h>
#include <string.h>

#include "base/parallel_try.h"
#include "base/rng.h"
#include "explain/coalitions.h"
#include "explain/spd.h"

enum { BATCH = 2048 };                     /* rows; at least one coalition's */
static const uint32_t STREAM = 0x70616873; /* "shap" */
static const double ROUNDING = 1e-12, REGULAR = 1e-9;

typedef struct desk {
    fdml_coalitions c;
    float *x;         /* [BATCH or n_background, n_features] */
    double *y;        /* likewise */
    double *value;    /* [coalitions] */
    uint32_t *player; /* [n_features] the feature of a player */
    size_t n_players;
    double fx;
    double *phi;     /* [n_features + 1] of players */
    double *a, *way; /* [n_features, n_features], [n_features] */
} desk;

typedef struct job {
    fdml_shap_result *result;
    const fdml_blackbox *box;
    const fdml_shap_data *data;
    const fdml_shap_options *options;
    const uint32_t *row;
    size_t n_samples, n_per_call; /* coalitions */
    desk *desks;
} job;

static fdml_status make_desk(desk *d, const job *j, fdml_arena *arena, fdml_error *err)
{
    const size_t p = j->data->n_features, n = j->n_per_call * j->data->n_background;
    FDML_TRY(fdml_coalitions_init(&d->c, p, j->n_samples, arena, err));
    d->x = fdml_arena_push(arena, n, p * sizeof *d->x);
    d->y = fdml_arena_push(arena, n, sizeof *d->y);
    d->value = fdml_arena_push(arena, j->n_samples + 2, sizeof *d->value);
    d->player = fdml_arena_push(arena, p, sizeof *d->player);
    d->phi = fdml_arena_push(arena, p + 1, sizeof *d->phi);
    d->a = fdml_arena_push(arena, p, p * sizeof *d->a);
    d->way = fdml_arena_push(arena, p, sizeof *d->way);
    if (!d->x || !d->y || !d->value || !d->player || !d->phi || !d->a || !d->way)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu coalitions of %zu features",
                         j->n_samples, p);
    return FDML_OK;
}

/* Coalitions of a row, and those of a call of the black box. */
static size_t count_samples(const fdml_shap_options *o, size_t p)
{
    if (o->is_exact) return (size_t)1 << (p < FDML_SHAP_EXACT_MOST ? p : FDML_SHAP_EXACT_MOST);
    return o->n_samples ? o->n_samples : 2 * p + 2048;
}

static size_t count_per_call(size_t n_background)
{
    return n_background < BATCH ? BATCH / n_background : 1;
}

double fdml_shap_memory(size_t n_features, size_t n_background,
                        const fdml_shap_options *options)
{
    const size_t n_samples = count_samples(options, n_features);
    const double p = (double)n_features, n_threads = options->workers.n_threads,
                 n = (double)(count_per_call(n_background) * n_background);
    const double desk_size =
        fdml_coalitions_memory(n_features, n_samples) + fdml_arena_room(n * p, sizeof(float)) +
        fdml_arena_room(n, sizeof(double)) +
        fdml_arena_room((double)n_samples + 2, sizeof(double)) +
        fdml_arena_room(p, sizeof(uint32_t)) + fdml_arena_room(p + 1, sizeof(double)) +
        fdml_arena_room(p * p, sizeof(double)) + fdml_arena_room(p, sizeof(double));
    return n_threads * desk_size + fdml_arena_room(n_threads, sizeof(desk)) +
           fdml_arena_room((double)n_background, sizeof(double));
}

/* --- what coalitions are worth ---------------------------------------------------------- */

static fdml_status predict(const job *j, double *y, const float *x, size_t n, int thread,
                           fdml_error *err)
{
    FDML_TRY(j->box->predict(j->box->ctx, y, x, n, thread, err));
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]))
            return fdml_fail(err, FDML_E_DATA, "SHAP: the black box answers %g", y[i]);
    return FDML_OK;
}

static double mean(const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += y[i];
    return sum / (double)n;
}

/* v of the coalitions of d->c, in their order. */
static fdml_status ask(desk *d, const job *j, const float *own, int thread, fdml_error *err)
{
    const size_t p = j->data->n_features, n_bg = j->data->n_background;
    for (size_t first = 0; first < d->c.n; first += j->n_per_call) {
        const size_t n = d->c.n - first < j->n_per_call ? d->c.n - first : j->n_per_call;
        for (size_t s = 0; s < n; s++) {
            float *x = d->x + s * n_bg * p;
            memcpy(x, j->data->background, n_bg * p * sizeof *x);
            for (size_t k = 0; k < d->n_players; k++) {
                if (!fdml_coalition_has(&d->c, first + s, k)) continue;
                const size_t f = d->player[k];
                for (size_t b = 0; b < n_bg; b++) x[b * p + f] = own[f];
            }
        }
        FDML_TRY(predict(j, d->y, d->x, n * n_bg, thread, err));
        for (size_t s = 0; s < n; s++) d->value[first + s] = mean(d->y + s * n_bg, n_bg);
    }
    return FDML_OK;
}

static void find_players(desk *d, const job *j, const float *own)
{
    const size_t p = j->data->n_features;
    d->n_players = 0;
    for (size_t f = 0; f < p; f++) {
        size_t b = 0;
        for (; b < j->data->n_background; b++) {
            const float v = j->data->background[b * p + f];
            if (v != own[f] && !(isnan(v) && isnan(own[f]))) break;
        }
        if (b < j->data->n_background) d->player[d->n_players++] = (uint32_t)f;
    }
}

/* --- Shapley's formula ------------------------------------------------------------------ */

/* phi_i = sum over S without i of s! (m - s - 1)! / m! (v(S with i) - v(S)). */
static fdml_status explain_exactly(desk *d, const job *j, const float *own, int thread,
                                   fdml_error *err)
{
    const size_t m = d->n_players, n = (size_t)1 << m;
    double share[FDML_SHAP_EXACT_MOST]; /* 1 / (m binom(m - 1, s)) */
    share[0] = 1 / (double)m;
    for (size_t s = 1; s < m; s++) share[s] = share[s - 1] * (double)s / (double)(m - s);
    d->c.n = n;
    for (size_t s = 0; s < n; s++) d->c.mask[s * d->c.n_words] = s; /* n_words may be 2 */
    FDML_TRY(ask(d, j, own, thread, err));
    d->value[0] = j->result->base;
    d->value[n - 1] = d->fx;
    for (size_t i = 0; i < m; i++) {
        const size_t bit = (size_t)1 << i;
        d->phi[i] = 0;
        for (size_t s = 0; s < n; s++) {
            size_t size = 0;
            if (s & bit) continue;
            for (size_t rest = s; rest; rest &= rest - 1) size++;
            d->phi[i] += share[size] * (d->value[s | bit] - d->value[s]);
        }
    }
    return FDML_OK;
}

/* --- weighted least squares ------------------------------------------------------------- */

/* a and the right side, phi, of all players but the last. */
static void make_equations(desk *d, double base)
{
    const size_t m = d->n_players, n = m - 1;
    memset(d->a, 0, n * n * sizeof *d->a);
    memset(d->phi, 0, m * sizeof *d->phi);
    for (size_t s = 0; s < d->c.n; s++) {
        const double last = fdml_coalition_has(&d->c, s, n) ? 1 : 0, w = d->c.weight[s];
        const double t = d->value[s] - base - last * (d->fx - base);
        for (size_t i = 0; i < n; i++)
            d->way[i] = (fdml_coalition_has(&d->c, s, i) ? 1 : 0) - last;
        for (size_t i = 0; i < n; i++) {
            const double u = w * d->way[i];
            if (u == 0) continue;
            d->phi[i] += u * t;
            for (size_t k = 0; k <= i; k++) d->a[i * n + k] += u * d->way[k];
        }
    }
}

static void solve(desk *d, double base)
{
    const size_t n = d->n_players - 1;
    make_equations(d, base);
    if (fdml_spd_factor(d->a, n, ROUNDING) < n) {
        double most = 0;
        make_equations(d, base);
        for (size_t i = 0; i < n; i++) most = fmax(most, d->a[i * n + i]);
        for (size_t i = 0; i < n; i++) d->a[i * n + i] += most > 0 ? REGULAR * most : 1;
        (void)fdml_spd_factor(d->a, n, 0);
    }
    fdml_spd_solve(d->phi, d->a, n);
    d->phi[n] = d->fx - base;
    for (size_t i = 0; i < n; i++) d->phi[n] -= d->phi[i];
}

/* --- a row ------------------------------------------------------------------------------ */

static fdml_status explain(desk *d, const job *j, uint32_t row, int thread, fdml_error *err)
{
    const float *own = j->data->x + (size_t)row * j->data->n_features;
    FDML_TRY(predict(j, &d->fx, own, 1, thread, err));
    find_players(d, j, own);
    d->phi[0] = d->fx - j->result->base; /* of a player alone */
    if (d->n_players < 2) return FDML_OK;
    if (j->options->is_exact) {
        if (d->n_players > FDML_SHAP_EXACT_MOST)
            return fdml_fail(
                err, FDML_E_ARG,
                "SHAP: row %u has %zu features that differ from the background, at "
                "most %d can be enumerated",
                row, d->n_players, FDML_SHAP_EXACT_MOST);
        return explain_exactly(d, j, own, thread, err);
    }
    fdml_rng rng;
    fdml_rng_init(&rng, j->options->seed, STREAM, row);
    fdml_coalitions_make(&d->c, d->n_players, j->n_samples, &rng);
    FDML_TRY(ask(d, j, own, thread, err));
    solve(d, j->result->base);
    return FDML_OK;
}

static void put_result(const desk *d, const job *j, size_t i)
{
    const size_t p = j->data->n_features;
    const fdml_shap_result *r = j->result;
    double sum = r->base;
    for (size_t k = 0; k < d->n_players; k++) {
        bool is_kept = !j->options->kept;
        for (size_t l = 0; !is_kept && l < j->options->n_kept; l++)
            is_kept = j->options->kept[l] == d->player[k];
        if (is_kept) sum += d->phi[k];
    }
    if (r->prediction) r->prediction[i] = sum;
    if (r->black_box) r->black_box[i] = d->fx;
    if (!r->phi) return;
    memset(r->phi + i * p, 0, p * sizeof *r->phi);
    for (size_t k = 0; k < d->n_players; k++) r->phi[i * p + d->player[k]] = d->phi[k];
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

static fdml_status check(const job *j, fdml_error *err)
{
    const fdml_shap_options *o = j->options;
    if (!j->data->n_background) return fdml_fail(err, FDML_E_ARG, "SHAP: no background rows");
    for (size_t k = 0; o->kept && k < o->n_kept; k++)
        if (o->kept[k] >= j->data->n_features)
            return fdml_fail(err, FDML_E_ARG, "SHAP: feature %u is kept, but there are %zu",
                             o->kept[k], j->data->n_features);
    if (!j->box->can_predict_new_rows)
        return fdml_fail(err, FDML_E_ARG, "SHAP: this black box cannot predict new rows");
    return FDML_OK;
}

static fdml_status make_base(const job *j, fdml_arena *scratch, fdml_error *err)
{
    const size_t n = j->data->n_background;
    double *y = fdml_arena_push(scratch, n, sizeof *y);
    if (!y) return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu background rows", n);
    FDML_TRY(predict(j, y, j->data->background, n, 0, err));
    j->result->base = mean(y, n);
    return FDML_OK;
}

static fdml_status make_ready(job *j, fdml_arena *scratch, fdml_error *err)
{
    const int n_threads = j->options->workers.n_threads;
    FDML_TRY(check(j, err));
    FDML_TRY(make_base(j, scratch, err));
    j->n_samples = count_samples(j->options, j->data->n_features);
    j->n_per_call = count_per_call(j->data->n_background);
    j->desks = fdml_arena_push_zero(scratch, (size_t)n_threads, sizeof *j->desks);
    if (!j->desks) return fdml_fail(err, FDML_E_NOMEM, "no memory for %d threads", n_threads);
    for (int t = 0; t < n_threads; t++) FDML_TRY(make_desk(&j->desks[t], j, scratch, err));
    return FDML_OK;
}

fdml_status fdml_shap_explain(fdml_shap_result *result, const fdml_blackbox *box,
                              const fdml_shap_data *data, const uint32_t *row, size_t n,
                              const fdml_shap_options *options, fdml_arena *scratch,
                              fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    job j = { .result = result, .box = box, .data = data, .options = options, .row = row };
    fdml_status status = make_ready(&j, scratch, err);
    if (status == FDML_OK)
        status = fdml_parallel_try(n, options->workers.n_threads, explain_row, &j, err);
    fdml_arena_reset(scratch, mark);
    return status;
}
