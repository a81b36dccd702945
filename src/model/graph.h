/* graph.h - a network as it was written down: nodes in topological order, joined by values.
 *
 * onnx_import fills one from a file, backbone builds the known nets, and plan.h turns one into
 * something that runs. A graph is immutable once built and holds no state of a run; it and all
 * it points to live in the arena it was built in, large constants possibly in mapped files,
 * which fdml_graph_close gives back.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_GRAPH_H
#define FDML_MODEL_GRAPH_H

#include "base/map_list.h"
#include "model/tensor.h"

#define FDML_NO_VALUE UINT32_MAX /* an optional input or output that is left out */

typedef struct fdml_op fdml_op; /* op.h */

typedef enum fdml_attr_kind {
    FDML_ATTR_INT,
    FDML_ATTR_FLOAT,
    FDML_ATTR_STRING,
    FDML_ATTR_TENSOR,
    FDML_ATTR_INTS,
    FDML_ATTR_FLOATS,
    FDML_ATTR_STRINGS
} fdml_attr_kind;

typedef struct fdml_attr {
    const char *name;
    fdml_attr_kind kind;
    size_t n; /* of ints, floats, strings; 1 for the others */
    union {
        int64_t i;
        float f;
        const char *s;
        const int64_t *ints;
        const float *floats;
        const char *const *strings;
        const fdml_tensor *tensor;
    } as;
} fdml_attr;

typedef struct fdml_node {
    const fdml_op *op;
    const char *name; /* as in the file, may be empty */
    uint32_t index;   /* in the file, for messages: node 17 */
    int opset;        /* version of the operator set the file speaks */
    uint32_t n_inputs, n_outputs, n_attrs;
    const uint32_t *input, *output; /* value ids, or FDML_NO_VALUE */
    const fdml_attr *attr;
} fdml_node;

typedef struct fdml_graph_value {
    const char *name;
    fdml_tensor constant; /* data not NULL: an initializer */
    /* As declared by the file, for inputs and outputs; rank -1: not declared. */
    fdml_type type;
    int rank;
    int64_t dim[FDML_MAX_RANK]; /* -1: free */
} fdml_graph_value;

typedef struct fdml_graph {
    const char *name; /* starts every error sentence: the path as the user wrote it */
    size_t n_values, n_nodes, n_inputs, n_outputs;
    const fdml_graph_value *value;
    const fdml_node *node;  /* every input is produced before, or constant, or an input */
    const uint32_t *input;  /* [n_inputs]: those that have no initializer */
    const uint32_t *output; /* [n_outputs] */
    int64_t ir_version;     /* 0: not from a file */
    const char *producer;   /* "pytorch 2.1", may be empty */
    int opset;
    fdml_map_list *maps; /* files that constants point into */
} fdml_graph;

/* Before the arena is closed. A graph without mapped files, or a zeroed one, is allowed. */
void fdml_graph_close(fdml_graph *graph);

/* NULL where the node has none of that name. A wrong kind was refused by the import. */
const fdml_attr *fdml_node_attr(const fdml_node *node, const char *name);
int64_t fdml_node_int(const fdml_node *node, const char *name, int64_t otherwise);
float fdml_node_float(const fdml_node *node, const char *name, float otherwise);
const char *fdml_node_text(const fdml_node *node, const char *name, const char *otherwise);

/* `model.onnx: node 17 "Conv_3" (Conv): ` and then the sentence: how every complaint about a
 * node reads. */
fdml_status fdml_node_fail(fdml_error *err, fdml_status status, const fdml_graph *graph,
                           const fdml_node *node, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 5, 6)))
#endif
    ;

#endif
