/* gate_range.c - can a gate ever hold, and can it ever not?
 *
 * A share that is compared with 5 where .05 was meant would pass every build. What is measured
 * mostly has a range, so each comparison can be true, false or either; the rest is Kleene's
 * logic with "either" as its third value. Refused are a gate that is decided before anything
 * is measured, and a part of "or" that can never hold, since it says nothing. A part of "and"
 * that always holds is let be: it may be what p alone refers to.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "eval/gate_tree.h"

/* What is known of a part of the gate, and the comparison that it is known by. */
typedef struct forecast {
    fdml_truth holds; /* FDML_UNDECIDED: it can be either */
    const gate_node *cause;
} forecast;

typedef struct range_checker {
    const fdml_gate *gate;
    gate_range_of *of;
    const void *ctx;
    fdml_error *err;
} range_checker;

static gate_range between_values(gate_range r)
{
    const double width = r.high - r.low;
    return (gate_range){ -width, width };
}

gate_range fdml_gate_range(const gate_operand *o, gate_range r)
{
    static const gate_range share = { 0, 1 };
    if (o->aspect == GATE_P || o->aspect == GATE_P_HOLM) return share;
    if (o->aspect == GATE_DETECTABLE) return (gate_range){ 0, INFINITY };
    if (o->kind == GATE_VERSUS || o->kind == GATE_MAX_GAP) r = between_values(r);
    if (o->kind == GATE_GAP) r = (gate_range){ 0, r.high - r.low };
    return o->side == GATE_CHANGE ? between_values(r) : r;
}

static gate_range range_of(const range_checker *c, const gate_operand *o)
{
    if (o->kind == GATE_NUMBER) return (gate_range){ o->number, o->number };
    return c->of(c->ctx, o);
}

static fdml_truth not_truth(fdml_truth holds)
{
    if (holds == FDML_UNDECIDED) return holds;
    return holds == FDML_TRUE ? FDML_FALSE : FDML_TRUE;
}

static fdml_truth is_less(gate_range a, gate_range b, bool or_equal)
{
    if (or_equal ? a.high <= b.low : a.high < b.low) return FDML_TRUE;
    if (or_equal ? a.low > b.high : a.low >= b.high) return FDML_FALSE;
    return FDML_UNDECIDED;
}

static fdml_truth is_equal(gate_range a, gate_range b)
{
    if (a.high < b.low || b.high < a.low) return FDML_FALSE;
    return a.low == a.high && b.low == b.high ? FDML_TRUE : FDML_UNDECIDED;
}

static fdml_truth forecast_of(gate_range a, const char *relation, gate_range b)
{
    const bool or_equal = relation[1] == '=';
    if (relation[0] == '=') return is_equal(a, b);
    if (relation[0] == '!') return not_truth(is_equal(a, b));
    return relation[0] == '<' ? is_less(a, b, or_equal) : is_less(b, a, or_equal);
}

/* --- messages ----------------------------------------------------------------------------- */

/* The relation as it reads from the right. */
static const char *turned(const char *relation)
{
    static const char *const pair[][2] = {
        { "<", ">" }, { "<=", ">=" }, { ">", "<" }, { ">=", "<=" }
    };
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        if (relation[0] == pair[i][0][0] && relation[1] == pair[i][0][1]) return pair[i][1];
    return relation;
}

static fdml_status refuse(const range_checker *c, const gate_node *node)
{
    const gate_operand *left = &node->operand[0], *right = &node->operand[1];
    const gate_range a = range_of(c, left), b = range_of(c, right);
    const bool is_always = forecast_of(a, node->relation, b) == FDML_TRUE;
    const size_t column = fdml_gate_column(c->gate->text, node->begin);
    const char *when = is_always ? "always" : "never";
    const bool is_turned = left->kind == GATE_NUMBER;
    if (is_turned == (right->kind == GATE_NUMBER))
        return fdml_fail(c->err, FDML_E_DATA, "column %zu: this comparison %s holds", column,
                         when);
    const gate_range r = is_turned ? b : a;
    const double number = is_turned ? left->number : right->number;
    char range[64], hint[64] = "";
    if (isinf(r.low) || isinf(r.high))
        snprintf(range, sizeof range, isinf(r.low) ? "is at most %g" : "is at least %g",
                 isinf(r.low) ? r.high : r.low);
    else
        snprintf(range, sizeof range, "lies from %g to %g", r.low, r.high);
    if (fabs(number) > 1 && fabs(number) <= 100)
        snprintf(hint, sizeof hint, "; write %g for %g%%", number / 100, number);
    return fdml_fail(c->err, FDML_E_DATA, "column %zu: this %s and so is %s %s %g%s", column,
                     range, when, is_turned ? turned(node->relation) : node->relation, number,
                     hint);
}

/* --- the tree ----------------------------------------------------------------------------- */

static fdml_status look(forecast *out, const range_checker *c, const gate_node *node)
{
    forecast left, right;
    if (node->operation == GATE_COMPARISON) {
        const gate_range a = range_of(c, &node->operand[0]);
        *out =
            (forecast){ forecast_of(a, node->relation, range_of(c, &node->operand[1])), node };
        return FDML_OK;
    }
    FDML_TRY(look(&left, c, node->left));
    if (node->operation == GATE_NOT) {
        *out = (forecast){ not_truth(left.holds), left.cause };
        return FDML_OK;
    }
    FDML_TRY(look(&right, c, node->right));
    const bool is_or = node->operation == GATE_OR;
    if (is_or && left.holds == FDML_FALSE) return refuse(c, left.cause);
    if (is_or && right.holds == FDML_FALSE) return refuse(c, right.cause);
    const fdml_truth decisive = is_or ? FDML_TRUE : FDML_FALSE;
    *out = left.holds == decisive         ? left
           : right.holds == decisive      ? right
           : left.holds == FDML_UNDECIDED ? left
                                          : right;
    return FDML_OK;
}

fdml_status fdml_gate_range_check(const fdml_gate *gate, gate_range_of *of, const void *ctx,
                                  fdml_error *err)
{
    const range_checker c = { gate, of, ctx, err };
    forecast whole;
    bool has_name = false;
    for (size_t i = 0; i < 2 * gate->n_clauses; i++)
        has_name = has_name || gate->clause[i / 2]->operand[i % 2].kind != GATE_NUMBER;
    if (!has_name)
        return fdml_fail(err, FDML_E_DATA,
                         "column 1: there are numbers alone; a gate needs a value that is "
                         "measured, such as gap(METRIC, COLUMN)");
    FDML_TRY(look(&whole, &c, gate->root));
    return whole.holds == FDML_UNDECIDED ? FDML_OK : refuse(&c, whole.cause);
}
