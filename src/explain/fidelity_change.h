/* fidelity_change.h - one explanation beside another, on the same test rows: before and after
 * an intervention, one method and another, one black box and another.
 *
 * Differences are this one less the baseline, of every number of fidelity.h. Intervals: both
 * are drawn with the same rows in every replicate, those of fdml_fidelity_measure. Tests: in
 * each row the two explanations (and black boxes) are exchanged or not, in all seeds at once,
 * which changes nothing where they are equally faithful; p is how often a difference is then as
 * large, either way. That null says more than one number's difference: also p of a gap is of
 * two explanations that are equally faithful to everyone. Where that is not so, but their gaps
 * are equal, the interval is what tells.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_FIDELITY_CHANGE_H
#define FDML_EXPLAIN_FIDELITY_CHANGE_H

#include "explain/fidelity.h"

typedef struct fdml_fidelity_difference {
    fdml_estimate e;  /* this less the baseline */
    double before;    /* the baseline's */
    double p, p_holm; /* NaN: not tested */
} fdml_fidelity_difference;

typedef struct fdml_fidelity_change {
    size_t n_groups;
    fdml_fidelity_difference overall[FDML_FIDELITIES];
    const fdml_fidelity_difference *of_group; /* [n_groups, FDML_FIDELITIES] */
    fdml_fidelity_difference gap[FDML_FIDELITIES][FDML_FIDELITY_GAPS];
} fdml_fidelity_change;

/* Rows and options as in fdml_fidelity_measure; both have the same codes, n, n_seeds, groups.
 * p_holm: over all numbers of this change. *change's arrays are in `arena`, scratch is given
 * back, and all that is of the size of the rows is scratch. FDML_E_DATA, FDML_E_NOMEM as there.
 */
fdml_status fdml_fidelity_compare(fdml_fidelity_change *change, const fdml_fidelity_rows *rows,
                                  const fdml_fidelity_rows *baseline,
                                  const fdml_fidelity_options *options, fdml_arena *arena,
                                  fdml_error *err);

/* Bytes of arena that this takes at most, and how many of them the result keeps at most. */
double fdml_fidelity_compare_memory(size_t n, size_t n_groups, size_t n_seeds,
                                    const fdml_fidelity_options *options);
double fdml_fidelity_change_memory(size_t n_groups);

#endif
