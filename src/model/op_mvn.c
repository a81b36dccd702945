/* op_mvn.c - MeanVarianceNormalization: (x - mean) / (deviation + 1e-9) over some axes.
 *
 * The variance is the mean of squared distances, not the difference of two means that the
 * specification writes: equal by algebra, and without its cancellation. In double throughout.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

static fdml_status find_axes(const fdml_op_call *call, bool *is_reduced, fdml_error *err)
{
    static const int64_t usual[] = { 0, 2, 3 };
    const fdml_attr *axes = fdml_node_attr(call->node, "axes");
    return fdml_op_mark_axes(call, is_reduced, call->input[0]->rank,
                             axes ? axes->as.ints : usual, axes ? axes->n : 3, err);
}

fdml_status fdml_infer_mvn(const fdml_op_call *call, fdml_error *err)
{
    bool is_reduced[FDML_MAX_RANK];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_FLOAT, err));
    FDML_TRY(find_axes(call, is_reduced, err));
    return fdml_op_set_like(call, 0, call->input[0]->type, call->input[0], err);
}

/* Which of the groups that are normalised together item i belongs to. */
static size_t group_of(const fdml_tensor *x, const bool *is_reduced, size_t i)
{
    size_t group = 0, stride = 1;
    for (int d = x->rank - 1; d >= 0; d--) {
        if (!is_reduced[d]) {
            group += i % x->dim[d] * stride;
            stride *= x->dim[d];
        }
        i /= x->dim[d];
    }
    return group;
}

fdml_status fdml_run_mvn(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *y = fdml_op_output(call, 0);
    bool is_reduced[FDML_MAX_RANK];
    if (!y || y->n_items == 0) return FDML_OK;
    FDML_TRY(find_axes(call, is_reduced, err));
    size_t n_groups = 1;
    for (int d = 0; d < x->rank; d++) n_groups *= is_reduced[d] ? 1 : x->dim[d];
    double *mean = fdml_arena_push_zero(call->work, n_groups, sizeof *mean), value;
    double *square = fdml_arena_push_zero(call->work, n_groups, sizeof *square);
    if (!mean || !square)
        return fdml_op_fail(call, err, FDML_E_NOMEM, "no memory for %zu means", n_groups);
    const double n = (double)(x->n_items / n_groups);
    for (size_t i = 0; i < x->n_items; i++) {
        fdml_items_get_double(&value, x, i, 1, true);
        mean[group_of(x, is_reduced, i)] += value / n;
    }
    for (size_t i = 0; i < x->n_items; i++) {
        const size_t g = group_of(x, is_reduced, i);
        fdml_items_get_double(&value, x, i, 1, true);
        square[g] += (value - mean[g]) * (value - mean[g]) / n;
    }
    for (size_t i = 0; i < x->n_items; i++) {
        const size_t g = group_of(x, is_reduced, i);
        fdml_items_get_double(&value, x, i, 1, true);
        value = (value - mean[g]) / (sqrt(square[g]) + 1e-9);
        fdml_items_put_double(y, i, 1, &value, true);
    }
    return FDML_OK;
}
