/* audit_leakage.c - the leakage of every attribute, with intervals.
 *
 * A class is drawn with all its rows and with what was predicted of them, among the classes of
 * the same majority value, so that no value is lost. Both readers see the same draws. They are
 * not trained again: the interval is that of this reading of other people, not of training.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/leakage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_state.h"

enum { LOGISTIC, KNN, READERS };

/* What is known of one attribute. A row of features has for each value its rows, and for each
 * reader and value the rows recognised. */
typedef struct attribute {
    audit_state *state;
    size_t grouping, n_values, n_rows;
    uint32_t *code;               /* [n_rows of the problem] as in leakage.h */
    uint32_t *majority;           /* [n_classes] */
    uint32_t *predicted[READERS]; /* [n_rows of the problem] */
    size_t stride;
    double n_free, n_classes; /* over the strata that are drawn: classes - 1, classes */
} attribute;

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for leakage");
}

/* Values with enough rows in two classes or more get dense codes. */
static fdml_status keep_values(attribute *a, fdml_error *err)
{
    audit_state *state = a->state;
    const fdml_grouping *by = &state->groupings.grouping[a->grouping];
    const size_t n = state->problem->n_rows;
    a->code = fdml_arena_push(state->scratch, n, sizeof *a->code);
    uint32_t *dense = fdml_arena_push(state->scratch, by->n_groups, sizeof *dense);
    if (!a->code || !dense) return no_memory(err);
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    grouped_rows rows;
    FDML_TRY(fdml_audit_group_rows(&rows, state, a->grouping, err));
    for (size_t g = 0; g < by->n_groups; g++) {
        const bool is_large = by->n_rows[g] >= state->settings->min_group;
        const bool is_kept = is_large && fdml_audit_runs(&rows, state, g).n_runs >= 2;
        dense[g] = is_kept ? (uint32_t)a->n_values++ : FDML_LEAKAGE_NONE;
        if (is_kept) a->n_rows += by->n_rows[g];
    }
    fdml_arena_reset(state->scratch, mark);
    for (size_t i = 0; i < n; i++) a->code[i] = dense[by->code[i]];
    return FDML_OK;
}

static fdml_status predict(attribute *a, fdml_error *err)
{
    audit_state *state = a->state;
    const fdml_leakage leakage = { .problem = state->problem,
                                   .machine = state->machine,
                                   .code = a->code,
                                   .n_values = a->n_values,
                                   .seed = state->settings->seed,
                                   .stream =
                                       audit_stream_id(STREAM_LEAKAGE_HALVES, a->grouping, 0) };
    for (int r = 0; r < READERS; r++) {
        a->predicted[r] =
            fdml_arena_push(state->scratch, state->problem->n_rows, sizeof(uint32_t));
        if (!a->predicted[r]) return no_memory(err);
    }
    a->majority =
        fdml_arena_push(state->scratch, state->problem->label->n_levels, sizeof(uint32_t));
    if (!a->majority) return no_memory(err);
    FDML_TRY(fdml_leakage_majority(a->majority, &leakage, state->scratch, err));
    FDML_TRY(fdml_leakage_logistic(a->predicted[LOGISTIC], &leakage, state->scratch, err));
    return fdml_leakage_knn(a->predicted[KNN], &leakage, state->scratch, err);
}

static void add_class(double *f, const attribute *a, size_t class)
{
    const audit_state *state = a->state;
    for (size_t i = state->class_begin[class]; i < state->class_begin[class + 1]; i++) {
        const uint32_t row = state->by_class[i], v = a->code[row];
        if (v == FDML_LEAKAGE_NONE) continue;
        f[v] += 1;
        for (size_t r = 0; r < READERS; r++)
            f[(1 + r) * a->n_values + v] += a->predicted[r][row] == v;
    }
}

/* Adds the features of the classes of one majority value to `total`, and those of their draws
 * to `sums`, [n_bootstrap, stride]. */
