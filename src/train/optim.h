/* optim.h - what moves the weights: SGD, Adam and AdamW, with PyTorch's formulas.
 *
 *   sgd    g = grad + decay w; b = momentum b + g; w -= lr (nesterov ? g + momentum b : b)
 *   adam   g = grad + decay w (the L2 form); m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
 *          w -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
 *   adamw  w *= 1 - lr decay, then adam without decay
 *
 * Weights and state are floats, and every item's arithmetic is that of the kernels adam_step
 * and sgd_step (simd/kernels.h); what is one number for all items is computed in double. The
 * norm of all gradients is a sum of squares in double in a fixed order. So the bits depend
 * neither on threads nor on the instruction set.
 *
 * t counts the steps of each parameter for itself, since some idle at first (param.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_OPTIM_H
#define FDML_TRAIN_OPTIM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"
#include "train/param.h"

typedef enum fdml_optim_kind {
    FDML_OPTIM_ADAM,
    FDML_OPTIM_ADAMW,
    FDML_OPTIM_SGD,
    FDML_OPTIM_COUNT
} fdml_optim_kind;

typedef struct fdml_optim_options {
    fdml_optim_kind kind;
    double lr; /* of parameters that have none of their own */
    double weight_decay;
    double momentum; /* sgd */
    bool nesterov;   /* sgd */
    double beta1, beta2, eps;
    double clip_norm;            /* gradients are scaled where their norm is larger; 0: never */
    double clip_value;           /* then each is brought to +- this; 0: never */
    const fdml_kernels *kernels; /* not NULL */
    int n_threads;               /* 0: fdml_threads_default */
} fdml_optim_options;

/* The line's (FINDML 5): adam, lr 1e-5, decay 4e-4, betas .9 and .999, eps 1e-8, momentum .9;
 * no clipping. kernels is NULL and to be set. */
extern const fdml_optim_options fdml_optim_defaults;

typedef struct fdml_optim fdml_optim;

/* Of the parameters with a gradient; the arrays are borrowed, the list is copied. FDML_E_ARG:
 * an option out of its range. FDML_E_NOMEM. */
fdml_status fdml_optim_new(fdml_optim **optim, const fdml_optim_options *options,
                           const fdml_params *params, fdml_arena *arena, fdml_error *err);

typedef struct fdml_optim_result {
    double norm;  /* of all gradients, before clipping */
    double scale; /* what clip_norm multiplied them by; 1: nothing */
} fdml_optim_result;

/* One step at `factor` times each learning rate (schedule.h). FDML_E_DATA names the first
 * parameter and item whose gradient is not finite; nothing has changed then. result may be
 * NULL.
 */
fdml_status fdml_optim_step(fdml_optim *optim, double factor, fdml_optim_result *result,
                            fdml_error *err);

/* Appends the state, for checkpoints: "optim.m.NAME" and "optim.v.NAME" of adam and adamw,
 * "optim.b.NAME" of sgd with momentum, and "optim.steps", [parameters] counts of steps, which
 * end at 2^24, where Adam's corrections have long been 1. grad is NULL. */
fdml_status fdml_optim_params(fdml_optim *optim, fdml_params *params, fdml_arena *arena,
                              fdml_error *err);

/* "adam", "adamw", "sgd". FDML_E_ARG lists them. */
fdml_status fdml_optim_parse(fdml_optim_kind *kind, const char *name, fdml_error *err);
const char *fdml_optim_name(fdml_optim_kind kind);

#endif
