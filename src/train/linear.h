/* linear.h - y = x W^T + b for the small layers behind a trunk, and rows of unit length.
 *
 * First weights and biases are uniform on +-1/sqrt(n_in), as PyTorch's nn.Linear has them. All
 * three products of a layer (y, and the gradients by x and by W) are those of
 * model/matrix_product.h: the same bits for any number of threads and any instruction set.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_LINEAR_H
#define FDML_TRAIN_LINEAR_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"
#include "train/param.h"

typedef struct fdml_linear_options {
    size_t n_in, n_out; /* neither 0 */
    bool no_bias;
    uint64_t seed;
    uint32_t draw; /* index of the stream of first weights; the bias takes draw + 1 */
    const fdml_kernels *kernels;
    int n_threads; /* 0: fdml_threads_default */
} fdml_linear_options;

typedef struct fdml_linear {
    size_t n_in, n_out;
    float *weight, *weight_grad; /* [n_out, n_in] */
    float *bias, *bias_grad;     /* [n_out]; NULL: none */
    const fdml_kernels *kernels;
    int n_threads;
} fdml_linear;

/* FDML_E_NOMEM. */
fdml_status fdml_linear_init(fdml_linear *layer, const fdml_linear_options *options,
                             fdml_arena *arena, fdml_error *err);

/* y [n, n_out] = x [n, n_in] W^T + b. Scratch comes from `work` and is given back. */
fdml_status fdml_linear_forward(const fdml_linear *layer, float *y, const float *x, size_t n,
                                fdml_arena *work, fdml_error *err);

/* Sets the gradients of weight and bias, and dx [n, n_in] where not NULL, from dy [n, n_out]
 * and the x of the forward pass. */
typedef struct fdml_linear_rows {
    const float *x, *dy;
    float *dx;
    size_t n;
} fdml_linear_rows;
fdml_status fdml_linear_backward(fdml_linear *layer, const fdml_linear_rows *rows,
                                 fdml_arena *work, fdml_error *err);

/* y = rows of x [n, dim] at unit length, inverse [n] = 1 / length. A row without a length (see
 * inverse_norms of simd/kernels.h) becomes 0, and so does its gradient. y may be x. */
void fdml_unit_rows(const fdml_kernels *kernels, float *y, float *inverse, const float *x,
                    size_t n, size_t dim);
/* dx = (dy - (dy . y) y) / length; dx may be dy. Sums in double. */
void fdml_unit_rows_backward(float *dx, const float *dy, const float *y, const float *inverse,
                             size_t n, size_t dim);

#endif
