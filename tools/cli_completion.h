/* cli_completion.h - what the completions of the three shells share: cli_completion*.c.
 *
 * A completion is a script that knows a program's options: their names, which take a value, and
 * what may stand there. It is printed by the program itself (--completion), from the table that
 * also parses, so it cannot be of another version. `make install` puts it where shells look.
 *
 * Columns are read from the header of the tables on the command line when they are asked for.
 * A column is offered only if its name is one word of letters, digits and _ . - that begins
 * with a letter or _, because a name is data, and could else be a command to the shell.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_CLI_COMPLETION_H
#define FDML_TOOLS_CLI_COMPLETION_H

#include "cli.h"

bool cli_takes_value(const fdml_option *option);
bool cli_is_list(const fdml_option *option); /* of items with commas between them */
bool cli_may_repeat(const fdml_option *option);

/* The name of a shell's function: fdml_eval. */
void cli_print_function(const cli_program *program);

/* The words that are offered for the option's value, a blank before each. */
void cli_print_words(const fdml_option *option);
void cli_print_commands(const cli_program *program, const char *between);

/* The help's first clause; the characters of `special` have a backslash before them, and an
 * apostrophe is printed as `apostrophe`. */
void cli_print_clause(const char *help, const char *special, const char *apostrophe);

void cli_completion_bash(const cli_program *program);
void cli_completion_zsh(const cli_program *program);
void cli_completion_fish(const cli_program *program);

#endif
