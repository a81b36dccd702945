/* tabular_columns.c - cells of features as numbers and levels. See tabular.h.
 *
 * A column is read twice: once to count what its cells are, once to fill its place in x.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "explain/tabular_state.h"

/* Levels are held as floats, which count exactly up to 2^24. */
enum { MAX_LEVELS = 1 << 24 };

typedef struct cell_counts {
    size_t n_missing; /* as text */
    size_t n_nan;     /* "nan": missing where the column is one of numbers */
    size_t n_numbers, n_words;
    size_t first_word; /* row of one */
} cell_counts;

static cell_counts count_cells(const fdml_tabular_reader *r, size_t column)
{
    cell_counts counts = { 0 };
    for (size_t i = 0; i < r->table->n_rows; i++) {
        const char *cell = fdml_table_cell(r->table, i, column);
        float value;
        if (fdml_tabular_is_missing(r->options, cell))
            counts.n_missing++;
        else if (!fdml_number_float(&value, cell, strlen(cell)))
            counts.first_word = counts.n_words++ ? counts.first_word : i;
        else if (isnan(value))
            counts.n_nan++;
        else
            counts.n_numbers++;
    }
    return counts;
}

static fdml_status fail_word(const fdml_tabular_reader *r, size_t column,
                             const cell_counts *counts, fdml_error *err)
{
    const fdml_table *table = r->table;
    const size_t row = counts->first_word;
    char others[64] = "; none of its cells is one";
    if (counts->n_numbers)
        snprintf(others, sizeof others, " as in %zu other row%s", counts->n_numbers,
                 counts->n_numbers == 1 ? "" : "s");
    return fdml_fail(
        err, FDML_E_DATA, "%.120s:%u: %.60s is '%.40s' (row %zu), expected a number%s%s",
        table->path, table->line[row], table->name[column], fdml_table_cell(table, row, column),
        row + 1, others,
        r->asked[column] ? "" : "; name the column categorical, or the word missing");
}

static fdml_status choose_kind(fdml_feature_kind *kind, const fdml_tabular_reader *r,
                               size_t column, const cell_counts *counts, fdml_error *err)
{
    const fdml_kind_asked asked = r->asked[column];
    const bool is_unknown = counts->n_words + counts->n_numbers == 0 &&
                            (asked != FDML_KIND_CATEGORICAL || !counts->n_nan);
    if (is_unknown)
        return fdml_fail(err, FDML_E_DATA, "%s: column %.60s has no value in any row; drop it",
                         r->table->path, r->table->name[column]);
    if (asked == FDML_KIND_CATEGORICAL) {
        *kind = FDML_CATEGORICAL;
        return FDML_OK;
    }
    const bool is_numeric =
        asked == FDML_KIND_NUMERIC || !counts->n_words || counts->n_words < counts->n_numbers;
    if (is_numeric && counts->n_words) return fail_word(r, column, counts, err);
    *kind = is_numeric ? FDML_NUMERIC : FDML_CATEGORICAL;
    return FDML_OK;
}

static fdml_status fail_constant(const fdml_tabular_reader *r, size_t column, fdml_error *err)
{
    const fdml_table *table = r->table;
    size_t row = 0;
    while (row + 1 < table->n_rows &&
           fdml_tabular_is_missing(r->options, fdml_table_cell(table, row, column)))
        row++;
    return fdml_fail(err, FDML_E_DATA,
                     "%s: column %.60s is '%.40s' in all rows where it is known, and no "
                     "explanation can use a constant; drop it",
                     table->path, table->name[column], fdml_table_cell(table, row, column));
}

static fdml_status fail_infinite(const fdml_tabular_reader *r, size_t row, size_t column,
                                 fdml_error *err)
{
    const fdml_table *table = r->table;
    const char *cell = fdml_table_cell(table, row, column);
    const bool is_word = strpbrk(cell, "iI") != NULL; /* inf, or digits that are too many */
    return fdml_fail(err, FDML_E_DATA, "%s:%u: %.60s is '%.40s' (row %zu), %s", table->path,
                     table->line[row], table->name[column], cell, row + 1,
                     is_word ? "expected a finite number"
                             : "beyond the range of a 32-bit float, 3.4e38");
}

/* x: this feature's first place; the next row's is n_features further. */
static fdml_status fill_numbers(float *x, const fdml_tabular *t, fdml_tabular_reader *r,
                                size_t column, fdml_error *err)
{
    const fdml_table *table = r->table;
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < t->n_rows; i++) {
        const char *cell = fdml_table_cell(table, i, column);
        float value = NAN;
        if (!fdml_tabular_is_missing(r->options, cell))
            fdml_number_float(&value, cell, strlen(cell));
        if (isinf(value)) return fail_infinite(r, i, column, err);
        if (value < low) low = value;
        if (value > high) high = value;
        x[i * t->n_features] = value;
    }
    return low == high ? fail_constant(r, column, err) : FDML_OK;
}

