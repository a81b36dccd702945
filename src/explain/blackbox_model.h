/* blackbox_model.h - what a black box that is trained here has learned, and what it answers;
 * private to blackbox_train.c and blackbox_model.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_BLACKBOX_MODEL_H
#define FDML_EXPLAIN_BLACKBOX_MODEL_H

#include "eval/perceptron.h"
#include "explain/blackbox.h"

typedef struct blackbox_model {
    fdml_blackbox_kind kind;
    double *u;           /* logistic */
    fdml_perceptron net; /* perceptron */
    unsigned n_rounds;
    double loss;
} blackbox_model;

/* What a thread works in. */
typedef struct blackbox_desk {
    float *x; /* [FDML_DENSE_RUN, dim + 1], the last of each 1: of encoded rows */
    fdml_perceptron_desk net;
    float *value; /* [FDML_DENSE_RUN, n_features]: of raw rows; NULL where there are none */
    uint32_t *column;
} blackbox_desk;

/* n_features: of raw rows, 0 where only encoded ones are asked. False: no memory. */
bool fdml_blackbox_desk_make(blackbox_desk *d, const blackbox_model *m, size_t dim,
                             size_t n_features, fdml_arena *arena);

/* Log-odds of encoded rows z [n, dim]. */
void fdml_blackbox_score(double *score, const blackbox_model *m, const float *z, size_t n,
                         size_t dim, const blackbox_desk *d);

/* What stands behind an fdml_blackbox. */
typedef struct blackbox_trained {
    blackbox_model model;
    fdml_encoder encoder;
    blackbox_desk *desks; /* [n_threads] */
    fdml_gather gather;   /* of a perceptron, for raw rows */
    const fdml_kernels *kernels;
} blackbox_trained;

/* From model and encoder everything else. */
fdml_status fdml_blackbox_finish(fdml_blackbox *b, blackbox_trained *made, fdml_workers workers,
                                 fdml_arena *arena, fdml_error *err);

#endif
