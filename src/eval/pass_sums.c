/* pass_sums.c - what is added over all pairs: sums within groups, histogram, accepted pairs.
 *
 * A float sum runs over one block of columns at most; blocks are then added as 64-bit fixed
 * point. Integer addition does not care for order, so neither thread count nor schedule can
 * change a bit. The fixed-point cells live in the caller's double arrays until
 * fdml_pass_sums_finish turns them into doubles: memory is taken once. SPDX-License-Identifier:
 * MIT */
#include "eval/pass_state.h"

#include <math.h>
#include <string.h>

typedef struct sums_state {
    double potential_unit, distance_unit; /* value of 1 in the fixed-point cells */
    float lowest;                         /* of the thresholds */
    bool wants_sums;
} sums_state;

typedef struct sums_worker {
    float *row_sum[2], *col_sum[2]; /* [n_groupings, block] of potential and distance */
    float *row_bias, *col_bias;     /* [block] */
    float *copy;                    /* a strip, when both kinds of sums are wanted */
    fdml_hit *hits;
    float *row_floor, *col_floor;
    uint32_t *bin;       /* [block] */
    uint64_t *histogram; /* [BINS] */
    uint64_t **crossed;  /* [n_thresholds * n_groupings], each [n_groups, n_groups] */
} sums_worker;

/* The largest power of two with room for n_rows sums of at most `bound` below 2^62. */
static double fixed_unit(double bound, size_t n_rows)
{
    int bits = 0;
    while (ldexp(1, bits) < bound * (double)n_rows) bits++;
    return ldexp(1, bits - 62);
}

static void add_fixed(double *cell, float value, double unit)
{
    int64_t sum;
    memcpy(&sum, cell, sizeof sum);
    sum += (int64_t)((double)value / unit + 0.5);
    memcpy(cell, &sum, sizeof sum);
}

fdml_status fdml_pass_sums_start(pass_state *state, fdml_arena *arena, fdml_error *err)
{
    const fdml_pass *pass = state->pass;
    const size_t n_rows = state->problem->n_rows;
    sums_state *s = fdml_arena_push_zero(arena, 1, sizeof *s);
    if (!s) return fdml_fail(err, FDML_E_NOMEM, "no memory for pair sums");
    s->wants_sums = pass->potential || pass->distance;
    s->lowest = INFINITY;
    for (size_t t = 0; t < pass->n_thresholds; t++)
        if (pass->thresholds[t] < s->lowest) s->lowest = pass->thresholds[t];
    double longest = 0;
    for (size_t i = 0; i < n_rows; i++)
        if ((double)state->frame.norm2[i] > longest) longest = (double)state->frame.norm2[i];
    s->potential_unit = fixed_unit(1, n_rows);
    s->distance_unit = fixed_unit(2 * sqrt(longest) + 1, n_rows);
    const size_t cells = pass->groupings ? pass->groupings->n * n_rows : 0;
    if (pass->potential) memset(pass->potential, 0, cells * sizeof(double));
    if (pass->distance) memset(pass->distance, 0, cells * sizeof(double));
    if (pass->accepted)
        memset(pass->accepted, 0, pass->n_thresholds * cells * sizeof *pass->accepted);
    state->sums = s;
    return FDML_OK;
}

static fdml_status worker_sums(sums_worker *w, const pass_state *state, fdml_arena *arena)
{
    const fdml_pass *pass = state->pass;
    const size_t n = pass->groupings->n * state->block;
    for (int kind = 0; kind < 2; kind++) {
        w->row_sum[kind] = fdml_arena_push(arena, n, sizeof(float));
        w->col_sum[kind] = fdml_arena_push(arena, n, sizeof(float));
        if (!w->row_sum[kind] || !w->col_sum[kind]) return FDML_E_NOMEM;
    }
    w->row_bias = fdml_arena_push(arena, state->block, sizeof(float));
    w->col_bias = fdml_arena_push(arena, state->block, sizeof(float));
    w->copy = pass->potential && pass->distance
                  ? fdml_arena_push(arena, PASS_STRIP * state->block, sizeof(float))
                  : w->row_bias;
    return w->row_bias && w->col_bias && w->copy ? FDML_OK : FDML_E_NOMEM;
}

