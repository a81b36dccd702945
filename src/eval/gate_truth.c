/* gate_truth.c - whether a gate holds, whoever looks up its numbers.
 *
 * Every operand is a number or a reason. Truth is Kleene's: an undecided side decides "and" and
 * "or" only where the other side does not.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/gate_tree.h"

typedef struct judge {
    gate_find *find;
    const void *ctx;
    fdml_gate_clause *clause;
} judge;

gate_found fdml_gate_missing(const char *why)
{
    return (gate_found){ NAN, NAN, NAN, why };
}

gate_found fdml_gate_beside(double number, const fdml_estimate *e, const char *why)
{
    if (!isnan(number)) return (gate_found){ number, NAN, NAN, NULL };
    return fdml_gate_missing(e->why ? e->why : why);
}

gate_found fdml_gate_aspect(const fdml_estimate *e, gate_aspect aspect, double p, double p_holm)
{
    switch (aspect) {
    case GATE_LOWER:
        return fdml_gate_beside(e->lo, e, "no interval");
    case GATE_UPPER:
        return fdml_gate_beside(e->hi, e, "no interval");
    case GATE_P:
        return fdml_gate_beside(p, e, "not tested");
    case GATE_P_HOLM:
        return fdml_gate_beside(p_holm, e, "not tested");
    default:
        if (isnan(e->value)) return fdml_gate_missing(e->why ? e->why : "not given");
        return (gate_found){ e->value, e->lo, e->hi, NULL };
    }
}

static gate_found find(const judge *j, const gate_operand *o)
{
    if (o->kind == GATE_NUMBER) return (gate_found){ o->number, NAN, NAN, NULL };
    return j->find(j->ctx, o);
}

static bool compare(double a, const char *relation, double b)
{
    if (relation[0] == '=') return a == b;
    if (relation[0] == '!') return a != b;
    if (relation[1] == '=' && a == b) return true;
    return relation[0] == '<' ? a < b : a > b;
}

static fdml_truth judge_comparison(const judge *j, const gate_node *node)
{
    const gate_found a = find(j, &node->operand[0]), b = find(j, &node->operand[1]);
    fdml_gate_clause *c = &j->clause[node->index];
    c->left = a.number;
    c->right = b.number;
    c->lo = a.lo;
    c->hi = a.hi;
    c->why = a.why ? a.why : b.why;
    c->holds = FDML_UNDECIDED;
    if (!c->why)
        c->holds = compare(a.number, node->relation, b.number) ? FDML_TRUE : FDML_FALSE;
    return c->holds;
}

/* Every clause is judged, decisive or not, because all are reported. */
static fdml_truth judge_node(const judge *j, const gate_node *node)
{
    if (node->operation == GATE_COMPARISON) return judge_comparison(j, node);
    const fdml_truth left = judge_node(j, node->left);
    if (node->operation == GATE_NOT)
        return left == FDML_UNDECIDED ? left : left == FDML_TRUE ? FDML_FALSE : FDML_TRUE;
    const fdml_truth right = judge_node(j, node->right);
    const fdml_truth decisive = node->operation == GATE_OR ? FDML_TRUE : FDML_FALSE;
    if (left == decisive || right == decisive) return decisive;
    return left == FDML_UNDECIDED ? left : right;
}

fdml_status fdml_gate_judge_by(fdml_gate_outcome *outcome, const fdml_gate *gate,
                               gate_find *find_operand, const void *ctx, fdml_arena *arena,
                               fdml_error *err)
{
    judge j = { .find = find_operand, .ctx = ctx };
    j.clause = fdml_arena_push_zero(arena, gate->n_clauses, sizeof *j.clause);
    if (!j.clause) return fdml_fail(err, FDML_E_NOMEM, "no memory for a gate");
    for (size_t i = 0; i < gate->n_clauses; i++) {
        const gate_node *node = gate->clause[i];
        j.clause[i].text =
            fdml_arena_copy_text(arena, gate->text + node->begin, node->end - node->begin);
        if (!j.clause[i].text) return fdml_fail(err, FDML_E_NOMEM, "no memory for a gate");
    }
    const fdml_truth holds = judge_node(&j, gate->root);
    *outcome = (fdml_gate_outcome){ gate->text, holds, j.clause, gate->n_clauses };
    return FDML_OK;
}
