/* fdml-findml.c - a grid of training runs, audited, as one table: the benchmark.
 *
 * Reads and checks the whole grid, does what is not done of it (findml_work.c), and shows what
 * came out. A grid that is complete is only shown, so another format costs nothing.
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "findml.h"

typedef struct options {
    cli_common common;
    fdml_texts set;
    const char *out, *only, *output, *plot;
    uint64_t n_jobs;
    int format;
    bool resume, dry_run;
} options;

#define AT(member) .offset = offsetof(options, member)

static const fdml_option table[] = {
    { .type = FDML_OPTION_SECTION, .help = "The runs" },
    { .type = FDML_OPTION_TEXT,
      .name = "out",
      .letter = 'o',
      AT(out),
      .value_name = "RUNS",
      .names = FDML_NAMES_FOLDER,
      .help = "folder for data sets that are made, runs and audits; made if it is not there" },
    { .type = FDML_OPTION_SWITCH,
      .name = "resume",
      AT(resume),
      .help = "do what is not done yet in RUNS, unfinished runs from their checkpoints" },
    { .type = FDML_OPTION_COUNT,
      .name = "jobs",
      .letter = 'j',
      AT(n_jobs),
      .value_name = "N",
      .low = 1,
      .high = 256,
      .help = "runs at a time, which share the threads; results do not depend on it [1]" },
    { .type = FDML_OPTION_WORDS,
      .name = "set",
      .letter = 's',
      AT(set),
      .value_name = "KEY=VALUE",
      .help = "train.steps=100, for all runs, or grid.seeds=0-1, data.NAME.test=validation; "
              "goes before what GRID.ini says; may be repeated" },
    { .type = FDML_OPTION_TEXT,
      .name = "only",
      AT(only),
      .value_name = "PATTERN",
      .help = "do only runs DATA/OBJECTIVE/METHOD/seedN that are like this: '*/parade/seed0'" },
    { .type = FDML_OPTION_SWITCH,
      .name = "dry-run",
      AT(dry_run),
      .help = "check the grid, list its runs with what is done, and stop" },
    { .type = FDML_OPTION_SECTION, .help = "The table" },
    { .type = FDML_OPTION_CHOICE,
      .name = "format",
      AT(format),
      .value_name = "NAME",
      .choices = "table|md|latex|csv|json",
      .help = "table, md, latex, csv or json [table]" },
    { .type = FDML_OPTION_TEXT,
      .name = "output",
      AT(output),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "the table goes there [-, standard output]" },
    { .type = FDML_OPTION_TEXT,
      .name = "plot",
      AT(plot),
      .value_name = "FILE.svg",
      .names = FDML_NAMES_OUTPUT,
      .help = "the front as a picture: overall against worst group, with intervals" },
    CLI_COMMON_OPTIONS
};

static const cli_program program = {
    .name = "fdml-findml",
    .usage = "fdml-findml GRID.ini --out RUNS [options]",
    .purpose =
        "Trains every method on every data set with every objective and seed of a grid, "
        "audits\n"
        "each run, and compares the methods with the baseline, seed by seed: overall, worst\n"
        "group, gap, leakage, with intervals. May be interrupted at any moment and resumed.",
    .examples = "  fdml-findml examples/plumage_quick.ini --out runs --jobs 2\n"
                "  fdml-findml examples/plumage_quick.ini --out runs --resume --format md\n"
                "  fdml-findml examples/plumage.ini --out all --dry-run\n"
                "  fdml-findml examples/plumage.ini --out all --only 'plumage/margin/*' -j 2\n",
    .options = table,
    .n_options = sizeof table / sizeof *table
};

/* Where the other programs are: beside this one. */
static const char *folder_of(const char *program_path, fdml_arena *arena)
{
    const char *slash = strrchr(program_path, '/');
    const size_t length = slash ? (size_t)(slash - program_path) + 1 : 0;
    const char *folder = fdml_arena_copy_text(arena, program_path, length);
    if (!folder) cli_die(CLI_EXIT_DATA, "out of memory");
    return folder;
}

static void show(const findml_results *results, const options *o, fdml_arena *arena)
{
    FILE *file = cli_output_open(o->output ? o->output : "-");
    FILE *plot = o->plot ? cli_output_open(o->plot) : NULL;
    if (o->format == FINDML_CSV)
        findml_csv_write(file, results);
    else if (o->format == FINDML_JSON)
        findml_json_write(file, results);
    else
        findml_tables_write(file, results, o->format, arena);
    if (plot) findml_plot_write(plot, results);
}

int main(int argc, char **argv)
{
    options o = { .n_jobs = 1 };
    static findml_grid grid;
    fdml_arena arena;
    const char *self = argv[0]; /* parsing reorders argv */
    cli_begin(&program);
    cli_parse(&program, &o, argc, argv);
    if (!o.common.positional.n) cli_die(CLI_EXIT_USAGE, "GRID.ini is missing");
    if (o.common.positional.n > 1)
        cli_die(CLI_EXIT_USAGE, "one argument too many: '%s'", o.common.positional.item[1]);
    if (!o.out) cli_die(CLI_EXIT_USAGE, "--out RUNS is missing");
    fdml_arena_init(&arena, 0);
    cli_catch_signals();
    findml_grid_read(&grid, o.common.positional.item[0], &o.set, &arena);
    const findml_work_options work = { .runs = o.out,
                                       .only = o.only,
                                       .programs = folder_of(self, &arena),
                                       .n_jobs = (size_t)o.n_jobs,
                                       .resume = o.resume,
                                       .is_dry = o.dry_run };
    findml_results results = { .grid = &grid };
    findml_values *values =
        fdml_arena_push_zero(&arena, findml_cell_count(&grid), sizeof *values);
    if (!values) cli_die(CLI_EXIT_DATA, "no memory for %zu runs", findml_cell_count(&grid));
    results.values = values;
    results.n_failed = findml_work(values, &grid, &work, &o.common);
    if (!o.dry_run) show(&results, &o, &arena);
    cli_outputs_commit();
    fdml_arena_close(&arena);
    return results.n_failed ? CLI_EXIT_DATA : 0;
}
