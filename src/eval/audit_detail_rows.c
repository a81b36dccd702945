/* audit_detail_rows.c - single rows that a reader wants to see: a sample of them on a map, and
 * the queries of each group that failed worst.
 *
 * The audit knows the rank of a query's nearest match up to a depth alone. So a pool of late
 * ones is taken from each group, and a second, small pass gives their exact ranks and what
 * stood in front. Of equally late ones the first rows are shown.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/audit_state.h"
#include "eval/pca.h"

enum { POOL = 32 };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the rows of charts");
}

/* --- the map -------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* All rows, or that many without replacement (a shuffle's first), in ascending order. */
static fdml_status draw_rows(uint32_t *row, size_t n, const audit_state *state, fdml_error *err)
{
    const size_t n_rows = state->problem->n_rows;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    uint32_t *all = fdml_arena_push(state->scratch, n_rows, sizeof *all);
    if (!all) return no_memory(err);
    for (size_t i = 0; i < n_rows; i++) all[i] = (uint32_t)i;
    fdml_rng rng;
    fdml_rng_init(&rng, state->settings->seed, audit_stream_id(STREAM_DETAIL_MAP, 0, 0), 0);
    for (size_t i = 0; i < n && n < n_rows; i++) {
        const size_t j = i + fdml_rng_below(&rng, (uint32_t)(n_rows - i));
        const uint32_t chosen = all[j];
        all[j] = all[i];
        all[i] = chosen;
    }
    memcpy(row, all, n * sizeof *row);
    qsort(row, n, sizeof *row, by_number);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

fdml_status fdml_audit_detail_map(fdml_audit_detail *detail, audit_state *state,
                                  fdml_error *err)
{
    const size_t n_rows = state->problem->n_rows;
    const size_t n = n_rows < FDML_DETAIL_POINTS ? n_rows : FDML_DETAIL_POINTS;
    uint32_t *row = fdml_arena_push(state->arena, n, sizeof *row);
    double *at = fdml_arena_push(state->arena, 2 * n, sizeof *at);
    if (!row || !at) return no_memory(err);
    FDML_TRY(draw_rows(row, n, state, err));
    detail->map = (fdml_detail_map){ .n = n, .row = row, .at = at };
    return fdml_pca_map(at, detail->map.explained, row, n, state->problem, state->machine,
                        state->settings->seed, audit_stream_id(STREAM_DETAIL_MAP, 0, 1),
                        state->scratch, err);
}

/* --- the worst queries ---------------------------------------------------------------- */

typedef struct late_query {
    uint32_t row, rank;
} late_query;

typedef struct pool {
    fdml_detail_group *group;
    late_query query[POOL]; /* latest first; of equal ones the first row */
    size_t n;
} pool;

/* What the second pass finds. */
typedef struct second_look {
    uint32_t *rank;      /* [n_rows] of the nearest match */
    uint32_t *neighbour; /* [n_rows] */
    uint8_t *is_query;   /* [n_rows] */
} second_look;

static void insert(pool *p, late_query query)
{
    if (p->n == POOL && query.rank <= p->query[POOL - 1].rank) return;
    size_t at = p->n < POOL ? p->n++ : POOL - 1;
    for (; at && p->query[at - 1].rank < query.rank; at--) p->query[at] = p->query[at - 1];
    p->query[at] = query;
}

/* slot: [n_groups] scratch. */
static void fill_pools(pool *pools, const fdml_detail_grouping *by, uint32_t *slot,
                       const audit_state *state)
{
    const fdml_grouping *grouping = &state->groupings.grouping[by->grouping];
    for (size_t g = 0; g < grouping->n_groups; g++) slot[g] = UINT32_MAX;
    for (size_t g = 0; g < by->n; g++) {
        pools[g].group = &by->group[g];
        if (!by->group[g].is_small) slot[by->group[g].code] = (uint32_t)g;
    }
    for (uint32_t row = 0; row < state->problem->n_rows; row++) {
        const uint32_t s = slot[grouping->code[row]];
        if (s == UINT32_MAX || !audit_is_valid(state, row)) continue;
        const uint32_t rank = state->store.first_rank[audit_place(state, row)];
        if (rank > 1) insert(&pools[s], (late_query){ row, rank });
    }
}

static void keep_rank(void *ctx, uint32_t query_row, const uint32_t *rank, uint32_t n_relevant)
{
    const second_look *look = ctx;
    look->rank[query_row] = n_relevant ? rank[0] : 0;
}

static fdml_status look_again(second_look *look, const pool *pools, size_t n_pools,
                              const audit_state *state, fdml_error *err)
{
    const size_t n = state->problem->n_rows;
    look->rank = fdml_arena_push_zero(state->scratch, n, sizeof *look->rank);
    look->neighbour = fdml_arena_push(state->scratch, n, sizeof *look->neighbour);
    look->is_query = fdml_arena_push_zero(state->scratch, n, sizeof *look->is_query);
    if (!look->rank || !look->neighbour || !look->is_query) return no_memory(err);
    for (size_t p = 0; p < n_pools; p++)
        for (size_t i = 0; i < pools[p].n; i++) look->is_query[pools[p].query[i].row] = 1;
    fdml_problem few = *state->problem;
    few.is_query = look->is_query;
    fdml_machine machine = *state->machine;
    machine.progress = NULL;
    const fdml_pass pass = {
        .on_ranks = keep_rank, .ranks_ctx = look, .top_k = 1, .neighbour = look->neighbour
    };
    return fdml_pass_run(&pass, &few, &machine, state->scratch, err);
}

static double distance_of(double *rows, uint32_t a, uint32_t b, const fdml_problem *problem)
{
    const size_t dim = problem->dim;
    double sum = 0;
    fdml_load_row(rows, problem, a, problem->distance == FDML_COSINE);
    fdml_load_row(rows + dim, problem, b, problem->distance == FDML_COSINE);
    for (size_t d = 0; d < dim; d++)
        sum += (rows[d] - rows[dim + d]) * (rows[d] - rows[dim + d]);
    return sqrt(sum);
}

static fdml_status keep_worst(const pool *late, const second_look *look, double *rows,
                              const audit_state *state, fdml_error *err)
{
    pool exact = { .group = late->group };
    for (size_t i = 0; i < late->n; i++)
        insert(&exact, (late_query){ late->query[i].row, look->rank[late->query[i].row] });
    const size_t n = exact.n < FDML_DETAIL_WORST ? exact.n : FDML_DETAIL_WORST;
    if (!n) return FDML_OK;
    fdml_detail_query *worst = fdml_arena_push(state->arena, n, sizeof *worst);
    if (!worst) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = exact.query[i].row, nearest = look->neighbour[row];
        worst[i] = (fdml_detail_query){ row, exact.query[i].rank, nearest,
                                        distance_of(rows, row, nearest, state->problem) };
    }
    late->group->worst = worst;
    late->group->n_worst = n;
    return FDML_OK;
}

