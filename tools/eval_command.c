/* eval_command.c - options of fdml-eval as names and texts, and back. See eval_command.h.
 * SPDX-License-Identifier: MIT */
#include "eval_command.h"

#include <string.h>

#include "base/json.h"
#include "cli_command.h"

static const char *keep(const char *text, fdml_arena *arena)
{
    const char *copy = fdml_arena_copy_text(arena, text, strlen(text));
    if (!copy) cli_die(CLI_EXIT_DATA, "no memory for the command");
    return copy;
}

void eval_command_list(fdml_report *report, const eval_options *options, fdml_arena *arena)
{
    const eval_options defaults = eval_options_defaults();
    report->arguments = options->common.positional.item;
    report->n_arguments = options->common.positional.n;
    report->n_options =
        cli_command_list(&report->options, &eval_program, options, &defaults, arena);
}

/* --- back -------------------------------------------------------------------------------- */

static _Noreturn void no_report(const eval_claim *claim, const char *why)
{
    cli_die(CLI_EXIT_DATA, "%s: %s", claim->path, why);
}

static const char *text_of(const fdml_json *object, const char *key)
{
    const fdml_json *value = fdml_json_find(object, key);
    return value ? fdml_json_text(value) : NULL;
}

static void read_option(eval_options *options, const eval_claim *claim, const fdml_json *item,
                        fdml_arena *arena)
{
    fdml_error err;
    char shown[FDML_ERROR_MAX];
    const char *name = text_of(item, "name"), *value = text_of(item, "value");
    if (!name || !value) no_report(claim, "command.options has an item without name or value");
    const fdml_option *o = fdml_option_find(
        eval_program.options, cli_command_count(&eval_program), name, strlen(name));
    snprintf(shown, sizeof shown, "%s: command.options: %.64s", claim->path, name);
    if (!o) cli_die(CLI_EXIT_DATA, "%s: is no option of this version", shown);
    CLI_TRY(fdml_option_store(o, options, shown, value, arena, &err), &err);
}

static void read_arguments(eval_options *options, const eval_claim *claim,
                           const fdml_json *command, fdml_arena *arena)
{
    const fdml_json *list = fdml_json_find(command, "arguments");
    fdml_texts *positional = &options->common.positional;
    if (!list || fdml_json_kind_of(list) != FDML_JSON_ARRAY)
        no_report(claim, "command.arguments is missing");
    if (positional->n) return; /* given anew: the files have moved */
    for (const fdml_json *a = fdml_json_first(list); a; a = fdml_json_next(a)) {
        const char *text = fdml_json_text(a);
        if (!text || positional->n == CLI_POSITIONAL_MAX)
            no_report(claim, "command.arguments is no list of files");
        if (!strcmp(text, "-"))
            no_report(claim, "was made from standard input; give the files after --verify");
        positional->item[positional->n++] = keep(text, arena);
    }
}

static void parse(eval_claim *claim, fdml_arena *arena)
{
    enum { DEPTH = 32 };
    const size_t limit = (size_t)256 << 20;
    fdml_error err;
    cli_input_note(claim->path);
    CLI_TRY(fdml_file_read(&claim->text, &claim->size, claim->path, limit, arena, &err), &err);
    CLI_TRY(fdml_json_parse(&claim->root, claim->text, claim->size, limit, DEPTH, claim->path,
                            &err),
            &err);
    const char *name = text_of(claim->root, "schema");
    if (!name || strcmp(name, FDML_REPORT_SCHEMA) != 0)
        no_report(claim,
                  "is no report of fdml-eval (\"schema\" is not " FDML_REPORT_SCHEMA ")");
}

void eval_claim_open(eval_claim *claim, eval_options *options, fdml_arena *arena)
{
    *claim = (eval_claim){ .path = options->verify };
    parse(claim, arena);
    const fdml_json *command = fdml_json_find(claim->root, "command");
    const fdml_json *list = command ? fdml_json_find(command, "options") : NULL;
    if (!list || fdml_json_kind_of(list) != FDML_JSON_ARRAY)
        no_report(claim, "does not hold the command that made it (\"command\")");
    eval_options read = eval_options_defaults();
    read.common = options->common;
    read.max_memory = options->max_memory;
    read.verify = options->verify;
    read.public_key = options->public_key;
    for (const fdml_json *item = fdml_json_first(list); item; item = fdml_json_next(item))
        read_option(&read, claim, item, arena);
    read_arguments(&read, claim, command, arena);
    *options = read;
    eval_options_check(options);
}

bool eval_claim_has_detail(const eval_claim *claim)
{
    return fdml_json_find(claim->root, "detail") != NULL;
}

void eval_claim_close(eval_claim *claim)
{
    fdml_json_close(claim->root);
    claim->root = NULL;
}
