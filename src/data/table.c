/* table.c - CSV and TSV metadata, and what is common to all tables. See table.h.
 *
 * The first pass over the mapped text finds every error and counts; the second copies cells.
 * Tokenizing twice is cheaper than growing arrays: 1M rows x 3 columns take about 0.1 s.
 * SPDX-License-Identifier: MIT */
#include "data/table.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/intern.h"
#include "data/csv.h"
#include "data/listfile.h"
#include "data/table_build.h"

fdml_status fdml_table_begin(fdml_table_builder *builder, size_t n_rows, size_t n_columns,
                             size_t text_size, const char *path, fdml_arena *arena,
                             fdml_error *err)
{
    if (!n_rows) return fdml_fail(err, FDML_E_DATA, "%s: has a header but no rows", path);
    *builder = (fdml_table_builder){ .n_rows = n_rows,
                                     .n_columns = n_columns,
                                     .text_size = text_size };
    builder->text = fdml_arena_push(arena, text_size, 1);
    builder->line = fdml_arena_push(arena, n_rows, sizeof *builder->line);
    builder->name = fdml_arena_push(arena, n_columns, sizeof *builder->name);
    if (n_rows <= SIZE_MAX / sizeof *builder->offset / n_columns)
        builder->offset = fdml_arena_push(arena, n_rows * n_columns, sizeof *builder->offset);
    if (!builder->text || !builder->line || !builder->name || !builder->offset)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu rows of %zu columns", path,
                         n_rows, n_columns);
    return FDML_OK;
}

char *fdml_table_room(fdml_table_builder *builder)
{
    return builder->text + builder->text_used;
}

static void end_text(fdml_table_builder *builder, size_t length)
{
    builder->text[builder->text_used + length] = 0;
    builder->text_used += length + 1;
}

void fdml_table_add_name(fdml_table_builder *builder, size_t length)
{
    builder->name[builder->n_names++] = fdml_table_room(builder);
    end_text(builder, length);
}

void fdml_table_add_row(fdml_table_builder *builder, size_t line)
{
    builder->line[builder->n_lines++] = line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
}

void fdml_table_add_cell(fdml_table_builder *builder, size_t length)
{
    builder->offset[builder->n_cells++] = builder->text_used;
    end_text(builder, length);
}

static fdml_status check_names(const fdml_table_builder *builder, const char *path,
                               fdml_error *err)
{
    fdml_arena local;
    fdml_intern names;
    fdml_status status = FDML_OK;
    fdml_arena_init(&local, 0);
    fdml_intern_init(&names, &local, false);
    for (uint32_t i = 0; i < builder->n_names && !status; i++) {
        const char *name = builder->name[i];
        uint32_t id;
        if (!fdml_intern_add(&names, name, strlen(name), &id))
            status = fdml_fail(err, FDML_E_NOMEM, "%s: no memory for names", path);
        else if (id != i && !*name)
            status = fdml_fail(err, FDML_E_FORMAT, "%s: columns %u and %u have no name", path,
                               id + 1, i + 1);
        else if (id != i)
            status = fdml_fail(err, FDML_E_FORMAT, "%s: columns %u and %u are both '%.60s'",
                               path, id + 1, i + 1, name);
    }
    fdml_arena_close(&local);
    return status;
}

fdml_status fdml_table_finish(fdml_table *table, fdml_table_builder *builder, const char *path,
                              fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(check_names(builder, path, err));
    const char *kept_path = fdml_arena_copy_text(arena, path, strlen(path));
    if (!kept_path) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for the path", path);
    *table = (fdml_table){ .path = kept_path,
                           .n_rows = builder->n_rows,
                           .n_columns = builder->n_columns,
                           .name = builder->name,
                           .text = builder->text,
                           .offset = builder->offset,
                           .line = builder->line };
    return FDML_OK;
}

/* Counts the fields of one row; a blank line counts as none. */
static fdml_status scan_row(fdml_csv *csv, size_t *n_fields, fdml_error *err)
{
    fdml_csv_field field = { 0 };
    size_t n = 0;
    bool is_blank = false;
    for (; !field.ends_row; n++) {
        FDML_TRY(fdml_csv_next(csv, &field, err));
        is_blank = n == 0 && fdml_csv_is_blank(&field);
    }
    *n_fields = is_blank ? 0 : n;
    return FDML_OK;
}

static fdml_status fail_ragged(const fdml_csv *csv, size_t line, size_t n, size_t n_columns,
                               fdml_error *err)
{
    if (!n)
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: empty line, header has %zu fields",
                         csv->name, line, n_columns);
    return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: %zu field%s, header has %zu", csv->name, line,
                     n, n == 1 ? "" : "s", n_columns);
}

/* Blank lines at the end are no rows. Before the end they are ragged, except in a table of one
 * column, where they are rows with an empty cell: dropping them would shift the others. */
