/* onnx_export.h - a graph as an ONNX file.
 *
 * Every node, attribute and constant as the graph has it, under the operator set that its nodes
 * speak, so that import(export(graph)) is the graph again and runs to the same bits. Inputs and
 * outputs are declared as the graph declares them; a free dimension is written as one with a
 * name ("N" where it is the first).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ONNX_EXPORT_H
#define FDML_MODEL_ONNX_EXPORT_H

#include "base/file.h"
#include "model/graph.h"

/* The file is complete or absent (base/file.h). FDML_E_LIMIT: weights of 2 GiB or more, which
 * protobuf does not take; FDML_E_UNSUPPORTED: an output of undeclared type that nothing tells;
 * FDML_E_IO. */
fdml_status fdml_onnx_export(const char *path, const fdml_graph *graph, fdml_error *err);

/* The same to a stream; errors of writing stay in the FILE. `name` starts the sentences. */
fdml_status fdml_onnx_export_stream(FILE *file, const char *name, const fdml_graph *graph,
                                    fdml_error *err);

#endif
