/* loss_class.h - losses that compare rows with learned weights of classes.
 *
 * The objective's parameter has a row (or several, centres) for each class; their directions
 * count, their lengths do not. A loss reads cosines and sets its gradient by them; what that
 * means for rows and weights is common to all. In float, as there may be a hundred thousand
 * centres: products are the matrix kernels', exponentials exp_rows.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_LOSS_CLASS_H
#define FDML_TRAIN_LOSS_CLASS_H

#include "train/loss.h"

typedef struct fdml_class_scores {
    size_t n_centres;
    float *unit;    /* [n_centres, dim]: weights at length 1, or 0 where they have none */
    float *inverse; /* [n_centres]: 1 / length, or 0 */
    float *cosine;  /* [n, n_centres]: products of rows of the batch and unit */
    float *by;      /* [n, n_centres]: the loss sets its derivative by `cosine` here */
} fdml_class_scores;

fdml_status fdml_class_begin(fdml_class_scores *scores, fdml_loss_call *call, fdml_error *err);
/* Sets df from `by`, and the gradient of the parameter: that of its unit rows, in unit_grad
 * [n_centres, dim] where not NULL added to, brought back through the normalisation. */
fdml_status fdml_class_end(const fdml_class_scores *scores, const float *unit_grad,
                           fdml_loss_call *call, fdml_error *err);

/* log(sum exp z), or log(1 + sum exp z) where `and_one`; weight [n], not z, is its gradient by
 * z. z may hold -INFINITY, but not only where not and_one. */
double fdml_class_lse(float *weight, const float *z, size_t n, bool and_one,
                      const fdml_kernels *kernels);

#endif
