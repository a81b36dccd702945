/* op_shape.c - operators that change a shape and no item, and those that tell one: Reshape
 * Flatten Squeeze Unsqueeze Shape Size.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model/op_check.h"
#include "model/ops.h"

/* --- Reshape ------------------------------------------------------------------------------
 * The shape is an attribute before operator set 5 and known in all that we read as an input. 0
 * keeps the dimension of the input, unless allowzero; -1, once, is what is left. */

static fdml_status fail_reshape(const fdml_op_call *call, const int64_t *wanted, size_t n,
                                fdml_error *err)
{
    char from[FDML_SHAPE_TEXT], to[FDML_SHAPE_TEXT] = "";
    size_t length = 0;
    for (size_t d = 0; d < n; d++) /* eight numbers of at most twenty characters */
        length += (size_t)snprintf(to + length, sizeof to - length, "%s%lld", d ? "," : "",
                                   (long long)wanted[d]);
    return fdml_op_fail(call, err, FDML_E_DATA, "%zu items of shape %s do not reshape to [%s]",
                        call->input[0]->n_items, fdml_tensor_shape_text(call->input[0], from),
                        to);
}

fdml_status fdml_infer_reshape(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const bool allows_zero = fdml_node_int(call->node, "allowzero", 0) != 0;
    int64_t wanted[FDML_MAX_RANK];
    size_t n = 0, dim[FDML_MAX_RANK], known = 1;
    bool is_given = false, is_empty = false;
    int free_at = -1;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_list_of(call, "shape", 1, wanted, FDML_MAX_RANK, &n, &is_given, err));
    for (size_t d = 0; d < n; d++) {
        if (wanted[d] == 0 && !allows_zero) {
            if (d >= (size_t)x->rank)
                return fdml_op_fail(call, err, FDML_E_DATA,
                                    "dimension %zu is 0, but the input has %d dimensions", d,
                                    x->rank);
            wanted[d] = (int64_t)x->dim[d];
        }
        if (wanted[d] < -1 || (wanted[d] == -1 && free_at >= 0))
            return fdml_op_fail(call, err, FDML_E_DATA, "dimension %zu is %lld", d,
                                (long long)wanted[d]);
        if (wanted[d] == -1) {
            free_at = (int)d;
            continue;
        }
        dim[d] = (size_t)wanted[d];
        is_empty = is_empty || dim[d] == 0;
        if (dim[d] && known > SIZE_MAX / dim[d]) return fail_reshape(call, wanted, n, err);
        if (dim[d]) known *= dim[d];
    }
    if (is_empty) known = 0;
    if (free_at >= 0) {
        if (known == 0 ? x->n_items != 0 || allows_zero : x->n_items % known != 0)
            return fail_reshape(call, wanted, n, err);
        dim[free_at] = known == 0 ? 0 : x->n_items / known;
    } else if (known != x->n_items) {
        return fail_reshape(call, wanted, n, err);
    }
    return fdml_op_set(call, 0, x->type, (int)n, dim, err);
}

/* --- Flatten, Squeeze, Unsqueeze --------------------------------------------------------- */

fdml_status fdml_infer_flatten(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int64_t axis = fdml_node_int(call->node, "axis", 1);
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    if (axis < -x->rank || axis > x->rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "axis %lld of an input of %d dimensions",
                            (long long)axis, x->rank);
    if (axis < 0) axis += x->rank;
    size_t dim[2] = { 1, 1 };
    for (int d = 0; d < x->rank; d++) dim[d < axis ? 0 : 1] *= x->dim[d];
    return fdml_op_set(call, 0, x->type, 2, dim, err);
}

fdml_status fdml_infer_squeeze(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int64_t axes[FDML_MAX_RANK];
    size_t n = 0, dim[FDML_MAX_RANK];
    bool is_given = false, goes[FDML_MAX_RANK];
    int rank = 0;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_list_of(call, "axes", 1, axes, FDML_MAX_RANK, &n, &is_given, err));
    FDML_TRY(fdml_op_mark_axes(call, goes, x->rank, axes, n, err));
    for (int d = 0; d < x->rank; d++) {
        if (!is_given) goes[d] = x->dim[d] == 1;
        if (goes[d] && x->dim[d] != 1)
            return fdml_op_fail(call, err, FDML_E_DATA, "axis %d has %zu items, expected 1", d,
                                x->dim[d]);
        if (!goes[d]) dim[rank++] = x->dim[d];
    }
    return fdml_op_set(call, 0, x->type, rank, dim, err);
}

fdml_status fdml_infer_unsqueeze(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int64_t axes[FDML_MAX_RANK];
    size_t n = 0, dim[FDML_MAX_RANK];
    bool is_given = false, is_new[FDML_MAX_RANK];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_list_of(call, "axes", 1, axes, FDML_MAX_RANK, &n, &is_given, err));
    if (!is_given) return fdml_op_fail(call, err, FDML_E_DATA, "axes are missing");
    const int rank = x->rank + (int)n;
    if (rank > FDML_MAX_RANK)
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "%d dimensions, the limit is %d",
                            rank, FDML_MAX_RANK);
    FDML_TRY(fdml_op_mark_axes(call, is_new, rank, axes, n, err));
    for (int d = 0, from = 0; d < rank; d++) dim[d] = is_new[d] ? 1 : x->dim[from++];
    return fdml_op_set(call, 0, x->type, rank, dim, err);
}

/* --- Shape, Size ------------------------------------------------------------------------- */

/* Dimensions start .. end - 1, brought back to the edges like a slice. */
static void shape_range(const fdml_op_call *call, int *start, int *end)
{
    const int rank = call->input[0]->rank;
    int64_t from = fdml_node_int(call->node, "start", 0);
    int64_t to = fdml_node_int(call->node, "end", rank);
    if (from < 0) from += rank;
    if (to < 0) to += rank;
    *start = from < 0 ? 0 : from > rank ? rank : (int)from;
    *end = to < *start ? *start : to > rank ? rank : (int)to;
}

fdml_status fdml_infer_shape(const fdml_op_call *call, fdml_error *err)
{
    int start, end;
    shape_range(call, &start, &end);
    return fdml_op_set(call, 0, FDML_TYPE_I64, 1, (size_t[]){ (size_t)(end - start) }, err);
}

fdml_status fdml_run_shape(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    int start, end;
    shape_range(call, &start, &end);
    const fdml_tensor *y = fdml_op_output(call, 0);
    int64_t *out = y ? y->data : NULL;
    for (int d = start; out && d < end; d++) out[d - start] = (int64_t)call->input[0]->dim[d];
    return FDML_OK;
}

fdml_status fdml_infer_size(const fdml_op_call *call, fdml_error *err)
{
    return fdml_op_set(call, 0, FDML_TYPE_I64, 0, NULL, err);
}

fdml_status fdml_run_size(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    const fdml_tensor *y = fdml_op_output(call, 0);
    if (y) *(int64_t *)y->data = (int64_t)call->input[0]->n_items;
    return FDML_OK;
}
