/* param.h - what training changes: a named array of weights and its gradient.
 *
 * Owned by whoever computes with it: the tape (a network's weights), a head, an objective (its
 * margins, proxies, class weights), a separation (its small net). The optimiser, the
 * checkpoint and the log see nothing but a list of these.
 *
 * `value` may lie in an order of the owner's (blocks of sixteen channels, padded with zeros
 * whose gradients are zero, so that they stay zeros); the order is the same on every machine. A
 * checkpoint of the run's state keeps that order, an exported model does not.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_PARAM_H
#define FDML_TRAIN_PARAM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fdml_param {
    const char *name; /* unique in a run: "layer1.0.conv1.weight", "loss.beta" */
    size_t n;         /* items, padding included */
    float *value;     /* [n], 64-byte aligned */
    float *grad;   /* [n] likewise; set, not added to, by one backward pass of its owner. NULL:
                    * a buffer, such as a running mean, that no optimiser touches */
    float lr;      /* its own learning rate; 0: the run's */
    bool no_decay; /* weight decay is not for it (FINDML 5: loss parameters) */
    const bool *is_idle; /* NULL, or its owner's: true while the last backward pass had no part
                          * for it. The optimiser then leaves it, its decay and its state alone
                          * (as PyTorch where grad is None) */
} fdml_param;

/* A list that owners append to; capacity is the caller's. */
typedef struct fdml_params {
    fdml_param *item;
    size_t n, room;
} fdml_params;

#endif
