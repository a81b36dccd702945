/* pass_topk.c - the k nearest rows of every query, kept while the pass goes by.
 *
 * Diagonal blocks and rectangles merge whole rows of scores. Elsewhere the strip is scanned
 * once for scores that may enter the list of their row or of their column; after the diagonal
 * there are few. The lists are ordered by (nearness, row), so it does not matter which block
 * comes first.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_state.h"

#include <math.h>

#include "simd/topk_insert.h"

typedef struct topk_state {
    float *best; /* [n_rows, k]: the caller's neighbour_nearness or our own */
    uint32_t *row;
} topk_state;

typedef struct topk_worker {
    fdml_hit *hits;
    float *row_floor, *col_floor; /* k-th best so far of the strip's rows and columns */
} topk_worker;

fdml_status fdml_pass_topk_start(pass_state *state, fdml_arena *arena, fdml_error *err)
{
    const fdml_pass *pass = state->pass;
    const size_t n = state->problem->n_rows * pass->top_k;
    topk_state *s = fdml_arena_push(arena, 1, sizeof *s);
    float *best = pass->neighbour_nearness ? pass->neighbour_nearness
                                           : fdml_arena_push(arena, n, sizeof *best);
    if (!s || !best)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the %u nearest of %zu rows",
                         pass->top_k, state->problem->n_rows);
    *s = (topk_state){ best, pass->neighbour };
    for (size_t i = 0; i < n; i++) s->best[i] = -INFINITY, s->row[i] = FDML_RANK_BEYOND;
    state->topk = s;
    return FDML_OK;
}

fdml_status fdml_pass_topk_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err)
{
    topk_worker *w = fdml_arena_push(arena, 1, sizeof *w);
    const size_t n = state->block;
    if (w) {
        w->hits =
            state->is_triangle ? fdml_arena_push(arena, n * PASS_STRIP, sizeof *w->hits) : NULL;
        w->row_floor = fdml_arena_push(arena, n, sizeof(float));
        w->col_floor = fdml_arena_push(arena, n, sizeof(float));
    }
    if (!w || (state->is_triangle && !w->hits) || !w->row_floor || !w->col_floor)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the candidates of a strip");
    worker->topk = w;
    return FDML_OK;
}

/* Rows only. A list of gallery rows is ascending, so merging by position and naming the rows
 * afterwards keeps ties in row order; positions are translated when the list has an index. */
static void merge_rows(const pass_state *state, const strip *s)
{
    const topk_state *topk = state->topk;
    const size_t k = state->pass->top_k;
    for (size_t i = 0; i < s->tile.n_rows; i++) {
        const size_t row = row_at(&state->rows, s->row0 + i);
        const float *scores = s->tile.c + i * s->tile.stride;
        float *best = topk->best + row * k;
        uint32_t *id = topk->row + row * k;
        if (!state->cols.index) {
            state->machine->kernels->topk_merge(best, id, k, scores, s->tile.n_cols,
                                                (uint32_t)s->col0);
            continue;
        }
        for (size_t j = 0; j < s->tile.n_cols; j++)
            if (scores[j] >= best[k - 1])
                fdml_topk_insert(best, id, k, scores[j], state->cols.index[s->col0 + j]);
    }
}

static void read_floors(const pass_state *state, float *floor, size_t first, size_t n)
{
    const size_t k = state->pass->top_k;
    fdml_lock *lock = state->lock + first / state->block;
    fdml_lock_take(lock);
    for (size_t i = 0; i < n; i++) floor[i] = state->topk->best[(first + i) * k + k - 1];
    fdml_lock_drop(lock);
}

static void insert_hits(const pass_state *state, const topk_worker *w, size_t n_hits,
                        const strip *s, bool by_column)
{
    const topk_state *topk = state->topk;
    const size_t k = state->pass->top_k;
    fdml_lock *lock = state->lock + (by_column ? s->col0 : s->row0) / state->block;
    fdml_lock_take(lock);
    for (size_t h = 0; h < n_hits; h++) {
        const fdml_hit hit = w->hits[h];
        const size_t row = s->row0 + hit.row, col = s->col0 + hit.col;
        const size_t to = by_column ? col : row, from = by_column ? row : col;
        if (hit.value >= topk->best[to * k + k - 1])
            fdml_topk_insert(topk->best + to * k, topk->row + to * k, k, hit.value,
                             (uint32_t)from);
    }
    fdml_lock_drop(lock);
}

void fdml_pass_topk_strip(const pass_state *state, pass_worker *worker, const strip *s)
{
    if (s->is_diagonal || !state->is_triangle) {
        merge_rows(state, s); /* these rows are this thread's alone */
        return;
    }
    topk_worker *w = worker->topk;
    size_t n_hits;
    read_floors(state, w->row_floor, s->row0, s->tile.n_rows);
    read_floors(state, w->col_floor, s->col0, s->tile.n_cols);
    state->machine->kernels->scan_above(w->hits, &n_hits, &s->tile, w->row_floor, w->col_floor);
    if (!n_hits) return;
    insert_hits(state, w, n_hits, s, false);
    insert_hits(state, w, n_hits, s, true);
}
