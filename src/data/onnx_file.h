/* onnx_file.h - the parts of an ONNX protobuf that we use, as plain structures.
 *
 * The onnx_*.c files are the only ones that know protobuf-c. What they hand out is checked:
 * UTF-8 names, dims that are not negative and whose product fits, data as long as dims and type
 * say, attributes whose kind matches their content. Fields of the format that we do not read
 * (training, functions, quantisation notes) are skipped; a model that needs them is refused by
 * whoever misses them.
 *
 * Memory: large tensors stay where they are in the mapped bytes, if they lie there as they are
 * used; those that must be decoded take at most eight bytes for each byte of the files, and
 * all names, shapes and lists together FDML_ONNX_MAX_STRUCTURE.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_ONNX_FILE_H
#define FDML_DATA_ONNX_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map_list.h"
#include "base/status.h"

#define FDML_ONNX_MAX_STRUCTURE                                                                \
    ((size_t)256 << 20)                            /* bytes; a net of 1,000 nodes takes 1 MB   \
                                                    */
#define FDML_ONNX_MAX_UNPACKED ((size_t)256 << 20) /* bytes, for one node while it is read */
enum {
    FDML_ONNX_MAX_RANK = 64, /* of what can be read at all */
    FDML_ONNX_MAX_ATTRS = 64 /* of a node; no operator has half as many */
};

typedef struct fdml_onnx_tensor {
    const char *name; /* may be empty */
    int type;         /* TensorProto.DataType, 1..22; 0: not a tensor */
    int rank;
    const int64_t *dim;
    size_t n_items;
    /* Items as they lie in memory: native floats and integers, one byte for 4-bit items and
     * booleans, a `const char *` for strings; in the arena or inside mapped bytes, of any
     * alignment. Never NULL. */
    const void *data;
    bool is_external; /* from a file beside the model's */
} fdml_onnx_tensor;

/* AttributeProto.AttributeType. GRAPH stands for whatever is present and not read: graphs,
 * lists of tensors, types, references to a function's attribute, bytes that are no text. */
typedef enum fdml_onnx_attr_type {
    FDML_ONNX_FLOAT = 1,
    FDML_ONNX_INT = 2,
    FDML_ONNX_STRING = 3,
    FDML_ONNX_TENSOR = 4,
    FDML_ONNX_GRAPH = 5,
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
    fdml_map_list *maps; /* files of external data, which tensors point into */
} fdml_onnx_file;

/* Everything is copied to the arena or points into `bytes`, which must outlive it, or into
 * `maps`, which whoever takes the file closes. `name` starts every sentence; `directory` is
 * where external data are, "" for here (NULL: they are refused). */
fdml_status fdml_onnx_parse(fdml_onnx_file *file, const char *name, const unsigned char *bytes,
                            size_t size, const char *directory, fdml_arena *arena,
                            fdml_error *err);

/* Bytes of a tensor's items as a file has them in raw_data, two items of 4 bits in a byte; of
 * strings, which have none there, 0. */
size_t fdml_onnx_raw_size(const fdml_onnx_tensor *tensor);

/* A lone TensorProto: what input_0.pb and output_0.pb of the conformance tests are. External
 * data are refused. */
fdml_status fdml_onnx_parse_tensor(fdml_onnx_tensor *tensor, const char *name,
                                   const unsigned char *bytes, size_t size, fdml_arena *arena,
                                   fdml_error *err);

#endif
