/* cli_command.c - see cli_command.h.
 * SPDX-License-Identifier: MIT */
#include "cli_command.h"

#include <string.h>

enum { VALUE_SIZE = FDML_LIST_MAX * 256 };

size_t cli_command_count(const cli_program *program)
{
    size_t n = 0;
    while (n < program->n_options && (program->options[n].type != FDML_OPTION_SECTION ||
                                      strcmp(program->options[n].help, "Output") != 0))
        n++;
    return n;
}

static const char *keep(const char *text, fdml_arena *arena)
{
    const char *copy = fdml_arena_copy_text(arena, text, strlen(text));
    if (!copy) cli_die(CLI_EXIT_DATA, "no memory for the command");
    return copy;
}

size_t cli_command_list(const fdml_report_option **list, const cli_program *program,
                        const void *options, const void *defaults, fdml_arena *arena)
{
    static char value[VALUE_SIZE], usual[VALUE_SIZE];
    const size_t n_options = cli_command_count(program);
    size_t n = 0;
    fdml_report_option *made = fdml_arena_push(arena, n_options * FDML_LIST_MAX, sizeof *made);
    if (!made) cli_die(CLI_EXIT_DATA, "no memory for the command");
    for (size_t i = 0; i < n_options; i++) {
        const fdml_option *o = &program->options[i];
        if (o->type == FDML_OPTION_SECTION) continue;
        if (o->type == FDML_OPTION_WORDS) { /* commas are their own: one by one */
            const fdml_texts *words = (const void *)((const char *)options + o->offset);
            for (size_t k = 0; k < words->n; k++)
                made[n++] = (fdml_report_option){ o->name, words->item[k] };
            continue;
        }
        fdml_option_text(value, sizeof value, o, options); /* fits: the parser's limits */
        fdml_option_text(usual, sizeof usual, o, defaults);
        if (strcmp(value, usual) != 0)
            made[n++] = (fdml_report_option){ o->name, keep(value, arena) };
    }
    *list = made;
    return n;
}
