/* gate_check.c - does the audit have what a gate names? Before anything is computed.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/gate_tree.h"
#include "eval/metrics.h"

static const char *metric_name(const void *ctx, size_t i)
{
    const fdml_audit_settings *s = ctx;
    return i < s->n_metrics ? s->metrics[i].key : NULL;
}

static bool is_verification(const char *name)
{
    return !strcmp(name, "eer") || !strcmp(name, "auc") || !strcmp(name, "accuracy");
}

static fdml_status check_metric(const gate_place *at, const fdml_audit_settings *s)
{
    const gate_operand *o = at->operand;
    for (size_t m = 0; m < s->n_metrics; m++)
        if (!strcmp(o->metric, s->metrics[m].key)) return FDML_OK;
    if (is_verification(o->metric)) {
        if (!s->with_verification)
            return fdml_gate_needs(
                at, "eer, auc and accuracy need the metrics' set verification (-m)");
        if (o->kind == GATE_METRIC && !o->n_columns && o->side == GATE_NEW) return FDML_OK;
        return fdml_gate_needs(at, "of eer, auc and accuracy there are overall values alone");
    }
    if (fdml_define(o->metric, (int)s->convention))
        return fdml_gate_unknown(at, "among the metrics asked for (-m) there is no", o->metric,
                                 metric_name, s);
    return fdml_gate_unknown(at, "there is no metric", o->metric, metric_name, s);
}

static fdml_status check_operand(const gate_place *at, const fdml_problem *problem,
                                 const fdml_audit_settings *settings)
{
    const gate_operand *o = at->operand;
    const gate_columns columns = { .factor = problem->attributes,
                                   .n = problem->n_attributes,
                                   .n_rows = problem->n_rows,
                                   .rows = "row",
                                   .has_intersections = settings->with_intersections };
    if (o->kind == GATE_NUMBER) return FDML_OK;
    if (o->kind == GATE_MAX_GAP || o->kind == GATE_INFORMATION)
        return fdml_gate_needs(at, "max_gap and information are of fdml-explain");
    if (o->side != GATE_NEW && !settings->other)
        return fdml_gate_needs(at, "change and other need a second model (--compare)");
    if (o->kind < GATE_LEAKAGE)
        FDML_TRY(check_metric(at, settings));
    else if (!settings->with_leakage)
        return fdml_gate_needs(at, "leakage needs the metrics' set leakage (-m)");
    return fdml_gate_columns_check(at, &columns);
}

/* --- ranges ------------------------------------------------------------------------------- */

/* Agreement beyond chance is at most 1 and may be negative; alignments, uniformity, spectrum
 * and class_ratio have no bound that all embeddings keep. */
static gate_range metric_range(const fdml_metric *metric)
{
    static const gate_range share = { 0, 1 };
    if (metric->kind == FDML_KIND_MEAN) return share;
    if (metric->id == FDML_M_NMI || metric->id == FDML_M_F1) return share;
    if (metric->id == FDML_M_AMI || metric->id == FDML_M_ARI)
        return (gate_range){ -INFINITY, 1 };
    return (gate_range){ -INFINITY, INFINITY };
}

static gate_range range_of(const void *ctx, const gate_operand *o)
{
    static const gate_range share = { 0, 1 };
    const fdml_audit_settings *s = ctx;
    if (o->kind >= GATE_LEAKAGE) return fdml_gate_range(o, share);
    for (size_t m = 0; m < s->n_metrics; m++) {
        if (strcmp(o->metric, s->metrics[m].key) != 0) continue;
        const gate_range r = metric_range(&s->metrics[m]);
        if (o->kind != GATE_RATIO) return fdml_gate_range(o, r);
        /* Least by most, where both are positive; an end of its interval knows neither. */
        if (o->aspect == GATE_VALUE) return share;
        return (gate_range){ 0, INFINITY };
    }
    return fdml_gate_range(o, share); /* of verification */
}

fdml_status fdml_gate_check(const fdml_gate *gate, const fdml_problem *problem,
                            const fdml_audit_settings *settings, fdml_error *err)
{
    for (size_t i = 0; i < gate->n_clauses; i++)
        for (size_t side = 0; side < 2; side++) {
            const gate_place at = { gate, &gate->clause[i]->operand[side], err };
            FDML_TRY(check_operand(&at, problem, settings));
        }
    return fdml_gate_range_check(gate, range_of, settings, err);
}
