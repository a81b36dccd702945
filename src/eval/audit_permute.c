/* audit_permute.c - the distribution of a gap when the attribute means nothing.
 *
 * Where all rows of a class share their group, groups are exchanged between whole classes; else
 * between the queries of a class, so that no class ever changes. Only rows of groups that are
 * compared take part. Exact for sums over units: metrics of mean kind and, for whole classes,
 * alignment_intra, whose pairs lie inside classes.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_state.h"

enum { BATCH_BYTES = 1 << 22 }; /* sums of so many permutations are kept at a time */

typedef struct units {
    double *features; /* [n, stride] */
    uint32_t *code, *stratum;
    size_t n, stride, n_groups;
    uint32_t *dense; /* [groups of the grouping] code of a group that is compared */
    uint32_t *group; /* [n_groups] back */
    size_t intra;    /* its column, or NO_COLUMN */
} units;

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the permutations");
}

double fdml_audit_spread(const double *value, const grouping_values *values, size_t metric)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t g = 0; g < values->n_groups; g++) {
        if (isnan(values->estimate[g * values->n_metrics + metric].value)) continue;
        least = fmin(least, value[g]); /* fmin and fmax pass over NaN */
        most = fmax(most, value[g]);
    }
    return most >= least ? most - least : NAN;
}

static void add_query(double *f, const audit_state *state, uint32_t row)
{
    const feature_plan *plan = &state->plan;
    if (!state->wants_mean || !audit_is_valid(state, row)) return;
    for (size_t m = 0; m < state->settings->n_metrics; m++)
        if (plan->mean[m] != NO_COLUMN)
            f[plan->mean[m]] += fdml_stored_value(&state->store, m, audit_place(state, row));
    f[plan->n_valid] += 1;
}

static bool is_empty(const units *u, const feature_plan *plan, bool has_mean)
{
    const double *f = u->features + u->n * u->stride;
    return !(has_mean && f[plan->n_valid] > 0) &&
           !(u->intra != NO_COLUMN && f[u->intra + 1] > 0);
}

/* Classes are units; those that say nothing about any metric are left out. */
static void list_classes(units *u, const audit_state *state, const uint32_t *group_of)
{
    for (size_t c = 0; c < state->problem->label->n_levels; c++) {
        const size_t begin = state->class_begin[c], end = state->class_begin[c + 1];
        const uint32_t code =
            begin < end ? u->dense[group_of[state->by_class[begin]]] : UINT32_MAX;
        if (code == UINT32_MAX) continue;
        double *f = u->features + u->n * u->stride;
        memset(f, 0, u->stride * sizeof *f);
        for (size_t i = begin; i < end; i++) add_query(f, state, state->by_class[i]);
        if (u->intra != NO_COLUMN) {
            const double n = (double)(end - begin);
            f[u->intra] = state->class_same[c];
            f[u->intra + 1] = n * (n - 1);
        }
        if (is_empty(u, &state->plan, state->wants_mean)) continue;
        u->code[u->n++] = code;
    }
}

static void list_queries(units *u, const audit_state *state, const uint32_t *group_of)
{
    for (size_t i = 0; i < state->problem->n_rows; i++) {
        const uint32_t row = state->by_class[i], code = u->dense[group_of[row]];
        if (code == UINT32_MAX || !audit_is_valid(state, row)) continue;
        double *f = u->features + u->n * u->stride;
        memset(f, 0, u->stride * sizeof *f);
        add_query(f, state, row);
        u->stratum[u->n] = state->problem->label->code[row];
        u->code[u->n++] = code;
    }
}

