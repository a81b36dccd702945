/* gate_judge.c - a gate against the numbers of an audit.
 *
 * Every operand is an estimate or a reason. Truth is Kleene's: an undecided side decides "and"
 * and "or" only where the other side does not.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/gate_tree.h"

/* What an operand was found to be. */
typedef struct found {
    double number, lo, hi;
    const char *why; /* NULL: it has a number */
} found;

typedef struct judge {
    const fdml_audit_result *result;
    fdml_gate_clause *clause;
} judge;

static found missing(const char *why)
{
    return (found){ NAN, NAN, NAN, why };
}

/* --- looking up ----------------------------------------------------------------------- */

static size_t metric_of(const judge *j, const gate_operand *o)
{
    const fdml_audit_settings *s = j->result->settings;
    size_t m = 0;
    while (m < s->n_metrics && strcmp(o->metric, s->metrics[m].key) != 0) m++;
    return m;
}

/* Whether `text` is the listed names of the operand, in the order of the columns, with " x "
 * between them: how groups.c names intersections. names: o->column or o->value. */
static bool is_joined(const char *text, const judge *j, const gate_operand *o,
                      const char *const *names)
{
    const fdml_groupings *by = &j->result->groupings;
    bool is_first = true;
    for (size_t g = 1; g < by->n; g++) {
        size_t k = 0;
        while (k < o->n_columns && strcmp(o->column[k], by->grouping[g].by) != 0) k++;
        if (by->grouping[g].is_intersection || k == o->n_columns) continue;
        if (!is_first && strncmp(text, " x ", 3) != 0) return false;
        if (!is_first) text += 3;
        const size_t n = strlen(names[k]);
        if (strncmp(text, names[k], n) != 0) return false;
        text += n;
        is_first = false;
    }
    return !*text;
}

/* Index of the operand's grouping; groupings.n where there is none. */
static size_t grouping_of(const judge *j, const gate_operand *o)
{
    const fdml_groupings *by = &j->result->groupings;
    size_t g = 1;
    for (; g < by->n; g++)
        if (by->grouping[g].is_intersection == (o->n_columns > 1) &&
            is_joined(by->grouping[g].by, j, o, o->column))
            break;
    return g;
}

static const fdml_leakage_result *leakage_of(const judge *j, const gate_operand *o)
{
    for (size_t i = 0; i < j->result->n_leakage; i++)
        if (!strcmp(o->column[0], j->result->leakage[i].by)) return &j->result->leakage[i];
    return NULL;
}

static const fdml_estimate *leakage_estimate(const judge *j, const gate_operand *o)
{
    const fdml_leakage_result *l = leakage_of(j, o);
    if (!l) return NULL;
    const bool is_knn = l->knn.value > l->logistic.value;
    if (o->kind == GATE_LEAKAGE) return is_knn ? &l->knn : &l->logistic;
    return o->kind == GATE_LEAKAGE_KNN ? &l->knn : &l->logistic;
}

static const fdml_estimate *verification_estimate(const judge *j, const gate_operand *o)
{
    const fdml_verification_result *v = &j->result->verification;
    if (!v->given) return NULL;
    if (!strcmp(o->metric, "eer")) return &v->eer;
    return !strcmp(o->metric, "auc") ? &v->auc : &v->accuracy;
}

/* What a quantity is: NEW's number, and the difference where a second model is compared. */
typedef struct quantity {
    const fdml_estimate *own; /* NULL: there is none */
    const fdml_difference *difference;
    double p, p_holm;
} quantity;

static quantity gap_of(const judge *j, const gate_operand *o, size_t metric)
{
    const fdml_audit_result *r = j->result;
    const size_t grouping = grouping_of(j, o);
    for (size_t i = 0; i < r->n_gaps; i++) {
        const fdml_gap_result *gap = &r->gaps[i];
        if (gap->grouping != grouping || gap->metric != metric) continue;
        return (quantity){ o->kind == GATE_GAP ? &gap->difference : &gap->ratio,
                           r->comparison ? &r->comparison->gaps[i] : NULL, gap->p,
                           gap->p_holm };
    }
    return (quantity){ NULL, NULL, NAN, NAN };
}

static quantity group_of(const judge *j, const gate_operand *o, size_t metric)
{
    const fdml_audit_result *r = j->result;
    const size_t grouping = grouping_of(j, o), n_metrics = r->settings->n_metrics;
    for (size_t g = 0; g < r->n_groups; g++) {
        const fdml_group_result *group = &r->groups[g];
        if (group->grouping != grouping || !is_joined(group->value, j, o, o->value)) continue;
        return (quantity){
            o->kind == GATE_VERSUS ? &group->versus[metric] : &group->metrics[metric],
            r->comparison ? &r->comparison->groups[g * n_metrics + metric] : NULL, NAN, NAN
        };
    }
    return (quantity){ NULL, NULL, NAN, NAN };
}

static quantity quantity_of(const judge *j, const gate_operand *o)
{
    const fdml_audit_result *r = j->result;
    if (o->kind >= GATE_LEAKAGE) return (quantity){ leakage_estimate(j, o), NULL, NAN, NAN };
    const size_t m = metric_of(j, o);
    if (m == r->settings->n_metrics)
        return (quantity){ verification_estimate(j, o), NULL, NAN, NAN };
    if (o->kind == GATE_GAP || o->kind == GATE_RATIO) return gap_of(j, o, m);
    if (o->n_columns) return group_of(j, o, m);
    return (quantity){ &r->overall[m], r->comparison ? &r->comparison->overall[m] : NULL, NAN,
                       NAN };
}

/* A number that stands beside an estimate; `why` is what its absence means. */
static found beside(double number, const fdml_estimate *e, const char *why)
{
    if (!isnan(number)) return (found){ number, NAN, NAN, NULL };
    return missing(e->why ? e->why : why);
}

static found find(const judge *j, const gate_operand *o)
{
    if (o->kind == GATE_NUMBER) return (found){ o->number, NAN, NAN, NULL };
    const quantity q = quantity_of(j, o);
    const fdml_difference *d = q.difference;
    const bool is_change = o->side == GATE_CHANGE;
    const fdml_estimate *e = o->side == GATE_NEW ? q.own : NULL;
    if (o->side != GATE_NEW && d) e = is_change ? &d->change : &d->other;
    if (!e) return missing("not measured");
    switch (o->aspect) {
    case GATE_LOWER:
        return beside(e->lo, e, "no interval");
    case GATE_UPPER:
        return beside(e->hi, e, "no interval");
    case GATE_P:
        return beside(is_change ? d->p : q.p, e, "not tested");
    case GATE_P_HOLM:
        return beside(is_change ? d->p_holm : q.p_holm, e, "not tested");
    case GATE_DETECTABLE:
        return beside(d->detectable, e, "no interval");
    default:
        if (isnan(e->value)) return missing(e->why ? e->why : "not given");
        return (found){ e->value, e->lo, e->hi, NULL };
    }
}

/* --- judging -------------------------------------------------------------------------- */

static bool compare(double a, const char *relation, double b)
{
    if (relation[0] == '=') return a == b;
    if (relation[0] == '!') return a != b;
    if (relation[1] == '=' && a == b) return true;
    return relation[0] == '<' ? a < b : a > b;
}

static fdml_truth judge_comparison(const judge *j, const gate_node *node)
{
    const found a = find(j, &node->operand[0]), b = find(j, &node->operand[1]);
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

fdml_status fdml_gate_judge(fdml_gate_outcome *outcome, const fdml_gate *gate,
                            const fdml_audit_result *result, fdml_arena *arena, fdml_error *err)
{
    judge j = { .result = result };
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
