/* onnx_write.h - an ONNX file from the structures of onnx_file.h.
 *
 * What fdml_onnx_parse reads, it gets back: the same nodes, attributes, tensors, inputs and
 * outputs. Of these are written: no attribute of type FDML_ONNX_GRAPH, no external data
 * (tensors are all in the file), and of free dimensions the first of all inputs and outputs as
 * "N" where there is one input, the others without a name.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_ONNX_WRITE_H
#define FDML_DATA_ONNX_WRITE_H

#include <stdio.h>

#include "data/onnx_file.h"

/* Errors of writing stay in the FILE. `name` starts the sentence of FDML_E_LIMIT: 2 GiB or
 * more, which protobuf does not take. */
fdml_status fdml_onnx_write(FILE *file, const fdml_onnx_file *model, const char *name,
                            fdml_error *err);

#endif
