/* study_report.h - one study, six views: text to read, Markdown, LaTeX, CSV, JSON, HTML; and
 * the rows behind it.
 *
 * A report writes what the study holds and computes no statistic; the tables of text, Markdown
 * and LaTeX are made once (study_tables.c) with eval/report_grid.h. Numbers of text have four
 * decimals; CSV (one row per number) and JSON (docs/formats.md) carry every digit. Write errors
 * stay in the FILE, where fdml_output_commit finds them; FDML_E_NOMEM is the only failure
 * reported here.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_REPORT_H
#define FDML_EXPLAIN_STUDY_REPORT_H

#include <stdio.h>

#include "eval/gate.h"
#include "eval/report.h"
#include "explain/study.h"

#define FDML_STUDY_SCHEMA "fdml-explain/1"

/* What the study does not know about itself. NULL: not given. */
typedef struct fdml_study_report {
    const fdml_study *study;
    const fdml_report_input *inputs; /* roles "table", "split", "model", "probabilities" */
    size_t n_inputs;
    const char *split;                     /* "drawn with seed 1", "file x.split", "column c" */
    const struct fdml_gate_outcome *gates; /* [n_gates] */
    size_t n_gates;
    const fdml_report_option *options; /* [n_options] what was asked; the JSON alone has it */
    size_t n_options;
    const char *version, *commit, *isa;
    int n_threads;
    double seconds;
    char result_sha256[FDML_SHA256_HEX];
} fdml_study_report;

typedef fdml_status fdml_study_view(FILE *file, const fdml_study_report *report,
                                    fdml_arena *arena, fdml_error *err);
fdml_study_view fdml_study_text;                 /* study_text.c */
fdml_study_view fdml_study_md, fdml_study_latex; /* study_markup.c */
fdml_study_view fdml_study_csv;                  /* study_csv.c */
fdml_study_view fdml_study_json;                 /* study_json.c */
fdml_study_view fdml_study_html;                 /* study_html.c */

/* study_rows.c. --per-row: CSV with a line for each test row, seed, black box and method: row
 * (of the table, from 1), a column for each attribute with the row's group, target (0 or 1),
 * black_box, seed, p, method, e.
 * --local: a line for each test row, black box, method with `local` and column of its
 * explanation: row, black_box, method, column, value (of the feature, as in the table), weight,
 * contribution, base, prediction; of the first seed. Base and contributions add up to the
 * prediction or, of a GAM, to its log-odds. */
void fdml_study_put_rows(FILE *file, const fdml_study *study);
void fdml_study_put_local(FILE *file, const fdml_study *study);
/* The feature a column of an explanation is made of: "job" of itself and of "job=Sales";
 * n_features: none. */
size_t fdml_study_feature_of(const fdml_tabular *t, const char *column);

/* study_plot.c: the explanation of one test row (index into study->test) by every black box and
 * method that has one, of the first seed, as an SVG drawing: bars of what each column adds, the
 * twelve largest first, then the others together. FDML_E_ARG: no method has `local`. */
fdml_status fdml_study_plot(FILE *file, const fdml_study *study, size_t test, fdml_arena *arena,
                            fdml_error *err);

/* --- definitions: a sentence or two each (study_define.c) ----------------------------------
 */

/* Keys: accuracy auroc residual max_from_average mean_between_groups behind sd interval p
 * p_holm quality change information decision gap lime shap gam tree, and every setting of a
 * method (method.h). NULL past the last. */
const char *fdml_study_define_key(size_t index);
/* Also of other names: simulate, decisions, max_gap, versus. NULL: there is none of that key.
 * Tells whose definition it is: [paper] or [ours]. */
const char *fdml_study_define(const char *key);

#endif
