/* train_log.h - what a run tells while it goes: RUN/log.jsonl, log.csv and an event file.
 *
 * The three hold the same numbers under the same names. A column that a line has no value for
 * is left out of JSON and events, and empty in the CSV. A checkpoint remembers how long the
 * files were; a run that is taken up again cuts them there, so that no step stands twice.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_LOG_H
#define FDML_TOOLS_TRAIN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

enum { TRAIN_LOG_FILES = 3, TRAIN_LOG_NAME = 112 };

/* Its name is fixed, so that a run that is continued goes on in the same file. */
#define TRAIN_LOG_EVENTS "events.out.tfevents.0000000000.fdml"

typedef struct train_log {
    FILE *file[TRAIN_LOG_FILES]; /* log.jsonl, log.csv, events; NULL: not wanted */
    char *path[TRAIN_LOG_FILES];
    const char *const *column; /* [n_columns], borrowed: "loss", "share/colour/brown" */
    size_t n_columns;
} train_log;

typedef struct train_log_options {
    const char *folder;
    const char *const *column;
    size_t n_columns;
    bool with_events;
    const uint64_t *size; /* [TRAIN_LOG_FILES] to go on from; NULL: new files */
} train_log_options;

/* These end the program where a file cannot be written. */
void train_log_open(train_log *log, const train_log_options *options, fdml_arena *arena);
/* value: [n_columns], NaN where there is none. */
void train_log_write(train_log *log, uint64_t step, const double *value);
/* What was written is on the disk; size: [TRAIN_LOG_FILES] of it. */
void train_log_sync(train_log *log, uint64_t *size);
void train_log_close(train_log *log);

#endif
