/* audit_agreement.c - nmi, ami, ari and f1 of a group as sums over rows.
 *
 * With n_ck rows in row i's cell, n_c in its class and m_k in its cluster, all within the
 * group, the sums of a contingency table are sums over rows:
 *
 *   sum n_ck log n_ck = sum_i log n_ck    and likewise for classes and clusters,
 *   sum C(n_ck, 2)    = sum_i (n_ck - 1) / 2.
 *
 * So a resampling cluster's features are its rows' terms. Under unit class a class that is
 * drawn twice counts as two classes that fell on copies of the same clusters. (Recounting a
 * table with doubled rows instead would change the number of classes in every replicate, and
 * with it every entropy: the intervals of nmi then miss the value itself.) Under unit query the
 * logs are first-order exact as they are, since as many rows are drawn as there are; sums over
 * pairs of rows move twice as fast, as in audit_features.c. ami keeps the expected mutual
 * information of the full sample.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "eval/audit_state.h"

enum { MOST_LOGS = 1 << 16 }; /* 512 KiB; larger counts are few */

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the agreement of classes and clusters");
}

bool fdml_audit_is_cluster_metric(fdml_metric_id id)
{
    return id == FDML_M_NMI || id == FDML_M_AMI || id == FDML_M_ARI || id == FDML_M_F1;
}

fdml_status fdml_audit_logs_make(audit_state *state, fdml_error *err)
{
    const size_t n = state->problem->n_rows;
    state->n_logs = n < MOST_LOGS ? n + 1 : MOST_LOGS;
    double *table = fdml_arena_push(state->scratch, state->n_logs, sizeof *table);
    if (!table) return no_memory(err);
    table[0] = 0;
    for (size_t i = 1; i < state->n_logs; i++) table[i] = fdml_log((double)i);
    state->log_table = table;
    return FDML_OK;
}

static double log_of(const audit_state *state, size_t n)
{
    return n < state->n_logs ? state->log_table[n] : fdml_log((double)n);
}

fdml_status fdml_audit_agreement_make(audit_group *group, const audit_state *state,
                                      fdml_error *err)
{
    const fdml_runs *runs = &group->runs;
    const size_t k = state->problem->label->n_levels;
    if (!state->wants_cluster) return FDML_OK;
    uint32_t *cell = fdml_arena_push(state->scratch, runs->n_rows, sizeof *cell);
    uint32_t *cluster = fdml_arena_push_zero(state->scratch, k, sizeof *cluster);
    uint32_t *seen = fdml_arena_push_zero(state->scratch, k, sizeof *seen);
    if (!cell || !cluster || !seen) return no_memory(err);
    fdml_agreement *sums = &group->base.agreement;
    for (size_t r = 0; r < runs->n_runs; r++) {
        const size_t begin = runs->begin[r], end = runs->begin[r + 1];
        for (size_t i = begin; i < end; i++) {
            const uint32_t c = state->assignment[runs->row[i]];
            sums->n_clusters += !cluster[c]++;
            sums->n_cells += !seen[c]++;
        }
        for (size_t i = begin; i < end; i++) cell[i] = seen[state->assignment[runs->row[i]]];
        for (size_t i = begin; i < end; i++) seen[state->assignment[runs->row[i]]] = 0;
    }
    sums->n_labels = runs->n_runs;
    group->cell_count = cell;
    group->cluster_count = cluster;
    return FDML_OK;
}

static void add_terms(double *f, const audit_state *state, size_t entropy, size_t pairs,
                      const size_t count[3])
{
    for (size_t j = 0; j < 3; j++) {
        if (entropy != NO_COLUMN) f[entropy + j] += log_of(state, count[j]);
        if (pairs != NO_COLUMN) f[pairs + j] += ((double)count[j] - 1) / 2;
    }
}

void fdml_audit_agreement_add(double *f, const audit_group *group, const audit_state *state,
                              size_t i, size_t n_same)
{
    const uint32_t cluster = state->assignment[group->runs.row[i]];
    const size_t count[3] = { group->cell_count[i], n_same, group->cluster_count[cluster] };
    f[state->plan.rows] += 1;
    add_terms(f, state, state->plan.entropy, state->plan.pairs, count);
}

