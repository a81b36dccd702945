/* encode.c - see encode.h. Sums are in double, in the order of the list.
 * SPDX-License-Identifier: MIT */
#include "explain/encode.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct fitter {
    const fdml_tabular *t;
    const uint32_t *row;
    size_t n;
} fitter;

static fdml_status no_memory(const fdml_tabular *t, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to encode %zu features", t->n_features);
}

static float cell(const fitter *fit, size_t i, size_t f)
{
    return fit->t->x[fit->row[i] * fit->t->n_features + f];
}

/* scikit-learn's test (_is_constant_feature): is the variance within the error bound of
 * computing it? */
static bool is_constant(double variance, double mean, size_t n)
{
    const double error = (double)n * DBL_EPSILON, shift = error * mean;
    return variance <= error * variance + shift * shift;
}

static fdml_status fit_number(float *mean, float *factor, const fitter *fit, size_t f,
                              fdml_error *err)
{
    const size_t n = fit->n;
    size_t n_known = 0;
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        const float x = cell(fit, i, f);
        if (isnan(x)) continue;
        sum += (double)x;
        n_known++;
    }
    if (!n_known)
        return fdml_fail(err, FDML_E_DATA, "feature %.60s has no value in the %zu rows to fit",
                         fit->t->feature[f].name, n);
    const double m = sum / (double)n_known;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)cell(fit, i, f) - m;
        if (!isnan(d)) square += d * d; /* a missing one is m, which adds nothing */
    }
    const double variance = square / (double)n;
    const double inverse = is_constant(variance, m, n) ? 1 : 1 / sqrt(variance);
    *mean = (float)m;
    *factor = inverse < (double)FLT_MAX ? (float)inverse : FLT_MAX;
    return FDML_OK;
}

/* The columns of a feature's levels, from `first` on; 0 says that there was no memory. */
static uint32_t *fit_levels(size_t *n_columns, const fitter *fit, size_t f, size_t first,
                            fdml_arena *arena)
{
    const size_t n_levels = fit->t->feature[f].n_levels;
    uint32_t *column = fdml_arena_push_zero(arena, n_levels, sizeof *column);
    if (!column) return NULL;
    for (size_t i = 0; i < fit->n; i++) column[(uint32_t)cell(fit, i, f)] = 1;
    *n_columns = 0;
    for (size_t v = 0; v < n_levels; v++)
        column[v] = column[v] ? (uint32_t)(first + (*n_columns)++) : FDML_NO_ENCODED;
    return column;
}

double fdml_encoder_memory(const fdml_tabular *t)
{
    const double n_features = (double)t->n_features;
    double bytes = fdml_arena_room(n_features + 1, sizeof(size_t)) +
                   2 * fdml_arena_room(n_features, sizeof(float)) +
                   fdml_arena_room(n_features, sizeof(uint32_t *));
    for (size_t f = 0; f < t->n_features; f++)
        bytes += fdml_arena_room(t->feature[f].n_levels, sizeof(uint32_t));
    return bytes;
}

static fdml_status fit_all(fdml_encoder *e, const fitter *fit, fdml_arena *arena,
                           fdml_error *err)
{
    const fdml_tabular *t = fit->t;
    size_t *begin = fdml_arena_push(arena, t->n_features + 1, sizeof *begin);
    float *mean = fdml_arena_push(arena, t->n_features, sizeof *mean);
    float *factor = fdml_arena_push(arena, t->n_features, sizeof *factor);
    const uint32_t **column = fdml_arena_push(arena, t->n_features, sizeof *column);
    if (!begin || !mean || !factor || !column) return no_memory(t, err);
    begin[0] = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        size_t width = 1;
        column[f] = NULL;
        mean[f] = 0;
        factor[f] = 1;
        if (t->feature[f].kind == FDML_NUMERIC) {
            FDML_TRY(fit_number(&mean[f], &factor[f], fit, f, err));
        } else {
            column[f] = fit_levels(&width, fit, f, begin[f], arena);
            if (!column[f]) return no_memory(t, err);
        }
        begin[f + 1] = begin[f] + width;
    }
    *e = (fdml_encoder){ .n_features = t->n_features,
                         .dim = begin[t->n_features],
                         .feature = t->feature,
                         .begin = begin,
                         .mean = mean,
                         .factor = factor,
                         .level_column = column };
    return FDML_OK;
}

fdml_status fdml_encoder_fit(fdml_encoder *e, const fdml_tabular *t, const uint32_t *row,
                             size_t n, fdml_arena *arena, fdml_error *err)
{
    const fitter fit = { t, row, n };
    if (!n) return fdml_fail(err, FDML_E_DATA, "no rows to fit the encoding of features to");
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const fdml_status status = fit_all(e, &fit, arena, err);
    if (status) fdml_arena_reset(arena, mark);
    return status;
}

void fdml_encoder_rows(float *z, const fdml_encoder *e, const float *x, size_t n)
{
    memset(z, 0, n * e->dim * sizeof *z);
    for (size_t i = 0; i < n; i++, x += e->n_features, z += e->dim) {
        for (size_t f = 0; f < e->n_features; f++) {
            const uint32_t *column = e->level_column[f];
            if (!column) {
                if (!isnan(x[f])) z[e->begin[f]] = (x[f] - e->mean[f]) * e->factor[f];
            } else if (x[f] >= 0 && x[f] < (float)e->feature[f].n_levels) {
                const uint32_t c = column[(uint32_t)x[f]];
                if (c != FDML_NO_ENCODED) z[c] = 1;
            }
        }
    }
}

void fdml_encoder_entries(float *value, uint32_t *column, const fdml_encoder *e, const float *x,
                          size_t n)
{
    const size_t n_features = e->n_features;
    for (size_t f = 0; f < n_features; f++) {
        const uint32_t *level_column = e->level_column[f], first = (uint32_t)e->begin[f];
        const float mean = e->mean[f], factor = e->factor[f];
        const float n_levels = level_column ? (float)e->feature[f].n_levels : 0;
        for (size_t i = 0; i < n; i++) {
            const float v = x[i * n_features + f];
            float entry = 0;
            uint32_t at = first;
            if (!level_column) {
                entry = isnan(v) ? 0 : (v - mean) * factor;
            } else if (v >= 0 && v < n_levels) {
                at = level_column[(uint32_t)v];
                entry = 1;
                if (at == FDML_NO_ENCODED) at = first, entry = 0;
            }
            value[i * n_features + f] = entry;
            column[i * n_features + f] = at;
        }
    }
}