static fdml_status worker_accepted(sums_worker *w, const pass_state *state, fdml_arena *arena)
{
    const fdml_pass *pass = state->pass;
    const fdml_groupings *g = pass->groupings;
    w->hits = fdml_arena_push(arena, PASS_STRIP * state->block, sizeof *w->hits);
    w->row_floor = fdml_arena_push(arena, state->block, sizeof(float));
    w->col_floor = fdml_arena_push(arena, state->block, sizeof(float));
    w->crossed = fdml_arena_push_zero(arena, pass->n_thresholds * g->n, sizeof *w->crossed);
    if (!w->hits || !w->row_floor || !w->col_floor || !w->crossed) return FDML_E_NOMEM;
    for (size_t i = 0; i < state->block; i++)
        w->row_floor[i] = w->col_floor[i] = state->sums->lowest;
    for (size_t t = 0; pass->crossed && t < pass->n_thresholds; t++)
        for (size_t a = 0; a < g->n; a++) {
            if (!pass->crossed[t][a]) continue;
            const size_t n = g->grouping[a].n_groups;
            uint64_t *cells = fdml_arena_push_zero(arena, n * n, sizeof *cells);
            if (!cells) return FDML_E_NOMEM;
            w->crossed[t * g->n + a] = cells;
        }
    return FDML_OK;
}

fdml_status fdml_pass_sums_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err)
{
    const fdml_pass *pass = state->pass;
    sums_worker *w = fdml_arena_push_zero(arena, 1, sizeof *w);
    if (!w) goto no_memory;
    if (state->sums->wants_sums && worker_sums(w, state, arena)) goto no_memory;
    if (pass->accepted && worker_accepted(w, state, arena)) goto no_memory;
    if (pass->histogram) {
        w->bin = fdml_arena_push(arena, state->block, sizeof *w->bin);
        w->histogram = fdml_arena_push_zero(arena, FDML_HISTOGRAM_BINS, sizeof *w->histogram);
        if (!w->bin || !w->histogram) goto no_memory;
    }
    worker->sums = w;
    return FDML_OK;

no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the pair sums of a block");
}

size_t fdml_pass_sums_memory(const fdml_pass *pass, const fdml_problem *problem, int n_threads)
{
    const size_t block = fdml_pass_block(problem->n_rows, problem->dim),
                 n = pass->groupings ? pass->groupings->n : 0;
    size_t worker = 0;
    if (pass->potential || pass->distance)
        worker += (4 * n + 2 + PASS_STRIP) * block * sizeof(float);
    if (pass->histogram)
        worker += FDML_HISTOGRAM_BINS * sizeof(uint64_t) + block * sizeof(uint32_t);
    if (pass->accepted) worker += 2 * block * sizeof(float);
    for (size_t a = 0; pass->crossed && a < n; a++) {
        const size_t groups = pass->groupings->grouping[a].n_groups;
        worker += pass->n_thresholds * groups * groups * sizeof(uint64_t);
    }
    return worker * (size_t)n_threads;
}

static size_t block_rows(const pass_state *state, size_t block)
{
    const size_t n = state->problem->n_rows - block * state->block;
    return n < state->block ? n : state->block;
}

