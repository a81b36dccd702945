/* eval_gates.h - --fail-if: read and checked before the audit, judged and told after it.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_GATES_H
#define FDML_TOOLS_EVAL_GATES_H

#include "eval/gate.h"
#include "eval_options.h"

enum { EVAL_EXIT_GATE = 3 };

typedef struct eval_gates {
    const fdml_gate *gate[FDML_LIST_MAX];
    fdml_gate_outcome outcome[FDML_LIST_MAX];
    size_t n;
} eval_gates;

/* Ends the program where one makes no sense: 1 for its syntax, or for what is not asked for; 2
 * for names that the data do not have. */
void eval_gates_read(eval_gates *gates, const fdml_texts *texts, fdml_arena *arena);
_Noreturn void eval_gates_refuse(fdml_status status, const fdml_error *err, const char *text);
void eval_gates_check(const eval_gates *gates, const eval_options *options,
                      const fdml_problem *problem, const fdml_audit_settings *settings);

void eval_gates_judge(eval_gates *gates, const fdml_audit_result *result, fdml_arena *arena);
/* One line on stderr for every gate that failed and for each of its clauses; returns the exit
 * status of the program. */
int eval_gates_tell(const eval_gates *gates);

#endif
