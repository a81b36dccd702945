/* parade.h - everything behind the trunk: the class head, attribute heads, their losses, and
 * what keeps them apart (PARADE, FINDML 4).
 *
 *     L = L_dml(f; y) + sum_k alpha_k L_dml(z^k; a^k) + sum_k L_sep(z^k -> f; rho_k)
 *     f = N(W_c h + b_c), z^k = N(W_k h + b_k)
 *
 * h are the features of the trunk. run gives L, its parts, and what the trunk receives. Only f
 * is used after training (embed).
 *
 * An attribute takes part where its alpha or rho is not 0. One whose both are 0 has no
 * parameters, draws no random numbers and is not computed: the class head's bits are those of a
 * run without it. Before its schedules start, its parameters idle (param.h). A row whose code
 * is FDML_ATTRIBUTE_UNKNOWN takes no part in the losses of that attribute.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_PARADE_H
#define FDML_TRAIN_PARADE_H

#include "train/objective.h"
#include "train/schedule.h"
#include "train/separation.h"

#define FDML_ATTRIBUTE_UNKNOWN UINT32_MAX
enum { FDML_MAX_HEADS = 64 };

typedef struct fdml_attribute_options {
    const char *name; /* "color"; copied */
    size_t n_values;  /* codes are below it; not 0 */
    size_t dim;       /* of z; 0: the class head's */
    double alpha;     /* weight of L_dml(z; a), not negative */
    /* Weight of L_sep, not negative. diva: rho / D^2, D of the rows that the small net is
     * compared with, so that 0.1 bites alike at every D. Others: rho. */
    double rho;
    fdml_schedule alpha_schedule, rho_schedule; /* all zero: constant */
    fdml_separation_kind separation;            /* none: rho counts as 0 */
    /* z sees the features without the trunk behind them: neither L_dml(z) nor what L_sep sends
     * to z goes into h; both still move z's head. fdml_attribute_defaults: true. */
    bool detach;
    bool is_from_class, keeps_z, is_over_all; /* as in separation.h */
    size_t n_hidden;                          /* of the small net; 0: 512 */
    float separation_lr;                      /* of the small net; 0: the run's */
    /* Its own objective and miner: name, parameter_lr, miner and settings of *objective count.
     * NULL: those of the class head, less what goes by an attribute, which an attribute's own
     * miner may not ask for. */
    const fdml_objective_options *objective;
} fdml_attribute_options;

/* alpha .3, rho .1, diva, detached: the study's starting values. name, n_values to be set. */
extern const fdml_attribute_options fdml_attribute_defaults;

typedef struct fdml_metric_options {
    size_t n_in; /* columns of h */
    size_t dim;  /* of f */
    size_t n_classes;
    /* Of the class head: name, parameter_lr, miner and settings count; the rest is set here. */
    fdml_objective_options objective;
    bool no_bias; /* of all heads */
    uint64_t seed;
    const fdml_attribute_options *attribute;
    size_t n_attributes;         /* at most FDML_MAX_HEADS */
    size_t mining_attribute;     /* which of them same_attribute_negatives goes by */
    const fdml_kernels *kernels; /* not NULL */
    int n_threads;               /* 0: fdml_threads_default */
} fdml_metric_options;

typedef struct fdml_metric_heads fdml_metric_heads;

/* In the arena. FDML_E_ARG: an option or schedule out of its range, an objective that is not
 * known. FDML_E_NOMEM. */
fdml_status fdml_metric_heads_new(fdml_metric_heads **heads, const fdml_metric_options *options,
                                  fdml_arena *arena, fdml_error *err);

/* Appends all parameters: "head.weight", "head.bias", "loss.*" and for each attribute that
 * takes part "attribute.NAME.weight", "attribute.NAME.bias", "attribute.NAME.loss.*",
 * "separation.NAME.w1" .. "c2". */
fdml_status fdml_metric_heads_params(fdml_metric_heads *heads, fdml_params *params,
                                     fdml_arena *arena, fdml_error *err);

typedef struct fdml_metric_batch {
    const float *h; /* [n, n_in] */
    size_t n;
    const uint32_t *label; /* [n], below n_classes */
    /* [n_attributes] of [n]; NULL: no attribute takes part and none is mined by. */
    const uint32_t *const *attribute;
    uint64_t step; /* of the run: schedules and mining go by it */
} fdml_metric_batch;

typedef struct fdml_attribute_result {
    bool is_active;    /* this step: alpha or rho was not 0 and a row was known */
    bool is_heavy;     /* diva with rho > 0.3 D^2, which collapsed the embedding in our study */
    size_t n_rows;     /* whose code is known */
    double alpha, rho; /* of this step; diva's with D^2 */
    fdml_objective_result objective; /* of z; the loss is without alpha */
    double separation;               /* L_sep, with rho */
    double measure;                  /* of separation.h: diva's L_sep D^2 / rho, 1 is chance */
} fdml_attribute_result;

typedef struct fdml_metric_result {
    double loss;                     /* L */
    fdml_objective_result objective; /* of f */
    /* Mean squared distance of unit rows of different classes: where it falls towards 0, the
     * embedding collapses. NaN: the batch has one class. */
    double inter_class_distance;
    fdml_attribute_result attribute[FDML_MAX_HEADS]; /* in the order of the options */
} fdml_metric_result;

/* Sets the gradients of all parameters and dh [n, n_in], the gradient of L by h as the trunk
 * receives it (reversed parts reversed); dh NULL: not wanted. FDML_E_DATA names the row of a
 * label or code that is too large. FDML_E_NOMEM. */
fdml_status fdml_metric_heads_run(fdml_metric_heads *heads, const fdml_metric_batch *batch,
                                  float *dh, fdml_metric_result *result, fdml_arena *work,
                                  fdml_error *err);

size_t fdml_metric_heads_dim(const fdml_metric_heads *heads);
/* f [n, dim] of h [n, n_in]: at unit length where the objective wants it. A row's bits do not
 * depend on the others. */
fdml_status fdml_metric_heads_embed(const fdml_metric_heads *heads, float *f, const float *h,
                                    size_t n, fdml_arena *work, fdml_error *err);

#endif
