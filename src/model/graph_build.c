/* graph_build.c - collects values and nodes; graph_order.c finishes. See graph_build.h.
 * SPDX-License-Identifier: MIT */
#include "model/graph_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/op.h"

fdml_status fdml_graph_builder_fail(fdml_graph_builder *builder, fdml_status status,
                                    const char *format, ...)
{
    if (builder->status) return builder->status;
    char text[FDML_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    builder->status = fdml_fail(&builder->error, status, "%s", text);
    return status;
}

static void fail_memory(fdml_graph_builder *b)
{
    fdml_graph_builder_fail(b, FDML_E_NOMEM, "%.200s: no memory for the graph", b->graph.name);
}

static const char *copy_text(fdml_graph_builder *b, const char *text)
{
    if (!text || !*text) return "";
    const char *copy = fdml_arena_copy_text(b->arena, text, strlen(text));
    if (!copy) fail_memory(b);
    return copy;
}

static void *copy_array(fdml_graph_builder *b, const void *items, size_t n, size_t size)
{
    if (!n) return NULL;
    void *copy = fdml_arena_push(b->arena, n, size);
    if (!copy) {
        fail_memory(b);
        return NULL;
    }
    return memcpy(copy, items, n * size);
}

/* Room for one more: the list doubles, which leaves at most as much again behind. */
static bool grow(fdml_graph_builder *b, void *list, size_t n, size_t *room, size_t size)
{
    void *old;
    if (b->status) return false;
    if (n < *room) return true;
    const size_t wanted = *room ? 2 * *room : 64;
    void *grown = wanted < FDML_NO_VALUE ? fdml_arena_push(b->arena, wanted, size) : NULL;
    if (!grown) {
        fail_memory(b);
        return false;
    }
    memcpy(&old, list, sizeof old);
    if (n) memcpy(grown, old, n * size);
    memcpy(list, &grown, sizeof grown);
    *room = wanted;
    return true;
}

void fdml_graph_builder_init(fdml_graph_builder *builder, fdml_arena *arena, const char *name,
                             int opset)
{
    *builder = (fdml_graph_builder){ .arena = arena };
    builder->graph.name = name; /* for a complaint about its copy */
    builder->graph.opset = opset;
    builder->graph.producer = "";
    builder->graph.name = copy_text(builder, name);
    if (!builder->graph.name) builder->graph.name = "";
}

uint32_t fdml_graph_builder_add_value(fdml_graph_builder *builder, const char *name)
{
    fdml_graph_builder *b = builder;
    const char *copy = b->status ? NULL : copy_text(b, name);
    if (!grow(b, &b->value, b->n_values, &b->room_values, sizeof *b->value))
        return FDML_NO_VALUE;
    b->value[b->n_values] = (fdml_graph_value){ .name = copy, .rank = -1 };
    return (uint32_t)b->n_values++;
}

void fdml_graph_builder_declare(fdml_graph_builder *builder, uint32_t value, fdml_type type,
                                int rank, const int64_t *dim)
{
    if (builder->status || value == FDML_NO_VALUE) return;
    fdml_graph_value *v = &builder->value[value];
    if (rank > FDML_MAX_RANK) {
        fdml_graph_builder_fail(builder, FDML_E_UNSUPPORTED,
                                "%.200s: \"%.90s\" has %d dimensions, the limit is %d",
                                builder->graph.name, v->name, rank, FDML_MAX_RANK);
        return;
    }
    v->type = type;
    v->rank = rank;
    for (int i = 0; i < rank; i++) v->dim[i] = dim[i];
}

void fdml_graph_builder_mark_input(fdml_graph_builder *builder, uint32_t value)
{
    fdml_graph_builder *b = builder;
    if (!grow(b, &b->input, b->n_inputs, &b->room_inputs, sizeof *b->input)) return;
    b->input[b->n_inputs++] = value;
}

uint32_t fdml_graph_builder_add_input(fdml_graph_builder *builder, const char *name,
                                      fdml_type type, int rank, const int64_t *dim)
{
    const uint32_t id = fdml_graph_builder_add_value(builder, name);
    fdml_graph_builder_declare(builder, id, type, rank, dim);
    fdml_graph_builder_mark_input(builder, id);
    return id;
}

void fdml_graph_builder_set_constant(fdml_graph_builder *builder, uint32_t value,
                                     const fdml_tensor *tensor)
{
    if (builder->status) return;
    fdml_graph_value *v = &builder->value[value];
    v->constant = *tensor;
    if (!tensor->data && !tensor->n_items) /* no items, and yet a constant */
        v->constant.data = fdml_arena_push(builder->arena, 0, 1);
    if (!v->constant.data)
        fdml_graph_builder_fail(builder, FDML_E_ARG, "%.200s: constant \"%.90s\" has no data",
                                builder->graph.name, v->name);
}

uint32_t fdml_graph_builder_add_constant(fdml_graph_builder *builder, const char *name,
                                         const fdml_tensor *tensor)
{
    const uint32_t id = fdml_graph_builder_add_value(builder, name);
    fdml_graph_builder_set_constant(builder, id, tensor);
    return id;
}

void fdml_graph_builder_add_output(fdml_graph_builder *builder, uint32_t value)
{
    fdml_graph_builder *b = builder;
    if (value == FDML_NO_VALUE)
        fdml_graph_builder_fail(b, FDML_E_ARG, "%.200s: an output of the graph is no value",
                                b->graph.name);
    if (!grow(b, &b->output, b->n_outputs, &b->room_outputs, sizeof *b->output)) return;
    b->output[b->n_outputs++] = value;
}

static void copy_attr(fdml_graph_builder *b, fdml_attr *attr)
{
    const char **texts;
    attr->name = copy_text(b, attr->name);
    switch (attr->kind) {
    case FDML_ATTR_INT:
    case FDML_ATTR_FLOAT:
        break;
    case FDML_ATTR_STRING:
        attr->as.s = copy_text(b, attr->as.s);
        break;
    case FDML_ATTR_TENSOR:
        attr->as.tensor = copy_array(b, attr->as.tensor, 1, sizeof *attr->as.tensor);
        break;
    case FDML_ATTR_INTS:
        attr->as.ints = copy_array(b, attr->as.ints, attr->n, sizeof *attr->as.ints);
        break;
    case FDML_ATTR_FLOATS:
        attr->as.floats = copy_array(b, attr->as.floats, attr->n, sizeof *attr->as.floats);
        break;
    case FDML_ATTR_STRINGS:
        texts = copy_array(b, attr->as.strings, attr->n, sizeof *texts);
        for (size_t i = 0; texts && i < attr->n; i++) texts[i] = copy_text(b, texts[i]);
        attr->as.strings = texts;
        break;
    }
}

static fdml_status check_node(fdml_graph_builder *b, const fdml_node *node, const char *op_name)
{
    fdml_error *err = &b->error;
    const fdml_graph *graph = &b->graph;
    const fdml_op *op = node->op;
    if (!op)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, graph, node,
                              "operator %.90s is not supported", op_name);
    if (op->since > node->opset)
        return fdml_node_fail(err, FDML_E_DATA, graph, node,
                              "the operator came with opset %d, the model has %d", op->since,
                              node->opset);
    if (node->n_inputs > (uint32_t)op->max_inputs)
        return fdml_node_fail(err, FDML_E_DATA, graph, node, "%u inputs, expected at most %d",
                              (unsigned)node->n_inputs, op->max_inputs);
    for (uint32_t i = 0; i < (uint32_t)op->min_inputs; i++)
        if (i >= node->n_inputs || node->input[i] == FDML_NO_VALUE)
            return fdml_node_fail(err, FDML_E_DATA, graph, node, "input %u of %d is missing",
                                  (unsigned)i, op->min_inputs);
    if (node->n_outputs > (uint32_t)op->max_outputs)
        return fdml_node_fail(err, FDML_E_DATA, graph, node, "%u outputs, expected at most %d",
                              (unsigned)node->n_outputs, op->max_outputs);
    return FDML_OK;
}

