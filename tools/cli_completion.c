/* cli_completion.c - which shell, and what the scripts of all three are made from. See
 * cli_completion.h.
 * SPDX-License-Identifier: MIT */
#include "cli_completion.h"

#include <string.h>

bool cli_takes_value(const fdml_option *option)
{
    return option->type != FDML_OPTION_SECTION && option->type != FDML_OPTION_SWITCH &&
           option->type != FDML_OPTION_NO;
}

bool cli_is_list(const fdml_option *option)
{
    return option->type == FDML_OPTION_TEXTS;
}

bool cli_may_repeat(const fdml_option *option)
{
    return option->type == FDML_OPTION_TEXTS || option->type == FDML_OPTION_WORDS;
}

void cli_print_function(const cli_program *program)
{
    for (const char *at = program->name; *at; at++) putchar(*at == '-' ? '_' : *at);
}

void cli_print_words(const fdml_option *option)
{
    const char *at = option->choices, *word;
    while (at) {
        const size_t n = strcspn(at, "|");
        printf(" %.*s", (int)n, at);
        at = at[n] ? at + n + 1 : NULL;
    }
    for (size_t i = 0; option->word && (word = option->word(i)); i++) printf(" %s", word);
}

void cli_print_commands(const cli_program *program, const char *between)
{
    for (size_t i = 0; i < program->n_commands; i++)
        printf("%s%s", i ? between : "", program->commands[i]->command);
}

void cli_print_clause(const char *help, const char *special, const char *apostrophe)
{
    for (const char *at = help; *at; at++) {
        if (at[0] == ';' || !strncmp(at, " [", 2))
            return; /* its default, and further remarks */
        if (*at == '\'') {
            fputs(apostrophe, stdout);
            continue;
        }
        if (strchr(special, *at)) putchar('\\');
        putchar(*at);
    }
}

void cli_completion_print(const cli_program *program, const char *shell)
{
    const cli_program *whole = program->whole ? program->whole : program;
    if (!strcmp(shell, "bash"))
        cli_completion_bash(whole);
    else if (!strcmp(shell, "zsh"))
        cli_completion_zsh(whole);
    else if (!strcmp(shell, "fish"))
        cli_completion_fish(whole);
    else
        cli_die(CLI_EXIT_DATA, "--completion: '%s' is none of bash, zsh, fish", shell);
}
