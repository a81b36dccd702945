/* option.h - a table of named options: what each stores, where, and within which limits.
 *
 * A program of tools/ and the C API (src/api) both turn texts into the members of a structure.
 * They read the same table with this one parser, so a name, a limit and a message cannot come
 * to differ. What is only of a command line (words, help, letters) stays in tools/cli.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_OPTION_H
#define FDML_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define FDML_LIST_MAX 64

typedef struct fdml_texts {
    size_t n;
    const char *item[FDML_LIST_MAX];
} fdml_texts;

typedef struct fdml_counts {
    size_t n;
    uint32_t item[FDML_LIST_MAX];
} fdml_counts;

typedef struct fdml_reals {
    size_t n;
    double item[FDML_LIST_MAX];
} fdml_reals;

/* SWITCH sets a bool, NO clears one, TEXTS appends to a comma-separated list, WORDS appends a
 * text as it is, COUNTS and REALS replace a list, CHOICE stores the index of the value in
 * `choices` ("a|b|c") as int. */
typedef enum fdml_option_type {
    FDML_OPTION_SECTION, /* no option: `help` is a heading of --help */
    FDML_OPTION_SWITCH,
    FDML_OPTION_NO,
    FDML_OPTION_TEXT,
    FDML_OPTION_TEXTS,
    FDML_OPTION_WORDS,
    FDML_OPTION_COUNT,  /* uint64_t in [low, high] */
    FDML_OPTION_REAL,   /* double in (low, high), both exclusive */
    FDML_OPTION_WITHIN, /* double in [low, high] */
    FDML_OPTION_SIZE,   /* size_t bytes: 4096, 64K, 512M, 2GiB */
    FDML_OPTION_CHOICE,
    FDML_OPTION_COUNTS, /* fdml_counts, each in [low, high] */
    FDML_OPTION_REALS   /* fdml_reals, each in (low, high) */
} fdml_option_type;

/* What a text, or each item of a list, is the name of: for the completion of shells, and
 * so that no program replaces a file that it reads (tools/cli_place.c). */
typedef enum fdml_option_names {
    FDML_NAMES_WORD,   /* nothing but what `choices` and `word` say */
    FDML_NAMES_FILE,   /* that is read */
    FDML_NAMES_OUTPUT, /* a file that is written; of TEXT alone */
    FDML_NAMES_FOLDER,
    FDML_NAMES_COLUMN /* of the table that is given as an input */
} fdml_option_names;

typedef struct fdml_option {
    fdml_option_type type;
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    size_t offset;    /* of the target within the options structure */
    const char *value_name;
    double low, high;
    const char *choices; /* "a|b|c": of CHOICE all there are, of others words to offer */
    const char *(*word)(size_t index); /* further words to offer, until NULL; may be NULL */
    fdml_option_names names;
    const char *help;
} fdml_option;

/* Stores the value of `text` (NULL for SWITCH and NO) in the structure at `options`. Texts are
 * copied to `arena`. FDML_E_ARG, and nothing changed, for a text that is no such value; the
 * sentence starts with `shown`, the option as its user writes it:
 * "--confidence: '1.5' is not a number greater than 0 and less than 1". FDML_E_NOMEM. */
fdml_status fdml_option_store(const fdml_option *option, void *options, const char *shown,
                              const char *text, fdml_arena *arena, fdml_error *err);

/* The other way: the option's value in `options` as a text that fdml_option_store takes;
 * nothing for an option that was not given, "true" or "false" for SWITCH and NO, items of WORDS
 * joined by commas. False: it was cut to fit `size` bytes. */
bool fdml_option_text(char *text, size_t size, const fdml_option *option, const void *options);

/* NULL: there is none of that name. `name` need not end after `length` bytes. */
const fdml_option *fdml_option_find(const fdml_option *options, size_t n, const char *name,
                                    size_t length);

/* The candidate that `word` may have been meant to be: one that it begins, or the nearest of
 * which at most a third, and at most three letters, are others; candidates end at NULL. NULL:
 * none. */
const char *fdml_option_nearest(const char *word,
                                const char *(*candidate)(const void *, size_t),
                                const void *ctx);

/* Whole texts only. False where `text` is no such value; the target is untouched then. */
bool fdml_count_parse(uint64_t *count, const char *text);
bool fdml_real_parse(double *real, const char *text); /* finite */
bool fdml_size_parse(size_t *bytes, const char *text);
void fdml_size_print(char text[32], double bytes); /* "64.0 MiB" */
/* A limit and what does not fit it, `needed` > `limit`: rounded up, and with as many digits as
 * tell the two apart. */
void fdml_size_print_above(char need[32], char limit_text[32], double needed, double limit);

/* Rows that every table with threads and memory shares; `at` is the offset of the member:
 * uint64_t (0: as many as there are cores), const char * (NULL: the best) and size_t (0: no
 * limit). */
#define FDML_OPTION_THREADS(at)                                                                \
    {                                                                                          \
        .type = FDML_OPTION_COUNT, .name = "threads", .offset = (at), .value_name = "N",       \
        .low = 1, .high = 1024,                                                                \
        .help = "threads; results do not depend on it [OMP_NUM_THREADS, or all cores]"         \
    }
#define FDML_OPTION_ISA(at)                                                                    \
    {                                                                                          \
        .type = FDML_OPTION_TEXT, .name = "isa", .offset = (at), .value_name = "NAME",         \
        .choices = "scalar|avx2|avx512|neon",                                                  \
        .help = "scalar, avx2, avx512 or neon; results do not depend on it [the best here]"    \
    }
#define FDML_OPTION_MAX_MEMORY(at)                                                             \
    {                                                                                          \
        .type = FDML_OPTION_SIZE, .name = "max-memory", .offset = (at), .value_name = "SIZE",  \
        .help = "obey this limit (512M, 2G), or refuse at the start and say what is needed; "  \
                "some MB of program and libraries come on top"                                 \
    }

#endif
