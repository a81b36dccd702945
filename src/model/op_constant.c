/* op_constant.c - operators that make items from little: Constant ConstantOfShape Range OneHot
 * Trilu.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

/* --- Constant ---------------------------------------------------------------------------- */

/* The attribute that holds the value, as a tensor. */
static fdml_status constant_of(const fdml_op_call *call, fdml_tensor *value, fdml_error *err)
{
    static const struct {
        const char *name;
        fdml_type type;
        int rank;
    } forms[] = {
        { "value_float", FDML_TYPE_F32, 0 },     { "value_floats", FDML_TYPE_F32, 1 },
        { "value_int", FDML_TYPE_I64, 0 },       { "value_ints", FDML_TYPE_I64, 1 },
        { "value_string", FDML_TYPE_STRING, 0 }, { "value_strings", FDML_TYPE_STRING, 1 }
    };
    const fdml_attr *attr = fdml_node_attr(call->node, "value");
    if (attr) {
        *value = *attr->as.tensor;
        return FDML_OK;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        attr = fdml_node_attr(call->node, forms[i].name);
        if (!attr) continue;
        FDML_TRY(
            fdml_tensor_shape(value, forms[i].type, forms[i].rank, &attr->n, "the value", err));
        if (forms[i].rank) /* constant, and only read */
            value->data = (void *)(uintptr_t)attr->as.ints;
        else
            value->data = (void *)(uintptr_t)&attr->as;
        return FDML_OK;
    }
    return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                        "none of the attributes value, value_float "
                        "... value_strings");
}

fdml_status fdml_infer_constant(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor value;
    FDML_TRY(constant_of(call, &value, err));
    return fdml_op_set_like(call, 0, value.type, &value, err);
}

fdml_status fdml_run_constant(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor value, *y = fdml_op_output(call, 0);
    FDML_TRY(constant_of(call, &value, err));
    if (y && y->n_items) memcpy(y->data, value.data, fdml_tensor_size(y));
    return FDML_OK;
}

/* --- ConstantOfShape --------------------------------------------------------------------- */

fdml_status fdml_infer_constant_of_shape(const fdml_op_call *call, fdml_error *err)
{
    const fdml_attr *value = fdml_node_attr(call->node, "value");
    size_t dim[FDML_MAX_RANK];
    int rank = 0;
    if (value && value->as.tensor->n_items != 1)
        return fdml_op_fail(call, err, FDML_E_DATA, "value has %zu items, expected 1",
                            value->as.tensor->n_items);
    FDML_TRY(fdml_op_dims(call, 0, dim, &rank, err));
    return fdml_op_set(call, 0, value ? value->as.tensor->type : FDML_TYPE_F32, rank, dim, err);
}

fdml_status fdml_run_constant_of_shape(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    const fdml_attr *value = fdml_node_attr(call->node, "value");
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    const size_t size = fdml_type_size(y->type);
    if (!value) {
        memset(y->data, 0, fdml_tensor_size(y));
        return FDML_OK;
    }
    for (size_t i = 0; i < y->n_items; i++)
        memcpy(fdml_items_at(y, i), value->as.tensor->data, size);
    return FDML_OK;
}

/* --- Range ------------------------------------------------------------------------------- */

fdml_status fdml_infer_range(const fdml_op_call *call, fdml_error *err)
{
    const fdml_type type = call->input[0]->type;
    FDML_TRY(fdml_op_check_types(call, 3, FDML_TYPES_NUMBER, err));
    double value[3], count;
    int64_t ints[3];
    for (size_t i = 0; i < 3; i++) {
        if (call->input[i]->n_items != 1)
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu has %zu items, expected 1",
                                i, call->input[i]->n_items);
        if (!call->input[i]->data) return fdml_op_unknown(call, i, err);
        fdml_items_get_double(&value[i], call->input[i], 0, 1, true);
        if (fdml_items_way(type) == FDML_WAY_INT)
            fdml_items_get_int(&ints[i], call->input[i], 0, 1, true);
    }
    if (fdml_items_way(type) == FDML_WAY_INT && type != FDML_TYPE_U64 && ints[2] != 0) {
        /* exactly, where the distance is one of int64 */
        const bool goes = ints[2] > 0 ? ints[0] < ints[1] : ints[0] > ints[1];
        const uint64_t distance = ints[2] > 0 ? (uint64_t)ints[1] - (uint64_t)ints[0]
                                              : (uint64_t)ints[0] - (uint64_t)ints[1];
        const uint64_t pace = ints[2] > 0 ? (uint64_t)ints[2] : 0 - (uint64_t)ints[2];
        const size_t n = goes ? (size_t)((distance - 1) / pace + 1) : 0;
        return fdml_op_set(call, 0, type, 1, &n, err);
    }
    count = ceil((value[1] - value[0]) / value[2]);
    if (isnan(count) || value[2] == 0 || count > 0x1p53)
        return fdml_op_fail(call, err, FDML_E_DATA, "a range from %g to %g by %g", value[0],
                            value[1], value[2]);
    return fdml_op_set(call, 0, type, 1, (size_t[]){ count > 0 ? (size_t)count : 0 }, err);
}

