/* cli.h - what every fdml program does the same way: options, errors, help, progress, output.
 *
 * A program declares one table of options; parsing, --help and the "did you mean" hint come
 * from it, so they cannot disagree. Functions that find a mistake of the user print one line
 * `fdml-eval: ...` on stderr and end the program: 1 for a command line that makes no sense, 2
 * for a value out of its range, bad data or I/O. Temporary output files are removed then, and
 * on the signals that end a program.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_CLI_H
#define FDML_TOOLS_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/map_list.h"
#include "base/option.h"
#include "base/progress.h"
#include "base/status.h"
#include "simd/kernels.h"

enum {
    CLI_EXIT_USAGE = 1,
    CLI_EXIT_DATA = 2,
    CLI_EXIT_FAILED = 3
}; /* 3: a gate, or --verify */

#define CLI_POSITIONAL_MAX 8

/* First member of every program's options structure. */
typedef struct cli_common {
    fdml_texts positional;    /* at most CLI_POSITIONAL_MAX */
    const char *const *words; /* [n_words] all of them, where the program takes any number */
    size_t n_words;
    uint64_t n_threads;     /* 0: OMP_NUM_THREADS or the cores */
    const char *isa;        /* NULL: the best of this machine */
    const char *completion; /* the shell, or NULL */
    bool quiet, progress, help, version;
} cli_common;

/* The rows every table ends with; cli_common must be the first member. */
#define CLI_COMMON_OPTIONS                                                                     \
    { .type = FDML_OPTION_SECTION, .help = "Running" },                                        \
        FDML_OPTION_THREADS(offsetof(cli_common, n_threads)),                                  \
        FDML_OPTION_ISA(offsetof(cli_common, isa)),                                            \
        { .type = FDML_OPTION_SWITCH,                                                          \
          .name = "quiet",                                                                     \
          .offset = offsetof(cli_common, quiet),                                               \
          .help = "no progress, no warnings on stderr" },                                      \
        { .type = FDML_OPTION_SWITCH,                                                          \
          .name = "progress",                                                                  \
          .offset = offsetof(cli_common, progress),                                            \
          .help = "progress even where stderr is no terminal" },                               \
        { .type = FDML_OPTION_SWITCH,                                                          \
          .name = "help",                                                                      \
          .letter = 'h',                                                                       \
          .offset = offsetof(cli_common, help),                                                \
          .help = "this text" },                                                               \
        { .type = FDML_OPTION_SWITCH,                                                          \
          .name = "version",                                                                   \
          .letter = 'V',                                                                       \
          .offset = offsetof(cli_common, version),                                             \
          .help = "version, commit, instruction sets and features" },                          \
    {                                                                                          \
        .type = FDML_OPTION_TEXT, .name = "completion",                                        \
        .offset = offsetof(cli_common, completion), .value_name = "SHELL",                     \
        .choices = "bash|zsh|fish",                                                            \
        .help = "print what bash, zsh or fish need to complete this program's options"         \
    }

typedef struct cli_program cli_program;
struct cli_program {
    const char *name;
    const char *command;      /* its first argument where it is one of several, or NULL */
    const cli_program *whole; /* of a command: what it is a part of */
    const cli_program *const *commands; /* [n_commands], or NULL */
    size_t n_commands;
    const char *usage;    /* lines "EMBEDDINGS METADATA [options]" */
    const char *purpose;  /* a paragraph */
    const char *examples; /* indented lines */
    const fdml_option *options;
    size_t n_options;
    const char *failure; /* what exit status 3 means; NULL: the program has none */
    bool takes_many;     /* arguments beyond CLI_POSITIONAL_MAX go to common.words */
};

/* First call of main: names the program in errors. A standard stream that is closed stays
 * useless, but its number is taken. */
void cli_begin(const cli_program *program);
const char *cli_name(void); /* that of the program */

/* Fills `options` (whose defaults the caller has set); answers --help, --version and
 * --completion. Refuses an x86 without AVX2 and FMA, except to complete: packages are made on
 * any machine. */
void cli_parse(const cli_program *program, void *options, int argc, char **argv);

/* tools/cli_completion*.c: what the shell of this name needs, on stdout. */
void cli_completion_print(const cli_program *program, const char *shell);

/* The kernels and the number of threads that `common` asks for. */
const struct fdml_kernels *cli_kernels(const cli_common *common);
int cli_threads(const cli_common *common);

/* One line on stderr, and the end of the program. `code` CLI_EXIT_USAGE adds a hint to --help.
 */
_Noreturn void cli_die(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void cli_fail(const fdml_error *err); /* exit 2 with its sentence */
#define CLI_TRY(call, err)                                                                     \
    do {                                                                                       \
        if ((call) != FDML_OK) cli_fail(err);                                                  \
    } while (0)
void cli_warn(const cli_common *common, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* tools/cli_place.c: no output replaces an input, and no two outputs are one file, however they
 * are spelt. Each call ends the program where that would happen, whichever side is known first.
 * What options and arguments name is known to cli_parse, so that this is found before any work;
 * a file that a file names (data of a model, pictures of a list) is noted where it is opened.
 */
void cli_places_announce(const cli_program *program, const void *options);
void cli_input_note(const char *path);
void cli_input_note_maps(const fdml_map_list *maps);
/* By cli_output_open, and for what a program writes otherwise. */
void cli_output_claim(const char *path);
bool cli_outputs_replace(void); /* is an output there already? Else no input can be one */

/* tools/cli_output.c: every output file of the program, complete or absent. Opening proves
 * that writing is possible before the work starts; files appear at cli_outputs_commit. The
 * FILE of "-" is stdout. */
FILE *cli_output_open(const char *path);
/* Standard output is flushed and all files are written before the first gets its name: where
 * one fails, the program ends and none appears. */
void cli_outputs_commit(void);
void cli_outputs_abort(void);
/* SIGINT, SIGTERM, SIGHUP and SIGPIPE remove temporary files first. Where SIGPIPE is ignored,
 * by the parent or while a command is asked (tools/pipe_command.h), a reader that is gone is an
 * error of cli_outputs_commit. */
void cli_catch_signals(void);

/* For work that can be taken up again: from now on the first of these signals but SIGPIPE is
 * only noted, a second one, half a second later or more, ends the program as above. */
void cli_note_signals(void);
int cli_noted_signal(void); /* 0: none came */
_Noreturn void cli_end_by_signal(int number);

/* tools/cli_death.c: one function that cli_die and the signals that are caught call before the
 * program ends, of what POSIX allows in signal handlers. */
void cli_at_death(void (*hook)(void));
void cli_run_at_death(void);

/* tools/cli_progress.c: the progress line of a terminal, or lines with --progress, or NULL. */
const fdml_progress *cli_progress_open(const cli_common *common);
void cli_progress_clear(void); /* removes the line; called before anything else is printed */
void cli_progress_unit(const char *unit); /* "images": the rate is shown as well; NULL: not */
void cli_progress_note(const char *note); /* what stands at the end of the line from now on */

/* tools/cli_stdin.c: "-" as an input becomes a path that can be mapped: the bytes of stdin in
 * a temporary file whose suffix is found from its first bytes. Others are returned as is. */
const char *cli_input_path(const char *path, fdml_arena *arena);
void cli_input_remove(void);
void cli_input_rename(char *text); /* that path, in a message, becomes "standard input" */

#endif
