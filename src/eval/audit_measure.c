/* audit_measure.c - everything an audit knows by row: order by class, ranks, potentials,
 * distances, clusters. One pass over distances, one k-means.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_state.h"
#include "eval/frame.h"
#include "eval/kmeans.h"
#include "eval/verify.h"

static fdml_status no_memory(fdml_error *err, const char *what)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for %s", what);
}

static fdml_status order_by_class(audit_state *state, fdml_error *err)
{
    const fdml_factor *label = state->problem->label;
    const size_t n = state->problem->n_rows;
    uint32_t *row = fdml_arena_push(state->scratch, n, sizeof *row);
    uint32_t *begin = fdml_arena_push_zero(state->scratch, label->n_levels + 1, sizeof *begin);
    if (!row || !begin) return no_memory(err, "the order of rows");
    for (size_t i = 0; i < n; i++) begin[label->code[i] + 1]++;
    for (size_t c = 0; c < label->n_levels; c++) begin[c + 1] += begin[c];
    for (size_t i = 0; i < n; i++) row[begin[label->code[i]]++] = (uint32_t)i;
    memmove(begin + 1, begin, label->n_levels * sizeof *begin);
    begin[0] = 0;
    state->by_class = row;
    state->class_begin = begin;
    return FDML_OK;
}

fdml_status fdml_audit_group_rows(grouped_rows *rows, const audit_state *state, size_t grouping,
                                  fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const size_t n = state->problem->n_rows;
    size_t *begin = fdml_arena_push_zero(state->scratch, by->n_groups + 2, sizeof *begin);
    uint32_t *row = fdml_arena_push(state->scratch, n, sizeof *row);
    if (!begin || !row) return no_memory(err, "the order of groups");
    size_t largest = 0;
    for (size_t g = 0; g < by->n_groups; g++) {
        begin[g + 2] = begin[g + 1] + by->n_rows[g];
        if (by->n_rows[g] > largest) largest = by->n_rows[g];
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t id = state->by_class[i];
        row[begin[by->code[id] + 1]++] = id;
    }
    uint32_t *run_begin = fdml_arena_push(state->scratch, largest + 1, sizeof *run_begin);
    if (!run_begin) return no_memory(err, "the classes of a group");
    *rows = (grouped_rows){ row, begin, run_begin };
    return FDML_OK;
}

fdml_runs fdml_audit_runs(const grouped_rows *rows, const audit_state *state, size_t group)
{
    const uint32_t *label = state->problem->label->code;
    const uint32_t *row = rows->row + rows->begin[group];
    const size_t n = rows->begin[group + 1] - rows->begin[group];
    size_t n_runs = 0;
    for (size_t i = 0; i < n; i++)
        if (!i || label[row[i]] != label[row[i - 1]]) rows->run_begin[n_runs++] = (uint32_t)i;
    rows->run_begin[n_runs] = (uint32_t)n;
    return (fdml_runs){ row, n, rows->run_begin, n_runs };
}

static fdml_status prepare_store(audit_state *state, fdml_error *err)
{
    const fdml_problem *problem = state->problem;
    const fdml_audit_settings *settings = state->settings;
    if (problem->is_query) {
        uint32_t *place = fdml_arena_push(state->scratch, problem->n_rows, sizeof *place);
        if (!place) return no_memory(err, "the queries");
        uint32_t n = 0;
        for (size_t i = 0; i < problem->n_rows; i++) place[i] = problem->is_query[i] ? n++ : 0;
        state->place = place;
    }
    return fdml_query_store_init(&state->store, settings->metrics, settings->n_metrics,
                                 settings->convention, state->place, state->findings.n_queries,
                                 state->scratch, err);
}

/* Where nearness can lie: [-1, 1] under cosine, else from the longest row L as the pass sees it
 * (under l2 about the mean): |a . b| <= L^2 and |a - b|^2 <= 4 L^2. The last bin begins at the
 * top, so that its upper edge lies above every score and a threshold there accepts nothing. */
static fdml_status histogram_range(audit_state *state, fdml_error *err)
{
    double low = -1, high = 1;
    if (state->problem->distance != FDML_COSINE) {
        const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
        fdml_frame frame;
        double square = 0;
        FDML_TRY(fdml_frame_make(&frame, state->problem, state->machine, state->scratch, err));
        for (size_t i = 0; i < state->problem->n_rows; i++)
            if ((double)frame.norm2[i] > square) square = (double)frame.norm2[i];
        fdml_arena_reset(state->scratch, mark);
        square *= 1 + 0x1p-10; /* rounding */
        const bool is_l2 = state->problem->distance == FDML_L2;
        low = is_l2 ? -4 * square : -square;
        high = is_l2 ? 0 : square;
    }
    const double width = (high - low) / (FDML_HISTOGRAM_BINS - 1);
    state->histogram_low = (float)low;
    state->histogram_width = (float)(width > 0 ? width : 1);
    return FDML_OK;
}

static bool wants_histogram(const audit_state *state)
{
    return state->settings->with_verification && !state->settings->pairs &&
           !fdml_verify_is_exact(state->problem->n_rows);
}

