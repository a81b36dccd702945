/* cli.c - one table of options drives parsing, --help and the hint for a misspelt name.
 *
 * getopt_long is not in POSIX and knows no types, limits or hints, so the loop stands here.
 * An option's argument may follow as --name=value, --name value, -m value or -mvalue;
 * positional arguments may stand anywhere; `--` ends the options. See cli.h.
 * SPDX-License-Identifier: MIT */
#include "cli.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parallel.h"
#include "base/utf8.h"

static const char *program_name = "fdml";

/* Names of files and columns may hold anything: what acts on a terminal becomes blanks. */
static void blank_controls(char *text)
{
    for (size_t left = strlen(text), step; left; text += step, left -= step) {
        const size_t length = fdml_utf8_length(text, left);
        step = length ? length : 1;
        if (length && fdml_utf8_is_control(fdml_utf8_code(text, length)))
            memset(text, ' ', length);
    }
}

static void print_line(const char *format, va_list arguments, const char *hint)
{
    char text[2 * FDML_ERROR_MAX];
    vsnprintf(text, sizeof text, format, arguments);
    cli_input_rename(text);
    blank_controls(text);
    cli_progress_clear();
    fprintf(stderr, "%s: %s%s\n", program_name, text, hint);
}

void cli_die(int code, const char *format, ...)
{
    char hint[64] = "";
    if (code == CLI_EXIT_USAGE) snprintf(hint, sizeof hint, " (see %s --help)", program_name);
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments, hint);
    va_end(arguments);
    cli_outputs_abort();
    cli_input_remove();
    cli_run_at_death();
    exit(code);
}

void cli_fail(const fdml_error *err)
{
    cli_die(CLI_EXIT_DATA, "%s", err->text);
}

void cli_warn(const cli_common *common, const char *format, ...)
{
    if (common->quiet) return;
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments, "");
    va_end(arguments);
}

/* Where a standard stream is closed (>&-) the next file to be opened would get its number, and
 * the report would be written into it. /dev/null takes the number, the wrong way round: to use
 * the stream fails as it does where it is closed. */
static void occupy_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void cli_begin(const cli_program *program)
{
    occupy_standard_streams();
    program_name = program->name;
}

const char *cli_name(void)
{
    return program_name;
}

/* --help */

static void print_option(const fdml_option *o)
{
    enum { COLUMN = 28, WIDTH = 98 };
    char left[64];
    const int n = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", o->letter ? '-' : ' ',
                           o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
                           o->value_name ? " " : "", o->value_name ? o->value_name : "");
    printf("%-*s", COLUMN, left);
    int at = COLUMN;
    if (n >= COLUMN) printf("\n%*s", COLUMN, "");
    bool is_first = true;
    for (const char *word = o->help; *word; is_first = false) {
        const size_t length = strcspn(word, " ");
        if (!is_first && at + (int)length >= WIDTH) {
            printf("\n%*s", COLUMN, "");
            at = COLUMN;
            is_first = true;
        }
        at += printf("%s%.*s", is_first ? "" : " ", (int)length, word);
        word += length + (word[length] != 0);
    }
    putchar('\n');
}

static _Noreturn void print_help(const cli_program *program)
{
    printf("%s\n\n%s\n", program->usage, program->purpose);
    for (size_t i = 0; i < program->n_options; i++) {
        const fdml_option *o = &program->options[i];
        if (o->type == FDML_OPTION_SECTION)
            printf("\n%s\n", o->help);
        else
            print_option(o);
    }
    printf("\nExamples\n%s\nExit status: 0 fine, 1 usage, 2 bad data, value or I/O",
           program->examples);
    printf("%s%s.\n", program->failure ? ",\n3 " : "",
           program->failure ? program->failure : "");
    cli_outputs_commit();
    exit(0);
}

static _Noreturn void print_version(const cli_program *program)
{
    printf("%s %s (commit %s)\nisa: %s; runs here:", program->name, FDML_VERSION, FDML_COMMIT,
           fdml_kernels_best()->isa);
    const struct fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)); i++) printf(" %s", kernels->isa);
    printf("\ncompiler: %s\nfeatures: OpenMP, SLEEF, libzip (.npz), cJSON, libsodium, "
           "protobuf-c (.onnx), stb_image, inih\n",
           __VERSION__);
    cli_outputs_commit();
    exit(0);
}

/* Parsing */

typedef struct parser {
    const cli_program *program;
    void *options;
    int argc, next;
    char **argv;
} parser;

static const fdml_option *find_long(const cli_program *program, const char *name, size_t length)
{
    return fdml_option_find(program->options, program->n_options, name, length);
}

static const char *option_name(const void *ctx, size_t i)
{
    const cli_program *program = ctx;
    size_t n = 0;
    for (size_t j = 0; j < program->n_options; j++)
        if (program->options[j].name && n++ == i) return program->options[j].name;
    return NULL;
}

