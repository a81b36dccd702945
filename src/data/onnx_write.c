/* onnx_write.c - see onnx_write.h.
 *
 * Field numbers are those of onnx.proto, and of what that leaves to the walk: Model.graph 7;
 * Graph.node 1, name 2, initializer 5, input 11, output 12; Node.attribute 5; Attribute.t 5;
 * Tensor.raw_data 9. Lists of numbers are not packed, as the format's own schema has them.
 *
 * SPDX-License-Identifier: MIT */
#include "data/onnx_write.h"

#include <limits.h>
#include <string.h>

#include "data/wire_write.h"

typedef fdml_wire_writer writer;

/* TensorProto.DataType. */
enum { STRING = 8, U4 = 21, I4 = 22 };

/* Two items a byte, the first in the low bits. */
static void put_nibbles(writer *w, const unsigned char *items, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        const unsigned high = i + 1 < n ? items[i + 1] & 15u : 0;
        const unsigned char byte = (unsigned char)((items[i] & 15u) | high << 4);
        fdml_wire_put_raw(w, &byte, 1);
    }
}

static void put_items(writer *w, const void *ctx)
{
    const fdml_onnx_tensor *t = ctx;
    if (t->type == U4 || t->type == I4)
        put_nibbles(w, t->data, t->n_items);
    else
        fdml_wire_put_raw(w, t->data, fdml_onnx_raw_size(t));
}

static void put_tensor(writer *w, const void *ctx)
{
    const fdml_onnx_tensor *t = ctx;
    for (int i = 0; i < t->rank; i++) fdml_wire_put_varint(w, 1, (uint64_t)t->dim[i]);
    fdml_wire_put_varint(w, 2, (uint64_t)t->type);
    if (t->type == STRING)
        for (size_t i = 0; i < t->n_items; i++) {
            const char *text; /* of any alignment */
            memcpy(&text, (const char *)t->data + i * sizeof text, sizeof text);
            fdml_wire_put_text(w, 6, text);
        }
    if (*t->name) fdml_wire_put_text(w, 8, t->name);
    if (t->type != STRING) fdml_wire_put_message(w, 9, put_items, t);
}

static void put_attr(writer *w, const void *ctx)
{
    const fdml_onnx_attr *a = ctx;
    fdml_wire_put_text(w, 1, a->name);
    switch (a->type) {
    case FDML_ONNX_FLOAT:
        fdml_wire_put_float(w, 2, a->f);
        break;
    case FDML_ONNX_INT:
        fdml_wire_put_varint(w, 3, (uint64_t)a->i);
        break;
    case FDML_ONNX_STRING:
        fdml_wire_put_text(w, 4, a->s);
        break;
    case FDML_ONNX_TENSOR:
        fdml_wire_put_message(w, 5, put_tensor, a->t);
        break;
    case FDML_ONNX_FLOATS:
        for (size_t i = 0; i < a->n; i++) fdml_wire_put_float(w, 7, a->floats[i]);
        break;
    case FDML_ONNX_INTS:
        for (size_t i = 0; i < a->n; i++) fdml_wire_put_varint(w, 8, (uint64_t)a->ints[i]);
        break;
    case FDML_ONNX_STRINGS:
        for (size_t i = 0; i < a->n; i++) fdml_wire_put_text(w, 9, a->strings[i]);
        break;
    case FDML_ONNX_GRAPH: /* nothing is known of it */
        break;
    }
    fdml_wire_put_varint(w, 20, (uint64_t)a->type);
}

static void put_node(writer *w, const void *ctx)
{
    const fdml_onnx_node *node = ctx;
    for (size_t i = 0; i < node->n_inputs; i++) fdml_wire_put_text(w, 1, node->input[i]);
    for (size_t i = 0; i < node->n_outputs; i++) fdml_wire_put_text(w, 2, node->output[i]);
    if (*node->name) fdml_wire_put_text(w, 3, node->name);
    fdml_wire_put_text(w, 4, node->op_type);
    for (size_t i = 0; i < node->n_attrs; i++)
        if (node->attr[i].type != FDML_ONNX_GRAPH)
            fdml_wire_put_message(w, 5, put_attr, &node->attr[i]);
    if (*node->domain) fdml_wire_put_text(w, 7, node->domain);
}

