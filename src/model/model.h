/* model.h - opens a network from a file, whatever kind of file it is.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_MODEL_H
#define FDML_MODEL_MODEL_H

#include "base/arena.h"
#include "data/preprocess.h"
#include "model/graph.h"

typedef struct fdml_model {
    fdml_graph graph;
    const char *kind; /* "onnx", "checkpoint" */
    fdml_arena arena; /* holds all of the graph */
    /* How its pictures became numbers, where a checkpoint says it. */
    bool has_preprocess;
    fdml_preprocess preprocess;
} fdml_model;

/* By suffix: .onnx (onnx_import.h), .safetensors (a checkpoint of ours, checkpoint.h). */
fdml_status fdml_model_open(fdml_model *model, const char *path, fdml_error *err);
void fdml_model_close(fdml_model *model);

#endif
