/* explain_input.h - the files of an audit of explanations, opened, checked and hashed.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_INPUT_H
#define FDML_TOOLS_EXPLAIN_INPUT_H

#include "eval/report.h"
#include "explain/encode.h"
#include "explain/tabular.h"
#include "explain_options.h"

enum { EXPLAIN_MOST_FILES = 5 };

typedef struct explain_input {
    fdml_table table; /* in the program's arena */
    fdml_tabular tabular;
    fdml_tabular_notes notes;
    fdml_encoder encoder; /* fitted to the rows that train: what a black box sees */
    const char *split;    /* "drawn with seed 1", in words */
    fdml_report_input file[EXPLAIN_MOST_FILES];
    const char *read_path[EXPLAIN_MOST_FILES]; /* as they can be opened */
    size_t n_files;
} explain_input;

/* Reads the table and splits it. Ends the program with one line where something is not right:
 * a column, a cell, a group without test rows, a category that no training row has. */
void explain_input_open(explain_input *input, const explain_options *options,
                        fdml_arena *arena);
void explain_input_hash(explain_input *input); /* fills file[].sha256 */

/* One more file to be listed in the report. */
void explain_input_add_file(explain_input *input, const char *role, const char *shown,
                            const char *read_path, size_t n_rows);

#endif
