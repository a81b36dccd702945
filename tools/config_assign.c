/* config_assign.c - assignments become a configuration; what is unknown is named, with what it
 * may have been meant to be. See config.h.
 *
 * The rows of the table come first. Then [parade] is copied to every attribute and
 * [parade.COLUMN] is assigned over it; settings of the objective are kept as they are, for only
 * the objective knows them.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "config_state.h"

static fdml_status store(config *c, const config_key *key, size_t shift,
                         const config_assignment *a, fdml_arena *arena, fdml_error *err)
{
    char shown[CONFIG_VALUE];
    fdml_option option = key->option;
    option.offset += shift;
    void *target = (char *)c + option.offset;
    snprintf(shown, sizeof shown, "%s: %s.%s", a->place, a->section, a->key);
    if (option.type == FDML_OPTION_TEXT) *(const char **)target = NULL;
    if (option.type == FDML_OPTION_TEXTS) ((fdml_texts *)target)->n = 0;
    if (option.type == FDML_OPTION_REALS) ((fdml_reals *)target)->n = 0;
    const bool may_be_empty = option.type == FDML_OPTION_TEXT ||
                              option.type == FDML_OPTION_TEXTS ||
                              option.type == FDML_OPTION_REALS;
    if (may_be_empty && !*a->value) return FDML_OK;
    return fdml_option_store(&option, c, shown, a->value, arena, err);
}

/* "a, b" reads better in a file. */
fdml_status config_without_blanks(config_assignment *a, fdml_arena *arena, fdml_error *err)
{
    char *text = fdml_arena_copy_text(arena, a->value, strlen(a->value)), *to = text;
    if (!text) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory", a->place);
    for (const char *at = text; *at; at++) {
        const bool is_blank = *at == ' ' || *at == '\t';
        const bool is_near = to == text || to[-1] == ',' || !at[1 + strspn(at + 1, " \t")] ||
                             at[1 + strspn(at + 1, " \t")] == ',';
        if (!is_blank || !is_near) *to++ = *at;
    }
    *to = 0;
    a->value = text;
    return FDML_OK;
}

static fdml_status assign(config *c, const config_key *key, size_t shift,
                          const config_assignment *a, fdml_arena *arena, fdml_error *err)
{
    const fdml_option_type type = key->option.type;
    config_assignment clean = *a;
    if (type == FDML_OPTION_TEXTS || type == FDML_OPTION_REALS)
        FDML_TRY(config_without_blanks(&clean, arena, err));
    return store(c, key, shift, &clean, arena, err);
}

/* Words that a section or key may have been meant to be. */

typedef struct words {
    const char *section; /* NULL: the sections */
} words;

static const char *word_at(const void *ctx, size_t wanted)
{
    const words *w = ctx;
    size_t n_rows, n = 0;
    const config_key *row = config_table(&n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        const char *name = row[i].option.name;
        const bool is_section = row[i].option.type == FDML_OPTION_SECTION;
        const size_t length = w->section ? strlen(w->section) : 0;
        if (!w->section) {
            if (is_section && n++ == wanted) return name;
        } else if (!is_section && !strncmp(name, w->section, length) && name[length] == '.') {
            if (n++ == wanted) return name + length + 1;
        }
    }
    return NULL;
}

static bool is_section(const char *name)
{
    const words all = { NULL };
    const char *section;
    for (size_t i = 0; (section = word_at(&all, i)); i++)
        if (!strcmp(section, name)) return true;
    return false;
}

/* Another section that has the key: someone looked in the wrong place. */
static const char *section_of(const char *key)
{
    const words all = { NULL };
    const char *section;
    for (size_t i = 0; (section = word_at(&all, i)); i++)
        if (config_find(section, key)) return section;
    return NULL;
}

static fdml_status fail_section(const config_assignment *a, fdml_error *err)
{
    const words all = { NULL };
    const char *near = fdml_option_nearest(a->section, word_at, &all);
    if (!*a->section)
        return fdml_fail(err, FDML_E_ARG, "%s: '%s' stands before any [section]", a->place,
                         a->key);
    if (near)
        return fdml_fail(err, FDML_E_ARG, "%s: unknown section [%s]; did you mean [%s]?",
                         a->place, a->section, near);
    return fdml_fail(err, FDML_E_ARG, "%s: unknown section [%s] (see --print-config)", a->place,
                     a->section);
}

