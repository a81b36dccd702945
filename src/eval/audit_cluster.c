/* audit_cluster.c - the distribution of the gaps of cluster metrics when the attribute means
 * nothing: the contingency table is recounted with permuted codes, one sweep for all groups.
 * For ami the expectation is computed anew each time, from the permuted counts.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/audit_state.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the contingency table");
}

typedef struct permuting {
    const audit_state *state;
    fdml_contingency table;
    fdml_permutation permutation;
    size_t n_groups, scratch_size;
    int n_threads;
    char *scratch; /* [n_threads] of sums, codes, counters of the sweep */
    double *null;  /* [n_metrics, n_permutations] */
} permuting;

static size_t aligned(size_t size)
{
    return (size + 63) / 64 * 64;
}

static double value_of(fdml_metric_id id, const fdml_agreement *sums, double expected_mi)
{
    switch (id) {
    case FDML_M_NMI:
        return fdml_nmi(sums, FDML_ARITHMETIC);
    case FDML_M_AMI:
        return fdml_ami(sums, expected_mi);
    case FDML_M_ARI:
        return fdml_ari(sums);
    default:
        return fdml_pair_f1(sums);
    }
}

static void permutation_replicate(void *ctx, size_t block, int thread)
{
    const permuting *p = ctx;
    const fdml_audit_settings *settings = p->state->settings;
    char *scratch = p->scratch + (size_t)thread * p->scratch_size;
    fdml_agreement *sums = (fdml_agreement *)(void *)scratch;
    scratch += aligned(p->n_groups * sizeof *sums);
    uint32_t *code = (uint32_t *)(void *)scratch;
    scratch += aligned(p->permutation.n_units * sizeof *code);
    fdml_permutation_codes(code, &p->permutation, (uint32_t)block, scratch);
    fdml_margins margins;
    fdml_contingency_sums(sums, &margins, &p->table, code, p->n_groups, scratch);
    for (size_t m = 0; m < settings->n_metrics; m++) {
        const fdml_metric_id id = settings->metrics[m].id;
        if (!fdml_audit_is_cluster_metric(id)) continue;
        double least = INFINITY, most = -INFINITY;
        for (size_t g = 0; g < p->n_groups; g++) {
            const double expected =
                id == FDML_M_AMI
                    ? fdml_expected_mi(margins.label + g * p->table.n_labels, sums[g].n_labels,
                                       margins.cluster + g * p->table.n_clusters,
                                       p->table.n_clusters)
                    : 0;
            const double value = value_of(id, &sums[g], expected);
            least = fmin(least, value);
            most = fmax(most, value);
        }
        p->null[m * settings->n_permutations + block] = most - least;
    }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static fdml_status make_scratch(permuting *p, fdml_error *err)
{
    p->scratch_size = aligned(p->n_groups * sizeof(fdml_agreement)) +
                      aligned(p->permutation.n_units * sizeof(uint32_t)) +
                      aligned(larger(fdml_contingency_scratch(&p->table, p->n_groups),
                                     fdml_permutation_scratch(&p->permutation, 1)));
    p->n_threads = fdml_resampling_threads(p->scratch_size, p->state->machine->n_threads);
    p->scratch = fdml_arena_push(p->state->scratch, (size_t)p->n_threads, p->scratch_size);
    return p->scratch ? FDML_OK : no_memory(err);
}

/* Units are whole classes where the attribute is constant within them, else rows. Lists the
 * rows of the groups that are compared, class by class. */
static fdml_status list_units(permuting *p, const audit_state *state,
                              const grouping_values *values, fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    const size_t n = state->problem->n_rows;
    const uint32_t *label = state->problem->label->code;
    uint32_t *dense = fdml_arena_push(state->scratch, by->n_groups, sizeof *dense);
    uint32_t *row = fdml_arena_push(state->scratch, n, sizeof *row);
    uint32_t *unit = fdml_arena_push(state->scratch, n, sizeof *unit);
    uint32_t *code = fdml_arena_push(state->scratch, n, sizeof *code);
    uint32_t *stratum = fdml_arena_push(state->scratch, n, sizeof *stratum);
    if (!dense || !row || !unit || !code || !stratum) return no_memory(err);
    for (size_t g = 0; g < by->n_groups; g++)
        dense[g] =
            by->n_rows[g] < state->settings->min_group ? UINT32_MAX : (uint32_t)p->n_groups++;
    size_t n_listed = 0, n_units = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t id = state->by_class[i];
        if (dense[by->code[id]] == UINT32_MAX) continue;
        const bool starts =
            !by->is_class_constant || !n_listed || label[row[n_listed - 1]] != label[id];
        if (starts) {
            code[n_units] = dense[by->code[id]];
            stratum[n_units++] = label[id];
        }
        unit[id] = (uint32_t)(n_units - 1);
        row[n_listed++] = id;
    }
    const fdml_contingency_rows listed = { row,   n_listed,
                                           label, state->assignment,
                                           unit,  state->problem->label->n_levels };
    p->permutation = (fdml_permutation){ .code = code,
                                         .stratum = by->is_class_constant ? NULL : stratum,
                                         .n_units = n_units,
                                         .n_groups = p->n_groups,
                                         .seed = state->settings->seed,
                                         .stream = audit_stream_id(STREAM_PERMUTATION_CLUSTER,
                                                                   values->grouping, 0) };
    return fdml_contingency_make(&p->table, &listed, state->scratch, err);
}

fdml_status fdml_audit_cluster_null(double *null, const audit_state *state,
                                    const grouping_values *values, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    permuting p = { .state = state, .null = null };
    FDML_TRY(list_units(&p, state, values, err));
    if (p.n_groups > 1) {
        FDML_TRY(make_scratch(&p, err));
        fdml_parallel(state->settings->n_permutations, p.n_threads, permutation_replicate, &p);
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
