/* trainer.h - one step of training: batch to loss to gradients to new weights.
 *
 *     x -> trunk (tape.h) -> h -> heads and losses (parade.h) -> dh -> trunk -> optimiser
 *
 * The trunk may be absent: then the rows are what the heads see, and an embedding of any other
 * model is trained on. What a batch holds, when to stop, what is written down is the caller's;
 * all that steps change is in fdml_trainer_state, so that a run which restores it goes on to
 * the same bits.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_TRAINER_H
#define FDML_TRAIN_TRAINER_H

#include "model/graph.h"
#include "train/optim.h"
#include "train/parade.h"

typedef struct fdml_trainer fdml_trainer;

typedef struct fdml_trainer_options {
    const fdml_graph *trunk;     /* borrowed; NULL: rows go to the heads */
    fdml_tensor input;           /* shape of a batch: [N, C, H, W] or [N, C] */
    bool freeze_norm;            /* as in tape.h */
    bool freeze_trunk;           /* then batch normalisation is frozen as well */
    fdml_metric_options heads;   /* n_in, kernels and n_threads are set here */
    fdml_optim_options optim;    /* likewise kernels and n_threads */
    fdml_schedule schedule;      /* of the learning rates */
    bool keeps_best;             /* room for fdml_trainer_keep_best */
    size_t max_memory;           /* bytes; 0: unlimited */
    const fdml_kernels *kernels; /* not NULL */
    int n_threads;               /* 0: fdml_threads_default */
} fdml_trainer_options;

/* FDML_E_ARG, FDML_E_UNSUPPORTED, FDML_E_LIMIT, FDML_E_NOMEM, as those who own the parts. */
fdml_status fdml_trainer_new(fdml_trainer **trainer, const fdml_trainer_options *options,
                             fdml_error *err);
void fdml_trainer_free(fdml_trainer *trainer); /* NULL is allowed */

/* Everything that steps change, the optimiser's state and the best weights included: what a
 * checkpoint holds (state.h). */
const fdml_params *fdml_trainer_state(const fdml_trainer *trainer);
/* Of these, what is left of training in the end: the trunk and the class head. */
const fdml_params *fdml_trainer_model(const fdml_trainer *trainer);
size_t fdml_trainer_n_weights(const fdml_trainer *trainer); /* items that are trained */
/* Bytes it holds, and the most that its steps so far took for scratch. */
size_t fdml_trainer_memory(const fdml_trainer *trainer);

typedef struct fdml_trainer_batch {
    const float *x; /* [N, ...], as the options' input */
    const uint32_t *label;
    const uint32_t *const *attribute; /* as in parade.h */
    uint64_t step;                    /* of the run, from 0 */
} fdml_trainer_batch;

typedef struct fdml_trainer_result {
    fdml_metric_result metric;
    fdml_optim_result optim;
    double lr; /* the run's, of this step */
} fdml_trainer_result;

/* FDML_E_DATA where the loss or a gradient is not finite: "step 17: the loss is nan", after 17
 * good steps. No weight has changed then, but statistics of batch normalisation have. */
fdml_status fdml_trainer_step(fdml_trainer *trainer, const fdml_trainer_batch *batch,
                              fdml_trainer_result *result, fdml_error *err);

/* Copies the model to where the best is kept, and back. */
void fdml_trainer_keep_best(fdml_trainer *trainer);
void fdml_trainer_take_best(fdml_trainer *trainer);

/* The trunk as it is now, in the arena: a copy of its graph and of every constant that training
 * changes. There is a trunk. FDML_E_NOMEM. */
fdml_status fdml_trainer_trunk(fdml_graph *graph, const fdml_trainer *trainer,
                               fdml_arena *arena, fdml_error *err);

/* The class head: f [n, dim] of h [n, columns of the trunk], and its weights. */
const fdml_metric_heads *fdml_trainer_heads(const fdml_trainer *trainer);
const float *fdml_trainer_array(const fdml_trainer *trainer, const char *name); /* NULL: none */

#endif