void fdml_pass_sums_begin_block(const pass_state *state, pass_worker *worker, size_t row_block,
                                size_t col_block)
{
    if (!state->sums->wants_sums) return;
    sums_worker *w = worker->sums;
    const fdml_sqdist_form form = fdml_frame_sqdist(state->problem->distance);
    const size_t n = state->pass->groupings->n * state->block;
    for (int kind = 0; kind < 2; kind++) {
        memset(w->row_sum[kind], 0, n * sizeof(float));
        memset(w->col_sum[kind], 0, n * sizeof(float));
    }
    const float *row_norm2 = state->frame.norm2 + row_block * state->block;
    const float *col_norm2 = state->frame.norm2 + col_block * state->block;
    for (size_t i = 0; i < block_rows(state, row_block); i++)
        w->row_bias[i] = form.beta * row_norm2[i] + form.gamma;
    for (size_t j = 0; j < block_rows(state, col_block); j++)
        w->col_bias[j] = form.beta * col_norm2[j] + form.gamma;
}

static void count_histogram(const pass_state *state, sums_worker *w, const strip *s)
{
    const fdml_pass *pass = state->pass;
    for (size_t i = 0; i < s->tile.n_rows; i++) {
        /* Of a diagonal block only what lies right of the diagonal: each pair once. */
        size_t skip = s->is_diagonal ? s->row0 + i + 1 - s->col0 : 0;
        if (skip > s->tile.n_cols) skip = s->tile.n_cols;
        const size_t n = s->tile.n_cols - skip;
        state->machine->kernels->bin_rows(w->bin, s->tile.c + i * s->tile.stride + skip, n,
                                          pass->histogram_low, 1 / pass->histogram_width,
                                          FDML_HISTOGRAM_BINS);
        for (size_t j = 0; j < n; j++) w->histogram[w->bin[j]]++;
    }
}

/* One accepted pair, seen from `row`; *crossed counts ordered pairs of groups. */
static void accept(const pass_state *state, sums_worker *w, size_t row, size_t other,
                   float value)
{
    const fdml_pass *pass = state->pass;
    const fdml_groupings *g = pass->groupings;
    for (size_t t = 0; t < pass->n_thresholds; t++) {
        if (value < pass->thresholds[t]) continue;
        for (size_t a = 0; a < g->n; a++) {
            const fdml_grouping *by = g->grouping + a;
            const uint32_t own = by->code[row], its = by->code[other];
            if (own == its) pass->accepted[(t * g->n + a) * state->problem->n_rows + row]++;
            uint64_t *cells = w->crossed[t * g->n + a];
            if (cells) cells[own * by->n_groups + its]++;
        }
    }
}

static void count_accepted(const pass_state *state, sums_worker *w, const strip *s)
{
    size_t n_hits;
    state->machine->kernels->scan_above(w->hits, &n_hits, &s->tile, w->row_floor, w->col_floor);
    if (!n_hits) return;
    for (int by_column = 0; by_column < (s->is_diagonal ? 1 : 2); by_column++) {
        fdml_lock *lock = state->lock + (by_column ? s->col0 : s->row0) / state->block;
        fdml_lock_take(lock);
        for (size_t h = 0; h < n_hits; h++) {
            const size_t row = s->row0 + w->hits[h].row, col = s->col0 + w->hits[h].col;
            if (row == col) continue;
            accept(state, w, by_column ? col : row, by_column ? row : col, w->hits[h].value);
        }
        fdml_lock_drop(lock);
    }
}

static void add_groups(const pass_state *state, sums_worker *w, const strip *s,
                       const fdml_tile *tile, int kind)
{
    const fdml_groupings *g = state->pass->groupings;
    const size_t i0 = s->row0 - s->block_row0;
    for (size_t a = 0; a < g->n; a++) {
        const uint32_t *code = g->grouping[a].n_groups > 1 ? g->grouping[a].code : NULL;
        state->machine->kernels->group_sums(
            w->row_sum[kind] + a * state->block + i0,
            s->is_diagonal ? NULL : w->col_sum[kind] + a * state->block, tile,
            code ? code + s->row0 : NULL, code ? code + s->col0 : NULL);
    }
}

