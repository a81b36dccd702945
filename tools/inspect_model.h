/* inspect_model.h - what fdml-inspect finds in a model: an ONNX file, or a file of tensors.
 *
 * The import stops at the first thing it cannot run. Here all of the file is looked at first,
 * so that every operator that is not supported is named at once, with its nodes.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_INSPECT_MODEL_H
#define FDML_TOOLS_INSPECT_MODEL_H

#include "base/json.h"
#include "cli.h"
#include "data/onnx_file.h"
#include "data/safetensors.h"
#include "model/model.h"
#include "model/plan.h"

enum { INSPECT_NODES_SHOWN = 8 };

typedef struct inspect_op {
    const char *name; /* "Conv", "com.microsoft.FusedConv" */
    bool is_supported;
    size_t count, node[INSPECT_NODES_SHOWN]; /* the first of them, by place in the file */
} inspect_op;

typedef struct inspect_model {
    const char *path;
    size_t size; /* bytes of the file */
    fdml_map map;
    bool is_onnx;
    fdml_onnx_file onnx;      /* where it is one */
    fdml_safetensors tensors; /* else */
    size_t n_ops, n_unsupported;
    inspect_op *op; /* [n_ops] by falling count */
    size_t n_parameters, parameter_bytes, n_tensors;
    /* Where it can be opened and planned; else `why` says what stands in the way. */
    fdml_model model;
    fdml_plan *plan;
    char shape[FDML_SHAPE_TEXT]; /* of the input that was planned for */
    fdml_plan_memory memory;
    double flops;
    char why[FDML_ERROR_MAX];
} inspect_model;

typedef struct inspect_model_options {
    const char *shape; /* "1,3,224,224"; NULL: as declared, with `batch` */
    size_t batch;
    bool layers;
    const fdml_kernels *kernels;
    int n_threads;
} inspect_model_options;

bool inspect_is_model(const char *path); /* by suffix: .onnx */
/* A .safetensors that says itself to be a network, or a state, of fdml. */
bool inspect_is_ours(const char *path, fdml_arena *arena);
void inspect_model_open(inspect_model *found, const char *path,
                        const inspect_model_options *options, fdml_arena *arena);
void inspect_model_close(inspect_model *found);

void inspect_print_model(const inspect_model *found, const inspect_model_options *options,
                         fdml_arena *arena);
void inspect_json_model(fdml_json_writer *w, const inspect_model *found);

#endif
