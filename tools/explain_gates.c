/* explain_gates.c - see explain_gates.h.
 * SPDX-License-Identifier: MIT */
#include "explain_gates.h"

#include "explain/study_gate.h"

void explain_gates_check(const eval_gates *gates, const explain_options *options,
                         const fdml_tabular *table, const fdml_study_options *study)
{
    fdml_error err;
    for (size_t i = 0; i < gates->n; i++) {
        const fdml_status status = fdml_study_gate_check(gates->gate[i], table, study, &err);
        if (status) eval_gates_refuse(status, &err, options->gates.item[i]);
    }
}

void explain_gates_judge(eval_gates *gates, const fdml_study *study, fdml_arena *arena)
{
    fdml_error err;
    for (size_t i = 0; i < gates->n; i++)
        CLI_TRY(fdml_study_gate_judge(&gates->outcome[i], gates->gate[i], study, arena, &err),
                &err);
}
