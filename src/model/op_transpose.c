/* op_transpose.c - one view of the input, copied: Transpose DepthToSpace SpaceToDepth Expand
 * Tile.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/each.h"
#include "model/op_check.h"
#include "model/ops.h"

static fdml_status copy_view(const fdml_op_call *call, const fdml_view *view)
{
    const fdml_tensor *y = fdml_op_output(call, 0);
    if (y && y->n_items) fdml_view_copy(y->data, call->input[0], view, call->n_threads);
    return FDML_OK;
}

/* --- Transpose --------------------------------------------------------------------------- */

static fdml_status transposed(const fdml_op_call *call, fdml_view *view, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const fdml_attr *perm = fdml_node_attr(call->node, "perm");
    bool is_used[FDML_MAX_RANK];
    fdml_view plain;
    if (perm && perm->n != (size_t)x->rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "perm has %zu axes for %d dimensions",
                            perm->n, x->rank);
    if (perm) FDML_TRY(fdml_op_mark_axes(call, is_used, x->rank, perm->as.ints, perm->n, err));
    fdml_view_init(&plain, x);
    *view = plain;
    for (int d = 0; d < x->rank; d++) {
        int64_t from = perm ? perm->as.ints[d] : x->rank - 1 - d;
        if (from < 0) from += x->rank;
        view->dim[d] = plain.dim[from];
        view->stride[d] = plain.stride[from];
    }
    return FDML_OK;
}

fdml_status fdml_infer_transpose(const fdml_op_call *call, fdml_error *err)
{
    fdml_view view;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(transposed(call, &view, err));
    return fdml_op_set(call, 0, call->input[0]->type, view.rank, view.dim, err);
}

fdml_status fdml_run_transpose(const fdml_op_call *call, fdml_error *err)
{
    fdml_view view;
    FDML_TRY(transposed(call, &view, err));
    return copy_view(call, &view);
}

/* --- DepthToSpace, SpaceToDepth -----------------------------------------------------------
 * [n, c, h, w] seen as [n, r, r, c', h, w] (DCR) or [n, c', r, r, h, w] (CRD), or as
 * [n, c, h', r, w', r], and its axes put in another order. */

/* The view of the input under six dimensions, taken in the order given. */
static fdml_view six(const size_t dim[6], const int order[6])
{
    fdml_view view = { .rank = 6 };
    ptrdiff_t stride[6], step = 1;
    for (int d = 5; d >= 0; d--) {
        stride[d] = step;
        step *= (ptrdiff_t)dim[d];
    }
    for (int d = 0; d < 6; d++) {
        view.dim[d] = dim[order[d]];
        view.stride[d] = stride[order[d]];
    }
    return view;
}

static fdml_status check_blocks(const fdml_op_call *call, size_t *block, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const int64_t r = fdml_node_int(call->node, "blocksize", 0);
    const bool is_depth_to_space = !strcmp(call->node->op->name, "DepthToSpace");
    char text[FDML_SHAPE_TEXT];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    bool fits = x->rank == 4 && r > 0 && r < INT32_MAX;
    if (fits && is_depth_to_space) fits = x->dim[1] % ((uint64_t)r * (uint64_t)r) == 0;
    if (fits && !is_depth_to_space)
        fits = x->dim[2] % (uint64_t)r == 0 && x->dim[3] % (uint64_t)r == 0;
    *block = (size_t)r;
    if (fits) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_DATA, "blocksize %lld for an input of shape %s",
                        (long long)r, fdml_tensor_shape_text(x, text));
}

fdml_status fdml_infer_depth_to_space(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    size_t r = 1;
    FDML_TRY(check_blocks(call, &r, err));
    const char *mode = fdml_node_text(call->node, "mode", "DCR");
    if (strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0)
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                            "mode is \"%.80s\", expected DCR or CRD", mode);
    return fdml_op_set(
        call, 0, x->type, 4,
        (size_t[]){ x->dim[0], x->dim[1] / (r * r), x->dim[2] * r, x->dim[3] * r }, err);
}

