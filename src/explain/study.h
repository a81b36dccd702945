/* study.h - one audit of explanations: black boxes, their explanations, and for whom these say
 * what the black box says.
 *
 *   table, split -> per seed: balance -> black box -> explanations -> fidelity -> reports
 *
 * Every black box of the list is trained (or asked) for every seed, every method explains each
 * of its answers on the test rows, and fidelity.h compares the two, group by group. The result
 * is one structure which reports are views of (study_*.c); nothing in it changes afterwards.
 *
 * Balagopalan et al., "The Road to Explainability is Paved with Bias" (FAccT 2022): five
 * training seeds on one split, mean and standard deviation over them. Intervals over test rows
 * and tests are ours.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_H
#define FDML_EXPLAIN_STUDY_H

#include "base/progress.h"
#include "explain/blackbox.h"
#include "explain/fidelity.h"
#include "explain/information.h"
#include "explain/method.h"

typedef struct fdml_study_other fdml_study_other; /* study_other.h */

enum { FDML_STUDY_MOST_BOXES = 16, FDML_STUDY_MOST_METHODS = 32, FDML_STUDY_MOST_SEEDS = 64 };

/* A black box that is to be explained. */
typedef struct fdml_study_source {
    const char *name; /* "logistic", "mlp", "mlp+groups", "credit.onnx": also in gates */
    const fdml_blackbox *outside; /* NULL: trained here, for each seed anew */
    fdml_blackbox_kind kind;      /* of one that is trained here */
    bool balances_groups;         /* its training rows: groups of the first attribute as
                                   * frequent as the largest */
} fdml_study_source;

typedef struct fdml_study_options {
    const fdml_study_source *source; /* [n_sources] */
    size_t n_sources;
    const fdml_method *method; /* [n_methods] */
    size_t n_methods;
    const uint64_t *seed; /* [n_seeds] */
    size_t n_seeds;
    bool balances_labels;          /* of every black box that is trained here */
    const double *candidate;       /* C, or widths, to choose from; NULL: the paper's */
    size_t n_candidates;           /* of one there is no choice */
    size_t baseline;               /* method that others are compared with; SIZE_MAX: none */
    size_t baseline_source;        /* black box that others are compared with; SIZE_MAX: none */
    const fdml_study_other *other; /* another run to compare with instead; NULL: none */
    size_t min_group;              /* test rows below which a group has no numbers */
    bool with_intersections;       /* of the attributes, where there are several */
    bool with_information;         /* information.h */
    bool with_simulation;          /* simulate.h */
    bool with_local;               /* keeps fdml_study_local of the first seed */
    size_t n_bootstrap, n_permutations;
    double confidence;
    fdml_workers workers;
    const fdml_progress *progress; /* or NULL */
} fdml_study_options;

/* Groups of test rows by one protected column, or by all of them together. */
typedef struct fdml_study_attribute {
    const char *name; /* "sex", "sex x race" */
    size_t n_groups;
    const char *const *group; /* [n_groups] "Female", "Female x White"; each has test rows */
    const uint32_t *code;     /* [n_test] */
    bool is_intersection;
} fdml_study_attribute;

/* What a local method says of each test row, of the first seed. */
typedef struct fdml_study_local {
    size_t n_columns;
    const char *const *column; /* [n_columns] features, or encoded columns "job=Sales" */
    double *contribution;      /* [n_test, n_columns]: what the column adds to the prediction.
                                * LIME: weight z; SHAP: phi; GAM: f(z), in log-odds */
    double *weight;            /* [n_test, n_columns] LIME's coefficients of z; else NULL */
    double *base;              /* [n_test] what is added to: LIME's intercept, SHAP's E f, GAM's
                                * intercept in log-odds */
    double *r2;                /* [n_test] of LIME's fit; else NULL */
    bool is_log_odds;
} fdml_study_local;

/* One method on one black box. */
typedef struct fdml_study_explained {
    const fdml_method *method;
    const fdml_fidelity *by; /* [n_attributes]: of p the black box's answers */
    /* This one less the baseline (fidelity_change.h), [n_attributes]; NULL: it is the baseline
     * itself, or none was asked for. */
    const struct fdml_fidelity_change *change;
    /* What its readers decide (simulate.h), [n_attributes]; NULL: not asked for. */
    const struct fdml_simulation *simulation;
    const double *e;               /* [n_seeds, n_test] what it predicts */
    const char *const *note;       /* [n_seeds] what was chosen: "depth 4", "lambda 0.06"; the
                                    * items may be NULL */
    const fdml_study_local *local; /* NULL: not kept, or a method without */
} fdml_study_explained;

typedef struct fdml_study_box {
    const fdml_study_source *source;
    const fdml_blackbox_choice *choice; /* [n_seeds]; NULL: from outside */
    const double *p;                    /* [n_seeds, n_test] */
    /* How good it is itself: as fidelity, but of the target (0 or 1) in the place of p and of p
     * in that of e. [n_attributes] */
    const fdml_fidelity *quality;
    const fdml_study_explained *explained; /* [n_methods] */
} fdml_study_box;

typedef struct fdml_study {
    const fdml_tabular *table;
    const fdml_study_options *options;
    const uint32_t *test; /* [n_test] rows of the table */
    size_t n_test;
    size_t n_rows[FDML_PART_NONE];         /* of each part, before balancing */
    const fdml_study_attribute *attribute; /* [n_attributes] */
    size_t n_attributes;
    const fdml_study_box *box; /* [n_sources] */
    /* How well features tell the groups: [n_information], NULL where not asked for. */
    const fdml_information *information;
    size_t n_information;
    /* [n_warnings]: of the table first, which its reader made, then of black boxes, then of
     * intervals. */
    const char *const *warning;
    size_t n_warnings, n_table_warnings, n_box_warnings;
    size_t peak; /* bytes of `arena`, whatever is in it, and of scratch, at most at once */
} fdml_study;

/* FDML_E_ARG: a method that one of the black boxes cannot have, before anything is trained. */
fdml_status fdml_study_check(const fdml_study_options *options, fdml_error *err);

/* The table is split. Everything is in `arena`, and borrows table and options. FDML_E_ARG: as
 * fdml_study_check says; FDML_E_DATA as what is called says; FDML_E_NOMEM. */
fdml_status fdml_study_run(fdml_study *study, const fdml_tabular *table,
                           const fdml_study_options *options, fdml_arena *arena,
                           fdml_error *err);

/* Bytes that a run takes at most, of `arena`, of scratch and of the arenas that its threads
 * have: for --max-memory and --dry-run. What is outside (blackbox.h) is not among them. */
double fdml_study_memory(const fdml_tabular *table, const fdml_study_options *options);

/* SHA-256 over the numbers of the result in a fixed order, each preceded by what it is; of
 * local explanations there are only the predictions. */
#include "base/hash.h"
void fdml_study_hash(char hex[FDML_SHA256_HEX], const fdml_study *study);

#endif
