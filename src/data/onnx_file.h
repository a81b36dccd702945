/* onnx_file.h - the parts of an ONNX protobuf that we use, as plain structures.
 *
 * The only file that knows protobuf-c. What it hands out is checked: UTF-8 names, dims that are
 * not negative and whose product fits, data as long as dims and type say, attributes whose kind
 * matches their content. Fields of the format that we do not read (training, functions,
 * quantisation notes) are skipped; a model that needs them is refused by whoever misses them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_ONNX_FILE_H
#define FDML_DATA_ONNX_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_onnx_tensor {
    const char *name; /* may be empty */
    int type;         /* TensorProto.DataType, 1..22; 0: not a tensor */
    int rank;
    const int64_t *dim;
    size_t n_items;
    /* Items as they lie in memory: native floats and integers, one byte for 4-bit items and
     * booleans, a `const char *` for strings; in the arena or inside the mapped bytes, of any
     * alignment. NULL where is_external and no directory was given. */
    const void *data;
    bool is_external;
} fdml_onnx_tensor;

typedef enum fdml_onnx_attr_type { /* AttributeProto.AttributeType */
                                   FDML_ONNX_FLOAT = 1,
                                   FDML_ONNX_INT = 2,
                                   FDML_ONNX_STRING = 3,
                                   FDML_ONNX_TENSOR = 4,
                                   FDML_ONNX_GRAPH =
                                       5, /* and anything newer: present, not read */
                                   FDML_ONNX_FLOATS = 6,
                                   FDML_ONNX_INTS = 7,
                                   FDML_ONNX_STRINGS = 8
} fdml_onnx_attr_type;

typedef struct fdml_onnx_attr {
    const char *name;
    fdml_onnx_attr_type type;
    float f;
    int64_t i;
    const char *s;
    const fdml_onnx_tensor *t;
    size_t n;
    const float *floats;
    const int64_t *ints;
    const char *const *strings;
} fdml_onnx_attr;

typedef struct fdml_onnx_node {
    const char *name, *op_type, *domain; /* "" where absent */
    size_t n_inputs, n_outputs, n_attrs;
    const char *const *input, *const *output; /* "" : left out */
    const fdml_onnx_attr *attr;
} fdml_onnx_node;

typedef struct fdml_onnx_value { /* ValueInfoProto of a graph input or output */
    const char *name;
    int type;           /* element type; 0: not a tensor (a sequence, a map, an optional) */
    int rank;           /* -1: no shape given */
    const int64_t *dim; /* -1: free or named */
} fdml_onnx_value;

typedef struct fdml_onnx_file {
    int64_t ir_version;
    const char *producer_name, *producer_version;
    int64_t opset; /* of the domain "" or "ai.onnx"; 0: not imported */
    size_t n_nodes, n_initializers, n_inputs, n_outputs;
    const fdml_onnx_node *node;
    const fdml_onnx_tensor *initializer;
    const fdml_onnx_value *input, *output;
} fdml_onnx_file;

/* Everything is copied to the arena or points into `bytes`, which must outlive it. `name`
 * starts every sentence; `directory` is where external data are (NULL: they are refused). */
fdml_status fdml_onnx_parse(fdml_onnx_file *file, const char *name, const unsigned char *bytes,
                            size_t size, const char *directory, fdml_arena *arena,
                            fdml_error *err);

/* A lone TensorProto: what input_0.pb and output_0.pb of the conformance tests are. */
fdml_status fdml_onnx_parse_tensor(fdml_onnx_tensor *tensor, const char *name,
                                   const unsigned char *bytes, size_t size, fdml_arena *arena,
                                   fdml_error *err);

#endif