static fdml_status count_rows(size_t *n_rows, fdml_csv csv, size_t n_columns, fdml_error *err)
{
    size_t n_blank = 0, first_blank = 0;
    *n_rows = 0;
    while (csv.at < csv.end) {
        const size_t line = csv.line;
        size_t n;
        FDML_TRY(scan_row(&csv, &n, err));
        if (!n) {
            if (!n_blank++) first_blank = line;
            continue;
        }
        if (n_blank && n_columns > 1) return fail_ragged(&csv, first_blank, 0, n_columns, err);
        if (n != n_columns) return fail_ragged(&csv, line, n, n_columns, err);
        *n_rows += n_blank + 1;
        n_blank = 0;
    }
    return FDML_OK;
}

/* Blanks around a name would make it impossible to type; in cells they are kept. */
static void trim(fdml_csv_field *field)
{
    if (field->is_quoted) return;
    while (field->length && field->text[0] == ' ') field->text++, field->length--;
    while (field->length && field->text[field->length - 1] == ' ') field->length--;
}

static fdml_status fill(fdml_table_builder *builder, fdml_csv *csv, fdml_error *err)
{
    fdml_csv_field field;
    for (size_t c = 0; c < builder->n_columns; c++) {
        FDML_TRY(fdml_csv_next(csv, &field, err));
        trim(&field);
        fdml_table_add_name(builder, fdml_csv_unquote(fdml_table_room(builder), &field));
    }
    for (size_t row = 0; row < builder->n_rows; row++) {
        fdml_table_add_row(builder, csv->line);
        for (size_t c = 0; c < builder->n_columns; c++) {
            FDML_TRY(fdml_csv_next(csv, &field, err));
            fdml_table_add_cell(builder, fdml_csv_unquote(fdml_table_room(builder), &field));
        }
    }
    return FDML_OK;
}

static fdml_status read_csv(fdml_table *table, const char *name, const char *at,
                            const char *end, fdml_arena *arena, fdml_error *err)
{
    fdml_csv start, csv;
    fdml_csv_init(&start, name, at, end, false);
    csv = start;
    size_t n_columns, n_rows;
    FDML_TRY(scan_row(&csv, &n_columns, err));
    if (!n_columns) return fdml_fail(err, FDML_E_FORMAT, "%s:1: header is empty", name);
    FDML_TRY(count_rows(&n_rows, csv, n_columns, err));
    /* Each text takes its bytes and a NUL, which a delimiter or line break paid for; only the
     * last field of a file without a final line break needs one byte more. */
    fdml_table_builder builder;
    FDML_TRY(fdml_table_begin(&builder, n_rows, n_columns, (size_t)(end - at) + 1, name, arena,
                              err));
    FDML_TRY(fill(&builder, &start, err));
    return fdml_table_finish(table, &builder, name, arena, err);
}

fdml_status fdml_table_read(fdml_table *table, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err)
{
    const char *at, *end;
    FDML_TRY(fdml_text_check(&at, &end, source, err));
    if (fdml_file_has_suffix(source->name, ".txt") && fdml_listfile_is(at, end))
        return fdml_listfile_read(table, source, arena, err);
    return read_csv(table, source->name, at, end, arena, err);
}

fdml_status fdml_table_open(fdml_table *table, const char *path, fdml_arena *arena,
                            fdml_error *err)
{
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_source source = { path, NULL, map.data, map.size };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const fdml_status status = fdml_table_read(table, &source, arena, err);
    if (status) fdml_arena_reset(arena, mark);
    fdml_file_unmap(&map);
    return status;
}

fdml_status fdml_table_find(const fdml_table *table, const char *name, size_t *column,
                            fdml_error *err)
{
    char names[256];
    size_t n = 0;
    for (size_t c = 0; c < table->n_columns; c++) {
        if (!strcmp(table->name[c], name)) {
            *column = c;
            return FDML_OK;
        }
    }
    for (size_t c = 0; c < table->n_columns && n < sizeof names - 1; c++) {
        const int added =
            snprintf(names + n, sizeof names - n, "%s%s", c ? ", " : "", table->name[c]);
        n += added > 0 ? (size_t)added : 0;
    }
    const bool is_one = table->n_columns == 1 && strpbrk(table->name[0], ",;| \t");
    return fdml_fail(err, FDML_E_DATA, "%.120s: no column '%.60s'; %s%s%s%s", table->path, name,
                     is_one ? "the only one is '" : "columns are ", names,
                     n >= sizeof names ? "..." : "",
                     is_one ? "' (what separates columns is , ; or tab, in a .tsv tab)" : "");
}

const char *fdml_table_cell(const fdml_table *table, size_t row, size_t column)
{
    return table->text + table->offset[row * table->n_columns + column];
}
