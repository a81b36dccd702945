/* file.h - input by mapping, output that is either complete or absent.
 *
 * A mapped file costs no memory of our own and is read-only. Output goes to a temporary name
 * in the same directory, is synced and renamed, so a reader never meets half a report and an
 * aborted run leaves the old one. Error sentences start with the path as the user wrote it.
 *
 * A file that another process truncates while it is mapped raises SIGBUS, as with every
 * mapping reader: do not write embeddings in place under a running evaluation.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_FILE_H
#define FDML_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/status.h"

#define FDML_PATH_SIZE 4096 /* bytes, with the NUL; longer paths are refused */

typedef struct fdml_map {
    const unsigned char *data; /* never NULL after success, page-aligned unless empty */
    size_t size;
} fdml_map;

/* Regular files only: "x: is a directory", "x: No such file or directory" (FDML_E_IO). */
fdml_status fdml_file_map(fdml_map *map, const char *path, fdml_error *err);
void fdml_file_unmap(fdml_map *map); /* a zeroed or unmapped map is allowed */

/* Asks the system to have the file in memory soon, and does not wait. A wish: what goes wrong
 * is found by whoever opens the file. */
void fdml_file_ask(const char *path);

/* The whole file in the arena, with a NUL after its last byte. More than `limit` bytes is
 * FDML_E_LIMIT. `size` may be NULL. Also reads pipes and devices. */
fdml_status fdml_file_read(const char **text, size_t *size, const char *path, size_t limit,
                           fdml_arena *arena, fdml_error *err);

/* "emb.npy" of "runs/a/emb.npy": points into `path`. */
const char *fdml_file_name(const char *path);

/* Does `path` end in `suffix` (with its dot), in any case of ASCII letters? */
bool fdml_file_has_suffix(const char *path, const char *suffix);

typedef struct fdml_output {
    FILE *file;                /* write here */
    char path[FDML_PATH_SIZE]; /* what the user asked for, for messages */
    char target[FDML_PATH_SIZE];
    char temporary[FDML_PATH_SIZE]; /* empty: `file` is the target itself, or `standard` */
    bool is_standard;
} fdml_output;

/* Path "-" writes to `standard` (the tool passes its stdout; NULL refuses "-"). A symbolic link
 * is followed; a device or pipe is written directly, since a rename would replace it. */
fdml_status fdml_output_open(fdml_output *output, const char *path, FILE *standard,
                             fdml_error *err);

/* Writes and syncs; any write error since open is reported. Nothing is renamed yet: of several
 * outputs all are flushed before the first is committed, so that a full disk leaves none of
 * them. */
fdml_status fdml_output_flush(fdml_output *output, fdml_error *err);

/* Flushes, syncs and renames; any write error since open is reported here, and then the
 * target is as it was before. The output is closed either way. */
fdml_status fdml_output_commit(fdml_output *output, fdml_error *err);
void fdml_output_abort(fdml_output *output); /* removes the temporary file */

#endif