static fdml_status fail_key(const config_assignment *a, const char *section, fdml_error *err)
{
    const words keys = { section };
    const char *near = fdml_option_nearest(a->key, word_at, &keys), *other = section_of(a->key);
    if (near)
        return fdml_fail(err, FDML_E_ARG, "%s: unknown key '%s' in [%s]; did you mean '%s'?",
                         a->place, a->key, a->section, near);
    if (other)
        return fdml_fail(err, FDML_E_ARG, "%s: unknown key '%s' in [%s]; it belongs to [%s]",
                         a->place, a->key, a->section, other);
    return fdml_fail(err, FDML_E_ARG, "%s: unknown key '%s' in [%s] (see --print-config)",
                     a->place, a->key, a->section);
}

static fdml_status take_setting(config *c, const config_assignment *a, fdml_error *err)
{
    config_setting s = { .name = a->key, .place = a->place };
    if (!fdml_real_parse(&s.value, a->value))
        return fdml_fail(err, FDML_E_ARG, "%s: objective.%s: '%s' is not a number", a->place,
                         a->key, a->value);
    for (size_t i = 0; i < c->n_settings; i++)
        if (!strcmp(c->setting[i].name, a->key)) {
            c->setting[i] = s;
            return FDML_OK;
        }
    if (c->n_settings == CONFIG_MAX_SETTINGS)
        return fdml_fail(err, FDML_E_LIMIT, "%s: more than %d settings of the objective",
                         a->place, CONFIG_MAX_SETTINGS);
    c->setting[c->n_settings++] = s;
    return FDML_OK;
}

static const char attribute_prefix[] = "parade.";

static bool is_of_attribute(const config_assignment *a)
{
    return !strncmp(a->section, attribute_prefix, sizeof attribute_prefix - 1);
}

static fdml_status take_of_attribute(config *c, const config_assignment *a, fdml_arena *arena,
                                     fdml_error *err)
{
    const char *column = a->section + sizeof attribute_prefix - 1;
    const config_key *key = config_find("parade", a->key);
    for (size_t i = 0; i < c->data.attributes.n; i++) {
        if (strcmp(c->data.attributes.item[i], column) != 0) continue;
        if (!key) return fail_key(a, "parade", err);
        const void *base = config_attribute_base(c, i);
        const size_t shift = (size_t)((const char *)base - (const char *)c);
        return assign(c, key, shift, a, arena, err);
    }
    return fdml_fail(err, FDML_E_ARG, "%s: [%s]: '%s' is none of data.attributes", a->place,
                     a->section, column);
}

static fdml_status take(config *c, const config_assignment *a, fdml_arena *arena,
                        fdml_error *err)
{
    if (is_of_attribute(a)) return FDML_OK; /* later: they go over [parade] */
    if (!is_section(a->section)) return fail_section(a, err);
    const config_key *key = config_find(a->section, a->key);
    if (key) return assign(c, key, 0, a, arena, err);
    if (!strcmp(a->section, "objective")) return take_setting(c, a, err);
    return fail_key(a, a->section, err);
}

static fdml_status set_defaults(config *c, fdml_arena *arena, fdml_error *err)
{
    size_t n_rows;
    const config_key *row = config_table(&n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        if (!row[i].initial) continue;
        const config_assignment a = { "default", row[i].option.name, row[i].initial,
                                      "train_config.def" };
        FDML_TRY(store(c, &row[i], 0, &a, arena, err));
    }
    return FDML_OK;
}

fdml_status config_assign(config *c, const config_assignments *list, fdml_arena *arena,
                          fdml_error *err)
{
    FDML_TRY(set_defaults(c, arena, err));
    for (size_t i = 0; i < list->n; i++) FDML_TRY(take(c, &list->item[i], arena, err));
    if (c->data.attributes.n > CONFIG_MAX_ATTRIBUTES)
        return fdml_fail(err, FDML_E_LIMIT,
                         "%s: data.attributes has %zu columns, the limit is %d", c->path,
                         c->data.attributes.n, CONFIG_MAX_ATTRIBUTES);
    for (size_t i = 0; i < CONFIG_MAX_ATTRIBUTES; i++) c->attribute[i] = c->parade;
    for (size_t i = 0; i < list->n; i++)
        if (is_of_attribute(&list->item[i]))
            FDML_TRY(take_of_attribute(c, &list->item[i], arena, err));
    return FDML_OK;
}
