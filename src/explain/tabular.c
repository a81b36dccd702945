/* tabular.c - which column is what, the target and the groups. See tabular.h.
 *
 * All that can be said from the header is said before a cell is read.
 * SPDX-License-Identifier: MIT */
#include "explain/tabular.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "explain/tabular_split.h"
#include "explain/tabular_state.h"

enum { SENTENCE = 320, WARNINGS_OF_A_COLUMN = 4 };

const char fdml_tabular_missing_level[] = "(missing)";

fdml_status fdml_tabular_warn(fdml_tabular_reader *r, fdml_error *err, const char *format, ...)
{
    char text[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20) *c = '?'; /* as fdml_fail does */
    const char *kept = fdml_arena_copy_text(r->arena, text, strlen(text));
    if (!kept || r->n_warnings == r->max_warnings)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for warnings", r->table->path);
    r->warning[r->n_warnings++] = kept;
    return FDML_OK;
}

bool fdml_tabular_is_missing(const fdml_tabular_options *options, const char *cell)
{
    while (*cell == ' ') cell++;
    size_t length = strlen(cell);
    while (length && cell[length - 1] == ' ') length--;
    if (!length) return true;
    for (size_t i = 0; i < options->missing.n; i++) {
        const char *word = options->missing.name[i];
        if (strlen(word) == length && !memcmp(word, cell, length)) return true;
    }
    return false;
}

/* --- roles ------------------------------------------------------------------------------ */

static const char *const role_word[] = { "a feature", "the target", "protected", "dropped",
                                         "the split" };

static fdml_status give_role(fdml_tabular_reader *r, const char *name, fdml_column_role role,
                             fdml_error *err)
{
    size_t column;
    FDML_TRY(fdml_table_find(r->table, name, &column, err));
    if (r->role[column] == role)
        return fdml_fail(err, FDML_E_ARG, "%s: column '%.60s' is named twice as %s",
                         r->table->path, name, role_word[role]);
    if (r->role[column] != FDML_COLUMN_FEATURE)
        return fdml_fail(err, FDML_E_ARG, "%s: column '%.60s' cannot be %s and %s",
                         r->table->path, name, role_word[r->role[column]], role_word[role]);
    r->role[column] = (uint8_t)role;
    return FDML_OK;
}

static fdml_status ask_kind(fdml_tabular_reader *r, const fdml_name_list *list,
                            fdml_kind_asked kind, fdml_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        size_t column;
        FDML_TRY(fdml_table_find(r->table, list->name[i], &column, err));
        if (r->role[column] != FDML_COLUMN_FEATURE)
            return fdml_fail(err, FDML_E_ARG,
                             "%s: column '%.60s' cannot be %s: it is %s, and no feature",
                             r->table->path, list->name[i],
                             kind == FDML_KIND_NUMERIC ? "numeric" : "categorical",
                             role_word[r->role[column]]);
        if (r->asked[column] && r->asked[column] != kind)
            return fdml_fail(err, FDML_E_ARG,
                             "%s: column '%.60s' cannot be numeric and categorical",
                             r->table->path, list->name[i]);
        r->asked[column] = (uint8_t)kind;
    }
    return FDML_OK;
}

static fdml_status give_roles(fdml_tabular_reader *r, fdml_error *err)
{
    const fdml_tabular_options *o = r->options;
    FDML_TRY(give_role(r, o->target, FDML_COLUMN_TARGET, err));
    for (size_t i = 0; i < o->protected_.n; i++)
        FDML_TRY(give_role(r, o->protected_.name[i], FDML_COLUMN_PROTECTED, err));
    for (size_t i = 0; i < o->drop.n; i++)
        FDML_TRY(give_role(r, o->drop.name[i], FDML_COLUMN_DROPPED, err));
    if (o->split_column) FDML_TRY(give_role(r, o->split_column, FDML_COLUMN_SPLIT, err));
    FDML_TRY(ask_kind(r, &o->numeric, FDML_KIND_NUMERIC, err));
    FDML_TRY(ask_kind(r, &o->categorical, FDML_KIND_CATEGORICAL, err));
    for (size_t c = 0; c < r->table->n_columns; c++) {
        if (*r->table->name[c] || r->role[c] != FDML_COLUMN_FEATURE) continue;
        r->role[c] = FDML_COLUMN_DROPPED;
        FDML_TRY(fdml_tabular_warn(r, err, "column %zu has no name and is left out", c + 1));
    }
    return FDML_OK;
}

