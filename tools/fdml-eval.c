/* fdml-eval.c - audits the embeddings of any model: does it treat groups alike?
 *
 * Reads, checks everything that can be wrong, proves that its outputs can be written, and only
 * then computes; files appear when all of it succeeded. The options stand in eval_options.c,
 * the inputs in eval_input.c, memory and time in eval_plan.c, the work in src/eval.
 * SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "eval/audit.h"
#include "eval/report.h"
#include "eval/result_hash.h"
#include "eval_gates.h"
#include "eval_input.h"
#include "eval_options.h"
#include "eval_command.h"
#include "eval_plan.h"
#include "eval_sign.h"

/* Where the reports go; NULL: not wanted. */
typedef struct outputs {
    FILE *report, *json, *html, *card, *per_query;
    eval_signer signer;
} outputs;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static outputs open_outputs(const eval_options *o, fdml_arena *arena)
{
    outputs out = { .report = NULL };
    if (o->sign) eval_signer_open(&out.signer, o->sign, o->json, arena);
    out.report = cli_output_open(o->output ? o->output : "-");
    if (o->json) out.json = cli_output_open(o->json);
    if (o->html) out.html = cli_output_open(o->html);
    if (o->model_card) out.card = cli_output_open(o->model_card);
    if (o->per_query) out.per_query = cli_output_open(o->per_query);
    return out;
}

static void write_reports(outputs *out, const fdml_report *report, eval_format format,
                          fdml_arena *arena)
{
    fdml_error err;
    fdml_status (*const view[])(FILE *, const fdml_report *, fdml_arena *,
                                fdml_error *) = { [EVAL_TABLE] = fdml_report_text,
                                                  [EVAL_MD] = fdml_report_md,
                                                  [EVAL_LATEX] = fdml_report_latex,
                                                  [EVAL_CSV] = fdml_report_csv,
                                                  [EVAL_JSON] = fdml_report_json };
    CLI_TRY(view[format](out->report, report, arena, &err), &err);
    if (out->signer.file)
        eval_signer_write(&out->signer, out->json, report, arena);
    else if (out->json)
        CLI_TRY(fdml_report_json(out->json, report, arena, &err), &err);
    if (out->html) CLI_TRY(fdml_report_html(out->html, report, arena, &err), &err);
    if (out->card) CLI_TRY(fdml_report_card(out->card, report, arena, &err), &err);
    if (out->per_query) fdml_report_queries(out->per_query, report);
}

/* Without --group there is nothing to compare; most users want to know what they could ask. */
static const char *make_hint(const eval_input *input, fdml_arena *arena)
{
    char text[1024];
    if (input->problem.n_attributes) return NULL;
    snprintf(text, sizeof text, "No --group was given, so these are overall values only.%s%s%s",
             input->columns ? " Columns of the metadata: " : "",
             input->columns ? input->columns : "", input->columns ? "." : "");
    return fdml_arena_copy_text(arena, text, strlen(text));
}

static void warn_elsewhere(const eval_options *o, const fdml_audit_result *result)
{
    if (o->format == EVAL_TABLE && !o->output) return; /* the reader sees them in the table */
    for (size_t i = 0; i < result->n_warnings; i++)
        cli_warn(&o->common, "warning: %s", result->warnings[i]);
}

static void add_warning(fdml_audit_result *result, const char *text, fdml_arena *arena)
{
    const size_t n = result->n_warnings;
    const char **warnings = fdml_arena_push(arena, n + 1, sizeof *warnings);
    const char *copy = fdml_arena_copy_text(arena, text, strlen(text));
    if (!warnings || !copy) cli_die(CLI_EXIT_DATA, "out of memory");
    if (n) memcpy(warnings, result->warnings, n * sizeof *warnings);
    warnings[n] = copy;
    result->warnings = warnings;
    result->n_warnings = n + 1;
}

/* Pictures that are missing may be missing from one group more than from another. */
static void warn_left_out(fdml_audit_result *result, const eval_input *input, fdml_arena *arena)
{
    char text[FDML_PATH_SIZE + 128];
    if (!input->n_left_out) return;
    snprintf(text, sizeof text,
             "%s: %zu of %zu pictures could not be read and are left out, which may touch one "
             "group more than another",
             input->file[0].path, input->n_left_out, input->n_images);
    add_warning(result, text, arena);
}

