/* explain_sources.c - see explain_sources.h.
 * SPDX-License-Identifier: MIT */
#include "explain_sources.h"

#include <string.h>

#include "data/matrix.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_outside(explain_sources *s, const char *name)
{
    s->source[s->n++] = (fdml_study_source){ .name = name, .outside = &s->outside };
}

/* Its file is listed and hashed whole, whatever member of it is asked for. */
static void open_probabilities(explain_sources *s, explain_input *input, const char *spec,
                               fdml_arena *arena)
{
    fdml_error err;
    char *path = fdml_arena_push(arena, FDML_PATH_SIZE, 1);
    if (!path) cli_die(CLI_EXIT_DATA, "out of memory");
    CLI_TRY(fdml_blackbox_given(&s->outside, spec, &input->tabular, arena, &err), &err);
    CLI_TRY(fdml_matrix_path(path, FDML_PATH_SIZE, spec, &err), &err);
    explain_input_add_file(input, "probabilities", spec, path, input->tabular.n_rows);
    add_outside(s, base_name(spec));
}

static void open_outside(explain_sources *s, explain_input *input, const explain_options *o,
                         fdml_arena *arena)
{
    fdml_error err;
    const fdml_tabular *t = &input->tabular;
    if (o->probabilities) {
        open_probabilities(s, input, o->probabilities, arena);
    } else if (o->command) {
        cli_at_death(pipe_command_kill);
        if (!o->dry_run)
            CLI_TRY(
                pipe_command_open(&s->process, &s->pipe, o->command, (int)o->patience, &err),
                &err);
        s->has_process = !o->dry_run;
        CLI_TRY(fdml_blackbox_command(&s->outside, &s->pipe, t, arena, &err), &err);
        add_outside(s, "command");
    } else if (o->model) {
        explain_model_open(&s->model, &s->outside, o->model, &input->encoder,
                           cli_kernels(&o->common), cli_threads(&o->common), arena);
        s->has_model = true;
        explain_input_add_file(input, "model", o->model, o->model, 0);
        add_outside(s, base_name(o->model));
    }
}

/* One that is trained here, plain or with balanced groups. */
static void add_trained(explain_sources *s, const char *name, bool balances_groups,
                        fdml_arena *arena)
{
    char text[64];
    snprintf(text, sizeof text, "%s%s", name, balances_groups ? "+groups" : "");
    const char *copy = fdml_arena_copy_text(arena, text, strlen(text));
    if (!copy) cli_die(CLI_EXIT_DATA, "out of memory");
    s->source[s->n++] =
        (fdml_study_source){ .name = copy,
                             .kind = strcmp(name, "mlp") ? FDML_BLACKBOX_LOGISTIC
                                                         : FDML_BLACKBOX_MLP,
                             .balances_groups = balances_groups };
}

void explain_sources_open(explain_sources *s, explain_input *input, const explain_options *o,
                          fdml_arena *arena)
{
    static const fdml_texts usual = { 2, { "logistic", "mlp" } };
    const bool is_outside = o->probabilities || o->command || o->model;
    const fdml_texts *boxes = o->boxes.n || is_outside ? &o->boxes : &usual;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < boxes->n; i++) {
        if (o->balance_groups != EXPLAIN_YES) add_trained(s, boxes->item[i], false, arena);
        if (o->balance_groups != EXPLAIN_NO) add_trained(s, boxes->item[i], true, arena);
    }
    open_outside(s, input, o, arena);
}

void explain_sources_check_end(explain_sources *s, const explain_options *o)
{
    fdml_error err;
    if (!s->has_process) return;
    CLI_TRY(fdml_blackbox_command_end(&s->outside, &err), &err);
    if (s->process.was_killed)
        cli_warn(&o->common,
                 "warning: %s: still ran %d seconds after its input was closed, "
                 "and was killed; it had answered all that was asked",
                 o->command, s->process.patience);
}

double explain_sources_memory(const explain_sources *s)
{
    return s->has_model ? explain_model_memory(&s->model) : 0;
}

void explain_sources_close(explain_sources *s)
{
    if (s->has_process) pipe_command_close(&s->process);
    if (s->has_model) explain_model_close(&s->model);
}
