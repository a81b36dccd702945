/* onnx_constant.c - see onnx_constant.h.
 * SPDX-License-Identifier: MIT */
#include "model/onnx_constant.h"

#include <string.h>

fdml_status fdml_onnx_as_tensor(fdml_tensor *tensor, const fdml_onnx_tensor *from,
                                const char *what, fdml_error *err)
{
    size_t dim[FDML_MAX_RANK];
    for (int i = 0; i < from->rank && i < FDML_MAX_RANK; i++) dim[i] = (size_t)from->dim[i];
    FDML_TRY(fdml_tensor_shape(tensor, (fdml_type)from->type, from->rank, dim, what, err));
    tensor->data = (void *)(uintptr_t)from->data; /* read only: a constant's data are const */
    return FDML_OK;
}

/* What a value_* attribute holds: a scalar, or a list. */
static fdml_status as_values(fdml_tensor *tensor, const fdml_onnx_attr *attr, fdml_type type,
                             const void *data, fdml_error *err)
{
    const bool is_list = attr->type == FDML_ONNX_FLOATS || attr->type == FDML_ONNX_INTS ||
                         attr->type == FDML_ONNX_STRINGS;
    FDML_TRY(fdml_tensor_shape(tensor, type, is_list, &attr->n, "its value", err));
    tensor->data = (void *)(uintptr_t)data;
    return FDML_OK;
}

fdml_status fdml_onnx_constant(fdml_tensor *tensor, const fdml_onnx_node *node, fdml_error *err)
{
    static const char *const names[] = {
        [FDML_ONNX_FLOAT] = "value_float",   [FDML_ONNX_INT] = "value_int",
        [FDML_ONNX_STRING] = "value_string", [FDML_ONNX_TENSOR] = "value",
        [FDML_ONNX_GRAPH] = "sparse_value",  [FDML_ONNX_FLOATS] = "value_floats",
        [FDML_ONNX_INTS] = "value_ints",     [FDML_ONNX_STRINGS] = "value_strings",
    };
    if (node->n_attrs != 1)
        return fdml_fail(err, FDML_E_DATA, "%zu attributes, expected one value", node->n_attrs);
    const fdml_onnx_attr *attr = &node->attr[0];
    if (strcmp(attr->name, names[attr->type]))
        return fdml_fail(err, FDML_E_DATA, "attribute \"%.60s\" is no value of its kind",
                         attr->name);
    switch (attr->type) {
    case FDML_ONNX_FLOAT:
        return as_values(tensor, attr, FDML_TYPE_F32, &attr->f, err);
    case FDML_ONNX_INT:
        return as_values(tensor, attr, FDML_TYPE_I64, &attr->i, err);
    case FDML_ONNX_STRING:
        return as_values(tensor, attr, FDML_TYPE_STRING, &attr->s, err);
    case FDML_ONNX_FLOATS:
        return as_values(tensor, attr, FDML_TYPE_F32, attr->floats, err);
    case FDML_ONNX_INTS:
        return as_values(tensor, attr, FDML_TYPE_I64, attr->ints, err);
    case FDML_ONNX_STRINGS:
        return as_values(tensor, attr, FDML_TYPE_STRING, attr->strings, err);
    case FDML_ONNX_TENSOR:
        return fdml_onnx_as_tensor(tensor, attr->t, "its value", err);
    case FDML_ONNX_GRAPH:
        break;
    }
    return fdml_fail(err, FDML_E_UNSUPPORTED, "a sparse value is not supported");
}
