/* study_gate.c - a gate against a study of explanations: what its names are, and its numbers.
 *
 * A METRIC is cut from the right: measures have no '.', methods no '/', and the black box is
 * what is left, which may be a path with both.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study_gate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/gate_tree.h"
#include "explain/fidelity_change.h"
#include "explain/study_other.h"

/* --- names of metrics ----------------------------------------------------------------- */

static const char quality_name[] = "quality";

/* "BOX/METHOD.MEASURE", cut; places in the text. No box: box_size 0; no '.': measure NULL. */
typedef struct metric_name {
    const char *box, *method, *measure;
    size_t box_size, method_size;
} metric_name;

static metric_name cut_name(const char *text)
{
    const char *slash = strrchr(text, '/');
    metric_name m = { .box = text, .method = slash ? slash + 1 : text };
    m.box_size = slash ? (size_t)(slash - text) : 0;
    const char *dot = strrchr(m.method, '.');
    m.method_size = dot ? (size_t)(dot - m.method) : strlen(m.method);
    m.measure = dot ? dot + 1 : NULL;
    return m;
}

static bool is_name(const char *name, const char *text, size_t size)
{
    return strlen(name) == size && !memcmp(name, text, size);
}

/* What the name is of: each index is that of the options, or the number of them where there is
 * none; SIZE_MAX as method is the black box itself. */
typedef struct metric_place {
    size_t box, method, measure;
} metric_place;

static metric_place find_metric(const char *text, const fdml_study_options *options)
{
    const metric_name m = cut_name(text);
    metric_place at = { 0, SIZE_MAX, 0 };
    while (m.box_size && at.box < options->n_sources &&
           !is_name(options->source[at.box].name, m.box, m.box_size))
        at.box++;
    if (!is_name(quality_name, m.method, m.method_size))
        for (at.method = 0; at.method < options->n_methods; at.method++)
            if (is_name(options->method[at.method].text, m.method, m.method_size)) break;
    while (at.measure < FDML_FIDELITIES &&
           (!m.measure || strcmp(fdml_fidelity_name[at.measure], m.measure) != 0))
        at.measure++;
    return at;
}

/* --- checking ------------------------------------------------------------------------- */

static const char *source_name(const void *ctx, size_t i)
{
    const fdml_study_options *options = ctx;
    return i < options->n_sources ? options->source[i].name : NULL;
}

static const char *method_name(const void *ctx, size_t i)
{
    const fdml_study_options *options = ctx;
    if (i < options->n_methods) return options->method[i].text;
    return i == options->n_methods ? quality_name : NULL;
}

static const char *measure_name(const void *ctx, size_t i)
{
    (void)ctx;
    return i < FDML_FIDELITIES ? fdml_fidelity_name[i] : NULL;
}

/* A part of the name for a message; long ones are cut. */
enum { PART = 96 };
static const char *part(char out[PART], const char *text, size_t size)
{
    if (size >= PART) size = PART - 1;
    memcpy(out, text, size);
    out[size] = 0;
    return out;
}

/* Where there are several baselines another run counts first, then a method (study_measure.c).
 */
static fdml_status check_change(const gate_place *at, const metric_place *metric,
                                const fdml_study_options *options)
{
    const bool by_method = options->baseline != SIZE_MAX;
    const fdml_study_other *other = options->other;
    if (!other && !by_method && options->baseline_source == SIZE_MAX)
        return fdml_gate_needs(at, "change needs a baseline (--compare)");
    if (metric->method == SIZE_MAX)
        return fdml_gate_needs(at, "change is of an explanation, not of quality");
    if (other) {
        const size_t of = metric->box * options->n_methods + metric->method;
        return other->of[of].e
                   ? FDML_OK
                   : fdml_gate_needs(at, "change: the other run has nothing of this method");
    }
    if (by_method ? metric->method == options->baseline
                  : metric->box == options->baseline_source)
        return fdml_gate_needs(at, "change: this is the baseline itself");
    return FDML_OK;
}

static bool is_measure(const char *name)
{
    size_t i = 0;
    while (i < FDML_FIDELITIES && strcmp(name, fdml_fidelity_name[i]) != 0) i++;
    return i < FDML_FIDELITIES;
}

/* A measure that stands alone: "accuracy < .9". */
static fdml_status need_method(const gate_place *at, const metric_name *m,
                               const fdml_study_options *options)
{
    char box[PART] = "";
    if (m->box_size)
        part(box, m->box, m->box_size);
    else if (options->n_sources > 1)
        snprintf(box, sizeof box, "%s", options->source[0].name);
    return fdml_fail(at->err, FDML_E_DATA, "column %zu: %s of which method? Write %s%s%.60s.%s",
                     fdml_gate_column(at->gate->text, at->operand->at), m->method, box,
                     *box ? "/" : "", options->method[0].text, m->method);
}

