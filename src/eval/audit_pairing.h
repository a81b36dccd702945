/* audit_pairing.h - the second side of an audit that compares two models; private to
 * eval/audit*.c. What is computed is said in comparison.h.
 *
 * audit_pairing.c runs OTHER beside NEW, grouping by grouping, and takes differences;
 * audit_exchange.c is the permutation test. Both sides draw the same bootstrap replicates,
 * because a draw depends on the seed, the grouping and the number of clusters alone, which are
 * equal.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_PAIRING_H
#define FDML_EVAL_AUDIT_PAIRING_H

#include "eval/audit_state.h"
#include "eval/comparison.h"

/* What the clusters of a grouping give to the difference of every value. */
struct audit_exchange {
    size_t stride, n_groups;
    size_t share;  /* first column behind the metrics' */
    double *part;  /* [units, stride], column m: metric m; 0 where not tested */
    uint32_t *id;  /* [units] class or row: the same cluster in every group and grouping */
    size_t *begin; /* [n_groups + 1] */
    double side;   /* +1 while NEW is added, -1 for OTHER */
};

typedef struct audit_pairing {
    const audit_state *state; /* NEW */
    audit_state other;
    fdml_problem problem; /* OTHER's */
    fdml_audit_settings settings;
    fdml_machine machine; /* the same, with a progress of its own */
    audit_progress progress;
    audit_exchange exchange; /* of the grouping at hand */
    fdml_difference *overall, *groups, *gaps;
    size_t first_group, n_groups, n_gaps; /* listed so far; in all */
    size_t n_exchanges;
} audit_pairing;

/* --- audit_pairing.c ---------------------------------------------------------------------- */
/* Validates OTHER; `state` is validated, with its groupings made and wishes read. */
fdml_status fdml_audit_pairing_open(audit_pairing *pairing, const audit_state *state,
                                    fdml_error *err);
/* After it; `first` is NEW's progress, and nothing is measured yet. */
void fdml_audit_pairing_progress(audit_pairing *pairing, audit_progress *first);
/* Its rows are measured, after NEW's. */
fdml_status fdml_audit_pairing_measure(audit_pairing *pairing, fdml_error *err);
/* Before a grouping of NEW is resampled: room for what its clusters give. */
fdml_status fdml_audit_pairing_begin(audit_pairing *pairing, size_t grouping, fdml_error *err);
/* After it: OTHER is resampled, and compared. gaps: NEW's, [n_metrics], or NULL for overall. */
fdml_status fdml_audit_pairing_add(audit_pairing *pairing, const grouping_values *values,
                                   const fdml_gap_result *gaps, fdml_error *err);
/* Holm's correction; the comparison is in the result's arena. */
fdml_status fdml_audit_pairing_end(const fdml_comparison **comparison, audit_pairing *pairing,
                                   fdml_error *err);

/* --- audit_exchange.c --------------------------------------------------------------------- */
bool fdml_audit_is_exchanged(const fdml_metric *metric);
size_t fdml_audit_exchange_stride(const fdml_audit_settings *settings);
size_t fdml_audit_exchange_units(const fdml_problem *problem,
                                 const fdml_audit_settings *settings, size_t n_groups,
                                 bool is_class_constant);
/* Two-sided tests of the changes of one grouping. difference: [n_groups, n_metrics], gap:
 * [n_metrics] or NULL; their p and p_method are set where they have a change. */
fdml_status fdml_audit_exchange_test(fdml_difference *difference, fdml_difference *gap,
                                     const audit_pairing *pairing,
                                     const grouping_values *values,
                                     const grouping_values *other, fdml_error *err);

/* Bytes that a comparison takes beside OTHER's measures, while n_groups are compared. */
size_t fdml_audit_pairing_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                               size_t n_groups, int n_threads);

#endif
