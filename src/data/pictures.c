/* pictures.c - every way to name pictures ends in one table. See pictures.h.
 * SPDX-License-Identifier: MIT */
#include "data/pictures.h"

#include <stdint.h>
#include <string.h>

#include "data/csv.h"
#include "data/listfile.h"
#include "data/table_build.h"

static size_t put(fdml_table_builder *builder, const char *text, size_t length)
{
    memcpy(fdml_table_room(builder), text, length);
    return length;
}

/* The folder that a path lies in, without what is above it: "ann" of "x/ann/1.jpg". */
static const char *parent_of(const char *path, size_t *length)
{
    const char *end = strrchr(path, '/');
    while (end && end > path && end[-1] == '/') end--;
    if (!end || end == path) return NULL;
    const char *start = end;
    while (start > path && start[-1] != '/') start--;
    *length = (size_t)(end - start);
    const bool is_name = !(*length == 1 && start[0] == '.') &&
                         !(*length == 2 && start[0] == '.' && start[1] == '.');
    return is_name ? start : NULL;
}

/* Bytes of the labels with their NULs; every path must lie in a folder. */
static fdml_status label_size(size_t *size, const fdml_pictures *p, fdml_error *err)
{
    const fdml_table *t = &p->table;
    *size = 0;
    for (size_t row = 0; row < t->n_rows; row++) {
        size_t length;
        const char *path = fdml_table_cell(t, row, p->path_column);
        if (!parent_of(path, &length))
            return fdml_fail(err, FDML_E_DATA,
                             "%.200s:%u: '%.200s' names no folder to take the label from",
                             t->path, t->line[row], path);
        *size += length + 1;
    }
    return FDML_OK;
}

static void copy_cells(fdml_table_builder *builder, const fdml_pictures *p)
{
    const fdml_table *t = &p->table;
    for (size_t c = 0; c < t->n_columns; c++)
        fdml_table_add_name(builder, put(builder, t->name[c], strlen(t->name[c])));
    fdml_table_add_name(builder, put(builder, "label", 5));
    for (size_t row = 0; row < t->n_rows; row++) {
        size_t length;
        fdml_table_add_row(builder, t->line[row]);
        for (size_t c = 0; c < t->n_columns; c++) {
            const char *cell = fdml_table_cell(t, row, c);
            fdml_table_add_cell(builder, put(builder, cell, strlen(cell)));
        }
        const char *label = parent_of(fdml_table_cell(t, row, p->path_column), &length);
        fdml_table_add_cell(builder, put(builder, label, length));
    }
}

/* The table, which is in `scratch`, goes to `arena` with the further column. */
static fdml_status add_label(fdml_pictures *p, fdml_arena *arena, fdml_error *err)
{
    const fdml_table *t = &p->table;
    fdml_table_builder builder;
    size_t size;
    FDML_TRY(label_size(&size, p, err));
    size += sizeof "label";
    for (size_t c = 0; c < t->n_columns; c++) {
        if (!strcmp(t->name[c], "label"))
            return fdml_fail(err, FDML_E_DATA, "%s: has a column 'label' already", t->path);
        size += strlen(t->name[c]) + 1;
    }
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
        size += strlen(t->text + t->offset[i]) + 1;
    FDML_TRY(
        fdml_table_begin(&builder, t->n_rows, t->n_columns + 1, size, t->path, arena, err));
    copy_cells(&builder, p);
    return fdml_table_finish(&p->table, &builder, t->path, arena, err);
}

static fdml_status check_paths(const fdml_pictures *p, fdml_error *err)
{
    const fdml_table *t = &p->table;
    for (size_t row = 0; row < t->n_rows; row++)
        if (!*fdml_table_cell(t, row, p->path_column))
            return fdml_fail(err, FDML_E_DATA, "%s:%u: %s is empty", t->path, t->line[row],
                             t->name[p->path_column]);
    return FDML_OK;
}

typedef struct lines {
    const char *name, *at, *end;
    size_t n, size; /* of those that are not empty, and their bytes with NULs */
} lines;

