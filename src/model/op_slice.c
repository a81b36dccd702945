/* op_slice.c - Slice: a range with a step along each of some axes, which may run backwards.
 *
 * Starts, ends and axes are attributes before operator set 10, then inputs, with steps. A view
 * with the steps as strides does the rest.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/each.h"
#include "model/op_check.h"
#include "model/ops.h"

typedef struct ranges {
    size_t n;
    int64_t start[FDML_MAX_RANK], end[FDML_MAX_RANK], axis[FDML_MAX_RANK], step[FDML_MAX_RANK];
} ranges;

static fdml_status read_ranges(const fdml_op_call *call, ranges *r, fdml_error *err)
{
    size_t n_ends = 0, n_axes = 0, n_steps = 0;
    bool has_starts, has_ends, has_axes, has_steps;
    FDML_TRY(
        fdml_op_list_of(call, "starts", 1, r->start, FDML_MAX_RANK, &r->n, &has_starts, err));
    FDML_TRY(fdml_op_list_of(call, "ends", 2, r->end, FDML_MAX_RANK, &n_ends, &has_ends, err));
    FDML_TRY(fdml_op_list_of(call, "axes", 3, r->axis, FDML_MAX_RANK, &n_axes, &has_axes, err));
    FDML_TRY(
        fdml_op_list_of(call, "steps", 4, r->step, FDML_MAX_RANK, &n_steps, &has_steps, err));
    if (!has_starts || !has_ends)
        return fdml_op_fail(call, err, FDML_E_DATA, "starts or ends are missing");
    if (n_ends != r->n || (has_axes && n_axes != r->n) || (has_steps && n_steps != r->n))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "%zu starts, %zu ends, %zu axes and %zu steps", r->n, n_ends,
                            n_axes, n_steps);
    for (size_t i = 0; i < r->n; i++) {
        if (!has_axes) r->axis[i] = (int64_t)i;
        if (!has_steps) r->step[i] = 1;
        if (r->step[i] == 0) return fdml_op_fail(call, err, FDML_E_DATA, "step %zu is 0", i);
    }
    return FDML_OK;
}

static int64_t limit(int64_t x, int64_t low, int64_t high)
{
    if (x < low) return low;
    return x > high ? high : x;
}

/* A range of the specification along a dimension, as first item and number of items. Positions
 * below 0 count from the end, and what lies outside is brought back to the edge. */
static void resolve(const ranges *r, size_t i, size_t size, int64_t *first, size_t *count)
{
    const int64_t n = (int64_t)size, step = r->step[i];
    int64_t start = r->start[i], end = r->end[i];
    if (start < 0) start += n;
    if (end < 0) end += n;
    start = step > 0 ? limit(start, 0, n) : limit(start, 0, n - 1);
    end = step > 0 ? limit(end, 0, n) : limit(end, -1, n);
    const int64_t distance = step > 0 ? end - start : start - end;
    const uint64_t pace = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    *first = start;
    *count = distance > 0 && n > 0 ? (size_t)(((uint64_t)distance - 1) / pace + 1) : 0;
}

static fdml_status make_view(const fdml_op_call *call, fdml_view *view, fdml_error *err)
{
    ranges r;
    bool is_sliced[FDML_MAX_RANK];
    const fdml_tensor *x = call->input[0];
    fdml_view_init(view, x);
    FDML_TRY(read_ranges(call, &r, err));
    FDML_TRY(fdml_op_mark_axes(call, is_sliced, x->rank, r.axis, r.n, err));
    for (size_t i = 0; i < r.n; i++) {
        const int64_t axis = r.axis[i] < 0 ? r.axis[i] + x->rank : r.axis[i];
        int64_t first;
        size_t count;
        resolve(&r, i, x->dim[axis], &first, &count);
        view->dim[axis] = count;
        if (count == 0) continue;
        view->offset += (ptrdiff_t)first * view->stride[axis];
        view->stride[axis] *= count > 1 ? (ptrdiff_t)r.step[i] : 1;
    }
    return FDML_OK;
}

fdml_status fdml_infer_slice(const fdml_op_call *call, fdml_error *err)
{
    fdml_view view;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(make_view(call, &view, err));
    return fdml_op_set(call, 0, call->input[0]->type, view.rank, view.dim, err);
}

fdml_status fdml_run_slice(const fdml_op_call *call, fdml_error *err)
{
    fdml_view view;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    FDML_TRY(make_view(call, &view, err));
    fdml_view_copy(y->data, call->input[0], &view, call->n_threads);
    return FDML_OK;
}
