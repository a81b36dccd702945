/* downstream_split.c - who trains, who is tested, and how groups are made to count alike. See
 * downstream.h.
 *
 * All of it works on lists of rows in one order: shuffled, then sorted by group, then by value,
 * with sorts that keep the order of equals. A cell, the rows of one group and one value, is
 * then a run of the list, in random order.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/rng.h"
#include "eval/downstream.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for training and test parts");
}

fdml_status fdml_learned_target_make(fdml_learned_target *target, const fdml_factor *factor,
                                     fdml_arena *arena, fdml_error *err)
{
    const size_t n = factor->n_rows;
    uint32_t *code = fdml_arena_push(arena, n, sizeof *code);
    uint32_t *dense = fdml_arena_push_zero(arena, factor->n_levels, sizeof *dense);
    if (!code || !dense) return no_memory(err);
    *target = (fdml_learned_target){ .factor = factor, .code = code };
    for (size_t i = 0; i < n; i++) dense[factor->code[i]]++;
    for (size_t v = 0; v < factor->n_levels; v++) {
        const uint32_t n_rows = dense[v];
        dense[v] = n_rows < 2 ? FDML_LEARNED_NONE : (uint32_t)target->n_values++;
        if (n_rows >= 2) target->n_rows += n_rows;
        target->n_left_out += n_rows == 1;
    }
    for (size_t i = 0; i < n; i++) code[i] = dense[factor->code[i]];
    return FDML_OK;
}

/* row: [n], by code[row], equal ones as they stood. other: [n], begin: [n_codes + 1] scratch.
 */
static void sort_by(uint32_t *row, size_t n, const uint32_t *code, size_t n_codes,
                    uint32_t *other, uint32_t *begin)
{
    memset(begin, 0, (n_codes + 1) * sizeof *begin);
    for (size_t i = 0; i < n; i++) begin[code[row[i]] + 1]++;
    for (size_t c = 0; c < n_codes; c++) begin[c + 1] += begin[c];
    for (size_t i = 0; i < n; i++) other[begin[code[row[i]]]++] = row[i];
    memcpy(row, other, n * sizeof *row);
}

/* --- splits ----------------------------------------------------------------------------- */

static size_t most_levels(const fdml_learned_target *target, const fdml_problem *problem)
{
    size_t most = target->n_values;
    for (size_t a = 0; a < problem->n_attributes; a++)
        if (problem->attributes[a].n_levels > most) most = problem->attributes[a].n_levels;
    return most;
}

/* Of the listed rows in order, at(i) of n: whether the systematic sample has it. */
static bool is_sampled(size_t i, size_t n_of, size_t n, size_t start)
{
    return (i * n_of + start) / n != ((i + 1) * n_of + start) / n;
}

/* Where the sample starts, drawn first. */
static size_t draw_start(fdml_rng *rng, uint64_t seed, uint64_t stream, uint32_t index)
{
    fdml_rng_init(rng, seed, stream, index);
    return fdml_rng_below(rng, 10);
}

size_t fdml_split_tested(size_t n, uint64_t seed, uint64_t stream, uint32_t index)
{
    fdml_rng rng;
    return (n * FDML_TEST_TENTHS + draw_start(&rng, seed, stream, index)) / 10;
}

