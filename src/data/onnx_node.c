/* onnx_node.c - nodes with their attributes, and the declared inputs and outputs of a graph.
 *
 * An attribute's kind is what its `type` says, and in the oldest files, which have none, what
 * it holds. A writer of proto3 leaves zeros out, so an attribute of kind INT may hold nothing;
 * one that holds something else is refused.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "data/onnx.pb-c.h"
#include "data/onnx_read.h"

static fdml_bytes of(ProtobufCBinaryData data)
{
    return (fdml_bytes){ data.data, data.len };
}

static fdml_status read_texts(fdml_onnx_reader *reader, const char *const **texts, size_t n,
                              const ProtobufCBinaryData *data, const char *what,
                              fdml_error *err)
{
    const char **list;
    FDML_TRY(fdml_onnx_push(reader, &list, n, sizeof *list, err));
    for (size_t i = 0; i < n; i++)
        FDML_TRY(fdml_onnx_text(reader, &list[i], of(data[i]), what, err));
    *texts = list;
    return FDML_OK;
}

/* What an attribute holds besides the fields of onnx.proto. */
typedef struct contents {
    uint32_t kinds; /* bit k: something of kind k */
    fdml_bytes tensor;
} contents;

static fdml_status look_inside(const fdml_onnx_reader *reader, contents *c, fdml_bytes message,
                               fdml_error *err)
{
    static const unsigned char kind_of[32] = {
        [2] = FDML_ONNX_FLOAT,
        [3] = FDML_ONNX_INT,
        [4] = FDML_ONNX_STRING,
        [5] = FDML_ONNX_TENSOR,
        [6] = FDML_ONNX_GRAPH,
        [7] = FDML_ONNX_FLOATS,
        [8] = FDML_ONNX_INTS,
        [9] = FDML_ONNX_STRINGS,
        /* tensors, graphs, type_proto, type_protos, ref_attr_name, sparse_tensor, ~s */
        [10] = FDML_ONNX_GRAPH,
        [11] = FDML_ONNX_GRAPH,
        [14] = FDML_ONNX_GRAPH,
        [15] = FDML_ONNX_GRAPH,
        [21] = FDML_ONNX_GRAPH,
        [22] = FDML_ONNX_GRAPH,
        [23] = FDML_ONNX_GRAPH,
    };
    *c = (contents){ 0 };
    for (bool has_field;;) {
        fdml_wire_field field;
        FDML_TRY(fdml_onnx_next(reader, &field, &message, &has_field, err));
        if (!has_field) return FDML_OK;
        if (field.number >= 32 || !kind_of[field.number]) continue;
        const bool is_again = c->kinds >> FDML_ONNX_TENSOR & 1;
        c->kinds |= 1u << kind_of[field.number];
        if (kind_of[field.number] != FDML_ONNX_TENSOR) continue;
        if (is_again || field.type != FDML_WIRE_BYTES)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "holds no single tensor");
        c->tensor = field.payload;
    }
}

static fdml_status choose_kind(const fdml_onnx_reader *reader, fdml_onnx_attr *attr,
                               uint32_t kinds, const FdmlPb__Attribute *pb, fdml_error *err)
{
    int kind = pb->type;
    if (kinds >> FDML_ONNX_GRAPH & 1) kind = FDML_ONNX_GRAPH;
    for (int k = FDML_ONNX_FLOAT; !kind && k <= FDML_ONNX_STRINGS; k++)
        if (kinds == 1u << k) kind = k;
    if (kind < FDML_ONNX_FLOAT)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "has no type that can be told");
    if (kind == FDML_ONNX_GRAPH || kind > FDML_ONNX_STRINGS) {
        attr->type = FDML_ONNX_GRAPH;
        return FDML_OK;
    }
    if (kinds & ~(1u << kind))
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "is of type %d and holds something of another", kind);
    if (kind == FDML_ONNX_TENSOR && !kinds)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "holds no tensor");
    attr->type = (fdml_onnx_attr_type)kind;
    return FDML_OK;
}

/* Bytes that are no text are somebody's private matter: present, not read. */
static bool are_texts(const ProtobufCBinaryData *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!fdml_onnx_is_text(of(data[i]))) return false;
    return true;
}

