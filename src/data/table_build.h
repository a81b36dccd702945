/* table_build.h - how the readers of table formats fill an fdml_table.
 *
 * Every size is known before anything is reserved (readers scan twice), so the arena holds the
 * text, the offsets and nothing else.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_TABLE_BUILD_H
#define FDML_DATA_TABLE_BUILD_H

#include "data/reader.h"
#include "data/table.h"

typedef struct fdml_table_builder {
    size_t n_rows, n_columns;
    size_t text_size; /* bytes for names and cells with their NULs */
    char *text;
    uint64_t *offset;
    uint32_t *line;
    const char **name;
    size_t text_used, n_cells, n_lines, n_names;
} fdml_table_builder;

/* FDML_E_DATA for a table without rows, FDML_E_NOMEM. */
fdml_status fdml_table_begin(fdml_table_builder *builder, size_t n_rows, size_t n_columns,
                             size_t text_size, const char *path, fdml_arena *arena,
                             fdml_error *err);

/* Room for the next text; write up to what is left of text_size, then say how much it was. */
char *fdml_table_room(fdml_table_builder *builder);
void fdml_table_add_name(fdml_table_builder *builder, size_t length);
void fdml_table_add_row(fdml_table_builder *builder, size_t line);
void fdml_table_add_cell(fdml_table_builder *builder, size_t length);

/* Names must differ. */
fdml_status fdml_table_finish(fdml_table *table, fdml_table_builder *builder, const char *path,
                              fdml_arena *arena, fdml_error *err);

/* Readers of bytes in memory; fdml_table_read picks one. source->member is not used. */
fdml_status fdml_table_read(fdml_table *table, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err);

#endif
