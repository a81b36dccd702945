/* train_case.h - steps of training, against the same steps by PyTorch (torch_train.py).
 *
 * A line of train.tsv is
 *
 *     NETWORK  NAME  NORM  LOSS  LEARNING-RATE  TOLERANCE
 *
 * with NORM `batch` or `frozen`, LOSS `squares` or `margin`. PyTorch's steps in double are the
 * truth. Compared are the losses, every weight and running statistic after the last step, and
 * every gradient of the first one; then all of it, to the bit, with every instruction set of
 * this machine and another number of threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_GOLDEN_TRAIN_CASE_H
#define FDML_TESTS_GOLDEN_TRAIN_CASE_H

#include "model/graph.h"
#include "model/weights.h"
#include "simd/kernels.h"
#include "tally.h"

golden_case_fn golden_train;

/* --- train_run.c ------------------------------------------------------------------------- */

enum { TRAIN_MAX_STEPS = 8 };

typedef struct train_setup {
    const fdml_graph *graph;
    const fdml_weights *first; /* margin: "head.weight", "head.bias", "loss.beta" */
    fdml_tensor x, target; /* [steps, N, 3, side, side]; [steps, N, columns] or [steps, N] */
    bool is_frozen, is_margin;
    double lr;
    const fdml_kernels *kernels;
    int n_threads;
} train_setup;

typedef struct train_array {
    const char *name; /* of the graph's constant or the parameter */
    size_t n;
    const float *after;    /* the last step */
    const float *gradient; /* of the first step; NULL: it has none, or that is not to be had */
} train_array;

typedef struct train_outcome {
    double loss[TRAIN_MAX_STEPS];
    size_t n;
    train_array *array; /* [n], in the arena */
} train_outcome;

fdml_status train_run(train_outcome *outcome, const train_setup *setup, fdml_arena *arena,
                      fdml_error *err);
/* The array of a file in the arena, its type as in the file. */
fdml_status train_read(void *pointer, const fdml_weights *file, const char *name, size_t size,
                       fdml_arena *arena, fdml_error *err);

#endif
