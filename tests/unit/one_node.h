/* one_node.h - runs a single operator for unit tests, as a graph of one node.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_ONE_NODE_H
#define FDML_TESTS_UNIT_ONE_NODE_H

#include "model/graph_build.h"
#include "model/interpret.h"

enum { ONE_NODE_MAX = 5 };

typedef struct one_node {
    const char *op;
    int opset;
    size_t n_attrs;
    fdml_attr attr[8];
    size_t n_inputs, n_outputs;      /* n_outputs 0: one */
    fdml_tensor input[ONE_NODE_MAX]; /* type NONE: left out */
    fdml_tensor output[ONE_NODE_MAX];
    const fdml_kernels *kernels; /* NULL: the best */
    int n_threads;               /* 0: one */
} one_node;

/* A float32 input of so many dimensions; data are borrowed. */
fdml_tensor one_node_floats(const float *data, int rank, const size_t *dim);
fdml_tensor one_node_tensor(fdml_type type, const void *data, int rank, const size_t *dim);

/* The arena holds graph and outputs. */
fdml_status one_node_run(one_node *node, fdml_arena *arena, fdml_error *err);

/* Runs, and fails the test unless output 0 has this shape and these values, each within
 * tolerance * (1 + |expected|). */
void one_node_expect(one_node *node, int rank, const size_t *dim, const float *expected,
                     double tolerance);

/* Runs, and fails the test unless it is refused so: the sentence after "net: node 0 (Op): ". */
void one_node_refused(one_node *node, fdml_status status, const char *text);

/* Runs by every instruction set and one to four threads; all outputs must have equal bits. */
void one_node_same_bits(one_node *node);

/* n values between -1 and 1, the same for the same seed. */
void one_node_fill(float *values, size_t n, uint64_t seed);

#endif
