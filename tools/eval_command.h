/* eval_command.h - an audit as data: what fdml-eval was asked, written into its JSON report,
 * and a report's audit done again.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_COMMAND_H
#define FDML_TOOLS_EVAL_COMMAND_H

#include "eval/report.h"
#include "eval_options.h"

/* The arguments, and the options that numbers depend on where they are not the defaults. */
void eval_command_list(fdml_report *report, const eval_options *options, fdml_arena *arena);

/* A report that was written before. */
typedef struct eval_claim {
    const char *path;
    const char *text; /* the file */
    size_t size;
    struct fdml_json *root;
} eval_claim;

/* Reads options->verify, and makes *options those of its audit: files are the report's or,
 * where given, those of the command line. Ends the program where the file is no report of
 * fdml-eval. */
void eval_claim_open(eval_claim *claim, eval_options *options, fdml_arena *arena);

/* Has the report what only charts need (--report)? Then it is to be made again as well. */
bool eval_claim_has_detail(const eval_claim *claim);

/* Before anything is computed: are the files those of the report, by their hashes? False, and
 * said on `file`: one is not. */
bool eval_claim_check_files(FILE *file, const eval_claim *claim,
                            const fdml_report_input *inputs, size_t n_inputs);

/* Compares every number with that of `report`, the same audit done now; says on `file` what
 * came of it. False: something is not the same. */
bool eval_claim_check(FILE *file, const eval_claim *claim, const fdml_report *report,
                      fdml_arena *arena);
void eval_claim_close(eval_claim *claim);

#endif
