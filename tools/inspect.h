/* inspect.h - what fdml-inspect finds in a file, before it is printed.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_INSPECT_H
#define FDML_TOOLS_INSPECT_H

#include "base/json.h"
#include "cli.h"
#include "data/factor.h"
#include "data/matrix.h"
#include "data/table.h"

/* Of the finite rows' Euclidean lengths and elements; all NaN where no row is finite. */
typedef struct inspect_rows {
    double norm_min, norm_median, norm_max;
    double value_min, value_mean, value_max;
    size_t n_not_finite, n_zero, n_duplicates; /* duplicates: equal to an earlier row */
    size_t first_not_finite, first_zero, first_duplicate, duplicate_of; /* rows, from 0 */
    size_t n_unit; /* rows whose length is 1 within 1e-3 */
} inspect_rows;

void inspect_matrix(inspect_rows *found, const fdml_matrix *matrix, fdml_arena *arena);

/* The values of a column, empty cells left out, by falling count, ties by level. */
typedef struct inspect_column {
    fdml_factor factor;
    size_t n_empty, n_distinct;
    const uint32_t *order; /* [n_distinct] levels, most frequent first */
    const size_t *count;   /* [n_distinct] of each level */
} inspect_column;

void inspect_factor(inspect_column *found, const fdml_factor *factor, fdml_arena *arena);
void inspect_table_column(inspect_column *found, const fdml_table *table, size_t column,
                          fdml_arena *arena);

/* Printing, as text or into the open JSON object of the file. */
void inspect_print_matrix(const fdml_matrix *matrix, const inspect_rows *found);
void inspect_print_column(const char *name, const inspect_column *found);
void inspect_json_matrix(fdml_json_writer *w, const fdml_matrix *matrix,
                         const inspect_rows *found);
void inspect_json_column(fdml_json_writer *w, const char *name, const inspect_column *found);

#endif
