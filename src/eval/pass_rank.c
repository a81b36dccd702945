/* pass_rank.c - the rank of every relevant row, by counting what is nearer.
 *
 * No list of neighbours is kept: a relevant row's rank is one more than the number of gallery
 * rows nearer than it, and a kernel counts those in each strip. Equal nearness is decided by
 * row id. A block whose rows all come after the relevant row must be strictly nearer to count;
 * one whose rows all come before counts when equally near, which is "strictly nearer than the
 * float just below". Only the block that holds the relevant row itself is looked at twice.
 *
 * With a depth, a relevant row with `depth` nearer rows is settled; since entries are ordered
 * farthest first, settled ones are a prefix and `live` starts behind it.
 *
 * This file is the triangle; a run of queries against the whole gallery is pass_rank_task.c.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_rank.h"

#include <math.h>
#include <string.h>

uint32_t fdml_pass_rank_limit(const pass_state *state, uint32_t n_relevant)
{
    const uint32_t depth = state->pass->depth;
    if (!depth) return UINT32_MAX;
    return depth > n_relevant ? depth : n_relevant;
}

/* --- set-up ------------------------------------------------------------------------------ */

typedef struct fill_job {
    const pass_state *state;
    relevant_set *set;
    relevant_work *work; /* [n_threads] */
} fill_job;

static void fill_class(void *ctx, size_t class, int thread)
{
    const fill_job *job = ctx;
    const class_index *classes = &job->state->classes;
    const uint32_t begin = classes->begin[class], n = classes->begin[class + 1] - begin;
    for (uint32_t at = 0; n > 1 && at < n; at += PASS_STRIP)
        fdml_pass_relevant_fill(job->set, job->state, 0, classes->row + begin + at,
                                n - at < PASS_STRIP ? n - at : PASS_STRIP, job->work + thread);
}

static void note_block_ranges(rank_state *rank, const pass_state *state)
{
    for (size_t b = 0; b < state->n_col_blocks; b++) {
        const size_t first = b * state->block;
        const size_t last = first + state->block < rank->all.n_queries ? first + state->block
                                                                       : rank->all.n_queries;
        uint32_t low = NO_ROW, high = 0;
        for (uint32_t e = rank->all.begin[first]; e < rank->all.begin[last]; e++) {
            if (rank->all.row[e] < low) low = rank->all.row[e];
            if (rank->all.row[e] > high) high = rank->all.row[e];
        }
        rank->block_low[b] = low;
        rank->block_high[b] = high;
        const size_t entries = rank->all.begin[last] - rank->all.begin[first];
        if (entries > rank->block_entries) rank->block_entries = entries;
    }
}

static fdml_status start_triangle(pass_state *state, rank_state *rank, size_t total,
                                  fdml_arena *arena, fdml_error *err)
{
    const size_t n = state->rows.n, n_threads = (size_t)state->machine->n_threads;
    rank->all.begin = fdml_arena_push(arena, n + 1, sizeof(uint32_t));
    rank->all.nearness = fdml_arena_push(arena, total, sizeof(float));
    rank->all.below = fdml_arena_push(arena, total, sizeof(float));
    rank->all.row = fdml_arena_push(arena, total, sizeof(uint32_t));
    rank->count = fdml_arena_push_zero(arena, total, sizeof(uint32_t));
    rank->block_low = fdml_arena_push(arena, state->n_col_blocks, sizeof(uint32_t));
    rank->block_high = fdml_arena_push(arena, state->n_col_blocks, sizeof(uint32_t));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    relevant_work *work = fdml_arena_push(arena, n_threads, sizeof *work);
    if (!rank->all.begin || !rank->all.nearness || !rank->all.below || !rank->all.row ||
        !rank->count || !rank->block_low || !rank->block_high || !work)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu relevant rows", total);
    for (size_t t = 0; t < n_threads; t++)
        FDML_TRY(fdml_pass_relevant_work(work + t, state, 1, rank->largest, arena, err));
    fdml_pass_relevant_count(&rank->all, state, 0, n);
    fill_job job = { state, &rank->all, work };
    fdml_parallel(state->problem->label->n_levels, state->machine->n_threads, fill_class, &job);
    fdml_arena_reset(arena, mark);
    note_block_ranges(rank, state);
    return FDML_OK;
}

