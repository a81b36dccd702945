/* study_local.c - room and names for what methods say of single rows. See study_state.h.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "explain/study_state.h"

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the explanations of %zu rows", n);
}

static fdml_status make_room(fdml_study_local *local, const char **column, size_t n_columns,
                             size_t n, fdml_arena *arena, fdml_error *err)
{
    double *contribution = fdml_arena_push_zero(arena, n * n_columns, sizeof *contribution);
    double *base = fdml_arena_push_zero(arena, n, sizeof *base);
    if (!contribution || !base) return no_memory(n, err);
    *local = (fdml_study_local){
        .n_columns = n_columns, .column = column, .contribution = contribution, .base = base
    };
    return FDML_OK;
}

fdml_status fdml_study_local_features(fdml_study_local *local, const fdml_tabular *t, size_t n,
                                      fdml_arena *arena, fdml_error *err)
{
    const char **column = fdml_arena_push(arena, t->n_features, sizeof *column);
    if (!column) return no_memory(n, err);
    for (size_t f = 0; f < t->n_features; f++) column[f] = t->feature[f].name;
    return make_room(local, column, t->n_features, n, arena, err);
}

/* "job=Sales", or of a number its name. */
static const char *encoded_name(const fdml_encoder *e, size_t column, fdml_arena *arena)
{
    size_t f = 0;
    while (e->begin[f + 1] <= column) f++;
    const fdml_feature *feature = &e->feature[f];
    if (feature->kind == FDML_NUMERIC) return feature->name;
    uint32_t level = 0;
    while (e->level_column[f][level] != column) level++;
    const size_t size = strlen(feature->name) + strlen(feature->level[level]) + 2;
    char *name = fdml_arena_push(arena, size, 1);
    if (name) snprintf(name, size, "%s=%s", feature->name, feature->level[level]);
    return name;
}

fdml_status fdml_study_local_encoded(fdml_study_local *local, const fdml_encoder *e,
                                     const uint32_t *column, size_t n_columns, size_t n,
                                     fdml_arena *arena, fdml_error *err)
{
    const char **name = fdml_arena_push(arena, n_columns, sizeof *name);
    if (!name) return no_memory(n, err);
    for (size_t i = 0; i < n_columns; i++) {
        name[i] = encoded_name(e, column ? column[i] : i, arena);
        if (!name[i]) return no_memory(n, err);
    }
    return make_room(local, name, n_columns, n, arena, err);
}

/* --- beforehand --------------------------------------------------------------------------- */

/* Encoded columns, at most: those of all levels; and bytes of their names. */
static double encoded_names(double *n_columns, const fdml_tabular *t)
{
    double bytes = 0;
    *n_columns = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        const fdml_feature *feature = &t->feature[f];
        *n_columns += feature->kind == FDML_NUMERIC ? 1 : feature->n_levels;
        for (uint32_t l = 0; l < feature->n_levels; l++)
            bytes += fdml_arena_room(
                (double)(strlen(feature->name) + strlen(feature->level[l]) + 2), 1);
    }
    return bytes;
}

double fdml_study_local_memory(const fdml_tabular *t, const fdml_method *method, size_t n)
{
    const double rows = (double)n, own = fdml_arena_room(1, sizeof(fdml_study_local));
    const bool is_gam = method->kind == FDML_METHOD_GAM;
    double columns = (double)t->n_features, names = 0;
    if (method->kind == FDML_METHOD_TREE) return 0;
    if (method->is_encoded || is_gam) names = encoded_names(&columns, t);
    if (is_gam && method->n_kept && (double)method->n_kept < columns)
        columns = (double)method->n_kept;
    const double values = fdml_arena_room(rows * columns, sizeof(double)),
                 of_row = fdml_arena_room(rows, sizeof(double));
    const bool is_lime = method->kind == FDML_METHOD_LIME; /* whose weights are kept, too */
    return own + fdml_arena_room(columns, sizeof(char *)) + names +
           (is_lime ? 2 : 1) * (values + of_row);
}
