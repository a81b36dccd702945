/* eval_slices.c - the columns that --find-slices looks at.
 *
 * Those that were named, or every column of the metadata but what the audit itself reads and
 * what cannot group rows: names of rows and files, and texts of more values than a slice may
 * have. What is left out is said in a warning.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "data/factor_bins.h"
#include "eval/slices.h"
#include "eval_input.h"

static bool is_name(const char *option, const char *column)
{
    return option && !strcmp(option, column);
}

/* What retrieval is about, and paths. */
static bool is_used(const eval_options *o, const char *column)
{
    return is_name(o->label, column) || is_name(o->query, column) ||
           is_name(o->gallery, column) || is_name(o->pair_name, column) ||
           is_name(o->embed.path_column ? o->embed.path_column : "path", column);
}

static void add_named(eval_input *input, const char *name, fdml_arena *arena)
{
    fdml_error err;
    bool is_key;
    size_t column;
    fdml_factor *factor = &input->slice_column[input->n_slice_columns++];
    CLI_TRY(fdml_table_find(&input->table, name, &column, &err), &err);
    CLI_TRY(fdml_factor_from_column(factor, &is_key, &input->table, column, &input->label,
                                    arena, &err),
            &err);
    const char *path = input->table.path;
    if (factor->n_levels > FDML_SLICE_MOST_LEVELS)
        cli_die(CLI_EXIT_DATA, "%s: column %s has %zu values, the limit for slices is %d", path,
                name, factor->n_levels, FDML_SLICE_MOST_LEVELS);
    if (factor->n_levels < 2)
        cli_die(CLI_EXIT_DATA, "%s: column %s is the same in every row, which makes no slices",
                path, name);
}

/* False: it cannot group rows. */
static bool add_unasked(eval_input *input, size_t column, fdml_arena *arena)
{
    fdml_error err;
    bool is_key;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_factor *factor = &input->slice_column[input->n_slice_columns];
    CLI_TRY(fdml_factor_from_column(factor, &is_key, &input->table, column, &input->label,
                                    arena, &err),
            &err);
    const size_t n = factor->n_levels;
    if (!is_key && n >= 2 && n <= FDML_SLICE_MOST_LEVELS) {
        input->n_slice_columns++;
        return true;
    }
    fdml_arena_reset(arena, mark);
    return n < 2; /* nobody misses a column that says nothing */
}

static void note_left_out(char *note, size_t size, const char *column)
{
    const size_t used = strlen(note);
    snprintf(
        note + used, size - used, "%s%s",
        used ? ", "
             : "slices: not looked at, as they name rows or classes or have too many values: ",
        column);
}

static void add_all(eval_input *input, const eval_options *o, fdml_arena *arena)
{
    char note[512] = "";
    for (size_t c = 0; c < input->table.n_columns; c++) {
        const char *name = input->table.name[c];
        if (is_used(o, name)) continue;
        if (input->n_slice_columns == FDML_SLICE_MOST_COLUMNS)
            cli_die(CLI_EXIT_DATA,
                    "--find-slices: more than %d columns; name some with --slice-columns",
                    FDML_SLICE_MOST_COLUMNS);
        if (!add_unasked(input, c, arena)) note_left_out(note, sizeof note, name);
    }
    if (!*note) return;
    input->slices_note = fdml_arena_copy_text(arena, note, strlen(note));
    if (!input->slices_note) cli_die(CLI_EXIT_DATA, "out of memory");
}

void eval_slices_open(eval_input *input, const eval_options *o, fdml_arena *arena)
{
    if (o->slice_columns.n && !input->table.n_columns)
        cli_die(CLI_EXIT_DATA, "--slice-columns: '%s' needs METADATA, and none is given",
                o->slice_columns.item[0]);
    for (size_t i = 0; i < o->slice_columns.n; i++)
        add_named(input, o->slice_columns.item[i], arena);
    if (!o->slice_columns.n && input->table.n_columns) add_all(input, o, arena);
}
