/* gate.h - conditions over the numbers of an audit, for builds that must fail: --fail-if.
 *
 *   gate       = and { "or" and }
 *   and        = not { "and" not }
 *   not        = "not" not | "(" gate ")" | operand relation operand
 *   relation   = "<" | "<=" | ">" | ">=" | "==" | "!="
 *   operand    = NUMBER | "p" | "p_holm" | value
 *              | ( "lower" | "upper" | "p" | "p_holm" | "detectable" ) "(" value ")"
 *   value      = quantity | ( "change" | "other" ) "(" quantity ")"
 *   quantity   = METRIC [ group ] | "versus" "(" METRIC group ")"
 *              | ( "gap" | "ratio" ) "(" METRIC { "," COLUMN } ")"
 *              | ( "leakage" | "leakage_logistic" | "leakage_knn" ) "(" COLUMN ")"
 *   group      = "[" COLUMN "=" VALUE { "," COLUMN "=" VALUE } "]"
 *
 * and of fdml-explain, whose values explain/study_gate.h lists, also
 *
 *              | "max_gap" "(" METRIC { "," COLUMN } ")" | "information" "(" COLUMN ")"
 *
 * Two or more columns name an intersection. A name stands as it is or, where it has blanks or
 * one of ( ) [ ] , = < > ! in it, within ' or " (doubled inside). p alone is that of the
 * nearest gap or change to its left. `leakage` is the larger of both readers.
 *
 * A gate is judged in three values (Kleene): a comparison with a number that may not be given -
 * too few rows, no test - is undecided, and so is what hangs on it. A gate that is true or
 * undecided fails: none passes by accident. Syntax and names are checked before anything is
 * computed. No I/O here.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_GATE_H
#define FDML_EVAL_GATE_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/audit.h"

enum { FDML_GATE_MOST_BYTES = 4096, FDML_GATE_MOST_DEPTH = 64 };

typedef struct fdml_gate fdml_gate;

typedef enum fdml_truth { FDML_FALSE, FDML_TRUE, FDML_UNDECIDED } fdml_truth;

/* One comparison, as written and as found. left and right are NaN where `why` says why. */
typedef struct fdml_gate_clause {
    const char *text;
    double left, right;
    double lo, hi; /* interval of the left value, NaN where it has none or is none */
    fdml_truth holds;
    const char *why;
} fdml_gate_clause;

typedef struct fdml_gate_outcome {
    const char *text;
    fdml_truth holds;                /* anything but FDML_FALSE: the gate fails */
    const fdml_gate_clause *clauses; /* [n_clauses] in the order they are written */
    size_t n_clauses;
} fdml_gate_outcome;

/* `text` is copied. FDML_E_ARG: "column 12: expected a relation such as <, found ')'";
 * FDML_E_DATA: "column 12: '5%' is no number here; write 0.05"; FDML_E_NOMEM. */
fdml_status fdml_gate_parse(const fdml_gate **gate, const char *text, fdml_arena *arena,
                            fdml_error *err);

/* Whether the data have what the gate names; needs no rows. FDML_E_DATA: "column 1: no metric
 * 'recal_at_1' is measured; did you mean recall_at_1?"; FDML_E_ARG: a part of the audit that is
 * not asked for, such as change() without a second model; FDML_E_NOMEM. FDML_E_DATA also where
 * the gate holds always or never, whatever is measured: "column 1: this lies from 0 to 1 and so
 * is never > 5; write 0.05 for 5%". */
fdml_status fdml_gate_check(const fdml_gate *gate, const fdml_problem *problem,
                            const fdml_audit_settings *settings, fdml_error *err);

/* A checked gate; *outcome lives in `arena`. FDML_E_NOMEM. */
fdml_status fdml_gate_judge(fdml_gate_outcome *outcome, const fdml_gate *gate,
                            const fdml_audit_result *result, fdml_arena *arena,
                            fdml_error *err);

#endif