static fdml_status warn_levels(const fdml_feature *feature, const fdml_tabular *t,
                               fdml_tabular_reader *r, fdml_error *err)
{
    if (feature->n_levels > t->n_rows / 2 && feature->n_levels > 2)
        return fdml_tabular_warn(r, err,
                                 "column %.60s has %u categories in %zu rows: is it a name or "
                                 "number of the row?",
                                 feature->name, feature->n_levels, t->n_rows);
    return FDML_OK;
}

static fdml_status no_memory(const fdml_tabular_reader *r, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for features of %zu rows",
                     r->table->path, r->table->n_rows);
}

static fdml_status fill_levels(float *x, fdml_feature *feature, const fdml_tabular *t,
                               fdml_tabular_reader *r, size_t column, fdml_error *err)
{
    const char **text = fdml_arena_push(&r->work, t->n_rows, sizeof *text);
    fdml_factor factor;
    size_t n_unknown = 0, n_like_unknown = 0;
    if (!text) return no_memory(r, err);
    for (size_t i = 0; i < t->n_rows; i++) {
        text[i] = fdml_table_cell(r->table, i, column);
        if (fdml_tabular_is_missing(r->options, text[i])) {
            text[i] = fdml_tabular_missing_level;
            n_unknown++;
        } else {
            n_like_unknown += !strcmp(text[i], fdml_tabular_missing_level);
        }
    }
    FDML_TRY(fdml_factor_from_text(&factor, feature->name, text, t->n_rows, &r->work, err));
    if (factor.n_levels == 1) return fail_constant(r, column, err);
    if (factor.n_levels > MAX_LEVELS)
        return fdml_fail(err, FDML_E_LIMIT, "%s: column %.60s has %zu categories, at most %d",
                         r->table->path, feature->name, factor.n_levels, MAX_LEVELS);
    const char **level = fdml_arena_push(r->arena, factor.n_levels, sizeof *level);
    if (!level) return no_memory(r, err);
    for (size_t v = 0; v < factor.n_levels; v++) {
        const bool is_unknown =
            n_unknown && !strcmp(factor.level[v], fdml_tabular_missing_level);
        level[v] = is_unknown ? fdml_tabular_missing_level : factor.level[v];
    }
    feature->n_levels = (uint32_t)factor.n_levels;
    feature->level = level;
    for (size_t i = 0; i < t->n_rows; i++) x[i * t->n_features] = (float)factor.code[i];
    FDML_TRY(fdml_tabular_warn_blanks(r, &factor, "categories", err));
    if (n_unknown && n_like_unknown)
        FDML_TRY(fdml_tabular_warn(r, err,
                                   "column %.60s: %zu cells '%s' and %zu that are unknown are "
                                   "one category",
                                   feature->name, n_like_unknown, fdml_tabular_missing_level,
                                   n_unknown));
    return warn_levels(feature, t, r, err);
}

static fdml_status read_feature(float *x, fdml_feature *feature, const fdml_tabular *t,
                                fdml_tabular_reader *r, size_t column, fdml_error *err)
{
    const cell_counts counts = count_cells(r, column);
    *feature = (fdml_feature){ .name = r->table->name[column] };
    FDML_TRY(choose_kind(&feature->kind, r, column, &counts, err));
    if (feature->kind == FDML_NUMERIC) return fill_numbers(x, t, r, column, err);
    const fdml_arena_mark mark = fdml_arena_get_mark(&r->work);
    const fdml_status status = fill_levels(x, feature, t, r, column, err);
    fdml_arena_reset(&r->work, mark);
    return status;
}

fdml_status fdml_tabular_read_features(fdml_tabular *t, fdml_tabular_reader *r, fdml_error *err)
{
    size_t n = 0;
    for (size_t c = 0; c < r->table->n_columns; c++) n += r->role[c] == FDML_COLUMN_FEATURE;
    if (!n)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: no feature is left of %zu columns: all are target, protected, "
                         "split or dropped",
                         r->table->path, r->table->n_columns);
    fdml_feature *feature = fdml_arena_push(r->arena, n, sizeof *feature);
    /* n is at most the table's columns, whose 8-byte offsets are in memory: no overflow. */
    float *x = fdml_arena_push(r->arena, n * t->n_rows, sizeof *x);
    if (!feature || !x) return no_memory(r, err);
    t->n_features = n;
    n = 0;
    for (size_t c = 0; c < r->table->n_columns; c++) {
        if (r->role[c] != FDML_COLUMN_FEATURE) continue;
        FDML_TRY(read_feature(x + n, feature + n, t, r, c, err));
        n++;
    }
    t->feature = feature;
    t->x = x;
    return FDML_OK;
}
