/* factor.h - a column of labels as dense codes: what eval computes with.
 *
 * Levels are the distinct values in a fixed order: by number where every value is a 64-bit
 * integer, else bytewise. code[i] is in 0..n_levels-1.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_FACTOR_H
#define FDML_DATA_FACTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "data/reader.h"
#include "data/table.h"

typedef struct fdml_factor {
    const char *name; /* column name, or the file's for labels from an .npy */
    size_t n_rows, n_levels;
    const uint32_t *code;     /* [n_rows] */
    const char *const *level; /* [n_levels] */
} fdml_factor;

/* From a table column. An empty cell is an error that names file and line:
 * "meta.csv:118: label is empty" (FDML_E_DATA). */
fdml_status fdml_factor_from_table(fdml_factor *factor, const fdml_table *table, size_t column,
                                   fdml_arena *arena, fdml_error *err);

/* From a 1-D .npy of strings (<U, |S) or integers; floats are refused. */
fdml_status fdml_factor_from_npy(fdml_factor *factor, const char *path, fdml_arena *arena,
                                 fdml_error *err);

/* The same from bytes in memory; errors start with source->name. */
fdml_status fdml_factor_read_npy(fdml_factor *factor, const fdml_source *source,
                                 fdml_arena *arena, fdml_error *err);

/* From n strings that stay alive with the arena (borrowed); any may repeat. */
fdml_status fdml_factor_from_text(fdml_factor *factor, const char *name,
                                  const char *const *text, size_t n, fdml_arena *arena,
                                  fdml_error *err);

/* Copies the levels to `arena`, so that what they were borrowed from can go. FDML_E_NOMEM. */
fdml_status fdml_factor_keep_levels(fdml_factor *factor, fdml_arena *arena, fdml_error *err);

/* 1 or 0 per row from a boolean column: 1/0, true/false, yes/no, t/f, y/n, any case, and
 * CelebA's 1/-1. Anything else: "meta.csv:7: is_query is 'maybe', expected true or false". */
fdml_status fdml_flags_from_table(const uint8_t **flags, const fdml_table *table, size_t column,
                                  fdml_arena *arena, fdml_error *err);

#endif