static fdml_status add_stratum(double *total, double *sums, attribute *a, uint32_t value,
                               fdml_error *err)
{
    audit_state *state = a->state;
    const fdml_audit_settings *s = state->settings;
    const size_t n_classes = state->problem->label->n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    size_t n = 0;
    for (size_t c = 0; c < n_classes; c++) n += a->majority[c] == value;
    if (!n) return FDML_OK;
    double *features = fdml_arena_push_zero(state->scratch, n * a->stride, sizeof *features);
    double *drawn = fdml_arena_push(state->scratch, s->n_bootstrap * a->stride, sizeof *drawn);
    if (!features || !drawn) return no_memory(err);
    double *f = features;
    for (size_t c = 0; c < n_classes; c++) {
        if (a->majority[c] != value) continue;
        add_class(f, a, c);
        for (size_t k = 0; k < a->stride; k++) total[k] += f[k];
        f += a->stride;
    }
    const fdml_bootstrap bootstrap = { .features = features,
                                       .n_clusters = n,
                                       .n_features = a->stride,
                                       .n_replicates = s->n_bootstrap,
                                       .seed = s->seed,
                                       .stream = audit_stream_id(STREAM_LEAKAGE, a->grouping,
                                                                 value) };
    fdml_bootstrap_sums(drawn, &bootstrap, state->machine->n_threads);
    a->n_free += (double)(n - 1);
    a->n_classes += (double)n;
    for (size_t k = 0; k < s->n_bootstrap * a->stride; k++) sums[k] += drawn[k];
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

/* Mean over values of the share of their rows that were recognised. Sums of counts are exact.
 */
static double balanced_accuracy(const attribute *a, const double *sums, size_t reader)
{
    const double *recognised = sums + (1 + reader) * a->n_values;
    double sum = 0, n = 0;
    for (size_t v = 0; v < a->n_values; v++) {
        if (sums[v] == 0) continue; /* a draw may miss a value that is no class's majority */
        sum += recognised[v] / sums[v];
        n++;
    }
    return sum / n;
}

static fdml_status measure(fdml_leakage_result *result, attribute *a, fdml_error *err)
{
    audit_state *state = a->state;
    const fdml_audit_settings *s = state->settings;
    a->stride = fdml_feature_stride((1 + READERS) * a->n_values);
    FDML_TRY(predict(a, err));
    double *total = fdml_arena_push_zero(state->scratch, a->stride, sizeof *total);
    double *sums =
        fdml_arena_push_zero(state->scratch, s->n_bootstrap * a->stride, sizeof *sums);
    double *replicate = fdml_arena_push(state->scratch, s->n_bootstrap, sizeof *replicate);
    if (!total || !sums || !replicate) return no_memory(err);
    for (uint32_t v = 0; v < a->n_values; v++) FDML_TRY(add_stratum(total, sums, a, v, err));
    fdml_estimate *const estimate[READERS] = { &result->logistic, &result->knn };
    for (size_t r = 0; r < READERS; r++) {
        *estimate[r] =
            (fdml_estimate){ balanced_accuracy(a, total, r), NAN, NAN, a->n_rows, NULL };
        if (!s->n_bootstrap) continue;
        for (size_t b = 0; b < s->n_bootstrap; b++)
            replicate[b] = balanced_accuracy(a, sums + b * a->stride, r);
        fdml_bootstrap_interval(&estimate[r]->lo, &estimate[r]->hi, replicate, s->n_bootstrap,
                                s->confidence,
                                (fdml_freedom){ a->n_free, a->n_classes / a->n_free });
    }
    return FDML_OK;
}

/* "insufficient data (1 value with 20 rows and two classes)", in the result's arena. */
static const char *too_few(const attribute *a, size_t least)
{
    char text[128];
    const int n = snprintf(text, sizeof text,
                           "insufficient data (%zu value%s with %zu rows and two classes)",
                           a->n_values, a->n_values == 1 ? "" : "s", least ? least : 1);
    return fdml_arena_copy_text(a->state->arena, text, (size_t)n);
}

size_t fdml_audit_leakage_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                               size_t n_values)
{
    const size_t stride = fdml_feature_stride((1 + READERS) * n_values);
    const size_t n_classes = problem->label->n_levels;
    return problem->n_rows * (1 + READERS) * sizeof(uint32_t) + n_classes * sizeof(uint32_t) +
           (n_classes + 2 * settings->n_bootstrap + 1) * stride * sizeof(double) +
           settings->n_bootstrap * sizeof(double);
}

fdml_status fdml_audit_leakage(fdml_audit_result *result, audit_state *state, fdml_error *err)
{
    const fdml_groupings *by = &state->groupings;
    fdml_leakage_result *list = fdml_arena_push(state->arena, by->n, sizeof *list);
    if (!list) return no_memory(err);
    size_t n = 0;
    for (size_t g = 1; g < by->n; g++) {
        if (by->grouping[g].is_intersection) continue;
        const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
        attribute a = { .state = state, .grouping = g };
        const fdml_estimate none = { NAN, NAN, NAN, 0, NULL };
        FDML_TRY(keep_values(&a, err));
        list[n] = (fdml_leakage_result){ .by = by->grouping[g].by,
                                         .n_values = a.n_values,
                                         .n_rows = a.n_rows,
                                         .chance = 1 / (double)a.n_values,
                                         .logistic = none,
                                         .knn = none };
        if (a.n_values >= 2) {
            FDML_TRY(measure(&list[n], &a, err));
        } else {
            list[n].chance = NAN;
            list[n].logistic.why = list[n].knn.why = too_few(&a, state->settings->min_group);
            if (!list[n].knn.why) return no_memory(err);
        }
        fdml_arena_reset(state->scratch, mark);
        n++;
    }
    result->leakage = list;
    result->n_leakage = n;
    return FDML_OK;
}
