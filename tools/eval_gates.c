/* eval_gates.c - gates of a command line; their grammar is src/eval/gate.h's.
 * SPDX-License-Identifier: MIT */
#include "eval_gates.h"

#include <math.h>

#include "eval/report_tables.h"

void eval_gates_refuse(fdml_status status, const fdml_error *err, const char *text)
{
    const int code = status == FDML_E_ARG ? CLI_EXIT_USAGE : CLI_EXIT_DATA;
    cli_die(code, "--fail-if: %s in \"%.200s\"", err->text, text);
}

void eval_gates_read(eval_gates *gates, const fdml_texts *texts, fdml_arena *arena)
{
    fdml_error err;
    for (gates->n = 0; gates->n < texts->n; gates->n++) {
        const char *text = texts->item[gates->n];
        const fdml_status status = fdml_gate_parse(&gates->gate[gates->n], text, arena, &err);
        if (status) eval_gates_refuse(status, &err, text);
    }
}

void eval_gates_check(const eval_gates *gates, const eval_options *options,
                      const fdml_problem *problem, const fdml_audit_settings *settings)
{
    fdml_error err;
    for (size_t i = 0; i < gates->n; i++) {
        const fdml_status status = fdml_gate_check(gates->gate[i], problem, settings, &err);
        if (status) eval_gates_refuse(status, &err, options->gates.item[i]);
    }
}

void eval_gates_judge(eval_gates *gates, const fdml_audit_result *result, fdml_arena *arena)
{
    fdml_error err;
    for (size_t i = 0; i < gates->n; i++)
        CLI_TRY(fdml_gate_judge(&gates->outcome[i], gates->gate[i], result, arena, &err), &err);
}

static void tell_clause(const fdml_gate_clause *c)
{
    char left[FDML_SHOWN_MAX], right[FDML_SHOWN_MAX];
    const fdml_estimate e = { c->left, c->lo, c->hi, 0, NULL };
    fdml_show_estimate(left, &e);
    fdml_show_value(right, c->right);
    if (c->holds == FDML_UNDECIDED)
        fprintf(stderr, "  undecided: %s (%s)\n", c->text, c->why);
    else
        fprintf(stderr, "  %s: %s (%s against %s)\n", c->holds == FDML_TRUE ? "true" : "false",
                c->text, left, right);
}

int eval_gates_tell(const eval_gates *gates)
{
    int status = 0;
    for (size_t i = 0; i < gates->n; i++) {
        const fdml_gate_outcome *gate = &gates->outcome[i];
        if (gate->holds == FDML_FALSE) continue;
        fprintf(stderr, "%s: gate failed%s: %s\n", cli_name(),
                gate->holds == FDML_UNDECIDED ? ", as it cannot be decided" : "", gate->text);
        for (size_t k = 0; k < gate->n_clauses; k++) tell_clause(&gate->clauses[k]);
        status = EVAL_EXIT_GATE;
    }
    return status;
}