void fdml_audit_agreement_add_overall(double *f, const audit_state *state, uint32_t row)
{
    const uint32_t label = state->problem->label->code[row];
    const size_t n_same = state->class_begin[label + 1] - state->class_begin[label];
    const size_t count[3] = { state->cell_count[row], n_same,
                              state->cluster_count[state->assignment[row]] };
    add_terms(f, state, state->plan.all_entropy, state->plan.all_pairs, count);
}

static void pairs_of(double *to, double base, double sum, bool is_class_unit)
{
    *to = is_class_unit ? sum : fmax(0, base + 2 * (sum - base));
}

static fdml_agreement agreement_of(const audit_state *state, const group_base *base,
                                   const double *sums, size_t entropy, size_t pairs)
{
    fdml_agreement a = base->agreement;
    a.n = sums[state->plan.rows];
    if (entropy != NO_COLUMN) {
        a.cell_xlogx = sums[entropy];
        a.label_xlogx = sums[entropy + 1];
        a.cluster_xlogx = sums[entropy + 2];
    }
    if (pairs != NO_COLUMN) {
        const fdml_agreement *b = &base->agreement;
        const bool is_class_unit = state->is_class_unit;
        pairs_of(&a.cell_pairs, b->cell_pairs, sums[pairs], is_class_unit);
        pairs_of(&a.label_pairs, b->label_pairs, sums[pairs + 1], is_class_unit);
        pairs_of(&a.cluster_pairs, b->cluster_pairs, sums[pairs + 2], is_class_unit);
    }
    return a;
}

double fdml_audit_agreement_value(const audit_state *state, const group_base *base,
                                  fdml_metric_id id, const double *sums, size_t entropy,
                                  size_t pairs)
{
    const fdml_agreement a = agreement_of(state, base, sums, entropy, pairs);
    switch (id) {
    case FDML_M_NMI:
        return fdml_nmi(&a, FDML_ARITHMETIC);
    case FDML_M_AMI:
        return fdml_ami(&a, base->expected_mi);
    case FDML_M_ARI:
        return fdml_ari(&a);
    default:
        return fdml_pair_f1(&a);
    }
}

static double expected_of(const audit_group *group, const audit_state *state)
{
    /* Both arrays are made here, since the expectation sorts them. */
    const fdml_runs *runs = &group->runs;
    const size_t k = state->problem->label->n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    uint32_t *label = fdml_arena_push(state->scratch, runs->n_runs, sizeof *label);
    uint32_t *cluster = fdml_arena_push(state->scratch, k, sizeof *cluster);
    double expected = NAN;
    if (label && cluster) {
        for (size_t r = 0; r < runs->n_runs; r++)
            label[r] = runs->begin[r + 1] - runs->begin[r];
        memcpy(cluster, group->cluster_count, k * sizeof *cluster);
        expected = fdml_expected_mi(label, runs->n_runs, cluster, k);
    }
    fdml_arena_reset(state->scratch, mark);
    return expected;
}

void fdml_audit_agreement_base(audit_group *group, const audit_state *state)
{
    const double *total = group->total;
    fdml_agreement *a = &group->base.agreement;
    if (!state->wants_cluster) return;
    if (state->plan.pairs != NO_COLUMN) {
        a->cell_pairs = total[state->plan.pairs];
        a->label_pairs = total[state->plan.pairs + 1];
        a->cluster_pairs = total[state->plan.pairs + 2];
    }
    if (state->wants[FDML_M_AMI]) group->base.expected_mi = expected_of(group, state);
}

void fdml_audit_agreement_keep(audit_state *state, const audit_group *group)
{
    const fdml_runs *runs = &group->runs;
    if (!state->cell_count) return;
    for (size_t i = 0; i < runs->n_rows; i++)
        state->cell_count[runs->row[i]] = group->cell_count[i];
    memcpy(state->cluster_count, group->cluster_count,
           state->problem->label->n_levels * sizeof *state->cluster_count);
}
