/* op.h - what an operator is: how its outputs look, and how they are computed.
 *
 * ops.def lists every operator once. Each has two functions: `infer` sets the type and shape of
 * the outputs from the types, shapes and, where it must (Reshape's second input), the values of
 * the inputs; `run` computes them by the operator's specification, row-major, for every type
 * and rank that the specification has and we can compute with. `run` is the reference: it
 * folds constants, runs what the plan has no faster way for, and is what faster ways are
 * tested against. It is threaded and vectorised where that is simple, and clear everywhere.
 *
 * A node's `opset` says which version of the specification holds.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_OP_H
#define FDML_MODEL_OP_H

#include "base/arena.h"
#include "model/graph.h"
#include "simd/kernels.h"

enum { FDML_OP_MAX_INPUTS = 1024, FDML_OP_MAX_OUTPUTS = 256 };

/* One application of an operator. Shapes and types of inputs are always set; the data of an
 * input may be NULL during infer. */
typedef struct fdml_op_call {
    const fdml_graph *graph; /* for messages */
    const fdml_node *node; /* NULL: computed outside of a graph, such as a layer in training */
    size_t n_inputs, n_outputs;
    const fdml_tensor *const *input; /* NULL: left out; trailing ones may be absent */
    fdml_tensor *const *output;      /* NULL: not asked for */
    const fdml_kernels *kernels;     /* run only */
    int n_threads;                   /* run only */
    fdml_arena *work;                /* run only: scratch, reset by the caller */
} fdml_op_call;

typedef struct fdml_op {
    const char *name; /* "Conv" */
    int since;        /* first opset that has it */
    int min_inputs, max_inputs, max_outputs;
    /* FDML_E_DATA: shapes that do not fit, said by name and number. FDML_E_UNSUPPORTED: an
     * option or type outside of what we compute, or a shape that depends on values which are
     * not known yet (input[i]->data NULL); then `fdml_op_unknown` writes the sentence. */
    fdml_status (*infer)(const fdml_op_call *call, fdml_error *err);
    /* Outputs have their shapes and memory. Never fails on what infer has let pass, except for
     * FDML_E_NOMEM of scratch and values that the specification forbids (an index out of
     * range): FDML_E_DATA. */
    fdml_status (*run)(const fdml_op_call *call, fdml_error *err);
} fdml_op;

/* NULL: not supported. */
const fdml_op *fdml_op_find(const char *name);
const fdml_op *fdml_op_list(size_t index); /* NULL past the last */

/* Input i, or NULL where it is left out or there are fewer. */
static inline const fdml_tensor *fdml_op_input(const fdml_op_call *call, size_t i)
{
    return i < call->n_inputs ? call->input[i] : NULL;
}
static inline fdml_tensor *fdml_op_output(const fdml_op_call *call, size_t i)
{
    return i < call->n_outputs ? call->output[i] : NULL;
}

/* fdml_node_fail of the call's node. */
fdml_status fdml_op_fail(const fdml_op_call *call, fdml_error *err, fdml_status status,
                         const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/* "the shape depends on the values of input 1 "shape", which are only known in a run" */
fdml_status fdml_op_unknown(const fdml_op_call *call, size_t i, fdml_error *err);

/* Sets output i (where asked for) to the type and shape; FDML_E_LIMIT where it cannot exist. */
fdml_status fdml_op_set(const fdml_op_call *call, size_t i, fdml_type type, int rank,
                        const size_t *dim, fdml_error *err);
/* NumPy's broadcasting of n shapes; FDML_E_DATA names the two that do not fit. */
fdml_status fdml_op_broadcast(const fdml_op_call *call, fdml_tensor *shape, size_t n,
                              const fdml_tensor *const *input, fdml_error *err);
/* axis in [-rank, rank-1] made one of 0..rank-1. */
fdml_status fdml_op_axis(const fdml_op_call *call, int *axis, int64_t value, int rank,
                         fdml_error *err);

#endif