static bool wants_distance(const audit_state *state)
{
    return state->settings->alignment_power == 1 &&
           (state->wants[FDML_M_ALIGNMENT_INTER] || state->wants[FDML_M_ALIGNMENT_RATIO]);
}

static fdml_status run_pass(audit_state *state, fdml_error *err)
{
    const size_t n_by_row = state->groupings.n * state->problem->n_rows;
    fdml_arena *arena = state->scratch;
    fdml_pass pass = { .groupings = &state->groupings };
    if (state->wants_mean) {
        FDML_TRY(prepare_store(state, err));
        pass.on_ranks = fdml_store_ranks;
        pass.ranks_ctx = &state->store;
        pass.depth = fdml_rank_depth(state->settings->metrics, state->settings->n_metrics,
                                     state->settings->convention);
        if (state->settings->with_detail)
            pass.depth = fdml_audit_detail_depth(pass.depth, state->problem);
    }
    if (state->wants[FDML_M_UNIFORMITY]) {
        state->potential = fdml_arena_push_zero(arena, n_by_row, sizeof(double));
        if (!state->potential) return no_memory(err, "the potential of rows");
    }
    if (wants_distance(state)) {
        state->other_distance = fdml_arena_push_zero(arena, n_by_row, sizeof(double));
        if (!state->other_distance) return no_memory(err, "the distances of rows");
    }
    if (wants_histogram(state)) {
        state->histogram =
            fdml_arena_push_zero(arena, FDML_HISTOGRAM_BINS, sizeof *state->histogram);
        if (!state->histogram) return no_memory(err, "the histogram of scores");
        FDML_TRY(histogram_range(state, err));
    }
    pass.potential = state->potential;
    pass.distance = state->other_distance;
    pass.histogram = state->histogram;
    pass.histogram_low = state->histogram_low;
    pass.histogram_width = state->histogram_width;
    if (!pass.on_ranks && !pass.potential && !pass.distance && !pass.histogram) return FDML_OK;
    return fdml_pass_run(&pass, state->problem, state->machine, arena, err);
}

static fdml_status run_kmeans(audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n_rows = state->problem->n_rows;
    state->assignment = fdml_arena_push(state->scratch, n_rows, sizeof *state->assignment);
    if (!state->assignment) return no_memory(err, "the clusters of rows");
    const fdml_kmeans kmeans = { .k = (uint32_t)state->problem->label->n_levels,
                                 .n_iterations = settings->kmeans_iterations,
                                 .n_redo = settings->kmeans_redo ? settings->kmeans_redo : 1,
                                 .seed = settings->seed,
                                 .is_spherical = settings->convention == FDML_REVISITDML &&
                                                 state->problem->distance == FDML_COSINE };
    double inertia;
    unsigned iterations;
    return fdml_kmeans_run(state->assignment, NULL, &inertia, &iterations, &kmeans,
                           state->problem, state->machine, state->scratch, err);
}

/* Distances within classes, in double from the nearness of the pass; taken off the pass's sums
 * over all rows of the group they leave those to other classes. */
static fdml_status measure_distances(audit_state *state, fdml_error *err)
{
    const size_t n = state->groupings.n * state->problem->n_rows;
    const bool wants_intra =
        state->wants[FDML_M_ALIGNMENT_INTRA] || state->wants[FDML_M_ALIGNMENT_RATIO];
    if (state->settings->alignment_power != 1) return FDML_OK;
    if (!wants_intra && !state->other_distance) return FDML_OK;
    state->intra_distance = fdml_arena_push(state->scratch, n, sizeof(double));
    if (!state->intra_distance) return no_memory(err, "the distances of rows");
    FDML_TRY(fdml_intra_sums(state->intra_distance, FDML_INTRA_DISTANCE, &state->groupings,
                             state->problem, state->machine, state->scratch, err));
    for (size_t i = 0; state->other_distance && i < n; i++)
        state->other_distance[i] = fmax(0, state->other_distance[i] - state->intra_distance[i]);
    return FDML_OK;
}

/* The part of the potential that is shared with rows of the own class: where classes are drawn,
 * it follows the class's weight and not its square. */
static fdml_status measure_potential(audit_state *state, fdml_error *err)
{
    const size_t n = state->groupings.n * state->problem->n_rows;
    if (!state->potential || !state->is_class_unit) return FDML_OK;
    state->own_potential = fdml_arena_push(state->scratch, n, sizeof(double));
    if (!state->own_potential) return no_memory(err, "the potential of rows");
    return fdml_intra_sums(state->own_potential, FDML_INTRA_POTENTIAL, &state->groupings,
                           state->problem, state->machine, state->scratch, err);
}

fdml_status fdml_audit_measure(audit_state *state, fdml_error *err)
{
    FDML_TRY(order_by_class(state, err));
    FDML_TRY(run_pass(state, err));
    FDML_TRY(measure_distances(state, err));
    FDML_TRY(measure_potential(state, err));
    return state->wants_cluster ? run_kmeans(state, err) : FDML_OK;
}
