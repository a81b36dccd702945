/* config.c - an INI file as assignments. See config.h; this file alone knows inih.
 *
 * inih tells no line numbers unless it was built to, and cuts a long line in two without a
 * word. So the lines are handed to it by a reader that counts them and refuses long ones.
 *
 * SPDX-License-Identifier: MIT */
#include "config.h"

#include <ini.h>
#include <string.h>

#include "base/file.h"
#include "config_state.h"

enum { MAX_FILE = 1 << 20, MAX_ASSIGNMENTS = 1024 };

typedef struct reading {
    const char *path;
    const char *at; /* what is left of the text */
    size_t line;    /* of what was handed out last */
    fdml_arena *arena;
    fdml_error *err;
    fdml_status status; /* of the first thing that is wrong */
    config_assignment *item;
    size_t *item_line; /* [n] */
    size_t n;
} reading;

/* fgets for inih. */
static char *next_line(char *line, int size, void *ctx)
{
    reading *r = ctx;
    if (!*r->at || r->status) return NULL;
    const size_t length = strcspn(r->at, "\n");
    r->line++;
    if (length > CONFIG_LINE || length + 2 > (size_t)size) {
        r->status = fdml_fail(r->err, FDML_E_FORMAT, "%s:%zu: %zu bytes, a line has at most %d",
                              r->path, r->line, length, CONFIG_LINE);
        return NULL;
    }
    memcpy(line, r->at, length);
    line[length] = '\n';
    line[length + 1] = 0;
    r->at += length + (r->at[length] != 0);
    return line;
}

static const char *copy(reading *r, const char *text)
{
    return fdml_arena_copy_text(r->arena, text, strlen(text));
}

static fdml_status check_new(const reading *r, const char *section, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->item[i].section, section) && !strcmp(r->item[i].key, key))
            return fdml_fail(r->err, FDML_E_FORMAT,
                             "%s:%zu: %s.%s stands twice, first in line %zu", r->path, r->line,
                             section, key, r->item_line[i]);
    if (r->n == MAX_ASSIGNMENTS)
        return fdml_fail(r->err, FDML_E_LIMIT, "%s:%zu: more than %d keys", r->path, r->line,
                         MAX_ASSIGNMENTS);
    return FDML_OK;
}

/* A blank and ; begin a comment, which inih has taken off what it read; from --set they would
 * go into a run's config.ini and be lost when that is read. A blank and # are what others
 * write. */
static fdml_status check_value(const reading *r, const char *place, const char *value)
{
    for (const char *at = value; *at; at++)
        if (strchr(" \t", at[0]) && at[1] && strchr("#;", at[1]))
            return fdml_fail(
                r->err, FDML_E_FORMAT,
                "%s: '%s' has a blank and %c in it; a comment behind a value begins "
                "with ;, and neither can be part of a value",
                place, value, at[1]);
    return FDML_OK;
}

/* inih's handler: 0 would only make it remember the first such line. */
static int take(void *ctx, const char *section, const char *key, const char *value)
{
    reading *r = ctx;
    char place[FDML_PATH_SIZE];
    if (r->status) return 1;
    r->status = check_new(r, section, key);
    if (r->status) return 1;
    snprintf(place, sizeof place, "%s:%zu", r->path, r->line);
    r->status = check_value(r, place, value);
    if (r->status) return 1;
    config_assignment *a = &r->item[r->n];
    *a = (config_assignment){ copy(r, section), copy(r, key), copy(r, value), copy(r, place) };
    if (!a->section || !a->key || !a->value || !a->place)
        r->status = fdml_fail(r->err, FDML_E_NOMEM, "%s: no memory", r->path);
    r->item_line[r->n++] = r->line;
    return 1;
}

static fdml_status read_text(reading *r, const char *text)
{
    r->at = text;
    const int line = ini_parse_stream(next_line, r, take, r);
    if (r->status) return r->status;
    if (line < 0) return fdml_fail(r->err, FDML_E_NOMEM, "%s: no memory", r->path);
    if (line > 0)
        return fdml_fail(r->err, FDML_E_FORMAT,
                         "%s:%d: expected '[section]' or 'key = value' (or a comment after #)",
                         r->path, line);
    return FDML_OK;
}

/* "section.key=value"; the section of an attribute has a dot in it: parade.COLUMN.key. */
static fdml_status take_set(reading *r, const char *word)
{
    const char *equals = strchr(word, '='), *dot = NULL;
    for (const char *at = word; equals && at < equals; at++)
        if (*at == '.') dot = at;
    if (!dot || dot == word || dot + 1 == equals)
        return fdml_fail(r->err, FDML_E_ARG, "--set: '%s' is not section.key=value", word);
    FDML_TRY(check_value(r, "--set", equals + 1));
    if (r->n == MAX_ASSIGNMENTS)
        return fdml_fail(r->err, FDML_E_LIMIT, "--set: more than %d keys", MAX_ASSIGNMENTS);
    config_assignment *a = &r->item[r->n++];
    a->section = fdml_arena_copy_text(r->arena, word, (size_t)(dot - word));
    a->key = fdml_arena_copy_text(r->arena, dot + 1, (size_t)(equals - dot - 1));
    a->value = copy(r, equals + 1);
    a->place = "--set";
    if (a->section && a->key && a->value) return FDML_OK;
    return fdml_fail(r->err, FDML_E_NOMEM, "--set: no memory");
}

fdml_status config_list_parse(config_assignments *list, const config_source *source,
                              const char *text, fdml_arena *arena, fdml_error *err)
{
    reading r = { .path = source->path ? source->path : "defaults",
                  .arena = arena,
                  .err = err,
                  .item = fdml_arena_push(arena, MAX_ASSIGNMENTS, sizeof *r.item),
                  .item_line = fdml_arena_push(arena, MAX_ASSIGNMENTS, sizeof *r.item_line) };
    if (!r.item || !r.item_line) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory", r.path);
    FDML_TRY(read_text(&r, text));
    for (size_t i = 0; i < source->n_set; i++) FDML_TRY(take_set(&r, source->set[i]));
    *list = (config_assignments){ r.item, r.n };
    return FDML_OK;
}

static fdml_status read_file(const char **text, const config_source *source, fdml_arena *arena,
                             fdml_error *err)
{
    size_t size = 0;
    *text = "";
    if (source->path) FDML_TRY(fdml_file_read(text, &size, source->path, MAX_FILE, arena, err));
    if (strlen(*text) != size)
        return fdml_fail(err, FDML_E_FORMAT, "%s: is no text: byte %zu is 0", source->path,
                         strlen(*text));
    return FDML_OK;
}

fdml_status config_list_read(config_assignments *list, const config_source *source,
                             fdml_arena *arena, fdml_error *err)
{
    const char *text;
    FDML_TRY(read_file(&text, source, arena, err));
    return config_list_parse(list, source, text, arena, err);
}

fdml_status config_parse(config *c, const config_source *source, const char *text,
                         fdml_arena *arena, fdml_error *err)
{
    config_assignments list;
    FDML_TRY(config_list_parse(&list, source, text, arena, err));
    memset(c, 0, sizeof *c);
    c->path = source->path ? source->path : "defaults";
    return config_assign(c, &list, arena, err);
}

fdml_status config_read(config *c, const config_source *source, fdml_arena *arena,
                        fdml_error *err)
{
    const char *text;
    FDML_TRY(read_file(&text, source, arena, err));
    return config_parse(c, source, text, arena, err);
}
