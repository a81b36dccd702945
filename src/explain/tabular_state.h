/* tabular_state.h - what tabular.c (who is what) and tabular_columns.c (cells of features)
 * share.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_TABULAR_STATE_H
#define FDML_EXPLAIN_TABULAR_STATE_H

#include <stdbool.h>

#include "explain/tabular.h"

typedef enum fdml_column_role {
    FDML_COLUMN_FEATURE,
    FDML_COLUMN_TARGET,
    FDML_COLUMN_PROTECTED,
    FDML_COLUMN_DROPPED,
    FDML_COLUMN_SPLIT
} fdml_column_role;

typedef enum fdml_kind_asked {
    FDML_KIND_BY_CELLS,
    FDML_KIND_NUMERIC,
    FDML_KIND_CATEGORICAL
} fdml_kind_asked;

typedef struct fdml_tabular_reader {
    const fdml_table *table;
    const fdml_tabular_options *options;
    fdml_arena *arena;
    fdml_arena work; /* ends with the call */
    uint8_t *role;   /* [n_columns] fdml_column_role */
    uint8_t *asked;  /* [n_columns] fdml_kind_asked */
    const char **warning;
    size_t n_warnings, max_warnings;
} fdml_tabular_reader;

/* FDML_E_NOMEM. There is room for as many as the reader says. */
fdml_status fdml_tabular_warn(fdml_tabular_reader *r, fdml_error *err, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Warns of two levels that are the same but for blanks at their ends; `what` they are:
 * "groups". FDML_E_NOMEM. */
fdml_status fdml_tabular_warn_blanks(fdml_tabular_reader *r, const fdml_factor *factor,
                                     const char *what, fdml_error *err);
/* Warns of features that are the target, or a number of the row. FDML_E_NOMEM. */
fdml_status fdml_tabular_warn_features(const fdml_tabular *t, fdml_tabular_reader *r,
                                       fdml_error *err);

/* Is this cell one that says nothing? Blanks around it do not count. */
bool fdml_tabular_is_missing(const fdml_tabular_options *options, const char *cell);

/* Sets n_features, feature and x of t from the columns that are features. */
fdml_status fdml_tabular_read_features(fdml_tabular *t, fdml_tabular_reader *r,
                                       fdml_error *err);

#endif
