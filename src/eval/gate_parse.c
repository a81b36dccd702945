/* gate_parse.c - a gate by recursive descent, one function for each rule of gate.h.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/number.h"
#include "base/option.h"
#include "eval/gate_tree.h"

typedef struct parser {
    gate_lexer lexer;
    size_t depth, n_clauses;
    const gate_node **clause;   /* [as many as the text has relations] */
    const gate_operand *with_p; /* the nearest gap or change so far, or NULL */
    gate_operand last;          /* where with_p points */
} parser;

static bool is_token(const parser *p, gate_token_kind kind, const char *name)
{
    return p->lexer.token.kind == kind && !strcmp(p->lexer.token.name, name);
}

/* Takes the token where it is this mark or word. */
static fdml_status take_if(bool *taken, parser *p, gate_token_kind kind, const char *name)
{
    *taken = is_token(p, kind, name);
    return *taken ? fdml_gate_next(&p->lexer) : FDML_OK;
}

static fdml_status take_mark(parser *p, const char *mark, const char *what)
{
    if (!is_token(p, GATE_MARK, mark)) return fdml_gate_expected(&p->lexer, what);
    return fdml_gate_next(&p->lexer);
}

static fdml_status take_name(const char **name, parser *p, const char *what)
{
    const gate_token *t = &p->lexer.token;
    if (t->kind != GATE_WORD && t->kind != GATE_QUOTED)
        return fdml_gate_expected(&p->lexer, what);
    *name = t->name;
    return fdml_gate_next(&p->lexer);
}

static fdml_status fail_at(const parser *p, size_t byte, const char *sentence)
{
    return fdml_fail(p->lexer.err, FDML_E_ARG, "column %zu: %s",
                     fdml_gate_column(p->lexer.text, byte), sentence);
}

/* --- quantities ----------------------------------------------------------------------- */

static fdml_status add_column(gate_operand *o, parser *p)
{
    const size_t begin = p->lexer.token.begin;
    if (o->n_columns == FDML_MAX_ATTRIBUTES)
        return fail_at(p, begin, "more group columns than an audit can have");
    return take_name(&o->column[o->n_columns++], p, "a group column");
}

/* [COLUMN = VALUE, ...], its bracket not taken yet. */
static fdml_status read_group(gate_operand *o, parser *p)
{
    bool more;
    FDML_TRY(take_mark(p, "[", "'[' and a group, such as [gender=F]"));
    do {
        FDML_TRY(add_column(o, p));
        FDML_TRY(take_mark(p, "=", "'=' and a value of the column"));
        FDML_TRY(take_name(&o->value[o->n_columns - 1], p, "a value of the column"));
        FDML_TRY(take_if(&more, p, GATE_MARK, ","));
    } while (more);
    return take_mark(p, "]", "',' or ']'");
}

typedef struct function {
    const char *name;
    int code;
} function;

static const function quantities[] = {
    { "versus", GATE_VERSUS },           { "gap", GATE_GAP },
    { "max_gap", GATE_MAX_GAP },         { "ratio", GATE_RATIO },
    { "leakage", GATE_LEAKAGE },         { "leakage_logistic", GATE_LEAKAGE_LOGISTIC },
    { "leakage_knn", GATE_LEAKAGE_KNN }, { "information", GATE_INFORMATION }
};
static const function sides[] = { { "change", GATE_CHANGE }, { "other", GATE_OTHER } };
static const function aspects[] = { { "lower", GATE_LOWER },
                                    { "upper", GATE_UPPER },
                                    { "p", GATE_P },
                                    { "p_holm", GATE_P_HOLM },
                                    { "detectable", GATE_DETECTABLE } };

/* Takes "name(" where the token is one of the functions and a parenthesis follows; else -1. */
static fdml_status take_function(int *code, parser *p, const function *list, size_t n)
{
    const gate_lexer before = p->lexer;
    *code = -1;
    if (p->lexer.token.kind != GATE_WORD) return FDML_OK;
    size_t i = 0;
    while (i < n && strcmp(list[i].name, p->lexer.token.name) != 0) i++;
    if (i == n) return FDML_OK;
    FDML_TRY(fdml_gate_next(&p->lexer));
    if (!is_token(p, GATE_MARK, "(")) {
        p->lexer = before;
        return FDML_OK;
    }
    *code = list[i].code;
    return fdml_gate_next(&p->lexer);
}

#define TAKE_FUNCTION(code, p, list) take_function(code, p, list, sizeof(list) / sizeof *(list))

