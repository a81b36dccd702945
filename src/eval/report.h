/* report.h - one result, six views: text to read, Markdown, LaTeX, CSV, JSON, HTML.
 *
 * A report writes what the result holds and computes no statistic. Text, Markdown and LaTeX
 * show four decimals and are made from the same tables (report_tables.h); CSV (one row per
 * number) and JSON (docs/formats.md) carry every digit. HTML is one page with charts. Write
 * errors stay in the FILE, where fdml_output_commit finds them; FDML_E_NOMEM is the only
 * failure reported here.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_REPORT_H
#define FDML_EVAL_REPORT_H

#include <stdio.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/status.h"
#include "eval/audit.h"

typedef struct fdml_report_input {
    const char
        *role; /* "embeddings", "compare", "metadata", "labels", "pairs", "images", ... */
    const char *path;
    char sha256[FDML_SHA256_HEX];
    size_t n_rows, dim; /* dim 0: not a matrix; n_rows 0: the model */
    const char *dtype;  /* NULL: not a matrix */
} fdml_report_input;

#define FDML_REPORT_SCHEMA "fdml-eval/1"

/* An option of the command line as it could be given again; one that may be repeated comes once
 * for each time. */
typedef struct fdml_report_option {
    const char *name, *value;
} fdml_report_option;

/* A row's picture, made small: a PNG file in memory. */
typedef struct fdml_thumbnail {
    uint32_t row;
    size_t width, height; /* pixels, 64 at most */
    const unsigned char *png;
    size_t size;
} fdml_thumbnail;

/* What the result does not know about itself. NULL: not given. */
typedef struct fdml_report {
    const fdml_audit_result *result;
    const fdml_problem *problem;
    const fdml_report_input *inputs;
    size_t n_inputs;
    const char *query, *gallery, *exclude_same, *pairs; /* columns and the pairs file */
    const char *missing_attribute;         /* "group": empty cells are the group "missing" */
    const struct fdml_gate_outcome *gates; /* [n_gates] eval/gate.h */
    size_t n_gates;
    const char *value, *preprocessing; /* where the embeddings were made on the way */
    const char *hint;                  /* a last line for the reader of text */
    const char *const *arguments;      /* what was asked; the JSON alone has it */
    const fdml_report_option *options;
    size_t n_arguments, n_options;
    const fdml_thumbnail *thumbnails; /* [n_thumbnails] by row, for HTML */
    size_t n_thumbnails;
    const char *thumbnails_note; /* why some or all are missing */
    const char *version, *commit, *isa;
    int n_threads;
    double seconds;
    char result_sha256[FDML_SHA256_HEX];
} fdml_report;

fdml_status fdml_report_text(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err);
fdml_status fdml_report_md(FILE *file, const fdml_report *report, fdml_arena *arena,
                           fdml_error *err);
fdml_status fdml_report_latex(FILE *file, const fdml_report *report, fdml_arena *arena,
                              fdml_error *err);
fdml_status fdml_report_csv(FILE *file, const fdml_report *report, fdml_arena *arena,
                            fdml_error *err);
fdml_status fdml_report_json(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err);

/* Markdown under a header of Hugging Face's "model-index", to go into a model's README.md. */
fdml_status fdml_report_card(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err);

/* One file without scripts and without addresses of other files; the result has its detail
 * (settings.with_detail). The sections are listed in report_html.c. */
fdml_status fdml_report_html(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err);

/* One row per query: row, label, attributes, whether it is lone, each mean-kind metric. */
void fdml_report_queries(FILE *file, const fdml_report *report);

/* One setting of the run, for views that list them all. */
typedef enum fdml_setting_kind {
    FDML_SETTING_TEXT, /* NULL: none */
    FDML_SETTING_NUMBER,
    FDML_SETTING_INTEGER, /* exact beyond 2^53: the seed */
    FDML_SETTING_BOOL,
    FDML_SETTING_TEXTS,
    FDML_SETTING_NUMBERS
} fdml_setting_kind;

typedef struct fdml_setting {
    const char *key;
    fdml_setting_kind kind;
    const char *text;
    double number; /* also the bool */
    uint64_t integer;
    const char *const *texts;
    const double *numbers;
    size_t n;
} fdml_setting;

#define FDML_SETTINGS_MAX 40
/* Fills settings[]; returns how many, or 0 when the arena is full. */
size_t fdml_report_settings(fdml_setting settings[FDML_SETTINGS_MAX], const fdml_report *report,
                            fdml_arena *arena);

/* Keys, beside the metrics', that the report uses and fdml_define explains; returns how many.
 */
#define FDML_MEASURES_MAX 40
size_t fdml_report_measures(const char *keys[FDML_MEASURES_MAX],
                            const fdml_audit_result *result);

/* The metric whose definition the m-th repeats (recall at another K) stands right before it. */
bool fdml_report_is_repeated(const fdml_audit_settings *settings, size_t m);
/* "recall_at_K" for all of recall_at_1 ..., else the metric's key. */
const char *fdml_report_family(const fdml_metric *metric);

/* The metric that tells lone queries: the first of kind mean; n_metrics: there is none. */
size_t fdml_report_mean_metric(const fdml_audit_result *result);

#endif
