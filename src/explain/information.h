/* information.h - do the features tell which group a row is of? An explanation, or a black box,
 * that never sees the group may still treat it apart if they do.
 *
 * Balagopalan et al. (FAccT 2022), section 6.2, let a boosted forest predict each group from
 * the features and report the AUROC on test rows. Ours asks the two black boxes of
 * blackbox.h, logistic regression and the perceptron, each with its cross-validation, to tell
 * a group from all others, and reports the AUROC of both.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_INFORMATION_H
#define FDML_EXPLAIN_INFORMATION_H

#include "base/progress.h"
#include "eval/audit.h"
#include "explain/blackbox.h"

/* Of a protected column of two values there is one, of the second; of more one for each group
 * against all others. */
typedef struct fdml_information {
    size_t attribute;       /* protected column of the table */
    uint32_t group;         /* its code */
    size_t n, n_test;       /* test rows of the group, and all */
    fdml_estimate auroc[2]; /* by fdml_blackbox_kind, of n; intervals by drawing test rows anew
                             * within the group and outside of it */
} fdml_information;

typedef struct fdml_information_options {
    uint64_t seed;
    size_t min_group, n_bootstrap;
    double confidence;
    fdml_workers workers;
    const fdml_progress *progress; /* or NULL; in classifiers trained */
} fdml_information_options;

/* Classifiers to train: two for each group asked about. */
size_t fdml_information_steps(const fdml_tabular *table);

/* The black boxes learn from the table's training rows, with five folds. *information is in
 * `arena`. Where the group, or all others, have fewer than ten training rows (two for each
 * fold), or fewer than min_group test rows, there is a `why`. FDML_E_DATA: as of
 * fdml_blackbox_train. FDML_E_NOMEM. */
fdml_status fdml_information_measure(const fdml_information **information, size_t *n,
                                     const fdml_tabular *table,
                                     const fdml_information_options *options, fdml_arena *arena,
                                     fdml_error *err);

/* Bytes of arena that this takes at most. The table is split. */
double fdml_information_memory(const fdml_tabular *table,
                               const fdml_information_options *options);

#endif
