/* embed_meta.c - --meta: the table of the rows that were kept, for fdml-eval.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed.h"

static void put_cell(FILE *file, const char *text)
{
    if (!text[strcspn(text, ",;\t\"\r\n")] && *text != ' ') {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

void embed_meta_header(FILE *file, const fdml_table *table)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        if (c) fputc(',', file);
        put_cell(file, table->name[c]);
    }
    fputc('\n', file);
}

void embed_meta_row(FILE *file, const fdml_table *table, size_t row)
{
    for (size_t c = 0; c < table->n_columns; c++) {
        if (c) fputc(',', file);
        put_cell(file, fdml_table_cell(table, row, c));
    }
    fputc('\n', file);
}
