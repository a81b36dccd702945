/* explain_gates.h - --fail-if of fdml-explain: eval_gates.h, of a study.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_GATES_H
#define FDML_TOOLS_EXPLAIN_GATES_H

#include "eval_gates.h"
#include "explain/study.h"
#include "explain_options.h"

/* Ends the program where a gate names what the study will not have. */
void explain_gates_check(const eval_gates *gates, const explain_options *options,
                         const fdml_tabular *table, const fdml_study_options *study);
void explain_gates_judge(eval_gates *gates, const fdml_study *study, fdml_arena *arena);

#endif
