/* embed_meta.c - --meta: the table of the rows that were kept, for fdml-eval.
 * SPDX-License-Identifier: MIT */
#include "data/csv_write.h"
#include "embed.h"

void embed_meta_header(FILE *file, const fdml_table *table)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        if (c) fputc(',', file);
        fdml_csv_put_text(file, table->name[c]);
    }
    fputc('\n', file);
}

void embed_meta_row(FILE *file, const fdml_table *table, size_t row)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        if (c) fputc(',', file);
        fdml_csv_put_text(file, fdml_table_cell(table, row, c));
    }
    fputc('\n', file);
}
