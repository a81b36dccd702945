/* tabular_read.h - a table from text, for tests of what is explained.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_TABULAR_READ_H
#define FDML_TESTS_UNIT_TABULAR_READ_H

#include "explain/tabular.h"

/* Target y, protected sex, unknown where empty or ?. */
fdml_tabular_options tabular_plain_options(void);

/* As if from a file t.csv. */
fdml_status tabular_read_text(fdml_tabular *t, fdml_tabular_notes *notes, const char *text,
                              const fdml_tabular_options *options, fdml_arena *arena,
                              fdml_error *err);

#endif
