/* crossval.c - see crossval.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/crossval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { MOST_FOLDS = 64 };

fdml_status fdml_folds_stratified(uint8_t *fold, const uint8_t *y, size_t n, unsigned n_folds,
                                  fdml_error *err)
{
    size_t count[2] = { 0 }, quota[2][MOST_FOLDS] = { { 0 } };
    if (n_folds < 2 || n_folds > MOST_FOLDS)
        return fdml_fail(err, FDML_E_ARG, "%u folds, expected 2 to %d", n_folds, MOST_FOLDS);
    for (size_t i = 0; i < n; i++) count[y[i] != 0]++;
    for (unsigned v = 0; v < 2; v++)
        if (count[v] < n_folds)
            return fdml_fail(err, FDML_E_DATA,
                             "%zu training rows of target value %u, expected at least %u for "
                             "as many folds",
                             count[v], v, n_folds);
    const unsigned first = y[0] != 0;
    for (size_t i = 0; i < n; i++) quota[i < count[first] ? first : !first][i % n_folds]++;
    unsigned at[2] = { 0 };
    for (size_t i = 0; i < n; i++) {
        const unsigned v = y[i] != 0;
        while (!quota[v][at[v]]) at[v]++;
        quota[v][at[v]]--;
        fold[i] = (uint8_t)at[v];
    }
    return FDML_OK;
}

/* The rows of each code behind one another; begin: [n_codes + 1]. */
static void group_rows(uint32_t *grouped, size_t *begin, const uint32_t *row, size_t n,
                       const uint32_t *code, size_t n_codes)
{
    for (size_t i = 0; i < n; i++) begin[code[row[i]] + 1]++;
    for (size_t c = 0; c < n_codes; c++) begin[c + 1] += begin[c];
    for (size_t i = 0; i < n; i++) grouped[begin[code[row[i]]]++] = row[i];
    memmove(begin + 1, begin, n_codes * sizeof *begin);
    begin[0] = 0;
}

double fdml_oversample_memory(double n, double n_codes, double n_to)
{
    return fdml_arena_room(n, sizeof(uint32_t)) + fdml_arena_room(n_codes + 1, sizeof(size_t)) +
           fdml_arena_room(n_to, sizeof(uint32_t));
}

fdml_status fdml_oversample(uint32_t **to, size_t *n_to, const uint32_t *row, size_t n,
                            const uint32_t *code, size_t n_codes, uint64_t seed,
                            uint64_t stream, fdml_arena *arena, fdml_error *err)
{
    uint32_t *grouped = fdml_arena_push(arena, n, sizeof *grouped);
    size_t *begin = fdml_arena_push_zero(arena, n_codes + 1, sizeof *begin);
    if (!grouped || !begin) goto no_memory;
    group_rows(grouped, begin, row, n, code, n_codes);
    size_t most = 0, n_present = 0;
    for (size_t c = 0; c < n_codes; c++) {
        const size_t have = begin[c + 1] - begin[c];
        if (have > most) most = have;
        n_present += have > 0;
    }
    uint32_t *all = fdml_arena_push(arena, most * n_present, sizeof *all);
    if (!all) goto no_memory;
    memcpy(all, row, n * sizeof *all);
    size_t k = n;
    for (size_t c = 0; c < n_codes; c++) {
        const size_t have = begin[c + 1] - begin[c];
        fdml_rng rng;
        fdml_rng_init(&rng, seed, stream, (uint32_t)c);
        for (size_t i = have; have && i < most; i++)
            all[k++] = grouped[begin[c] + fdml_rng_below(&rng, (uint32_t)have)];
    }
    *to = all;
    *n_to = k;
    return FDML_OK;
no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory to balance %zu rows", n);
}

/* --- scores ----------------------------------------------------------------------------- */

typedef struct scored {
    double score;
    uint32_t index;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return (x->score > y->score) - (x->score < y->score);
    return (x->index > y->index) - (x->index < y->index);
}

double fdml_order_scores_memory(size_t n)
{
    return fdml_arena_room((double)n, sizeof(scored));
}

fdml_status fdml_order_scores(uint32_t *order, const double *score, size_t n,
                              fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    scored *list = fdml_arena_push(scratch, n, sizeof *list);
    if (!list) return fdml_fail(err, FDML_E_NOMEM, "no memory to sort %zu scores", n);
    for (size_t i = 0; i < n; i++) list[i] = (scored){ score[i], (uint32_t)i };
    qsort(list, n, sizeof *list, by_score);
    for (size_t i = 0; i < n; i++) order[i] = list[i].index;
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

fdml_status fdml_auroc(double *auroc, const double *score, const uint8_t *y, size_t n,
                       fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *order = fdml_arena_push(scratch, n, sizeof *order);
    if (!order) return fdml_fail(err, FDML_E_NOMEM, "no memory to rank %zu scores", n);
    FDML_TRY(fdml_order_scores(order, score, n, scratch, err));
    double below = 0, won = 0, n_one = 0; /* halves of whole numbers: exact */
    for (size_t i = 0, end; i < n; i = end) {
        double one = 0, zero = 0;
        for (end = i; end < n && score[order[end]] == score[order[i]]; end++) {
            one += y[order[end]] != 0;
            zero += y[order[end]] == 0;
        }
        won += one * (below + zero / 2);
        below += zero;
        n_one += one;
    }
    *auroc = n_one > 0 && below > 0 ? won / (n_one * below) : NAN;
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
