/* study_maker.h - what the files that make a study's tables share. See study_tables.h.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_MAKER_H
#define FDML_EXPLAIN_STUDY_MAKER_H

#include "explain/study_tables.h"

typedef struct study_maker {
    fdml_study_table *table;
    fdml_grid *grid; /* the table's */
    const fdml_study *study;
    const fdml_study_box *box; /* NULL: a table of the study */
    fdml_arena *arena;
    bool is_flat;
} study_maker;

/* A number of a row. */
typedef struct study_cell {
    size_t column;
    const fdml_estimate *e;
    double sd;
    bool is_marked;
} study_cell;

/* header: [n_columns]; room for n_rows, intervals included. False: no memory. */
bool fdml_study_begin(const study_maker *m, const char *const *header, size_t n_columns,
                      size_t n_fixed, size_t n_rows);
/* Into the row that was begun, and the one of its intervals. */
void fdml_study_cells(const study_maker *m, const study_cell *c, size_t n);
/* Begins a row with a name from the data and a count. */
void fdml_study_named_row(const study_maker *m, const char *name, size_t n);
/* Title and note; `mark`: what * says, "": there is none. */
bool fdml_study_finish(const study_maker *m, const char *title, const char *mark,
                       bool has_spread);
/* The text in the arena; NULL: no memory. */
const char *fdml_study_keep(const study_maker *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Rows of a table of all groups: one for all, a heading for each attribute, `per_group` for
 * each group, and `per_attribute` more. */
size_t fdml_study_group_rows(const fdml_study *study, size_t per_group, size_t per_attribute);

/* study_tables_after.c */
bool fdml_study_make_changes(const study_maker *m);
bool fdml_study_make_decisions(const study_maker *m);
bool fdml_study_make_information(const study_maker *m);
bool fdml_study_make_gates(const study_maker *m, const fdml_study_report *report);

#endif
