/* gate_names.c - are there the columns and groups a gate names? What all checks share.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/option.h"
#include "eval/gate_tree.h"

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

fdml_status fdml_gate_unknown(const gate_place *at, const char *what, const char *name,
                              const char *(*candidate)(const void *, size_t), const void *ctx)
{
    char own[SHOWN + 1], other[SHOWN + 1];
    const char *nearest = fdml_option_nearest(name, candidate, ctx);
    return fdml_fail(at->err, FDML_E_DATA, "column %zu: %s '%s'%s%s%s",
                     fdml_gate_column(at->gate->text, at->operand->at), what, shown(own, name),
                     nearest ? "; did you mean " : "", nearest ? shown(other, nearest) : "",
                     nearest ? "?" : "");
}

fdml_status fdml_gate_needs(const gate_place *at, const char *what)
{
    return fdml_fail(at->err, FDML_E_ARG, "column %zu: %s",
                     fdml_gate_column(at->gate->text, at->operand->at), what);
}

static const char *column_name(const void *ctx, size_t i)
{
    const gate_columns *c = ctx;
    return i < c->n ? c->factor[i].name : NULL;
}

static const char *level_name(const void *ctx, size_t i)
{
    const fdml_factor *f = ctx;
    return i < f->n_levels ? f->level[i] : NULL;
}

/* The column named in place k. */
static fdml_status find_column(size_t *column, const gate_place *at, const gate_columns *c,
                               size_t k)
{
    const gate_operand *o = at->operand;
    for (size_t i = 0; i < k; i++)
        if (!strcmp(o->column[i], o->column[k]))
            return fdml_gate_needs(at, "a group column is named twice");
    for (*column = 0; *column < c->n; ++*column)
        if (!strcmp(o->column[k], c->factor[*column].name)) return FDML_OK;
    return fdml_gate_unknown(at, "there is no group column", o->column[k], column_name, c);
}

/* Some row must be in the group: of an intersection there may be none. */
static fdml_status check_rows(const gate_place *at, const gate_columns *c, const size_t *column,
                              const size_t *level)
{
    const gate_operand *o = at->operand;
    for (size_t i = 0; i < c->n_rows; i++) {
        size_t k = 0;
        if (c->part && c->part[i] != c->counted) continue;
        while (k < o->n_columns && c->factor[column[k]].code[i] == level[k]) k++;
        if (k == o->n_columns) return FDML_OK;
    }
    return fdml_fail(at->err, FDML_E_DATA, "column %zu: no %s is in this group",
                     fdml_gate_column(at->gate->text, o->at), c->rows);
}

fdml_status fdml_gate_columns_check(const gate_place *at, const gate_columns *c)
{
    const gate_operand *o = at->operand;
    size_t column[FDML_MAX_ATTRIBUTES], level[FDML_MAX_ATTRIBUTES];
    for (size_t k = 0; k < o->n_columns; k++) {
        FDML_TRY(find_column(&column[k], at, c, k));
        if (!o->value[k]) continue;
        const fdml_factor *f = &c->factor[column[k]];
        level[k] = 0;
        while (level[k] < f->n_levels && strcmp(o->value[k], f->level[level[k]]) != 0)
            level[k]++;
        if (level[k] == f->n_levels)
            return fdml_gate_unknown(at, "the group column has no value", o->value[k],
                                     level_name, f);
    }
    if (o->n_columns > 1 && !c->has_intersections)
        return fdml_gate_needs(at, "intersections are switched off");
    return o->n_columns && o->value[0] ? check_rows(at, c, column, level) : FDML_OK;
}

bool fdml_gate_is_joined(const char *text, const gate_operand *o, const char *const *names,
                         const char *(*column)(const void *, size_t), const void *ctx)
{
    bool is_first = true;
    const char *name;
    for (size_t i = 0; (name = column(ctx, i)) != NULL; i++) {
        size_t k = 0;
        while (k < o->n_columns && strcmp(o->column[k], name) != 0) k++;
        if (k == o->n_columns) continue;
        if (!is_first && strncmp(text, " x ", 3) != 0) return false;
        if (!is_first) text += 3;
        const size_t n = strlen(names[k]);
        if (strncmp(text, names[k], n) != 0) return false;
        text += n;
        is_first = false;
    }
    return !*text;
}
