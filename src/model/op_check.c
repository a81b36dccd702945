/* op_check.c - see op_check.h.
 * SPDX-License-Identifier: MIT */
#include "model/op_check.h"

#include "model/items_text.h"

fdml_status fdml_op_check_type(const fdml_op_call *call, size_t i, unsigned types,
                               fdml_error *err)
{
    const fdml_tensor *input = fdml_op_input(call, i);
    if (!input || types & FDML_TYPE_BIT(input->type)) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "input %zu of type %s is not supported",
                        i, fdml_type_name(input->type));
}

fdml_status fdml_op_check_types(const fdml_op_call *call, size_t n, unsigned types,
                                fdml_error *err)
{
    const fdml_tensor *first = NULL;
    for (size_t i = 0; i < n && i < call->n_inputs; i++) {
        const fdml_tensor *input = call->input[i];
        if (!input) continue;
        FDML_TRY(fdml_op_check_type(call, i, types, err));
        if (!first) first = input;
        if (first->type != input->type)
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu is of type %s, others of %s",
                                i, fdml_type_name(input->type), fdml_type_name(first->type));
    }
    return FDML_OK;
}

fdml_status fdml_op_ints(const fdml_op_call *call, size_t i, int64_t *values, size_t max,
                         size_t *n, fdml_error *err)
{
    const fdml_tensor *input = fdml_op_input(call, i);
    FDML_TRY(fdml_op_check_type(call, i, FDML_TYPES_INTEGER, err));
    char text[FDML_SHAPE_TEXT];
    if (input->rank > 1 || input->n_items > max)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "input %zu of shape %s, expected a list of at most %zu", i,
                            fdml_tensor_shape_text(input, text), max);
    *n = input->n_items;
    if (*n == 0) return FDML_OK;
    if (!input->data) return fdml_op_unknown(call, i, err);
    if (fdml_tensor_ints(values, max, input)) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_DATA, "input %zu has a value above %lld", i,
                        (long long)INT64_MAX);
}

fdml_status fdml_op_dims(const fdml_op_call *call, size_t i, size_t *dim, int *rank,
                         fdml_error *err)
{
    int64_t wanted[FDML_MAX_RANK];
    size_t n = 0;
    FDML_TRY(fdml_op_ints(call, i, wanted, FDML_MAX_RANK, &n, err));
    for (size_t d = 0; d < n; d++) {
        if (wanted[d] < 0)
            return fdml_op_fail(call, err, FDML_E_DATA, "dimension %zu is %lld", d,
                                (long long)wanted[d]);
        dim[d] = (size_t)wanted[d];
    }
    *rank = (int)n;
    return FDML_OK;
}

fdml_status fdml_op_list_of(const fdml_op_call *call, const char *attribute, size_t i,
                            int64_t *values, size_t max, size_t *n, bool *is_given,
                            fdml_error *err)
{
    *n = 0;
    *is_given = true;
    if (fdml_op_input(call, i)) return fdml_op_ints(call, i, values, max, n, err);
    const fdml_attr *attr = fdml_node_attr(call->node, attribute);
    *is_given = attr != NULL;
    if (!attr) return FDML_OK;
    if (attr->n > max)
        return fdml_op_fail(call, err, FDML_E_DATA, "%s has %zu values, the limit is %zu",
                            attribute, attr->n, max);
    *n = attr->n;
    for (size_t k = 0; k < attr->n; k++) values[k] = attr->as.ints[k];
    return FDML_OK;
}

fdml_status fdml_op_mark_axes(const fdml_op_call *call, bool *is_marked, int rank,
                              const int64_t *axes, size_t n, fdml_error *err)
{
    for (int d = 0; d < rank; d++) is_marked[d] = false;
    for (size_t k = 0; k < n; k++) {
        int axis = 0;
        FDML_TRY(fdml_op_axis(call, &axis, axes[k], rank, err));
        if (is_marked[axis])
            return fdml_op_fail(call, err, FDML_E_DATA, "axis %lld is given twice",
                                (long long)axes[k]);
        is_marked[axis] = true;
    }
    return FDML_OK;
}

fdml_status fdml_op_set_like(const fdml_op_call *call, size_t i, fdml_type type,
                             const fdml_tensor *shape, fdml_error *err)
{
    return fdml_op_set(call, i, type, shape->rank, shape->dim, err);
}

bool fdml_op_keep_texts(const fdml_op_call *call, fdml_arena *arena)
{
    const fdml_tensor *first = fdml_op_input(call, 0);
    if (first && first->type == FDML_TYPE_STRING) return true;
    for (size_t i = 0; i < call->n_outputs; i++)
        if (call->output[i] && call->output[i]->type == FDML_TYPE_STRING &&
            !fdml_items_keep_text(call->output[i], arena))
            return false;
    return true;
}