static fdml_status read_quantity(gate_operand *o, parser *p)
{
    int code;
    o->at = p->lexer.token.begin;
    FDML_TRY(TAKE_FUNCTION(&code, p, quantities));
    o->kind = code < 0 ? GATE_METRIC : (gate_kind)code;
    if (o->kind >= GATE_LEAKAGE) {
        FDML_TRY(add_column(o, p));
        return take_mark(p, ")", "')'");
    }
    if (code >= 0) o->at = p->lexer.token.begin;
    FDML_TRY(take_name(&o->metric, p, "a number or a value such as gap(METRIC, COLUMN)"));
    if (o->kind == GATE_METRIC && !is_token(p, GATE_MARK, "[")) return FDML_OK;
    if (o->kind == GATE_METRIC) return read_group(o, p);
    if (o->kind == GATE_VERSUS) {
        FDML_TRY(read_group(o, p));
        return take_mark(p, ")", "')'");
    }
    bool more;
    FDML_TRY(take_mark(p, ",", "',' and a group column"));
    do {
        FDML_TRY(add_column(o, p));
        FDML_TRY(take_if(&more, p, GATE_MARK, ","));
    } while (more);
    return take_mark(p, ")", "',' or ')'");
}

static bool is_gap(const gate_operand *o)
{
    return o->kind == GATE_GAP || o->kind == GATE_MAX_GAP;
}

static fdml_status read_value(gate_operand *o, parser *p)
{
    int code;
    const size_t begin = p->lexer.token.begin;
    FDML_TRY(TAKE_FUNCTION(&code, p, sides));
    if (code < 0) return read_quantity(o, p);
    o->side = (gate_side)code;
    FDML_TRY(read_quantity(o, p));
    if (o->kind != GATE_METRIC && !is_gap(o))
        return fail_at(p, begin, "change and other are of a metric, a group's or a gap");
    return take_mark(p, ")", "')'");
}

/* --- operands ------------------------------------------------------------------------- */

static bool has_p(const gate_operand *o)
{
    return o->side == GATE_CHANGE || (o->side == GATE_NEW && is_gap(o));
}

static fdml_status read_bare_p(gate_operand *o, parser *p, bool is_holm)
{
    const size_t begin = p->lexer.token.begin;
    if (!p->with_p)
        return fail_at(p, begin,
                       "p of what? No gap or change stands before it; write p(gap(...))");
    *o = *p->with_p;
    o->aspect = is_holm ? GATE_P_HOLM : GATE_P;
    o->at = begin;
    return fdml_gate_next(&p->lexer);
}

/* Words that look like a number and are none; a path may begin with a digit. */
static fdml_status check_word(const parser *p)
{
    enum { SHOWN = 40 };
    const gate_lexer *l = &p->lexer;
    const char *word = l->token.name;
    const size_t n = strlen(word), column = fdml_gate_column(l->text, l->token.begin);
    double number;
    if (n && word[n - 1] == '%' && fdml_number_double(&number, word, n - 1))
        return fdml_fail(l->err, FDML_E_DATA, "column %zu: '%.*s' is no number here; write %g",
                         column, SHOWN, word, number / 100);
    if (fdml_number_double(&number, word, n))
        return fdml_fail(l->err, FDML_E_DATA,
                         "column %zu: '%.*s' is no finite number; write one such as 0.05",
                         column, SHOWN, word);
    if (n && strchr("0123456789.+-", *word) && !strchr(word, '/'))
        return fdml_fail(l->err, FDML_E_DATA,
                         "column %zu: '%.*s' is no number; write one such as 0.05", column,
                         SHOWN, word);
    return FDML_OK;
}

static fdml_status read_operand(gate_operand *o, parser *p)
{
    int code;
    const size_t begin = p->lexer.token.begin;
    const bool is_word = p->lexer.token.kind == GATE_WORD;
    *o = (gate_operand){ .kind = GATE_NUMBER, .at = begin };
    if (is_word && fdml_real_parse(&o->number, p->lexer.token.name))
        return fdml_gate_next(&p->lexer);
    if (is_word) FDML_TRY(check_word(p));
    FDML_TRY(TAKE_FUNCTION(&code, p, aspects));
    if (code < 0 && (is_token(p, GATE_WORD, "p") || is_token(p, GATE_WORD, "p_holm")))
        return read_bare_p(o, p, is_token(p, GATE_WORD, "p_holm"));
    FDML_TRY(read_value(o, p));
    if (code >= 0) {
        o->aspect = (gate_aspect)code;
        FDML_TRY(take_mark(p, ")", "')'"));
    }
    const bool wants_p = o->aspect == GATE_P || o->aspect == GATE_P_HOLM;
    if (wants_p && !has_p(o)) return fail_at(p, begin, "only gaps and changes have a p");
    if (o->aspect == GATE_DETECTABLE && o->side != GATE_CHANGE)
        return fail_at(p, begin, "detectable is of a change: detectable(change(...))");
    if (has_p(o)) {
        p->last = *o;
        p->with_p = &p->last;
    }
    return FDML_OK;
}

/* --- conditions ----------------------------------------------------------------------- */

static fdml_status make_node(gate_node **node, parser *p, gate_operation operation)
{
    *node = fdml_arena_push_zero(p->lexer.arena, 1, sizeof **node);
    if (!*node) return fdml_fail(p->lexer.err, FDML_E_NOMEM, "no memory for a gate");
    (*node)->operation = operation;
    return FDML_OK;
}

