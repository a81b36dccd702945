/* fidelity_state.h - what fidelity.c, fidelity_change.c and information.c share: which rows are
 * of which group, and how they are drawn.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_FIDELITY_STATE_H
#define FDML_EXPLAIN_FIDELITY_STATE_H

#include "explain/fidelity.h"

/* Why a value is NaN where a group has rows enough, and a gap. */
extern const char *const fdml_fidelity_why_one, *const fdml_fidelity_why_none;

/* What a result keeps of its groups; in the result's arena. */
typedef struct fdml_fidelity_sizes {
    const size_t *n_rows;         /* [n_groups] */
    const char *const *why_small; /* [n_groups] NULL: large enough for numbers */
} fdml_fidelity_sizes;

/* FDML_E_NOMEM. The first: bytes, at most. */
double fdml_fidelity_sizes_memory(size_t n_groups);
fdml_status fdml_fidelity_sizes_make(fdml_fidelity_sizes *sizes, const fdml_fidelity_rows *rows,
                                     fdml_arena *arena, fdml_error *err);

/* And of its rows, which is scratch. */
typedef struct fdml_fidelity_members {
    size_t n, n_groups;
    const size_t *begin;    /* [n_groups + 1] */
    const uint32_t *member; /* [n] rows, group after group */
    fdml_fidelity_sizes sizes;
} fdml_fidelity_members;

/* FDML_E_DATA: no rows, or a p or e that is not finite; as in fdml_fidelity_measure. */
fdml_status fdml_fidelity_check(const fdml_fidelity_rows *rows, fdml_error *err);

/* In `arena`; borrows the arrays of m->sizes, which is there. FDML_E_NOMEM. */
fdml_status fdml_fidelity_members_make(fdml_fidelity_members *m, const fdml_fidelity_rows *rows,
                                       fdml_arena *arena, fdml_error *err);
double fdml_fidelity_members_memory(size_t n, size_t n_groups); /* bytes */

/* times: [n] how often each row is among as many of its group, drawn with replacement from the
 * stream of the group. A draw depends on (seed, replicate, group, its rows) alone. */
void fdml_fidelity_draw_rows(uint32_t *times, const fdml_fidelity_members *m, uint64_t seed,
                             uint32_t replicate);

/* Rows of the smallest group that has a value of this measure, which is what the interval of a
 * gap rests on; and how many groups have one. value: [n_groups, FDML_FIDELITIES]. */
size_t fdml_fidelity_least_rows(size_t *n_with, const fdml_fidelity_members *m,
                                const double *value, size_t measure);

#endif
