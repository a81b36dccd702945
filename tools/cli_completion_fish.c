/* cli_completion_fish.c - completion of a program's command line in fish. See cli_completion.h.
 *
 * One `complete` for each option. -x: the value is no file; -r -F: it is one.
 * SPDX-License-Identifier: MIT */
#include "cli_completion.h"

/* __fdml_list: its arguments as the next item of the list under the cursor. */
static const char helpers[] =
    "function __fdml_list\n"
    "    set -l word (commandline -ct | string replace -r '^--?[^=,]*=' '')\n"
    "    set -l before (string match -r '^.*,' -- $word)\n"
    "    printf '%s\\n' \"$before\"$argv\n"
    "end\n"
    "function __fdml_columns\n"
    "    for file in (commandline -opc | string match -r '.*\\.[ct]sv$')\n"
    "        set file (string replace -r '^~/' $HOME/ -- $file)\n"
    "        test -r $file; or continue\n"
    "        head -n 1 -- $file | string replace -r '^\\x{feff}' '' |\n"
    "            string replace -ra '[,;\\t\\r]' \\n |\n"
    "            string match -r '^[[:alpha:]_][\\w.-]*$'\n"
    "    end\n"
    "end\n";

static void put_value(const fdml_option *o)
{
    const bool is_list = cli_is_list(o);
    if (o->names == FDML_NAMES_FILE || o->names == FDML_NAMES_OUTPUT) {
        fputs(" -r -F", stdout);
    } else if (o->names == FDML_NAMES_FOLDER) {
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
    } else if (o->names == FDML_NAMES_COLUMN) {
        printf(" -r -F -a '(%s)'", is_list ? "__fdml_list (__fdml_columns)" : "__fdml_columns");
    } else {
        fputs(" -x", stdout);
        if (!o->choices && !o->word) return;
        fputs(is_list ? " -a '(__fdml_list" : " -a '", stdout);
        cli_print_words(o);
        fputs(is_list ? ")'" : "'", stdout);
    }
}

/* Of several commands the one whose options these are, or that none was named yet. */
static void put_condition(const cli_program *program)
{
    if (!program->command && !program->n_commands) return;
    printf(" -n '%s__fish_seen_subcommand_from ", program->command ? "" : "not ");
    if (program->command)
        fputs(program->command, stdout);
    else
        cli_print_commands(program, " ");
    putchar('\'');
}

static void put_options(const cli_program *program)
{
    for (size_t i = 0; i < program->n_options; i++) {
        const fdml_option *o = &program->options[i];
        if (!o->name) continue;
        printf("complete -c %s", program->name);
        put_condition(program);
        printf(" -l %s", o->name);
        if (o->letter) printf(" -s %c", o->letter);
        if (cli_takes_value(o)) put_value(o);
        fputs(" -d '", stdout);
        cli_print_clause(o->help, "\\", "\\'");
        puts("'");
    }
}

void cli_completion_fish(const cli_program *program)
{
    printf("# fish completion of %s, printed by `%s --completion fish`\n%s", program->name,
           program->name, helpers);
    put_options(program);
    if (!program->n_commands) return;
    printf("complete -c %s -f", program->name);
    put_condition(program);
    fputs(" -a '", stdout);
    cli_print_commands(program, " ");
    puts("'");
    for (size_t i = 0; i < program->n_commands; i++) put_options(program->commands[i]);
}
