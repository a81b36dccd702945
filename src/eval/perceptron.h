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

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"

typedef struct fdml_perceptron_options {
    size_t n_hidden, batch; /* batch: at most FDML_PERCEPTRON_BATCH */
    unsigned epochs, min_steps;
    double rate, penalty;
    uint64_t seed, stream; /* index 0: the weights; e: the order of epoch e, from 1 */
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

/* Bytes of scratch; n_train: rows listed. */
size_t fdml_perceptron_size(size_t dim, size_t n_values, size_t n_train,
                            const fdml_perceptron_options *options);

#endif
