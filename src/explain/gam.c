/* gam.c - the additive model over a grid of lambdas. See gam.h.
 *
 * Each lambda goes on from the coefficients of the one before, as in pygam's gridsearch; after
 * one that failed the next starts anew.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/gam.h"

#include <assert.h>
#include <string.h>

#include "base/parallel.h"
#include "explain/gam_state.h"
#include "explain/spline.h"

/* numpy.logspace(-3, 3, 11), printed with 17 digits */
const double fdml_gam_lambda[FDML_GAM_LAMBDAS] = {
    0.001, 0.003981071705534973, 0.015848931924611134, 0.0630957344480193, 0.25118864315095796,
    1.0,   3.9810717055349696,   15.848931924611142,   63.0957344480193,   251.18864315095772,
    1000.0
};

typedef struct grid {
    fdml_gam *gam;
    gam_pirls pirls;
    const double *lambda;
    size_t n_lambda;
    fdml_gam_trial *trial; /* [n_lambda] */
    double *best;          /* [n_coefficients] */
    size_t best_trial;
    bool has_fit;
} grid;

static void try_lambdas(void *ctx)
{
    grid *g = ctx;
    bool has_start = false;
    for (size_t i = 0; i < g->n_lambda; i++) {
        g->pirls.lambda = g->lambda[i];
        g->trial[i] = (fdml_gam_trial){ .lambda = g->lambda[i] };
        if (!has_start && !fdml_gam_start(&g->pirls)) continue;
        fdml_gam_run(&g->pirls, &g->trial[i]);
        has_start = g->trial[i].has_fit;
        if (!has_start) continue;
        if (g->has_fit && !(g->trial[i].ubre < g->trial[g->best_trial].ubre)) continue;
        g->has_fit = true;
        g->best_trial = i;
        memcpy(g->best, g->pirls.coefficient, g->gam->n_coefficients * sizeof *g->best);
    }
}

static fdml_status check_labels(const uint8_t *label, size_t n, fdml_error *err)
{
    size_t n_ones = 0;
    for (size_t i = 0; i < n; i++) {
        assert(label[i] <= 1);
        n_ones += label[i];
    }
    if (n_ones > 0 && n_ones < n) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA, "additive model: all %zu rows have label %d", n,
                     n_ones > 0);
}

static fdml_status run_grid(grid *g, const float *z, const uint8_t *label, size_t n,
                            fdml_arena *arena, fdml_error *err)
{
    gam_rows rows = { .label = label };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    g->pirls.rows = &rows;
    if (!fdml_gam_make_rows(&rows, g->gam, z, n, g->pirls.options->n_threads, arena) ||
        !fdml_gam_make_pirls(&g->pirls, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for an additive model of %zu rows", n);
    fdml_parallel_team(g->pirls.options->n_threads, try_lambdas, g);
    fdml_arena_reset(arena, mark);
    if (!g->has_fit)
        return fdml_fail(err, FDML_E_DATA,
                         "additive model: no fit for any of %zu penalties from %g to %g",
                         g->n_lambda, g->lambda[0], g->lambda[g->n_lambda - 1]);
    return FDML_OK;
}

/* As if every column were a spline. */
double fdml_gam_memory(size_t n, size_t dim, size_t n_smooth, const fdml_gam_options *options)
{
    const size_t n_plain = dim - n_smooth, m = FDML_GAM_SPLINES * n_smooth + 2 * n_plain + 1;
    const double entries = (double)n * (double)(FDML_SPLINE_TERMS * n_smooth + n_plain + 1);
    const double n_lambda = options->lambda ? (double)options->n_lambda : FDML_GAM_LAMBDAS;
    return fdml_arena_room((double)dim, sizeof(fdml_gam_term)) +
           fdml_arena_room(n_lambda, sizeof(fdml_gam_trial)) +
           fdml_arena_room((double)m, sizeof(double)) +
           fdml_arena_room(entries, sizeof(double)) +
           fdml_arena_room(entries, sizeof(uint32_t)) +
           fdml_gam_pirls_memory(n, m, options->n_threads);
}

fdml_status fdml_gam_fit(fdml_gam *gam, const float *z, const uint8_t *label, size_t n,
                         size_t dim, const fdml_gam_options *options, fdml_arena *arena,
                         fdml_error *err)
{
    FDML_TRY(check_labels(label, n, err));
    fdml_gam made = { .n_trials = options->lambda ? options->n_lambda : FDML_GAM_LAMBDAS };
    const bool has_terms = fdml_gam_make_terms(&made, z, n, dim, arena);
    grid g = { .gam = &made,
               .pirls = { .gam = &made, .options = options },
               .lambda = options->lambda ? options->lambda : fdml_gam_lambda,
               .n_lambda = made.n_trials };
    g.trial = fdml_arena_push(arena, made.n_trials, sizeof *g.trial);
    g.best = has_terms ? fdml_arena_push(arena, made.n_coefficients, sizeof *g.best) : NULL;
    if (!g.trial || !g.best)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for an additive model of %zu columns",
                         dim);
    FDML_TRY(run_grid(&g, z, label, n, arena, err));
    made.trial = g.trial;
    made.coefficient = g.best;
    made.best = g.best_trial;
    *gam = made;
    return FDML_OK;
}