static fdml_status check_metric(const gate_place *at, const fdml_study_options *options)
{
    char text[PART];
    const gate_operand *o = at->operand;
    const metric_name m = cut_name(o->metric);
    const metric_place metric = find_metric(o->metric, options);
    if (!m.measure && is_measure(m.method)) return need_method(at, &m, options);
    if (metric.box == options->n_sources)
        return fdml_gate_unknown(at, "there is no black box", part(text, m.box, m.box_size),
                                 source_name, options);
    if (metric.method == options->n_methods)
        return fdml_gate_unknown(at, "there is no method", part(text, m.method, m.method_size),
                                 method_name, options);
    if (!m.measure)
        return fdml_gate_needs(at, "a METRIC is a method and a measure, such as lime.accuracy");
    if (metric.measure == FDML_FIDELITIES)
        return fdml_gate_unknown(at, "there is no measure", m.measure, measure_name, NULL);
    if (!m.box_size && options->n_sources > 1)
        return fdml_gate_needs(
            at, "of which black box? There are several; write mlp/lime.accuracy");
    return o->side == GATE_CHANGE ? check_change(at, &metric, options) : FDML_OK;
}

static fdml_status check_columns(const gate_place *at, const fdml_tabular *table,
                                 const fdml_study_options *options)
{
    const gate_columns columns = { .factor = table->protected_,
                                   .n = table->n_protected,
                                   .n_rows = table->n_rows,
                                   .part = table->part,
                                   .counted = FDML_PART_TEST,
                                   .rows = "test row",
                                   .has_intersections = options->with_intersections };
    return fdml_gate_columns_check(at, &columns);
}

static fdml_status check_operand(const gate_place *at, const fdml_tabular *table,
                                 const fdml_study_options *options)
{
    const gate_operand *o = at->operand;
    if (o->kind == GATE_NUMBER) return FDML_OK;
    if (o->kind == GATE_RATIO)
        return fdml_gate_needs(at, "ratio is of fdml-eval; here are gap and max_gap");
    if (o->kind >= GATE_LEAKAGE && o->kind != GATE_INFORMATION)
        return fdml_gate_needs(at, "leakage is of fdml-eval; here is information");
    if (o->side == GATE_OTHER)
        return fdml_gate_needs(at, "other is of fdml-eval; a method is named by itself");
    if (o->aspect == GATE_DETECTABLE) return fdml_gate_needs(at, "detectable is of fdml-eval");
    if (o->kind != GATE_INFORMATION)
        FDML_TRY(check_metric(at, options));
    else if (!options->with_information)
        return fdml_gate_needs(at, "information about groups is not asked for (--information)");
    return check_columns(at, table, options);
}

/* Shares, but the residual: target or p less e, and e of LIME and SHAP may lie anywhere. */
static gate_range range_of(const void *ctx, const gate_operand *o)
{
    const fdml_study_options *options = ctx;
    gate_range r = { 0, 1 };
    if (o->kind == GATE_INFORMATION) return fdml_gate_range(o, r);
    const metric_place at = find_metric(o->metric, options);
    if (at.measure == FDML_FIDELITY_RESIDUAL) {
        const bool is_share =
            at.method == SIZE_MAX || !fdml_method_asks_new_rows(&options->method[at.method]);
        r = is_share ? (gate_range){ -1, 1 } : (gate_range){ -INFINITY, INFINITY };
    }
    return fdml_gate_range(o, r);
}

fdml_status fdml_study_gate_check(const fdml_gate *gate, const fdml_tabular *table,
                                  const fdml_study_options *options, fdml_error *err)
{
    for (size_t i = 0; i < gate->n_clauses; i++)
        for (size_t side = 0; side < 2; side++) {
            const gate_place at = { gate, &gate->clause[i]->operand[side], err };
            FDML_TRY(check_operand(&at, table, options));
        }
    return fdml_gate_range_check(gate, range_of, options, err);
}

/* --- looking up ----------------------------------------------------------------------- */

/* An estimate and its test. */
typedef struct quantity {
    const fdml_estimate *e; /* NULL: there is none */
    double p, p_holm;
} quantity;

static const quantity none = { NULL, NAN, NAN };

static size_t column_of(const fdml_study *study, const char *name)
{
    size_t c = 0;
    while (c < study->table->n_protected && strcmp(study->table->protected_[c].name, name) != 0)
        c++;
    return c;
}

static const char *column_name(const void *ctx, size_t i)
{
    const fdml_tabular *table = ctx;
    return i < table->n_protected ? table->protected_[i].name : NULL;
}

