/* report_grid.h - a table of text cells, and how it looks as text, Markdown and LaTeX.
 *
 * A table is filled row by row and printed in blocks of columns that fit the width; the first
 * `n_fixed` columns are repeated in each block. A cell that holds a reason instead of a value
 * is written out where the whole row of a block has the same reason, else as a footnote.
 * Labels come from users' files: control characters are replaced, markup is escaped.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_REPORT_GRID_H
#define FDML_EVAL_REPORT_GRID_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

/* TEXT is words of our own or of the command line, at the left like a name and never cut. */
typedef enum fdml_cell_kind {
    FDML_CELL_NAME,
    FDML_CELL_VALUE,
    FDML_CELL_WHY,
    FDML_CELL_TEXT
} fdml_cell_kind;

typedef struct fdml_cell {
    const char *text;
    fdml_cell_kind kind;
} fdml_cell;

typedef struct fdml_grid {
    const char *title;
    size_t n_columns, n_fixed, n_rows, capacity;
    size_t step;         /* columns that stay together in a block; 0 is 1 */
    const char **header; /* [n_columns] */
    bool *is_right;      /* [n_columns] aligned to the right */
    size_t *width;       /* [n_columns] of the block being printed */
    bool *is_heading;    /* [capacity] the row's first cell heads the rows below it */
    fdml_cell *cell;     /* [capacity, n_columns] */
    fdml_arena *arena;
    bool failed; /* the arena had no room; what was added then is missing */
} fdml_grid;

/* False: no memory. */
bool fdml_grid_init(fdml_grid *grid, const char *title, size_t n_columns, size_t n_fixed,
                    size_t capacity, fdml_arena *arena);
void fdml_grid_row(fdml_grid *grid); /* the next row, of empty cells */
void fdml_grid_heading(fdml_grid *grid, const char *text);
void fdml_grid_set(fdml_grid *grid, size_t column, fdml_cell_kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void fdml_grid_text(FILE *file, const fdml_grid *grid, size_t width);
void fdml_grid_md(FILE *file, const fdml_grid *grid, size_t width);
void fdml_grid_latex(FILE *file, const fdml_grid *grid, size_t width);

/* What acts on a terminal instead of being shown (fdml_utf8_is_control) is '?' in all that the
 * functions below write. */
/* Columns `text` takes on a terminal. */
size_t fdml_text_width(const char *text);
void fdml_text_put(FILE *file, const char *text);
/* `text` wrapped at `width`, later lines indented; starts at column `at`, ends with \n. */
void fdml_text_wrap(FILE *file, const char *text, size_t at, size_t indent, size_t width);
/* A name from a user's file as it stands in a sentence or a table of text: of a long one the
 * beginning and the end, so that it cannot push the rest out of sight. One with letters that
 * are written from right to left is isolated (U+2068 .. U+2069), because the numbers behind it
 * would else change places with it; other names get no such characters. */
enum { FDML_NAME_COLUMNS = 36, FDML_NAME_SHOWN = 512 };
void fdml_name_show(char shown[FDML_NAME_SHOWN], const char *name);
void fdml_md_escape(FILE *file, const char *text);
void fdml_latex_escape(FILE *file, const char *text);

#endif
