/* gate_tree.h - a gate as a tree; private to eval/gate_*.c and explain/study_gate.c.
 *
 * gate_lex.c cuts the text into tokens, gate_parse.c makes the tree; gate_names.c compares its
 * names with columns, gate_range.c asks whether it can hold at all, and gate_truth.c judges it
 * by numbers that its caller looks up. Whose
 * numbers these are is for gate_check.c and gate_judge.c to say, of an audit of embeddings, and
 * for explain/study_gate.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_GATE_TREE_H
#define FDML_EVAL_GATE_TREE_H

#include "eval/gate.h"

/* --- gate_lex.c --------------------------------------------------------------------------- */
typedef enum gate_token_kind { GATE_END, GATE_WORD, GATE_QUOTED, GATE_MARK } gate_token_kind;

typedef struct gate_token {
    gate_token_kind kind;
    size_t begin, end; /* bytes begin..end-1 of the text */
    const char *name;  /* of a word, or of what is quoted; a mark itself; in the arena */
} gate_token;

typedef struct gate_lexer {
    const char *text;
    size_t at;
    gate_token token; /* the next one, not taken yet */
    fdml_arena *arena;
    fdml_error *err;
} gate_lexer;

/* Makes `token` the one that starts at or behind `at`. */
fdml_status fdml_gate_next(gate_lexer *lexer);
/* "column 12: expected X, found 'Y'", FDML_E_ARG. */
fdml_status fdml_gate_expected(const gate_lexer *lexer, const char *what);
/* Characters up to a byte of the text, from 1. */
size_t fdml_gate_column(const char *text, size_t byte);

/* --- the tree ----------------------------------------------------------------------------- */
typedef enum gate_side { GATE_NEW, GATE_OTHER, GATE_CHANGE } gate_side;
typedef enum gate_aspect {
    GATE_VALUE,
    GATE_LOWER,
    GATE_UPPER,
    GATE_P,
    GATE_P_HOLM,
    GATE_DETECTABLE
} gate_aspect;
typedef enum gate_kind {
    GATE_NUMBER,
    GATE_METRIC, /* overall where there is no column */
    GATE_VERSUS,
    GATE_GAP,
    GATE_MAX_GAP, /* of fdml-explain */
    GATE_RATIO,
    GATE_LEAKAGE, /* from here on of a column alone */
    GATE_LEAKAGE_LOGISTIC,
    GATE_LEAKAGE_KNN,
    GATE_INFORMATION /* of fdml-explain */
} gate_kind;

typedef struct gate_operand {
    gate_kind kind;
    gate_side side;
    gate_aspect aspect;
    double number;
    const char *metric;
    const char *column[FDML_MAX_ATTRIBUTES], *value[FDML_MAX_ATTRIBUTES];
    size_t n_columns;
    size_t at; /* byte of the text, for messages: its column is there */
} gate_operand;

typedef enum gate_operation { GATE_OR, GATE_AND, GATE_NOT, GATE_COMPARISON } gate_operation;

typedef struct gate_node {
    gate_operation operation;
    const struct gate_node *left, *right; /* of NOT: left alone */
    char relation[3];
    gate_operand operand[2];
    size_t begin, end, index; /* a comparison: its text, and its place among the clauses */
} gate_node;

struct fdml_gate {
    const char *text;
    const gate_node *root;
    const gate_node *const *clause; /* [n_clauses] the comparisons, in order */
    size_t n_clauses;
};

/* --- gate_names.c ------------------------------------------------------------------------- */
/* The operand that is being checked. */
typedef struct gate_place {
    const fdml_gate *gate;
    const gate_operand *operand;
    fdml_error *err;
} gate_place;

/* "column 7: there is no METRIC 'x'; did you mean y?", FDML_E_DATA. candidate as in
 * fdml_option_nearest. */
fdml_status fdml_gate_unknown(const gate_place *at, const char *what, const char *name,
                              const char *(*candidate)(const void *, size_t), const void *ctx);
/* "column 7: WHAT", FDML_E_ARG. */
fdml_status fdml_gate_needs(const gate_place *at, const char *what);

/* Columns that groups may be named by, and the rows that are in groups. */
typedef struct gate_columns {
    const fdml_factor *factor; /* [n], codes of n_rows */
    size_t n, n_rows;
    const uint8_t *part; /* [n_rows]; NULL: all rows count */
    uint8_t counted;     /* else those of this part */
    const char *rows;    /* what they are called: "row" */
    bool has_intersections;
} gate_columns;

/* Whether there are the operand's columns and values, and a row that has them. */
fdml_status fdml_gate_columns_check(const gate_place *at, const gate_columns *columns);

/* Whether `text` is names of the operand's columns or values (o->column or o->value), in the
 * order in which the data have the columns, with " x " between them: how groups.c names
 * intersections. `column` names the data's columns, NULL past the last. */
bool fdml_gate_is_joined(const char *text, const gate_operand *o, const char *const *names,
                         const char *(*column)(const void *, size_t), const void *ctx);

/* --- gate_range.c ------------------------------------------------------------------------- */
/* Where a number can lie, both ends included; infinite where it is not bounded. */
typedef struct gate_range {
    double low, high;
} gate_range;
typedef gate_range gate_range_of(const void *ctx, const gate_operand *operand);

/* The range of an operand whose METRIC has the range r. Ends of intervals lie where the values
 * do that they are percentiles of. A maximum gap from the average may be negative. */
gate_range fdml_gate_range(const gate_operand *o, gate_range r);
/* FDML_E_DATA: the gate names nothing that is measured; it always holds, or never can:
 * "column 1: this lies from 0 to 1 and so is never > 5; write 0.05 for 5%". Its names are
 * checked already; an operand that is a number is not looked up. */
fdml_status fdml_gate_range_check(const fdml_gate *gate, gate_range_of *of, const void *ctx,
                                  fdml_error *err);

/* --- gate_truth.c ------------------------------------------------------------------------- */
/* What an operand was found to be. */
typedef struct gate_found {
    double number, lo, hi;
    const char *why; /* NULL: it has a number */
} gate_found;
typedef gate_found gate_find(const void *ctx, const gate_operand *operand);

gate_found fdml_gate_missing(const char *why);
/* A number that stands beside an estimate; `why` is what its absence means. */
gate_found fdml_gate_beside(double number, const fdml_estimate *e, const char *why);
/* The aspect of an estimate, p and p_holm those of its test; never GATE_DETECTABLE. */
gate_found fdml_gate_aspect(const fdml_estimate *e, gate_aspect aspect, double p,
                            double p_holm);
/* Judges a gate by what `find` finds; an operand that is a number is not looked up. *outcome
 * lives in `arena`. FDML_E_NOMEM. */
fdml_status fdml_gate_judge_by(fdml_gate_outcome *outcome, const fdml_gate *gate,
                               gate_find *find, const void *ctx, fdml_arena *arena,
                               fdml_error *err);

#endif
