/* cli_completion_bash.c - completion of a program's command line in bash. See cli_completion.h.
 *
 * One function: what stands before the cursor decides what is offered. Where nothing is, bash
 * offers files (complete -o default), so only values that are no files say so. Written for bash
 * 3.2, the one of macOS, and later: without compopt files are offered as well, and a blank
 * stands behind a list. SPDX-License-Identifier: MIT */
#include "cli_completion.h"

/* _fdml_offer: those of its arguments that go on from $word. _fdml_words: the same, where no
 * file may stand. _fdml_list: from now on $word is the last item of a list. */
static const char helpers[] =
    "_fdml_offer()\n"
    "{\n"
    "    local offer\n"
    "    for offer; do\n"
    "        [[ $offer != \"$word\"* ]] || COMPREPLY+=(\"$lead$offer\")\n"
    "    done\n"
    "}\n"
    "_fdml_words()\n"
    "{\n"
    "    compopt +o default 2>/dev/null\n"
    "    _fdml_offer \"$@\"\n"
    "}\n"
    "_fdml_list()\n"
    "{\n"
    "    compopt -o nospace 2>/dev/null\n"
    "    [[ $word != *,* ]] || lead=${word%,*},\n"
    "    word=${word##*,}\n"
    "}\n"
    "_fdml_columns()\n"
    "{\n"
    "    local file line name\n"
    "    for file in \"${COMP_WORDS[@]:1}\"; do\n"
    "        file=${file/#\\~\\//$HOME/}\n"
    "        [[ $file = *.[ct]sv && -r $file ]] || continue\n"
    "        IFS= read -r line <\"$file\"\n"
    "        line=${line#$'\\xef\\xbb\\xbf'}\n"
    "        while IFS= read -r name; do\n"
    "            [[ ! $name =~ ^[[:alpha:]_][[:alnum:]_.-]*$ ]] || _fdml_offer \"$name\"\n"
    "        done <<<\"${line//[,;$'\\t\\r']/$'\\n'}\"\n"
    "    done\n"
    "}\n"
    "_fdml_folders()\n"
    "{\n"
    "    local folder\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r folder; do COMPREPLY+=(\"$folder\"); done < <(compgen -d -- "
    "\"$word\")\n"
    "}\n";

/* An option's branch: `--metrics | -m) _fdml_list; _fdml_words findml ... ;;` */
static void put_value(const fdml_option *o)
{
    printf("    --%s", o->name);
    if (o->letter) printf(" | -%c", o->letter);
    putchar(')');
    if (cli_is_list(o)) fputs(" _fdml_list;", stdout);
    if (o->names == FDML_NAMES_COLUMN) fputs(" _fdml_columns", stdout);
    if (o->names == FDML_NAMES_FOLDER) fputs(" _fdml_folders", stdout);
    if (o->names == FDML_NAMES_WORD) {
        fputs(" _fdml_words", stdout);
        cli_print_words(o);
    }
    puts(" ;;");
}

static void put_options(const cli_program *program)
{
    puts("    case $before in");
    for (size_t i = 0; i < program->n_options; i++)
        if (cli_takes_value(&program->options[i])) put_value(&program->options[i]);
    fputs("    *) if [[ $word = -* ]]; then _fdml_offer", stdout);
    for (size_t i = 0; i < program->n_options; i++)
        if (program->options[i].name) printf(" --%s", program->options[i].name);
    if (program->n_commands) {
        fputs("; else _fdml_offer ", stdout);
        cli_print_commands(program, " ");
    }
    puts("; fi ;;\n    esac");
}

static void put_commands(const cli_program *program)
{
    fputs("    local i command=\n    for i in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
          "        case $i in ",
          stdout);
    cli_print_commands(program, " | ");
    puts(") command=$i ;; esac\n    done\n    case $command in");
    for (size_t i = 0; i < program->n_commands; i++) {
        printf("    %s)\n", program->commands[i]->command);
        put_options(program->commands[i]);
        puts("    ;;");
    }
    puts("    *)");
    put_options(program);
    puts("    ;;\n    esac");
}

/* bash makes a word of its own of the = in --name=value. */
void cli_completion_bash(const cli_program *program)
{
    printf("# bash completion of %s, printed by `%s --completion bash`\n%s", program->name,
           program->name, helpers);
    putchar('_');
    cli_print_function(program);
    puts("()\n{\n"
         "    local lead='' word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    COMPREPLY=()\n"
         "    if [[ $word = = ]]; then\n"
         "        word=\n"
         "    elif [[ $before = = ]]; then\n"
         "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    fi");
    if (program->n_commands)
        put_commands(program);
    else
        put_options(program);
    fputs("}\ncomplete -o default -F _", stdout);
    cli_print_function(program);
    printf(" %s\n", program->name);
}
