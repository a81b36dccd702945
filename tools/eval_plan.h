/* eval_plan.h - settings, memory and time of an audit, known before it runs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_PLAN_H
#define FDML_TOOLS_EVAL_PLAN_H

#include "eval/audit.h"
#include "eval_input.h"

/* The options as the audit wants them; checks what needs the data: K against the gallery, the
 * reference against the groups. */
void eval_plan_settings(fdml_audit_settings *settings, const eval_input *input,
                        const eval_options *options, fdml_arena *arena);

/* Gives the machine the memory that --max-memory leaves, or ends the program saying what is
 * needed. */
void eval_plan_memory(fdml_machine *machine, const eval_input *input,
                      const fdml_audit_settings *settings, const eval_options *options,
                      const fdml_arena *arena);

/* --dry-run: prints the estimates. */
void eval_plan_print(const eval_input *input, const fdml_audit_settings *settings,
                     const fdml_machine *machine, fdml_arena *arena);

#endif
