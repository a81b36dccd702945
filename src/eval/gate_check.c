/* gate_check.c - does the audit have what a gate names? Before anything is computed.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/option.h"
#include "eval/gate_tree.h"
#include "eval/metrics.h"

typedef struct checker {
    const fdml_gate *gate;
    const fdml_problem *problem;
    const fdml_audit_settings *settings;
    const gate_operand *operand;
    fdml_error *err;
} checker;

enum { SHOWN = 80 };

/* A name of the user's or the data's for a message of one line. */
static const char *shown(char text[SHOWN + 1], const char *name)
{
    size_t n = 0;
    for (; n < SHOWN && name[n]; n++)
        text[n] = (unsigned char)name[n] < 0x20 || name[n] == 0x7f ? '?' : name[n];
    text[n] = 0;
    return text;
}

/* "column 7: there is no METRIC 'x'; did you mean y?" */
static fdml_status unknown(const checker *c, const char *what, const char *name,
                           const char *(*candidate)(const void *, size_t), const void *ctx)
{
    char own[SHOWN + 1], other[SHOWN + 1];
    const char *nearest = fdml_option_nearest(name, candidate, ctx);
    return fdml_fail(c->err, FDML_E_DATA, "column %zu: %s '%s'%s%s%s",
                     fdml_gate_column(c->gate->text, c->operand->at), what, shown(own, name),
                     nearest ? "; did you mean " : "", nearest ? shown(other, nearest) : "",
                     nearest ? "?" : "");
}

static fdml_status needs(const checker *c, const char *what)
{
    return fdml_fail(c->err, FDML_E_ARG, "column %zu: %s",
                     fdml_gate_column(c->gate->text, c->operand->at), what);
}

static const char *metric_name(const void *ctx, size_t i)
{
    const fdml_audit_settings *s = ctx;
    return i < s->n_metrics ? s->metrics[i].key : NULL;
}

static const char *column_name(const void *ctx, size_t i)
{
    const fdml_problem *p = ctx;
    return i < p->n_attributes ? p->attributes[i].name : NULL;
}

static const char *level_name(const void *ctx, size_t i)
{
    const fdml_factor *f = ctx;
    return i < f->n_levels ? f->level[i] : NULL;
}

static bool is_verification(const char *name)
{
    return !strcmp(name, "eer") || !strcmp(name, "auc") || !strcmp(name, "accuracy");
}

static fdml_status check_metric(const checker *c)
{
    const gate_operand *o = c->operand;
    const fdml_audit_settings *s = c->settings;
    for (size_t m = 0; m < s->n_metrics; m++)
        if (!strcmp(o->metric, s->metrics[m].key)) return FDML_OK;
    if (is_verification(o->metric)) {
        if (!s->with_verification)
            return needs(c, "eer, auc and accuracy need the metrics' set verification (-m)");
        if (o->kind == GATE_METRIC && !o->n_columns && o->side == GATE_NEW) return FDML_OK;
        return needs(c, "of eer, auc and accuracy there are overall values alone");
    }
    if (fdml_define(o->metric, (int)s->convention))
        return unknown(c, "among the metrics asked for (-m) there is no", o->metric,
                       metric_name, s);
    return unknown(c, "there is no metric", o->metric, metric_name, s);
}

/* The attribute named in place k. */
static fdml_status find_attribute(size_t *attribute, const checker *c, size_t k)
{
    const gate_operand *o = c->operand;
    const fdml_problem *p = c->problem;
    for (size_t i = 0; i < k; i++)
        if (!strcmp(o->column[i], o->column[k]))
            return needs(c, "a group column is named twice");
    for (*attribute = 0; *attribute < p->n_attributes; ++*attribute)
        if (!strcmp(o->column[k], p->attributes[*attribute].name)) return FDML_OK;
    return unknown(c, "there is no group column", o->column[k], column_name, p);
}

/* Some row must be in the group: of an intersection there may be none. */
static fdml_status check_rows(const checker *c, const size_t *attribute, const size_t *level)
{
    const gate_operand *o = c->operand;
    const fdml_problem *p = c->problem;
    for (size_t i = 0; i < p->n_rows; i++) {
        size_t k = 0;
        while (k < o->n_columns && p->attributes[attribute[k]].code[i] == level[k]) k++;
        if (k == o->n_columns) return FDML_OK;
    }
    return fdml_fail(c->err, FDML_E_DATA, "column %zu: no row is in this group",
                     fdml_gate_column(c->gate->text, o->at));
}

static fdml_status check_columns(const checker *c)
{
    const gate_operand *o = c->operand;
    size_t attribute[FDML_MAX_ATTRIBUTES], level[FDML_MAX_ATTRIBUTES];
    for (size_t k = 0; k < o->n_columns; k++) {
        FDML_TRY(find_attribute(&attribute[k], c, k));
        if (!o->value[k]) continue;
        const fdml_factor *f = &c->problem->attributes[attribute[k]];
        level[k] = 0;
        while (level[k] < f->n_levels && strcmp(o->value[k], f->level[level[k]]) != 0)
            level[k]++;
        if (level[k] == f->n_levels)
            return unknown(c, "the group column has no value", o->value[k], level_name, f);
    }
    if (o->n_columns > 1 && !c->settings->with_intersections)
        return needs(c, "intersections are switched off");
    return o->n_columns && o->value[0] ? check_rows(c, attribute, level) : FDML_OK;
}

static fdml_status check_operand(const checker *c)
{
    const gate_operand *o = c->operand;
    if (o->kind == GATE_NUMBER) return FDML_OK;
    if (o->side != GATE_NEW && !c->settings->other)
        return needs(c, "change and other need a second model (--compare)");
    if (o->kind >= GATE_LEAKAGE) {
        if (!c->settings->with_leakage)
            return needs(c, "leakage needs the metrics' set leakage (-m)");
    } else {
        FDML_TRY(check_metric(c));
    }
    return check_columns(c);
}

fdml_status fdml_gate_check(const fdml_gate *gate, const fdml_problem *problem,
                            const fdml_audit_settings *settings, fdml_error *err)
{
    for (size_t i = 0; i < gate->n_clauses; i++)
        for (size_t side = 0; side < 2; side++) {
            const checker c = { gate, problem, settings, &gate->clause[i]->operand[side], err };
            FDML_TRY(check_operand(&c));
        }
    return FDML_OK;
}
