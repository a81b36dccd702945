/* study_tables.h - a study as tables and sentences: what text, Markdown and LaTeX print, and
 * what an HTML page can.
 *
 * Values have four decimals, and behind them the standard deviation over seeds where there are
 * several: 0.0690 ± .012. In a stacked table an interval stands in a row of its own under its
 * value, so that a table of methods fits a page; in a flat one behind the value. Everything is
 * in `arena`; false and NULL say that it is full.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_TABLES_H
#define FDML_EXPLAIN_STUDY_TABLES_H

#include "eval/report_grid.h"
#include "explain/fidelity_change.h"
#include "explain/study_report.h"

typedef enum fdml_study_table_kind {
    /* of a black box */
    FDML_STUDY_QUALITY,        /* groups x its own measures */
    FDML_STUDY_QUALITY_GAPS,   /* attributes x gaps of these */
    FDML_STUDY_OVERALL,        /* methods x measures */
    FDML_STUDY_GAPS,           /* attributes, methods x gaps, in the order of the paper */
    FDML_STUDY_GROUP_ACCURACY, /* groups x methods */
    FDML_STUDY_GROUP_AUROC,
    FDML_STUDY_GROUP_RESIDUAL,
    FDML_STUDY_CHANGES,   /* methods, overall and gaps x measures, against the baseline */
    FDML_STUDY_DECISIONS, /* groups x methods (simulate.h) */
    FDML_STUDY_BOX_TABLES,
    /* of the study */
    FDML_STUDY_INFORMATION = FDML_STUDY_BOX_TABLES,
    FDML_STUDY_GATES,
    FDML_STUDY_TABLES
} fdml_study_table_kind;

typedef struct fdml_study_table {
    fdml_grid grid; /* without a title; n_rows 0: nothing to print */
    const char *title;
    const char *note; /* what marks and brackets are; "": nothing to say */
} fdml_study_table;

/* box: index into study->box; of tables of the study 0. */
bool fdml_study_table_make(fdml_study_table *table, const fdml_study_report *report,
                           fdml_study_table_kind kind, size_t box, bool is_flat,
                           fdml_arena *arena);

/* --- study_words.c ------------------------------------------------------------------------ */

/* One line of the head: "groups", "sex: Female 1649, Male 3236 test rows". */
typedef struct fdml_study_line {
    const char *key, *text;
} fdml_study_line;
bool fdml_study_head(const fdml_study_line **line, size_t *n, const fdml_study_report *report,
                     fdml_arena *arena);
/* How the black box came about, and what methods chose on it. */
const char *fdml_study_box_words(const fdml_study *study, size_t box, fdml_arena *arena);

/* --- study_verdict.c ---------------------------------------------------------------------- */

/* The answer: [n] sentences. First how many gaps there are, then of each black box who is worse
 * off by how much, what is true by construction, and what changed against the baseline. */
bool fdml_study_verdict(const char *const **sentence, size_t *n,
                        const fdml_study_report *report, fdml_arena *arena);

/* Can it be told from chance? 1 yes, 0 no, -1 not tested. */
int fdml_study_is_shown(double p_holm, const fdml_study *study);
/* Gaps of the study that were tested, and how many of them can be told from chance. */
size_t fdml_study_count_gaps(size_t *n_shown, const fdml_study *study);
/* "lime", "lime on logistic", "tree on mlp": what changes of this method are against. */
const char *fdml_study_baseline(const fdml_study *study, size_t method, fdml_arena *arena);

/* --- study_define.c ----------------------------------------------------------------------- */

/* Keys of definitions that this study's views need, in order. */
enum { FDML_STUDY_MOST_KEYS = 32 };
size_t fdml_study_keys(const char *key[FDML_STUDY_MOST_KEYS], const fdml_study *study);

/* "accuracy", "AUROC", "residual" */
extern const char *const fdml_study_measure_name[FDML_FIDELITIES];

#endif
