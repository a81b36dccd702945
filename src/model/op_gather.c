/* op_gather.c - Gather, GatherElements, GatherND: items chosen by indices.
 *
 * Indices are data: they are checked one by one where they are used, and one below 0 counts
 * from the end. SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

static fdml_status index_at(const fdml_op_call *call, size_t *index, size_t i, size_t size,
                            fdml_error *err)
{
    int64_t value;
    fdml_items_get_int(&value, call->input[1], i, 1, true);
    const int64_t n = (int64_t)size;
    if (value < -n || value >= n)
        return fdml_op_fail(call, err, FDML_E_DATA, "index %lld (item %zu) of %zu items",
                            (long long)value, i, size);
    *index = (size_t)(value < 0 ? value + n : value);
    return FDML_OK;
}

static size_t product(const size_t *dim, int from, int to)
{
    size_t n = 1;
    for (int d = from; d < to; d++) n *= dim[d];
    return n;
}

static fdml_status check(const fdml_op_call *call, int *axis, fdml_error *err)
{
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_INDEX, err));
    return fdml_op_axis(call, axis, fdml_node_int(call->node, "axis", 0), call->input[0]->rank,
                        err);
}

static fdml_status set_joined(const fdml_op_call *call, int n_parts, const size_t *const *part,
                              const int *length, fdml_error *err)
{
    size_t dim[2 * FDML_MAX_RANK];
    int rank = 0;
    for (int p = 0; p < n_parts; p++)
        for (int d = 0; d < length[p] && rank < 2 * FDML_MAX_RANK; d++)
            dim[rank++] = part[p][d];
    return fdml_op_set(call, 0, call->input[0]->type, rank, dim, err);
}

fdml_status fdml_infer_gather(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *indices = call->input[1];
    int axis = 0;
    FDML_TRY(check(call, &axis, err));
    return set_joined(call, 3,
                      (const size_t *const[]){ x->dim, indices->dim, x->dim + axis + 1 },
                      (int[]){ axis, indices->rank, x->rank - axis - 1 }, err);
}

fdml_status fdml_run_gather(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *indices = call->input[1];
    fdml_tensor *y = fdml_op_output(call, 0);
    int axis = 0;
    if (!y || y->n_items == 0) return FDML_OK;
    FDML_TRY(check(call, &axis, err));
    const size_t outer = product(x->dim, 0, axis), n = x->dim[axis], m = indices->n_items;
    const size_t size = product(x->dim, axis + 1, x->rank) * fdml_type_size(x->type);
    for (size_t k = 0; k < m; k++) {
        size_t index = 0;
        FDML_TRY(index_at(call, &index, k, n, err));
        for (size_t o = 0; o < outer; o++)
            memcpy((char *)y->data + (o * m + k) * size,
                   (const char *)x->data + (o * n + index) * size, size);
    }
    return FDML_OK;
}

fdml_status fdml_infer_gather_elements(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *indices = call->input[1];
    int axis = 0;
    FDML_TRY(check(call, &axis, err));
    bool fits = x->rank == indices->rank;
    for (int d = 0; fits && d < x->rank; d++) fits = d == axis || indices->dim[d] <= x->dim[d];
    char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
    if (!fits)
        return fdml_op_fail(call, err, FDML_E_DATA, "indices of shape %s into %s along axis %d",
                            fdml_tensor_shape_text(indices, a), fdml_tensor_shape_text(x, b),
                            axis);
    return fdml_op_set_like(call, 0, x->type, indices, err);
}

fdml_status fdml_run_gather_elements(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    fdml_tensor *y = fdml_op_output(call, 0);
    int axis = 0;
    if (!y || y->n_items == 0) return FDML_OK;
    FDML_TRY(check(call, &axis, err));
    const size_t size = fdml_type_size(x->type);
    for (size_t k = 0; k < y->n_items; k++) {
        size_t index = 0, at = 0, stride = 1, rest = k;
        FDML_TRY(index_at(call, &index, k, x->dim[axis], err));
        for (int d = x->rank - 1; d >= 0; d--) {
            at += (d == axis ? index : rest % y->dim[d]) * stride;
            rest /= y->dim[d];
            stride *= x->dim[d];
        }
        memcpy((char *)y->data + k * size, (const char *)x->data + at * size, size);
    }
    return FDML_OK;
}

/* --- GatherND: the last dimension of indices is a tuple into x, behind the batch ---------- */

fdml_status fdml_infer_gather_nd(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *indices = call->input[1];
    const int64_t batch = fdml_node_int(call->node, "batch_dims", 0);
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_INDEX, err));
    char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
    bool fits = indices->rank > 0 && batch >= 0 && batch < indices->rank && batch < x->rank;
    for (int d = 0; fits && d < batch; d++) fits = x->dim[d] == indices->dim[d];
    const size_t tuple = fits ? indices->dim[indices->rank - 1] : 0;
    if (!fits || tuple == 0 || tuple > (size_t)(x->rank - (int)batch))
        return fdml_op_fail(
            call, err, FDML_E_DATA, "indices of shape %s into %s with %lld batch dimensions",
            fdml_tensor_shape_text(indices, a), fdml_tensor_shape_text(x, b), (long long)batch);
    const int skipped = (int)batch + (int)tuple;
    return set_joined(call, 2, (const size_t *const[]){ indices->dim, x->dim + skipped },
                      (int[]){ indices->rank - 1, x->rank - skipped }, err);
}

fdml_status fdml_run_gather_nd(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *indices = call->input[1];
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    const int batch = (int)fdml_node_int(call->node, "batch_dims", 0);
    const int tuple = (int)indices->dim[indices->rank - 1];
    const size_t n_batches = product(x->dim, 0, batch), n = indices->n_items / (size_t)tuple;
    const size_t size = product(x->dim, batch + tuple, x->rank) * fdml_type_size(x->type);
    for (size_t k = 0; k < n; k++) {
        size_t at = k / (n / n_batches);
        for (int d = 0; d < tuple; d++) {
            size_t index = 0;
            FDML_TRY(
                index_at(call, &index, k * (size_t)tuple + (size_t)d, x->dim[batch + d], err));
            at = at * x->dim[batch + d] + index;
        }
        memcpy((char *)y->data + k * size, (const char *)x->data + at * size, size);
    }
    return FDML_OK;
}
