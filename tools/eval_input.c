/* eval_input.c - opens the files, checks that their rows match, builds the problem.
 * SPDX-License-Identifier: MIT */
#include "eval_input.h"

#include <string.h>

fdml_report_input *eval_input_add_file(eval_input *input, const char *role, const char *shown,
                                       const char *read_path, size_t n_rows)
{
    fdml_report_input *file = &input->file[input->n_files];
    cli_input_note(read_path);
    input->read_path[input->n_files++] = read_path;
    *file = (fdml_report_input){ .role = role, .path = shown, .n_rows = n_rows };
    return file;
}

static void check_rows(const eval_input *input, const char *path, size_t n_rows)
{
    const fdml_report_input *embeddings = &input->file[0];
    if (n_rows != embeddings->n_rows)
        cli_die(CLI_EXIT_DATA, "%s has %zu rows, %s has %zu; they must be the same rows", path,
                n_rows, embeddings->path, embeddings->n_rows);
}

/* Probes a matrix, and reads it unless this is a dry run; lists its file. */
static void open_matrix(fdml_matrix *matrix, eval_input *input, const char *role,
                        const char *shown, const eval_options *options, fdml_arena *arena)
{
    fdml_error err;
    const char *path = cli_input_path(shown, arena);
    CLI_TRY(fdml_matrix_probe(matrix, path, &err), &err);
    if (options->max_memory && arena->used + matrix->own_size > options->max_memory) {
        char need[32], limit[32];
        fdml_size_print_above(need, limit, (double)(arena->used + matrix->own_size),
                              (double)options->max_memory);
        cli_die(CLI_EXIT_DATA,
                "--max-memory: %s is too little; %s must be converted, which takes %s (a "
                "little-endian f4 .npy is mapped and takes none)",
                limit, shown, need);
    }
    if (matrix->n_rows > INT32_MAX)
        cli_die(CLI_EXIT_DATA, "%s has %zu rows, the limit is %d", shown, matrix->n_rows,
                INT32_MAX);
    if (input->n_files) check_rows(input, shown, matrix->n_rows);
    if (!options->dry_run) CLI_TRY(fdml_matrix_open(matrix, path, arena, &err), &err);
    char *file = fdml_arena_push(arena, FDML_PATH_SIZE, 1);
    if (!file) cli_die(CLI_EXIT_DATA, "out of memory");
    CLI_TRY(fdml_matrix_path(file, FDML_PATH_SIZE, path, &err), &err);
    fdml_report_input *entry = eval_input_add_file(input, role, shown, file, matrix->n_rows);
    entry->dim = matrix->dim;
    entry->dtype = matrix->dtype;
}

static void open_other(eval_input *input, const eval_options *options, fdml_arena *arena)
{
    if (!options->compare) return;
    open_matrix(&input->other, input, "compare", options->compare, options, arena);
    input->compared = (fdml_audit_other){ .x = input->other.data,
                                          .dim = input->other.dim,
                                          .path = options->compare };
}

/* One row short is what a table without a header looks like. */
static void check_header(const eval_input *input, const char *path)
{
    const fdml_table *table = &input->table;
    const fdml_report_input *embeddings = &input->file[0];
    if (table->n_rows + 1 != embeddings->n_rows) return;
    cli_die(CLI_EXIT_DATA,
            "%s has %zu rows, %s has %zu; they must be the same rows (the first line, which "
            "begins with '%.60s', is taken as the header)",
            path, table->n_rows, embeddings->path, embeddings->n_rows, table->name[0]);
}

static void open_table(eval_input *input, const eval_options *options, fdml_arena *arena)
{
    fdml_error err;
    if (options->common.positional.n < 2 || input->table.n_columns) return;
    const char *shown = options->common.positional.item[1];
    const char *path = cli_input_path(shown, arena);
    CLI_TRY(fdml_table_open(&input->table, path, &input->text, &err), &err);
    check_header(input, shown);
    check_rows(input, shown, input->table.n_rows);
    eval_input_add_file(input, "metadata", shown, path, input->table.n_rows);
}

static size_t find_column(const eval_input *input, const char *option, const char *name)
{
    fdml_error err;
    size_t column;
    if (!input->table.n_columns)
        cli_die(CLI_EXIT_DATA, "%s: column '%s' needs METADATA, and none is given", option,
                name);
    if (!fdml_table_find(&input->table, name, &column, &err)) return column;
    const bool is_default = !strcmp(option, "--label") && !strcmp(name, "label");
    cli_die(CLI_EXIT_DATA, "%s%s", err.text,
            is_default ? " (--label names that of the class)" : "");
}

/* A column of the metadata, or the labels of an .npy file. */
static void open_factor(fdml_factor *factor, eval_input *input, const char *option,
                        const char *name, fdml_arena *arena)
{
    fdml_error err;
    if (!fdml_file_has_suffix(name, ".npy")) {
        const size_t column = find_column(input, option, name);
        CLI_TRY(fdml_factor_from_table(factor, &input->table, column, arena, &err), &err);
        return;
    }
    CLI_TRY(fdml_factor_from_npy(factor, name, arena, &err), &err);
    check_rows(input, name, factor->n_rows);
    eval_input_add_file(input, "labels", name, name, factor->n_rows);
}

