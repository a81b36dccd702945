/* pass_relevant.c - each query's relevant rows and how near they are, before the pass.
 *
 * Their nearness comes from the same gemm kernel as the pass itself, so a relevant row meets
 * its own score again with equal bits, and ranks can be counted by comparing floats.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_state.h"

#include <stdlib.h>
#include <string.h>

#include "eval/sort_keys.h"

static bool is_asking(const fdml_problem *p, size_t row)
{
    return !p->is_query || p->is_query[row];
}

static bool is_answering(const fdml_problem *p, size_t row)
{
    return !p->is_gallery || p->is_gallery[row];
}

fdml_status fdml_pass_class_index(class_index *out, const fdml_problem *problem,
                                  fdml_arena *arena, fdml_error *err)
{
    const size_t n_classes = problem->label->n_levels;
    uint32_t *begin = fdml_arena_push_zero(arena, n_classes + 2, sizeof *begin);
    uint32_t *row = fdml_arena_push(arena, problem->n_rows, sizeof *row);
    if (!begin || !row)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to list %zu classes", n_classes);
    /* Counting sort: begin is filled one place late, and shifts into place while rows land. */
    uint32_t *next = begin + 1;
    for (size_t i = 0; i < problem->n_rows; i++)
        if (is_answering(problem, i)) next[problem->label->code[i] + 1]++;
    for (size_t c = 1; c <= n_classes; c++) next[c] += next[c - 1];
    for (size_t i = 0; i < problem->n_rows; i++)
        if (is_answering(problem, i)) row[next[problem->label->code[i]]++] = (uint32_t)i;
    *out = (class_index){ begin, row };
    return FDML_OK;
}

static bool is_relevant(const fdml_problem *p, uint32_t query, uint32_t other)
{
    return other != query &&
           !(p->exclude && p->exclude->code[query] == p->exclude->code[other]);
}

static size_t count_relevant(const pass_state *state, uint32_t query)
{
    const class_index *classes = &state->classes;
    const uint32_t class = state->problem->label->code[query];
    const uint32_t *from = classes->row + classes->begin[class];
    const uint32_t *to = classes->row + classes->begin[class + 1];
    size_t n = 0;
    for (; from < to; from++) n += is_relevant(state->problem, query, *from);
    return n;
}

size_t fdml_pass_relevant_total(const fdml_problem *problem, size_t *largest)
{
    const size_t n_classes = problem->label->n_levels;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    uint32_t *size = fdml_arena_push_zero(&arena, n_classes + 1, sizeof *size);
    *largest = problem->n_rows;
    if (!size) return problem->n_rows * problem->n_rows; /* then the careful way is taken */
    size_t total = 0, most = 0;
    for (size_t i = 0; i < problem->n_rows; i++)
        if (is_answering(problem, i)) size[problem->label->code[i]]++;
    for (size_t i = 0; i < problem->n_rows; i++) {
        if (!is_asking(problem, i)) continue;
        const size_t n = size[problem->label->code[i]];
        total += n;
        if (n > most) most = n;
    }
    fdml_arena_close(&arena);
    *largest = most;
    return total;
}

fdml_status fdml_pass_relevant_work(relevant_work *work, const pass_state *state,
                                    size_t n_queries, size_t largest, fdml_arena *arena,
                                    fdml_error *err)
{
    const fdml_kernels *k = state->machine->kernels;
    const size_t dim = state->problem->dim;
    const size_t n_keys = largest > n_queries ? largest : n_queries;
    *work = (relevant_work){
        .a = fdml_arena_push(arena, fdml_panels_size(PASS_STRIP, dim, k->tile_rows),
                             sizeof(float)),
        .b = fdml_arena_push(arena, fdml_panels_size(state->block, dim, k->tile_cols),
                             sizeof(float)),
        .c = fdml_arena_push(arena, PASS_STRIP * state->block, sizeof(float)),
        .row_norm2 = fdml_arena_push(arena, PASS_STRIP, sizeof(float)),
        .col_norm2 = fdml_arena_push(arena, state->block, sizeof(float)),
        .key = fdml_arena_push(arena, n_keys, sizeof(uint64_t)),
        .spare = fdml_arena_push(arena, n_keys, sizeof(uint64_t)),
        .query = fdml_arena_push(arena, n_queries, sizeof(uint32_t)),
    };
    if (!work->a || !work->b || !work->c || !work->row_norm2 || !work->col_norm2 ||
        !work->key || !work->spare || !work->query)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the relevant rows of %zu queries",
                         n_queries);
    return FDML_OK;
}

