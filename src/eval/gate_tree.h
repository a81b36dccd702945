/* gate_tree.h - a gate as a tree; private to eval/gate_*.c.
 *
 * gate_lex.c cuts the text into tokens, gate_parse.c makes the tree, gate_check.c compares its
 * names with the data, gate_judge.c looks up its numbers.
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
    GATE_RATIO,
    GATE_LEAKAGE,
    GATE_LEAKAGE_LOGISTIC,
    GATE_LEAKAGE_KNN
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

#endif