static fdml_status make_units(units *u, const audit_state *state, const fdml_grouping *by,
                              fdml_error *err)
{
    const bool by_class = by->is_class_constant;
    const size_t most = by_class ? state->problem->label->n_levels : state->findings.n_queries;
    const feature_plan *plan = &state->plan;
    u->intra = by_class ? plan->intra : NO_COLUMN; /* columns of both plans are the same */
    u->stride = fdml_feature_stride(u->intra != NO_COLUMN ? u->intra + 2 : plan->n_valid + 1);
    u->features = fdml_arena_push(state->scratch, most * u->stride, sizeof *u->features);
    u->code = fdml_arena_push(state->scratch, most, sizeof *u->code);
    u->stratum = fdml_arena_push(state->scratch, by_class ? 0 : most, sizeof *u->stratum);
    u->dense = fdml_arena_push(state->scratch, by->n_groups, sizeof *u->dense);
    u->group = fdml_arena_push(state->scratch, by->n_groups, sizeof *u->group);
    if (!u->features || !u->code || !u->stratum || !u->dense || !u->group)
        return no_memory(err);
    for (size_t g = 0; g < by->n_groups; g++) {
        u->dense[g] = UINT32_MAX;
        if (by->n_rows[g] < state->settings->min_group) continue;
        u->group[u->n_groups] = (uint32_t)g;
        u->dense[g] = (uint32_t)u->n_groups++;
    }
    if (by_class)
        list_classes(u, state, by->code);
    else
        list_queries(u, state, by->code);
    return FDML_OK;
}

static double value_in(const units *u, const audit_state *state, size_t metric,
                       const double *sums)
{
    const feature_plan *plan = &state->plan;
    const size_t above = plan->mean[metric] != NO_COLUMN ? plan->mean[metric] : u->intra;
    const size_t below = plan->mean[metric] != NO_COLUMN ? plan->n_valid : u->intra + 1;
    return sums[below] > 0 ? sums[above] / sums[below] : NAN;
}

static bool is_tested(const units *u, const audit_state *state, size_t metric)
{
    if (state->plan.mean[metric] != NO_COLUMN) return true;
    return u->intra != NO_COLUMN &&
           state->settings->metrics[metric].id == FDML_M_ALIGNMENT_INTRA;
}

/* sums: [n_groups, stride] of one permutation; value: [groups of the grouping]. */
static void put_spreads(double *null, double *value, const units *u, const audit_state *state,
                        const grouping_values *values, const double *sums)
{
    const size_t n_permutations = state->settings->n_permutations;
    for (size_t m = 0; m < values->n_metrics; m++) {
        if (!is_tested(u, state, m)) continue;
        for (size_t g = 0; g < values->n_groups; g++) value[g] = NAN;
        for (size_t g = 0; g < u->n_groups; g++)
            value[u->group[g]] = value_in(u, state, m, sums + g * u->stride);
        null[m * n_permutations] = fdml_audit_spread(value, values, m);
    }
}

fdml_status fdml_audit_feature_null(double *null, const audit_state *state,
                                    const grouping_values *values, fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    const size_t n_permutations = state->settings->n_permutations;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const bool has_intra = by->is_class_constant && state->plan.intra != NO_COLUMN;
    if (!state->wants_mean && !has_intra) return FDML_OK;
    units u = { 0 };
    FDML_TRY(make_units(&u, state, by, err));
    if (u.n_groups < 2) {
        fdml_arena_reset(state->scratch, mark);
        return FDML_OK;
    }
    fdml_permutation permutation = { .features = u.features,
                                     .code = u.code,
                                     .stratum = by->is_class_constant ? NULL : u.stratum,
                                     .n_units = u.n,
                                     .n_features = u.stride,
                                     .n_groups = u.n_groups,
                                     .seed = state->settings->seed,
                                     .stream = audit_stream_id(STREAM_PERMUTATION,
                                                               values->grouping, 0) };
    const size_t one = u.n_groups * u.stride * sizeof(double);
    size_t batch = one < BATCH_BYTES ? BATCH_BYTES / one : 1;
    if (batch > n_permutations) batch = n_permutations;
    double *sums = fdml_arena_push(state->scratch, batch, one);
    double *value = fdml_arena_push(state->scratch, values->n_groups, sizeof *value);
    const int n_threads =
        fdml_resampling_threads(8 * u.n, state->machine->n_threads); /* a draw and its order */
    void *scratch =
        fdml_arena_push(state->scratch, fdml_permutation_scratch(&permutation, n_threads), 1);
    if (!sums || !value || !scratch) return no_memory(err);

    for (size_t done = 0; done < n_permutations; done += permutation.n_replicates) {
        const size_t left = n_permutations - done;
        permutation.first_replicate = (uint32_t)done;
        permutation.n_replicates = left < batch ? left : batch;
        fdml_permutation_sums(sums, &permutation, scratch, n_threads);
        for (size_t p = 0; p < permutation.n_replicates; p++)
            put_spreads(null + done + p, value, &u, state, values,
                        sums + p * u.n_groups * u.stride);
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
