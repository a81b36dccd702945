/* train_plan.h - what a run will be, what memory it needs, and how long a step takes.
 *
 * What lasts is asked of those who hold it. What a step takes besides is found by doing one (of
 * the run's own first batch) with a network that is thrown away: a run begins as if it had not
 * been. So a run with --max-memory knows at its start what it needs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_PLAN_H
#define FDML_TOOLS_TRAIN_PLAN_H

#include "train_run.h"

typedef struct train_need { /* bytes, beside mapped files */
    size_t data;            /* table, split, values that are not mapped */
    size_t network;         /* weights, gradients, optimiser, activations of a batch */
    size_t batch;           /* rows of a batch, embeddings of validation */
    size_t step;            /* scratch of a step; decoding the pictures of the first batch */
    size_t validation;      /* scratch of a validation; with export, which copies weights */
    size_t most;            /* at one time */
    double seconds;         /* of a step; 0: not tried */
} train_need;

/* The trainer is at its first step before and after. Where there is a limit and it does not do,
 * this ends the program and says what is needed; else the validation and the store of decoded
 * pictures get what is left. */
void train_plan_make(train_need *need, train_run *run);

/* --dry-run, on stdout. */
void train_plan_print(const train_need *need, const train_run *run);

#endif