void fdml_pass_relevant_count(relevant_set *set, const pass_state *state, size_t first,
                              size_t n)
{
    set->n_queries = n;
    set->begin[0] = 0;
    for (size_t q = 0; q < n; q++)
        set->begin[q + 1] =
            set->begin[q] + (uint32_t)count_relevant(state, row_at(&state->rows, first + q));
}

/* Nearness and row as one integer that sorts as the entries shall stand: nearness ascending
 * (the sign trick of float sorting; -0 counts as 0), of equal ones the larger row first. */
static uint64_t entry_key(float nearness, uint32_t row)
{
    const float x = nearness + 0.0f;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t)~row;
}

static float key_nearness(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32);
    bits = bits >> 31 ? bits & 0x7fffffffu : ~bits;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float just_below(float x)
{
    uint32_t bits;
    if (x == 0) return -0x1p-149f;
    memcpy(&bits, &x, sizeof bits);
    bits = x > 0 ? bits - 1 : bits + 1;
    memcpy(&x, &bits, sizeof x);
    return x;
}

int fdml_pass_compare_keys(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Scores of the packed queries against members m0.., straight into the entries, unsorted. */
static void fill_piece(relevant_set *set, const pass_state *state, size_t first,
                       const uint32_t *position, size_t n, const uint32_t *member, size_t m0,
                       size_t m, uint32_t *filled, const relevant_work *work)
{
    const fdml_problem *p = state->problem;
    const fdml_kernels *k = state->machine->kernels;
    const fdml_rows rows = fdml_frame_rows(&state->frame, p, member + m0, 0, m);
    const fdml_tile tile = { work->c, state->block, n, m };
    k->pack_b(work->b, &rows, p->dim);
    k->gemm(work->c, state->block, work->a, work->b, n, m, p->dim, 0);
    for (size_t j = 0; j < m; j++) work->col_norm2[j] = state->frame.norm2[member[m0 + j]];
    fdml_frame_nearness(p, k, &tile, work->row_norm2, work->col_norm2);
    for (size_t i = 0; i < n; i++) {
        const uint32_t query = row_at(&state->rows, position[i]);
        uint32_t e = set->begin[position[i] - first] + filled[i];
        for (size_t j = 0; j < m; j++) {
            if (!is_relevant(p, query, member[m0 + j])) continue;
            set->nearness[e] = tile.c[i * tile.stride + j];
            set->row[e++] = member[m0 + j];
        }
        filled[i] = e - set->begin[position[i] - first];
    }
}

void fdml_pass_relevant_fill(relevant_set *set, const pass_state *state, size_t first,
                             const uint32_t *position, size_t n, const relevant_work *work)
{
    const fdml_problem *p = state->problem;
    const class_index *classes = &state->classes;
    const uint32_t class = p->label->code[row_at(&state->rows, position[0])];
    const uint32_t *member = classes->row + classes->begin[class];
    const size_t n_members = classes->begin[class + 1] - classes->begin[class];
    uint32_t query[PASS_STRIP] = { 0 }, filled[PASS_STRIP] = { 0 };
    for (size_t i = 0; i < n; i++) {
        query[i] = row_at(&state->rows, position[i]);
        work->row_norm2[i] = state->frame.norm2[query[i]];
    }
    const fdml_rows rows = fdml_frame_rows(&state->frame, p, query, 0, n);
    state->machine->kernels->pack_a(work->a, &rows, p->dim);
    for (size_t m0 = 0; m0 < n_members; m0 += state->block) {
        const size_t m = n_members - m0 < state->block ? n_members - m0 : state->block;
        fill_piece(set, state, first, position, n, member, m0, m, filled, work);
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t begin = set->begin[position[i] - first];
        for (uint32_t e = 0; e < filled[i]; e++)
            work->key[e] = entry_key(set->nearness[begin + e], set->row[begin + e]);
        fdml_sort_keys(work->key, work->spare, filled[i]);
        for (uint32_t e = 0; e < filled[i]; e++) {
            const float x = key_nearness(work->key[e]);
            set->nearness[begin + e] = x;
            set->below[begin + e] = just_below(x);
            set->row[begin + e] = ~(uint32_t)work->key[e];
        }
    }
}
