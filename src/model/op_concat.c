/* op_concat.c - Concat and Split: pieces along one axis.
 *
 * Around the axis a tensor is [outer, axis, inner]; each of the outer slices of a piece is one
 * run of bytes.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/op_check.h"
#include "model/ops.h"

/* Bytes of one step along the axis, and how many outer slices there are. */
static size_t inner_size(const fdml_tensor *x, int axis)
{
    size_t size = fdml_type_size(x->type);
    for (int d = axis + 1; d < x->rank; d++) size *= x->dim[d];
    return size;
}

static size_t outer_count(const fdml_tensor *x, int axis)
{
    size_t n = 1;
    for (int d = 0; d < axis; d++) n *= x->dim[d];
    return n;
}

static fdml_status concat_axis(const fdml_op_call *call, int *axis, fdml_error *err)
{
    return fdml_op_axis(call, axis, fdml_node_int(call->node, "axis", 1), call->input[0]->rank,
                        err);
}

fdml_status fdml_infer_concat(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *first = call->input[0];
    FDML_TRY(fdml_op_check_types(call, call->n_inputs, FDML_TYPES_ANY, err));
    if (!first) return fdml_op_fail(call, err, FDML_E_DATA, "input 0 is left out");
    int axis = 0;
    FDML_TRY(concat_axis(call, &axis, err));
    size_t dim[FDML_MAX_RANK], n = 0;
    memcpy(dim, first->dim, sizeof dim);
    for (size_t i = 0; i < call->n_inputs; i++) {
        const fdml_tensor *x = call->input[i];
        bool fits = x && x->rank == first->rank;
        for (int d = 0; fits && d < x->rank; d++)
            fits = d == axis || x->dim[d] == first->dim[d];
        char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
        if (!fits)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "input %zu of shape %s does not join one of %s along axis %d",
                                i, x ? fdml_tensor_shape_text(x, a) : "none",
                                fdml_tensor_shape_text(first, b), axis);
        if (x->dim[axis] > SIZE_MAX / 2 - n)
            return fdml_op_fail(call, err, FDML_E_LIMIT, "axis %d of the output is too long",
                                axis);
        n += x->dim[axis];
    }
    dim[axis] = n;
    return fdml_op_set(call, 0, first->type, first->rank, dim, err);
}

fdml_status fdml_run_concat(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    int axis = 0;
    FDML_TRY(concat_axis(call, &axis, err));
    const size_t inner = inner_size(y, axis), row = inner * y->dim[axis];
    size_t at = 0;
    for (size_t i = 0; i < call->n_inputs; i++) {
        const fdml_tensor *x = call->input[i];
        const size_t size = inner * x->dim[axis];
        for (size_t o = 0; size && o < outer_count(y, axis); o++)
            memcpy((char *)y->data + o * row + at, (const char *)x->data + o * size, size);
        at += size;
    }
    return FDML_OK;
}

/* --- Split ------------------------------------------------------------------------------- */

/* Equal parts where no lengths are given; since operator set 18 the last may be shorter. */
static fdml_status equal_parts(const fdml_op_call *call, int64_t *length, size_t total,
                               fdml_error *err)
{
    const size_t n = call->n_outputs;
    const int64_t asked = fdml_node_int(call->node, "num_outputs", (int64_t)n);
    if (asked != (int64_t)n)
        return fdml_op_fail(call, err, FDML_E_DATA, "num_outputs is %lld, but there are %zu",
                            (long long)asked, n);
    const size_t part = (total + n - 1) / n;
    const bool may_differ = call->node->opset >= 18;
    if (part * n != total && (!may_differ || part * (n - 1) > total))
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu items do not divide into %zu parts",
                            total, n);
    for (size_t i = 0; i < n; i++) length[i] = (int64_t)part;
    length[n - 1] = (int64_t)(total - part * (n - 1));
    return FDML_OK;
}

fdml_status fdml_infer_split(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int64_t length[FDML_OP_MAX_OUTPUTS];
    size_t n = 0, dim[FDML_MAX_RANK];
    bool is_given = false;
    int axis = 0;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", 0), x->rank, err));
    FDML_TRY(
        fdml_op_list_of(call, "split", 1, length, FDML_OP_MAX_OUTPUTS, &n, &is_given, err));
    if (!is_given)
        FDML_TRY(equal_parts(call, length, x->dim[axis], err));
    else if (n != call->n_outputs)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu lengths for %zu outputs", n,
                            call->n_outputs);
    size_t left = x->dim[axis];
    memcpy(dim, x->dim, sizeof dim);
    for (size_t i = 0; i < call->n_outputs; i++) {
        if (length[i] < 0 || (uint64_t)length[i] > left)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "part %zu is %lld of %zu items that are "
                                "left",
                                i, (long long)length[i], left);
        dim[axis] = (size_t)length[i];
        left -= dim[axis];
        FDML_TRY(fdml_op_set(call, i, x->type, x->rank, dim, err));
    }
    if (left)
        return fdml_op_fail(call, err, FDML_E_DATA, "the parts leave %zu of %zu items", left,
                            x->dim[axis]);
    return FDML_OK;
}

fdml_status fdml_run_split(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int axis = 0;
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", 0), x->rank, err));
    const size_t inner = inner_size(x, axis), row = inner * x->dim[axis];
    /* An output that nobody asked for has a length all the same: what the others leave. */
    int64_t length[FDML_OP_MAX_OUTPUTS];
    size_t n = 0, at = 0;
    bool is_given = false;
    FDML_TRY(
        fdml_op_list_of(call, "split", 1, length, FDML_OP_MAX_OUTPUTS, &n, &is_given, err));
    if (!is_given) FDML_TRY(equal_parts(call, length, x->dim[axis], err));
    for (size_t i = 0; i < call->n_outputs; i++) {
        const fdml_tensor *y = call->output[i];
        const size_t size = inner * (size_t)length[i];
        for (size_t o = 0; y && size && o < outer_count(x, axis); o++)
            memcpy((char *)y->data + o * size, (const char *)x->data + o * row + at, size);
        at += size;
    }
    return FDML_OK;
}
