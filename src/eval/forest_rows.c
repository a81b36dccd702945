/* forest_rows.c - the different rows of a training part, and their ranks. See forest_tree.h.
 *
 * Each feature is sorted once, for all trees: a node orders its rows by ranks, which are small
 * whole numbers, equal where values are.
 *
 * SPDX-License-Identifier: MIT */
#include "base/parallel.h"
#include "eval/forest_tree.h"
#include "eval/sort_keys.h"

typedef struct ranking {
    const tree_rows *rows;
    uint64_t *key; /* [n_threads, 2, n] */
} ranking;

static void rank_feature(void *ctx, size_t feature, int thread)
{
    const ranking *r = ctx;
    const tree_rows *rows = r->rows;
    const size_t n = rows->n;
    uint64_t *key = r->key + (size_t)thread * 2 * n;
    uint32_t *rank = rows->rank + feature * n, at = 0;
    for (size_t i = 0; i < n; i++) {
        const float x = tree_value(rows->train, rows->row[i], (uint32_t)feature);
        key[i] = (uint64_t)fdml_key_of_float(x) << 32 | i;
    }
    fdml_sort_keys(key, key + n, n);
    for (size_t i = 0; i < n; i++) {
        at += i && key[i] >> 32 != key[i - 1] >> 32;
        rank[(uint32_t)key[i]] = at;
    }
}

size_t fdml_tree_rows_size(size_t dim, size_t n_train, size_t n_distinct)
{
    return (2 * n_train + n_distinct * dim) * sizeof(uint32_t) + 3 * 64; /* alignment */
}

bool fdml_tree_rows_make(tree_rows *rows, const fdml_samples *train, int n_threads,
                         fdml_arena *arena)
{
    const size_t n_list = train->n;
    *rows = (tree_rows){ .train = train };
    rows->row = fdml_arena_push(arena, n_list, sizeof *rows->row);
    rows->place = fdml_arena_push(arena, n_list, sizeof *rows->place);
    const fdml_arena_mark before = fdml_arena_get_mark(arena);
    uint64_t *key = fdml_arena_push(arena, n_list, 2 * sizeof *key);
    if (!rows->row || !rows->place || !key) return false;
    rows->n = fdml_samples_distinct(rows->row, rows->place, train, key);
    fdml_arena_reset(arena, before);
    rows->rank = fdml_arena_push(arena, rows->n, train->dim * sizeof *rows->rank);
    const fdml_arena_mark after = fdml_arena_get_mark(arena);
    const ranking r = { rows, fdml_arena_push(arena, rows->n,
                                              (size_t)n_threads * 2 * sizeof(uint64_t)) };
    if (!rows->rank || !r.key) return false;
    fdml_parallel(train->dim, n_threads, rank_feature, (void *)&r);
    fdml_arena_reset(arena, after);
    return true;
}
