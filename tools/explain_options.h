/* explain_options.h - the command line of fdml-explain as one structure.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_OPTIONS_H
#define FDML_TOOLS_EXPLAIN_OPTIONS_H

#include "cli.h"

typedef enum explain_format {
    EXPLAIN_TABLE,
    EXPLAIN_MD,
    EXPLAIN_LATEX,
    EXPLAIN_CSV,
    EXPLAIN_JSON
} explain_format;

typedef enum explain_balance { EXPLAIN_NO, EXPLAIN_YES, EXPLAIN_BOTH } explain_balance;
typedef enum explain_unseen { EXPLAIN_UNSEEN_ERROR, EXPLAIN_UNSEEN_ZERO } explain_unseen;

typedef enum explain_missing { EXPLAIN_MISSING_ERROR, EXPLAIN_MISSING_GROUP } explain_missing;

typedef struct explain_options {
    cli_common common; /* first: CLI_COMMON_OPTIONS relies on it */
    /* the table */
    const char *target, *positive;
    fdml_texts groups, drop, numeric, categorical, missing;
    int missing_attribute; /* explain_missing */
    int unseen;            /* explain_unseen */
    const char *split, *split_column;
    uint64_t split_seed;
    /* the black box */
    fdml_texts boxes; /* logistic, mlp */
    fdml_reals candidates;
    bool balance_labels;
    int balance_groups; /* explain_balance */
    const char *probabilities, *command, *model;
    uint64_t patience; /* seconds for --command */
    /* explanations */
    fdml_texts methods;
    fdml_counts seeds;
    const char *compare;
    bool with_information, with_simulation;
    /* how sure */
    uint64_t min_group, n_bootstrap, n_permutations;
    double confidence;
    bool with_intersections;
    fdml_texts gates;
    /* output */
    int format; /* explain_format */
    const char *output, *json, *html, *per_row, *local, *plot, *encoding;
    uint64_t row; /* of the table, from 1; 0: not given */
    fdml_texts define;
    size_t max_memory; /* 0: not given */
    bool dry_run;
} explain_options;

/* The defaults, then the command line; --help, --version and mistakes do not return. */
void explain_options_read(explain_options *options, int argc, char **argv);
explain_options explain_options_defaults(void);

/* Permutations that were not asked for: the usual number, or more where Holm needs them. */
#define EXPLAIN_PERMUTATIONS_OPEN UINT64_MAX
enum { EXPLAIN_PERMUTATIONS_USUAL = 1000 };

extern const cli_program explain_program;

/* tools/explain_define.c: prints what --define asks for. */
void explain_define(const explain_options *options, fdml_arena *arena);

#endif