fdml_status fdml_split_make(fdml_split *split, const fdml_learned_target *target,
                            const fdml_problem *problem, uint64_t seed, uint64_t stream,
                            uint32_t index, fdml_arena *arena, fdml_arena *scratch,
                            fdml_error *err)
{
    const size_t n = target->n_rows;
    *split = (fdml_split){ .test = fdml_arena_push(arena, fdml_split_most_tested(n),
                                                   sizeof(uint32_t)),
                           .train = fdml_arena_push(arena, n, sizeof(uint32_t)) };
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *row = fdml_arena_push(scratch, n, sizeof *row);
    uint32_t *other = fdml_arena_push(scratch, n, sizeof *other);
    uint32_t *begin = fdml_arena_push(scratch, most_levels(target, problem) + 1, sizeof *begin);
    if (!split->test || !split->train || !row || !other || !begin) return no_memory(err);
    size_t k = 0;
    for (size_t i = 0; i < problem->n_rows; i++)
        if (target->code[i] != FDML_LEARNED_NONE) row[k++] = (uint32_t)i;
    fdml_rng rng;
    const size_t start = draw_start(&rng, seed, stream, index);
    fdml_rng_shuffle(&rng, row, (uint32_t)n);
    for (size_t a = problem->n_attributes; a-- > 0;)
        sort_by(row, n, problem->attributes[a].code, problem->attributes[a].n_levels, other,
                begin);
    sort_by(row, n, target->code, target->n_values, other, begin);
    for (size_t i = 0; i < n; i++) {
        if (is_sampled(i, FDML_TEST_TENTHS, 10, start))
            split->test[split->n_test++] = row[i];
        else
            split->train[split->n_train++] = row[i];
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- balancing -------------------------------------------------------------------------- */

/* A training part in order, its cells and its groups. */
typedef struct parts {
    const fdml_balance *how;
    uint32_t *row; /* [n] */
    size_t n;
    size_t *n_of_group, *n_values_of_group; /* [n_groups] of the listed rows; of their cells */
    fdml_rng rng;
} parts;

static bool counts(const fdml_balance *how, uint32_t group)
{
    return how->by->n_rows[group] >= how->min_group;
}

/* The run of the cell that begins at i. */
static size_t cell_end(const parts *p, size_t i)
{
    const uint32_t *code = p->how->target->code, *group = p->how->by->code;
    size_t end = i + 1;
    while (end < p->n && code[p->row[end]] == code[p->row[i]] &&
           group[p->row[end]] == group[p->row[i]])
        end++;
    return end;
}

static size_t value_end(const parts *p, size_t i)
{
    size_t end = i;
    while (end < p->n && p->how->target->code[p->row[end]] == p->how->target->code[p->row[i]])
        end++;
    return end;
}

static fdml_status order_rows(parts *p, const uint32_t *train, fdml_arena *arena,
                              fdml_error *err)
{
    const fdml_balance *how = p->how;
    const size_t n_groups = how->by->n_groups, n_values = how->target->n_values;
    p->row = fdml_arena_push(arena, p->n, sizeof *p->row);
    uint32_t *other = fdml_arena_push(arena, p->n, sizeof *other);
    uint32_t *begin =
        fdml_arena_push(arena, (n_groups > n_values ? n_groups : n_values) + 1, sizeof *begin);
    p->n_of_group = fdml_arena_push_zero(arena, n_groups, sizeof *p->n_of_group);
    p->n_values_of_group = fdml_arena_push_zero(arena, n_groups, sizeof *p->n_of_group);
    if (!p->row || !other || !begin || !p->n_of_group || !p->n_values_of_group)
        return no_memory(err);
    memcpy(p->row, train, p->n * sizeof *p->row);
    fdml_rng_init(&p->rng, how->seed, how->stream, how->index);
    fdml_rng_shuffle(&p->rng, p->row, (uint32_t)p->n);
    sort_by(p->row, p->n, how->by->code, n_groups, other, begin);
    sort_by(p->row, p->n, how->target->code, n_values, other, begin);
    for (size_t i = 0, end; i < p->n; i = end) {
        end = cell_end(p, i);
        p->n_of_group[how->by->code[p->row[i]]] += end - i;
        p->n_values_of_group[how->by->code[p->row[i]]]++;
    }
    return FDML_OK;
}

/* A cell of `have` rows is to have `want`: the first ones, or all of them again and again; the
 * cell is in random order. */
static uint32_t *take_cell(uint32_t *to, const uint32_t *row, size_t have, size_t want)
{
    for (size_t i = 0; i < want; i++) *to++ = row[i % have];
    return to;
}

static uint32_t *balance_within(uint32_t *to, const parts *p)
{
    const uint32_t *group = p->how->by->code;
    for (size_t i = 0, end; i < p->n; i = end) {
        size_t least = SIZE_MAX, most = 0;
        end = value_end(p, i);
        for (size_t at = i, next; at < end; at = next) {
            next = cell_end(p, at);
            if (!counts(p->how, group[p->row[at]])) continue;
            if (next - at < least) least = next - at;
            if (next - at > most) most = next - at;
        }
        const size_t want = p->how->protocol == FDML_BALANCED_UNDER ? least : most;
        for (size_t at = i, next; at < end; at = next) {
            next = cell_end(p, at);
            const bool is_counted = counts(p->how, group[p->row[at]]);
            to = take_cell(to, p->row + at, next - at, is_counted ? want : next - at);
        }
    }
    return to;
}

/* Every group is to have `want` rows. Of all rows of a group beyond the first of each of its
 * values a systematic sample stays; or each row stands want / have times and those of a
 * systematic sample once more. */
static uint32_t *balance_between(uint32_t *to, parts *p, size_t want, size_t *seen)
{
    const uint32_t *group = p->how->by->code;
    const bool is_cut = p->how->protocol == FDML_BALANCED_UNDER;
    memset(seen, 0, p->how->by->n_groups * sizeof *seen);
    const size_t turn = fdml_rng_below(&p->rng, UINT32_MAX);
    for (size_t i = 0, end; i < p->n; i = end) {
        const uint32_t g = group[p->row[i]];
        const size_t have = p->n_of_group[g], n_first = p->n_values_of_group[g];
        end = cell_end(p, i);
        if (!counts(p->how, g) || have == want) {
            to = take_cell(to, p->row + i, end - i, end - i);
            continue;
        }
        const size_t pool = is_cut ? have - n_first : have;
        const size_t rest = is_cut ? (want > n_first ? want - n_first : 0) : want % have;
        if (is_cut) *to++ = p->row[i];
        for (size_t at = i + is_cut; at < end; at++) {
            const bool is_drawn = is_sampled(seen[g]++, rest, pool, turn % pool);
            const size_t times = (is_cut ? 0 : want / have) + is_drawn;
            to = take_cell(to, p->row + at, 1, times);
        }
    }
    return to;
}

/* Of the groups that count: the rows of the smallest, or of the largest. */
static size_t wanted_rows(const parts *p)
{
    const bool is_cut = p->how->protocol == FDML_BALANCED_UNDER;
    size_t want = is_cut ? SIZE_MAX : 0;
    for (uint32_t g = 0; g < p->how->by->n_groups; g++) {
        const size_t n = p->n_of_group[g];
        if (!counts(p->how, g) || !n) continue;
        if (is_cut ? n < want : n > want) want = n;
    }
    return want;
}

/* Rows that balance_within or balance_between may write. */
static size_t most_rows(const parts *p, size_t want)
{
    if (p->how->protocol == FDML_BALANCED_UNDER) return p->n;
    size_t sum = 0;
    if (!p->how->is_within) {
        for (uint32_t g = 0; g < p->how->by->n_groups; g++)
            sum += counts(p->how, g) && p->n_of_group[g] ? want : p->n_of_group[g];
        return sum;
    }
    for (size_t i = 0, end; i < p->n; i = end) {
        size_t most = 0, n_cells = 0;
        end = value_end(p, i);
        for (size_t at = i, next; at < end; at = next, n_cells++) {
            next = cell_end(p, at);
            if (next - at > most) most = next - at;
        }
        sum += most * n_cells;
    }
    return sum;
}

fdml_status fdml_balance_make(uint32_t **row, size_t *n, const fdml_balance *balance,
                              const uint32_t *train, size_t n_train, fdml_arena *arena,
                              fdml_error *err)
{
    parts p = { .how = balance, .n = n_train };
    FDML_TRY(order_rows(&p, train, arena, err));
    size_t *seen = fdml_arena_push(arena, balance->by->n_groups, sizeof *seen);
    const size_t want = wanted_rows(&p);
    *row = fdml_arena_push(arena, most_rows(&p, want), sizeof **row);
    if (!seen || !*row) return no_memory(err);
    const uint32_t *end =
        balance->is_within ? balance_within(*row, &p) : balance_between(*row, &p, want, seen);
    *n = (size_t)(end - *row);
    return FDML_OK;
}

fdml_status fdml_balance_is_within(bool *is_within, const fdml_learned_target *target,
                                   const fdml_grouping *by, size_t min_group,
                                   fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *first = fdml_arena_push(scratch, target->n_values, sizeof *first);
    if (!first) return no_memory(err);
    for (size_t v = 0; v < target->n_values; v++) first[v] = UINT32_MAX;
    *is_within = false;
    for (size_t i = 0; i < target->factor->n_rows && !*is_within; i++) {
        const uint32_t v = target->code[i], g = by->code[i];
        if (v == FDML_LEARNED_NONE || by->n_rows[g] < min_group) continue;
        if (first[v] == UINT32_MAX) first[v] = g;
        *is_within = first[v] != g;
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