fdml_status fdml_audit_detail_worst(fdml_audit_detail *detail, audit_state *state,
                                    fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    pool *pools = fdml_arena_push_zero(state->scratch, FDML_MAX_ATTRIBUTES * FDML_DETAIL_GROUPS,
                                       sizeof *pools);
    double *rows = fdml_arena_push(state->scratch, 2 * state->problem->dim, sizeof *rows);
    second_look look = { 0 };
    if (!pools || !rows) return no_memory(err);
    size_t n = 0, n_late = 0;
    for (size_t b = 0; b < detail->n_by; b++) {
        const fdml_grouping *by = &state->groupings.grouping[detail->by[b].grouping];
        if (by->is_intersection) continue;
        const fdml_arena_mark inner = fdml_arena_get_mark(state->scratch);
        uint32_t *slot = fdml_arena_push(state->scratch, by->n_groups, sizeof *slot);
        if (!slot) return no_memory(err);
        fill_pools(pools + n, &detail->by[b], slot, state);
        fdml_arena_reset(state->scratch, inner);
        n += detail->by[b].n;
    }
    for (size_t p = 0; p < n; p++) n_late += pools[p].n;
    if (n_late) FDML_TRY(look_again(&look, pools, n, state, err));
    for (size_t p = 0; p < n && n_late; p++)
        FDML_TRY(keep_worst(&pools[p], &look, rows, state, err));
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
