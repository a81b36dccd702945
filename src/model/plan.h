/* plan.h - a graph made ready to run for given input shapes.
 *
 * Planning infers every shape, folds what is constant, fuses convolution + batch normalisation
 * + activation + residual addition, chooses an algorithm and a layout (NCHWc16: sixteen
 * channels innermost) for every step, packs the weights, and places every activation in one
 * reused buffer. After that a run allocates nothing. The numbers of an image depend neither on
 * the other images of its batch, nor on the batch's size, threads or instruction set.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_PLAN_H
#define FDML_MODEL_PLAN_H

#include "model/graph.h"
#include "simd/kernels.h"

typedef struct fdml_plan fdml_plan;

typedef struct fdml_plan_options {
    const fdml_kernels *kernels; /* NULL: the best of this machine */
    int n_threads;               /* 0: fdml_threads_default */
    size_t max_memory;           /* bytes of plan, weights and buffer; 0: unlimited */
    bool is_reference;           /* every node by its operator's `run`, nothing fused */
    bool keep_all;               /* no reuse of the buffer: every step's output can be read */
} fdml_plan_options;

/* input: [graph->n_inputs] types and shapes; where data is not NULL the values are taken as
 * constant, as those of Reshape's shape must be. The graph is borrowed while the plan lives.
 * FDML_E_DATA, FDML_E_UNSUPPORTED: as the operators' infer; FDML_E_LIMIT: max_memory. */
fdml_status fdml_plan_new(fdml_plan **plan, const fdml_graph *graph, const fdml_tensor *input,
                          const fdml_plan_options *options, fdml_error *err);
void fdml_plan_free(fdml_plan *plan);

/* input: [n_inputs] with data, shapes as planned (FDML_E_ARG otherwise). output: [n_outputs]
 * of views into the plan, valid until its next run or its end. */
fdml_status fdml_plan_run(fdml_plan *plan, const fdml_tensor *input, fdml_tensor *output,
                          fdml_error *err);

/* Shape and type of an output, before any run. */
const fdml_tensor *fdml_plan_output(const fdml_plan *plan, size_t index);

typedef struct fdml_plan_memory {
    size_t weights; /* bytes of packed and folded constants */
    size_t buffer;  /* bytes of activations, all steps sharing */
    size_t scratch; /* bytes of all threads */
} fdml_plan_memory;
void fdml_plan_get_memory(fdml_plan_memory *memory, const fdml_plan *plan);

/* Steps, for people: what became of the nodes. */
typedef struct fdml_plan_step_info {
    const char *name;      /* of the node whose output the step makes */
    const char *op;        /* "Conv+BatchNormalization+Relu" */
    const char *algorithm; /* "winograd 4x4", "1x1", "depthwise", "reference" ... */
    uint32_t value;        /* of the graph: what the step makes */
    fdml_tensor output;    /* its shape */
    double flops;          /* of the definition: a multiply-add is two; 0: not counted */
    size_t n_parameters;
    double seconds; /* of the last run, where timing was asked for */
} fdml_plan_step_info;
size_t fdml_plan_n_steps(const fdml_plan *plan);
void fdml_plan_get_step(fdml_plan_step_info *info, const fdml_plan *plan, size_t step);
void fdml_plan_time_steps(fdml_plan *plan, bool on);
/* The value's items in row-major order into values[n_items] after a run of a plan that keeps
 * all; false where the value was folded, fused away or is not of float32. */
bool fdml_plan_read_value(float *values, const fdml_plan *plan, uint32_t value);

#endif
