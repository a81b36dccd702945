/* embed_file.h - the rows of a run on their way into a file that survives an interruption.
 *
 * While the run lasts, rows go to emb.npy.part, and emb.npy.part.json says how many images they
 * are of and with which settings they were made; both are synced now and then. At the end the
 * header gets the number of rows, emb.npy.json is written and emb.npy.part renamed to emb.npy.
 * A run with --resume drops what was not synced and goes on; the finished files are the same
 * bytes as those of a run that was never interrupted.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EMBED_FILE_H
#define FDML_TOOLS_EMBED_FILE_H

#include "embed.h"

enum { EMBED_SKIPPED_MAX = 1 << 17 }; /* pictures that --skip-bad leaves out of one run */

typedef struct embed_file {
    const char *path;            /* as the user wrote it */
    char target[FDML_PATH_SIZE]; /* the same, a symbolic link followed */
    char part[FDML_PATH_SIZE], journal[FDML_PATH_SIZE], companion[FDML_PATH_SIZE];
    FILE *file; /* of part */
    const embed_images *images;
    const embed_net *net;
    const embed_recipe *recipe;
    const embed_settings *settings;
    size_t done;                /* images that need not be looked at again */
    size_t n_rows;              /* of them, rows in the file */
    uint32_t *skipped;          /* [n_skipped] the others, ascending */
    size_t n_skipped, n_before; /* n_before: `done` when this run took over */
    double synced_at;
    bool is_complete; /* the finished file is there already, made with these settings */
    char sha256[FDML_SHA256_HEX]; /* of the finished file */
} embed_file;

/* Opens or takes up; ends the program where an unfinished run is there and `resume` is false,
 * or was made with other settings, or another run is writing. */
void embed_file_open(embed_file *file, const char *path, bool resume, fdml_arena *arena);
void embed_file_row(embed_file *file, const float *values);
void embed_file_skip(embed_file *file, size_t row);
void embed_file_pause(embed_file *file, size_t done); /* syncs when it is time */
void embed_file_sync(embed_file *file);
void embed_file_finish(embed_file *file);
/* Closes a file that is not finished; without any row nothing is left behind. */
void embed_file_leave(embed_file *file);

/* tools/embed_journal.c. `done` below the number of images: unfinished. */
void embed_journal_write(const embed_file *file, const char *path);
/* False: there is none. Ends the program where it is of other settings. */
bool embed_journal_read(embed_file *file, const char *path, fdml_arena *arena);

#endif
