/* tabular_split.h - which rows the black box, the explanation, its settings and the measure
 * see.
 *
 * Three ways to a split: drawn from a seed, read from a file, read from a column. A drawn one
 * has the sizes of the paper's three train_test_split calls (half trains; of the rest a fifth
 * tests; of what then remains a quarter validates, so 50, 30, 10 and 10 in 100), each rounded
 * as scikit-learn does, but is a shuffle of ours: to have the paper's very rows, take its split
 * file.
 *
 * A split file has one character per row: T (train), E (explain), V (validate), S (test) or -
 * (no part). Line breaks count for nothing, so it may be one long line or one row a line.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_TABULAR_SPLIT_H
#define FDML_EXPLAIN_TABULAR_SPLIT_H

#include "data/reader.h"
#include "explain/tabular.h"

char fdml_tabular_part_letter(fdml_part part);      /* T E V S - */
const char *fdml_tabular_part_word(fdml_part part); /* "train" */

/* Each sets t->part, in the arena, and leaves t as it was on failure. FDML_E_NOMEM. */
fdml_status fdml_tabular_split_random(fdml_tabular *t, uint64_t seed, fdml_arena *arena,
                                      fdml_error *err);
/* FDML_E_IO, and as fdml_tabular_split_read. */
fdml_status fdml_tabular_split_open(fdml_tabular *t, const char *path, fdml_arena *arena,
                                    fdml_error *err);
/* Cells: the letters, or the words train, explain, validate, test, none. Anything else is
 * FDML_E_DATA with file, line and column. The table is the one that t was read from. */
fdml_status fdml_tabular_split_column(fdml_tabular *t, const fdml_table *table, size_t column,
                                      fdml_arena *arena, fdml_error *err);

/* part: [n_rows], of a split file's bytes. FDML_E_FORMAT: another character, with its position
 * from 1; not as many as rows. Then part holds no split. */
fdml_status fdml_tabular_split_read(uint8_t *part, size_t n_rows, const fdml_source *source,
                                    fdml_error *err);

/* Can an audit be made of this split? FDML_E_DATA: no row trains, explains or tests; the black
 * box would see one value of the target; a group has no row to test. t->part is set. */
fdml_status fdml_tabular_split_check(const fdml_tabular *t, fdml_arena *scratch,
                                     fdml_error *err);

/* The rows of a part, ascending. FDML_E_NOMEM. */
fdml_status fdml_tabular_part_rows(const uint32_t **row, size_t *n, const fdml_tabular *t,
                                   fdml_part part, fdml_arena *arena, fdml_error *err);

#endif
