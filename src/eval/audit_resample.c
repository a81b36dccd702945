/* audit_resample.c - values, replicates and intervals of all groups of one grouping.
 *
 * Each group is resampled within itself, so that its size stays. The overall value that groups
 * are compared with is resampled as the union of its groups: the same draws, so that a
 * difference to it has the right variance though the group is part of it.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_state.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the replicates");
}

/* Why metric m of this group has no value, and what it would be a mean over. */
static const char *reason(size_t *n, const audit_group *group, const audit_state *state,
                          size_t metric)
{
    const fdml_metric *m = &state->settings->metrics[metric];
    const bool is_mean = m->kind == FDML_KIND_MEAN;
    const size_t least = group->grouping ? state->settings->min_group : 1;
    const size_t n_data = is_mean ? group->n_valid : group->runs.n_rows;
    *n = is_mean ? n_data : group->base.n[m->id];
    if (n_data < least || !n_data) {
        *n = n_data;
        return fdml_audit_insufficient(n_data, least ? least : 1, state->arena);
    }
    return group->base.why[m->id];
}

static void evaluate_group(grouping_values *values, const audit_group *group,
                           const audit_state *state)
{
    values->n_clusters[group->group] = group->n_clusters;
    values->n_valid[group->group] = group->n_valid;
    values->n_queries[group->group] = group->n_queries;
    for (size_t m = 0; m < values->n_metrics; m++) {
        fdml_estimate *e = &values->estimate[group->group * values->n_metrics + m];
        *e = (fdml_estimate){ NAN, NAN, NAN, 0, NULL };
        e->why = reason(&e->n, group, state, m);
        if (!e->why) e->value = fdml_audit_evaluate(state, &group->base, m, group->total);
    }
}

/* Adjusted mutual information is at most 1. A replicate that says more, or as much below 0, has
 * no room for agreement beyond the expectation, which is held fixed: where most rows are of a
 * class of their own, draws repeat classes and lose entropy. Then there is no interval. */
static void withhold(double *replicate, size_t n, fdml_metric_id id)
{
    bool has_room = true;
    for (size_t b = 0; b < n && id == FDML_M_AMI; b++)
        has_room = has_room && !(fabs(replicate[b]) > 1 + 1e-9);
    for (size_t b = 0; b < n && !has_room; b++) replicate[b] = NAN;
}

static void evaluate_replicates(const grouping_values *values, const audit_group *group,
                                const audit_state *state, const double *sums)
{
    for (size_t m = 0; m < values->n_metrics; m++) {
        const bool given = !values->estimate[group->group * values->n_metrics + m].why;
        double *replicate = audit_replicates(values, group->group, m);
        for (size_t b = 0; b < values->n_bootstrap; b++)
            replicate[b] =
                given ? fdml_audit_evaluate(state, &group->base, m, sums + b * group->stride)
                      : NAN;
        withhold(replicate, values->n_bootstrap, state->settings->metrics[m].id);
    }
}

/* sums: [n_bootstrap, stride] scratch; all_sums: the same, of all groups together. */
static fdml_status resample_group(grouping_values *values, audit_state *state,
                                  const grouped_rows *rows, size_t index, double *sums,
                                  double *all_sums, fdml_error *err)
{
    const fdml_runs runs = fdml_audit_runs(rows, state, index);
    audit_group group;
    FDML_TRY(fdml_audit_group_make(&group, state, values->grouping, index, &runs, err));
    if (!values->grouping) fdml_audit_keep_overall(state, &group);
    evaluate_group(values, &group, state);
    if (values->exchange)
        fdml_audit_exchange_add(values->exchange, &group,
                                values->estimate + index * values->n_metrics, state);
    if (!values->n_bootstrap) return FDML_OK;
    fdml_bootstrap_sums(sums, group.features, group.n_clusters, group.stride,
                        values->n_bootstrap, state->settings->seed,
                        audit_stream_id(STREAM_BOOTSTRAP, values->grouping, index),
                        state->machine->n_threads);
    evaluate_replicates(values, &group, state, sums);
    for (size_t i = 0; i < values->n_bootstrap * group.stride; i++) all_sums[i] += sums[i];
    return FDML_OK;
}

static void make_intervals(grouping_values *values, const audit_state *state, double *sorted)
{
    const double confidence = state->settings->confidence;
    for (size_t g = 0; g < values->n_groups; g++) {
        for (size_t m = 0; m < values->n_metrics; m++) {
            fdml_estimate *e = &values->estimate[g * values->n_metrics + m];
            if (e->why || values->n_clusters[g] < 2) continue;
            memcpy(sorted, audit_replicates(values, g, m),
                   values->n_bootstrap * sizeof *sorted);
            fdml_percentile_interval(&e->lo, &e->hi, sorted, values->n_bootstrap, confidence);
        }
    }
}

static void overall_replicates(const grouping_values *values, const audit_state *state,
                               const double *all_sums)
{
    for (size_t m = 0; m < values->n_metrics; m++) {
        double *replicate = audit_replicates(values, values->n_groups, m);
        for (size_t b = 0; b < values->n_bootstrap; b++)
            replicate[b] =
                values->grouping && state->is_versus_overall
                    ? fdml_audit_evaluate_overall(state, m, all_sums + b * state->plan.stride)
                    : NAN;
        withhold(replicate, values->n_bootstrap, state->settings->metrics[m].id);
    }
}

static fdml_status make_values(grouping_values *values, const audit_state *state,
                               size_t grouping, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n = state->groupings.grouping[grouping].n_groups, m = settings->n_metrics;
    *values = (grouping_values){ .grouping = grouping,
                                 .n_groups = n,
                                 .n_metrics = m,
                                 .n_bootstrap = settings->n_bootstrap };
    values->estimate = fdml_arena_push(state->scratch, n * m, sizeof *values->estimate);
    values->n_valid = fdml_arena_push(state->scratch, n, sizeof *values->n_valid);
    values->n_queries = fdml_arena_push(state->scratch, n, sizeof *values->n_queries);
    values->n_clusters = fdml_arena_push(state->scratch, n, sizeof *values->n_clusters);
    values->replicate =
        fdml_arena_push(state->scratch, (n + 1) * m * settings->n_bootstrap, sizeof(double));
    const bool fits = values->estimate && values->n_valid && values->n_queries &&
                      values->n_clusters && values->replicate;
    return fits ? FDML_OK : no_memory(err);
}

fdml_status fdml_audit_resample(grouping_values *values, audit_state *state, size_t grouping,
                                audit_exchange *exchange, fdml_error *err)
{
    FDML_TRY(make_values(values, state, grouping, err));
    values->exchange = exchange;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const size_t n_sums = values->n_bootstrap * state->plan.stride;
    double *sums = fdml_arena_push(state->scratch, n_sums, sizeof *sums);
    double *all_sums = fdml_arena_push_zero(state->scratch, n_sums, sizeof *all_sums);
    double *sorted = fdml_arena_push(state->scratch, values->n_bootstrap, sizeof *sorted);
    grouped_rows rows;
    if (!sums || !all_sums || !sorted) return no_memory(err);
    FDML_TRY(fdml_audit_group_rows(&rows, state, grouping, err));
    for (size_t g = 0; g < values->n_groups; g++) {
        const fdml_arena_mark of_group = fdml_arena_get_mark(state->scratch);
        FDML_TRY(resample_group(values, state, &rows, g, sums, all_sums, err));
        fdml_arena_reset(state->scratch, of_group);
    }
    overall_replicates(values, state, all_sums);
    if (values->n_bootstrap) make_intervals(values, state, sorted);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
