/* matrix_product.h - C = A B for many pairs of matrices of any number type.
 *
 * Every item of C is a sum over k from first to last, so that it depends neither on the other
 * rows and columns nor on the number of threads: for float32 chains of 128 fused multiply-adds,
 * added in order; double, rounded once, for other reals; integers modulo two to their width.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_MATRIX_PRODUCT_H
#define FDML_MODEL_MATRIX_PRODUCT_H

#include "model/op.h"

typedef struct fdml_product {
    const fdml_tensor *a, *b; /* of one type, which fdml_product_takes */
    fdml_tensor *c;           /* [n_pairs, m, n] */
    size_t m, n, k;
    bool a_is_transposed, b_is_transposed; /* stored [k, m]; stored [n, k] */
    size_t n_pairs;
    const size_t *a_index, *b_index; /* [n_pairs]: which matrix of a and b; NULL: all 0 */
} fdml_product;

bool fdml_product_takes(fdml_type type);
fdml_status fdml_product_run(const fdml_product *product, const fdml_op_call *call,
                             fdml_error *err);

/* One pair of float matrices outside of any graph: c [m, n] = a b, row-major without gaps. */
typedef struct fdml_float_product {
    float *c;
    const float *a, *b;
    size_t m, n, k;
    bool a_is_transposed, b_is_transposed; /* stored [k, m]; stored [n, k] */
} fdml_float_product;
typedef struct fdml_product_means {
    const fdml_kernels *kernels;
    int n_threads;
    fdml_arena *work; /* scratch, given back */
} fdml_product_means;
/* FDML_E_NOMEM: scratch. */
fdml_status fdml_product_floats(const fdml_float_product *product,
                                const fdml_product_means *means, fdml_error *err);

#endif
