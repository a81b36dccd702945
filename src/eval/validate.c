/* validate.c - the checks of validate.h, in the order a user would want to hear of them.
 *
 * Rows are read once, in blocks of a thousand; each block notes its own first offenders and
 * blocks are merged in order, so that the row named is the first of the file whatever the
 * thread count. Duplicates are found by a keyed hash of the row's bytes and confirmed by
 * comparing them.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/validate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/parallel.h"

enum { BLOCK_ROWS = 1024, MOST_WARNINGS = 8 };

/* Rows that came from half precision are off by 5e-4 at most. */
static const double UNIT_TOLERANCE = 1e-3;

/* Squared lengths between which distances can be computed in float: (2 |x|)^2 must be a float,
 * and under cosine 1 / |x|, too. */
static const double MOST_SQUARE = 0x1p126, LEAST_SQUARE = 0x1p-252;

typedef struct block_notes {
    size_t bad_row, bad_column;        /* not finite; bad_row == NONE where all are */
    size_t zero_row;                   /* of length zero, or as good as */
    size_t long_row;                   /* too long for squared distances */
    size_t n_not_unit, first_not_unit; /* and its length */
    double length;
} block_notes;

#define NONE ((size_t)-1)

static const block_notes NO_NOTES = {
    .bad_row = NONE, .zero_row = NONE, .long_row = NONE, .first_not_unit = NONE
};

typedef struct scan {
    const fdml_problem *problem;
    block_notes *notes;
    uint64_t *hash; /* [n_rows] */
    fdml_hash_key key;
} scan;

static size_t first_not_finite(const float *row, size_t dim)
{
    for (size_t d = 0; d < dim; d++)
        if (!isfinite(row[d])) return d;
    return NONE;
}

static void scan_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const scan *s = ctx;
    const size_t dim = s->problem->dim, begin = block * BLOCK_ROWS;
    const size_t left = s->problem->n_rows - begin, n = left < BLOCK_ROWS ? left : BLOCK_ROWS;
    block_notes notes = NO_NOTES;
    for (size_t i = begin; i < begin + n; i++) {
        const float *row = s->problem->x + i * dim;
        double square = 0;
        for (size_t d = 0; d < dim; d++) square += (double)row[d] * row[d];
        s->hash[i] = fdml_hash_bytes(&s->key, row, dim * sizeof *row);
        if (!isfinite(square) && notes.bad_row == NONE) {
            notes.bad_row = i;
            notes.bad_column = first_not_finite(row, dim);
        }
        if (square < LEAST_SQUARE && notes.zero_row == NONE) notes.zero_row = i;
        if (square > MOST_SQUARE && notes.long_row == NONE) notes.long_row = i;
        if (fabs(sqrt(square) - 1) <= UNIT_TOLERANCE) continue;
        if (!notes.n_not_unit++) notes.first_not_unit = i, notes.length = sqrt(square);
    }
    s->notes[block] = notes;
}

static block_notes merge_notes(const block_notes *notes, size_t n_blocks)
{
    block_notes all = NO_NOTES;
    for (size_t b = 0; b < n_blocks; b++) {
        if (all.bad_row == NONE) {
            all.bad_row = notes[b].bad_row;
            all.bad_column = notes[b].bad_column;
        }
        if (all.zero_row == NONE) all.zero_row = notes[b].zero_row;
        if (all.long_row == NONE) all.long_row = notes[b].long_row;
        if (all.first_not_unit == NONE) {
            all.first_not_unit = notes[b].first_not_unit;
            all.length = notes[b].length;
        }
        all.n_not_unit += notes[b].n_not_unit;
    }
    return all;
}

static const char *kind_of_bad(float value)
{
    if (isnan(value)) return "nan";
    return value > 0 ? "inf" : "-inf";
}

