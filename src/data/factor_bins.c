/* factor_bins.c - empty cells get a name, and numbers are cut at their quartiles.
 *
 * SPDX-License-Identifier: MIT */
#include "data/factor_bins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static const char missing[] = "(missing)";

static fdml_status no_memory(const char *name, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for its values", name);
}

/* NaN where there is none; false: a cell is neither empty nor a finite number. */
static bool read_numbers(double *value, bool *are_whole, const fdml_table *table, size_t column)
{
    *are_whole = true;
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *text = fdml_table_cell(table, i, column);
        value[i] = NAN;
        if (!*text) continue;
        if (!fdml_number_double(&value[i], text, strlen(text)) || !isfinite(value[i]))
            return false;
        if (floor(value[i]) != value[i]) *are_whole = false;
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values at which a bin begins, but the first's; returns how many, all different. Where the
 * smallest value fills more than a bin, as a count that is mostly 0, it has one of its own. */
static size_t cut(double bound[FDML_BINS], double *sorted, size_t n)
{
    size_t n_bounds = 0, n_least = 1;
    qsort(sorted, n, sizeof *sorted, ascending);
    while (n_least < n && sorted[n_least] <= sorted[0]) n_least++;
    for (size_t b = 1; b < FDML_BINS; b++) {
        const size_t place = b * n / FDML_BINS < n_least ? n_least : b * n / FDML_BINS;
        if (place < n && (!n_bounds || sorted[place] > bound[n_bounds - 1]))
            bound[n_bounds++] = sorted[place];
    }
    return n_bounds;
}

/* Names of the bins and, last, of what is missing. */
static bool name_bins(const char *name[FDML_BINS + 1], const double *bound, size_t n_bounds,
                      fdml_arena *arena)
{
    for (size_t b = 0; b <= n_bounds; b++) {
        char low[FDML_NUMBER_TEXT] = "", high[FDML_NUMBER_TEXT] = "";
        char text[2 * FDML_NUMBER_TEXT + 16];
        if (b) fdml_number_print(low, bound[b - 1]);
        if (b < n_bounds) fdml_number_print(high, bound[b]);
        if (!b)
            snprintf(text, sizeof text, "below %s", high);
        else if (b == n_bounds)
            snprintf(text, sizeof text, "%s or more", low);
        else
            snprintf(text, sizeof text, "%s to %s", low, high);
        name[b] = fdml_arena_copy_text(arena, text, strlen(text));
        if (!name[b]) return false;
    }
    name[n_bounds + 1] = missing;
    return true;
}

static fdml_status bin(fdml_factor *factor, const double *value, double *scratch,
                       fdml_arena *arena, fdml_error *err)
{
    double bound[FDML_BINS];
    size_t n = 0, n_rows = factor->n_rows;
    for (size_t i = 0; i < n_rows; i++)
        if (!isnan(value[i])) scratch[n++] = value[i];
    const size_t n_bounds = cut(bound, scratch, n);
    uint32_t *code = fdml_arena_push(arena, n_rows, sizeof *code);
    const char **name = fdml_arena_push(arena, FDML_BINS + 1, sizeof *name);
    if (!code || !name || !name_bins(name, bound, n_bounds, arena))
        return no_memory(factor->name, err);
    for (size_t i = 0; i < n_rows; i++) {
        uint32_t b = 0;
        while (b < n_bounds && value[i] >= bound[b]) b++;
        code[i] = isnan(value[i]) ? (uint32_t)n_bounds + 1 : b;
    }
    factor->code = code;
    factor->level = name;
    factor->n_levels = n_bounds + 1 + (n < n_rows);
    return FDML_OK;
}

/* Do levels of the two columns correspond one to one? As many levels, and each of `a` meets
 * only one of `b`. met: [n_levels] scratch. */
static bool is_renamed(const fdml_factor *a, const fdml_factor *b, uint32_t *met)
{
    if (a->n_levels != b->n_levels) return false;
    for (size_t v = 0; v < a->n_levels; v++) met[v] = UINT32_MAX;
    for (size_t i = 0; i < a->n_rows; i++) {
        uint32_t *seen = &met[a->code[i]];
        if (*seen == UINT32_MAX) *seen = b->code[i];
        if (*seen != b->code[i]) return false;
    }
    return true;
}

/* work: what is not needed afterwards. */
static fdml_status make(fdml_factor *factor, bool *is_key, const fdml_table *table,
                        size_t column, const fdml_factor *label, fdml_arena *arena,
                        fdml_arena *work, fdml_error *err)
{
    const char *name = table->name[column];
    const char **text = fdml_arena_push(work, table->n_rows, sizeof *text);
    double *value = fdml_arena_push(work, 2 * table->n_rows, sizeof *value);
    uint32_t *met = fdml_arena_push(work, table->n_rows, sizeof *met);
    bool are_whole;
    if (!text || !value || !met) return no_memory(name, err);
    for (size_t i = 0; i < table->n_rows; i++) {
        text[i] = fdml_table_cell(table, i, column);
        if (!*text[i]) text[i] = missing;
    }
    FDML_TRY(fdml_factor_from_text(factor, name, text, table->n_rows, arena, err));
    const bool are_numbers = read_numbers(value, &are_whole, table, column);
    *is_key = factor->n_levels == table->n_rows && (are_whole || !are_numbers);
    *is_key = *is_key || (label && is_renamed(factor, label, met));
    if (!are_numbers || *is_key || factor->n_levels <= FDML_BINNED_ABOVE) return FDML_OK;
    return bin(factor, value, value + table->n_rows, arena, err);
}

fdml_status fdml_factor_from_column(fdml_factor *factor, bool *is_key, const fdml_table *table,
                                    size_t column, const fdml_factor *label, fdml_arena *arena,
                                    fdml_error *err)
{
    fdml_arena work;
    fdml_arena_init(&work, 0);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const fdml_status status = make(factor, is_key, table, column, label, arena, &work, err);
    if (status) fdml_arena_reset(arena, mark);
    fdml_arena_close(&work);
    return status;
}