/* The same for an attribute, whose empty cells may be a group. */
static void open_attribute(fdml_factor *factor, eval_input *input, const eval_options *options,
                           const char *name, fdml_arena *arena)
{
    fdml_error err;
    if (fdml_file_has_suffix(name, ".npy")) {
        open_factor(factor, input, "--group", name, arena);
        return;
    }
    const fdml_table *table = &input->table;
    const size_t column = find_column(input, "--group", name);
    const char **text = fdml_arena_push(&input->text, table->n_rows, sizeof *text);
    if (!text)
        cli_die(CLI_EXIT_DATA, "%s: no memory for %zu cells of %s", table->path, table->n_rows,
                name);
    for (size_t i = 0; i < table->n_rows; i++) {
        text[i] = fdml_table_cell(table, i, column);
        if (*text[i]) continue;
        if (options->missing_attribute != EVAL_MISSING_GROUP)
            cli_die(CLI_EXIT_DATA,
                    "%s:%u: %s is empty (--missing-attribute group would make such rows a "
                    "group)",
                    table->path, (unsigned)table->line[i], name);
        text[i] = "missing";
    }
    CLI_TRY(fdml_factor_from_text(factor, name, text, table->n_rows, arena, &err), &err);
}

static const uint8_t *open_flags(const eval_input *input, const char *option, const char *name,
                                 fdml_arena *arena)
{
    fdml_error err;
    const uint8_t *flags;
    if (!name) return NULL;
    const size_t column = find_column(input, option, name);
    CLI_TRY(fdml_flags_from_table(&flags, &input->table, column, arena, &err), &err);
    if (!memchr(flags, 1, input->table.n_rows))
        cli_die(CLI_EXIT_DATA, "%s: %s is false in every row", option, name);
    return flags;
}

static void keep_levels(fdml_factor *factor, fdml_arena *arena)
{
    fdml_error err;
    CLI_TRY(fdml_factor_keep_levels(factor, arena, &err), &err);
}

/* The table's text is much larger than what is used of it: levels are copied, so that it can
 * be given back before the work starts. */
static void close_table(eval_input *input, const eval_options *options, fdml_arena *arena)
{
    char names[512] = "";
    if (!input->table.n_columns) return;
    for (size_t c = 0; c < input->table.n_columns; c++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", c ? ", " : "",
                 input->table.name[c]);
    }
    input->columns = fdml_arena_copy_text(arena, names, strlen(names));
    keep_levels(&input->label, arena);
    for (size_t i = 0; i < options->groups.n; i++) keep_levels(&input->attribute[i], arena);
    for (size_t i = 0; i < options->targets.n; i++) keep_levels(&input->target[i], arena);
    for (size_t i = 0; i < input->n_slice_columns; i++)
        keep_levels(&input->slice_column[i], arena);
    if (options->exclude_same) keep_levels(&input->exclude, arena);
    fdml_arena_close(&input->text);
}

void eval_input_open(eval_input *input, const eval_options *options,
                     const fdml_machine *machine, fdml_arena *arena)
{
    memset(input, 0, sizeof *input);
    fdml_arena_init(&input->text, 0);
    if (options->embed.model)
        eval_model_open(input, options, machine, arena);
    else
        open_matrix(&input->matrix, input, "embeddings", options->common.positional.item[0],
                    options, arena);
    open_other(input, options, arena);
    open_table(input, options, arena);
    open_factor(&input->label, input, "--label", options->label, arena);
    for (size_t i = 0; i < options->groups.n; i++)
        open_attribute(&input->attribute[i], input, options, options->groups.item[i], arena);
    if (options->exclude_same)
        open_factor(&input->exclude, input, "--exclude-same", options->exclude_same, arena);
    for (size_t i = 0; i < options->targets.n; i++)
        open_factor(&input->target[i], input, "--downstream-target", options->targets.item[i],
                    arena);
    if (options->audit.find_slices) eval_slices_open(input, options, arena);
    if (options->pairs) eval_pairs_open(input, options, arena);
    input->problem =
        (fdml_problem){ .x = input->matrix.data,
                        .n_rows = input->matrix.n_rows,
                        .dim = input->matrix.dim,
                        .distance = (fdml_distance)options->audit.distance,
                        .label = &input->label,
                        .attributes = input->attribute,
                        .n_attributes = options->groups.n,
                        .targets = input->target,
                        .n_targets = options->targets.n,
                        .slice_columns = input->slice_column,
                        .n_slice_columns = input->n_slice_columns,
                        .is_query = open_flags(input, "--query", options->query, arena),
                        .is_gallery = open_flags(input, "--gallery", options->gallery, arena),
                        .exclude = options->exclude_same ? &input->exclude : NULL };
    eval_input_keep_pictures(input, options, arena);
    close_table(input, options, arena);
}

void eval_input_hash(eval_input *input)
{
    fdml_error err;
    for (size_t i = 0; i < input->n_files; i++)
        if (input->read_path[i])
            CLI_TRY(fdml_sha256_file(input->file[i].sha256, input->read_path[i], &err), &err);
}

void eval_input_close(eval_input *input)
{
    fdml_matrix_close(&input->matrix);
    if (input->other.n_rows) fdml_matrix_close(&input->other);
}
