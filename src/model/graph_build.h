/* graph_build.h - a graph put together one piece at a time.
 *
 * The first error is kept and everything after it is ignored, so a builder reads as straight
 * code and only finish is asked:
 *
 *     fdml_graph_builder b;
 *     fdml_graph_builder_init(&b, &arena, "net", 13);
 *     uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 4, dims);
 *     uint32_t w = fdml_graph_builder_add_constant(&b, "w", &weights);
 *     uint32_t y = fdml_graph_builder_add_node(&b, &(fdml_graph_node){
 *         .op = "Conv", .name = "conv1", .n_inputs = 2, .input = (uint32_t[]){ x, w },
 *         .n_attrs = 1, .attr = (fdml_attr[]){ fdml_attr_ints("pads", 4, pads) } });
 *     fdml_graph_builder_add_output(&b, y);
 *     status = fdml_graph_builder_finish(&b, &graph, err);
 *
 * All memory comes from the arena. Names, texts and arrays are copied; the data of tensors are
 * borrowed and must live as long as the graph.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_GRAPH_BUILD_H
#define FDML_MODEL_GRAPH_BUILD_H

#include "base/arena.h"
#include "model/graph.h"

typedef struct fdml_graph_builder {
    fdml_arena *arena;
    fdml_graph graph; /* what is fixed from the start: name, opset */
    fdml_status status;
    fdml_error error; /* the first */
    fdml_graph_value *value;
    fdml_node *node;
    uint32_t *input, *output;
    uint32_t next_index; /* of a node, for messages */
    size_t n_values, n_nodes, n_inputs, n_outputs;
    size_t room_values, room_nodes, room_inputs, room_outputs;
} fdml_graph_builder;

/* `name` starts error sentences; opset 6 to 21 is whose semantics the nodes have. */
void fdml_graph_builder_init(fdml_graph_builder *builder, fdml_arena *arena, const char *name,
                             int opset);

/* Each returns the new value's id, FDML_NO_VALUE after an error. */
uint32_t fdml_graph_builder_add_input(fdml_graph_builder *builder, const char *name,
                                      fdml_type type, int rank, const int64_t *dim);
uint32_t fdml_graph_builder_add_constant(fdml_graph_builder *builder, const char *name,
                                         const fdml_tensor *tensor);
/* A value that a node added before or after must produce. */
uint32_t fdml_graph_builder_add_value(fdml_graph_builder *builder, const char *name);

/* What a value of add_value is: these and the two above are the same in two steps. */
void fdml_graph_builder_mark_input(fdml_graph_builder *builder, uint32_t value);
void fdml_graph_builder_set_constant(fdml_graph_builder *builder, uint32_t value,
                                     const fdml_tensor *tensor);

typedef struct fdml_graph_node {
    const char *op, *name; /* name NULL: none */
    uint32_t n_inputs;
    const uint32_t *input;  /* value ids or FDML_NO_VALUE */
    uint32_t n_outputs;     /* 0: one */
    const uint32_t *output; /* ids of add_value; NULL: new values, named after the node */
    uint32_t n_attrs;
    const fdml_attr *attr;
} fdml_graph_node;

/* The id of the first output; further new ones follow it. Refuses what the operator does not
 * have: "net: node 3 "conv1": operator Foo is not supported". */
uint32_t fdml_graph_builder_add_node(fdml_graph_builder *builder, const fdml_graph_node *node);

/* The next node has an index one higher: one of the file was no node of the graph. */
void fdml_graph_builder_skip_node(fdml_graph_builder *builder);

void fdml_graph_builder_add_output(fdml_graph_builder *builder, uint32_t value);
/* What is known of a value's type and shape; dim -1: free, rank -1: not known. */
void fdml_graph_builder_declare(fdml_graph_builder *builder, uint32_t value, fdml_type type,
                                int rank, const int64_t *dim);

/* For errors of the caller's own: kept if it is the first. */
fdml_status fdml_graph_builder_fail(fdml_graph_builder *builder, fdml_status status,
                                    const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* Every value produced once, every input of a node produced, no cycle; then the nodes in an
 * order in which each comes after those it needs, and otherwise in the order of adding. The
 * graph keeps `index`, a node's place in the order of adding. */
fdml_status fdml_graph_builder_finish(fdml_graph_builder *builder, fdml_graph *graph,
                                      fdml_error *err);

fdml_attr fdml_attr_int(const char *name, int64_t value);
fdml_attr fdml_attr_float(const char *name, float value);
fdml_attr fdml_attr_string(const char *name, const char *value);
fdml_attr fdml_attr_tensor(const char *name, const fdml_tensor *value);
fdml_attr fdml_attr_ints(const char *name, size_t n, const int64_t *values);
fdml_attr fdml_attr_floats(const char *name, size_t n, const float *values);
fdml_attr fdml_attr_strings(const char *name, size_t n, const char *const *values);

#endif