/* Warnings under construction. */
typedef struct notebook {
    const char **warning; /* [MOST_WARNINGS] */
    size_t n;
    fdml_arena *arena;
} notebook;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
warn(notebook *book, const char *format, ...)
{
    char text[FDML_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    book->warning[book->n] = fdml_arena_copy_text(book->arena, text, strlen(text));
    return book->warning[book->n++] != NULL;
}

/* Exact copies of earlier rows; *first and *original name the first of them. table holds row
 * ids + 1 by hash, open addressing, [2^bits >= 2 n_rows]. */
static size_t count_duplicates(size_t *first, size_t *original, const scan *s, uint32_t *table,
                               size_t table_size)
{
    const size_t row_size = s->problem->dim * sizeof(float);
    const char *bytes = (const char *)s->problem->x;
    size_t n = 0;
    for (size_t i = 0; i < s->problem->n_rows; i++) {
        for (size_t at = s->hash[i] & (table_size - 1);; at = (at + 1) & (table_size - 1)) {
            if (!table[at]) {
                table[at] = (uint32_t)(i + 1);
                break;
            }
            const size_t j = table[at] - 1;
            if (s->hash[j] != s->hash[i] ||
                memcmp(bytes + i * row_size, bytes + j * row_size, row_size) != 0)
                continue;
            if (!n++) *first = i, *original = j;
            break;
        }
    }
    return n;
}

static fdml_status check_rows(const fdml_problem *problem, const block_notes *notes,
                              const char *path, fdml_error *err)
{
    if (notes->bad_row != NONE && notes->bad_column != NONE)
        return fdml_fail(
            err, FDML_E_DATA, "%s: row %zu is not finite (column %zu is %s)", path,
            notes->bad_row, notes->bad_column,
            kind_of_bad(problem->x[notes->bad_row * problem->dim + notes->bad_column]));
    if (notes->long_row != NONE && problem->distance != FDML_COSINE)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: row %zu is longer than 9.2e18: squared distances would leave the "
                         "range of float",
                         path, notes->long_row);
    if (notes->zero_row != NONE && problem->distance == FDML_COSINE)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: row %zu has length zero, which has no direction under cosine",
                         path, notes->zero_row);
    return FDML_OK;
}

static fdml_status scan_rows(fdml_findings *findings, notebook *book,
                             const fdml_problem *problem, const char *path,
                             const fdml_machine *machine, fdml_arena *scratch, fdml_error *err)
{
    const size_t n_blocks = (problem->n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    size_t table_size = 1;
    while (table_size < 2 * problem->n_rows) table_size *= 2;
    scan s = { .problem = problem };
    s.notes = fdml_arena_push(scratch, n_blocks, sizeof *s.notes);
    s.hash = fdml_arena_push(scratch, problem->n_rows, sizeof *s.hash);
    uint32_t *table = fdml_arena_push_zero(scratch, table_size, sizeof *table);
    if (!s.notes || !s.hash || !table)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to check %zu rows", path,
                         problem->n_rows);
    fdml_hash_key_draw(&s.key);
    fdml_parallel(n_blocks, machine->n_threads, scan_block, &s);
    const block_notes notes = merge_notes(s.notes, n_blocks);
    FDML_TRY(check_rows(problem, &notes, path, err));

    bool fits = true;
    if (problem->distance == FDML_COSINE && notes.n_not_unit)
        fits =
            warn(book,
                 "%s: %zu of %zu rows are not of unit length (row %zu has length %.4g); "
                 "cosine scales them",
                 path, notes.n_not_unit, problem->n_rows, notes.first_not_unit, notes.length);
    size_t first = 0, original = 0;
    findings->n_duplicates = count_duplicates(&first, &original, &s, table, table_size);
    if (fits && findings->n_duplicates)
        fits = warn(book,
                    "%s: %zu rows are exact copies of earlier rows (row %zu of row %zu); they "
                    "make retrieval look better",
                    path, findings->n_duplicates, first, original);
    return fits ? FDML_OK : fdml_fail(err, FDML_E_NOMEM, "no memory for a warning");
}

/* What the gallery holds of one class. */
typedef struct class_gallery {
    uint32_t n;              /* rows */
    uint32_t first_excluded; /* value of `exclude` of the first of them */
    bool is_mixed;           /* another value too */
} class_gallery;

