/* tabular_read.c - see tabular_read.h.
 * SPDX-License-Identifier: MIT */
#include "tabular_read.h"

#include <string.h>

#include "data/table_build.h"

fdml_tabular_options tabular_plain_options(void)
{
    static const char *const sex = "sex", *const question = "?";
    return (fdml_tabular_options){ .target = "y",
                                   .protected_ = { &sex, 1 },
                                   .missing = { &question, 1 } };
}

fdml_status tabular_read_text(fdml_tabular *t, fdml_tabular_notes *notes, const char *text,
                              const fdml_tabular_options *options, fdml_arena *arena,
                              fdml_error *err)
{
    const fdml_source source = { "t.csv", NULL, (const unsigned char *)text, strlen(text) };
    fdml_table table;
    FDML_TRY(fdml_table_read(&table, &source, arena, err));
    return fdml_tabular_read(t, notes, &table, options, arena, err);
}
