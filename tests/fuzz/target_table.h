/* target_table.h - reads a table and looks at every cell, as text, labels and flags.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_FUZZ_TARGET_TABLE_H
#define FDML_TESTS_FUZZ_TARGET_TABLE_H

#include "data/table_build.h"
#include "target.h"

static inline void target_columns(const fdml_table *table, fdml_arena *arena)
{
    fdml_error err;
    for (size_t c = 0; c < table->n_columns && c < 8; c++) {
        fdml_factor factor;
        const uint8_t *flags;
        const fdml_status status = fdml_factor_from_table(&factor, table, c, arena, &err);
        if (status)
            target_check_error(status, &err);
        else
            target_check_factor(&factor);
        (void)fdml_flags_from_table(&flags, table, c, arena, NULL);
        size_t found;
        target_require(fdml_table_find(table, table->name[c], &found, NULL) == FDML_OK);
        target_require(found == c);
    }
}

static inline void target_table(const char *name, const uint8_t *data, size_t size)
{
    const fdml_source source = { name, NULL, data, size };
    fdml_arena arena;
    fdml_table table;
    fdml_error err;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status = fdml_table_read(&table, &source, &arena, &err);
    if (status) {
        target_check_error(status, &err);
        fdml_arena_close(&arena);
        return;
    }
    size_t bytes = 0;
    for (size_t row = 0; row < table.n_rows; row++) {
        target_require(table.line[row] > 0 && (!row || table.line[row] > table.line[row - 1]));
        for (size_t c = 0; c < table.n_columns; c++)
            bytes += strlen(fdml_table_cell(&table, row, c)) + 1;
    }
    target_require(table.n_rows && table.n_columns && bytes <= size + 1);
    target_columns(&table, &arena);
    size_t column;
    (void)fdml_table_find(&table, "no such column", &column, &err);
    fdml_arena_close(&arena);
}

#endif
