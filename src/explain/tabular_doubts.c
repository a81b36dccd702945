/* tabular_doubts.c - what looks like a mistake in a table that can be read. See tabular.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "explain/tabular_state.h"

/* --- blanks ----------------------------------------------------------------------------- */

/* A level without its blanks. */
typedef struct trimmed {
    const char *text; /* where it begins */
    size_t length;
    const char *whole;
} trimmed;

static trimmed trim(const char *level)
{
    trimmed t = { level + strspn(level, " \t"), 0, level };
    t.length = strlen(t.text);
    while (t.length && strchr(" \t", t.text[t.length - 1])) t.length--;
    return t;
}

static int compare_trimmed(const void *left, const void *right)
{
    const trimmed *a = left, *b = right;
    const size_t n = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->text, b->text, n);
    if (order) return order;
    if (a->length != b->length) return a->length < b->length ? -1 : 1;
    return strcmp(a->whole, b->whole);
}

fdml_status fdml_tabular_warn_blanks(fdml_tabular_reader *r, const fdml_factor *factor,
                                     const char *what, fdml_error *err)
{
    const size_t n = factor->n_levels;
    bool has_blanks = false;
    for (size_t i = 0; i < n && !has_blanks; i++)
        has_blanks = trim(factor->level[i]).length < strlen(factor->level[i]);
    if (!has_blanks) return FDML_OK;
    const fdml_arena_mark mark = fdml_arena_get_mark(&r->work);
    trimmed *level = fdml_arena_push(&r->work, n, sizeof *level);
    if (!level)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu levels", r->table->path, n);
    for (size_t i = 0; i < n; i++) level[i] = trim(factor->level[i]);
    qsort(level, n, sizeof *level, compare_trimmed);
    fdml_status status = FDML_OK;
    for (size_t i = 1; i < n; i++) {
        if (level[i].length != level[i - 1].length ||
            memcmp(level[i].text, level[i - 1].text, level[i].length) != 0)
            continue;
        status =
            fdml_tabular_warn(r, err,
                              "column %.60s: '%.40s' and '%.40s' differ in blanks at their "
                              "ends alone, and are two %s",
                              factor->name, level[i - 1].whole, level[i].whole, what);
        break;
    }
    fdml_arena_reset(&r->work, mark);
    return status;
}

/* --- features --------------------------------------------------------------------------- */

enum { FEW_ROWS = 10 }; /* in which either may be chance */

/* One value wherever the target is 1, another wherever it is 0. */
static bool is_target(const fdml_tabular *t, size_t f)
{
    const float *x = t->x + f;
    float value[2] = { NAN, NAN };
    for (size_t i = 0; i < t->n_rows; i++) {
        float *of = &value[t->target[i]];
        if (isnan(*of)) *of = x[i * t->n_features];
        if (!(x[i * t->n_features] == *of)) return false;
    }
    return value[0] != value[1];
}

/* From the cells: float32 counts to 2^24 only. */
static bool is_counter(const fdml_table *table, size_t column)
{
    double last = NAN;
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *cell = fdml_table_cell(table, i, column);
        double value;
        if (!fdml_number_double(&value, cell, strlen(cell))) return false;
        if (i && !(value == last + 1)) return false;
        last = value;
    }
    return isfinite(last);
}

static fdml_status warn_feature(const fdml_tabular *t, fdml_tabular_reader *r, size_t f,
                                size_t column, fdml_error *err)
{
    const fdml_feature *feature = &t->feature[f];
    if (is_target(t, f))
        return fdml_tabular_warn(r, err,
                                 "column %.60s is the target %.60s, or its opposite, in every "
                                 "row: drop it, or black box and explanations look at it alone",
                                 feature->name, t->target_name);
    if (feature->kind == FDML_NUMERIC && is_counter(r->table, column))
        return fdml_tabular_warn(
            r, err,
            "column %.60s counts up by one from row to row: is it a number "
            "of the row? Then drop it",
            feature->name);
    return FDML_OK;
}

fdml_status fdml_tabular_warn_features(const fdml_tabular *t, fdml_tabular_reader *r,
                                       fdml_error *err)
{
    size_t f = 0;
    if (t->n_rows < FEW_ROWS) return FDML_OK;
    for (size_t c = 0; c < r->table->n_columns; c++)
        if (r->role[c] == FDML_COLUMN_FEATURE) FDML_TRY(warn_feature(t, r, f++, c, err));
    return FDML_OK;
}