/* Returns the exit status: that of the gates, which are told of when the reports are there.
 * With a claim, the report is compared with it and not written. */
static int audit(const eval_options *o, eval_input *input, const fdml_audit_settings *settings,
                 eval_gates *gates, const fdml_machine *machine, const eval_claim *claim,
                 fdml_arena *arena)
{
    fdml_error err;
    fdml_audit_result result;
    bool is_same = true;
    outputs out = { .report = NULL };
    if (!claim) out = open_outputs(o, arena);
    const double start = now();
    CLI_TRY(fdml_audit(&result, &input->problem, settings, machine, arena, &err), &err);
    const double seconds = now() - start;
    cli_progress_clear();
    warn_left_out(&result, input, arena);
    if (input->slices_note) add_warning(&result, input->slices_note, arena);
    eval_gates_judge(gates, &result, arena);
    if (o->format == EVAL_JSON || o->json || o->html) eval_input_hash(input);
    fdml_report report = { .result = &result,
                           .problem = &input->problem,
                           .inputs = input->file,
                           .n_inputs = input->n_files,
                           .query = o->query,
                           .gallery = o->gallery,
                           .exclude_same = o->exclude_same,
                           .pairs = o->pairs,
                           .missing_attribute =
                               o->missing_attribute == EVAL_MISSING_GROUP ? "group" : NULL,
                           .gates = gates->outcome,
                           .n_gates = gates->n,
                           .value = input->value,
                           .preprocessing = input->preprocessing,
                           .hint = make_hint(input, arena),
                           .version = FDML_VERSION,
                           .commit = FDML_COMMIT,
                           .isa = machine->kernels->isa,
                           .n_threads = machine->n_threads,
                           .seconds = seconds };
    fdml_result_hash(report.result_sha256, &result);
    eval_command_list(&report, o, arena);
    if (o->html) eval_thumbs_make(&report, input, machine, arena);
    if (claim)
        is_same = eval_claim_check(stdout, claim, &report, arena);
    else
        write_reports(&out, &report, (eval_format)o->format, arena);
    cli_outputs_commit();
    if (claim) return is_same ? 0 : CLI_EXIT_FAILED;
    warn_elsewhere(o, &result);
    return eval_gates_tell(gates);
}

/* What can be said of a report before the audit is done again. */
static bool check_claim(const eval_claim *claim, const eval_options *o, eval_input *input,
                        fdml_arena *arena)
{
    eval_input_hash(input);
    return (!o->public_key ||
            eval_claim_check_signature(stdout, claim, o->public_key, arena)) &&
           eval_claim_check_files(stdout, claim, input->file, input->n_files);
}

int main(int argc, char **argv)
{
    static eval_input input;
    static eval_gates gates;
    int status = 0;
    eval_options options;
    fdml_audit_settings settings;
    fdml_arena arena;
    eval_claim claim;
    cli_begin(&eval_program);
    eval_options_read(&options, argc, argv);
    fdml_arena_init(&arena, 0);
    if (options.define.n) {
        eval_define(&options);
        return 0;
    }
    if (options.verify) eval_claim_open(&claim, &options, &arena);
    eval_gates_read(&gates, &options.gates, &arena);
    cli_catch_signals();
    fdml_machine machine = { .kernels = cli_kernels(&options.common),
                             .n_threads = cli_threads(&options.common),
                             .progress = cli_progress_open(&options.common) };
    eval_input_open(&input, &options, &machine, &arena);
    eval_plan_settings(&settings, &input, &options, &arena);
    settings.with_detail |= options.verify && eval_claim_has_detail(&claim);
    eval_gates_check(&gates, &options, &input.problem, &settings);
    eval_plan_memory(&machine, &input, &settings, &options, &arena);
    if (options.verify && !check_claim(&claim, &options, &input, &arena))
        status = CLI_EXIT_FAILED;
    if (options.dry_run)
        eval_plan_print(&input, &settings, &machine, &arena);
    else if (!status)
        status = audit(&options, &input, &settings, &gates, &machine,
                       options.verify ? &claim : NULL, &arena);
    if (options.verify) eval_claim_close(&claim);
    eval_input_close(&input);
    cli_input_remove();
    fdml_arena_close(&arena);
    return status;
}