fdml_status fdml_pass_rank_start(pass_state *state, size_t queries_per_task, fdml_arena *arena,
                                 fdml_error *err)
{
    rank_state *rank = fdml_arena_push_zero(arena, 1, sizeof *rank);
    if (!rank) return fdml_fail(err, FDML_E_NOMEM, "no memory for ranks");
    const size_t total = fdml_pass_relevant_total(state->problem, &rank->largest);
    rank->queries_per_task = queries_per_task;
    state->rank = rank;
    return state->is_triangle ? start_triangle(state, rank, total, arena, err) : FDML_OK;
}

static fdml_status worker_columns(column_floors *col, const pass_state *state,
                                  fdml_arena *arena)
{
    const size_t n = (state->block + LANES) * state->rank->largest;
    col->at = fdml_arena_push(arena, n, sizeof(float));
    col->below = fdml_arena_push(arena, n, sizeof(float));
    col->mixed = fdml_arena_push(arena, n, sizeof(float));
    col->row = fdml_arena_push(arena, n, sizeof(uint32_t));
    col->count = fdml_arena_push(arena, n, sizeof(uint32_t));
    col->live = fdml_arena_push(arena, state->block, sizeof(uint32_t));
    return col->at && col->below && col->mixed && col->row && col->count && col->live
               ? FDML_OK
               : FDML_E_NOMEM;
}

fdml_status fdml_pass_rank_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err)
{
    const rank_state *rank = state->rank;
    const size_t n_queries = state->is_triangle ? state->block : rank->queries_per_task;
    const size_t n = state->is_triangle ? rank->block_entries : n_queries * rank->largest;
    rank_worker *w = fdml_arena_push_zero(arena, 1, sizeof *w);
    if (!w) goto no_memory;
    w->count = fdml_arena_push(arena, n, sizeof(uint32_t));
    w->mixed = fdml_arena_push(arena, n, sizeof(float));
    w->begin = fdml_arena_push(arena, n_queries, sizeof(uint32_t));
    w->end = fdml_arena_push(arena, n_queries, sizeof(uint32_t));
    w->rank = fdml_arena_push(arena, rank->largest, sizeof(uint32_t));
    if (!w->count || !w->mixed || !w->begin || !w->end || !w->rank) goto no_memory;
    if (state->is_triangle) {
        if (worker_columns(&w->col, state, arena)) goto no_memory;
    } else {
        w->bump = fdml_arena_push(arena, n, sizeof(uint32_t));
        w->col_id = fdml_arena_push(arena, state->block, sizeof(uint32_t));
        w->own.begin = fdml_arena_push(arena, n_queries + 1, sizeof(uint32_t));
        w->own.nearness = fdml_arena_push(arena, n, sizeof(float));
        w->own.below = fdml_arena_push(arena, n, sizeof(float));
        w->own.row = fdml_arena_push(arena, n, sizeof(uint32_t));
        if (!w->bump || !w->col_id || !w->own.begin || !w->own.nearness || !w->own.below ||
            !w->own.row)
            goto no_memory;
        FDML_TRY(
            fdml_pass_relevant_work(&w->work, state, n_queries, rank->largest, arena, err));
    }
    worker->rank = w;
    return FDML_OK;

no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the relevant rows of a block");
}

size_t fdml_pass_rank_memory(const fdml_problem *problem, bool is_triangle,
                             size_t queries_per_task, int n_threads)
{
    size_t largest;
    const size_t total = fdml_pass_relevant_total(problem, &largest);
    const size_t block = fdml_pass_block(problem->n_rows, problem->dim),
                 threads = (size_t)n_threads;
    const size_t lists = problem->n_rows * sizeof(uint32_t) * 2 + problem->label->n_levels * 4;
    if (is_triangle) {
        const size_t block_entries = block * largest < total ? block * largest : total;
        const size_t worker = (block + LANES) * largest * 20 + block_entries * 8 + largest * 20;
        return lists + total * 12 + threads * worker;
    }
    const size_t fill = (PASS_STRIP + block) * problem->dim * 4 + (PASS_STRIP + 1) * block * 4;
    return lists + threads * (queries_per_task * largest * 20 + largest * 20 + fill);
}

/* --- rows -------------------------------------------------------------------------------- */

void fdml_pass_rank_choose(rank_worker *w, const fdml_kernels *k)
{
    w->is_mixed = false;
    w->floors = w->nearness;
    if (w->entries_high < w->low || !w->n_entries) return;
    w->is_mixed = w->entries_low <= w->high;
    k->pick_floors(w->mixed, w->nearness, w->below, w->row, w->n_entries, w->high);
    w->floors = w->mixed;
}

