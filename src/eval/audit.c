/* audit.c - the stages of an audit in their order, and what they will cost. See audit.h.
 *
 * Two arenas: the caller's holds the result, an inner one everything else as a stack, first
 * what is known by row, then one grouping at a time. So memory is O(rows), not O(groups x
 * rows).
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_pairing.h"
#include "eval/kmeans.h"
#include "eval/verify.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the result");
}

/* --- checks --------------------------------------------------------------------------- */

static fdml_status check_settings(const fdml_audit_settings *s, const fdml_problem *problem,
                                  fdml_error *err)
{
    if (!(s->confidence > 0 && s->confidence < 1))
        return fdml_fail(err, FDML_E_ARG, "confidence is %g, must lie between 0 and 1",
                         s->confidence);
    if (s->alignment_power != 1 && s->alignment_power != 2)
        return fdml_fail(err, FDML_E_ARG, "alignment power is %u, must be 1 or 2",
                         s->alignment_power);
    const bool has_part = s->with_verification || s->with_downstream;
    if (!s->n_metrics && !has_part && !s->with_leakage)
        return fdml_fail(err, FDML_E_ARG, "no metric was asked for");
    if (!s->n_metrics && !has_part && !problem->n_attributes)
        return fdml_fail(err, FDML_E_ARG,
                         "leakage is that of a group column, and none is given");
    if (s->other && !s->n_metrics)
        return fdml_fail(err, FDML_E_ARG, "a comparison is of metrics, and none is asked for");
    return FDML_OK;
}

size_t fdml_audit_candidates(const fdml_problem *problem)
{
    size_t n_gallery = 0, n_itself = 0;
    for (size_t i = 0; i < problem->n_rows; i++) {
        const bool asks = !problem->is_query || problem->is_query[i];
        const bool answers = !problem->is_gallery || problem->is_gallery[i];
        n_gallery += answers;
        if (asks && answers) n_itself = 1;
    }
    return n_gallery - n_itself;
}

static fdml_status check_depth(const audit_state *state, fdml_error *err)
{
    const size_t n_others = fdml_audit_candidates(state->problem);
    for (size_t m = 0; m < state->settings->n_metrics; m++) {
        const fdml_metric *metric = &state->settings->metrics[m];
        if (metric->k > n_others)
            return fdml_fail(err, FDML_E_ARG,
                             "%s: a query has only %zu gallery rows to look at", metric->key,
                             n_others);
    }
    return FDML_OK;
}

static fdml_status check_reference(const audit_state *state, fdml_error *err)
{
    const char *name = state->settings->reference;
    const fdml_groupings *all = &state->groupings;
    if (!strcmp(name, "overall") || !strcmp(name, "majority") || all->n < 2) return FDML_OK;
    for (size_t g = 1; g < all->n; g++)
        for (size_t v = 0; v < all->grouping[g].n_groups; v++)
            if (!strcmp(name, all->grouping[g].value[v])) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "the reference '%s' is no value of any group column",
                     name);
}

/* --- warnings ------------------------------------------------------------------------- */

