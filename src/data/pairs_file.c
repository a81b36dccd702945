/* pairs_file.c - LFW's pairs.txt. See pairs_file.h.
 *
 * Lines are split at tabs where they have any (names then may hold spaces), else at runs of
 * spaces. Names are interned: a genuine pair has one pointer twice.
 * SPDX-License-Identifier: MIT */
#include "data/pairs_file.h"

#include <string.h>

#include "base/file.h"
#include "base/intern.h"
#include "base/number.h"
#include "data/csv.h"

enum { MAX_FIELDS = 5 }; /* one more than a line may have */

typedef struct field {
    const char *text;
    size_t length;
} field;

typedef struct reader {
    const char *name;
    const char *at, *end;
    size_t line; /* of the fields just read */
    field field[MAX_FIELDS];
    int n_fields;
} reader;

static void split(reader *r, const char *at, const char *end)
{
    r->n_fields = 0;
    if (at >= end) return;
    const char separator = memchr(at, '\t', (size_t)(end - at)) ? '\t' : ' ';
    while (at < end && r->n_fields < MAX_FIELDS) {
        const char *stop = memchr(at, separator, (size_t)(end - at));
        if (!stop) stop = end;
        const char *last = stop;
        while (at < last && *at == ' ') at++;
        while (last > at && last[-1] == ' ') last--;
        if (last > at || separator == '\t')
            r->field[r->n_fields++] = (field){ at, (size_t)(last - at) };
        at = stop < end ? stop + 1 : end;
    }
}

static bool next_line(reader *r)
{
    if (r->at == r->end) return false;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *stop = newline ? newline : r->end, *at = r->at;
    r->at = newline ? newline + 1 : r->end;
    r->line++;
    while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t')) stop--;
    split(r, at, stop);
    return true;
}

static bool get_count(const field *f, uint32_t *value)
{
    int64_t integer;
    if (!fdml_number_integer(&integer, f->text, f->length)) return false;
    if (integer < 1 || integer > UINT32_MAX) return false;
    *value = (uint32_t)integer;
    return true;
}

static fdml_status read_first(reader *r, uint32_t *n_folds, uint32_t *n_half, fdml_error *err)
{
    next_line(r);
    const bool is_valid = (r->n_fields == 1 && get_count(&r->field[0], n_half)) ||
                          (r->n_fields == 2 && get_count(&r->field[0], n_folds) &&
                           get_count(&r->field[1], n_half));
    if (is_valid) return FDML_OK;
    return fdml_fail(err, FDML_E_FORMAT, "%s:1: expected 'folds pairs' or 'pairs', in numbers",
                     r->name);
}

static fdml_status add_name(fdml_named_pair *pair, int which, const field *f,
                            fdml_intern *names, fdml_error *err)
{
    uint32_t id;
    if (!fdml_intern_add(names, f->text, f->length, &id))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the names of pairs");
    pair->name[which] = fdml_intern_get(names, id).text;
    return FDML_OK;
}

static fdml_status read_pair(fdml_named_pair *pair, reader *r, bool is_genuine,
                             fdml_intern *names, fdml_error *err)
{
    const int n_expected = is_genuine ? 3 : 4;
    const field *f = r->field;
    if (r->n_fields != n_expected)
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: %d fields, expected %s", r->name, r->line,
                         r->n_fields, is_genuine ? "'name i j'" : "'name i other j'");
    const field *other = is_genuine ? &f[0] : &f[2];
    const field *second = is_genuine ? &f[2] : &f[3];
    if (!f[0].length || !other->length)
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: name is empty", r->name, r->line);
    if (!get_count(&f[1], &pair->image[0]) || !get_count(second, &pair->image[1]))
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: image is no number from 1", r->name,
                         r->line);
    FDML_TRY(add_name(pair, 0, &f[0], names, err));
    FDML_TRY(add_name(pair, 1, other, names, err));
    if (!is_genuine && pair->name[0] == pair->name[1])
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: '%.100s' twice among different people",
                         r->name, r->line, pair->name[0]);
    if (is_genuine && pair->image[0] == pair->image[1])
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: image %u is paired with itself", r->name,
                         r->line, pair->image[0]);
    return FDML_OK;
}

static fdml_status read_pairs(fdml_named_pair *pair, reader *r, uint32_t n_folds,
                              uint32_t n_half, fdml_intern *names, fdml_error *err)
{
    const size_t n_pairs = (size_t)n_folds * n_half * 2;
    for (size_t i = 0; i < n_pairs; i++) {
        if (!next_line(r))
            return fdml_fail(err, FDML_E_FORMAT, "%s: %zu pairs, expected %zu (%u x 2 x %u)",
                             r->name, i, n_pairs, n_folds, n_half);
        const size_t in_fold = i % ((size_t)n_half * 2);
        FDML_TRY(read_pair(&pair[i], r, in_fold < n_half, names, err));
        pair[i].fold = (uint32_t)(i / ((size_t)n_half * 2));
        pair[i].line = (uint32_t)r->line;
    }
    while (next_line(r))
        if (r->n_fields)
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: text after %zu pairs (%u x 2 x %u)",
                             r->name, r->line, n_pairs, n_folds, n_half);
    return FDML_OK;
}

fdml_status fdml_pairs_read(fdml_pairs *pairs, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err)
{
    reader r = { .name = source->name };
    uint32_t n_folds = 1, n_half = 1;
    FDML_TRY(fdml_text_check(&r.at, &r.end, source, err));
    FDML_TRY(read_first(&r, &n_folds, &n_half, err));
    /* The shortest pair is "a 1 2\n": a count that the file cannot hold is refused before
     * anything of that size is reserved. */
    const size_t most = (size_t)(r.end - r.at + 1) / 6;
    if (n_half > most || n_folds > most / n_half || (size_t)n_folds * n_half > most / 2)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %u x 2 x %u pairs do not fit into %zu bytes",
                         r.name, n_folds, n_half, source->size);
    const size_t n_pairs = (size_t)n_folds * n_half * 2;
    fdml_named_pair *pair = fdml_arena_push(arena, n_pairs, sizeof *pair);
    const char *path = fdml_arena_copy_text(arena, source->name, strlen(source->name));
    if (!pair || !path)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu pairs", r.name, n_pairs);
    fdml_intern names;
    fdml_intern_init(&names, arena, true);
    FDML_TRY(read_pairs(pair, &r, n_folds, n_half, &names, err));
    *pairs = (fdml_pairs){ path, n_pairs, n_folds, pair };
    return FDML_OK;
}

fdml_status fdml_pairs_open(fdml_pairs *pairs, const char *path, fdml_arena *arena,
                            fdml_error *err)
{
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_source source = { path, NULL, map.data, map.size };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const fdml_status status = fdml_pairs_read(pairs, &source, arena, err);
    if (status) fdml_arena_reset(arena, mark);
    fdml_file_unmap(&map);
    return status;
}
