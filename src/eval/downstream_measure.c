/* downstream_measure.c - see downstream_measure.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/downstream_measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/stats.h"

enum { TESTS, RIGHT, PRESENCE, PRECISION, RECALL, F1, MACROS = 3 };

const char *const fdml_learned_name[FDML_L_MEASURES] = { [FDML_L_ACCURACY] = "accuracy",
                                                         [FDML_L_PRECISION] = "macro_precision",
                                                         [FDML_L_RECALL] = "macro_recall",
                                                         [FDML_L_F1] = "macro_f1" };

void fdml_learned_key(char key[FDML_LEARNED_KEY], fdml_classifier classifier,
                      fdml_protocol protocol, fdml_learned_measure measure)
{
    snprintf(key, FDML_LEARNED_KEY, "%s.%s.%s", fdml_classifier_name[classifier],
             fdml_protocol_name[protocol], fdml_learned_name[measure]);
}

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the measures of predictions");
}

fdml_status fdml_tested_group_make(fdml_tested_group *group, const fdml_tests *tests,
                                   const fdml_drawn_units *units, const uint32_t *group_code,
                                   uint32_t code, fdml_arena *arena, fdml_error *err)
{
    const size_t n_tests = tests->begin[tests->n_splits];
    size_t n = 0;
    for (size_t i = 0; i < n_tests; i++) n += !group_code || group_code[tests->row[i]] == code;
    uint32_t *at = fdml_arena_push(arena, n, sizeof *at);
    uint32_t *cluster = fdml_arena_push(arena, n, sizeof *cluster);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint32_t *dense = fdml_arena_push_zero(arena, units->n_units, sizeof *dense);
    if (!at || !cluster || !dense) return no_memory(err);
    size_t k = 0;
    for (size_t i = 0; i < n_tests; i++)
        if (!group_code || group_code[tests->row[i]] == code) at[k++] = (uint32_t)i;
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = tests->row[at[i]];
        dense[units->unit ? units->unit[row] : row] = 1;
    }
    uint32_t n_clusters = 0;
    for (size_t u = 0; u < units->n_units; u++)
        if (dense[u]) dense[u] = n_clusters++;
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = tests->row[at[i]];
        cluster[i] = dense[units->unit ? units->unit[row] : row];
    }
    fdml_arena_reset(arena, mark);
    *group = (fdml_tested_group){ .tests = tests,
                                  .at = at,
                                  .cluster = cluster,
                                  .n = n,
                                  .n_clusters = n_clusters,
                                  .is_of_values = units->are_values };
    return FDML_OK;
}

fdml_status fdml_tested_group_place(fdml_tested_group *group, const fdml_drawn_units *units,
                                    fdml_arena *arena, fdml_error *err)
{
    enum { NOT_TESTED = FDML_ABSENT - 1 };
    const fdml_tests *tests = group->tests;
    uint32_t *place = fdml_arena_push(arena, units->n_units, sizeof *place);
    if (!place) return no_memory(err);
    for (size_t u = 0; u < units->n_units; u++) place[u] = NOT_TESTED;
    for (size_t i = 0; i < tests->begin[tests->n_splits]; i++)
        place[units->unit ? units->unit[tests->row[i]] : tests->row[i]] = FDML_ABSENT;
    for (size_t i = 0; i < group->n; i++) {
        const uint32_t row = tests->row[group->at[i]];
        place[units->unit ? units->unit[row] : row] = group->cluster[i];
    }
    size_t n = 0;
    for (size_t u = 0; u < units->n_units; u++)
        if (place[u] != NOT_TESTED) place[n++] = place[u];
    group->place = place;
    group->n_drawn = n;
    return FDML_OK;
}

double fdml_learned_value(const double sums[FDML_LEARNED_STRIDE], fdml_learned_measure measure)
{
    static const size_t column[FDML_L_MEASURES] = { RIGHT, PRECISION, RECALL, F1 };
    const double below = sums[measure == FDML_L_ACCURACY ? TESTS : PRESENCE];
    return below > 0 ? sums[column[measure]] / below : NAN;
}

/* --- measures of values ----------------------------------------------------------------- */

typedef struct counts {
    uint32_t *n, *p, *t; /* [n_values] rows of a value, predicted as it, both */
    uint32_t *present;   /* [n_present] values that have rows */
    uint32_t *cluster;   /* [n_values] of a value's rows, where clusters are values */
    double (*q)[MACROS]; /* [n_values] of those present */
    size_t n_present;
} counts;

static fdml_status make_counts(counts *c, size_t n_values, fdml_arena *arena, fdml_error *err)
{
    *c = (counts){ .n = fdml_arena_push_zero(arena, n_values, sizeof(uint32_t)),
                   .p = fdml_arena_push_zero(arena, n_values, sizeof(uint32_t)),
                   .t = fdml_arena_push_zero(arena, n_values, sizeof(uint32_t)),
                   .present = fdml_arena_push(arena, n_values, sizeof(uint32_t)),
                   .cluster = fdml_arena_push(arena, n_values, sizeof(uint32_t)),
                   .q = fdml_arena_push(arena, n_values, sizeof *c->q) };
    return c->n && c->p && c->t && c->present && c->cluster && c->q ? FDML_OK : no_memory(err);
}

/* A test row of the group: what it is, and what it was taken for. */
typedef struct verdict {
    uint32_t y, v;
} verdict;

