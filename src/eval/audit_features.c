/* audit_features.c - the rows of a group as features of its resampling clusters.
 *
 * A cluster is a class within the group (unit class) or a row (unit query). Its features are
 * sums over its rows, laid out by fdml_audit_plan_make; what they are for is said in
 * audit_values.c. What rows give to the overall value comes from audit_overall.c.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_state.h"

#define COINCIDING 1e-14 /* of the squared length of rows, see coinciding */

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the features of a group");
}

static size_t take(size_t *next, bool wanted, size_t n)
{
    const size_t first = *next;
    if (!wanted) return NO_COLUMN;
    *next += n;
    return first;
}

static bool wants_intra(const audit_state *state)
{
    return state->wants[FDML_M_ALIGNMENT_INTRA] || state->wants[FDML_M_ALIGNMENT_RATIO];
}

static bool wants_inter(const audit_state *state)
{
    return state->wants[FDML_M_ALIGNMENT_INTER] || state->wants[FDML_M_ALIGNMENT_RATIO];
}

static bool push_by_row(double **array, const audit_state *state, bool wanted)
{
    *array = NULL;
    if (!wanted) return true;
    *array = fdml_arena_push(state->scratch, state->problem->n_rows, sizeof(double));
    return *array != NULL;
}

fdml_status fdml_audit_plan_make(audit_state *state, fdml_error *err)
{
    const bool *wants = state->wants, shared = state->is_versus_overall;
    size_t *mean = fdml_arena_push(state->scratch, state->settings->n_metrics, sizeof *mean);
    if (!mean) return no_memory(err);
    feature_plan plan = { .mean = mean };
    size_t next = 0;
    for (size_t m = 0; m < state->settings->n_metrics; m++)
        mean[m] = take(&next, state->settings->metrics[m].kind == FDML_KIND_MEAN, 1);
    plan.n_valid = take(&next, state->wants_mean, 1);
    plan.intra = take(&next, wants_intra(state), 2);
    plan.inter = take(&next, wants_inter(state), 2);
    plan.uniformity = take(&next, wants[FDML_M_UNIFORMITY], 2);
    plan.own_uniformity = take(&next, wants[FDML_M_UNIFORMITY] && state->is_class_unit, 2);
    plan.spectrum = take(&next, wants[FDML_M_SPECTRUM], 1);
    plan.ratio = take(&next, wants[FDML_M_CLASS_RATIO], 4);
    plan.rows = take(&next, state->wants_cluster, 1);
    plan.entropy = take(&next, wants[FDML_M_NMI] || wants[FDML_M_AMI], 3);
    plan.pairs = take(&next, wants[FDML_M_ARI] || wants[FDML_M_F1], 3);
    state->overall_stride = fdml_feature_stride(next ? next : 1);
    plan.all_intra = take(&next, shared && wants_intra(state), 1);
    plan.all_inter = take(&next, shared && wants_inter(state), 1);
    plan.all_uniformity = take(&next, shared && wants[FDML_M_UNIFORMITY], 1);
    plan.all_spectrum = take(&next, shared && wants[FDML_M_SPECTRUM], 1);
    plan.all_ratio = take(&next, shared && wants[FDML_M_CLASS_RATIO], 1);
    plan.all_entropy = take(&next, shared && plan.entropy != NO_COLUMN, 3);
    plan.all_pairs = take(&next, shared && plan.pairs != NO_COLUMN, 3);
    plan.stride = fdml_feature_stride(next ? next : 1);
    state->plan = plan;

    bool fits = push_by_row(&state->influence_intra, state, plan.all_intra != NO_COLUMN);
    fits = fits && push_by_row(&state->influence_inter, state, plan.all_inter != NO_COLUMN);
    fits =
        fits && push_by_row(&state->influence_spectrum, state, plan.all_spectrum != NO_COLUMN);
    fits = fits && push_by_row(&state->influence_ratio, state, plan.all_ratio != NO_COLUMN);
    if (fits && wants_intra(state)) {
        state->class_same = fdml_arena_push(state->scratch, state->problem->label->n_levels,
                                            sizeof *state->class_same);
        fits = state->class_same != NULL;
    }
    if (fits && shared && state->wants_cluster) {
        state->cell_count =
            fdml_arena_push(state->scratch, state->problem->n_rows, sizeof *state->cell_count);
        state->cluster_count = fdml_arena_push(state->scratch, state->problem->label->n_levels,
                                               sizeof *state->cluster_count);
        fits = state->cell_count && state->cluster_count;
    }
    if (!fits) return no_memory(err);
    return state->wants_cluster ? fdml_audit_logs_make(state, err) : FDML_OK;
}