/* As fdml_pass_rank_choose, for the columns as queries, against rows low..high. */
static void choose_column_floors(column_floors *col, const pass_state *state, size_t col_block,
                                 uint32_t low, uint32_t high)
{
    const rank_state *rank = state->rank;
    col->is_mixed = false;
    col->use = col->at;
    if (rank->block_high[col_block] < low) return;
    col->use = col->below;
    if (rank->block_low[col_block] > high) return;
    const size_t n_floors = (state->block + LANES - 1) / LANES * LANES * col->depth;
    col->is_mixed = true;
    col->use = col->mixed;
    state->machine->kernels->pick_floors(col->mixed, col->at, col->below, col->row, n_floors,
                                         high);
}

void fdml_pass_rank_begin_block(const pass_state *state, pass_worker *worker, size_t row_block,
                                size_t col_block)
{
    const rank_state *rank = state->rank;
    rank_worker *w = worker->rank;
    const size_t first = row_block * state->block;
    const size_t n =
        state->rows.n - first < state->block ? state->rows.n - first : state->block;
    const uint32_t base = rank->all.begin[first];
    fdml_lock_take(state->lock + row_block);
    for (size_t q = 0; q < n; q++) {
        uint32_t e = rank->all.begin[first + q];
        const uint32_t end = rank->all.begin[first + q + 1],
                       limit = fdml_pass_rank_limit(state, end - e);
        while (e < end && rank->count[e] >= limit) e++;
        w->begin[q] = e - base;
        w->end[q] = end - base;
    }
    fdml_lock_drop(state->lock + row_block);
    w->n_entries = rank->all.begin[first + n] - base;
    memset(w->count, 0, w->n_entries * sizeof *w->count);
    w->nearness = rank->all.nearness + base;
    w->below = rank->all.below + base;
    w->row = rank->all.row + base;
    w->entries_low = rank->block_low[row_block];
    w->entries_high = rank->block_high[row_block];
    w->low = (uint32_t)(col_block * state->block);
    const size_t col_end = w->low + state->block;
    w->high = (uint32_t)(col_end < state->cols.n ? col_end : state->cols.n) - 1;
    fdml_pass_rank_choose(w, state->machine->kernels);
    if (row_block != col_block)
        choose_column_floors(&w->col, state, col_block, (uint32_t)first,
                             (uint32_t)(first + n) - 1);
}

/* Columns before a relevant row that is itself in this strip's columns, and equally near. */
static void count_row_ties(const pass_state *state, rank_worker *w, const strip *s, size_t q0)
{
    for (size_t i = 0; i < s->tile.n_rows; i++)
        for (uint32_t e = w->begin[q0 + i]; e < w->end[q0 + i]; e++) {
            if (w->row[e] < w->low || w->row[e] > w->high) continue;
            const size_t at = state->gallery_at ? state->gallery_at[w->row[e]] : w->row[e];
            state->machine->kernels->count_equal(w->count + e, s->tile.c + i * s->tile.stride,
                                                 at - s->col0, w->nearness[e]);
        }
}

/* The same for columns as queries: rows of the strip before the relevant row. */
static void count_col_ties(column_floors *col, const strip *s)
{
    const uint32_t high = (uint32_t)(s->block_row0 + s->block_rows) - 1;
    for (size_t j = 0; j < s->tile.n_cols; j++)
        for (size_t r = 0; r < col->depth; r++) {
            const size_t f = (j / LANES * col->depth + r) * LANES + j % LANES;
            if (col->row[f] <= s->row0 || col->row[f] > high) continue;
            const size_t before = col->row[f] - s->row0;
            const size_t m = before < s->tile.n_rows ? before : s->tile.n_rows;
            for (size_t i = 0; i < m; i++)
                col->count[f] += s->tile.c[i * s->tile.stride + j] == col->at[f];
        }
}

void fdml_pass_rank_strip(const pass_state *state, pass_worker *worker, const strip *s)
{
    const fdml_kernels *k = state->machine->kernels;
    rank_worker *w = worker->rank;
    const size_t q0 = s->row0 - s->block_row0;
    if (w->searches)
        k->bump_rows(w->bump, &s->tile, w->nearness, w->row, w->begin + q0, w->end + q0,
                     w->col_id);
    else
        k->count_rows(w->count, &s->tile, w->floors, w->begin + q0, w->end + q0);
    if (w->is_mixed) count_row_ties(state, w, s, q0);
    if (!state->is_triangle || s->is_diagonal) return;
    k->count_cols(w->col.count, &s->tile, w->col.use, w->col.depth);
    if (w->col.is_mixed) count_col_ties(&w->col, s);
}

