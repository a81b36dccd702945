/* audit_slices.h - the search for slices inside of an audit; private to eval/audit_slices.c,
 * slice_clusters.c and slice_result.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_SLICES_H
#define FDML_EVAL_AUDIT_SLICES_H

#include "eval/audit_state.h"
#include "eval/slices_state.h"

/* Queries and columns as the search wants them, and what it does not ask about. */
typedef struct slice_input {
    audit_state *state;
    slice_data data;
    const float *centre; /* centres of all cluster columns, [all their levels, dim]; or NULL */
} slice_input;

/* --- slice_clusters.c --------------------------------------------------------------------- */
/* mean: [n, dim] of the rows of each class listed, as the distance takes them. */
fdml_status fdml_slice_class_means(float *mean, const audit_state *state, const uint32_t *class,
                                   size_t n, fdml_error *err);
/* assignment: [n] below k; centre: [k, dim]. */
fdml_status fdml_slice_cluster(uint32_t *assignment, float *centre, const audit_state *state,
                               const float *mean, size_t n, uint32_t k, fdml_error *err);
/* Of a row as the distance takes it. */
double fdml_slice_sqdist(const fdml_problem *problem, uint32_t row, const float *centre);

/* --- slice_result.c ----------------------------------------------------------------------- */
/* The findings with everything that is said of them, in the arena of the result. */
fdml_status fdml_slice_report(fdml_slices_result *result, const slice_search *search,
                              const slice_input *input, fdml_error *err);

#endif
