/* linear_model.h - multinomial logistic regression and the linear support vector machine, the
 * same bits everywhere.
 *
 * Minimised, over weights U of standardised features z and a bias beta_v for each value v, is
 *
 *     f = (1/n) (sum_i w_i loss_i + ||U||^2 / (2 C))
 *
 *   logistic  loss_i = -log p_i[y_i], p_i = softmax(U^T z_i + beta): scikit-learn's
 *             LogisticRegression behind a StandardScaler, divided by n
 *   svm       loss_i = sum_v max(0, 1 - s_iv (U^T z_i + beta)_v)^2, s_iv = 1 for the row's own
 *             value and -1 for the others; beta is penalised as the weights are: LinearSVC
 *             (squared hinge, one against the rest) behind a StandardScaler, divided by C n
 *
 * Balanced weights are w_i = n / (values * rows of value y_i), so that each value counts alike.
 * L-BFGS (lbfgs.h); f is convex, so there is one minimum wherever it starts. Products are in
 * single precision, sums over blocks of rows in double. No copy of the rows is made.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_LINEAR_MODEL_H
#define FDML_EVAL_LINEAR_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "eval/dense.h"
#include "eval/samples.h"

typedef enum fdml_linear_loss { FDML_LOGISTIC, FDML_SVM } fdml_linear_loss;

/* The usual tolerance of each: f is then within 1e-4 of its minimum, relatively (6e-5 and 2e-5
 * with LFW's 423 people; bench/peers/classify.py), which moves one prediction in several
 * hundred.
 */
extern const double fdml_linear_tolerance[2];

typedef struct fdml_linear_options {
    fdml_linear_loss loss;
    double c; /* inverse of the penalty */
    bool is_balanced;
    double tolerance; /* largest component of f's gradient at which it is minimised */
    unsigned max_iterations;
    const double *start; /* theta of a model of like data, from which it is not far; NULL: 0 */
    fdml_workers workers;
} fdml_linear_options;

typedef struct fdml_linear_model {
    size_t dim, n_values;
    fdml_standard standard;
    const double *theta; /* of standardised features, [blocks, dim + 1, 16] as in dense.h; the
                            last of the dim + 1 is the bias */
    const float *panels; /* the same for gemm */
    double loss;         /* f */
    double gradient;     /* largest component that is left */
    unsigned n_iterations;
} fdml_linear_model;

/* The model is in `arena`, scratch is given back. A feature that is constant has weight 0.
 * FDML_E_NOMEM. */
fdml_status fdml_linear_fit(fdml_linear_model *model, const fdml_samples *samples,
                            const fdml_linear_options *options, fdml_arena *arena,
                            fdml_error *err);

/* predicted[samples->row[i]] = the value of the largest output, of equal ones the first.
 * FDML_E_NOMEM. */
fdml_status fdml_linear_predict(uint32_t *predicted, const fdml_linear_model *model,
                                const fdml_samples *samples, const fdml_workers *workers,
                                fdml_arena *scratch, fdml_error *err);

/* Weight of standardised feature d (dim: the bias) for value v. */
static inline double fdml_linear_weight(const fdml_linear_model *model, size_t d, size_t v)
{
    return model->theta[(v / FDML_DENSE_LANES * (model->dim + 1) + d) * FDML_DENSE_LANES +
                        v % FDML_DENSE_LANES];
}

/* Doubles of theta. */
static inline size_t fdml_linear_parameters(size_t dim, size_t n_values)
{
    return fdml_dense_size(dim + 1, n_values);
}

/* Bytes that fit takes at its peak, the model included. */
size_t fdml_linear_size(size_t dim, size_t n_values, size_t n_listed,
                        const fdml_workers *workers);

#endif