const char *fdml_audit_insufficient(size_t n, size_t least, fdml_arena *arena)
{
    char text[80];
    const int length = snprintf(text, sizeof text, "insufficient data (n=%zu < %zu)", n, least);
    const char *why = fdml_arena_copy_text(arena, text, (size_t)length);
    return why ? why : "insufficient data";
}

/* --- geometry of one group ------------------------------------------------------------ */

/* by_row: [n_rows of the problem] as the listed rows see it. */
static fdml_status listed(const double **out, const double *by_row, const fdml_runs *runs,
                          fdml_arena *arena, fdml_error *err)
{
    double *list = fdml_arena_push(arena, runs->n_rows, sizeof *list);
    if (!list) return no_memory(err);
    for (size_t i = 0; i < runs->n_rows; i++) list[i] = by_row[runs->row[i]];
    *out = list;
    return FDML_OK;
}

static fdml_status make_alignment(audit_group *group, const audit_state *state, fdml_error *err)
{
    const size_t offset = group->grouping * state->problem->n_rows;
    if (!wants_intra(state) && !wants_inter(state)) return FDML_OK;
    if (state->settings->alignment_power == 1) {
        if (state->intra_distance)
            FDML_TRY(listed(&group->same, state->intra_distance + offset, &group->runs,
                            state->scratch, err));
        if (state->other_distance)
            FDML_TRY(listed(&group->other, state->other_distance + offset, &group->runs,
                            state->scratch, err));
        return FDML_OK;
    }
    double *same = fdml_arena_push(state->scratch, group->runs.n_rows, sizeof *same);
    double *other = fdml_arena_push(state->scratch, group->runs.n_rows, sizeof *other);
    if (!same || !other) return no_memory(err);
    group->same = same;
    group->other = other;
    return fdml_pair_sums(same, other, &group->runs, state->problem, state->machine,
                          state->scratch, err);
}

static fdml_status make_spectrum(audit_group *group, const audit_state *state, fdml_error *err)
{
    const size_t n = group->runs.n_rows, least = 2 * state->problem->dim;
    if (!state->wants[FDML_M_SPECTRUM]) return FDML_OK;
    double *influence = fdml_arena_push_zero(state->scratch, n, sizeof *influence);
    if (!influence) return no_memory(err);
    group->spectrum = influence;
    group->base.spectrum = NAN;
    if (n < least) {
        group->base.why[FDML_M_SPECTRUM] = fdml_audit_insufficient(n, least, state->arena);
        return FDML_OK;
    }
    fdml_spectrum spectrum;
    FDML_TRY(fdml_spectrum_of(&spectrum, influence, &group->runs,
                              state->settings->convention == FDML_REVISITDML, state->problem,
                              state->machine, state->scratch, err));
    group->base.spectrum = spectrum.divergence;
    if (isnan(spectrum.divergence))
        group->base.why[FDML_M_SPECTRUM] =
            "rows span fewer directions than dimensions: divergence is infinite";
    return FDML_OK;
}

static fdml_status make_ratio(audit_group *group, const audit_state *state, fdml_error *err)
{
    if (!state->wants[FDML_M_CLASS_RATIO]) return FDML_OK;
    fdml_class_ratio *ratio = &group->ratio;
    ratio->within = fdml_arena_push(state->scratch, group->runs.n_runs, sizeof(double));
    ratio->centre = fdml_arena_push(state->scratch, group->runs.n_runs, sizeof(double));
    bool fits = ratio->within && ratio->centre;
    const bool by_row =
        !state->is_class_unit || (group->grouping == 0 && state->influence_ratio);
    if (by_row) {
        ratio->row_within = fdml_arena_push(state->scratch, group->runs.n_rows, sizeof(double));
        ratio->row_centre = fdml_arena_push(state->scratch, group->runs.n_rows, sizeof(double));
        fits = fits && ratio->row_within && ratio->row_centre;
    }
    if (!fits) return no_memory(err);
    return fdml_class_ratio_of(ratio, &group->runs, state->problem, state->machine,
                               state->scratch, err);
}

