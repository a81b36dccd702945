/* tabular.h - a table as an audit of explanations sees it: features, a target, groups.
 *
 * A column is the target, a protected one, the split, dropped, or else a feature. Protected
 * columns are never features. A feature is numeric where every known cell is a number, and
 * categorical where half are not or where it is asked for; a column of numbers with a few words
 * in it is an error, because a word silently makes a level of every number. An unknown number
 * is NaN, and so is a cell "nan" of a numeric column, in any case of letters; an unknown
 * category is a level of its own, "(missing)", while "nan" is there a word like any other.
 *
 * The parts are those of Balagopalan et al., "The Road to Explainability is Paved with Bias"
 * (FAccT 2022): the black box learns from the first, the explanation from the second, the third
 * chooses settings and the fourth measures (tabular_split.h). The names of fdml_part are also
 * those of train/split.h, where they are parts of classes: no file includes both.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_TABULAR_H
#define FDML_EXPLAIN_TABULAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "data/factor.h"
#include "data/table.h"

typedef enum { FDML_NUMERIC, FDML_CATEGORICAL } fdml_feature_kind;

/* "(missing)". A level or group of unknown cells is this very array, by address; one of cells
 * that hold the word, in a column that knows all of its cells, is not. */
extern const char fdml_tabular_missing_level[];

typedef struct fdml_feature {
    const char *name;
    fdml_feature_kind kind;
    uint32_t n_levels;        /* 0 where numeric */
    const char *const *level; /* [n_levels], sorted as in data/factor.h */
} fdml_feature;

/* What a row is for; in split files T E V S and -. */
typedef enum {
    FDML_PART_TRAIN,    /* the black box */
    FDML_PART_EXPLAIN,  /* explanation models */
    FDML_PART_VALIDATE, /* settings */
    FDML_PART_TEST,     /* fidelity */
    FDML_PART_NONE
} fdml_part;

/* What was read; everything borrowed from its arena. */
typedef struct fdml_tabular {
    size_t n_rows, n_features;   /* rows below 2^32 */
    const fdml_feature *feature; /* [n_features], in the order of the file */
    const float *x;              /* [n_rows, n_features]: numbers; categorical: the level as a
                                  * number; missing number: NaN. Never infinite */
    const uint8_t *target;       /* [n_rows] 0 or 1; both occur */
    const char *target_name, *positive; /* the column, and its value that is 1 */
    const fdml_factor *protected_;      /* [n_protected], of two levels at least */
    size_t n_protected;
    const uint8_t *part; /* [n_rows] fdml_part; NULL before a split */
} fdml_tabular;

typedef struct fdml_name_list {
    const char *const *name;
    size_t n;
} fdml_name_list;

/* Names of columns. A kind may be asked of features alone. */
typedef struct fdml_tabular_options {
    const char *target;
    const char *positive; /* the target's value 1; NULL: the larger by number, else bytewise */
    fdml_name_list protected_, drop, numeric, categorical;
    fdml_name_list missing;   /* words for an unknown cell, such as ?; an empty one always is */
    bool missing_is_group;    /* rows with an unknown protected cell are of a group "(missing)",
                               * not an error */
    const char *split_column; /* NULL: none; see fdml_tabular_split_column */
} fdml_tabular_options;

/* What a user should know, but what stops nothing: a column without a name
 * (pandas' index; left out), a categorical feature with more levels than half of the rows;
 * levels that differ in blanks at their ends alone; cells "(missing)" beside unknown ones,
 * which are then one level; and, of ten rows or more, a feature that is the target or its
 * opposite in every row, or that counts up by one from row to row. */
typedef struct fdml_tabular_notes {
    const char *const *warning; /* [n_warnings], in the arena */
    size_t n_warnings;
} fdml_tabular_notes;

/* The table is borrowed and must live as long. FDML_E_DATA names file, line and column: a word
 * or an infinite number in a numeric column, an unknown protected cell, an unknown target; or
 * the column: a feature without a known cell or with one value in all, a target without exactly
 * two values, a protected column of one value, no feature at all, an unknown column.
 * FDML_E_ARG: one column in two roles or of two kinds, or a kind of a column that is no
 * feature. FDML_E_NOMEM. */
fdml_status fdml_tabular_read(fdml_tabular *t, fdml_tabular_notes *notes,
                              const fdml_table *table, const fdml_tabular_options *options,
                              fdml_arena *arena, fdml_error *err);

#endif
