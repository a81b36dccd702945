/* study_state.h - what the parts of a study share while it runs; private to study*.c.
 *
 * study.c goes through black boxes and seeds, study_groups.c makes the groups of test rows,
 * study_explain.c has one method explain one black box, study_measure.c compares the two,
 * study_local.c keeps what it says of
 * single rows, study_plan.c knows the memory before, study_plan_work.c that of scratch.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_STATE_H
#define FDML_EXPLAIN_STUDY_STATE_H

#include "eval/groups.h"
#include "explain/encode.h"
#include "explain/gam.h"
#include "explain/kernel_shap.h"
#include "explain/lime.h"
#include "explain/study.h"

/* Streams of a seed; those of perceptrons and of LIME are theirs. */
enum { FDML_STREAM_LABELS = 0x6c6162, FDML_STREAM_GROUPS = 0x677270 };
enum { FDML_STREAM_BALANCE = 0x62616c, FDML_STREAM_BACKGROUND = 0x626b67 };

/* Warnings, and the bytes of one. */
enum { FDML_STUDY_MOST_WARNINGS = 65, FDML_STUDY_WARNING = 512 };

/* A part of the table. */
typedef struct study_part {
    const uint32_t *row; /* [n] */
    size_t n;
    double *p; /* [n] the black box's answers, of the current seed */
} study_part;

/* One black box of one seed, as methods see it. */
typedef struct study_case {
    const fdml_tabular *t;
    const fdml_study_options *o;
    uint64_t seed;
    study_part part[FDML_PART_NONE];
    const fdml_blackbox *box;
    const fdml_lime_data *lime;  /* of the rows that explain; NULL: nobody asks for LIME */
    const fdml_encoder *encoder; /* fitted to the rows that explain */
} study_case;

/* What a method said of the test rows. */
typedef struct study_answer {
    double *e;               /* [n_test] */
    const char *note;        /* or NULL; in the study's arena */
    fdml_study_local *local; /* NULL: not to be kept */
} study_answer;

/* A study that runs. */
typedef struct study_run {
    fdml_study *study;
    const fdml_tabular *t;
    const fdml_study_options *o;
    study_case now; /* the black box and seed that it is the turn of */
    double *target; /* [n_seeds, n_test] as numbers, the same for every seed */
    const char **warning;
    fdml_study_box *box;             /* [n_sources] */
    fdml_study_explained *explained; /* [n_sources, n_methods] */
    fdml_fidelity *by;               /* [n_sources, n_methods, n_attributes] */
    fdml_fidelity *quality;          /* [n_sources, n_attributes] */
    fdml_arena *arena, *scratch;
    double n_done, n_all; /* explanations and classifiers, for progress */
} study_run;

/* Arrays of all seeds of one black box. */
typedef struct study_making {
    fdml_blackbox_choice *choice; /* [n_seeds] */
    double *p;                    /* [n_seeds, n_test] */
    struct {
        double *e;         /* [n_seeds, n_test] */
        const char **note; /* [n_seeds] */
        fdml_study_local *local;
    } * method; /* [n_methods] */
} study_making;

/* study.c: so many steps more are done. */
void fdml_study_progress(study_run *r, const char *phase, double steps);

/* study_measure.c: fidelity of everything on the black box b, which is then part of the study;
 * and, once all are, what method k on it is beside the baseline. */
fdml_status fdml_study_measure(study_run *r, size_t b, const study_making *m, fdml_error *err);
fdml_status fdml_study_compare(study_run *r, size_t b, size_t k, fdml_error *err);
/* What those decide who read method k on black box b. */
fdml_status fdml_study_simulate(study_run *r, size_t b, size_t k, fdml_error *err);

/* study_groups.c. *attribute is in `arena`. */
fdml_status fdml_study_groups(const fdml_study_attribute **attribute, size_t *n,
                              const fdml_tabular *t, const study_part *test,
                              bool with_intersections, fdml_arena *arena, fdml_error *err);

/* The same beforehand: groups of each set of protected columns, bit 0 being the first; 0 where
 * it is not looked at. At most, but exact where the columns have no more than FDML_MOST_CELLS
 * combinations of levels. */
enum { FDML_STUDY_SETS = 1 << FDML_MAX_ATTRIBUTES };
void fdml_study_count_groups(size_t n_groups[FDML_STUDY_SETS], const fdml_tabular *t,
                             bool with_intersections);
/* Bytes of arena that stay, at most, and those beside that are given back. */
double fdml_study_groups_memory(double *scratch, const size_t n_groups[FDML_STUDY_SETS],
                                const fdml_tabular *t, size_t n_test);

/* study_explain.c. What outlives the call is in `arena`; scratch is another one, and given
 * back. */
fdml_status fdml_study_explain(study_answer *answer, const study_case *c,
                               const fdml_method *method, fdml_arena *arena,
                               fdml_arena *scratch, fdml_error *err);

/* What the text of a method says, as its own options. */
fdml_lime_options fdml_study_lime(const fdml_study_options *study, const fdml_method *m,
                                  uint64_t seed);
fdml_shap_options fdml_study_shap(const fdml_study_options *study, const fdml_method *m,
                                  uint64_t seed);
fdml_gam_options fdml_study_gam(const fdml_study_options *study);

/* study.c: of a black box that is trained here. */
fdml_blackbox_options fdml_study_training(const fdml_study_options *study,
                                          const fdml_study_source *source, uint64_t seed);

/* study_measure.c: how intervals and tests are made. */
fdml_fidelity_options fdml_study_resampling(const fdml_study_options *study);
/* study.c: how groups are told. */
fdml_information_options fdml_study_telling(const fdml_study_options *study);

/* study_plan_work.c: bytes of scratch, at most, while a black box of the list is made and
 * explained. n_encoded: its columns, at most. */
double fdml_study_work_memory(const fdml_tabular *t, const fdml_study_options *o,
                              size_t n_encoded);

/* study_local.c: bytes of what a method's fdml_study_local of n rows keeps, at most. */
double fdml_study_local_memory(const fdml_tabular *t, const fdml_method *method, size_t n);
/* Its arrays for n rows and what columns there are, in `arena`. */
fdml_status fdml_study_local_features(fdml_study_local *local, const fdml_tabular *t, size_t n,
                                      fdml_arena *arena, fdml_error *err);
/* The n_columns listed ones of an encoder (NULL: the first n_columns). */
fdml_status fdml_study_local_encoded(fdml_study_local *local, const fdml_encoder *e,
                                     const uint32_t *column, size_t n_columns, size_t n,
                                     fdml_arena *arena, fdml_error *err);

#endif