void fdml_pass_rank_end_block(const pass_state *state, pass_worker *worker, size_t row_block)
{
    const rank_state *rank = state->rank;
    const rank_worker *w = worker->rank;
    const size_t first = row_block * state->block;
    const size_t n =
        state->rows.n - first < state->block ? state->rows.n - first : state->block;
    const uint32_t base = rank->all.begin[first];
    fdml_lock_take(state->lock + row_block);
    for (uint32_t e = base; e < rank->all.begin[first + n]; e++)
        rank->count[e] += w->count[e - base];
    fdml_lock_drop(state->lock + row_block);
}

/* --- columns of the triangle ------------------------------------------------------------- */

void fdml_pass_rank_begin_columns(const pass_state *state, pass_worker *worker,
                                  size_t col_block)
{
    const rank_state *rank = state->rank;
    column_floors *col = &worker->rank->col;
    const size_t first = col_block * state->block;
    const size_t n =
        state->cols.n - first < state->block ? state->cols.n - first : state->block;
    col->depth = 0;
    fdml_lock_take(state->lock + col_block);
    for (size_t j = 0; j < n; j++) {
        uint32_t e = rank->all.begin[first + j];
        const uint32_t end = rank->all.begin[first + j + 1],
                       limit = fdml_pass_rank_limit(state, end - e);
        while (e < end && rank->count[e] >= limit) e++;
        col->live[j] = e;
        if (end - e > col->depth) col->depth = end - e;
    }
    fdml_lock_drop(state->lock + col_block);
    const size_t n_floors = (state->block + LANES - 1) / LANES * LANES * col->depth;
    for (size_t f = 0; f < n_floors; f++) {
        col->at[f] = col->below[f] = INFINITY;
        col->row[f] = NO_ROW;
        col->count[f] = 0;
    }
    for (size_t j = 0; j < n; j++)
        for (uint32_t e = col->live[j]; e < rank->all.begin[first + j + 1]; e++) {
            const size_t f = (j / LANES * col->depth + (e - col->live[j])) * LANES + j % LANES;
            col->at[f] = rank->all.nearness[e];
            col->below[f] = rank->all.below[e];
            col->row[f] = rank->all.row[e];
        }
}

void fdml_pass_rank_end_columns(const pass_state *state, pass_worker *worker, size_t col_block)
{
    const rank_state *rank = state->rank;
    const column_floors *col = &worker->rank->col;
    const size_t first = col_block * state->block;
    const size_t n =
        state->cols.n - first < state->block ? state->cols.n - first : state->block;
    fdml_lock_take(state->lock + col_block);
    for (size_t j = 0; j < n; j++)
        for (uint32_t e = col->live[j]; e < rank->all.begin[first + j + 1]; e++)
            rank->count[e] +=
                col->count[(j / LANES * col->depth + (e - col->live[j])) * LANES + j % LANES];
    fdml_lock_drop(state->lock + col_block);
}

/* --- results ----------------------------------------------------------------------------- */

void fdml_pass_rank_tell(const pass_state *state, uint32_t *rank, size_t position,
                         const uint32_t *count, uint32_t n, uint32_t live)
{
    const uint32_t limit = fdml_pass_rank_limit(state, n);
    for (uint32_t r = 0; r < n; r++) {
        const uint32_t e = n - 1 - r;
        rank[r] = e < live || count[e] >= limit ? FDML_RANK_BEYOND : count[e] + 1;
    }
    state->pass->on_ranks(state->pass->ranks_ctx, row_at(&state->rows, position), rank, n);
}

typedef struct finish_job {
    const pass_state *state;
    pass_worker *workers;
} finish_job;

static void finish_block(void *ctx, size_t block, int thread)
{
    const finish_job *job = ctx;
    const pass_state *state = job->state;
    const rank_state *rank = state->rank;
    const size_t first = block * state->block;
    const size_t n =
        state->rows.n - first < state->block ? state->rows.n - first : state->block;
    for (size_t q = first; q < first + n; q++) {
        const uint32_t begin = rank->all.begin[q];
        fdml_pass_rank_tell(state, job->workers[thread].rank->rank, q, rank->count + begin,
                            rank->all.begin[q + 1] - begin, 0);
    }
}

void fdml_pass_rank_finish(const pass_state *state, pass_worker *workers)
{
    finish_job job = { state, workers };
    fdml_parallel(state->n_row_blocks, state->machine->n_threads, finish_block, &job);
}