fdml_status fdml_run_depth_to_space(const fdml_op_call *call, fdml_error *err)
{
    const size_t *n = call->input[0]->dim;
    size_t r = 1;
    FDML_TRY(check_blocks(call, &r, err));
    const size_t depth = n[1] / (r * r);
    const bool is_dcr = !strcmp(fdml_node_text(call->node, "mode", "DCR"), "DCR");
    const fdml_view view =
        is_dcr ? six((size_t[]){ n[0], r, r, depth, n[2], n[3] }, (int[]){ 0, 3, 4, 1, 5, 2 })
               : six((size_t[]){ n[0], depth, r, r, n[2], n[3] }, (int[]){ 0, 1, 4, 2, 5, 3 });
    return copy_view(call, &view);
}

fdml_status fdml_infer_space_to_depth(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    size_t r = 1;
    FDML_TRY(check_blocks(call, &r, err));
    /* x has its items in memory; a product with r^2 of one dimension is no larger */
    return fdml_op_set(call, 0, x->type, 4,
                       (size_t[]){ x->dim[0], x->dim[1] * r * r, x->dim[2] / r, x->dim[3] / r },
                       err);
}

fdml_status fdml_run_space_to_depth(const fdml_op_call *call, fdml_error *err)
{
    const size_t *n = call->input[0]->dim;
    size_t r = 1;
    FDML_TRY(check_blocks(call, &r, err));
    const fdml_view view =
        six((size_t[]){ n[0], n[1], n[2] / r, r, n[3] / r, r }, (int[]){ 0, 3, 5, 1, 2, 4 });
    return copy_view(call, &view);
}

/* --- Expand, Tile ------------------------------------------------------------------------ */

fdml_status fdml_infer_expand(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor asked = { .type = call->input[0]->type }, shape;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_dims(call, 1, asked.dim, &asked.rank, err));
    FDML_TRY(fdml_op_broadcast(call, &shape, 2,
                               (const fdml_tensor *const[]){ call->input[0], &asked }, err));
    return fdml_op_set_like(call, 0, call->input[0]->type, &shape, err);
}

fdml_status fdml_run_expand(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    const fdml_tensor *x = call->input[0], *y = fdml_op_output(call, 0);
    fdml_view own, view;
    if (!y) return FDML_OK;
    fdml_view_init(&own, x);
    fdml_view_init(&view, y);
    for (int d = 0; d < y->rank; d++) {
        const int from = d - (y->rank - x->rank);
        view.stride[d] = from >= 0 && x->dim[from] != 1 ? own.stride[from] : 0;
    }
    return copy_view(call, &view);
}

fdml_status fdml_infer_tile(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int64_t repeats[FDML_MAX_RANK];
    size_t n = 0, dim[FDML_MAX_RANK];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    FDML_TRY(fdml_op_ints(call, 1, repeats, FDML_MAX_RANK, &n, err));
    if (n != (size_t)x->rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu repeats for %d dimensions", n,
                            x->rank);
    for (size_t d = 0; d < n; d++) {
        if (repeats[d] < 0 || (x->dim[d] && (uint64_t)repeats[d] > SIZE_MAX / x->dim[d]))
            return fdml_op_fail(call, err, FDML_E_DATA, "repeat %zu is %lld", d,
                                (long long)repeats[d]);
        dim[d] = x->dim[d] * (size_t)repeats[d];
    }
    return fdml_op_set(call, 0, x->type, x->rank, dim, err);
}

/* A repeated dimension is two: the repeats, which do not move, and the dimension. */
fdml_status fdml_run_tile(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    const fdml_tensor *x = call->input[0], *y = fdml_op_output(call, 0);
    fdml_view own, view = { .rank = 2 * x->rank };
    if (!y || y->n_items == 0) return FDML_OK;
    fdml_view_init(&own, x);
    for (int d = 0; d < x->rank; d++) {
        view.dim[2 * d] = y->dim[d] / x->dim[d];
        view.dim[2 * d + 1] = x->dim[d];
        view.stride[2 * d + 1] = own.stride[d];
    }
    return copy_view(call, &view);
}
