/* kmeans_seed.c - k-means++ seeding, exact, in blocks.
 *
 * k-means++ (Arthur & Vassilvitskii 2007) draws each centre with probability proportional to
 * the squared distance D^2(x) to the centres drawn before; taken literally it reads all rows k
 * times. Here D^2 is brought up to date only after a batch of centres. In between, a row is
 * drawn from the stale D^2, which is never smaller than the true one, and kept with
 * probability true / stale: rejection sampling, so the distribution is exactly that of
 * k-means++. The true value needs the distances to the few pending centres alone. A batch of
 * an eighth of the centres so far keeps rejections rare, and bringing D^2 up to date is a gemm
 * that leaves every row's nearest centre behind: the first assignment costs nothing.
 * SPDX-License-Identifier: MIT */
#include "eval/kmeans_state.h"

#include <string.h>

enum { BATCH = 256, RUN = 256, SEED_STREAM = 0x6b6d };

typedef struct seeding {
    kmeans_state *state;
    fdml_rng rng;
    double *run_mass; /* [n_runs] stale D^2 summed over runs of rows */
    size_t n_runs;
    double mass;
    uint32_t *pending; /* [BATCH] centre ids not yet asked */
    size_t n_pending;
    uint8_t *is_taken; /* [n_rows] */
} seeding;

/* A row as the frame shows it: what packing would have made of it. */
static void copy_row(float *to, const kmeans_state *state, size_t row)
{
    const fdml_problem *p = state->problem;
    for (size_t d = 0; d < p->dim; d++) {
        float x = p->x[row * p->dim + d];
        if (state->frame.shift) x -= state->frame.shift[d];
        if (state->frame.scale) x *= state->frame.scale[row];
        to[d] = x;
    }
}

static void flush(seeding *s)
{
    kmeans_state *state = s->state;
    const size_t n_rows = state->problem->n_rows;
    fdml_kmeans_ask(state, NULL, n_rows, s->pending, s->n_pending);
    s->n_pending = 0;
    s->mass = 0;
    for (size_t r = 0; r < s->n_runs; r++) {
        const size_t end = (r + 1) * RUN < n_rows ? (r + 1) * RUN : n_rows;
        double sum = 0;
        for (size_t i = r * RUN; i < end; i++) sum += (double)fdml_kmeans_sqdist(state, i);
        s->mass += s->run_mass[r] = sum;
    }
}

/* A row drawn in proportion to stale D^2. */
static size_t draw_row(seeding *s)
{
    const size_t n_rows = s->state->problem->n_rows;
    double at = fdml_rng_double(&s->rng) * s->mass;
    size_t r = 0;
    while (r + 1 < s->n_runs && at >= s->run_mass[r]) at -= s->run_mass[r++];
    size_t row = r * RUN;
    const size_t end = row + RUN < n_rows ? row + RUN : n_rows;
    while (row + 1 < end) {
        const double here = (double)fdml_kmeans_sqdist(s->state, row);
        if (at < here) break;
        at -= here;
        row++;
    }
    return row;
}

/* Whether a drawn row is kept: its true D^2, pending centres included, over the stale one. */
static int is_kept(seeding *s, const float *x, size_t row)
{
    const kmeans_state *state = s->state;
    const size_t dim = state->problem->dim;
    const float stale = fdml_kmeans_sqdist(state, row);
    if (s->is_taken[row] || !(stale > 0)) return 0;
    float near2[BATCH], nearest = stale;
    const float *first = state->centre + (size_t)(s->n_pending ? s->pending[0] : 0) * dim;
    state->machine->kernels->sqdist_rows(near2, x, first, s->n_pending, dim);
    for (size_t c = 0; c < s->n_pending; c++)
        if (near2[c] < nearest) nearest = near2[c];
    return nearest >= stale || fdml_rng_double(&s->rng) * (double)stale < (double)nearest;
}

/* Any row not taken yet, for data with fewer distinct rows than centres. */
static size_t untaken_row(seeding *s)
{
    const size_t n_rows = s->state->problem->n_rows;
    size_t row = fdml_rng_below(&s->rng, (uint32_t)n_rows);
    while (s->is_taken[row]) row = row + 1 < n_rows ? row + 1 : 0;
    return row;
}

static size_t next_row(seeding *s, float *x)
{
    for (unsigned tries = 0; s->mass > 0; tries++) {
        const size_t row = draw_row(s);
        copy_row(x, s->state, row);
        if (is_kept(s, x, row)) return row;
        if (tries == 32 && s->n_pending) flush(s); /* the stale distribution is too stale */
        if (tries == 1024) break;                  /* only copies of centres have any mass */
    }
    return untaken_row(s);
}

fdml_status fdml_kmeans_seed(kmeans_state *state, uint32_t redo, fdml_arena *arena,
                             fdml_error *err)
{
    const size_t n_rows = state->problem->n_rows, dim = state->problem->dim;
    const uint32_t k = state->settings->k;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    seeding s = { .state = state, .n_runs = (n_rows + RUN - 1) / RUN };
    s.run_mass = fdml_arena_push(arena, s.n_runs, sizeof *s.run_mass);
    s.pending = fdml_arena_push(arena, BATCH, sizeof *s.pending);
    s.is_taken = fdml_arena_push_zero(arena, n_rows, 1);
    if (!s.run_mass || !s.pending || !s.is_taken)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to seed k-means on %zu rows", n_rows);
    fdml_rng_init(&s.rng, state->settings->seed, SEED_STREAM, redo);
    for (uint32_t c = 0; c < k; c++) {
        float *x = state->centre + c * dim;
        const size_t row = c ? next_row(&s, x) : fdml_rng_below(&s.rng, (uint32_t)n_rows);
        copy_row(x, state, row);
        s.is_taken[row] = 1;
        s.pending[s.n_pending++] = c;
        const size_t batch = c / 8 < 1 ? 1 : c / 8 < BATCH ? c / 8 : BATCH;
        if (s.n_pending >= batch || c + 1 == k) flush(&s);
        fdml_progress_report(state->machine->progress, "k-means++", c + 1, k);
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
