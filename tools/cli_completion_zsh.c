/* cli_completion_zsh.c - completion of a program's command line in zsh. See cli_completion.h.
 *
 * One call of _arguments for each table of options. The script is a file _NAME for fpath, and
 * may be sourced as well, which is what its last line is for.
 * SPDX-License-Identifier: MIT */
#include "cli_completion.h"

static const char columns[] =
    "_fdml_columns() {\n"
    "  setopt local_options extended_glob\n"
    "  local file line\n"
    "  local -a names\n"
    "  for file in ${(M)${(Q)words}:#*.[ct]sv}; do\n"
    "    file=${file/#\\~\\//$HOME/}\n"
    "    [[ -r $file ]] || continue\n"
    "    IFS= read -r line <$file\n"
    "    line=${line#$'\\xef\\xbb\\xbf'}\n"
    "    names+=(${(s:,:)line//[;$'\\t\\r']/,})\n"
    "  done\n"
    "  names=(${(M)names:#[[:alpha:]_][[:alnum:]_.-]#})\n"
    "  if [[ $1 = list ]]; then _sequence compadd - -a names; else compadd -a names; fi\n"
    "}\n";

static void put_value(const fdml_option *o)
{
    printf(":%s:", o->value_name);
    if (o->names == FDML_NAMES_FILE || o->names == FDML_NAMES_OUTPUT) {
        fputs("_files", stdout);
    } else if (o->names == FDML_NAMES_FOLDER) {
        fputs("_files -/", stdout);
    } else if (o->names == FDML_NAMES_COLUMN) {
        fputs(cli_is_list(o) ? "{_fdml_columns list; _files -g \"*.npy\"}"
                             : "{_fdml_columns; _files -g \"*.npy\"}",
              stdout);
    } else if (!o->choices && !o->word) {
        putchar(' ');
    } else if (cli_is_list(o)) {
        fputs("_sequence compadd -", stdout);
        cli_print_words(o);
    } else {
        putchar('(');
        cli_print_words(o);
        putchar(')');
    }
}

/* '*'{-m+,--metrics=}'[which]:LIST:...': the + and = say that the value may be attached. */
static void put_option(const fdml_option *o)
{
    const char *attached = cli_takes_value(o) ? "=" : "";
    fputs("    ", stdout);
    if (cli_may_repeat(o))
        fputs("'*'", stdout);
    else if (o->letter)
        printf("'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        printf("{-%c%s,--%s%s}", o->letter, *attached ? "+" : "", o->name, attached);
    else
        printf("--%s%s", o->name, attached);
    fputs("'[", stdout);
    cli_print_clause(o->help, "[]\\:", "'\\''");
    putchar(']');
    if (cli_takes_value(o)) put_value(o);
    puts("' \\");
}

static void put_options(const cli_program *program, const cli_program *whole)
{
    puts("  _arguments -s -S : \\");
    for (size_t i = 0; i < program->n_options; i++)
        if (program->options[i].name) put_option(&program->options[i]);
    if (whole->n_commands) {
        fputs("    '1:what:(", stdout);
        cli_print_commands(whole, " ");
        puts(")'");
    } else {
        puts("    '*:file:_files'");
    }
}

static void put_commands(const cli_program *program)
{
    fputs("  case ${words[(r)(", stdout);
    cli_print_commands(program, "|");
    puts(")]} in");
    for (size_t i = 0; i < program->n_commands; i++) {
        printf("  %s)\n", program->commands[i]->command);
        put_options(program->commands[i], program);
        puts("    ;;");
    }
    puts("  *)");
    put_options(program, program);
    puts("    ;;\n  esac");
}

void cli_completion_zsh(const cli_program *program)
{
    printf("#compdef %s\n# zsh completion of %s, printed by `%s --completion zsh`\n%s",
           program->name, program->name, program->name, columns);
    putchar('_');
    cli_print_function(program);
    puts("() {");
    if (program->n_commands)
        put_commands(program);
    else
        put_options(program, program);
    printf("}\nif [[ $funcstack[1] = _%s ]]; then _", program->name);
    cli_print_function(program);
    fputs(" \"$@\"; else compdef _", stdout);
    cli_print_function(program);
    printf(" %s; fi\n", program->name);
}
