/* op_pad.c - Pad, in all modes and with negative pads, which crop.
 *
 * Along each axis a table says from which item of the input every item of the output comes, or
 * from none: then the constant is put there. What reflection and wrapping mean for pads longer
 * than the axis follows NumPy, which repeats them.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

/* Pads are an attribute before operator set 11, then input 1; the axes they are for came with
 * 18. begin[d] and end[d] are of axis d. */
static fdml_status read_pads(const fdml_op_call *call, int64_t *begin, int64_t *end,
                             fdml_error *err)
{
    const int rank = call->input[0]->rank;
    int64_t pads[2 * FDML_MAX_RANK], axes[FDML_MAX_RANK];
    size_t n = 0, n_axes = (size_t)rank;
    bool is_given = false, is_padded[FDML_MAX_RANK];
    FDML_TRY(fdml_op_list_of(call, "pads", 1, pads, 2 * FDML_MAX_RANK, &n, &is_given, err));
    for (int d = 0; d < rank; d++) axes[d] = d;
    if (fdml_op_input(call, 3))
        FDML_TRY(fdml_op_ints(call, 3, axes, FDML_MAX_RANK, &n_axes, err));
    if (!is_given || n != 2 * n_axes)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu pads for %zu axes", n, n_axes);
    FDML_TRY(fdml_op_mark_axes(call, is_padded, rank, axes, n_axes, err));
    for (int d = 0; d < rank; d++) begin[d] = end[d] = 0;
    for (size_t k = 0; k < n_axes; k++) {
        const int64_t d = axes[k] < 0 ? axes[k] + rank : axes[k];
        begin[d] = pads[k];
        end[d] = pads[n_axes + k];
    }
    return FDML_OK;
}

fdml_status fdml_infer_pad(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *value = fdml_op_input(call, 2);
    const char *mode = fdml_node_text(call->node, "mode", "constant");
    const bool is_constant = !strcmp(mode, "constant");
    int64_t begin[FDML_MAX_RANK], end[FDML_MAX_RANK];
    size_t dim[FDML_MAX_RANK];
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    if (!is_constant && strcmp(mode, "reflect") != 0 && strcmp(mode, "edge") != 0 &&
        strcmp(mode, "wrap") != 0)
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "mode is \"%.80s\"", mode);
    if (value && (value->type != x->type || value->n_items != 1))
        return fdml_op_fail(call, err, FDML_E_DATA, "constant_value is %zu items of type %s",
                            value->n_items, fdml_type_name(value->type));
    FDML_TRY(read_pads(call, begin, end, err));
    const int64_t limit = INT64_MAX / 4; /* so that sums of three do not overflow */
    for (int d = 0; d < x->rank; d++) {
        const int64_t n = (int64_t)x->dim[d];
        const bool fits = begin[d] > -limit && begin[d] < limit && end[d] > -limit &&
                          end[d] < limit && n < limit && n + begin[d] + end[d] >= 0;
        if (!fits || (!is_constant && n == 0 && begin[d] + end[d] > 0))
            return fdml_op_fail(call, err, FDML_E_DATA, "pads %lld and %lld for %lld items",
                                (long long)begin[d], (long long)end[d], (long long)n);
        dim[d] = (size_t)(n + begin[d] + end[d]);
    }
    return fdml_op_set(call, 0, x->type, x->rank, dim, err);
}

static int64_t modulo(int64_t a, int64_t n)
{
    const int64_t rest = a % n;
    return rest < 0 ? rest + n : rest;
}

/* Where position i of an axis of n items, counted from its first, takes its item; -1: none. */
static int64_t source(const char *mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    switch (mode[0]) {
    case 'e':
        return i < 0 ? 0 : n - 1;
    case 'w':
        return modulo(i, n);
    case 'r': { /* there and back again, the ends once */
        if (n == 1) return 0;
        const int64_t period = 2 * (n - 1), at = modulo(i, period);
        return at < n ? at : period - at;
    }
    default:
        return -1;
    }
}

/* The item that fills, as bytes of the type. */
static void read_constant(const fdml_op_call *call, void *bytes)
{
    const fdml_tensor *x = call->input[0], *value = fdml_op_input(call, 2);
    fdml_tensor item = { .type = x->type, .n_items = 1, .data = bytes };
    static const char *const empty = "";
    if (value) {
        memcpy(bytes, value->data, fdml_type_size(x->type));
    } else if (x->type == FDML_TYPE_STRING) {
        memcpy(bytes, &empty, sizeof empty);
    } else {
        const double number = (double)fdml_node_float(call->node, "value", 0);
        fdml_items_put_double(&item, 0, 1, &number, true);
    }
}

/* One row of the output: dimension rank - 1 at the place that `from` gives the others. */
static void pad_row(char *to, const char *row, const int64_t *table, size_t n, size_t size,
                    const void *constant)
{
    for (size_t i = 0; i < n;) {
        size_t run = 1; /* items that lie one behind the other are copied at once */
        while (i + run < n && table[i] >= 0 && table[i + run] == table[i] + (int64_t)run) run++;
        const bool is_inside = row && table[i] >= 0;
        memcpy(to + i * size, is_inside ? row + (size_t)table[i] * size : constant,
               (is_inside ? run : 1) * size);
        i += is_inside ? run : 1;
    }
}

fdml_status fdml_run_pad(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    const char *mode = fdml_node_text(call->node, "mode", "constant");
    const size_t size = fdml_type_size(x->type);
    int64_t begin[FDML_MAX_RANK], end[FDML_MAX_RANK], *table[FDML_MAX_RANK + 1], zero = 0;
    uint64_t constant = 0;
    FDML_TRY(read_pads(call, begin, end, err));
    read_constant(call, &constant);
    for (int d = 0; d < x->rank; d++) {
        table[d] = fdml_arena_push(call->work, y->dim[d], sizeof **table);
        if (!table[d])
            return fdml_op_fail(call, err, FDML_E_NOMEM, "no memory for %zu places", y->dim[d]);
        for (size_t i = 0; i < y->dim[d]; i++)
            table[d][i] = source(mode, (int64_t)i - begin[d], (int64_t)x->dim[d]);
    }
    const int last = x->rank - 1;
    const size_t row = x->rank ? y->dim[last] : 1;
    const int64_t *inner = x->rank ? table[last] : &zero;
    for (size_t first = 0; first < y->n_items; first += row) {
        size_t rest = first / row, stride = x->rank ? x->dim[last] : 1, at = 0;
        bool is_inside = true;
        for (int d = last - 1; d >= 0; d--) {
            const int64_t from = table[d][rest % y->dim[d]];
            is_inside = is_inside && from >= 0;
            if (from > 0) at += (size_t)from * stride;
            rest /= y->dim[d];
            stride *= x->dim[d];
        }
        pad_row((char *)y->data + first * size,
                is_inside ? (const char *)x->data + at * size : NULL, inner, row, size,
                &constant);
    }
    return FDML_OK;
}