/* New values for the outputs: "conv1", "conv1:1", ... */
static const uint32_t *new_outputs(fdml_graph_builder *b, const fdml_node *node)
{
    char name[256];
    uint32_t *id = fdml_arena_push(b->arena, node->n_outputs, sizeof *id);
    if (!id) {
        fail_memory(b);
        return NULL;
    }
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        snprintf(name, sizeof name, i ? "%.240s:%u" : "%.240s", node->name, (unsigned)i);
        id[i] = fdml_graph_builder_add_value(b, name);
    }
    return id;
}

uint32_t fdml_graph_builder_add_node(fdml_graph_builder *builder, const fdml_graph_node *node)
{
    fdml_graph_builder *b = builder;
    if (!grow(b, &b->node, b->n_nodes, &b->room_nodes, sizeof *b->node)) return FDML_NO_VALUE;
    fdml_node made = {
        .op = fdml_op_find(node->op),
        .name = copy_text(b, node->name),
        .index = b->next_index,
        .opset = b->graph.opset,
        .n_inputs = node->n_inputs,
        .n_outputs = node->n_outputs ? node->n_outputs : 1,
        .n_attrs = node->n_attrs,
        .input = copy_array(b, node->input, node->n_inputs, sizeof *node->input),
    };
    if (b->status) return FDML_NO_VALUE;
    b->status = check_node(b, &made, node->op);
    fdml_attr *attr = copy_array(b, node->attr, node->n_attrs, sizeof *attr);
    for (uint32_t i = 0; i < node->n_attrs && !b->status; i++) copy_attr(b, &attr[i]);
    made.attr = attr;
    if (b->status) return FDML_NO_VALUE;
    made.output = node->output
                      ? copy_array(b, node->output, made.n_outputs, sizeof *made.output)
                      : new_outputs(b, &made);
    if (b->status) return FDML_NO_VALUE;
    b->node[b->n_nodes++] = made;
    b->next_index++;
    return made.output[0];
}

void fdml_graph_builder_skip_node(fdml_graph_builder *builder)
{
    builder->next_index++;
}

fdml_attr fdml_attr_int(const char *name, int64_t value)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_INT, .n = 1, .as.i = value };
}

fdml_attr fdml_attr_float(const char *name, float value)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_FLOAT, .n = 1, .as.f = value };
}

fdml_attr fdml_attr_string(const char *name, const char *value)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_STRING, .n = 1, .as.s = value };
}

fdml_attr fdml_attr_tensor(const char *name, const fdml_tensor *value)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_TENSOR, .n = 1, .as.tensor = value };
}

fdml_attr fdml_attr_ints(const char *name, size_t n, const int64_t *values)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_INTS, .n = n, .as.ints = values };
}

fdml_attr fdml_attr_floats(const char *name, size_t n, const float *values)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_FLOATS, .n = n, .as.floats = values };
}

fdml_attr fdml_attr_strings(const char *name, size_t n, const char *const *values)
{
    return (fdml_attr){ .name = name, .kind = FDML_ATTR_STRINGS, .n = n, .as.strings = values };
}