fdml_status fdml_find_matchable(uint8_t *can_match, const fdml_problem *problem,
                                fdml_arena *arena, fdml_error *err)
{
    const uint32_t *label = problem->label->code;
    const uint32_t *exclude = problem->exclude ? problem->exclude->code : NULL;
    const uint8_t *is_query = problem->is_query, *is_gallery = problem->is_gallery;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    class_gallery *of = fdml_arena_push_zero(arena, problem->label->n_levels, sizeof *of);
    if (!of) return fdml_fail(err, FDML_E_NOMEM, "no memory for the classes");

    for (size_t i = 0; i < problem->n_rows; i++) {
        if (is_gallery && !is_gallery[i]) continue;
        class_gallery *c = &of[label[i]];
        if (!c->n++)
            c->first_excluded = exclude ? exclude[i] : 0;
        else if (exclude && exclude[i] != c->first_excluded)
            c->is_mixed = true;
    }
    for (size_t i = 0; i < problem->n_rows; i++) {
        const class_gallery *c = &of[label[i]];
        const uint32_t self = !is_gallery || is_gallery[i];
        can_match[i] = c->n > self;
        /* With exclusion only rows of another value are left; the query itself is not one. */
        if (exclude && c->n) can_match[i] = c->is_mixed || c->first_excluded != exclude[i];
        if (is_query && !is_query[i]) can_match[i] = 0;
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

static fdml_status check_columns(const fdml_problem *problem, fdml_error *err)
{
    const fdml_factor *label = problem->label;
    if (label->n_levels < 2)
        return fdml_fail(err, FDML_E_DATA,
                         "column %s has one value '%s' in all rows: nothing to retrieve",
                         label->name, label->n_levels ? label->level[0] : "");
    for (size_t a = 0; a < problem->n_attributes; a++) {
        const fdml_factor *attribute = &problem->attributes[a];
        if (attribute->n_levels < 2)
            return fdml_fail(err, FDML_E_DATA,
                             "column %s has one value '%s' in all rows: nothing to compare",
                             attribute->name, attribute->n_levels ? attribute->level[0] : "");
    }
    return FDML_OK;
}

static fdml_status count_queries(fdml_findings *findings, notebook *book,
                                 const fdml_problem *problem, fdml_arena *scratch,
                                 fdml_error *err)
{
    uint8_t *can_match = fdml_arena_push(scratch, problem->n_rows, 1);
    if (!can_match) return fdml_fail(err, FDML_E_NOMEM, "no memory for the queries");
    FDML_TRY(fdml_find_matchable(can_match, problem, scratch, err));
    size_t n_matchable = 0;
    for (size_t i = 0; i < problem->n_rows; i++) {
        findings->n_queries += !problem->is_query || problem->is_query[i];
        findings->n_gallery += !problem->is_gallery || problem->is_gallery[i];
        n_matchable += can_match[i];
    }
    findings->n_lone = findings->n_queries - n_matchable;
    if (!findings->n_queries) return fdml_fail(err, FDML_E_DATA, "no row is a query");
    if (!findings->n_gallery) return fdml_fail(err, FDML_E_DATA, "no row is in the gallery");
    if (!n_matchable)
        return fdml_fail(err, FDML_E_DATA,
                         "none of the %zu queries has another row of its class (column %s) to "
                         "find",
                         findings->n_queries, problem->label->name);
    if (findings->n_lone &&
        !warn(book,
              "%zu of %zu queries are lone (no other row of their class to find); they are "
              "left out of means",
              findings->n_lone, findings->n_queries))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a warning");
    return FDML_OK;
}

fdml_status fdml_validate(fdml_findings *findings, const fdml_problem *problem,
                          const char *path, const fdml_machine *machine, fdml_arena *arena,
                          fdml_error *err)
{
    fdml_findings found = { 0 };
    notebook book = { .arena = arena };
    fdml_arena scratch;
    book.warning = fdml_arena_push(arena, MOST_WARNINGS, sizeof *book.warning);
    if (!book.warning) return fdml_fail(err, FDML_E_NOMEM, "no memory for warnings");

    /* Scratch of its own: the warnings are pushed while it is in use. */
    const size_t limit = arena->limit ? arena->limit - arena->used : 0;
    fdml_arena_init(&scratch, arena->limit && !limit ? 1 : limit);
    fdml_status status = check_columns(problem, err);
    if (!status) status = scan_rows(&found, &book, problem, path, machine, &scratch, err);
    if (!status) status = count_queries(&found, &book, problem, &scratch, err);
    const size_t peak = arena->used + scratch.peak;
    if (arena->peak < peak) arena->peak = peak;
    fdml_arena_close(&scratch);
    if (status) return status;
    found.warnings = book.warning;
    found.n_warnings = book.n;
    *findings = found;
    return FDML_OK;
}
