/* eval_input.h - the files of an audit, opened, matched row by row, and hashed.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_INPUT_H
#define FDML_TOOLS_EVAL_INPUT_H

#include "data/factor.h"
#include "data/matrix.h"
#include "data/table.h"
#include "eval/comparison.h"
#include "eval/problem.h"
#include "eval/report.h"
#include "eval/verify.h"
#include "eval_options.h"
#include "eval/audit.h"

typedef struct eval_input {
    fdml_matrix matrix; /* data is NULL when only probed */
    fdml_matrix other;  /* of --compare, likewise; n_rows 0: not asked for */
    fdml_audit_other compared;
    fdml_table table;    /* only while opening; n_columns 0: no METADATA */
    fdml_arena text;     /* of the table */
    const char *columns; /* its names, "label, gender"; NULL: no METADATA */
    fdml_factor label, attribute[FDML_MAX_ATTRIBUTES], exclude, target[EVAL_MAX_TARGETS];
    fdml_factor slice_column[FDML_SLICE_MOST_COLUMNS];
    size_t n_slice_columns;
    const char *slices_note; /* which columns were left out, and why; NULL: none */
    fdml_problem problem;    /* points into this structure */
    const fdml_row_pair *pairs;
    size_t n_pairs;
    fdml_report_input file[7 + FDML_MAX_ATTRIBUTES + EVAL_MAX_TARGETS];
    const char *read_path[7 + FDML_MAX_ATTRIBUTES +
                          EVAL_MAX_TARGETS]; /* of the same, as it can be opened; NULL:
                                              * it has its hash */
    size_t n_files;
    size_t n_images, n_left_out; /* with --model: of the table, and not to be read */
    const char *value, *preprocessing;
    const char *const *picture; /* [n_rows] paths as in the metadata; NULL: not kept */
    const char *picture_root;   /* what relative ones start from, with its slash */
} eval_input;

/* Ends the program with one line where a file is not right. With --dry-run, and where
 * --max-memory cannot hold the values, no value is read. */
void eval_input_open(eval_input *input, const eval_options *options,
                     const fdml_machine *machine, fdml_arena *arena);
void eval_input_hash(eval_input *input); /* fills file[].sha256 */
void eval_input_close(eval_input *input);

/* One more file to be listed in the report: as the user wrote it, and as it can be opened. */
fdml_report_input *eval_input_add_file(eval_input *input, const char *role, const char *shown,
                                       const char *read_path, size_t n_rows);

/* tools/eval_model.c: fills matrix and, where the images are pictures, table by running a
 * model; lists the files. */
void eval_model_open(eval_input *input, const eval_options *options,
                     const fdml_machine *machine, fdml_arena *arena);

/* tools/eval_thumbs.c: keeps the column of paths, where a page is asked for and there is one;
 * after the audit, small pictures of the rows that its detail names, in the arena. */
void eval_input_keep_pictures(eval_input *input, const eval_options *options,
                              fdml_arena *arena);
void eval_thumbs_make(fdml_report *report, const eval_input *input, const fdml_machine *machine,
                      fdml_arena *arena);

/* tools/eval_slices.c: fills slice_column, for --find-slices; table is open. */
void eval_slices_open(eval_input *input, const eval_options *options, fdml_arena *arena);

/* tools/eval_pairs.c: fills pairs; matrix, table and label are open. */
void eval_pairs_open(eval_input *input, const eval_options *options, fdml_arena *arena);

#endif