/* start + i delta, each rounded once. */
fdml_status fdml_run_range(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    double start = 0, delta = 0;
    int64_t int_start = 0, int_delta = 0;
    const bool is_int = fdml_items_way(y->type) == FDML_WAY_INT;
    if (is_int) {
        fdml_items_get_int(&int_start, call->input[0], 0, 1, true);
        fdml_items_get_int(&int_delta, call->input[2], 0, 1, true);
    } else {
        fdml_items_get_double(&start, call->input[0], 0, 1, true);
        fdml_items_get_double(&delta, call->input[2], 0, 1, true);
    }
    for (size_t i = 0; i < y->n_items; i++) {
        const int64_t item = (int64_t)((uint64_t)int_start + i * (uint64_t)int_delta);
        const double value = fma((double)i, delta, start);
        if (is_int)
            fdml_items_put_int(y, i, 1, &item, false);
        else
            fdml_items_put_double(y, i, 1, &value, true);
    }
    return FDML_OK;
}

/* --- OneHot ------------------------------------------------------------------------------ */

static fdml_status one_hot_axis(const fdml_op_call *call, int *axis, fdml_error *err)
{
    return fdml_op_axis(call, axis, fdml_node_int(call->node, "axis", -1),
                        call->input[0]->rank + 1, err);
}

fdml_status fdml_infer_one_hot(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *indices = call->input[0], *depth = call->input[1];
    int axis = 0;
    double value = 0;
    size_t dim[FDML_MAX_RANK + 1];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_op_check_type(call, 2, FDML_TYPES_ANY, err));
    FDML_TRY(one_hot_axis(call, &axis, err));
    if (depth->n_items != 1 || call->input[2]->n_items != 2)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "depth of %zu items and values of %zu, "
                            "expected 1 and 2",
                            depth->n_items, call->input[2]->n_items);
    if (!depth->data) return fdml_op_unknown(call, 1, err);
    fdml_items_get_double(&value, depth, 0, 1, true);
    if (!(value >= 0 && value < 0x1p53))
        return fdml_op_fail(call, err, FDML_E_DATA, "depth is %g", value);
    for (int d = 0, from = 0; d <= indices->rank; d++)
        dim[d] = d == axis ? (size_t)value : indices->dim[from++];
    return fdml_op_set(call, 0, call->input[2]->type, indices->rank + 1, dim, err);
}

fdml_status fdml_run_one_hot(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *indices = call->input[0], *values = call->input[2];
    fdml_tensor *y = fdml_op_output(call, 0);
    int axis = 0;
    if (!y || y->n_items == 0) return FDML_OK;
    FDML_TRY(one_hot_axis(call, &axis, err));
    const size_t n = y->dim[axis], size = fdml_type_size(y->type);
    size_t inner = 1;
    for (int d = axis + 1; d < y->rank; d++) inner *= y->dim[d];
    for (size_t i = 0; i < y->n_items; i++) memcpy(fdml_items_at(y, i), values->data, size);
    for (size_t k = 0; k < indices->n_items; k++) {
        double index; /* may be a float; a fraction is dropped */
        fdml_items_get_double(&index, indices, k, 1, true);
        index = trunc(index);
        if (index < 0) index += (double)n;
        if (!(index >= 0 && index < (double)n)) continue; /* all off */
        const size_t at = (k / inner * n + (size_t)index) * inner + k % inner;
        memcpy(fdml_items_at(y, at), fdml_items_at(values, 1), size);
    }
    return FDML_OK;
}

/* --- Trilu ------------------------------------------------------------------------------- */

fdml_status fdml_infer_trilu(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *k = fdml_op_input(call, 1);
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER | FDML_TYPES_BOOL, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_INDEX, err));
    if (x->rank < 2 || (k && k->n_items != 1))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "an input of %d dimensions and %zu diagonals", x->rank,
                            k ? k->n_items : 1);
    return fdml_op_set_like(call, 0, x->type, x, err);
}

fdml_status fdml_run_trilu(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    const fdml_tensor *x = call->input[0], *k = fdml_op_input(call, 1);
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    const bool is_upper = fdml_node_int(call->node, "upper", 1) != 0;
    const int64_t n_rows = (int64_t)x->dim[x->rank - 2], n_cols = (int64_t)x->dim[x->rank - 1];
    int64_t diagonal = 0;
    if (k) fdml_tensor_ints(&diagonal, 1, k);
    if (diagonal < -n_rows) diagonal = -n_rows; /* all the same beyond */
    if (diagonal > n_cols) diagonal = n_cols;
    memcpy(y->data, x->data, fdml_tensor_size(y));
    for (size_t row = 0; row < y->n_items / (size_t)n_cols; row++) {
        int64_t first = (int64_t)(row % (size_t)n_rows) + diagonal; /* column on the diagonal */
        if (!is_upper) first++;
        first = first < 0 ? 0 : first > n_cols ? n_cols : first;
        const size_t from = is_upper ? 0 : (size_t)first;
        const size_t to = is_upper ? (size_t)first : (size_t)n_cols;
        memset(fdml_items_at(y, row * (size_t)n_cols + from), 0,
               (to - from) * fdml_type_size(y->type));
    }
    return FDML_OK;
}
