/* dense.h - products of rows and weights, and what the loss says of them: the common part of
 * linear models (linear_model.h) and of the perceptron (perceptron.h).
 *
 * Weights lie in blocks of sixteen outputs: w[o][i][lane] leads from input i to output 16 o +
 * lane; lanes that are no output are 0. That order is the same on every machine; panels are
 * copies in the order that gemm wants. A row of outputs takes fdml_dense_stride floats.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_DENSE_H
#define FDML_EVAL_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "simd/kernels.h"

enum { FDML_DENSE_LANES = 16 };

typedef struct fdml_dense {
    size_t n_in, n_out;
    const fdml_kernels *kernels;
} fdml_dense;

static inline size_t fdml_dense_blocks(size_t n_out)
{
    return (n_out + FDML_DENSE_LANES - 1) / FDML_DENSE_LANES;
}

/* Floats of the weights. */
static inline size_t fdml_dense_size(size_t n_in, size_t n_out)
{
    return fdml_dense_blocks(n_out) * n_in * FDML_DENSE_LANES;
}

/* Floats from one row of outputs to the next: whole panels. */
static inline size_t fdml_dense_stride(const fdml_dense *layer)
{
    const size_t width = layer->kernels->tile_cols;
    return (layer->n_out + width - 1) / width * width;
}

/* Floats of the panels of the weights, and of n rows of inputs. */
size_t fdml_dense_panels(const fdml_dense *layer);
size_t fdml_dense_row_panels(const fdml_dense *layer, size_t n);

/* The weight from input i to output o, as it stands in the panels. */
static inline float fdml_dense_weight(const float *panels, size_t i, size_t o,
                                      const fdml_dense *layer)
{
    const size_t width = layer->kernels->tile_cols;
    return panels[(o / width * layer->n_in + i) * width + o % width];
}

/* One block of weights, [n_in, 16], to its place in the panels. The last block also clears what
 * no block fills. */
void fdml_dense_pack(float *panels, const float *w, size_t block, const fdml_dense *layer);

/* z: [n, stride] = x w, with x: [n, n_in]; row_panels is scratch. */
void fdml_dense_product(float *z, const float *x, size_t n, const float *panels,
                        float *row_panels, const fdml_dense *layer);

/* dw = x^T r with r as z; lanes beyond n_out of r are 0. */
void fdml_dense_gradient(float *dw, const float *x, const float *r, size_t n,
                         const fdml_dense *layer);

/* The same sums as dw: [n_in, stride], added to what is there where it `continues`; by gemm,
 * which is faster where rows are many. panels:
 * scratch of fdml_dense_outer_panels floats. */
void fdml_dense_outer(float *dw, const float *x, const float *r, size_t n, int continues,
                      float *panels, const fdml_dense *layer);
size_t fdml_dense_outer_panels(const fdml_dense *layer, size_t n);

/* What the rows of a tile of outputs should have been: code[row[i]], each counting weight[i]
 * (NULL: 1). */
typedef struct fdml_targets {
    const uint32_t *row, *code;
    const float *weight;
    size_t n; /* at most FDML_DENSE_RUN */
} fdml_targets;
enum { FDML_DENSE_RUN = 128 };

/* z becomes the gradient of the sum of the rows' losses, which is returned. Cross-entropy of
 * the softmax: -log p[y]. Squared hinge, one against the rest: sum_v max(0, 1 - s_v z_v)^2 with
 * s_v = 1 for the row's value and -1 for the others. */
double fdml_cross_entropy(float *z, const fdml_targets *targets, const fdml_dense *layer);
double fdml_squared_hinge(float *z, const fdml_targets *targets, const fdml_dense *layer);

/* The same of the logistic loss, the first output being the log-odds of value 1 against 0. */
double fdml_logistic_loss(float *z, const fdml_targets *targets, const fdml_dense *layer);

/* The largest output of a row, of equal ones the first. */
uint32_t fdml_dense_largest(const float *z, size_t n_out);

#endif