/* --- features ------------------------------------------------------------------------- */

/* Adds listed row i, of a run of n_same rows, to its cluster's features f. */
static void add_row(double *f, const audit_group *group, const audit_state *state, size_t i,
                    double n_same)
{
    const feature_plan *plan = &state->plan;
    const uint32_t row = group->runs.row[i];
    const double n = (double)group->runs.n_rows;
    if (state->wants_mean && audit_is_valid(state, row)) {
        for (size_t m = 0; m < state->settings->n_metrics; m++)
            if (plan->mean[m] != NO_COLUMN)
                f[plan->mean[m]] +=
                    fdml_stored_value(&state->store, m, audit_place(state, row));
        f[plan->n_valid] += 1;
    }
    if (plan->intra != NO_COLUMN) {
        f[plan->intra] += group->same[i];
        f[plan->intra + 1] += n_same - 1;
    }
    if (plan->inter != NO_COLUMN) {
        f[plan->inter] += group->other[i];
        f[plan->inter + 1] += n - n_same;
    }
    if (plan->own_uniformity != NO_COLUMN) {
        f[plan->own_uniformity] += group->own_potential[i];
        f[plan->own_uniformity + 1] += n_same - 1;
        f[plan->uniformity] += group->potential[i] - group->own_potential[i];
        f[plan->uniformity + 1] += n - n_same;
    } else if (plan->uniformity != NO_COLUMN) {
        f[plan->uniformity] += group->potential[i];
        f[plan->uniformity + 1] += n - 1;
    }
    if (plan->spectrum != NO_COLUMN) f[plan->spectrum] += group->spectrum[i];
    if (plan->rows != NO_COLUMN) fdml_audit_agreement_add(f, group, state, i, (size_t)n_same);
    if (plan->ratio != NO_COLUMN && !state->is_class_unit) {
        f[plan->ratio] += group->ratio.row_within[i];
        f[plan->ratio + 2] += group->ratio.row_centre[i];
    }
}

static void fill_features(audit_group *group, const audit_state *state)
{
    const fdml_runs *runs = &group->runs;
    const size_t ratio = state->plan.ratio;
    double *f = group->features;
    for (size_t r = 0; r < runs->n_runs; r++) {
        const size_t begin = runs->begin[r], end = runs->begin[r + 1];
        for (size_t i = begin; i < end; i++) {
            add_row(f, group, state, i, (double)(end - begin));
            if (group->grouping) fdml_audit_overall_add(f, state, runs->row[i]);
            if (!state->is_class_unit) f += group->stride;
        }
        if (!state->is_class_unit) continue;
        if (ratio != NO_COLUMN) {
            const bool has_pairs = end - begin > 1;
            f[ratio] = has_pairs ? group->ratio.within[r] : 0;
            f[ratio + 1] = has_pairs;
            f[ratio + 2] = group->ratio.centre[r];
            f[ratio + 3] = (double)(runs->n_runs - 1);
        }
        f += group->stride;
    }
}

static size_t half(double n_ordered)
{
    return (size_t)(n_ordered / 2);
}

/* Squared distances up to this are rounding: rows are floats, and differ by 2^-24 of their
 * length where they differ at all. If rows coincide, all are as long as the first. */
static double coinciding(const audit_group *group, const fdml_problem *problem)
{
    const float *x = problem->x + group->runs.row[0] * problem->dim;
    double square = problem->distance == FDML_COSINE;
    for (size_t d = 0; problem->distance != FDML_COSINE && d < problem->dim; d++)
        square += (double)x[d] * (double)x[d];
    return COINCIDING * square;
}

