/* fdml-explain.c - audits explanations: do they say what the black box says, for everybody?
 *
 * Reads, checks everything that can be wrong, proves that its outputs can be written, and only
 * then trains and explains; files appear when all of it succeeded. The options stand in
 * explain_options.c, the table in explain_input.c, black boxes in explain_sources.c, settings
 * and memory in explain_plan.c, the work in src/explain.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <time.h>

#include "explain/study_report.h"
#include "cli_command.h"
#include "explain_encoding.h"
#include "explain_gates.h"
#include "explain_plan.h"

/* Where the reports go; NULL: not wanted. */
typedef struct outputs {
    FILE *report, *json, *html, *per_row, *local, *plot;
} outputs;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static FILE *open_output(const char *path)
{
    return path ? cli_output_open(path) : NULL;
}

static outputs open_outputs(const explain_options *o)
{
    return (outputs){ .report = cli_output_open(o->output ? o->output : "-"),
                      .json = open_output(o->json),
                      .html = open_output(o->html),
                      .per_row = open_output(o->per_row),
                      .local = open_output(o->local),
                      .plot = open_output(o->plot) };
}

/* The test row of --row, or the one that the first local method explains worst. */
static size_t row_to_plot(const fdml_study *study, const explain_options *o)
{
    size_t worst = 0, k = 0;
    double most = -1;
    for (size_t i = 0; o->row && i < study->n_test; i++)
        if (study->test[i] == o->row - 1) return i;
    const fdml_study_box *box = &study->box[0];
    while (k + 1 < study->options->n_methods && !box->explained[k].local) k++;
    for (size_t i = 0; i < study->n_test; i++) {
        const double d = fabs(box->p[i] - box->explained[k].e[i]);
        if (d > most) most = d, worst = i;
    }
    return worst;
}

static void write_reports(const outputs *out, const fdml_study_report *report,
                          const explain_options *o, fdml_arena *arena)
{
    fdml_error err;
    static fdml_study_view *const view[] = { [EXPLAIN_TABLE] = fdml_study_text,
                                             [EXPLAIN_MD] = fdml_study_md,
                                             [EXPLAIN_LATEX] = fdml_study_latex,
                                             [EXPLAIN_CSV] = fdml_study_csv,
                                             [EXPLAIN_JSON] = fdml_study_json };
    const fdml_study *study = report->study;
    CLI_TRY(view[o->format](out->report, report, arena, &err), &err);
    if (out->json) CLI_TRY(fdml_study_json(out->json, report, arena, &err), &err);
    if (out->html) CLI_TRY(fdml_study_html(out->html, report, arena, &err), &err);
    if (out->per_row) fdml_study_put_rows(out->per_row, study);
    if (out->local) fdml_study_put_local(out->local, study);
    if (out->plot)
        CLI_TRY(fdml_study_plot(out->plot, study, row_to_plot(study, o), arena, &err), &err);
}

/* Warnings of the table come first. */
static void add_warnings(fdml_study *study, const explain_input *input, fdml_arena *arena)
{
    const size_t n = input->notes.n_warnings + study->n_warnings;
    const char **all = fdml_arena_push(arena, n, sizeof *all);
    if (!all) cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t i = 0; i < n; i++)
        all[i] = i < input->notes.n_warnings ? input->notes.warning[i]
                                             : study->warning[i - input->notes.n_warnings];
    study->warning = all;
    study->n_warnings = n;
    study->n_table_warnings = input->notes.n_warnings;
}

static void warn_elsewhere(const explain_options *o, const fdml_study *study)
{
    if (o->format == EXPLAIN_TABLE && !o->output) return; /* the reader sees them there */
    for (size_t i = 0; i < study->n_warnings; i++)
        cli_warn(&o->common, "warning: %s", study->warning[i]);
}

/* Returns the exit status: that of the gates, which are told of when the reports are there. */
static int audit(const explain_options *o, explain_input *input, explain_sources *sources,
                 const fdml_study_options *settings, eval_gates *gates, fdml_arena *arena)
{
    fdml_error err;
    fdml_study study;
    const outputs out = open_outputs(o);
    const double start = now();
    CLI_TRY(fdml_study_run(&study, &input->tabular, settings, arena, &err), &err);
    const double seconds = now() - start;
    cli_progress_clear();
    explain_sources_check_end(sources, o);
    add_warnings(&study, input, arena);
    explain_gates_judge(gates, &study, arena);
    if (o->format == EXPLAIN_JSON || o->json || o->html) explain_input_hash(input);
    fdml_study_report report = { .study = &study,
                                 .inputs = input->file,
                                 .n_inputs = input->n_files,
                                 .split = input->split,
                                 .gates = gates->outcome,
                                 .n_gates = gates->n,
                                 .version = FDML_VERSION,
                                 .commit = FDML_COMMIT,
                                 .isa = settings->workers.kernels->isa,
                                 .n_threads = settings->workers.n_threads,
                                 .seconds = seconds };
    fdml_study_hash(report.result_sha256, &study);
    const explain_options defaults = explain_options_defaults();
    report.n_options = cli_command_list(&report.options, &explain_program, o, &defaults, arena);
    write_reports(&out, &report, o, arena);
    cli_outputs_commit();
    warn_elsewhere(o, &study);
    return eval_gates_tell(gates);
}

/* The outputs are proven as an audit would, and none appears. */
static void plan(const explain_options *o, const explain_input *input,
                 const explain_sources *sources, const fdml_study_options *settings,
                 const fdml_arena *arena)
{
    (void)open_outputs(o);
    cli_outputs_abort();
    explain_plan_print(input, settings, sources, arena);
}

static void write_encoding(const explain_input *input, const explain_options *o)
{
    FILE *file = cli_output_open(o->encoding);
    explain_encoding_write(file, &input->encoder);
    cli_outputs_commit();
}

static void run(const explain_options *o, int *status, fdml_arena *arena)
{
    static explain_input input;
    static explain_sources sources;
    static eval_gates gates;
    fdml_study_options settings;
    eval_gates_read(&gates, &o->gates, arena);
    cli_catch_signals();
    explain_input_open(&input, o, arena);
    if (o->encoding) {
        write_encoding(&input, o);
        return;
    }
    explain_sources_open(&sources, &input, o, arena);
    explain_plan_settings(&settings, &input, &sources, o, arena);
    explain_gates_check(&gates, o, &input.tabular, &settings);
    explain_plan_memory(&input, &settings, &sources, o, arena);
    if (o->dry_run)
        plan(o, &input, &sources, &settings, arena);
    else
        *status = audit(o, &input, &sources, &settings, &gates, arena);
    explain_sources_close(&sources);
}

int main(int argc, char **argv)
{
    int status = 0;
    explain_options options;
    fdml_arena arena;
    cli_begin(&explain_program);
    explain_options_read(&options, argc, argv);
    fdml_arena_init(&arena, 0);
    if (options.define.n)
        explain_define(&options, &arena);
    else
        run(&options, &status, &arena);
    cli_input_remove();
    fdml_arena_close(&arena);
    return status;
}