/* The next line without its end; false after the last. */
static bool next_line(lines *l, const char **text, size_t *length)
{
    if (l->at == l->end) return false;
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    const char *stop = newline ? newline : l->end;
    *text = l->at;
    *length = (size_t)(stop - l->at);
    if (*length && stop[-1] == '\r') --*length;
    l->at = newline ? newline + 1 : l->end;
    return true;
}

static fdml_status read_lines(fdml_table *table, const fdml_source *source, fdml_arena *arena,
                              fdml_error *err)
{
    lines l = { .name = source->name };
    const char *text;
    size_t length;
    fdml_table_builder builder;
    FDML_TRY(fdml_text_check(&l.at, &l.end, source, err));
    for (lines count = l; next_line(&count, &text, &length);) {
        l.n += length > 0;
        l.size += length ? length + 1 : 0;
    }
    if (!l.n) return fdml_fail(err, FDML_E_DATA, "%s: names no files", source->name);
    FDML_TRY(
        fdml_table_begin(&builder, l.n, 1, l.size + sizeof "path", source->name, arena, err));
    fdml_table_add_name(&builder, put(&builder, "path", 4));
    for (size_t line = 1; next_line(&l, &text, &length); line++) {
        if (!length) continue;
        fdml_table_add_row(&builder, line);
        fdml_table_add_cell(&builder, put(&builder, text, length));
    }
    return fdml_table_finish(table, &builder, source->name, arena, err);
}

static fdml_status open_lines(fdml_table *table, const char *path, bool or_table,
                              fdml_arena *arena, fdml_error *err)
{
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_source source = { path, NULL, map.data, map.size };
    const char *at = (const char *)map.data, *end = at + map.size;
    const bool is_list = or_table && fdml_listfile_is(at, end);
    const fdml_status status = is_list ? fdml_listfile_read(table, &source, arena, err)
                                       : read_lines(table, &source, arena, err);
    fdml_file_unmap(&map);
    return status;
}

/* p->table is in `first`; with a label from the folder it moves on to `arena`. */
static fdml_status finish(fdml_pictures *p, const fdml_pictures_options *options,
                          fdml_arena *arena, fdml_error *err)
{
    const char *column = options->path_column ? options->path_column : "path";
    FDML_TRY(fdml_table_find(&p->table, column, &p->path_column, err));
    FDML_TRY(check_paths(p, err));
    if (!options->label_from_folder || p->found.n_classes) return FDML_OK;
    return add_label(p, arena, err);
}

/* Where the table is to be read to: when it will be copied, into memory that then goes. */
typedef struct target {
    fdml_arena *arena, *first, scratch;
    fdml_arena_mark mark;
} target;

static void begin(target *t, const fdml_pictures_options *options, fdml_arena *arena)
{
    fdml_arena_init(&t->scratch, arena->limit);
    t->arena = arena;
    t->first = options->label_from_folder ? &t->scratch : arena;
    t->mark = fdml_arena_get_mark(arena);
}

static fdml_status end(target *t, fdml_pictures *pictures, fdml_pictures *made,
                       const char *root, fdml_status status, fdml_error *err)
{
    fdml_arena_close(&t->scratch);
    made->root = status ? NULL : fdml_arena_copy_text(t->arena, root, strlen(root));
    if (!status && !made->root) status = fdml_fail(err, FDML_E_NOMEM, "%s: no memory", root);
    if (status)
        fdml_arena_reset(t->arena, t->mark);
    else
        *pictures = *made;
    return status;
}

