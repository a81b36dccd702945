/* report_grid.c - filling a table, cutting it into blocks, printing it. See report_grid.h.
 * SPDX-License-Identifier: MIT */
#include "eval/report_grid.h"

#include <stdarg.h>
#include <string.h>

enum { GAP = 2, MAX_NOTES = 32, CELL_MAX = 512 };

bool fdml_grid_init(fdml_grid *grid, const char *title, size_t n_columns, size_t n_fixed,
                    size_t capacity, fdml_arena *arena)
{
    *grid = (fdml_grid){ .title = title,
                         .n_columns = n_columns,
                         .n_fixed = n_fixed,
                         .capacity = capacity,
                         .arena = arena };
    grid->header = fdml_arena_push_zero(arena, n_columns, sizeof *grid->header);
    grid->is_right = fdml_arena_push_zero(arena, n_columns, sizeof *grid->is_right);
    grid->width = fdml_arena_push_zero(arena, n_columns, sizeof *grid->width);
    grid->is_heading = fdml_arena_push_zero(arena, capacity, sizeof *grid->is_heading);
    grid->cell = fdml_arena_push_zero(arena, capacity * n_columns, sizeof *grid->cell);
    return grid->header && grid->is_right && grid->width && grid->is_heading && grid->cell;
}

static fdml_cell *cell_at(const fdml_grid *grid, size_t row, size_t column)
{
    return &grid->cell[row * grid->n_columns + column];
}

void fdml_grid_row(fdml_grid *grid)
{
    if (grid->n_rows == grid->capacity) {
        grid->failed = true;
        return;
    }
    for (size_t c = 0; c < grid->n_columns; c++)
        *cell_at(grid, grid->n_rows, c) = (fdml_cell){ "", FDML_CELL_VALUE };
    grid->n_rows++;
}

/* The first byte of the character that text[at] is part of, or of the one behind it. */
static size_t between(const char *text, size_t at, bool is_behind)
{
    const size_t step = is_behind ? 1 : (size_t)-1;
    while (at && ((unsigned char)text[at] & 0xc0) == 0x80) at += step;
    return at;
}

/* A cell holds CELL_MAX bytes: of a longer text the beginning and the end, which is where paths
 * and names that were made by counting differ. */
static void cut(char text[CELL_MAX], const char *whole, size_t length)
{
    enum { HALF = CELL_MAX / 2 - 8 };
    const size_t head = between(whole, HALF, false), tail = between(whole, length - HALF, true);
    snprintf(text, CELL_MAX, "%.*s\xe2\x80\xa6%s", (int)head, whole, whole + tail);
}

static bool format_long(char text[CELL_MAX], size_t length, const char *format,
                        va_list arguments, fdml_arena *arena)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    char *whole = fdml_arena_push(arena, length + 1, 1);
    if (!whole) return false;
    vsnprintf(whole, length + 1, format, arguments);
    cut(text, whole, length);
    fdml_arena_reset(arena, mark);
    return true;
}

void fdml_grid_set(fdml_grid *grid, size_t column, fdml_cell_kind kind, const char *format, ...)
{
    char text[CELL_MAX];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    if (length >= CELL_MAX && !format_long(text, (size_t)length, format, again, grid->arena))
        grid->failed = true;
    va_end(again);
    va_end(arguments);
    const char *copy = fdml_arena_copy_text(grid->arena, text, strlen(text));
    if (!copy || !grid->n_rows) {
        grid->failed = true;
        return;
    }
    *cell_at(grid, grid->n_rows - 1, column) = (fdml_cell){ copy, kind };
}

void fdml_grid_heading(fdml_grid *grid, const char *text)
{
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", text);
    if (!grid->failed) grid->is_heading[grid->n_rows - 1] = true;
}

/* Blocks, and the reasons that become footnotes */

typedef struct block {
    size_t first, last;          /* columns first..last-1 follow the fixed ones */
    const char *note[MAX_NOTES]; /* distinct reasons, in order of appearance */
    size_t n_notes;
    size_t first_heading; /* rows after it are indented; n_rows: there is none */
} block;

static size_t note_index(const block *b, const char *why)
{
    size_t i = 0;
    while (i < b->n_notes && strcmp(b->note[i], why) != 0) i++;
    return i;
}

/* The one reason of all value cells of a row in this block, or NULL. */
static const char *common_why(const fdml_grid *grid, size_t row, size_t first, size_t last)
{
    const char *why = NULL;
    for (size_t c = first; c < last; c++) {
        const fdml_cell *cell = cell_at(grid, row, c);
        if (cell->kind != FDML_CELL_WHY || (why && strcmp(why, cell->text) != 0)) return NULL;
        why = cell->text;
    }
    return why;
}

static void shown(char text[CELL_MAX], const fdml_grid *grid, const block *b, size_t row,
                  size_t column)
{
    const fdml_cell *cell = cell_at(grid, row, column);
    if (cell->kind == FDML_CELL_WHY && column >= grid->n_fixed)
        snprintf(text, CELL_MAX, "(%zu)", note_index(b, cell->text) + 1);
    else if (cell->kind == FDML_CELL_NAME)
        fdml_name_show(text, cell->text);
    else
        snprintf(text, CELL_MAX, "%s", cell->text);
}

