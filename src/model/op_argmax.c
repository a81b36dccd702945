/* op_argmax.c - ArgMax, ArgMin, CumSum: walks along one axis.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

/* A tensor as [outer, n, inner] around an axis. */
typedef struct lines {
    size_t outer, n, inner;
} lines;

static lines lines_of(const fdml_tensor *x, int axis)
{
    lines l = { 1, x->dim[axis], 1 };
    for (int d = 0; d < axis; d++) l.outer *= x->dim[d];
    for (int d = axis + 1; d < x->rank; d++) l.inner *= x->dim[d];
    return l;
}

fdml_status fdml_infer_arg_extreme(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int axis = 0, rank = 0;
    size_t dim[FDML_MAX_RANK];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", 0), x->rank, err));
    if (x->dim[axis] == 0)
        return fdml_op_fail(call, err, FDML_E_DATA, "axis %d has no items to choose from",
                            axis);
    const bool keeps = fdml_node_int(call->node, "keepdims", 1) != 0;
    for (int d = 0; d < x->rank; d++) {
        if (d != axis)
            dim[rank++] = x->dim[d];
        else if (keeps)
            dim[rank++] = 1;
    }
    return fdml_op_set(call, 0, FDML_TYPE_I64, rank, dim, err);
}

typedef struct contest {
    const fdml_tensor *x;
    bool is_min, takes_last;
} contest;

/* Does the item at b beat the one at a? The first NaN beats all, as in NumPy. */
static bool beats(const contest *c, size_t b, size_t a)
{
    if (fdml_items_way(c->x->type) != FDML_WAY_INT) {
        double best, x;
        fdml_items_get_double(&best, c->x, a, 1, true);
        fdml_items_get_double(&x, c->x, b, 1, true);
        if (isnan(best) || isnan(x)) return !isnan(best);
        return c->is_min ? x < best || (c->takes_last && x == best)
                         : x > best || (c->takes_last && x == best);
    }
    int64_t best, x;
    fdml_items_get_int(&best, c->x, a, 1, true);
    fdml_items_get_int(&x, c->x, b, 1, true);
    if (x == best) return c->takes_last;
    const bool is_less = c->x->type == FDML_TYPE_U64 ? (uint64_t)x < (uint64_t)best : x < best;
    return is_less == c->is_min;
}

fdml_status fdml_run_arg_extreme(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    const contest c = { .x = call->input[0],
                        .is_min = !strcmp(call->node->op->name, "ArgMin"),
                        .takes_last = fdml_node_int(call->node, "select_last_index", 0) != 0 };
    int axis = 0;
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", 0), c.x->rank, err));
    const lines l = lines_of(c.x, axis);
    int64_t *index = y->data;
    for (size_t o = 0; o < l.outer; o++)
        for (size_t i = 0; i < l.inner; i++) {
            const size_t first = o * l.n * l.inner + i;
            size_t best = 0;
            for (size_t k = 1; k < l.n; k++)
                if (beats(&c, first + k * l.inner, first + best * l.inner)) best = k;
            index[o * l.inner + i] = (int64_t)best;
        }
    return FDML_OK;
}

/* --- CumSum ------------------------------------------------------------------------------ */

fdml_status fdml_infer_cum_sum(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_INDEX, err));
    if (call->input[1]->n_items != 1 || x->rank == 0)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu axes for an input of %d dimensions",
                            call->input[1]->n_items, x->rank);
    return fdml_op_set_like(call, 0, x->type, x, err);
}

/* One line; floats accumulate in double and each sum is rounded once. */
static void sum_line(const fdml_tensor *y, const fdml_tensor *x, size_t first, size_t n,
                     ptrdiff_t step, bool is_exclusive)
{
    double sum = 0;
    uint64_t int_sum = 0;
    const bool is_int = fdml_items_way(x->type) == FDML_WAY_INT;
    for (size_t k = 0; k < n; k++, first = (size_t)((ptrdiff_t)first + step)) {
        const double before = sum;
        const int64_t int_before = (int64_t)int_sum;
        double item = 0;
        int64_t int_item = 0;
        if (is_int) {
            fdml_items_get_int(&int_item, x, first, 1, true);
            int_sum += (uint64_t)int_item;
            int_item = is_exclusive ? int_before : (int64_t)int_sum;
            fdml_items_put_int(y, first, 1, &int_item, false);
        } else {
            fdml_items_get_double(&item, x, first, 1, true);
            sum += item;
            fdml_items_put_double(y, first, 1, is_exclusive ? &before : &sum, true);
        }
    }
}

fdml_status fdml_run_cum_sum(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    int axis = 0;
    int64_t wanted = 0;
    fdml_tensor_ints(&wanted, 1, call->input[1]);
    FDML_TRY(fdml_op_axis(call, &axis, wanted, x->rank, err));
    const lines l = lines_of(x, axis);
    const bool is_reverse = fdml_node_int(call->node, "reverse", 0) != 0;
    const bool is_exclusive = fdml_node_int(call->node, "exclusive", 0) != 0;
    for (size_t o = 0; o < l.outer; o++)
        for (size_t i = 0; i < l.inner; i++) {
            size_t first = o * l.n * l.inner + i;
            if (is_reverse) first += (l.n - 1) * l.inner;
            sum_line(y, x, first, l.n, is_reverse ? -(ptrdiff_t)l.inner : (ptrdiff_t)l.inner,
                     is_exclusive);
        }
    return FDML_OK;
}