static verdict verdict_of(const fdml_tested_group *g, const uint32_t *predicted, size_t i)
{
    const fdml_tests *tests = g->tests;
    return (verdict){ tests->target->code[tests->row[g->at[i]]], predicted[g->at[i]] };
}

/* Counts, and the measures of every value. */
static void count(counts *c, const fdml_tested_group *g, const uint32_t *predicted)
{
    for (size_t i = 0; i < g->n; i++) {
        const verdict a = verdict_of(g, predicted, i);
        if (!c->n[a.y]++) c->present[c->n_present++] = a.y;
        c->p[a.v]++;
        c->t[a.y] += a.y == a.v;
        c->cluster[a.y] = g->cluster[i];
    }
    for (size_t k = 0; k < c->n_present; k++) {
        const uint32_t v = c->present[k];
        const double n = c->n[v], p = c->p[v], t = c->t[v];
        c->q[v][0] = p > 0 ? t / p : 0;
        c->q[v][1] = t / n;
        c->q[v][2] = 2 * t / (n + p);
    }
}

static void add_values(double *features, const counts *c)
{
    for (size_t k = 0; k < c->n_present; k++) {
        const uint32_t v = c->present[k];
        double *f = features + c->cluster[v] * FDML_LEARNED_STRIDE;
        f[PRESENCE] += 1;
        for (size_t m = 0; m < MACROS; m++) f[PRECISION + m] += c->q[v][m];
    }
}

/* A row that is taken for another value that is there lowers that value's precision and f1: the
 * derivative of the sum of the values' measures by the row's weight, its own value apart. */
static void add_harm(double *f, const counts *c, verdict a)
{
    if (a.y == a.v || !c->n[a.v]) return; /* a value that is not there is in no mean */
    f[PRECISION] -= c->q[a.v][0] / c->p[a.v];
    f[F1] -= c->q[a.v][2] / (c->n[a.v] + c->p[a.v]);
}

/* What classes do to one another, less its mean, beside what they are themselves: without it,
 * an interval would take the rows that others send into a class for the class's own. */
static void add_harms(double *features, const counts *c, const fdml_tested_group *g,
                      const uint32_t *predicted)
{
    double mean[FDML_LEARNED_STRIDE] = { 0 };
    for (size_t i = 0; i < g->n; i++) {
        const verdict a = verdict_of(g, predicted, i);
        add_harm(features + g->cluster[i] * FDML_LEARNED_STRIDE, c, a);
        add_harm(mean, c, a);
    }
    for (size_t k = 0; k < g->n_clusters; k++)
        for (size_t m = 0; m < MACROS; m++)
            features[k * FDML_LEARNED_STRIDE + PRECISION + m] -=
                mean[PRECISION + m] / (double)g->n_clusters;
}

/* The derivative of the sum of the values' measures by the weight of one row. */
static void add_influence(double *f, const counts *c, verdict a)
{
    const double is_right = a.y == a.v;
    const double *q = c->q[a.y];
    const double n = c->n[a.y], both = n + c->p[a.y];
    if (is_right > 0) f[PRECISION] += (1 - q[0]) / c->p[a.y];
    f[RECALL] += (is_right - q[1]) / n;
    f[F1] += (2 * is_right - q[2] * (1 + is_right)) / both;
    add_harm(f, c, a);
}

/* --- features --------------------------------------------------------------------------- */

/* From influences on sums of measures to features: see the head of downstream_measure.h. sum:
 * [MACROS] of all values' measures. */
static void finish_influences(double *features, size_t n_clusters, const double *sum,
                              double n_values, double n_tests)
{
    for (size_t c = 0; c < n_clusters; c++) {
        double *f = features + c * FDML_LEARNED_STRIDE;
        f[PRESENCE] = f[TESTS];
        for (size_t m = 0; m < MACROS; m++)
            f[PRECISION + m] = (sum[m] * f[TESTS] + f[PRECISION + m] * n_tests) / n_values;
    }
}

fdml_status fdml_learned_features(double *features, double total[FDML_LEARNED_STRIDE],
                                  const fdml_tested_group *g, const uint32_t *predicted,
                                  fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    double sum[MACROS] = { 0 };
    counts c;
    FDML_TRY(make_counts(&c, g->tests->target->n_values, scratch, err));
    memset(features, 0, g->n_clusters * FDML_LEARNED_STRIDE * sizeof *features);
    count(&c, g, predicted);
    for (size_t i = 0; i < g->n; i++) {
        const verdict a = verdict_of(g, predicted, i);
        double *f = features + g->cluster[i] * FDML_LEARNED_STRIDE;
        f[TESTS] += 1;
        f[RIGHT] += a.y == a.v;
        if (!g->is_of_values) add_influence(f, &c, a);
    }
    for (size_t k = 0; k < c.n_present; k++)
        for (size_t m = 0; m < MACROS; m++) sum[m] += c.q[c.present[k]][m];
    if (g->is_of_values) {
        add_values(features, &c);
        add_harms(features, &c, g, predicted);
    } else {
        finish_influences(features, g->n_clusters, sum, (double)c.n_present, (double)g->n);
    }
    memset(total, 0, FDML_LEARNED_STRIDE * sizeof *total);
    for (size_t i = 0; i < g->n_clusters; i++)
        for (size_t k = 0; k < FDML_LEARNED_STRIDE; k++)
            total[k] += features[i * FDML_LEARNED_STRIDE + k];
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
