/* eval_pairs.c - the names of a pairs file become rows.
 *
 * "Ann_Lee 2" is the second row whose name is Ann_Lee, in order of appearance, or the row whose
 * name (without folders and suffix) is Ann_Lee_0002, as LFW calls its files. A pair that has
 * no row is an error: an evaluation over the rest would be another protocol.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "data/pairs_file.h"
#include "eval_input.h"

typedef struct named_row {
    const char *name;
    size_t length;
    uint32_t row;
} named_row;

static int compare_names(const char *a, size_t n_a, const char *b, size_t n_b)
{
    const int order = memcmp(a, b, n_a < n_b ? n_a : n_b);
    return order ? order : (n_a > n_b) - (n_a < n_b);
}

static int by_name_then_row(const void *a, const void *b)
{
    const named_row *x = a, *y = b;
    const int order = compare_names(x->name, x->length, y->name, y->length);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* First place of `name` in the sorted rows, or n. */
static size_t find_name(const named_row *rows, size_t n, const char *name)
{
    const size_t length = strlen(name);
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_names(rows[middle].name, rows[middle].length, name, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const bool found =
        low < n && !compare_names(rows[low].name, rows[low].length, name, length);
    return found ? low : n;
}

/* "lfw/Ann_Lee/Ann_Lee_0002.jpg" -> "Ann_Lee_0002"; names without a suffix stay. */
static named_row make_named(const char *cell, uint32_t row)
{
    const char *name = fdml_file_name(cell);
    static const char *const suffix[] = { ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".npy" };
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
        if (fdml_file_has_suffix(name, suffix[i])) length = strlen(name) - strlen(suffix[i]);
    return (named_row){ name, length, row };
}

static named_row *sort_names(const eval_input *input, const char *column, fdml_arena *arena)
{
    const size_t n = input->matrix.n_rows;
    named_row *rows = fdml_arena_push(arena, n, sizeof *rows);
    fdml_error err;
    size_t index = 0;
    if (!rows) cli_die(CLI_EXIT_DATA, "out of memory");
    if (column) CLI_TRY(fdml_table_find(&input->table, column, &index, &err), &err);
    for (size_t i = 0; i < n; i++) {
        const char *cell = column ? fdml_table_cell(&input->table, i, index)
                                  : input->label.level[input->label.code[i]];
        rows[i] = make_named(cell, (uint32_t)i);
    }
    qsort(rows, n, sizeof *rows, by_name_then_row);
    return rows;
}

static uint32_t resolve(const named_row *rows, size_t n, const fdml_pairs *pairs,
                        const fdml_named_pair *pair, size_t side)
{
    char file_name[512];
    const char *name = pair->name[side];
    const uint32_t image = pair->image[side];
    snprintf(file_name, sizeof file_name, "%.480s_%04u", name, (unsigned)image);
    const size_t exact = find_name(rows, n, file_name);
    if (exact < n) return rows[exact].row;
    const size_t first = find_name(rows, n, name);
    size_t count = 0;
    while (first + count < n && !compare_names(rows[first + count].name,
                                               rows[first + count].length, name, strlen(name)))
        count++;
    if (count >= image) return rows[first + image - 1].row;
    cli_die(CLI_EXIT_DATA,
            "%s:%u: image %u of '%s' is not among the rows, which have %zu of it", pairs->path,
            (unsigned)pair->line, (unsigned)image, name, count);
}

void eval_pairs_open(eval_input *input, const eval_options *options, fdml_arena *arena)
{
    fdml_error err;
    fdml_pairs pairs;
    CLI_TRY(fdml_pairs_open(&pairs, options->pairs, arena, &err), &err);
    if (options->pair_name && !input->table.n_columns)
        cli_die(CLI_EXIT_DATA, "--pair-name: column '%s' needs METADATA, and none is given",
                options->pair_name);
    const named_row *rows = sort_names(input, options->pair_name, arena);
    const size_t n = input->matrix.n_rows;
    fdml_row_pair *list = fdml_arena_push(arena, pairs.n_pairs, sizeof *list);
    if (!list) cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t i = 0; i < pairs.n_pairs; i++) {
        const fdml_named_pair *pair = &pairs.pair[i];
        list[i] = (fdml_row_pair){ .a = resolve(rows, n, &pairs, pair, 0),
                                   .b = resolve(rows, n, &pairs, pair, 1),
                                   .genuine = !strcmp(pair->name[0], pair->name[1]),
                                   .fold = pair->fold };
    }
    input->pairs = list;
    input->n_pairs = pairs.n_pairs;
    eval_input_add_file(input, "pairs", options->pairs, options->pairs, pairs.n_pairs);
}