static bool is_indented(const fdml_grid *grid, const block *b, size_t row, size_t column)
{
    return column == 0 && row > b->first_heading && !grid->is_heading[row];
}

static size_t column_width(const fdml_grid *grid, const block *b, size_t column)
{
    char header[FDML_NAME_SHOWN];
    fdml_name_show(header, grid->header[column]);
    size_t width = fdml_text_width(header);
    for (size_t r = 0; r < grid->n_rows; r++) {
        char text[CELL_MAX];
        shown(text, grid, b, r, column);
        const size_t w = fdml_text_width(text) + (is_indented(grid, b, r, column) ? 2 : 0);
        if (w > width) width = w;
    }
    return width;
}

/* The block that starts at column `first`: as many columns as fit, at least one. */
static block next_block(const fdml_grid *grid, size_t first, size_t width)
{
    block b = { .first = first, .last = first };
    while (b.first_heading < grid->n_rows && !grid->is_heading[b.first_heading])
        b.first_heading++;
    size_t used = 0;
    for (size_t c = 0; c < grid->n_fixed; c++) used += column_width(grid, &b, c) + GAP;
    const size_t step = grid->step ? grid->step : 1;
    while (b.last < grid->n_columns) {
        for (size_t c = b.last; c < b.last + step && c < grid->n_columns; c++)
            used += column_width(grid, &b, c) + GAP;
        if (used - GAP > width && b.last > first) break;
        b.last += step;
    }
    if (b.last > grid->n_columns) b.last = grid->n_columns;
    for (size_t r = 0; r < grid->n_rows; r++) {
        if (common_why(grid, r, b.first, b.last)) continue;
        for (size_t c = b.first; c < b.last; c++) {
            const fdml_cell *cell = cell_at(grid, r, c);
            if (cell->kind == FDML_CELL_WHY && b.n_notes < MAX_NOTES &&
                note_index(&b, cell->text) == b.n_notes)
                b.note[b.n_notes++] = cell->text;
        }
    }
    for (size_t c = 0; c < b.last; c++)
        if (c < grid->n_fixed || c >= b.first) grid->width[c] = column_width(grid, &b, c);
    return b;
}

/* The i-th column of a block, counting the fixed ones; n_columns beyond its end. */
static size_t block_column(const fdml_grid *grid, const block *b, size_t i)
{
    if (i < grid->n_fixed) return i;
    const size_t c = b->first + i - grid->n_fixed;
    return c < b->last ? c : grid->n_columns;
}

/* Text */

static void repeat(FILE *file, const char *text, size_t n)
{
    while (n--) fputs(text, file);
}

static void put_padded(FILE *file, const char *text, size_t width, bool is_right, bool is_last)
{
    const size_t w = fdml_text_width(text), pad = w < width ? width - w : 0;
    if (is_right) repeat(file, " ", pad);
    fdml_text_put(file, text);
    if (!is_right && !is_last) repeat(file, " ", pad);
    if (!is_last) repeat(file, " ", GAP);
}

static void text_row(FILE *file, const fdml_grid *grid, const block *b, size_t row)
{
    const char *why = common_why(grid, row, b->first, b->last);
    char text[CELL_MAX + 2];
    for (size_t i = 0;; i++) {
        const size_t c = block_column(grid, b, i);
        if (c == grid->n_columns || (grid->is_heading[row] && i > 0)) break;
        if (why && c >= grid->n_fixed) {
            fdml_text_put(file, why);
            break;
        }
        const bool indent = is_indented(grid, b, row, c);
        memcpy(text, "  ", 2);
        shown(text + (indent ? 2 : 0), grid, b, row, c);
        const bool is_last =
            block_column(grid, b, i + 1) == grid->n_columns || grid->is_heading[row];
        put_padded(file, text, grid->width[c], grid->is_right[c], is_last);
    }
    fputc('\n', file);
}

static void text_block(FILE *file, const fdml_grid *grid, const block *b)
{
    size_t total = 0;
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++) {
        const bool is_last = block_column(grid, b, i + 1) == grid->n_columns;
        char header[FDML_NAME_SHOWN];
        fdml_name_show(header, grid->header[c]);
        put_padded(file, header, grid->width[c], grid->is_right[c], is_last);
        total += grid->width[c] + (is_last ? 0 : GAP);
    }
    fputc('\n', file);
    repeat(file, "\xe2\x94\x80", total); /* U+2500, a light horizontal line */
    fputc('\n', file);
    for (size_t r = 0; r < grid->n_rows; r++) text_row(file, grid, b, r);
    for (size_t i = 0; i < b->n_notes; i++) {
        fprintf(file, "(%zu) ", i + 1);
        fdml_text_put(file, b->note[i]);
        fputc('\n', file);
    }
}

void fdml_grid_text(FILE *file, const fdml_grid *grid, size_t width)
{
    if (grid->title) {
        fdml_text_put(file, grid->title);
        fputs("\n\n", file);
    }
    for (size_t first = grid->n_fixed; first < grid->n_columns;) {
        const block b = next_block(grid, first, width);
        if (first > grid->n_fixed) fputc('\n', file);
        text_block(file, grid, &b);
        first = b.last;
    }
}

