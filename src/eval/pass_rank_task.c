/* pass_rank_task.c - ranks for a run of queries against the whole gallery, rows only.
 *
 * Used where queries and gallery differ, or where classes are so large that the relevant rows
 * of all queries would not fit in memory. With many relevant rows a query, scores are sorted in
 * by binary search (bump_rows); the counts are then the suffix sums of `bump`.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "eval/pass_rank.h"

/* Fills the task's entries class by class, so that members are packed once a class. */
static void fill_task(rank_worker *w, const pass_state *state, size_t first, size_t n)
{
    uint64_t *key = w->work.key;
    for (size_t q = 0; q < n; q++) {
        const uint32_t class = state->problem->label->code[row_at(&state->rows, first + q)];
        key[q] = (uint64_t) class << 32 | (uint32_t)(first + q);
    }
    qsort(key, n, sizeof *key, fdml_pass_compare_keys);
    uint32_t *class = w->begin; /* free until the live entries are set */
    for (size_t q = 0; q < n; q++) {
        w->work.query[q] = (uint32_t)key[q];
        class[q] = (uint32_t)(key[q] >> 32);
    }
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && to - from < PASS_STRIP && class[to] == class[from];) to++;
        fdml_pass_relevant_fill(&w->own, state, first, w->work.query + from, to - from,
                                &w->work);
    }
}

void fdml_pass_rank_begin_task(const pass_state *state, pass_worker *worker, size_t first,
                               size_t n)
{
    rank_worker *w = worker->rank;
    fdml_pass_relevant_count(&w->own, state, first, n);
    fill_task(w, state, first, n);
    w->n_entries = w->own.begin[n];
    w->nearness = w->own.nearness;
    w->below = w->own.below;
    w->row = w->own.row;
    w->entries_low = NO_ROW;
    w->entries_high = 0;
    for (size_t e = 0; e < w->n_entries; e++) {
        if (w->row[e] < w->entries_low) w->entries_low = w->row[e];
        if (w->row[e] > w->entries_high) w->entries_high = w->row[e];
    }
    memset(w->count, 0, w->n_entries * sizeof *w->count);
    memset(w->bump, 0, w->n_entries * sizeof *w->bump);
    w->searches = w->n_entries > SEARCH_FROM * n;
    memcpy(w->begin, w->own.begin, n * sizeof *w->begin);
    memcpy(w->end, w->own.begin + 1, n * sizeof *w->end);
}

/* Moves the live entries of each query behind those that are settled. */
static void settle(const pass_state *state, rank_worker *w)
{
    for (size_t q = 0; q < w->own.n_queries; q++) {
        const uint32_t n = w->own.begin[q + 1] - w->own.begin[q],
                       limit = fdml_pass_rank_limit(state, n);
        uint32_t bumps = 0;
        if (w->searches)
            for (uint32_t e = w->begin[q]; e < w->end[q]; e++) bumps += w->bump[e];
        while (w->begin[q] < w->end[q] && w->count[w->begin[q]] + bumps >= limit)
            bumps -= w->bump[w->begin[q]++];
    }
}

void fdml_pass_rank_begin_gallery(const pass_state *state, pass_worker *worker,
                                  size_t col_block)
{
    rank_worker *w = worker->rank;
    const size_t first = col_block * state->block, end = first + state->block;
    w->low = row_at(&state->cols, first);
    w->high = row_at(&state->cols, (end < state->cols.n ? end : state->cols.n) - 1);
    if (state->pass->depth && col_block % SETTLE_EVERY == 1) settle(state, w);
    if (!w->searches) {
        fdml_pass_rank_choose(w, state->machine->kernels);
        return;
    }
    w->is_mixed = false; /* the search decides ties itself */
    for (size_t k = first; k < end && k < state->cols.n; k++)
        w->col_id[k - first] = row_at(&state->cols, k);
}

void fdml_pass_rank_end_task(const pass_state *state, pass_worker *worker, size_t first,
                             size_t n)
{
    rank_worker *w = worker->rank;
    for (size_t q = 0; q < n; q++) {
        const uint32_t begin = w->own.begin[q], end = w->own.begin[q + 1];
        uint32_t bumps = 0;
        for (uint32_t e = end; w->searches && e-- > w->begin[q];)
            w->count[e] += bumps += w->bump[e];
        fdml_pass_rank_tell(state, w->rank, first + q, w->count + begin, end - begin,
                            w->begin[q] - begin);
    }
}