static void base_of_pairs(audit_group *group, const audit_state *state)
{
    const feature_plan *plan = &state->plan;
    group_base *base = &group->base;
    const double *total = group->total;
    if (plan->intra != NO_COLUMN) {
        base->intra = fdml_audit_ratio_of(total, plan->intra);
        base->n[FDML_M_ALIGNMENT_INTRA] = half(total[plan->intra + 1]);
        if (isnan(base->intra)) base->why[FDML_M_ALIGNMENT_INTRA] = "no two rows of one class";
    }
    if (plan->inter != NO_COLUMN) {
        base->inter = fdml_audit_ratio_of(total, plan->inter);
        base->n[FDML_M_ALIGNMENT_INTER] = half(total[plan->inter + 1]);
        if (isnan(base->inter)) base->why[FDML_M_ALIGNMENT_INTER] = "no two classes";
    }
    if (plan->intra != NO_COLUMN && plan->inter != NO_COLUMN) {
        const char *why = base->why[FDML_M_ALIGNMENT_INTRA];
        if (!why) why = base->why[FDML_M_ALIGNMENT_INTER];
        if (!why && !(base->inter > coinciding(group, state->problem)))
            why = "all classes coincide";
        base->why[FDML_M_ALIGNMENT_RATIO] = why;
        base->n[FDML_M_ALIGNMENT_RATIO] =
            base->n[FDML_M_ALIGNMENT_INTRA] + base->n[FDML_M_ALIGNMENT_INTER];
    }
    if (plan->uniformity != NO_COLUMN) {
        const bool has_own = plan->own_uniformity != NO_COLUMN;
        const double own = has_own ? total[plan->own_uniformity] : 0;
        const double n_own = has_own ? total[plan->own_uniformity + 1] : 0;
        const double n_pairs = total[plan->uniformity + 1] + n_own;
        base->apart = fdml_audit_ratio_of(total, plan->uniformity);
        base->n_apart = total[plan->uniformity + 1];
        base->uniformity = n_pairs > 0 ? (total[plan->uniformity] + own) / n_pairs : NAN;
        base->n[FDML_M_UNIFORMITY] = half(n_pairs);
        base->own = (base->uniformity * n_own - own) / n_pairs;
        if (isnan(base->uniformity)) base->why[FDML_M_UNIFORMITY] = "one row has no pairs";
        if (base->uniformity <= 0)
            base->why[FDML_M_UNIFORMITY] = "distances are so large that exp(-2 d^2) is 0";
    }
}

static void make_base(audit_group *group, const audit_state *state)
{
    group_base *base = &group->base;
    for (size_t id = 0; id < FDML_M_COUNT; id++) base->n[id] = group->runs.n_rows;
    base_of_pairs(group, state);
    fdml_audit_agreement_base(group, state);
    /* Influences add up to 0: what is left is rounding, which would make a divergence of 0
     * negative. */
    if (state->plan.spectrum != NO_COLUMN) group->total[state->plan.spectrum] = 0;
    if (state->plan.ratio == NO_COLUMN) return;
    base->within = group->ratio.within_mean;
    base->centre = group->ratio.centre_mean;
    const char **why = &base->why[FDML_M_CLASS_RATIO];
    if (isnan(base->centre)) *why = "no two classes";
    if (isnan(base->within)) *why = "no class with two rows";
    if (base->centre <= COINCIDING) *why = "all class centres coincide";
}

fdml_status fdml_audit_group_make(audit_group *group, const audit_state *state, size_t grouping,
                                  size_t index, const fdml_runs *runs, fdml_error *err)
{
    *group = (audit_group){ .grouping = grouping, .group = index, .runs = *runs };
    group->stride = grouping ? state->plan.stride : state->overall_stride;
    group->n_clusters = state->is_class_unit ? runs->n_runs : runs->n_rows;
    FDML_TRY(make_alignment(group, state, err));
    FDML_TRY(make_spectrum(group, state, err));
    FDML_TRY(make_ratio(group, state, err));
    FDML_TRY(fdml_audit_agreement_make(group, state, err));
    if (state->potential)
        FDML_TRY(listed(&group->potential, state->potential + grouping * state->problem->n_rows,
                        runs, state->scratch, err));
    if (state->own_potential)
        FDML_TRY(listed(&group->own_potential,
                        state->own_potential + grouping * state->problem->n_rows, runs,
                        state->scratch, err));
    group->features =
        fdml_arena_push_zero(state->scratch, group->n_clusters * group->stride, sizeof(double));
    group->total = fdml_arena_push_zero(state->scratch, group->stride, sizeof(double));
    if (!group->features || !group->total) return no_memory(err);
    fill_features(group, state);
    for (size_t c = 0; c < group->n_clusters; c++)
        for (size_t f = 0; f < group->stride; f++)
            group->total[f] += group->features[c * group->stride + f];
    if (state->wants_mean) group->n_valid = (size_t)group->total[state->plan.n_valid];
    for (size_t i = 0; i < runs->n_rows; i++)
        group->n_queries += audit_is_query(state, runs->row[i]);
    make_base(group, state);
    return FDML_OK;
}