fdml_status fdml_pictures_open(fdml_pictures *pictures, const char *path,
                               const fdml_pictures_options *options, fdml_arena *arena,
                               fdml_error *err)
{
    fdml_pictures made = { 0 };
    char root[FDML_PATH_SIZE];
    const bool is_folder = fdml_folder_is(path), is_lines = fdml_file_has_suffix(path, ".txt");
    const size_t length = is_folder ? strlen(path) : (size_t)(fdml_file_name(path) - path);
    if (length + 2 > sizeof root)
        return fdml_fail(err, FDML_E_IO, "%.200s...: the path is too long", path);
    memcpy(root, path, length);
    root[length] = 0;
    if (is_folder && root[length - 1] != '/') memcpy(root + length, "/", 2);
    /* A folder of classes has its labels, and one copy of the table is enough. */
    fdml_pictures_options asked = *options;
    target t;
    if (is_folder) asked.label_from_folder = false;
    begin(&t, &asked, arena);
    fdml_status status;
    if (is_folder)
        status = fdml_folder_read(&made.table, &made.found, path, t.first, err);
    else if (is_lines)
        status = open_lines(&made.table, path, true, t.first, err);
    else
        status = fdml_table_open(&made.table, path, t.first, err);
    if (!status) status = finish(&made, &asked, arena, err);
    return end(&t, pictures, &made, root, status, err);
}

fdml_status fdml_pictures_read_lines(fdml_pictures *pictures, const char *path,
                                     const char *root, const fdml_pictures_options *options,
                                     fdml_arena *arena, fdml_error *err)
{
    fdml_pictures made = { 0 };
    target t;
    begin(&t, options, arena);
    fdml_status status = open_lines(&made.table, path, false, t.first, err);
    if (!status) status = finish(&made, options, arena, err);
    return end(&t, pictures, &made, root, status, err);
}

static fdml_status table_of_paths(fdml_table *table, const char *const *path, size_t n,
                                  fdml_arena *arena, fdml_error *err)
{
    fdml_table_builder builder;
    size_t size = sizeof "path";
    for (size_t i = 0; i < n; i++) size += strlen(path[i]) + 1;
    FDML_TRY(fdml_table_begin(&builder, n, 1, size, "command line", arena, err));
    fdml_table_add_name(&builder, put(&builder, "path", 4));
    for (size_t i = 0; i < n; i++) {
        fdml_table_add_row(&builder, i + 1);
        fdml_table_add_cell(&builder, put(&builder, path[i], strlen(path[i])));
    }
    return fdml_table_finish(table, &builder, "command line", arena, err);
}

fdml_status fdml_pictures_from_paths(fdml_pictures *pictures, const char *const *path, size_t n,
                                     const fdml_pictures_options *options, fdml_arena *arena,
                                     fdml_error *err)
{
    fdml_pictures made = { 0 };
    target t;
    begin(&t, options, arena);
    fdml_status status = table_of_paths(&made.table, path, n, t.first, err);
    if (!status) status = finish(&made, options, arena, err);
    return end(&t, pictures, &made, "", status, err);
}

fdml_status fdml_pictures_path(char path[FDML_PATH_SIZE], const fdml_pictures *pictures,
                               size_t row, fdml_error *err)
{
    const char *cell = fdml_table_cell(&pictures->table, row, pictures->path_column);
    const size_t n_root = *cell == '/' ? 0 : strlen(pictures->root), n = strlen(cell);
    if (n_root + n >= FDML_PATH_SIZE)
        return fdml_fail(err, FDML_E_IO, "%.200s...: the path is too long", cell);
    memcpy(path, pictures->root, n_root);
    memcpy(path + n_root, cell, n + 1);
    return FDML_OK;
}

fdml_status fdml_table_keep_rows(fdml_table *table, const uint32_t *row, size_t n,
                                 fdml_arena *arena, fdml_error *err)
{
    const size_t n_columns = table->n_columns;
    uint64_t *offset = fdml_arena_push(arena, n * n_columns, sizeof *offset);
    uint32_t *line = fdml_arena_push(arena, n, sizeof *line);
    if (!offset || !line)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu rows", table->path, n);
    for (size_t i = 0; i < n; i++) {
        memcpy(offset + i * n_columns, table->offset + row[i] * n_columns,
               n_columns * sizeof *offset);
        line[i] = table->line[row[i]];
    }
    table->offset = offset;
    table->line = line;
    table->n_rows = n;
    return FDML_OK;
}
