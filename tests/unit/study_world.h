/* study_world.h - a study of explanations as fdml_study_run could have made it, for the tests
 * of its views and gates: two black boxes, four methods, three seeds, two attributes and their
 * intersection.
 *
 * It has what real studies have and what breaks reports: a group too small for numbers, names
 * with markup, control characters, quotes and letters written from right to left, a method that
 * is right by construction, one that serves a group worse, an intervention with its change, and
 * local explanations with and without weights. Fidelity is measured (fidelity.h), not made up;
 * changes are the differences of what was measured, with made-up intervals and p.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_STUDY_WORLD_H
#define FDML_TESTS_UNIT_STUDY_WORLD_H

#include "explain/fidelity_change.h"
#include "explain/simulate.h"
#include "explain/study.h"
#include "explain/study_report.h"

enum {
    STUDY_ROWS = 320,
    STUDY_TEST = 128,
    STUDY_FEATURES = 4,
    STUDY_ATTRIBUTES = 3,
    STUDY_SEEDS = 3,
    STUDY_BOXES = 2,   /* logistic, mlp */
    STUDY_METHODS = 4, /* lime, lime:jtt10, shap, tree; the first is the baseline */
    STUDY_GROUPS = 8,
    STUDY_INFORMATION = 5,
    STUDY_COLUMNS = 6 /* of LIME's explanations; SHAP's are features */
};

/* Everything may be changed before a view is asked for. */
typedef struct study_world {
    fdml_study study;
    fdml_study_report report;
    fdml_tabular table;
    fdml_study_options options;
    fdml_study_source source[STUDY_BOXES];
    fdml_method method[STUDY_METHODS];
    uint64_t seed[STUDY_SEEDS];
    fdml_factor protected_[2];
    uint32_t protected_code[2][STUDY_ROWS];
    float x[STUDY_ROWS * STUDY_FEATURES];
    uint8_t target[STUDY_ROWS], part[STUDY_ROWS];
    uint32_t test[STUDY_TEST];
    fdml_study_attribute attribute[STUDY_ATTRIBUTES];
    uint32_t code[STUDY_ATTRIBUTES][STUDY_TEST];
    char crossed_name[STUDY_GROUPS][96];
    const char *crossed[STUDY_GROUPS];
    fdml_blackbox_choice choice[STUDY_BOXES][STUDY_SEEDS];
    double p[STUDY_BOXES][STUDY_SEEDS * STUDY_TEST];
    double e[STUDY_BOXES][STUDY_METHODS][STUDY_SEEDS * STUDY_TEST];
    fdml_fidelity quality[STUDY_BOXES][STUDY_ATTRIBUTES];
    fdml_fidelity fidelity[STUDY_BOXES][STUDY_METHODS][STUDY_ATTRIBUTES];
    fdml_fidelity_change change[STUDY_BOXES][STUDY_METHODS][STUDY_ATTRIBUTES];
    fdml_fidelity_difference changed[STUDY_BOXES][STUDY_METHODS][STUDY_ATTRIBUTES]
                                    [STUDY_GROUPS * FDML_FIDELITIES];
    fdml_study_local local[STUDY_BOXES][2]; /* of lime, of shap */
    double contribution[STUDY_BOXES][2][STUDY_TEST * STUDY_COLUMNS];
    double weight[STUDY_BOXES][STUDY_TEST * STUDY_COLUMNS];
    double base[STUDY_BOXES][2][STUDY_TEST], r2[STUDY_BOXES][STUDY_TEST];
    fdml_simulation simulation[STUDY_BOXES][STUDY_METHODS][STUDY_ATTRIBUTES];
    fdml_study_explained explained[STUDY_BOXES][STUDY_METHODS];
    fdml_study_box box[STUDY_BOXES];
    fdml_information information[STUDY_INFORMATION];
    fdml_report_input input[2];
    fdml_report_option option[2];
    fdml_gate_outcome gate[2];
    fdml_gate_clause clause[2];
} study_world;

/* Fills *w, with arrays in `arena`. A failure ends the test. */
void study_world_make(study_world *w, fdml_arena *arena);

#endif
