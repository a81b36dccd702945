/* audit_resample.c - values, replicates and intervals of all groups of one grouping.
 *
 * Each group is resampled within itself, so that its size stays. Where classes are drawn and
 * have rows of several groups, groups have classes in common: then all draw the same classes of
 * all there are, so that what is easy or hard about a class cancels in a gap as it does in the
 * data. The overall value that groups are compared with is resampled as the union of its
 * groups: the same draws, so that a difference to it has the right variance though the group is
 * part of it.
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

/* Where the classes of all groups are drawn together: place[c] of the c-th class that has rows
 * at all becomes the group's run of it. */
static void find_runs(uint32_t *place, const audit_group *group, const audit_state *state)
{
    const fdml_runs *runs = &group->runs;
    size_t n = 0, run = 0;
    for (size_t c = 0; c < state->problem->label->n_levels; c++) {
        if (state->class_begin[c] == state->class_begin[c + 1]) continue;
        const bool is_here =
            run < runs->n_runs && state->problem->label->code[runs->row[runs->begin[run]]] == c;
        place[n++] = is_here ? (uint32_t)run++ : FDML_ABSENT;
    }
}

/* place: [values->n_drawn] scratch. */
static void draw_sums(double *sums, const audit_group *group, const grouping_values *values,
                      const audit_state *state, uint32_t *place)
{
    const bool is_joint = values->n_drawn > 0;
    const size_t stream = is_joint ? 0 : group->group;
    if (is_joint) find_runs(place, group, state);
    const fdml_bootstrap bootstrap = {
        .features = group->features,
        .place = is_joint ? place : NULL,
        .n_clusters = is_joint ? values->n_drawn : group->n_clusters,
        .n_features = group->stride,
        .n_replicates = values->n_bootstrap,
        .seed = state->settings->seed,
        .stream = audit_stream_id(STREAM_BOOTSTRAP, values->grouping, stream)
    };
    fdml_bootstrap_sums(sums, &bootstrap, state->machine->n_threads);
}

/* What resampling one group takes: sums and, of all groups together, all_sums are
 * [n_bootstrap, stride]. */
typedef struct resample_scratch {
    double *sums, *all_sums;
    uint32_t *place; /* [n_drawn] */
} resample_scratch;

static fdml_status resample_group(grouping_values *values, audit_state *state,
                                  const grouped_rows *rows, size_t index,
                                  const resample_scratch *scratch, fdml_error *err)
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
    draw_sums(scratch->sums, &group, values, state, scratch->place);
    evaluate_replicates(values, &group, state, scratch->sums);
    for (size_t i = 0; i < values->n_bootstrap * group.stride; i++)
        scratch->all_sums[i] += scratch->sums[i];
    return FDML_OK;
}

fdml_freedom fdml_audit_freedom_of_two(const grouping_values *values, size_t a,
                                       double variance_a, size_t b, double variance_b)
{
    const size_t n_a = values->n_clusters[a], n_b = values->n_clusters[b];
    if (values->n_drawn) return fdml_freedom_of(n_a < n_b ? n_a : n_b); /* no two samples */
    return fdml_freedom_of_two(variance_a, n_a, variance_b, n_b);
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
            fdml_bootstrap_interval(&e->lo, &e->hi, sorted, values->n_bootstrap, confidence,
                                    fdml_freedom_of(values->n_clusters[g]));
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

static size_t count_classes(const audit_state *state)
{
    size_t n = 0;
    for (size_t c = 0; c < state->problem->label->n_levels; c++)
        n += state->class_begin[c] < state->class_begin[c + 1];
    return n;
}

static fdml_status make_values(grouping_values *values, const audit_state *state,
                               size_t grouping, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n = state->groupings.grouping[grouping].n_groups, m = settings->n_metrics;
    const bool is_mixed = !state->groupings.grouping[grouping].is_class_constant;
    *values = (grouping_values){ .grouping = grouping,
                                 .n_groups = n,
                                 .n_metrics = m,
                                 .n_bootstrap = settings->n_bootstrap };
    if (grouping && is_mixed && state->is_class_unit) values->n_drawn = count_classes(state);
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
    const resample_scratch scratch = {
        .sums = fdml_arena_push(state->scratch, n_sums, sizeof(double)),
        .all_sums = fdml_arena_push_zero(state->scratch, n_sums, sizeof(double)),
        .place = fdml_arena_push(state->scratch, values->n_drawn, sizeof(uint32_t))
    };
    double *sorted = fdml_arena_push(state->scratch, values->n_bootstrap, sizeof *sorted);
    grouped_rows rows;
    if (!scratch.sums || !scratch.all_sums || !scratch.place || !sorted) return no_memory(err);
    FDML_TRY(fdml_audit_group_rows(&rows, state, grouping, err));
    for (size_t g = 0; g < values->n_groups; g++) {
        const fdml_arena_mark of_group = fdml_arena_get_mark(state->scratch);
        FDML_TRY(resample_group(values, state, &rows, g, &scratch, err));
        fdml_arena_reset(state->scratch, of_group);
    }
    overall_replicates(values, state, scratch.all_sums);
    if (values->n_bootstrap) make_intervals(values, state, sorted);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
