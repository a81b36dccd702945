/* tabular_split.c - drawn, read and checked splits. See tabular_split.h.
 * SPDX-License-Identifier: MIT */
#include "explain/tabular_split.h"

#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "data/csv.h"

/* "split" in ASCII: no other stream of a seed is likely to be the same. */
#define STREAM_SPLIT UINT64_C(0x73706c6974)

static const struct {
    char letter;
    const char *word;
} parts[] = { [FDML_PART_TRAIN] = { 'T', "train" },
              [FDML_PART_EXPLAIN] = { 'E', "explain" },
              [FDML_PART_VALIDATE] = { 'V', "validate" },
              [FDML_PART_TEST] = { 'S', "test" },
              [FDML_PART_NONE] = { '-', "none" } };

enum { N_PARTS = sizeof parts / sizeof *parts };

char fdml_tabular_part_letter(fdml_part part)
{
    return parts[part].letter;
}

const char *fdml_tabular_part_word(fdml_part part)
{
    return parts[part].word;
}

static int part_of_letter(char letter)
{
    for (int p = 0; p < N_PARTS; p++)
        if (parts[p].letter == letter) return p;
    return -1;
}

static int part_of_word(const char *text)
{
    for (int p = 0; p < N_PARTS; p++)
        if (!strcmp(parts[p].word, text)) return p;
    return *text && !text[1] ? part_of_letter(*text) : -1;
}

static uint8_t *push_parts(const fdml_tabular *t, fdml_arena *arena, fdml_error *err)
{
    uint8_t *part = fdml_arena_push(arena, t->n_rows, 1);
    if (!part) fdml_fail(err, FDML_E_NOMEM, "no memory for a split of %zu rows", t->n_rows);
    return part;
}

/* --- drawn ------------------------------------------------------------------------------ */

fdml_status fdml_tabular_split_random(fdml_tabular *t, uint64_t seed, fdml_arena *arena,
                                      fdml_error *err)
{
    const size_t n = t->n_rows, n_train = n / 2, rest = n - n_train;
    const size_t n_test = (rest + 4) / 5, n_validate = (rest - n_test + 3) / 4; /* ceilings */
    const fdml_arena_mark start = fdml_arena_get_mark(arena);
    uint8_t *part = push_parts(t, arena, err);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint32_t *row = fdml_arena_push(arena, n, sizeof *row);
    if (!part || !row) {
        fdml_arena_reset(arena, start);
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a split of %zu rows", n);
    }
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)i;
    fdml_rng rng;
    fdml_rng_init(&rng, seed, STREAM_SPLIT, 0);
    fdml_rng_shuffle(&rng, row, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        fdml_part p = FDML_PART_EXPLAIN;
        if (i < n_train)
            p = FDML_PART_TRAIN;
        else if (i < n_train + n_test)
            p = FDML_PART_TEST;
        else if (i < n_train + n_test + n_validate)
            p = FDML_PART_VALIDATE;
        part[row[i]] = (uint8_t)p;
    }
    fdml_arena_reset(arena, mark);
    t->part = part;
    return FDML_OK;
}

/* --- read ------------------------------------------------------------------------------- */

/* at is a whole character of `length` bytes, the n-th that is no line break. */
static fdml_status fail_letter(const char *name, const char *at, size_t length, size_t n,
                               fdml_error *err)
{
    if (fdml_utf8_is_control(fdml_utf8_code(at, length)))
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: character %zu is no letter (U+%04X), expected T, E, V, S or -",
                         name, n, (unsigned)fdml_utf8_code(at, length));
    return fdml_fail(err, FDML_E_FORMAT,
                     "%s: character %zu is '%.*s', expected T, E, V, S or -", name, n,
                     (int)length, at);
}

fdml_status fdml_tabular_split_read(uint8_t *part, size_t n_rows, const fdml_source *source,
                                    fdml_error *err)
{
    const char *at, *end;
    size_t n = 0;
    FDML_TRY(fdml_text_check(&at, &end, source, err));
    for (; at < end; at++) {
        if (*at == '\n' || *at == '\r') continue;
        const int p = part_of_letter(*at);
        if (p < 0)
            return fail_letter(source->name, at, fdml_utf8_length(at, (size_t)(end - at)),
                               n + 1, err);
        if (n < n_rows) part[n] = (uint8_t)p;
        n++;
    }
    if (n == n_rows) return FDML_OK;
    return fdml_fail(err, FDML_E_FORMAT,
                     "%s: %zu characters, expected one for each of %zu rows", source->name, n,
                     n_rows);
}