/* The argument of an option: attached, or the next word; a word that is itself an option is
 * more likely a forgotten argument than a value. */
static const char *take_value(parser *p, const fdml_option *o, const char *shown,
                              const char *attached)
{
    if (attached) return attached;
    if (p->next < p->argc && strncmp(p->argv[p->next], "--", 2)) return p->argv[p->next++];
    cli_die(CLI_EXIT_USAGE, "%s needs an argument %s", shown, o->value_name);
}

/* Texts are copied to memory that lives as long as the program: options are parsed once. */
static void store(parser *p, const fdml_option *o, const char *shown, const char *text)
{
    static fdml_arena arena;
    fdml_error err;
    CLI_TRY(fdml_option_store(o, p->options, shown, text, &arena, &err), &err);
}

static void take_option(parser *p, const fdml_option *o, const char *shown,
                        const char *attached)
{
    if (o->type != FDML_OPTION_SWITCH && o->type != FDML_OPTION_NO) {
        store(p, o, shown, take_value(p, o, shown, attached));
        return;
    }
    if (attached) cli_die(CLI_EXIT_USAGE, "%s takes no argument, got '%s'", shown, attached);
    store(p, o, shown, NULL);
}

static void take_long(parser *p, const char *word)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const fdml_option *o = find_long(p->program, name, length);
    char shown[64];
    snprintf(shown, sizeof shown, "--%.*s", length < 48 ? (int)length : 48, name);
    if (!o) {
        const char *near = fdml_option_nearest(shown + 2, option_name, p->program);
        if (!near) cli_die(CLI_EXIT_USAGE, "unknown option %s", shown);
        cli_die(CLI_EXIT_USAGE, "unknown option %s; did you mean --%s?", shown, near);
    }
    take_option(p, o, shown, equals ? equals + 1 : NULL);
}

static void take_short(parser *p, const char *word)
{
    const fdml_option *found = NULL;
    for (size_t i = 0; i < p->program->n_options; i++)
        if (p->program->options[i].letter == word[1]) found = &p->program->options[i];
    const char shown[3] = { '-', word[1], 0 };
    if (!found) {
        const fdml_option *o = find_long(p->program, word + 1, strcspn(word + 1, "="));
        if (o) cli_die(CLI_EXIT_USAGE, "unknown option %s; did you mean --%s?", word, o->name);
        cli_die(CLI_EXIT_USAGE, "unknown option %s", word);
    }
    take_option(p, found, shown, word[2] ? word + 2 + (word[2] == '=') : NULL);
}

/* All of them are gathered at the start of argv, of which at least as many have been read. */
static void take_positional(parser *p, cli_common *common, char *word)
{
    if (common->positional.n < CLI_POSITIONAL_MAX)
        common->positional.item[common->positional.n++] = word;
    else if (!p->program->takes_many)
        cli_die(CLI_EXIT_USAGE, "one argument too many: '%s'", word);
    p->argv[common->n_words++] = word;
    common->words = (const char *const *)p->argv;
}

void cli_parse(const cli_program *program, void *options, int argc, char **argv)
{
    cli_common *common = options;
    parser p = {
        .program = program, .options = options, .argc = argc, .next = 1, .argv = argv
    };
    bool only_positional = false;
    while (p.next < argc) {
        char *word = argv[p.next++];
        if (only_positional || word[0] != '-' || !word[1]) {
            take_positional(&p, common, word);
        } else if (!strcmp(word, "--")) {
            only_positional = true;
        } else if (word[1] == '-') {
            take_long(&p, word);
        } else {
            take_short(&p, word);
        }
    }
    if (common->completion) {
        cli_completion_print(program, common->completion);
        cli_outputs_commit();
        exit(0);
    }
    if (!fdml_kernels_best())
        cli_die(CLI_EXIT_DATA,
                "fdml needs a CPU with AVX2 and FMA (x86) or any 64-bit ARM; this one has not");
    if (common->help) print_help(program);
    if (common->version) print_version(program);
    cli_places_announce(program, options);
}

const struct fdml_kernels *cli_kernels(const cli_common *common)
{
    if (!common->isa) return fdml_kernels_best();
    const struct fdml_kernels *kernels = fdml_kernels_find(common->isa);
    if (kernels) return kernels;
    char list[64] = "";
    for (size_t i = 0; (kernels = fdml_kernels_list(i)); i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), " %s", kernels->isa);
    cli_die(CLI_EXIT_DATA, "--isa: '%s' does not run here; this machine has%s", common->isa,
            list);
}

int cli_threads(const cli_common *common)
{
    return common->n_threads ? (int)common->n_threads : fdml_threads_default();
}
