/* table.h - what is known about the rows: a metadata table of text cells with named columns.
 *
 * Reads CSV and TSV (RFC 4180: quotes, doubled quotes, newlines inside quotes; UTF-8 with or
 * without BOM; LF or CRLF; any column order), and the well-known list files that carry groups:
 * CelebA's list_attr_celeba.txt and identity_CelebA.txt. Cells stay text: a label is a string
 * or an integer written as one, never a float. The text lives in `arena`.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_TABLE_H
#define FDML_DATA_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define FDML_NO_COLUMN ((size_t)-1)

typedef struct fdml_table {
    const char *path;
    size_t n_rows, n_columns;
    const char *const *name; /* [n_columns] */
    const char *text;        /* every cell, NUL-terminated, unquoted */
    const uint64_t *offset;  /* [n_rows, n_columns] into text */
    const uint32_t *line;    /* [n_rows] line of the file on which the row starts, from 1 */
} fdml_table;

fdml_status fdml_table_open(fdml_table *table, const char *path, fdml_arena *arena,
                            fdml_error *err);

/* "meta.csv: no column 'gneder'; columns are label, gender, race" (FDML_E_DATA). */
fdml_status fdml_table_find(const fdml_table *table, const char *name, size_t *column,
                            fdml_error *err);
const char *fdml_table_cell(const fdml_table *table, size_t row, size_t column);

#endif
