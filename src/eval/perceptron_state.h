/* perceptron_state.h - a perceptron while it learns; shared by perceptron*.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PERCEPTRON_STATE_H
#define FDML_EVAL_PERCEPTRON_STATE_H

#include <stdbool.h>

#include "eval/dense.h"
#include "eval/perceptron.h"

enum { LANES = FDML_DENSE_LANES, PARTS = 4, PART = FDML_DENSE_RUN, LAYERS = 2 };
_Static_assert((int)PARTS *(int)PART >= (int)FDML_PERCEPTRON_BATCH, "a batch is PARTS parts");

/* A layer; arrays of n floats but for the panels. */
typedef struct layer {
    fdml_dense dense;
    size_t n;
    float *w, *m, *v, *panels;
    float *gradient; /* [PARTS, n] */
} layer;

typedef struct part {
    float *x, *h;      /* [PART, dim + 1], [PART, n_hidden + 1] */
    float *z1, *z2;    /* outputs, then their gradients */
    float *row_panels; /* of whichever is multiplied */
    double loss;       /* of its rows */
} part;

typedef struct net {
    const fdml_samples *samples;
    const fdml_perceptron_options *options;
    fdml_standard standard;
    layer layer[LAYERS];
    fdml_dense back; /* from z2 to h: W2 transposed */
    float *back_panels;
    part *parts;   /* [PARTS] */
    uint32_t *row; /* [n_rows] the different rows of the list */
    float *weight; /* [n_rows] how often each is listed, over the mean of that */
    size_t n_rows;
    uint32_t *order;     /* [n_rows] of an epoch */
    uint32_t *batch;     /* [n] row[order[first ..]] */
    size_t first, n;     /* the batch: order[first .. first + n) */
    double beta1, beta2; /* to the power of the step */
    size_t n_steps;
    double rate;
    unsigned n_epochs;
    bool is_logistic;    /* two values, one output */
    double *square;      /* [blocks of outputs of both layers] of weights; NULL: nobody asks */
    double loss;         /* of the epoch so far, the penalty of each batch included */
    uint32_t *predicted; /* while predicting */
} net;

/* --- perceptron_step.c ------------------------------------------------------------------ */

/* z2 of n samples from `first` on; x, h and z1 are left as they were on the way. */
void fdml_perceptron_forward(const net *t, part *p, const fdml_samples *samples, size_t first,
                             size_t n);
/* A block of weights of layer l to the panels that are made of it. */
void fdml_perceptron_pack(const net *t, size_t l, size_t block);
/* As many steps as the rule wants; ctx is a net. */
void fdml_perceptron_train(void *ctx);

#endif
