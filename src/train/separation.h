/* separation.h - what keeps a class embedding f apart from an attribute: FINDML 4's L_sep.
 *
 *   diva         the line's form (DiVA, Milbich et al., ECCV 2020): a small net looks for what
 * z says of f, and f and z, which receive its gradient reversed, lose it covariance   rho
 * |Cov(f, one-hot a)|_F^2 over the rows of the batch, both centred within each class (pooled)
 * or over all rows; f descends it, nothing is reversed [ours] adversarial  rho times the
 * cross-entropy of a small net that reads the attribute off f, which receives its gradient
 * reversed [ours]
 *
 * All of them see the direction of f and z alone: rows are brought to unit length first (again,
 * where they have it), and gradients go back through that. The formulas stand in
 * separation_*.c.
 *
 * Reversed means: with theta the small net's parameters, theta.grad = dL/dtheta, but what is
 * added to df and dz is -dL/df and -dL/dz.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SEPARATION_H
#define FDML_TRAIN_SEPARATION_H

#include "train/linear.h"

typedef enum fdml_separation_kind {
    FDML_SEPARATION_NONE,
    FDML_SEPARATION_DIVA,
    FDML_SEPARATION_COVARIANCE,
    FDML_SEPARATION_ADVERSARIAL,
    FDML_SEPARATION_COUNT
} fdml_separation_kind;

enum { FDML_SEPARATION_HIDDEN = 512 }; /* P of the line's small net */

typedef struct fdml_separation_options {
    fdml_separation_kind kind;
    size_t f_dim, z_dim; /* z_dim: diva only */
    size_t n_values;     /* attribute codes are below it; not diva */
    size_t n_hidden;     /* of the small net; 0: FDML_SEPARATION_HIDDEN */
    float lr;            /* of the small net; 0: the run's */
    bool is_from_class;  /* diva: the small net maps f and is compared with z */
    bool keeps_z;        /* diva: only f is reversed, z receives nothing */
    bool is_over_all;    /* covariance: centred over all rows, not within classes */
    uint64_t seed;
    uint32_t draw; /* index of the stream of first weights; takes four */
    const fdml_kernels *kernels;
    int n_threads;
} fdml_separation_options;

typedef struct fdml_separation fdml_separation;

/* In the arena. FDML_E_NOMEM. */
fdml_status fdml_separation_new(fdml_separation **separation,
                                const fdml_separation_options *options, fdml_arena *arena,
                                fdml_error *err);

/* Appends prefix + ".w1" [P, D], ".c1" [P], ".w2" [D or n_values, P], ".c2", without decay;
 * nothing for a covariance. is_idle: as in param.h. */
fdml_status fdml_separation_params(fdml_separation *separation, fdml_params *params,
                                   const char *prefix, const bool *is_idle, fdml_arena *arena,
                                   fdml_error *err);

typedef struct fdml_separation_batch {
    const float *f;                    /* [n, f_dim] */
    const float *z;                    /* [n, z_dim], diva only */
    size_t n;                          /* not 0 */
    const uint32_t *label, *attribute; /* [n], not diva */
    double rho;                        /* of the loss, D^2 included */
} fdml_separation_batch;

typedef struct fdml_separation_result {
    float *df;   /* [n, f_dim], the caller's: set to what f receives */
    float *dz;   /* [n, z_dim], diva only; NULL: not wanted */
    double loss; /* L_sep: negative for diva */
    /* diva: -loss D^2 / rho: 1 is chance, far below means that f flees and nothing is
     * separated. covariance: loss / rho. adversarial: the cross-entropy over the entropy of the
     * attribute in the batch: 1, the net knows no more than how frequent the values are. */
    double measure;
} fdml_separation_result;

/* Not of kind none. Sets the gradients of the small net and the result. FDML_E_NOMEM. */
fdml_status fdml_separation_run(fdml_separation *separation, const fdml_separation_batch *batch,
                                fdml_separation_result *result, fdml_arena *work,
                                fdml_error *err);

/* "none", "diva", "covariance", "adversarial". FDML_E_ARG lists them. */
fdml_status fdml_separation_parse(fdml_separation_kind *kind, const char *name,
                                  fdml_error *err);
const char *fdml_separation_name(fdml_separation_kind kind);

#endif
