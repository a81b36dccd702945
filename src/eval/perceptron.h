/* perceptron.h - a perceptron with one hidden layer, the same bits everywhere.
 *
 * Features are standardised; n_hidden units max(0, x W1 + b1), then softmax of h W2 + b2.
 * Minimised is the mean of -log p[y] plus penalty / (2 rows of the batch) (||W1||^2 + ||W2||^2)
 * by Adam (Kingma & Ba, 2015; 0.9, 0.999, 1e-8) on batches of the training rows, shuffled anew
 * in every epoch, until the mean loss of an epoch was not below the best by `tolerance` for
 * `patience` epochs. First weights and biases are uniform on +- sqrt(6 / (inputs + outputs))
 * (Glorot & Bengio, 2010). All of it as scikit-learn's MLPClassifier, whose defaults are in
 * fdml_perceptron_defaults; it adds the penalty to the loss that it watches, which this does
 * not.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PERCEPTRON_H
#define FDML_EVAL_PERCEPTRON_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"

typedef struct fdml_perceptron_options {
    size_t n_hidden, batch; /* batch: at most FDML_PERCEPTRON_BATCH */
    unsigned epochs, min_steps;
    double rate, penalty;
    uint64_t seed, stream; /* index 0: the weights; p: the order of pass p, from 1 */
    fdml_workers workers;
} fdml_perceptron_options;
enum { FDML_PERCEPTRON_BATCH = 512 };

extern const fdml_perceptron_options fdml_perceptron_defaults;

/* Of a training on so many different rows. */
size_t fdml_perceptron_steps(size_t n_distinct, const fdml_perceptron_options *options);

/* Trains on `train`; predicted[test->row[i]] = the likeliest value, of equally likely ones the
 * first. Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_perceptron_predict(uint32_t *predicted, const fdml_samples *train,
                                    const fdml_samples *test,
                                    const fdml_perceptron_options *options, fdml_arena *scratch,
                                    fdml_error *err);

/* Bytes of scratch. */
size_t fdml_perceptron_size(size_t dim, size_t n_values, size_t n_train,
                            const fdml_perceptron_options *options);

#endif
