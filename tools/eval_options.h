/* eval_options.h - the command line of fdml-eval as one structure.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_OPTIONS_H
#define FDML_TOOLS_EVAL_OPTIONS_H

#include "cli.h"
#include "embed.h"
#include "eval/audit_options.h"

typedef enum eval_format { EVAL_TABLE, EVAL_MD, EVAL_LATEX, EVAL_CSV, EVAL_JSON } eval_format;

typedef enum eval_missing { EVAL_MISSING_ERROR, EVAL_MISSING_GROUP } eval_missing;

enum { EVAL_MAX_TARGETS = 8 };

typedef struct eval_options {
    cli_common common; /* first: CLI_COMMON_OPTIONS relies on it */
    /* what is compared */
    const char *label;
    fdml_texts groups, targets;
    int missing_attribute; /* eval_missing */
    const char *query, *gallery, *exclude_same;
    const char *pairs, *pair_name;
    const char *compare;      /* embeddings of the same rows by another model */
    fdml_texts slice_columns; /* none: all that have a few values */
    fdml_texts gates;         /* --fail-if */
    embed_settings embed;     /* where --model makes the embeddings */
    fdml_audit_options audit; /* what is measured, and how sure */
    /* output */
    int format; /* eval_format */
    const char *output, *json, *html, *model_card, *per_query;
    const char *verify, *sign, *public_key;
    fdml_texts define;
    size_t max_memory; /* 0: not given */
    bool dry_run;
} eval_options;

eval_options eval_options_defaults(void);

/* What no table can say: options that need or exclude each other. Ends the program. */
void eval_options_check(const eval_options *options);

/* Defaults, then the command line; --help, --version and mistakes do not return. */
void eval_options_read(eval_options *options, int argc, char **argv);

extern const cli_program eval_program;

/* tools/eval_define.c: prints what --define asks for. */
void eval_define(const eval_options *options);

#endif
