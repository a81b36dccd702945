/* tape.h - a network made ready to train: forward, backward, weights and their gradients.
 *
 * Takes the same graph that a plan runs (model/graph.h), for a fixed batch, and keeps what the
 * backward pass needs. Values lie in blocks of sixteen channels, as in a plan. Batch
 * normalisation trains (statistics of the batch; running ones are updated as PyTorch does,
 * momentum 0.1, unbiased variance) or is frozen (running statistics, constant scale and shift:
 * FINDML 5). All memory that lasts is taken by tape_new.
 *
 * Every sum has one order, whatever the threads and instruction set: the same bits.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_TAPE_H
#define FDML_TRAIN_TAPE_H

#include "model/graph.h"
#include "simd/kernels.h"
#include "train/param.h"

typedef struct fdml_tape fdml_tape;

typedef struct fdml_tape_options {
    const fdml_kernels *kernels; /* not NULL */
    int n_threads;               /* 0: fdml_threads_default */
    size_t max_memory;           /* bytes of everything; 0: unlimited */
    bool freeze_norm;            /* batch normalisation keeps its statistics, scale and shift */
    bool freeze_all;             /* forward only: no parameter is trained */
} fdml_tape_options;

/* input: shape of the only input with the batch in front, [N, C, H, W] or [N, C]. The graph has
 * one output, [N, columns] or [N, C, 1, 1]. The weights are copied from the graph's constants.
 * FDML_E_UNSUPPORTED names the node whose operator has no backward; FDML_E_LIMIT, FDML_E_NOMEM.
 */
fdml_status fdml_tape_new(fdml_tape **tape, const fdml_graph *graph, const fdml_tensor *input,
                          const fdml_tape_options *options, fdml_error *err);
void fdml_tape_free(fdml_tape *tape);

size_t fdml_tape_columns(const fdml_tape *tape); /* of a row of the output */
size_t fdml_tape_memory(const fdml_tape *tape);  /* bytes it holds */

/* Appends the trained parameters (grad not NULL) and the buffers, running statistics (grad
 * NULL), in the graph's order, named as its constants. The arrays are the tape's. */
fdml_status fdml_tape_params(fdml_tape *tape, fdml_params *params, fdml_error *err);

/* x as planned, row-major; it must stay as it is until the backward pass is done. *y [N,
 * columns] is the tape's, valid until the next call. FDML_E_NOMEM: scratch. */
fdml_status fdml_tape_forward(fdml_tape *tape, const float *x, const float **y,
                              fdml_error *err);
/* gy [N, columns]: gradient of the loss by that result. Sets every parameter's gradient. */
fdml_status fdml_tape_backward(fdml_tape *tape, const float *gy, fdml_error *err);

/* Constant `name` of the graph as it is now, row-major as in the graph's constant, into
 * values[n_items]; false: no such constant, or one that training does not touch. */
bool fdml_tape_read(float *values, const fdml_tape *tape, const char *name);

#endif
