/* options.c - options by name: the table of fdml-eval, without what is about files.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "api/handles.h"

static const fdml_option table[] = {
#define AUDIT_AT(member) .offset = offsetof(fdml_options, audit.member)
#include "eval/audit_options.def"
    FDML_OPTION_THREADS(offsetof(fdml_options, n_threads)),
    FDML_OPTION_ISA(offsetof(fdml_options, isa)),
    FDML_OPTION_MAX_MEMORY(offsetof(fdml_options, max_memory)),
};
enum { N_OPTIONS = sizeof table / sizeof *table };

void fdml_options_init(fdml_options *options)
{
    *options = (fdml_options){ .audit = fdml_audit_defaults };
    fdml_arena_init(&options->arena, 0);
}

fdml_status fdml_options_new(fdml_options **options, fdml_error *err)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_options *made = fdml_arena_push(&arena, 1, sizeof *made);
    if (!made) return fdml_fail(err, FDML_E_NOMEM, "no memory for options");
    fdml_options_init(made);
    made->arena = arena;
    *options = made;
    return FDML_OK;
}

void fdml_options_free(fdml_options *options)
{
    if (!options) return;
    fdml_arena arena = options->arena; /* the handle lies in it */
    fdml_arena_close(&arena);
}

static const char *name_at(const void *ctx, size_t index)
{
    (void)ctx;
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (table[i].name && index-- == 0) return table[i].name;
    return NULL;
}

static fdml_status unknown_option(const char *name, fdml_error *err)
{
    const char *near = fdml_option_nearest(name, name_at, NULL);
    return fdml_fail(err, FDML_E_ARG, "unknown option '%.60s'%s%s%s", name,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

fdml_status fdml_options_set(fdml_options *options, const char *name, const char *value,
                             fdml_error *err)
{
    if (!name) return fdml_fail(err, FDML_E_ARG, "the option's name is NULL");
    const fdml_option *option = fdml_option_find(table, N_OPTIONS, name, strlen(name));
    if (!option) return unknown_option(name, err);
    const bool is_switch = option->type == FDML_OPTION_SWITCH || option->type == FDML_OPTION_NO;
    if (is_switch && value)
        return fdml_fail(err, FDML_E_ARG, "%s takes no value, got '%.60s'", name, value);
    if (!is_switch && !value) return fdml_fail(err, FDML_E_ARG, "%s needs a value", name);
    fdml_texts former = { 0 };
    fdml_texts *list = NULL;
    if (option->type == FDML_OPTION_TEXTS) { /* the parser appends, a setter replaces */
        list = (fdml_texts *)(void *)((char *)options + option->offset);
        former = *list;
        list->n = 0;
    }
    const fdml_status status =
        fdml_option_store(option, options, name, value, &options->arena, err);
    if (status && list) *list = former;
    return status;
}

void fdml_options_on_progress(fdml_options *options, fdml_progress_fn *report, void *ctx)
{
    options->progress = (fdml_progress){ .report = report, .ctx = ctx };
}