static fdml_status fill_text(fdml_onnx_reader *reader, fdml_onnx_attr *attr,
                             const FdmlPb__Attribute *pb, fdml_error *err)
{
    const bool is_list = attr->type == FDML_ONNX_STRINGS;
    if (!are_texts(is_list ? pb->strings : &pb->s, is_list ? pb->n_strings : 1)) {
        attr->type = FDML_ONNX_GRAPH;
        return FDML_OK;
    }
    if (!is_list) return fdml_onnx_text(reader, &attr->s, of(pb->s), "value", err);
    attr->n = pb->n_strings;
    return read_texts(reader, &attr->strings, attr->n, pb->strings, "value", err);
}

static fdml_status fill_attr(fdml_onnx_reader *reader, fdml_onnx_attr *attr,
                             const FdmlPb__Attribute *pb, fdml_bytes tensor, fdml_error *err)
{
    void *copy;
    fdml_onnx_tensor *t;
    switch (attr->type) {
    case FDML_ONNX_FLOAT:
        attr->f = pb->f;
        break;
    case FDML_ONNX_INT:
        attr->i = pb->i;
        break;
    case FDML_ONNX_STRING:
    case FDML_ONNX_STRINGS:
        return fill_text(reader, attr, pb, err);
    case FDML_ONNX_TENSOR:
        FDML_TRY(fdml_onnx_push(reader, &t, 1, sizeof *t, err));
        attr->t = t;
        return fdml_onnx_read_tensor(reader, t, tensor, err);
    case FDML_ONNX_FLOATS:
        FDML_TRY(fdml_onnx_push(reader, &copy, pb->n_floats, sizeof *pb->floats, err));
        if (pb->n_floats) memcpy(copy, pb->floats, pb->n_floats * sizeof *pb->floats);
        attr->n = pb->n_floats;
        attr->floats = copy;
        break;
    case FDML_ONNX_INTS:
        FDML_TRY(fdml_onnx_push(reader, &copy, pb->n_ints, sizeof *pb->ints, err));
        if (pb->n_ints) memcpy(copy, pb->ints, pb->n_ints * sizeof *pb->ints);
        attr->n = pb->n_ints;
        attr->ints = copy;
        break;
    case FDML_ONNX_GRAPH:
        break;
    }
    return FDML_OK;
}

static fdml_status read_attr(fdml_onnx_reader *reader, fdml_onnx_attr *attr, fdml_bytes message,
                             fdml_error *err)
{
    contents inside;
    fdml_bytes known;
    FdmlPb__Attribute *pb;
    char outer[sizeof reader->place];
    const uint32_t wanted =
        1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 20;
    const fdml_arena_mark mark = fdml_arena_get_mark(&reader->scratch);
    FDML_TRY(look_inside(reader, &inside, message, err));
    FDML_TRY(fdml_onnx_select(reader, &known, message, wanted, err));
    FDML_TRY(fdml_onnx_unpack(reader, &pb, &fdml_pb__attribute__descriptor, known, err));
    FDML_TRY(fdml_onnx_text(reader, &attr->name, of(pb->name), "attribute's name", err));
    memcpy(outer, reader->place, sizeof outer);
    snprintf(reader->place, sizeof reader->place, "%.100sattribute \"%.40s\": ", outer,
             attr->name);
    FDML_TRY(choose_kind(reader, attr, inside.kinds, pb, err));
    FDML_TRY(fill_attr(reader, attr, pb, inside.tensor, err));
    memcpy(reader->place, outer, sizeof outer);
    fdml_arena_reset(&reader->scratch, mark);
    return FDML_OK;
}

