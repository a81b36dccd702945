/* factor.c - labels to dense codes with levels in a fixed order. See factor.h.
 *
 * Interning gives ids by first appearance; sorting the few levels and renumbering gives codes
 * that do not depend on the order of rows. A level sorts by a 64-bit key first: its number, or
 * its first eight bytes big-endian, which order like memcmp; equal keys compare as strings.
 * SPDX-License-Identifier: MIT */
#include "data/factor.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/intern.h"
#include "base/number.h"
#include "data/npy.h"

typedef struct level {
    uint64_t key;
    const char *text;
    uint32_t id;
} level;

/* What builds a factor: codes go to the caller's arena, the rest to one that ends with it. */
typedef struct builder {
    const char *name;
    fdml_arena *arena;
    fdml_arena work;
    fdml_intern levels;
    uint32_t *code;
    size_t n_rows;
} builder;

static fdml_status fail_memory(const builder *b, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu labels", b->name, b->n_rows);
}

/* The work arena may use what the limit of the caller's leaves. */
static fdml_status begin(builder *b, const char *name, size_t n_rows, bool copies,
                         fdml_arena *arena, fdml_error *err)
{
    *b = (builder){ .name = name, .arena = arena, .n_rows = n_rows };
    b->code = fdml_arena_push(arena, n_rows, sizeof *b->code);
    if (!b->code) return fail_memory(b, err);
    size_t rest = 0;
    if (arena->limit) rest = arena->limit > arena->used ? arena->limit - arena->used : 1;
    fdml_arena_init(&b->work, rest);
    fdml_intern_init(&b->levels, &b->work, copies);
    return FDML_OK;
}

static fdml_status add(builder *b, size_t row, const char *text, size_t length, fdml_error *err)
{
    return fdml_intern_add(&b->levels, text, length, &b->code[row]) ? FDML_OK
                                                                    : fail_memory(b, err);
}

static int compare_levels(const void *left, const void *right)
{
    const level *a = left, *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return strcmp(a->text, b->text);
}

static uint64_t first_bytes(const char *text)
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*text;
        if (*text) text++;
    }
    return key;
}

static void set_keys(level *sorted, uint32_t n, const fdml_intern *levels)
{
    bool all_integers = true;
    for (uint32_t id = 0; id < n; id++) {
        const fdml_interned entry = fdml_intern_get(levels, id);
        int64_t value = 0;
        all_integers = all_integers && fdml_number_integer(&value, entry.text, entry.length);
        /* Flipping the sign bit orders two's complement as unsigned. */
        sorted[id] = (level){ (uint64_t)value ^ UINT64_C(1) << 63, entry.text, id };
    }
    for (uint32_t id = 0; id < n && !all_integers; id++)
        sorted[id].key = first_bytes(sorted[id].text);
}

/* All in one piece, since a piece of an arena takes 64 bytes at least. */
static bool copy_levels(const char **list, size_t n, fdml_arena *arena)
{
    size_t size = 0;
    for (size_t i = 0; i < n; i++) size += strlen(list[i]) + 1;
    char *text = fdml_arena_push(arena, size, 1);
    if (!text) return false;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(list[i]) + 1;
        list[i] = memcpy(text, list[i], length);
        text += length;
    }
    return true;
}

static fdml_status finish(fdml_factor *factor, builder *b, fdml_error *err)
{
    const uint32_t n = b->levels.n;
    level *sorted = fdml_arena_push(&b->work, n, sizeof *sorted);
    uint32_t *rank = fdml_arena_push(&b->work, n, sizeof *rank);
    const char **text = fdml_arena_push(b->arena, n, sizeof *text);
    const char *name = fdml_arena_copy_text(b->arena, b->name, strlen(b->name));
    if (!sorted || !rank || !text || !name) return fail_memory(b, err);
    set_keys(sorted, n, &b->levels);
    qsort(sorted, n, sizeof *sorted, compare_levels);
    for (uint32_t i = 0; i < n; i++) {
        rank[sorted[i].id] = i;
        text[i] = sorted[i].text;
    }
    if (b->levels.copies && !copy_levels(text, n, b->arena)) return fail_memory(b, err);
    for (size_t row = 0; row < b->n_rows; row++) b->code[row] = rank[b->code[row]];
    *factor = (fdml_factor){ name, b->n_rows, n, b->code, text };
    return FDML_OK;
}

/* Gives back the work memory, and after a failure also what the caller's arena gave. */
static fdml_status end(builder *b, fdml_arena_mark mark, fdml_status status)
{
    fdml_arena_close(&b->work);
    if (status) fdml_arena_reset(b->arena, mark);
    return status;
}

