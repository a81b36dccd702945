/* twin_net.h - one net twice: in float32 as it is trained, in float64 as it is defined.
 *
 * A net is a function that adds nodes to a twin; it is called once for each type. The float64
 * net runs by the interpreter, whose operators are tested against the specification, and
 * normalises by the batch with ReduceMean and friends. So a central difference of it is a
 * gradient that owes nothing to the code under test, good to about 1e-9.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_TWIN_NET_H
#define FDML_TESTS_UNIT_TWIN_NET_H

#include "model/graph_build.h"

enum { TWIN_PARAMS = 32, TWIN_NAME = 24 };

typedef struct twin_param {
    char name[TWIN_NAME];
    size_t n;
    float *f;
    double *d;
    bool is_trained; /* else a running statistic */
} twin_param;

typedef struct twin {
    fdml_arena arena;
    fdml_graph_builder b;
    fdml_type type; /* of the net that is being built */
    size_t n_params, next;
    twin_param param[TWIN_PARAMS];
    fdml_graph graph[2]; /* float32, float64 */
    bool is_frozen;      /* normalisation by running statistics in both */
    bool is_flat;        /* the input is [N, C] */
} twin;

typedef uint32_t twin_net(twin *t, uint32_t x);

/* Builds both, for an input of this shape. */
void twin_build(twin *t, twin_net *net, const fdml_tensor *input, bool is_frozen);
void twin_close(twin *t);

typedef struct twin_conv {
    int64_t n_in, n_out, kernel, stride, pad, dilation, groups;
    bool has_bias;
} twin_conv;
uint32_t twin_add_conv(twin *t, uint32_t x, const twin_conv *conv);
uint32_t twin_add_norm(twin *t, uint32_t x, int64_t n);
uint32_t twin_add_prelu(twin *t, uint32_t x, int64_t n);
uint32_t twin_add_clip(twin *t, uint32_t x, double low, double high);
uint32_t twin_add_gemm(twin *t, uint32_t x, int64_t n_in, int64_t n_out, bool is_turned);
uint32_t twin_add_pool(twin *t, uint32_t x, const char *op, int64_t kernel, int64_t stride,
                       int64_t pad);
uint32_t twin_add(twin *t, const char *op, uint32_t a, uint32_t b); /* b FDML_NO_VALUE: one */

/* sum of weight[i] * y[i] in double, with every parameter's d as it is. */
double twin_loss(twin *t, const double *x, const fdml_tensor *input, const double *weight);

#endif
