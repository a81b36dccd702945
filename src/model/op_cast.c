/* op_cast.c - Cast and CastLike, and the operators that pass their input on.
 *
 * Floats go through double, which holds every item of every type but the 64-bit integers;
 * integers go through int64. Text is written and read as NumPy does it.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/each.h"
#include "model/items.h"
#include "model/items_text.h"
#include "model/op_check.h"
#include "model/ops.h"

static fdml_status infer_to(const fdml_op_call *call, fdml_type to, fdml_error *err)
{
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    if (!(FDML_TYPE_BIT(to) & FDML_TYPES_ANY))
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "a cast to type %s is not supported",
                            fdml_type_name(to));
    return fdml_op_set_like(call, 0, to, call->input[0], err);
}

fdml_status fdml_infer_cast(const fdml_op_call *call, fdml_error *err)
{
    const int64_t to = fdml_node_int(call->node, "to", 0);
    if (to <= FDML_TYPE_NONE || to >= FDML_TYPE_COUNT)
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                            "a cast to type %lld is not supported", (long long)to);
    return infer_to(call, (fdml_type)to, err);
}

fdml_status fdml_infer_cast_like(const fdml_op_call *call, fdml_error *err)
{
    return infer_to(call, call->input[1]->type, err);
}

typedef struct casting {
    const fdml_tensor *x, *y;
    bool saturates;
} casting;

static void cast_piece(void *ctx, const fdml_piece *piece)
{
    const casting *c = ctx;
    double wide[FDML_ITEMS_CHUNK];
    int64_t ints[FDML_ITEMS_CHUNK];
    for (size_t i = 0; i < piece->n; i += FDML_ITEMS_CHUNK) {
        const size_t first = piece->first + i, left = piece->n - i;
        const size_t n = left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK;
        if (fdml_items_way(c->x->type) == FDML_WAY_INT) {
            fdml_items_get_int(ints, c->x, first, n, false);
            fdml_items_put_int(c->y, first, n, ints, c->x->type == FDML_TYPE_U64);
        } else {
            fdml_items_get_double(wide, c->x, first, n, false);
            fdml_items_put_double(c->y, first, n, wide, c->saturates);
        }
    }
}

/* Texts lie one behind the other in scratch memory: fdml_items_keep_text saves them. */
static fdml_status cast_to_text(const fdml_op_call *call, const fdml_tensor *y,
                                const fdml_tensor *x, fdml_error *err)
{
    const char **text = y->data;
    char item[FDML_ITEM_TEXT];
    size_t size = 0;
    for (size_t i = 0; i < x->n_items; i++) size += fdml_items_print(item, x, i) + 1;
    char *at = fdml_arena_push(call->work, size, 1);
    if (!at)
        return fdml_op_fail(call, err, FDML_E_NOMEM, "no memory for %zu bytes of text", size);
    for (size_t i = 0; i < x->n_items; i++) {
        const size_t length = fdml_items_print(item, x, i);
        text[i] = memcpy(at, item, length + 1);
        at += length + 1;
    }
    return FDML_OK;
}

static fdml_status cast_from_text(const fdml_op_call *call, const fdml_tensor *y,
                                  const fdml_tensor *x, fdml_error *err)
{
    const char *const *text = x->data;
    for (size_t i = 0; i < x->n_items; i++)
        if (!fdml_items_parse(y, i, text[i]))
            return fdml_op_fail(call, err, FDML_E_DATA, "item %zu, \"%.40s\", is no %s", i,
                                text[i], fdml_type_name(y->type));
    return FDML_OK;
}

fdml_status fdml_run_cast(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    if (x->type == y->type) {
        if (y->n_items) memcpy(y->data, x->data, fdml_tensor_size(y));
        return FDML_OK;
    }
    if (y->type == FDML_TYPE_STRING) return cast_to_text(call, y, x, err);
    if (x->type == FDML_TYPE_STRING) return cast_from_text(call, y, x, err);
    casting c = { x, y, fdml_node_int(call->node, "saturate", 1) != 0 };
    fdml_each(y, 0, NULL, call->n_threads, cast_piece, &c);
    return FDML_OK;
}

/* --- Identity, Dropout ------------------------------------------------------------------- */

fdml_status fdml_infer_identity(const fdml_op_call *call, fdml_error *err)
{
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_ANY, err));
    return fdml_op_set_like(call, 0, call->input[0]->type, call->input[0], err);
}

fdml_status fdml_run_identity(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (y && y->n_items && y->data != call->input[0]->data)
        memcpy(y->data, call->input[0]->data, fdml_tensor_size(y));
    return FDML_OK;
}

/* Training with a ratio other than 0 draws random numbers, which no specification fixes. */
static fdml_status refuse_training(const fdml_op_call *call, bool is_running, fdml_error *err)
{
    const fdml_tensor *training = fdml_op_input(call, 2), *ratio = fdml_op_input(call, 1);
    if (!training || (!training->data && !is_running)) return FDML_OK;
    int64_t is_training = 0;
    if (!fdml_tensor_ints(&is_training, 1, training))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "training_mode is of type %s, expected bool",
                            fdml_type_name(training->type));
    double share = 0.5;
    if (ratio && !ratio->data) return FDML_OK;
    if (ratio) fdml_items_get_double(&share, ratio, 0, 1, true);
    if (!is_training || share == 0) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                        "training_mode is true with a ratio of %g, which is random", share);
}

fdml_status fdml_infer_dropout(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *ratio = fdml_op_input(call, 1);
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_FLOAT, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_FLOAT, err));
    FDML_TRY(fdml_op_check_type(call, 2, FDML_TYPES_BOOL, err));
    if (ratio && ratio->n_items != 1)
        return fdml_op_fail(call, err, FDML_E_DATA, "ratio has %zu items, expected 1",
                            ratio->n_items);
    FDML_TRY(refuse_training(call, false, err));
    FDML_TRY(fdml_op_set_like(call, 0, x->type, x, err));
    return fdml_op_set_like(call, 1, call->node->opset < 10 ? x->type : FDML_TYPE_BOOL, x, err);
}

fdml_status fdml_run_dropout(const fdml_op_call *call, fdml_error *err)
{
    FDML_TRY(refuse_training(call, true, err));
    const fdml_tensor *mask = fdml_op_output(call, 1);
    for (size_t i = 0; mask && i < mask->n_items; i++) /* all are kept */
        fdml_items_put_int(mask, i, 1, &(int64_t){ 1 }, false);
    return fdml_run_identity(call, err);
}
