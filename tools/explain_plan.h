/* explain_plan.h - what an audit of explanations will do and need, before it runs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_PLAN_H
#define FDML_TOOLS_EXPLAIN_PLAN_H

#include "explain_input.h"
#include "explain_sources.h"

/* The options as the study wants them; checks what needs the table: what --compare names (a
 * file is read, and listed in the input), the row of --row. Arrays are in `arena`. */
void explain_plan_settings(fdml_study_options *study, explain_input *input,
                           const explain_sources *sources, const explain_options *options,
                           fdml_arena *arena);

/* Ends the program where --max-memory cannot hold the study, and says what is needed. */
void explain_plan_memory(const explain_input *input, const fdml_study_options *study,
                         const explain_sources *sources, const explain_options *options,
                         const fdml_arena *arena);

/* --dry-run: prints rows, groups and memory, which as --max-memory is enough. */
void explain_plan_print(const explain_input *input, const fdml_study_options *study,
                        const explain_sources *sources, const fdml_arena *arena);

#endif
