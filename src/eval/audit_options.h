/* audit_options.h - what an audit can be asked for, by name, and the settings it becomes.
 *
 * audit_options.def lists names, limits and help; this structure holds the values. They turn
 * into settings only when the data are there, because some depend on it: no K may exceed what
 * a query can find, and a reference must be one of the groups.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_OPTIONS_H
#define FDML_EVAL_AUDIT_OPTIONS_H

#include "base/option.h"
#include "eval/audit.h"

typedef struct fdml_audit_options {
    int distance;       /* fdml_distance; for the problem, not the settings */
    fdml_texts metrics; /* none: findml */
    fdml_counts ks;
    int convention; /* fdml_convention */
    uint64_t alignment_power, kmeans_iterations, kmeans_redo;
    fdml_reals fmr;
    bool intersections;
    const char *reference;
    uint64_t min_group, n_bootstrap, n_permutations;
    double confidence;
    int unit; /* fdml_unit */
    uint64_t seed;
    fdml_texts downstream_classifiers, downstream_protocols; /* none: all */
    uint64_t downstream_splits;
    bool find_slices;
    const char *slice_metric; /* NULL: recall_at_1, else the first of kind mean */
    uint64_t slice_depth, slice_min_rows;
    fdml_counts slice_clusters;
} fdml_audit_options;

/* n_permutations that were not asked for: a thousand, or as many as fdml_permutations_for the
 * gaps that are tested. */
#define FDML_PERMUTATIONS_USUAL UINT64_MAX

extern const fdml_audit_options fdml_audit_defaults;

/* `path` names the embeddings in messages (NULL: "embeddings") and is borrowed, as is
 * options->reference; the rest is in `arena`. The pairs and with_per_query are for the caller
 * to add. FDML_E_ARG: an unknown metric, a K or a reference that the data do not have;
 * FDML_E_NOMEM. */
fdml_status fdml_audit_settings_make(fdml_audit_settings *settings,
                                     const fdml_audit_options *options,
                                     const fdml_problem *problem, const char *path,
                                     fdml_arena *arena, fdml_error *err);

/* Gives the machine what `max_memory` bytes leave beside the `used` ones, or says what is
 * needed: "max-memory: 1.0 KiB is too little; this audit needs 3.1 MiB" (FDML_E_LIMIT). */
fdml_status fdml_audit_set_memory(fdml_machine *machine, const fdml_problem *problem,
                                  const fdml_audit_settings *settings, size_t used,
                                  size_t max_memory, fdml_error *err);

#endif