/* What other languages write. */
static fdml_status expected_relation(const parser *p)
{
    static const char *const foreign[][2] = {
        { "=>", ">=" }, { "=<", "<=" }, { "=", "==" }, { "!", "!=" }
    };
    const char *at = p->lexer.text + p->lexer.token.begin;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (!strncmp(at, foreign[i][0], strlen(foreign[i][0])))
            return fdml_fail(p->lexer.err, FDML_E_ARG,
                             "column %zu: '%s' is no relation; write %s",
                             fdml_gate_column(p->lexer.text, p->lexer.token.begin),
                             foreign[i][0], foreign[i][1]);
    return fdml_gate_expected(&p->lexer, "a relation such as <");
}

static fdml_status read_comparison(const gate_node **out, parser *p)
{
    static const char *const relations[] = { "<", "<=", ">", ">=", "==", "!=" };
    gate_node *node;
    FDML_TRY(make_node(&node, p, GATE_COMPARISON));
    node->begin = p->lexer.token.begin;
    FDML_TRY(read_operand(&node->operand[0], p));
    size_t r = 0;
    while (r < 6 && !is_token(p, GATE_MARK, relations[r])) r++;
    if (r == 6) return expected_relation(p);
    const size_t begin = p->lexer.token.begin;
    strcpy(node->relation, relations[r]);
    FDML_TRY(fdml_gate_next(&p->lexer));
    if (!strcmp(node->relation, "<") && is_token(p, GATE_MARK, ">"))
        return fail_at(p, begin, "'<>' is no relation; write !=");
    /* Where the text of the clause ends is known once its last token is taken. */
    const gate_lexer *l = &p->lexer;
    FDML_TRY(read_operand(&node->operand[1], p));
    node->end = l->token.begin;
    while (node->end > node->begin && strchr(" \t\r\n", l->text[node->end - 1])) node->end--;
    node->index = p->n_clauses;
    p->clause[p->n_clauses++] = node;
    *out = node;
    return FDML_OK;
}

static fdml_status read_or(const gate_node **out, parser *p);

static fdml_status read_not(const gate_node **out, parser *p)
{
    bool taken;
    gate_node *node;
    if (p->depth >= FDML_GATE_MOST_DEPTH)
        return fail_at(p, p->lexer.token.begin, "nested too deeply");
    p->depth++;
    FDML_TRY(take_if(&taken, p, GATE_WORD, "not"));
    if (taken) {
        FDML_TRY(make_node(&node, p, GATE_NOT));
        FDML_TRY(read_not(&node->left, p));
        *out = node;
    } else {
        FDML_TRY(take_if(&taken, p, GATE_MARK, "("));
        FDML_TRY(taken ? read_or(out, p) : read_comparison(out, p));
        if (taken) FDML_TRY(take_mark(p, ")", "'and', 'or' or ')'"));
    }
    p->depth--;
    return FDML_OK;
}

/* rule { word rule }, from the left. */
static fdml_status read_chain(const gate_node **out, parser *p, const char *word,
                              gate_operation operation,
                              fdml_status (*rule)(const gate_node **, parser *))
{
    bool more;
    FDML_TRY(rule(out, p));
    for (;;) {
        gate_node *node;
        FDML_TRY(take_if(&more, p, GATE_WORD, word));
        if (!more) return FDML_OK;
        FDML_TRY(make_node(&node, p, operation));
        node->left = *out;
        FDML_TRY(rule(&node->right, p));
        *out = node;
    }
}

static fdml_status read_and(const gate_node **out, parser *p)
{
    return read_chain(out, p, "and", GATE_AND, read_not);
}

static fdml_status read_or(const gate_node **out, parser *p)
{
    return read_chain(out, p, "or", GATE_OR, read_and);
}

fdml_status fdml_gate_parse(const fdml_gate **gate, const char *text, fdml_arena *arena,
                            fdml_error *err)
{
    const size_t length = strlen(text);
    if (length > FDML_GATE_MOST_BYTES)
        return fdml_fail(err, FDML_E_ARG, "%zu bytes, the limit is %d", length,
                         FDML_GATE_MOST_BYTES);
    fdml_gate *made = fdml_arena_push_zero(arena, 1, sizeof *made);
    char *copy = fdml_arena_copy_text(arena, text, length);
    size_t most = 1;
    for (const char *c = text; *c; c++) most += strchr("<>=!", *c) != NULL;
    const gate_node **clause = fdml_arena_push(arena, most, sizeof(const gate_node *));
    if (!made || !copy || !clause) return fdml_fail(err, FDML_E_NOMEM, "no memory for a gate");
    parser p = { .lexer = { .text = copy, .arena = arena, .err = err }, .clause = clause };
    FDML_TRY(fdml_gate_next(&p.lexer));
    FDML_TRY(read_or(&made->root, &p));
    if (p.lexer.token.kind != GATE_END)
        return fdml_gate_expected(&p.lexer, "'and', 'or' or the end");
    made->text = copy;
    made->clause = clause;
    made->n_clauses = p.n_clauses;
    *gate = made;
    return FDML_OK;
}