/* Length of the text; "" when all groups are large enough. */
static size_t describe_small(char *text, size_t size, const fdml_grouping *by, size_t least)
{
    size_t n_small = 0, first = 0;
    for (size_t g = by->n_groups; g-- > 0;) {
        if (by->n_rows[g] >= least) continue;
        n_small++;
        first = g;
    }
    text[0] = 0;
    if (!n_small) return 0;
    const int n =
        snprintf(text, size,
                 "%s: %zu of %zu groups have fewer than %zu rows and get no numbers "
                 "(%s has %u)",
                 by->by, n_small, by->n_groups, least, by->value[first], by->n_rows[first]);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* What was found of the rows of both models alike is said once. Returns the length of `list`.
 */
static size_t add_findings(const char **list, size_t n, const fdml_findings *findings)
{
    for (size_t i = 0; i < findings->n_warnings; i++) {
        bool is_known = false;
        for (size_t j = 0; j < n && !is_known; j++)
            is_known = !strcmp(list[j], findings->warnings[i]);
        if (!is_known) list[n++] = findings->warnings[i];
    }
    return n;
}

/* other: of the model to compare with, or NULL. */
static fdml_status collect_warnings(fdml_audit_result *result, const audit_state *state,
                                    const fdml_findings *other, fdml_error *err)
{
    const fdml_findings *findings = &state->findings;
    const size_t most = findings->n_warnings + (other ? other->n_warnings : 0);
    const char **list = fdml_arena_push(state->arena, most + state->groupings.n, sizeof *list);
    if (!list) return no_memory(err);
    size_t n = add_findings(list, 0, findings);
    if (other) n = add_findings(list, n, other);
    for (size_t g = 1; g < state->groupings.n; g++) {
        char text[FDML_ERROR_MAX];
        const size_t length = describe_small(text, sizeof text, &state->groupings.grouping[g],
                                             state->settings->min_group);
        if (!length) continue;
        list[n] = fdml_arena_copy_text(state->arena, text, length);
        if (!list[n++]) return no_memory(err);
    }
    result->warnings = list;
    result->n_warnings = n;
    return FDML_OK;
}

fdml_status fdml_audit_warn(fdml_audit_result *result, const char *text, fdml_arena *arena,
                            fdml_error *err)
{
    const char **list = fdml_arena_push(arena, result->n_warnings + 1, sizeof *list);
    const char *copy = fdml_arena_copy_text(arena, text, strlen(text));
    if (!list || !copy) return no_memory(err);
    if (result->n_warnings) memcpy(list, result->warnings, result->n_warnings * sizeof *list);
    list[result->n_warnings++] = copy;
    result->warnings = list;
    return FDML_OK;
}

static bool has_interval(const grouping_values *values, size_t group)
{
    for (size_t m = 0; m < values->n_metrics; m++)
        if (!isnan(values->estimate[group * values->n_metrics + m].lo)) return true;
    return false;
}

/* Groups whose intervals stand on very few classes. */
static fdml_status warn_of_few(fdml_audit_result *result, const grouping_values *values,
                               const audit_state *state, fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    size_t n_few = 0, first = 0;
    if (!state->is_class_unit) return FDML_OK;
    for (size_t g = values->n_groups; g-- > 0;) {
        if (values->n_clusters[g] >= AUDIT_LEAST_CLASSES || !has_interval(values, g)) continue;
        n_few++;
        first = g;
    }
    if (!n_few) return FDML_OK;
    char text[FDML_ERROR_MAX];
    snprintf(text, sizeof text,
             "%s: %zu of %zu groups have fewer than %d classes, too few for their intervals to "
             "be relied on (%s has %zu)",
             by->by, n_few, by->n_groups, AUDIT_LEAST_CLASSES, by->value[first],
             values->n_clusters[first]);
    return fdml_audit_warn(result, text, state->arena, err);
}

static fdml_status warn_of_bootstrap(fdml_audit_result *result, const audit_state *state,
                                     fdml_error *err)
{
    const fdml_audit_settings *s = state->settings;
    char text[FDML_ERROR_MAX];
    if (!fdml_bootstrap_is_short(text, sizeof text, s->n_bootstrap, s->confidence))
        return FDML_OK;
    return fdml_audit_warn(result, text, state->arena, err);
}

/* --- results -------------------------------------------------------------------------- */

typedef struct result_arrays {
    fdml_estimate *overall, *metrics, *versus; /* [n_groups listed, n_metrics] */
    fdml_group_result *groups;
    fdml_gap_result *gaps;
} result_arrays;

static fdml_status make_arrays(result_arrays *arrays, fdml_audit_result *result,
                               const audit_state *state, fdml_error *err)
{
    const fdml_groupings *by = &state->groupings;
    const size_t n_metrics = state->settings->n_metrics;
    size_t n_groups = 0;
    for (size_t g = 1; g < by->n; g++) n_groups += by->grouping[g].n_groups;
    fdml_arena *arena = state->arena;
    arrays->overall = fdml_arena_push(arena, n_metrics, sizeof(fdml_estimate));
    arrays->metrics = fdml_arena_push(arena, n_groups * n_metrics, sizeof(fdml_estimate));
    arrays->versus = fdml_arena_push(arena, n_groups * n_metrics, sizeof(fdml_estimate));
    arrays->groups = fdml_arena_push(arena, n_groups, sizeof(fdml_group_result));
    arrays->gaps = fdml_arena_push(arena, (by->n - 1) * n_metrics, sizeof(fdml_gap_result));
    if (!arrays->overall || !arrays->metrics || !arrays->versus || !arrays->groups ||
        !arrays->gaps)
        return no_memory(err);
    result->overall = arrays->overall;
    result->groups = arrays->groups;
    result->n_groups = n_groups;
    result->gaps = arrays->gaps;
    result->n_gaps = (by->n - 1) * n_metrics;
    return FDML_OK;
}

static void put_groups(result_arrays *arrays, size_t first, const grouping_values *values,
                       const audit_state *state)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    const size_t n_metrics = values->n_metrics;
    memcpy(arrays->metrics + first * n_metrics, values->estimate,
           values->n_groups * n_metrics * sizeof *values->estimate);
    for (size_t g = 0; g < values->n_groups; g++) {
        const size_t n_valid = state->wants_mean ? values->n_valid[g] : values->n_queries[g];
        arrays->groups[first + g] =
            (fdml_group_result){ .grouping = values->grouping,
                                 .by = by->by,
                                 .value = by->value[g],
                                 .n = values->n_queries[g],
                                 .n_rows = by->n_rows[g],
                                 .n_lone = values->n_queries[g] - n_valid,
                                 .metrics = arrays->metrics + (first + g) * n_metrics,
                                 .versus = arrays->versus + (first + g) * n_metrics };
    }
}