/* The attribute of the operand's columns, of none the first; n_attributes: there is none. */
static size_t attribute_of(const fdml_study *study, const gate_operand *o)
{
    size_t a = 0;
    for (; o->n_columns && a < study->n_attributes; a++)
        if (study->attribute[a].is_intersection == (o->n_columns > 1) &&
            fdml_gate_is_joined(study->attribute[a].name, o, o->column, column_name,
                                study->table))
            break;
    return a;
}

/* Whether a row of the table has all values of the operand. */
static bool is_in_group(const fdml_study *study, const gate_operand *o, uint32_t row)
{
    for (size_t k = 0; k < o->n_columns; k++) {
        const size_t c = column_of(study, o->column[k]);
        if (c == study->table->n_protected) return false;
        const fdml_factor *f = &study->table->protected_[c];
        if (strcmp(f->level[f->code[row]], o->value[k]) != 0) return false;
    }
    return true;
}

/* The group is that of any test row which has its values, so that no name is taken apart. */
static size_t group_of(const fdml_study *study, const gate_operand *o, size_t attribute)
{
    const fdml_study_attribute *a = &study->attribute[attribute];
    for (size_t i = 0; i < study->n_test; i++)
        if (is_in_group(study, o, study->test[i])) return a->code[i];
    return a->n_groups;
}

static quantity of_fidelity(const fdml_fidelity *f, const gate_operand *o, size_t measure,
                            size_t group)
{
    if (o->kind == GATE_GAP || o->kind == GATE_MAX_GAP) {
        const fdml_fidelity_gap *gap =
            &f->gap[measure][o->kind == GATE_GAP ? FDML_GAP_MEAN : FDML_GAP_MAX];
        return (quantity){ &gap->e, gap->p, gap->p_holm };
    }
    if (!o->n_columns) return (quantity){ &f->overall[measure].e, NAN, NAN };
    if (group >= f->n_groups) return none;
    const fdml_fidelity_value *value = o->kind == GATE_VERSUS ? f->behind : f->of_group;
    return (quantity){ &value[group * FDML_FIDELITIES + measure].e, NAN, NAN };
}

static quantity of_change(const fdml_fidelity_change *c, const gate_operand *o, size_t measure,
                          size_t group)
{
    const fdml_fidelity_difference *d = &c->overall[measure];
    if (o->kind == GATE_GAP || o->kind == GATE_MAX_GAP)
        d = &c->gap[measure][o->kind == GATE_GAP ? FDML_GAP_MEAN : FDML_GAP_MAX];
    else if (o->n_columns && group >= c->n_groups)
        return none;
    else if (o->n_columns)
        d = &c->of_group[group * FDML_FIDELITIES + measure];
    return (quantity){ &d->e, d->p, d->p_holm };
}

/* The largest AUROC with which either reader tells any group of the column; where none has a
 * number, the first, for its reason. */
static quantity information_of(const fdml_study *study, const gate_operand *o)
{
    const size_t column = column_of(study, o->column[0]);
    const fdml_estimate *best = NULL;
    for (size_t i = 0; i < study->n_information; i++) {
        const fdml_information *info = &study->information[i];
        if (info->attribute != column) continue;
        for (size_t k = 0; k < sizeof info->auroc / sizeof *info->auroc; k++) {
            const fdml_estimate *e = &info->auroc[k];
            if (!best || e->value > best->value || (isnan(best->value) && !isnan(e->value)))
                best = e;
        }
    }
    return (quantity){ best, NAN, NAN };
}

static quantity quantity_of(const fdml_study *study, const gate_operand *o)
{
    if (o->kind == GATE_INFORMATION) return information_of(study, o);
    const metric_place at = find_metric(o->metric, study->options);
    const size_t a = attribute_of(study, o);
    if (a >= study->n_attributes) return none;
    const fdml_study_box *box = &study->box[at.box];
    const size_t group = o->n_columns && o->value[0] ? group_of(study, o, a) : SIZE_MAX;
    if (at.method == SIZE_MAX) return of_fidelity(&box->quality[a], o, at.measure, group);
    const fdml_study_explained *explained = &box->explained[at.method];
    if (o->side == GATE_NEW) return of_fidelity(&explained->by[a], o, at.measure, group);
    return explained->change ? of_change(&explained->change[a], o, at.measure, group) : none;
}

static gate_found find(const void *ctx, const gate_operand *o)
{
    const quantity q = quantity_of(ctx, o);
    if (!q.e) return fdml_gate_missing("not measured");
    return fdml_gate_aspect(q.e, o->aspect, q.p, q.p_holm);
}

fdml_status fdml_study_gate_judge(fdml_gate_outcome *outcome, const fdml_gate *gate,
                                  const fdml_study *study, fdml_arena *arena, fdml_error *err)
{
    return fdml_gate_judge_by(outcome, gate, find, study, arena, err);
}
