/* explain_input.c - see explain_input.h.
 * SPDX-License-Identifier: MIT */
#include "explain_input.h"

#include <string.h>

#include "explain/tabular_split.h"

void explain_input_add_file(explain_input *input, const char *role, const char *shown,
                            const char *read_path, size_t n_rows)
{
    cli_input_note(read_path);
    input->read_path[input->n_files] = read_path;
    input->file[input->n_files++] =
        (fdml_report_input){ .role = role, .path = shown, .n_rows = n_rows };
}

static fdml_name_list names_of(const fdml_texts *texts)
{
    return (fdml_name_list){ texts->item, texts->n };
}

static void read_table(explain_input *input, const explain_options *o, fdml_arena *arena)
{
    fdml_error err;
    const char *shown = o->common.positional.item[0], *path = cli_input_path(shown, arena);
    const fdml_tabular_options roles = { .target = o->target,
                                         .positive = o->positive,
                                         .protected_ = names_of(&o->groups),
                                         .drop = names_of(&o->drop),
                                         .numeric = names_of(&o->numeric),
                                         .categorical = names_of(&o->categorical),
                                         .missing = names_of(&o->missing),
                                         .missing_is_group =
                                             o->missing_attribute == EXPLAIN_MISSING_GROUP,
                                         .split_column = o->split_column };
    CLI_TRY(fdml_table_open(&input->table, path, arena, &err), &err);
    if (!input->table.n_rows) cli_die(CLI_EXIT_DATA, "%s: no rows", shown);
    CLI_TRY(
        fdml_tabular_read(&input->tabular, &input->notes, &input->table, &roles, arena, &err),
        &err);
    explain_input_add_file(input, "table", shown, path, input->table.n_rows);
}

static void split_table(explain_input *input, const explain_options *o, fdml_arena *arena)
{
    fdml_error err;
    char text[FDML_PATH_SIZE];
    size_t column;
    if (o->split_column) {
        CLI_TRY(fdml_table_find(&input->table, o->split_column, &column, &err), &err);
        CLI_TRY(fdml_tabular_split_column(&input->tabular, &input->table, column, arena, &err),
                &err);
        snprintf(text, sizeof text, "column %s", o->split_column);
    } else if (o->split) {
        CLI_TRY(fdml_tabular_split_open(&input->tabular, o->split, arena, &err), &err);
        explain_input_add_file(input, "split", o->split, o->split, input->table.n_rows);
        snprintf(text, sizeof text, "file %s", o->split);
    } else {
        CLI_TRY(fdml_tabular_split_random(&input->tabular, o->split_seed, arena, &err), &err);
        snprintf(text, sizeof text, "drawn with seed %llu", (unsigned long long)o->split_seed);
    }
    CLI_TRY(fdml_tabular_split_check(&input->tabular, arena, &err), &err);
    input->split = fdml_arena_copy_text(arena, text, strlen(text));
    if (!input->split) cli_die(CLI_EXIT_DATA, "out of memory");
}

/* A cell as the table has it. */
static const char *cell_of(const explain_input *input, size_t row, const char *name)
{
    fdml_error err;
    size_t column;
    if (fdml_table_find(&input->table, name, &column, &err)) return "?";
    return fdml_table_cell(&input->table, row, column);
}

static void check_level(const explain_input *input, size_t row, size_t f)
{
    const fdml_tabular *t = &input->tabular;
    const uint32_t level = (uint32_t)t->x[row * t->n_features + f];
    if (input->encoder.level_column[f][level] != FDML_NO_ENCODED) return;
    const char *name = t->feature[f].name;
    cli_die(
        CLI_EXIT_DATA,
        "%s:%u: %.60s is '%.40s', a category that none of the rows that train the black box "
        "has; --unseen zero takes it for none of the categories",
        input->file[0].path, (unsigned)input->table.line[row], name, cell_of(input, row, name));
}

/* Rows of no part are looked at by nobody. */
static void check_levels(const explain_input *input)
{
    const fdml_tabular *t = &input->tabular;
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t f = 0; t->part[i] != FDML_PART_NONE && f < t->n_features; f++)
            if (t->feature[f].kind == FDML_CATEGORICAL) check_level(input, i, f);
}

void explain_input_open(explain_input *input, const explain_options *options, fdml_arena *arena)
{
    fdml_error err;
    const uint32_t *row;
    size_t n;
    memset(input, 0, sizeof *input);
    read_table(input, options, arena);
    split_table(input, options, arena);
    CLI_TRY(fdml_tabular_part_rows(&row, &n, &input->tabular, FDML_PART_TRAIN, arena, &err),
            &err);
    CLI_TRY(fdml_encoder_fit(&input->encoder, &input->tabular, row, n, arena, &err), &err);
    if (options->unseen == EXPLAIN_UNSEEN_ERROR) check_levels(input);
}

void explain_input_hash(explain_input *input)
{
    fdml_error err;
    for (size_t i = 0; i < input->n_files; i++)
        CLI_TRY(fdml_sha256_file(input->file[i].sha256, input->read_path[i], &err), &err);
}