/* --- target and groups ------------------------------------------------------------------ */

/* Are both numbers? Then a and b are theirs. */
static bool both_numbers(double *a, double *b, const char *left, const char *right)
{
    return fdml_number_double(a, left, strlen(left)) &&
           fdml_number_double(b, right, strlen(right));
}

static fdml_status find_positive(uint32_t *code, const fdml_tabular_reader *r,
                                 const fdml_factor *target, fdml_error *err)
{
    const char *const *level = target->level, *asked = r->options->positive;
    double a, b;
    if (!asked) {
        *code = both_numbers(&a, &b, level[0], level[1]) && a > b ? 0 : 1;
        return FDML_OK;
    }
    for (uint32_t v = 0; v < 2; v++) {
        if (strcmp(level[v], asked) && !(both_numbers(&a, &b, level[v], asked) && a == b))
            continue;
        *code = v;
        return FDML_OK;
    }
    return fdml_fail(err, FDML_E_DATA,
                     "%s: target %.60s has no value '%.60s'; it has '%.40s' and '%.40s'",
                     r->table->path, target->name, asked, level[0], level[1]);
}

static fdml_status check_target(const fdml_tabular_reader *r, const fdml_factor *target,
                                fdml_error *err)
{
    const char *const *level = target->level;
    if (target->n_levels == 1)
        return fdml_fail(err, FDML_E_DATA, "%s: target %.60s has one value only, '%.60s'",
                         r->table->path, target->name, level[0]);
    if (target->n_levels > 2)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: target %.60s has %zu values ('%.30s', '%.30s', '%.30s'%s), "
                         "expected 2",
                         r->table->path, target->name, target->n_levels, level[0], level[1],
                         level[2], target->n_levels > 3 ? "..." : "");
    return FDML_OK;
}

static fdml_status read_target(fdml_tabular *t, fdml_tabular_reader *r, size_t column,
                               fdml_error *err)
{
    const fdml_table *table = r->table;
    fdml_factor factor;
    uint32_t positive = 0;
    for (size_t i = 0; i < t->n_rows; i++)
        if (fdml_tabular_is_missing(r->options, fdml_table_cell(table, i, column)))
            return fdml_fail(err, FDML_E_DATA, "%s:%u: target %.60s is missing (row %zu)",
                             table->path, table->line[i], table->name[column], i + 1);
    FDML_TRY(fdml_factor_from_table(&factor, table, column, &r->work, err));
    FDML_TRY(check_target(r, &factor, err));
    FDML_TRY(find_positive(&positive, r, &factor, err));
    uint8_t *target = fdml_arena_push(r->arena, t->n_rows, 1);
    if (!target)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu targets", table->path,
                         t->n_rows);
    for (size_t i = 0; i < t->n_rows; i++) target[i] = factor.code[i] == positive;
    t->target = target;
    t->target_name = table->name[column];
    t->positive = factor.level[positive];
    return FDML_OK;
}

/* What a protected cell says; unknown ones are of a group of their own, or an error. */
static fdml_status read_group(const char **text, const fdml_tabular_reader *r, size_t row,
                              size_t column, fdml_error *err)
{
    const fdml_table *table = r->table;
    const char *cell = fdml_table_cell(table, row, column);
    *text = cell;
    if (!fdml_tabular_is_missing(r->options, cell)) return FDML_OK;
    *text = fdml_tabular_missing_level;
    if (r->options->missing_is_group) return FDML_OK;
    return fdml_fail(
        err, FDML_E_DATA,
        "%s:%u: %.60s is %s%.40s%s (--missing-attribute group would make such rows "
        "a group)",
        table->path, table->line[row], table->name[column], *cell ? "'" : "empty", cell,
        *cell ? "', an unknown cell" : "");
}