/* --- inputs and outputs ------------------------------------------------------------------ */

typedef struct declared {
    const fdml_onnx_value *value;
    bool is_batch; /* the first dimension is the batch where it is free */
    int dim;       /* while one is written */
} declared;

static void put_dimension(writer *w, const void *ctx)
{
    const declared *d = ctx;
    const int64_t size = d->value->dim[d->dim];
    if (size >= 0)
        fdml_wire_put_varint(w, 1, (uint64_t)size);
    else if (!d->dim && d->is_batch)
        fdml_wire_put_text(w, 2, "N");
}

static void put_shape(writer *w, const void *ctx)
{
    declared d = *(const declared *)ctx;
    for (d.dim = 0; d.dim < d.value->rank; d.dim++)
        fdml_wire_put_message(w, 1, put_dimension, &d);
}

static void put_tensor_type(writer *w, const void *ctx)
{
    const declared *d = ctx;
    fdml_wire_put_varint(w, 1, (uint64_t)d->value->type);
    if (d->value->rank >= 0) fdml_wire_put_message(w, 2, put_shape, d);
}

static void put_type(writer *w, const void *ctx)
{
    fdml_wire_put_message(w, 1, put_tensor_type, ctx);
}

static void put_value(writer *w, const void *ctx)
{
    const declared *d = ctx;
    fdml_wire_put_text(w, 1, d->value->name);
    fdml_wire_put_message(w, 2, put_type, d);
}

/* --- the model --------------------------------------------------------------------------- */

static void put_graph(writer *w, const void *ctx)
{
    const fdml_onnx_file *model = ctx;
    declared d = { .is_batch = model->n_inputs == 1 };
    for (size_t i = 0; i < model->n_nodes; i++)
        fdml_wire_put_message(w, 1, put_node, &model->node[i]);
    fdml_wire_put_text(w, 2, "graph"); /* one must have a name */
    for (size_t i = 0; i < model->n_initializers; i++)
        fdml_wire_put_message(w, 5, put_tensor, &model->initializer[i]);
    for (size_t i = 0; i < model->n_inputs; i++) {
        d.value = &model->input[i];
        fdml_wire_put_message(w, 11, put_value, &d);
    }
    for (size_t i = 0; i < model->n_outputs; i++) {
        d.value = &model->output[i];
        fdml_wire_put_message(w, 12, put_value, &d);
    }
}

/* The domain of ONNX itself is the one without a name. */
static void put_opset(writer *w, const void *ctx)
{
    fdml_wire_put_text(w, 1, "");
    fdml_wire_put_varint(w, 2, (uint64_t) * (const int64_t *)ctx);
}

static void put_model(writer *w, const fdml_onnx_file *model)
{
    fdml_wire_put_varint(w, 1, (uint64_t)model->ir_version);
    if (*model->producer_name) fdml_wire_put_text(w, 2, model->producer_name);
    if (*model->producer_version) fdml_wire_put_text(w, 3, model->producer_version);
    fdml_wire_put_message(w, 7, put_graph, model);
    fdml_wire_put_message(w, 8, put_opset, &model->opset);
}

fdml_status fdml_onnx_write(FILE *file, const fdml_onnx_file *model, const char *name,
                            fdml_error *err)
{
    writer counter = { 0 }, w = { .file = file };
    put_model(&counter, model);
    if (counter.size > INT32_MAX)
        return fdml_fail(err, FDML_E_LIMIT,
                         "%.400s: %llu bytes, an ONNX file has less than 2 GiB", name,
                         (unsigned long long)counter.size);
    put_model(&w, model);
    return FDML_OK;
}
