/* cli.h - what every fdml program does the same way: options, errors, help, progress, output.
 *
 * A program declares one table of options; parsing, --help and the "did you mean" hint come
 * from it, so they cannot disagree. Functions that find a mistake of the user print one line
 * `fdml-eval: ...` on stderr and end the program: 1 for a command line that makes no sense, 2
 * for a value out of its range, bad data or I/O. Temporary output files are removed then, and
 * on SIGINT and SIGTERM.
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
#include "base/progress.h"
#include "base/status.h"
#include "simd/kernels.h"

enum { CLI_EXIT_USAGE = 1, CLI_EXIT_DATA = 2 };

#define CLI_LIST_MAX 64
#define CLI_POSITIONAL_MAX 8

typedef struct cli_texts {
    size_t n;
    const char *item[CLI_LIST_MAX];
} cli_texts;

typedef struct cli_counts {
    size_t n;
    uint32_t item[CLI_LIST_MAX];
} cli_counts;

typedef struct cli_reals {
    size_t n;
    double item[CLI_LIST_MAX];
} cli_reals;

/* What an option stores, and where: CLI_SWITCH sets a bool, CLI_NO clears one, CLI_TEXTS
 * appends to a comma-separated list, CLI_COUNTS and CLI_REALS replace one, CLI_CHOICE stores
 * the index of the value in `choices` ("a|b|c") as int. */
typedef enum cli_type {
    CLI_SECTION, /* no option: `help` is a heading of --help */
    CLI_SWITCH,
    CLI_NO,
    CLI_TEXT,
    CLI_TEXTS,
    CLI_COUNT, /* uint64_t in [low, high] */
    CLI_REAL,  /* double in (low, high), both exclusive */
    CLI_SIZE,  /* size_t bytes: 4096, 64K, 512M, 2GiB */
    CLI_CHOICE,
    CLI_COUNTS, /* cli_counts, each in [low, high] */
    CLI_REALS   /* cli_reals, each in (low, high) */
} cli_type;

typedef struct cli_option {
    cli_type type;
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    size_t offset;    /* of the target within the options structure */
    const char *value_name;
    double low, high;
    const char *choices;
    const char *help;
} cli_option;

/* First member of every program's options structure. */
typedef struct cli_common {
    cli_texts positional; /* at most CLI_POSITIONAL_MAX */
    uint64_t n_threads;   /* 0: OMP_NUM_THREADS or the cores */
    const char *isa;      /* NULL: the best of this machine */
    bool quiet, progress, help, version;
} cli_common;

/* The rows every table ends with; cli_common must be the first member. */
#define CLI_COMMON_OPTIONS                                                                     \
    { .type = CLI_SECTION, .help = "Running" },                                                \
        { .type = CLI_COUNT,                                                                   \
          .name = "threads",                                                                   \
          .offset = offsetof(cli_common, n_threads),                                           \
          .value_name = "N",                                                                   \
          .low = 1,                                                                            \
          .high = 1024,                                                                        \
          .help = "threads; results do not depend on it [OMP_NUM_THREADS, or all cores]" },    \
        { .type = CLI_TEXT,                                                                    \
          .name = "isa",                                                                       \
          .offset = offsetof(cli_common, isa),                                                 \
          .value_name = "NAME",                                                                \
          .help =                                                                              \
              "scalar, avx2, avx512 or neon; results do not depend on it [the best here]" },   \
        { .type = CLI_SWITCH,                                                                  \
          .name = "quiet",                                                                     \
          .offset = offsetof(cli_common, quiet),                                               \
          .help = "no progress, no warnings on stderr" },                                      \
        { .type = CLI_SWITCH,                                                                  \
          .name = "progress",                                                                  \
          .offset = offsetof(cli_common, progress),                                            \
          .help = "progress even where stderr is no terminal" },                               \
        { .type = CLI_SWITCH,                                                                  \
          .name = "help",                                                                      \
          .letter = 'h',                                                                       \
          .offset = offsetof(cli_common, help),                                                \
          .help = "this text" },                                                               \
    {                                                                                          \
        .type = CLI_SWITCH, .name = "version", .letter = 'V',                                  \
        .offset = offsetof(cli_common, version),                                               \
        .help = "version, commit, instruction sets and features"                               \
    }

typedef struct cli_program {
    const char *name;
    const char *usage;    /* lines "EMBEDDINGS METADATA [options]" */
    const char *purpose;  /* a paragraph */
    const char *examples; /* indented lines */
    const cli_option *options;
    size_t n_options;
} cli_program;

/* First call of main: names the program in errors, and refuses an x86 without AVX2 and FMA. */
void cli_begin(const cli_program *program);

/* Fills `options` (whose defaults the caller has set); answers --help and --version. */
void cli_parse(const cli_program *program, void *options, int argc, char **argv);

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

/* tools/cli_values.c: false where `text` is no such value. */
bool cli_parse_size(size_t *bytes, const char *text);
bool cli_parse_count(uint64_t *count, const char *text);
bool cli_parse_real(double *real, const char *text);
void cli_store(const cli_option *option, void *options, const char *shown, const char *text);
void cli_print_size(char text[32], double bytes); /* "64.0 MiB" */
const char *cli_nearest(const char *word, const char *(*candidate)(const void *, size_t),
                        const void *ctx); /* NULL: none is close; ends at a NULL candidate */

/* tools/cli_output.c: every output file of the program, complete or absent. Opening proves
 * that writing is possible before the work starts; files appear at cli_outputs_commit. The
 * FILE of "-" is stdout. */
FILE *cli_output_open(const char *path);
void cli_outputs_commit(void); /* also flushes stdout; ends the program where one fails */
void cli_outputs_abort(void);
void cli_catch_signals(void); /* SIGINT and SIGTERM remove temporary files first */

/* tools/cli_progress.c: the progress line of a terminal, or lines with --progress, or NULL. */
const fdml_progress *cli_progress_open(const cli_common *common);
void cli_progress_clear(void); /* removes the line; called before anything else is printed */

/* tools/cli_stdin.c: "-" as an input becomes a path that can be mapped: the bytes of stdin in
 * a temporary file whose suffix is found from its first bytes. Others are returned as is. */
const char *cli_input_path(const char *path, fdml_arena *arena);
void cli_input_remove(void);
void cli_input_rename(char *text); /* that path, in a message, becomes "standard input" */

#endif
