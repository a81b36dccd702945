/* report_gates.c - what each --fail-if came to, as a table and in the JSON report.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/gate.h"
#include "eval/report_json.h"
#include "eval/report_tables.h"

static const char *const outcome[] = {
    [FDML_FALSE] = "passed", [FDML_TRUE] = "failed", [FDML_UNDECIDED] = "undecided"
};
static const char *const truth[] = { "false", "true", "undecided" };

static void set_number(fdml_grid *grid, size_t column, const fdml_estimate *e)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_estimate(text, e);
    if (isnan(e->value))
        fdml_grid_set(grid, column, FDML_CELL_WHY, "%s", e->why);
    else
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s", text);
}

/* A gate of several clauses has a row of its own before theirs. The text comes last, so that it
 * cannot push the answer out of sight. */
static void put_rows(fdml_grid *grid, const fdml_gate_outcome *gate)
{
    enum { GATE, IS, LEFT, RIGHT, TEXT };
    const bool has_own_row = gate->n_clauses > 1;
    if (has_own_row) {
        fdml_grid_row(grid);
        fdml_grid_set(grid, GATE, FDML_CELL_TEXT, "%s", outcome[gate->holds]);
        fdml_grid_set(grid, TEXT, FDML_CELL_TEXT, "%s", gate->text);
    }
    for (size_t k = 0; k < gate->n_clauses; k++) {
        const fdml_gate_clause *c = &gate->clauses[k];
        const fdml_estimate left = { c->left, c->lo, c->hi, 0, c->why };
        const fdml_estimate right = { c->right, NAN, NAN, 0, c->why };
        fdml_grid_row(grid);
        fdml_grid_set(grid, GATE, FDML_CELL_TEXT, "%s",
                      has_own_row ? "" : outcome[gate->holds]);
        fdml_grid_set(grid, IS, FDML_CELL_TEXT, "%s", truth[c->holds]);
        set_number(grid, LEFT, &left);
        set_number(grid, RIGHT, &right);
        fdml_grid_set(grid, TEXT, FDML_CELL_TEXT, "%s%s", has_own_row ? "  " : "", c->text);
    }
}

bool fdml_grid_gates(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "gate", "is", "left", "right", "fails if" };
    const size_t n_columns = sizeof header / sizeof *header;
    size_t n_rows = 0;
    for (size_t i = 0; i < report->n_gates; i++) n_rows += 1 + report->gates[i].n_clauses;
    if (!fdml_grid_init(grid, NULL, n_columns, 1, n_rows, arena)) return false;
    grid->step = n_columns; /* one block, however long the texts are */
    for (size_t c = 0; c < n_columns; c++) grid->header[c] = header[c];
    for (size_t i = 0; i < report->n_gates; i++) put_rows(grid, &report->gates[i]);
    return !grid->failed;
}

static void put_clause(fdml_json_writer *w, const fdml_gate_clause *c)
{
    fdml_json_begin_object(w);
    fdml_json_key(w, "text");
    fdml_json_string(w, c->text);
    fdml_json_key(w, "left");
    fdml_json_number(w, c->left);
    fdml_json_key(w, "right");
    fdml_json_number(w, c->right);
    fdml_json_key(w, "holds");
    if (c->holds == FDML_UNDECIDED)
        fdml_json_null(w);
    else
        fdml_json_bool(w, c->holds == FDML_TRUE);
    if (c->why) {
        fdml_json_key(w, "why");
        fdml_json_string(w, c->why);
    }
    fdml_json_end_object(w);
}

void fdml_report_json_gates(fdml_json_writer *w, const fdml_report *report)
{
    fdml_json_key(w, "gates");
    if (!report->n_gates) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t i = 0; i < report->n_gates; i++) {
        const fdml_gate_outcome *gate = &report->gates[i];
        fdml_json_begin_object(w);
        fdml_json_key(w, "fail_if");
        fdml_json_string(w, gate->text);
        fdml_json_key(w, "passed");
        fdml_json_bool(w, gate->holds == FDML_FALSE);
        fdml_json_key(w, "undecided");
        fdml_json_bool(w, gate->holds == FDML_UNDECIDED);
        fdml_json_key(w, "clauses");
        fdml_json_begin_array(w);
        for (size_t k = 0; k < gate->n_clauses; k++) put_clause(w, &gate->clauses[k]);
        fdml_json_end_array(w);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}