static fdml_status correct_for_all(fdml_gap_result *gaps, size_t n, audit_state *state,
                                   fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    double *p = fdml_arena_push(state->scratch, n, sizeof *p);
    double *adjusted = fdml_arena_push(state->scratch, n, sizeof *adjusted);
    uint32_t *order = fdml_arena_push(state->scratch, n, sizeof *order);
    if (!p || !adjusted || !order) return no_memory(err);
    for (size_t i = 0; i < n; i++) p[i] = gaps[i].p;
    fdml_holm(adjusted, p, n, order);
    for (size_t i = 0; i < n; i++) gaps[i].p_holm = adjusted[i];
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

/* pairing: NULL where there is no other model. */
static fdml_status compare_groups(fdml_audit_result *result, audit_state *state,
                                  audit_pairing *pairing, fdml_error *err)
{
    result_arrays arrays;
    FDML_TRY(make_arrays(&arrays, result, state, err));
    const size_t n_metrics = state->settings->n_metrics;
    size_t first = 0;
    for (size_t g = 0; g < state->groupings.n; g++) {
        const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
        const fdml_gap_result *gaps = g ? arrays.gaps + (g - 1) * n_metrics : NULL;
        grouping_values values;
        if (pairing) FDML_TRY(fdml_audit_pairing_begin(pairing, g, err));
        FDML_TRY(
            fdml_audit_resample(&values, state, g, pairing ? &pairing->exchange : NULL, err));
        if (g == 0) {
            memcpy(arrays.overall, values.estimate, n_metrics * sizeof *values.estimate);
        } else {
            put_groups(&arrays, first, &values, state);
            FDML_TRY(fdml_audit_compare(arrays.gaps + (g - 1) * n_metrics,
                                        arrays.versus + first * n_metrics, &values, state,
                                        arrays.overall, err));
            FDML_TRY(warn_of_few(result, &values, state, err));
            first += values.n_groups;
        }
        if (pairing) FDML_TRY(fdml_audit_pairing_add(pairing, &values, gaps, err));
        fdml_arena_reset(state->scratch, mark);
        fdml_progress_report(state->machine->progress, "resampling", (double)(g + 1),
                             (double)state->groupings.n);
    }
    FDML_TRY(warn_of_bootstrap(result, state, err));
    return correct_for_all(arrays.gaps, result->n_gaps, state, err);
}

static fdml_status list_per_query(fdml_audit_result *result, const audit_state *state,
                                  fdml_error *err)
{
    const size_t n_metrics = state->settings->n_metrics, n = state->findings.n_queries;
    double *value = fdml_arena_push(state->arena, n * n_metrics, sizeof *value);
    uint32_t *row = fdml_arena_push(state->arena, n, sizeof *row);
    if (!value || !row) return no_memory(err);
    size_t query = 0;
    for (size_t i = 0; i < state->problem->n_rows; i++) {
        if (!audit_is_query(state, (uint32_t)i)) continue;
        for (size_t m = 0; m < n_metrics; m++) {
            const bool is_mean = state->settings->metrics[m].kind == FDML_KIND_MEAN;
            value[query * n_metrics + m] =
                is_mean ? fdml_stored_value(&state->store, m, query) : NAN;
        }
        row[query++] = (uint32_t)i;
    }
    result->per_query = value;
    result->query_row = row;
    return FDML_OK;
}

/* --- the audit ------------------------------------------------------------------------ */

static void read_wishes(audit_state *state)
{
    const fdml_audit_settings *settings = state->settings;
    for (size_t m = 0; m < settings->n_metrics; m++) {
        const fdml_metric *metric = &settings->metrics[m];
        state->wants[metric->id] = true;
        if (metric->kind == FDML_KIND_MEAN) state->wants_mean = true;
        if (fdml_audit_is_cluster_metric(metric->id)) state->wants_cluster = true;
    }
    state->is_class_unit = settings->unit == FDML_UNIT_CLASS;
    state->is_versus_overall =
        state->groupings.n > 1 && !strcmp(settings->reference, "overall");
}

static fdml_status run(fdml_audit_result *result, audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const char *path = settings->path ? settings->path : "embeddings";
    audit_progress progress;
    audit_pairing pairing, *pair = settings->other ? &pairing : NULL;
    FDML_TRY(check_settings(settings, state->problem, err));
    FDML_TRY(fdml_validate(&state->findings, state->problem, path, state->machine, state->arena,
                           err));
    FDML_TRY(fdml_groupings_make(&state->groupings, state->problem,
                                 settings->with_intersections, state->arena, state->scratch,
                                 err));
    FDML_TRY(check_depth(state, err));
    FDML_TRY(check_reference(state, err));
    read_wishes(state);
    if (pair) FDML_TRY(fdml_audit_pairing_open(pair, state, err));
    FDML_TRY(collect_warnings(result, state, pair ? &pair->other.findings : NULL, err));
    fdml_machine machine = *state->machine;
    if (machine.progress) { /* the estimate behind it reads every row's label */
        fdml_audit_progress_init(&progress, machine.progress, state);
        if (pair) fdml_audit_pairing_progress(pair, &progress);
        machine.progress = &progress.own;
    }
    state->machine = &machine;

    result->settings = settings;
    result->groupings = state->groupings;
    result->n_rows = state->problem->n_rows;
    result->n_queries = state->findings.n_queries;
    result->n_gallery = state->findings.n_gallery;
    result->n_classes = state->problem->label->n_levels;
    result->n_lone = state->findings.n_lone;

    FDML_TRY(fdml_audit_measure(state, err));
    FDML_TRY(fdml_audit_plan_make(state, err));
    if (pair) FDML_TRY(fdml_audit_pairing_measure(pair, err));
    FDML_TRY(compare_groups(result, state, pair, err));
    if (pair) FDML_TRY(fdml_audit_pairing_end(&result->comparison, pair, err));
    if (settings->with_per_query && state->wants_mean)
        FDML_TRY(list_per_query(result, state, err));
    if (settings->with_verification) FDML_TRY(fdml_audit_verify(result, state, err));
    if (settings->with_leakage) FDML_TRY(fdml_audit_leakage(result, state, err));
    if (settings->with_downstream) FDML_TRY(fdml_audit_downstream(result, state, err));
    if (settings->with_slices) FDML_TRY(fdml_audit_slices(result, state, err));
    if (settings->with_detail) FDML_TRY(fdml_audit_detail_make(result, state, err));
    return FDML_OK;
}

fdml_status fdml_audit(fdml_audit_result *result, const fdml_problem *problem,
                       const fdml_audit_settings *settings, const fdml_machine *machine,
                       fdml_arena *arena, fdml_error *err)
{
    fdml_audit_result made = { 0 };
    fdml_arena scratch;
    const size_t used = arena->used, peak = arena->peak;
    const size_t left = arena->limit > used ? arena->limit - used : 1;
    fdml_arena_init(&scratch, arena->limit ? left : 0);
    arena->peak = used;
    audit_state state = { .problem = problem,
                          .settings = settings,
                          .machine = machine,
                          .arena = arena,
                          .scratch = &scratch };
    const fdml_status status = run(&made, &state, err);
    made.work_peak = scratch.peak + (arena->peak - used);
    if (arena->peak < peak) arena->peak = peak;
    fdml_arena_close(&scratch);
    if (!status) *result = made;
    return status;
}