static fdml_status add_column(builder *b, const fdml_table *table, size_t column,
                              fdml_error *err)
{
    for (size_t row = 0; row < b->n_rows; row++) {
        const char *text = fdml_table_cell(table, row, column);
        if (!*text)
            return fdml_fail(err, FDML_E_DATA, "%s:%u: %s is empty", table->path,
                             table->line[row], b->name);
        FDML_TRY(add(b, row, text, strlen(text), err));
    }
    return FDML_OK;
}

fdml_status fdml_factor_from_table(fdml_factor *factor, const fdml_table *table, size_t column,
                                   fdml_arena *arena, fdml_error *err)
{
    builder b;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(begin(&b, table->name[column], table->n_rows, false, arena, err));
    fdml_status status = add_column(&b, table, column, err);
    if (!status) status = finish(factor, &b, err);
    return end(&b, mark, status);
}

fdml_status fdml_factor_from_text(fdml_factor *factor, const char *name,
                                  const char *const *text, size_t n, fdml_arena *arena,
                                  fdml_error *err)
{
    builder b;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(begin(&b, name, n, false, arena, err));
    fdml_status status = FDML_OK;
    for (size_t row = 0; row < n && !status; row++)
        status = *text[row] ? add(&b, row, text[row], strlen(text[row]), err)
                            : fdml_fail(err, FDML_E_DATA, "%s: row %zu is empty", name, row);
    if (!status) status = finish(factor, &b, err);
    return end(&b, mark, status);
}

fdml_status fdml_factor_keep_levels(fdml_factor *factor, fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const char **list = fdml_arena_push(arena, factor->n_levels, sizeof *list);
    if (list) memcpy(list, factor->level, factor->n_levels * sizeof *list);
    if (!list || !copy_levels(list, factor->n_levels, arena)) {
        fdml_arena_reset(arena, mark);
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu levels", factor->name,
                         factor->n_levels);
    }
    factor->level = list;
    return FDML_OK;
}

static fdml_status add_npy(builder *b, const fdml_npy *npy, const unsigned char *items,
                           const char *path, fdml_error *err)
{
    char *text = fdml_arena_push(&b->work, fdml_npy_label_room(npy), 1);
    if (!text) return fail_memory(b, err);
    for (size_t row = 0; row < b->n_rows; row++) {
        size_t length;
        FDML_TRY(fdml_npy_label(text, &length, npy, items, row, path, err));
        FDML_TRY(add(b, row, text, length, err));
    }
    return FDML_OK;
}

fdml_status fdml_factor_read_npy(fdml_factor *factor, const fdml_source *source,
                                 fdml_arena *arena, fdml_error *err)
{
    fdml_npy npy;
    FDML_TRY(fdml_npy_parse(&npy, source->bytes, source->size, source->name, err));
    FDML_TRY(fdml_npy_check_labels(&npy, source->name, err));
    FDML_TRY(fdml_npy_check_size(&npy, source->size, source->name, err));
    builder b;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(begin(&b, fdml_file_name(source->name), npy.shape[0], true, arena, err));
    fdml_status status = add_npy(&b, &npy, source->bytes + npy.data_offset, source->name, err);
    if (!status) status = finish(factor, &b, err);
    return end(&b, mark, status);
}

fdml_status fdml_factor_from_npy(fdml_factor *factor, const char *path, fdml_arena *arena,
                                 fdml_error *err)
{
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_source source = { path, NULL, map.data, map.size };
    const fdml_status status = fdml_factor_read_npy(factor, &source, arena, err);
    fdml_file_unmap(&map);
    return status;
}

/* 1, 0, or -1 for a word that is neither. */
static int truth_of(const char *text)
{
    static const struct {
        const char *word;
        int truth;
    } words[] = { { "1", 1 },     { "0", 0 },   { "-1", 0 }, { "true", 1 },
                  { "false", 0 }, { "yes", 1 }, { "no", 0 }, { "t", 1 },
                  { "f", 0 },     { "y", 1 },   { "n", 0 } };
    const size_t length = strlen(text);
    /* Of the same length, a suffix in any case is the word in any case. */
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        if (length == strlen(words[w].word) && fdml_file_has_suffix(text, words[w].word))
            return words[w].truth;
    return -1;
}

fdml_status fdml_flags_from_table(const uint8_t **flags, const fdml_table *table, size_t column,
                                  fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint8_t *flag = fdml_arena_push(arena, table->n_rows, 1);
    if (!flag)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu flags", table->path,
                         table->n_rows);
    for (size_t row = 0; row < table->n_rows; row++) {
        const char *text = fdml_table_cell(table, row, column);
        const int truth = truth_of(text);
        if (truth < 0) {
            fdml_arena_reset(arena, mark);
            return fdml_fail(err, FDML_E_DATA, "%s:%u: %s is '%.60s', expected true or false",
                             table->path, table->line[row], table->name[column], text);
        }
        flag[row] = (uint8_t)truth;
    }
    *flags = flag;
    return FDML_OK;
}