/* Markdown */

static bool is_words(const fdml_cell *cell)
{
    return cell->kind == FDML_CELL_NAME || cell->kind == FDML_CELL_TEXT;
}

static void md_cell(FILE *file, const fdml_grid *grid, const block *b, size_t row,
                    size_t column)
{
    char text[CELL_MAX];
    shown(text, grid, b, row, column);
    if (grid->is_heading[row] && column == 0) fputs("**", file);
    if (is_words(cell_at(grid, row, column)))
        fdml_md_escape(file, text);
    else
        fputs(text, file);
    if (grid->is_heading[row] && column == 0) fputs("**", file);
}

static void md_block(FILE *file, const fdml_grid *grid, const block *b)
{
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++) {
        fputs("| ", file);
        fdml_md_escape(file, grid->header[c]);
        fputc(' ', file);
    }
    fputs("|\n", file);
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++)
        fputs(grid->is_right[c] ? "|---:" : "|---", file);
    fputs("|\n", file);
    for (size_t r = 0; r < grid->n_rows; r++) {
        const char *why = common_why(grid, r, b->first, b->last);
        for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++) {
            fputs("| ", file);
            if (!why || c < grid->n_fixed)
                md_cell(file, grid, b, r, c);
            else if (c == b->first)
                fdml_md_escape(file, why);
            fputc(' ', file);
        }
        fputs("|\n", file);
    }
    fputc('\n', file);
    for (size_t i = 0; i < b->n_notes; i++) {
        fprintf(file, "(%zu) ", i + 1);
        fdml_md_escape(file, b->note[i]);
        fputs("\n\n", file);
    }
}

void fdml_grid_md(FILE *file, const fdml_grid *grid, size_t width)
{
    if (grid->title) {
        fputs("### ", file);
        fdml_md_escape(file, grid->title);
        fputs("\n\n", file);
    }
    for (size_t first = grid->n_fixed; first < grid->n_columns;) {
        const block b = next_block(grid, first, width);
        md_block(file, grid, &b);
        first = b.last;
    }
}

/* LaTeX, with the rules of the package booktabs */

static void latex_cell(FILE *file, const fdml_grid *grid, const block *b, size_t row,
                       size_t column)
{
    char text[CELL_MAX];
    shown(text, grid, b, row, column);
    if (is_indented(grid, b, row, column)) fputs("\\quad ", file);
    if (is_words(cell_at(grid, row, column))) {
        fdml_latex_escape(file, text);
        return;
    }
    for (const char *at = text; *at; at++) /* a minus, not a hyphen */
        fputs(*at == '-' ? "$-$" : (const char[]){ *at, 0 }, file);
}

static void latex_row(FILE *file, const fdml_grid *grid, const block *b, size_t row)
{
    const char *why = common_why(grid, row, b->first, b->last);
    if (grid->is_heading[row]) {
        const size_t n = grid->n_fixed + b->last - b->first;
        fprintf(file, "\\addlinespace\n\\multicolumn{%zu}{l}{\\emph{", n);
        latex_cell(file, grid, b, row, 0);
        fputs("}} \\\\\n", file);
        return;
    }
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++) {
        if (i) fputs(" & ", file);
        if (why && c >= grid->n_fixed) {
            fprintf(file, "\\multicolumn{%zu}{l}{", b->last - b->first);
            fdml_latex_escape(file, why);
            fputc('}', file);
            break;
        }
        latex_cell(file, grid, b, row, c);
    }
    fputs(" \\\\\n", file);
}

static void latex_block(FILE *file, const fdml_grid *grid, const block *b)
{
    fputs("\\begin{table}[t]\n\\centering\n\\caption{", file);
    fdml_latex_escape(file, grid->title ? grid->title : "");
    fputs("}\n\\begin{tabular}{", file);
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++)
        fputc(grid->is_right[c] ? 'r' : 'l', file);
    fputs("}\n\\toprule\n", file);
    for (size_t i = 0, c; (c = block_column(grid, b, i)) < grid->n_columns; i++) {
        if (i) fputs(" & ", file);
        fdml_latex_escape(file, grid->header[c]);
    }
    fputs(" \\\\\n\\midrule\n", file);
    for (size_t r = 0; r < grid->n_rows; r++) latex_row(file, grid, b, r);
    fputs("\\bottomrule\n\\end{tabular}\n", file);
    for (size_t i = 0; i < b->n_notes; i++) {
        fprintf(file, "\n\\smallskip(%zu) ", i + 1);
        fdml_latex_escape(file, b->note[i]);
        fputc('\n', file);
    }
    fputs("\\end{table}\n\n", file);
}

void fdml_grid_latex(FILE *file, const fdml_grid *grid, size_t width)
{
    for (size_t first = grid->n_fixed; first < grid->n_columns;) {
        const block b = next_block(grid, first, width);
        latex_block(file, grid, &b);
        first = b.last;
    }
}
