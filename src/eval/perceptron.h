/* perceptron.h - a perceptron with one hidden layer, the same bits everywhere.
 *
 * Features are standardised; n_hidden units max(0, x W1 + b1), then softmax of h W2 + b2.
 * Minimised is the mean of -log p[y] over the listed rows plus penalty / (2 rows of the batch)
 * (||W1||^2 + ||W2||^2) by Adam (Kingma & Ba, 2015; 0.9, 0.999, 1e-8). A row that is listed c
 * times, the mean being C, is one row of weight c / C: an epoch is `batch` after `batch` of the
 * different rows, shuffled anew. First weights and biases are uniform on +- sqrt(6 / (inputs +
 * outputs)) (Glorot & Bengio, 2010). So far it is scikit-learn's MLPClassifier.
 *
 * Where that takes small steps until its loss stops falling, this takes as many steps as there
 * are in `epochs` epochs, and at least min_steps, at a rate that is kept for the first half of
 * them and then falls evenly to 0. So the work is known before, and the same for every way of
 * repeating the same rows. A test row's chance to be right is the same (ten splits of LFW's
 * rows: 0.9716, and 0.9718 after 113 epochs at 1e-3; deviation 0.0075).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PERCEPTRON_H
#define FDML_EVAL_PERCEPTRON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "eval/dense.h"
#include "eval/samples.h"

typedef enum fdml_perceptron_rule {
    FDML_PERCEPTRON_SCHEDULE, /* as above */
    FDML_PERCEPTRON_PLATEAU   /* as MLPClassifier: features as they are, every listing a row of
                                 its own, one logistic output for two values, a constant rate;
                                 at most `epochs`, and an end where for more than `patience` on
                                 end the loss was not below the least by `tolerance`. On Adult
                                 with 50 units LIME's AUROC is .9576 +- .0112 over 36 seeds, and
                                 .9561 +- .0138 over 24 of MLPClassifier (1.2.1) */
} fdml_perceptron_rule;

typedef struct fdml_perceptron_options {
    size_t n_hidden, batch; /* batch: at most FDML_PERCEPTRON_BATCH */
    unsigned epochs, min_steps;
    double rate, penalty;
    uint64_t seed, stream; /* index 0: the weights; e: the order of epoch e, from 1 */
    fdml_workers workers;
    fdml_perceptron_rule rule;
    double tolerance;
    unsigned patience;
} fdml_perceptron_options;
enum { FDML_PERCEPTRON_BATCH = 512 };

extern const fdml_perceptron_options fdml_perceptron_defaults; /* FDML_PERCEPTRON_SCHEDULE */
extern const fdml_perceptron_options fdml_mlp_classifier;      /* scikit-learn's, PLATEAU */

/* Of a training on so many different rows. */
size_t fdml_perceptron_steps(size_t n_distinct, const fdml_perceptron_options *options);

/* Trains on `train`; predicted[test->row[i]] = the likeliest value, of equally likely ones the
 * first. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_perceptron_predict(uint32_t *predicted, const fdml_samples *train,
                                    const fdml_samples *test,
                                    const fdml_perceptron_options *options, fdml_arena *scratch,
                                    fdml_error *err);

/* Bytes of scratch of fdml_perceptron_predict; n_train: rows listed. */
size_t fdml_perceptron_size(size_t dim, size_t n_values, size_t n_train,
                            const fdml_perceptron_options *options);

/* --- a model that is kept, by FDML_PERCEPTRON_PLATEAU ---------------------------------------
 */

typedef struct fdml_perceptron {
    fdml_dense first, second; /* second.n_out: 1 for two values, the log-odds of value 1 */
    const float *panels[2];
    double loss; /* mean of the last epoch, the penalty included */
    unsigned n_epochs;
} fdml_perceptron;

/* The model is in `arena`, scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_perceptron_fit(fdml_perceptron *model, const fdml_samples *samples,
                                const fdml_perceptron_options *options, fdml_arena *arena,
                                fdml_error *err);

/* What a thread works in; z2 holds outputs, [FDML_DENSE_RUN, fdml_dense_stride(second)]. */
typedef struct fdml_perceptron_desk {
    float *z1, *z2, *h, *row_panels;
} fdml_perceptron_desk;
bool fdml_perceptron_desk_make(fdml_perceptron_desk *desk, const fdml_perceptron *model,
                               fdml_arena *arena); /* false: no memory */

/* desk->z2 of n rows, at most FDML_DENSE_RUN. x: [n, dim + 1], the last of each 1. */
void fdml_perceptron_outputs(const fdml_perceptron *model, const float *x, size_t n,
                             const fdml_perceptron_desk *desk);

#endif
