/* onnx_constant.h - tensors of an ONNX file, and Constant nodes, as tensors of the graph.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ONNX_CONSTANT_H
#define FDML_MODEL_ONNX_CONSTANT_H

#include "data/onnx_file.h"
#include "model/tensor.h"

/* A view of the same data. `what` starts the sentence. FDML_E_UNSUPPORTED: too many
 * dimensions. */
fdml_status fdml_onnx_as_tensor(fdml_tensor *tensor, const fdml_onnx_tensor *from,
                                const char *what, fdml_error *err);

/* The value of a Constant node, whichever attribute has it; the sentence names the attribute
 * and not the node. Data are those of the node. */
fdml_status fdml_onnx_constant(fdml_tensor *tensor, const fdml_onnx_node *node,
                               fdml_error *err);

#endif
