/* gate_judge.c - a gate against the numbers of an audit: which number an operand is.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/gate_tree.h"

static size_t metric_of(const fdml_audit_result *r, const gate_operand *o)
{
    const fdml_audit_settings *s = r->settings;
    size_t m = 0;
    while (m < s->n_metrics && strcmp(o->metric, s->metrics[m].key) != 0) m++;
    return m;
}

/* Columns are the first groupings behind the whole. */
static const char *column_name(const void *ctx, size_t i)
{
    const fdml_groupings *by = ctx;
    return i + 1 < by->n && !by->grouping[i + 1].is_intersection ? by->grouping[i + 1].by
                                                                 : NULL;
}

static bool is_joined(const char *text, const fdml_audit_result *r, const gate_operand *o,
                      const char *const *names)
{
    return fdml_gate_is_joined(text, o, names, column_name, &r->groupings);
}

/* Index of the operand's grouping; groupings.n where there is none. */
static size_t grouping_of(const fdml_audit_result *r, const gate_operand *o)
{
    const fdml_groupings *by = &r->groupings;
    size_t g = 1;
    for (; g < by->n; g++)
        if (by->grouping[g].is_intersection == (o->n_columns > 1) &&
            is_joined(by->grouping[g].by, r, o, o->column))
            break;
    return g;
}

static const fdml_leakage_result *leakage_of(const fdml_audit_result *r, const gate_operand *o)
{
    for (size_t i = 0; i < r->n_leakage; i++)
        if (!strcmp(o->column[0], r->leakage[i].by)) return &r->leakage[i];
    return NULL;
}

static const fdml_estimate *leakage_estimate(const fdml_audit_result *r, const gate_operand *o)
{
    const fdml_leakage_result *l = leakage_of(r, o);
    if (!l) return NULL;
    const bool is_knn = l->knn.value > l->logistic.value;
    if (o->kind == GATE_LEAKAGE) return is_knn ? &l->knn : &l->logistic;
    return o->kind == GATE_LEAKAGE_KNN ? &l->knn : &l->logistic;
}

static const fdml_estimate *verification_estimate(const fdml_audit_result *r,
                                                  const gate_operand *o)
{
    const fdml_verification_result *v = &r->verification;
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

static quantity gap_of(const fdml_audit_result *r, const gate_operand *o, size_t metric)
{
    const size_t grouping = grouping_of(r, o);
    for (size_t i = 0; i < r->n_gaps; i++) {
        const fdml_gap_result *gap = &r->gaps[i];
        if (gap->grouping != grouping || gap->metric != metric) continue;
        return (quantity){ o->kind == GATE_GAP ? &gap->difference : &gap->ratio,
                           r->comparison ? &r->comparison->gaps[i] : NULL, gap->p,
                           gap->p_holm };
    }
    return (quantity){ NULL, NULL, NAN, NAN };
}

static quantity group_of(const fdml_audit_result *r, const gate_operand *o, size_t metric)
{
    const size_t grouping = grouping_of(r, o), n_metrics = r->settings->n_metrics;
    for (size_t g = 0; g < r->n_groups; g++) {
        const fdml_group_result *group = &r->groups[g];
        if (group->grouping != grouping || !is_joined(group->value, r, o, o->value)) continue;
        return (quantity){
            o->kind == GATE_VERSUS ? &group->versus[metric] : &group->metrics[metric],
            r->comparison ? &r->comparison->groups[g * n_metrics + metric] : NULL, NAN, NAN
        };
    }
    return (quantity){ NULL, NULL, NAN, NAN };
}

static quantity quantity_of(const fdml_audit_result *r, const gate_operand *o)
{
    if (o->kind >= GATE_LEAKAGE) return (quantity){ leakage_estimate(r, o), NULL, NAN, NAN };
    const size_t m = metric_of(r, o);
    if (m == r->settings->n_metrics)
        return (quantity){ verification_estimate(r, o), NULL, NAN, NAN };
    if (o->kind == GATE_GAP || o->kind == GATE_RATIO) return gap_of(r, o, m);
    if (o->n_columns) return group_of(r, o, m);
    return (quantity){ &r->overall[m], r->comparison ? &r->comparison->overall[m] : NULL, NAN,
                       NAN };
}

static gate_found find(const void *ctx, const gate_operand *o)
{
    const fdml_audit_result *r = ctx;
    const quantity q = quantity_of(r, o);
    const fdml_difference *d = q.difference;
    const bool is_change = o->side == GATE_CHANGE;
    const fdml_estimate *e = o->side == GATE_NEW ? q.own : NULL;
    if (o->side != GATE_NEW && d) e = is_change ? &d->change : &d->other;
    if (!e) return fdml_gate_missing("not measured");
    if (o->aspect == GATE_DETECTABLE) return fdml_gate_beside(d->detectable, e, "no interval");
    return fdml_gate_aspect(e, o->aspect, is_change ? d->p : q.p,
                            is_change ? d->p_holm : q.p_holm);
}

fdml_status fdml_gate_judge(fdml_gate_outcome *outcome, const fdml_gate *gate,
                            const fdml_audit_result *result, fdml_arena *arena, fdml_error *err)
{
    return fdml_gate_judge_by(outcome, gate, find, result, arena, err);
}
