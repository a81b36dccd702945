/* listfile.c - CelebA's list files. See listfile.h.
 *
 * Fields are separated by runs of blanks, lines by LF or CRLF. Two passes, as in table.c: one
 * checks and counts, one copies.
 * SPDX-License-Identifier: MIT */
#include "data/listfile.h"

#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "data/csv.h"

typedef struct word {
    const char *text;
    size_t length;
} word;

typedef struct lines {
    const char *at, *end;
    size_t line; /* of `at` */
} lines;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of this line; false at its end, which is not stepped over. */
static bool next_word(lines *l, word *w)
{
    while (l->at < l->end && is_blank(*l->at)) l->at++;
    w->text = l->at;
    while (l->at < l->end && !is_blank(*l->at) && *l->at != '\n') l->at++;
    w->length = (size_t)(l->at - w->text);
    return w->length > 0;
}

static void next_line(lines *l)
{
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    l->at = newline ? newline + 1 : l->end;
    l->line++;
}

static size_t count_words(lines l)
{
    size_t n = 0;
    for (word w; next_word(&l, &w);) n++;
    return n;
}

static bool is_integer(const word *w, int64_t *value)
{
    return fdml_number_integer(value, w->text, w->length);
}

/* Does the first line hold a count and nothing else? */
static bool has_count(lines l, int64_t *count)
{
    word first, second;
    return next_word(&l, &first) && !next_word(&l, &second) && is_integer(&first, count);
}

bool fdml_listfile_is(const char *at, const char *end)
{
    lines l = { at, end, 1 };
    int64_t value;
    if (has_count(l, &value)) {
        next_line(&l);
        const size_t n_names = count_words(l);
        next_line(&l);
        return n_names && count_words(l) == n_names + 1;
    }
    word file, id, more;
    return next_word(&l, &file) && next_word(&l, &id) && !next_word(&l, &more) &&
           memchr(file.text, '.', file.length) && is_integer(&id, &value);
}

typedef struct plan {
    const char *name;
    bool has_values; /* 1 and -1; else any integer */
    lines header;    /* attribute names; empty for identity files */
    lines body;
    size_t n_columns, n_rows;
} plan;

static fdml_status check_line(const plan *p, lines *l, fdml_error *err)
{
    word w;
    size_t n = 0;
    for (; next_word(l, &w); n++) {
        int64_t value;
        if (n == 0) continue;
        if (!is_integer(&w, &value) || (p->has_values && value != 1 && value != -1))
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: '%.*s', expected %s", p->name,
                             l->line, w.length > 40 ? 40 : (int)w.length, w.text,
                             p->has_values ? "1 or -1" : "an integer");
    }
    if (n == p->n_columns) return FDML_OK;
    return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: %zu fields, expected %zu", p->name, l->line,
                     n, p->n_columns);
}

static fdml_status count_rows(plan *p, fdml_error *err)
{
    size_t n_blank = 0, first_blank = 0;
    for (lines l = p->body; l.at < l.end; next_line(&l)) {
        if (!count_words(l)) {
            if (!n_blank++) first_blank = l.line;
            continue;
        }
        if (n_blank)
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: empty line", p->name, first_blank);
        FDML_TRY(check_line(p, &l, err));
        p->n_rows++;
    }
    return FDML_OK;
}

static fdml_status make_plan(plan *p, const char *name, const char *at, const char *end,
                             fdml_error *err)
{
    lines l = { at, end, 1 };
    int64_t count = 0;
    const bool has_header = has_count(l, &count);
    *p = (plan){ .name = name, .has_values = has_header, .body = l, .n_columns = 2 };
    if (has_header) {
        next_line(&l);
        p->header = l;
        p->n_columns = 1 + count_words(l);
        next_line(&l);
        p->body = l;
    }
    FDML_TRY(count_rows(p, err));
    if (has_header && (count < 0 || (uint64_t)count != p->n_rows))
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu rows, its first line says %lld", name,
                         p->n_rows, (long long)count);
    return FDML_OK;
}

static size_t put(fdml_table_builder *builder, const char *text, size_t length)
{
    memcpy(fdml_table_room(builder), text, length);
    return length;
}

static void fill(fdml_table_builder *builder, const plan *p)
{
    word w;
    fdml_table_add_name(builder, put(builder, "path", 4));
    if (p->has_values) {
        for (lines l = p->header; next_word(&l, &w);)
            fdml_table_add_name(builder, put(builder, w.text, w.length));
    } else {
        const bool is_partition = strstr(fdml_file_name(p->name), "partition") != NULL;
        const char *name = is_partition ? "partition" : "identity";
        fdml_table_add_name(builder, put(builder, name, strlen(name)));
    }
    lines l = p->body;
    for (size_t row = 0; row < p->n_rows; row++, next_line(&l)) {
        fdml_table_add_row(builder, l.line);
        while (next_word(&l, &w)) fdml_table_add_cell(builder, put(builder, w.text, w.length));
    }
}

fdml_status fdml_listfile_read(fdml_table *table, const fdml_source *source, fdml_arena *arena,
                               fdml_error *err)
{
    const char *at, *end;
    FDML_TRY(fdml_text_check(&at, &end, source, err));
    plan p;
    FDML_TRY(make_plan(&p, source->name, at, end, err));
    /* The names that are not in the file need at most "path" and "partition". */
    const size_t text_size = (size_t)(end - at) + sizeof "path" + sizeof "partition";
    fdml_table_builder builder;
    FDML_TRY(
        fdml_table_begin(&builder, p.n_rows, p.n_columns, text_size, source->name, arena, err));
    fill(&builder, &p);
    return fdml_table_finish(table, &builder, source->name, arena, err);
}