fdml_status fdml_tabular_split_open(fdml_tabular *t, const char *path, fdml_arena *arena,
                                    fdml_error *err)
{
    fdml_map map;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint8_t *part = push_parts(t, arena, err);
    if (!part) return FDML_E_NOMEM;
    fdml_status status = fdml_file_map(&map, path, err);
    if (!status) {
        const fdml_source source = { path, NULL, map.data, map.size };
        status = fdml_tabular_split_read(part, t->n_rows, &source, err);
        fdml_file_unmap(&map);
    }
    if (status)
        fdml_arena_reset(arena, mark);
    else
        t->part = part;
    return status;
}

fdml_status fdml_tabular_split_column(fdml_tabular *t, const fdml_table *table, size_t column,
                                      fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint8_t *part = push_parts(t, arena, err);
    if (!part) return FDML_E_NOMEM;
    for (size_t i = 0; i < t->n_rows; i++) {
        const char *cell = fdml_table_cell(table, i, column);
        const int p = part_of_word(cell);
        if (p < 0) {
            fdml_arena_reset(arena, mark);
            return fdml_fail(err, FDML_E_DATA,
                             "%s:%u: %.60s is '%.40s' (row %zu), expected train, explain, "
                             "validate, test or none (T, E, V, S, -)",
                             table->path, table->line[i], table->name[column], cell, i + 1);
        }
        part[i] = (uint8_t)p;
    }
    t->part = part;
    return FDML_OK;
}

/* --- used ------------------------------------------------------------------------------- */

static fdml_status check_counts(const fdml_tabular *t, fdml_error *err)
{
    static const char *const needed_by[] = { [FDML_PART_TRAIN] = "the black box learns from",
                                             [FDML_PART_EXPLAIN] = "explanations learn from",
                                             [FDML_PART_TEST] = "fidelity is measured on" };
    size_t n[N_PARTS] = { 0 }, n_positive = 0;
    for (size_t i = 0; i < t->n_rows; i++) {
        n[t->part[i]]++;
        n_positive += t->part[i] == FDML_PART_TRAIN && t->target[i];
    }
    for (int p = 0; p < FDML_PART_NONE; p++)
        if (!n[p] && needed_by[p])
            return fdml_fail(err, FDML_E_DATA, "split: no row is of part %s (%c), which %s",
                             parts[p].word, parts[p].letter, needed_by[p]);
    if (n_positive && n_positive < n[FDML_PART_TRAIN]) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "split: %.60s is %s'%.60s' in all %zu rows of part train, expected both "
                     "values",
                     t->target_name, n_positive ? "" : "not ", t->positive, n[FDML_PART_TRAIN]);
}

static fdml_status check_groups(const fdml_tabular *t, const fdml_factor *factor,
                                fdml_arena *scratch, fdml_error *err)
{
    uint8_t *is_tested = fdml_arena_push_zero(scratch, factor->n_levels, 1);
    if (!is_tested)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for groups by %s", factor->name);
    for (size_t i = 0; i < t->n_rows; i++)
        if (t->part[i] == FDML_PART_TEST) is_tested[factor->code[i]] = 1;
    for (size_t v = 0; v < factor->n_levels; v++)
        if (!is_tested[v])
            return fdml_fail(err, FDML_E_DATA,
                             "split: no row of part test has %.60s '%.60s', so its fidelity "
                             "cannot be measured",
                             factor->name, factor->level[v]);
    return FDML_OK;
}

fdml_status fdml_tabular_split_check(const fdml_tabular *t, fdml_arena *scratch,
                                     fdml_error *err)
{
    FDML_TRY(check_counts(t, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    fdml_status status = FDML_OK;
    for (size_t a = 0; a < t->n_protected && !status; a++)
        status = check_groups(t, &t->protected_[a], scratch, err);
    fdml_arena_reset(scratch, mark);
    return status;
}

fdml_status fdml_tabular_part_rows(const uint32_t **row, size_t *n, const fdml_tabular *t,
                                   fdml_part part, fdml_arena *arena, fdml_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < t->n_rows; i++) count += t->part[i] == part;
    uint32_t *list = fdml_arena_push(arena, count, sizeof *list);
    if (!list) return fdml_fail(err, FDML_E_NOMEM, "no memory for a list of %zu rows", count);
    *n = 0;
    for (size_t i = 0; i < t->n_rows; i++)
        if (t->part[i] == part) list[(*n)++] = (uint32_t)i;
    *row = list;
    return FDML_OK;
}