static fdml_status read_groups(fdml_factor *factor, fdml_tabular_reader *r, size_t column,
                               fdml_error *err)
{
    const size_t n = r->table->n_rows;
    const fdml_arena_mark mark = fdml_arena_get_mark(&r->work);
    const char **text = fdml_arena_push(&r->work, n, sizeof *text);
    if (!text)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for groups of %zu rows",
                         r->table->path, n);
    for (size_t i = 0; i < n; i++) FDML_TRY(read_group(&text[i], r, i, column, err));
    FDML_TRY(fdml_factor_from_text(factor, r->table->name[column], text, n, r->arena, err));
    fdml_arena_reset(&r->work, mark);
    return fdml_tabular_warn_blanks(r, factor, "groups", err);
}

static fdml_status read_protected(fdml_tabular *t, fdml_tabular_reader *r, fdml_error *err)
{
    const fdml_name_list *list = &r->options->protected_;
    fdml_factor *factor = fdml_arena_push(r->arena, list->n, sizeof *factor);
    if (!factor)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for groups", r->table->path);
    for (size_t i = 0; i < list->n; i++) {
        size_t column;
        FDML_TRY(fdml_table_find(r->table, list->name[i], &column, err));
        FDML_TRY(read_groups(&factor[i], r, column, err));
        if (factor[i].n_levels == 1)
            return fdml_fail(err, FDML_E_DATA,
                             "%s: protected column %.60s has one value only, '%.60s'",
                             r->table->path, factor[i].name, factor[i].level[0]);
    }
    t->protected_ = factor;
    t->n_protected = list->n;
    return FDML_OK;
}

/* --- all of it -------------------------------------------------------------------------- */

static fdml_status begin(fdml_tabular_reader *r, fdml_error *err)
{
    const size_t n = r->table->n_columns;
    if (r->table->n_rows > UINT32_MAX)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %zu rows are more than %u", r->table->path,
                         r->table->n_rows, UINT32_MAX);
    r->max_warnings = WARNINGS_OF_A_COLUMN * n;
    r->warning = fdml_arena_push(r->arena, r->max_warnings, sizeof *r->warning);
    r->role = fdml_arena_push_zero(&r->work, n, 1);
    r->asked = fdml_arena_push_zero(&r->work, n, 1);
    if (!r->warning || !r->role || !r->asked)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu columns", r->table->path, n);
    return FDML_OK;
}

static fdml_status read_all(fdml_tabular *t, fdml_tabular_reader *r, fdml_error *err)
{
    const fdml_tabular_options *o = r->options;
    size_t column;
    FDML_TRY(begin(r, err));
    FDML_TRY(give_roles(r, err));
    *t = (fdml_tabular){ .n_rows = r->table->n_rows };
    FDML_TRY(fdml_table_find(r->table, o->target, &column, err));
    FDML_TRY(read_target(t, r, column, err));
    FDML_TRY(read_protected(t, r, err));
    if (o->split_column) {
        FDML_TRY(fdml_table_find(r->table, o->split_column, &column, err));
        FDML_TRY(fdml_tabular_split_column(t, r->table, column, r->arena, err));
    }
    FDML_TRY(fdml_tabular_read_features(t, r, err));
    return fdml_tabular_warn_features(t, r, err);
}

fdml_status fdml_tabular_read(fdml_tabular *t, fdml_tabular_notes *notes,
                              const fdml_table *table, const fdml_tabular_options *options,
                              fdml_arena *arena, fdml_error *err)
{
    fdml_tabular_reader r = { .table = table, .options = options, .arena = arena };
    fdml_tabular read;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    size_t rest = 0; /* what the limit of the caller's arena leaves */
    if (arena->limit) rest = arena->limit > arena->used ? arena->limit - arena->used : 1;
    fdml_arena_init(&r.work, rest);
    const fdml_status status = read_all(&read, &r, err);
    fdml_arena_close(&r.work);
    if (status) {
        fdml_arena_reset(arena, mark);
        return status;
    }
    *t = read;
    if (notes) *notes = (fdml_tabular_notes){ r.warning, r.n_warnings };
    return FDML_OK;
}
