/* onnx_import.h - an ONNX file as a graph.
 *
 * Specification: https://onnx.ai/onnx/repo-docs/IR.html and Operators.html, opsets 6 to 21 of
 * the domain "" ("ai.onnx"). data/onnx_file.h has read and checked the bytes; here names become
 * value ids, nodes are put in topological order, and everything that we cannot run is refused:
 *
 *   model.onnx: node 17 "Foo": operator NonMaxSuppression is not supported
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ONNX_IMPORT_H
#define FDML_MODEL_ONNX_IMPORT_H

#include "data/onnx_file.h"
#include "model/graph.h"

/* The graph is in the arena; large constants are in the mapped file and in those of external
 * data beside it, which fdml_graph_close gives back. */
fdml_status fdml_onnx_import(fdml_graph *graph, const char *path, fdml_arena *arena,
                             fdml_error *err);

/* The same from bytes, which must outlive the graph; `directory` is where external data are
 * looked for, NULL: refused. */
fdml_status fdml_onnx_import_bytes(fdml_graph *graph, const char *name,
                                   const unsigned char *bytes, size_t size,
                                   const char *directory, fdml_arena *arena, fdml_error *err);

#endif