static fdml_status read_attrs(fdml_onnx_reader *reader, fdml_onnx_node *node,
                              fdml_bytes message, fdml_error *err)
{
    fdml_wire_field field;
    fdml_bytes rest = message;
    fdml_onnx_attr *attr;
    size_t n = 0;
    while (fdml_wire_next(&field, &rest) == FDML_WIRE_FIELD)
        if (field.number == 5) node->n_attrs++;
    if (node->n_attrs > FDML_ONNX_MAX_ATTRS)
        return fdml_onnx_fail(reader, err, FDML_E_LIMIT, "%zu attributes, the limit is %d",
                              node->n_attrs, (int)FDML_ONNX_MAX_ATTRS);
    FDML_TRY(fdml_onnx_push(reader, &attr, node->n_attrs, sizeof *attr, err));
    node->attr = attr;
    for (rest = message; fdml_wire_next(&field, &rest) == FDML_WIRE_FIELD;) {
        if (field.number != 5) continue;
        if (field.type != FDML_WIRE_BYTES)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "attribute %zu is damaged", n);
        FDML_TRY(read_attr(reader, &attr[n], field.payload, err));
        n++;
    }
    return FDML_OK;
}

fdml_status fdml_onnx_read_node(fdml_onnx_reader *reader, fdml_onnx_node *node,
                                fdml_bytes message, fdml_error *err)
{
    fdml_bytes known;
    FdmlPb__Node *pb;
    const uint32_t wanted = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 7;
    const fdml_arena_mark mark = fdml_arena_get_mark(&reader->scratch);
    FDML_TRY(fdml_onnx_select(reader, &known, message, wanted, err));
    FDML_TRY(fdml_onnx_unpack(reader, &pb, &fdml_pb__node__descriptor, known, err));
    FDML_TRY(fdml_onnx_text(reader, &node->name, of(pb->name), "name", err));
    fdml_onnx_name_place(reader, node->name);
    FDML_TRY(fdml_onnx_text(reader, &node->op_type, of(pb->op_type), "op_type", err));
    FDML_TRY(fdml_onnx_text(reader, &node->domain, of(pb->domain), "domain", err));
    if (!*node->op_type) return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "has no op_type");
    node->n_inputs = pb->n_input;
    node->n_outputs = pb->n_output;
    FDML_TRY(read_texts(reader, &node->input, pb->n_input, pb->input, "input's name", err));
    FDML_TRY(read_texts(reader, &node->output, pb->n_output, pb->output, "output's name", err));
    fdml_arena_reset(&reader->scratch, mark);
    return read_attrs(reader, node, message, err);
}

static fdml_status fill_shape(fdml_onnx_reader *reader, fdml_onnx_value *value,
                              const FdmlPb__Shape *shape, fdml_error *err)
{
    int64_t *dim;
    if (shape->n_dim > FDML_ONNX_MAX_RANK)
        return fdml_onnx_fail(reader, err, FDML_E_LIMIT, "%zu dimensions, the limit is %d",
                              shape->n_dim, (int)FDML_ONNX_MAX_RANK);
    FDML_TRY(fdml_onnx_push(reader, &dim, shape->n_dim, sizeof *dim, err));
    for (size_t i = 0; i < shape->n_dim; i++) {
        const FdmlPb__Dimension *d = shape->dim[i];
        dim[i] = d->has_dim_value && d->dim_value >= 0 ? d->dim_value : -1;
    }
    value->rank = (int)shape->n_dim;
    value->dim = dim;
    return FDML_OK;
}

fdml_status fdml_onnx_read_value(fdml_onnx_reader *reader, fdml_onnx_value *value,
                                 fdml_bytes message, fdml_error *err)
{
    fdml_bytes known;
    FdmlPb__Value *pb;
    const fdml_arena_mark mark = fdml_arena_get_mark(&reader->scratch);
    FDML_TRY(fdml_onnx_select(reader, &known, message, 1u << 1 | 1u << 2, err));
    FDML_TRY(fdml_onnx_unpack(reader, &pb, &fdml_pb__value__descriptor, known, err));
    FDML_TRY(fdml_onnx_text(reader, &value->name, of(pb->name), "name", err));
    if (!*value->name) return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "has no name");
    fdml_onnx_name_place(reader, value->name);
    const FdmlPb__TensorType *type = pb->type ? pb->type->tensor_type : NULL;
    value->rank = -1;
    value->type = type ? type->elem_type : 0;
    if (type && type->shape) FDML_TRY(fill_shape(reader, value, type->shape, err));
    fdml_arena_reset(&reader->scratch, mark);
    return FDML_OK;
}
