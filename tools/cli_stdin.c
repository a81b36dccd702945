/* cli_stdin.c - "-" as an input file.
 *
 * Readers map their files and tell formats by suffix; a pipe has neither. So its bytes go to a
 * file of their own in a new directory under TMPDIR, named by what they begin with, and the
 * directory is removed when the program ends, whichever way.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static char directory[FDML_PATH_SIZE], file_path[FDML_PATH_SIZE + 32];

void cli_input_remove(void) /* also called by the signal handler: unlink and rmdir only */
{
    if (*file_path) unlink(file_path);
    if (*directory) rmdir(directory);
    *file_path = *directory = 0;
}

void cli_input_rename(char *text)
{
    static const char shown[] = "standard input"; /* shorter than any spooled path */
    char *at = *file_path ? strstr(text, file_path) : NULL;
    if (!at) return;
    const size_t length = strlen(file_path), kept = sizeof shown - 1;
    memcpy(at, shown, kept);
    memmove(at + kept, at + length, strlen(at + length) + 1);
}

static const char *suffix_of(const char *bytes, size_t n)
{
    static const struct {
        const char *start, *suffix;
    } known[] = { { "\x93NUMPY", ".npy" }, { "PK\x03\x04", ".npz" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= strlen(known[i].start) &&
            !memcmp(bytes, known[i].start, strlen(known[i].start)))
            return known[i].suffix;
    if (n > 8 && bytes[8] == '{') return ".safetensors"; /* after the 8-byte header length */
    const char *end = memchr(bytes, '\n', n);
    return memchr(bytes, '\t', end ? (size_t)(end - bytes) : n) ? ".tsv" : ".csv";
}

static _Noreturn void fail(const char *what)
{
    cli_die(CLI_EXIT_DATA, "standard input: %s: %s", what, strerror(errno));
}

const char *cli_input_path(const char *path, fdml_arena *arena)
{
    if (strcmp(path, "-") != 0) {
        cli_input_note(path);
        return path;
    }
    cli_input_note("/dev/stdin"); /* it may be a file */
    if (*directory) cli_die(CLI_EXIT_USAGE, "standard input can be read only once");
    const char *parent = getenv("TMPDIR");
    const int n = snprintf(directory, sizeof directory, "%s/fdml-XXXXXX",
                           parent && *parent ? parent : "/tmp");
    if (n < 0 || (size_t)n >= sizeof directory) cli_die(CLI_EXIT_DATA, "TMPDIR is too long");
    if (!mkdtemp(directory)) {
        *directory = 0;
        fail("no temporary directory");
    }
    enum { BLOCK = 1 << 16 };
    char *bytes = fdml_arena_push(arena, BLOCK, 1);
    if (!bytes) cli_die(CLI_EXIT_DATA, "out of memory");
    size_t size = fread(bytes, 1, BLOCK, stdin);
    snprintf(file_path, sizeof file_path, "%s/stdin%s", directory, suffix_of(bytes, size));
    FILE *file = fopen(file_path, "w");
    if (!file) fail("no temporary file");
    for (; size; size = fread(bytes, 1, BLOCK, stdin))
        if (fwrite(bytes, 1, size, file) != size) fail("cannot spool");
    if (ferror(stdin)) fail("cannot read");
    if (fclose(file)) fail("cannot spool");
    return file_path;
}