/* Turns the strip into exp(-2 d^2) or d and adds it up; the strip's scores are gone then. */
static void add_sums(const pass_state *state, sums_worker *w, const strip *s)
{
    const fdml_kernels *k = state->machine->kernels;
    const fdml_sqdist_form form = fdml_frame_sqdist(state->problem->distance);
    float *row_bias = w->row_bias + (s->row0 - s->block_row0), *col_bias = w->col_bias;
    if (state->pass->distance) {
        fdml_tile tile = s->tile;
        if (state->pass->potential) {
            memcpy(w->copy, tile.c, tile.n_rows * tile.stride * sizeof(float));
            tile.c = w->copy;
        }
        k->distance(&tile, form.alpha, row_bias, col_bias);
        for (size_t i = 0; s->is_diagonal && i < tile.n_rows; i++)
            tile.c[i * tile.stride + (s->row0 + i - s->col0)] = 0;
        add_groups(state, w, s, &tile, 1);
    }
    if (state->pass->potential) {
        k->potential(&s->tile, form.alpha, row_bias, col_bias);
        add_groups(state, w, s, &s->tile, 0);
    }
}

void fdml_pass_sums_strip(const pass_state *state, pass_worker *worker, const strip *s)
{
    if (state->pass->histogram) count_histogram(state, worker->sums, s);
    if (state->pass->accepted) count_accepted(state, worker->sums, s);
    if (state->sums->wants_sums) add_sums(state, worker->sums, s);
}

static void add_block(const pass_state *state, double *cells, const float *sums, size_t block,
                      double unit)
{
    const size_t n = block_rows(state, block), n_rows = state->problem->n_rows;
    fdml_lock_take(state->lock + block);
    for (size_t a = 0; a < state->pass->groupings->n; a++)
        for (size_t i = 0; i < n; i++)
            add_fixed(cells + a * n_rows + block * state->block + i, sums[a * state->block + i],
                      unit);
    fdml_lock_drop(state->lock + block);
}

void fdml_pass_sums_end_block(const pass_state *state, pass_worker *worker, size_t row_block,
                              size_t col_block)
{
    const sums_state *s = state->sums;
    const sums_worker *w = worker->sums;
    double *const cells[2] = { state->pass->potential, state->pass->distance };
    const double unit[2] = { s->potential_unit, s->distance_unit };
    for (int kind = 0; kind < 2; kind++) {
        if (!cells[kind]) continue;
        add_block(state, cells[kind], w->row_sum[kind], row_block, unit[kind]);
        if (row_block != col_block)
            add_block(state, cells[kind], w->col_sum[kind], col_block, unit[kind]);
    }
}

static void to_double(double *cells, size_t n, double unit)
{
    for (size_t i = 0; i < n; i++) {
        int64_t sum;
        memcpy(&sum, cells + i, sizeof sum);
        cells[i] = (double)sum * unit;
    }
}

void fdml_pass_sums_finish(const pass_state *state, pass_worker *workers)
{
    const fdml_pass *pass = state->pass;
    const fdml_groupings *g = pass->groupings;
    const size_t cells = g ? g->n * state->problem->n_rows : 0;
    if (pass->potential) to_double(pass->potential, cells, state->sums->potential_unit);
    if (pass->distance) to_double(pass->distance, cells, state->sums->distance_unit);
    if (pass->histogram) memset(pass->histogram, 0, FDML_HISTOGRAM_BINS * sizeof(uint64_t));
    for (int thread = 0; thread < state->machine->n_threads; thread++) {
        const sums_worker *w = workers[thread].sums;
        for (size_t b = 0; pass->histogram && b < FDML_HISTOGRAM_BINS; b++)
            pass->histogram[b] += w->histogram[b];
        for (size_t c = 0; pass->accepted && c < pass->n_thresholds * g->n; c++) {
            if (!w->crossed[c]) continue;
            const size_t n = g->grouping[c % g->n].n_groups;
            uint64_t *to = pass->crossed[c / g->n][c % g->n];
            for (size_t x = 0; x < n * n; x++) to[x] = (thread ? to[x] : 0) + w->crossed[c][x];
        }
    }
}
