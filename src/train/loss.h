/* loss.h - what the objectives share: a batch made ready, and the way back to its rows.
 *
 * Inside of src/train; users see objective.h. A loss of pairs (distances, dot products) reads
 * the Gram matrix x_i . x_j of the batch, of which squared distances follow, and answers with a
 * matrix of coefficients: every such loss has the gradient df_i = sum_j coef_ij x_j, so that
 * the rows are touched in two places only (loss_pairs.c). Both are double: a batch has some
 * hundred rows, so that costs less than a millisecond, equal rows are at distance exactly 0,
 * and what is left of the difference of near ones is what the floats of the batch say. Which
 * rows are positives or negatives of an anchor is decided once for all objectives, restrictions
 * by attribute included.
 *
 * A loss of classes (loss_class.h) has products of rows and class weights instead, in float.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_LOSS_H
#define FDML_TRAIN_LOSS_H

#include <math.h>

#include "base/rng.h"
#include "train/objective.h"

/* Anchor, positive and negative: rows of the batch. */
typedef struct fdml_tuple {
    uint32_t a, p, n;
} fdml_tuple;

typedef struct fdml_loss_call {
    fdml_objective *objective;
    const fdml_objective_batch *batch;
    const fdml_kernels *kernels;
    size_t n, dim;
    fdml_arena *work;
    float *df; /* [n, dim] */
    fdml_objective_result result;
    /* of pairs, fdml_loss_prepare: */
    unsigned char *positive, *negative; /* [n, n]: row j is one of anchor i */
    double *x;                          /* [n, dim], the batch */
    double *gram;                       /* [n, n] */
    double *coef;                       /* [n, n], 0 to begin with */
    double *offset;                     /* [n], 0 to begin with: added to all of df_i */
    double *z, *w;                      /* [n], for fdml_loss_lse */
    const fdml_tuple *tuple; /* [n_tuples], those of an anchor and positive together */
    size_t n_tuples;
} fdml_loss_call;

typedef fdml_status fdml_loss_fn(fdml_loss_call *call, fdml_error *err);

/* What an objective's parameter is: nothing, a number for each class, or a row for each class
 * or for each of its centres. */
typedef enum fdml_loss_param {
    FDML_LOSS_NONE,
    FDML_LOSS_NUMBERS,
    FDML_LOSS_ROWS
} fdml_loss_param;

enum { FDML_LOSS_MAX_SETTINGS = 6 };

typedef struct fdml_loss_kind {
    fdml_objective_info info;
    fdml_loss_fn *run;
    fdml_loss_param param;
    const char *param_name; /* "beta" */
    bool is_of_classes;     /* loss_class.h; not of pairs */
} fdml_loss_kind;

/* NULL past the last. */
const fdml_loss_kind *fdml_loss_kinds(size_t index);

struct fdml_objective {
    const fdml_loss_kind *kind;
    fdml_objective_options options; /* miner resolved; name and settings not looked at */
    double value[FDML_LOSS_MAX_SETTINGS];
    fdml_param param;
};

/* The setting of that name, which the objective has. */
double fdml_loss_setting(const fdml_loss_call *call, const char *name);

/* Items of scratch, or FDML_E_NOMEM. */
fdml_status fdml_loss_scratch(void *pointer, const fdml_loss_call *call, size_t n, size_t size,
                              fdml_error *err);

/* The draws of anchor `index`; the whole batch has indices of its own. */
enum { FDML_LOSS_DRAW_BATCH = 0xffffff, FDML_LOSS_DRAW_THIRD = 0xfffffe };
void fdml_loss_draw(fdml_rng *rng, const fdml_loss_call *call, uint32_t index);

/* Fills the part "of pairs" but tuples. FDML_E_ARG: an option of the miner needs attributes or
 * other labels that the batch lacks. */
fdml_status fdml_loss_prepare(fdml_loss_call *call, fdml_error *err);
/* df from coef, offset and x. */
fdml_status fdml_loss_finish(fdml_loss_call *call, fdml_error *err);
/* Loss and coefficients so far are sums over n: makes them means. n == 0: nothing. */
void fdml_loss_divide(fdml_loss_call *call, size_t n);
/* Adds weight * mean_i ||f_i||. */
void fdml_loss_add_norms(fdml_loss_call *call, double weight);

/* log(sum exp z), or log(1 + sum exp z) where `and_one`; weight[n] is its gradient by z. n may
 * be 0 with and_one. weight may be z. */
double fdml_loss_lse(double *weight, const double *z, size_t n, bool and_one);

static inline double fdml_loss_dot(const fdml_loss_call *call, size_t i, size_t j)
{
    return call->gram[i * call->n + j];
}
static inline double fdml_loss_sqdist(const fdml_loss_call *call, size_t i, size_t j)
{
    const double *g = call->gram;
    const size_t n = call->n;
    const double d2 = (g[i * n + i] + g[j * n + j]) - 2 * g[i * n + j];
    return d2 < 0 ? 0 : d2; /* NaN passes */
}
static inline double fdml_loss_dist(const fdml_loss_call *call, size_t i, size_t j)
{
    return sqrt(fdml_loss_sqdist(call, i, j));
}

/* The loss has a derivative `by` by that product or distance of rows i and j. */
static inline void fdml_loss_by_dot(fdml_loss_call *call, size_t i, size_t j, double by)
{
    call->coef[i * call->n + j] += by;
    call->coef[j * call->n + i] += by;
}
static inline void fdml_loss_by_sqdist(fdml_loss_call *call, size_t i, size_t j, double by)
{
    if (i == j) return;
    call->coef[i * call->n + i] += 2 * by;
    call->coef[j * call->n + j] += 2 * by;
    fdml_loss_by_dot(call, i, j, -2 * by);
}
/* The gradient of a distance of 0, which has none, is taken as 0. */
static inline void fdml_loss_by_dist(fdml_loss_call *call, size_t i, size_t j, double by)
{
    const double d = fdml_loss_dist(call, i, j);
    if (d > 0) fdml_loss_by_sqdist(call, i, j, by / (2 * d));
}

/* Formulas and sources are in the files. */
fdml_loss_fn fdml_loss_contrastive, fdml_loss_triplet, fdml_loss_margin, fdml_loss_quadruplet,
    fdml_loss_snr, fdml_loss_npair, fdml_loss_angular, fdml_loss_lifted,
    fdml_loss_multisimilarity, fdml_loss_histogram, fdml_loss_supcon, fdml_loss_ntxent,
    fdml_loss_arcface, fdml_loss_proxynca, fdml_loss_normsoftmax, fdml_loss_softtriple,
    fdml_loss_proxyanchor;

#endif
