/* train_run.h - a run from its first step, or from where it was left, to its files.
 *
 *   FOLDER/.lock                held while a process writes there
 *   FOLDER/config.ini           complete, as used
 *   FOLDER/rows.csv             what each row of the table was used for
 *   FOLDER/log.jsonl, .csv      train_log.h
 *   FOLDER/state.safetensors    the last checkpoint: train/state.h and a JSON object
 *   FOLDER/model.safetensors    the network at the end, or at its best validation
 *   FOLDER/model.onnx           the same
 *   FOLDER/summary.json         what came out, with the sha256 of the weights
 *
 *   train_begin.c     until the first step
 *   train_plan.h      what it needs
 *   train_run.c       the loop, its checkpoints, its end
 *   train_columns.c   which numbers are logged
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_RUN_H
#define FDML_TOOLS_TRAIN_RUN_H

#include "train_log.h"
#include "train_model.h"
#include "train_validate.h"

/* Where a run stands, beside its arrays: the text of a state. */
typedef struct train_place {
    uint64_t step;         /* that are done */
    uint64_t validated_at; /* step of the last validation, plus 1; 0: none yet */
    uint64_t best_step, since_best;
    double best;
    double seconds;                     /* of work */
    uint64_t log_size[TRAIN_LOG_FILES]; /* bytes */
} train_place;

typedef struct train_run {
    const config *c;
    const cli_common *common;
    const char *folder;
    int lock; /* of FOLDER/.lock */
    const train_data *data;
    train_model model;
    const fdml_sampler *sampler;
    uint64_t n_steps, validate_every, checkpoint_every;
    size_t epoch_steps;
    const fdml_progress *progress;
    fdml_arena arena, work;
    train_place place;
    size_t max_memory;        /* 0: no limit */
    size_t validation_memory; /* what is left of it for an audit's scratch */
    uint64_t saved_at;        /* step of the last checkpoint, plus 1; 0: none */
    double started;
    /* a batch */
    float *x;
    uint32_t *row, *label, *attribute[CONFIG_MAX_ATTRIBUTES];
    float *f; /* [validation rows, dim] */
    train_scores scores;
    train_log log;
    const char **column;
    double *value; /* [n_columns] */
    size_t n_columns;
} train_run;

typedef struct train_task {
    const config *c;
    const train_data *data;
    const char *folder; /* NULL with dry_run */
    bool resume;
    bool dry_run;      /* print the plan, and leave nothing */
    size_t max_memory; /* 0: no limit */
    const cli_common *common;
} train_task;

/* Returns the exit status. */
int train_run_all(const train_task *task);
/* The batch of the step that comes next, read; then what a trainer is given of it. */
fdml_status train_run_load(train_run *run, fdml_error *err);
fdml_trainer_batch train_run_batch(const train_run *run);
train_validation train_run_validation(const train_run *run);

/* tools/train_begin.c: all is open but the folder; then that. True: from its checkpoint. */
void train_begin(train_run *run);
bool train_begin_folder(train_run *run, bool resume);
const char *train_path(char path[FDML_PATH_SIZE], const train_run *run, const char *name);

/* Names the columns, once; then fills value[] with one step's numbers, or a validation's. */
void train_columns_make(train_run *run);
void train_columns_step(train_run *run, const fdml_trainer_result *result, double seconds);
void train_columns_scores(train_run *run);
/* For the progress line. */
void train_columns_note(char *text, size_t size, const train_run *run,
                        const fdml_trainer_result *result);

/* tools/train_place.c: the text of a state, and back. FDML_E_FORMAT. */
fdml_status train_place_write(const char **text, const train_place *place,
                              const train_data *data, fdml_arena *arena, fdml_error *err);
fdml_status train_place_read(train_place *place, const char *text, const char *path,
                             const train_data *data, fdml_error *err);

/* tools/train_summary.c */
void train_summary_write(const train_run *run, const char *weights_sha256);

double train_now(void); /* seconds of a clock that only runs forward */

#endif
