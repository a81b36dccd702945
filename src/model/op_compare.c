/* op_compare.c - operators whose result is true or false, and Where, which uses it.
 *
 * Numbers are compared in the way their type is computed in, so that no integer is rounded; NaN
 * equals nothing and is neither less nor greater.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/each.h"
#include "model/items.h"
#include "model/op_check.h"
#include "model/op_combine.h"
#include "model/ops.h"

typedef enum relation {
    EQUAL,
    LESS,
    LESS_OR_EQUAL,
    GREATER,
    GREATER_OR_EQUAL,
    AND,
    OR,
    XOR
} relation;

static relation relation_of(const fdml_op_call *call)
{
    static const char *const names[] = { "Equal",          "Less", "LessOrEqual", "Greater",
                                         "GreaterOrEqual", "And",  "Or",          "Xor" };
    size_t i = 0;
    while (strcmp(names[i], call->node->op->name) != 0) i++;
    return (relation)i;
}

fdml_status fdml_infer_compare(const fdml_op_call *call, fdml_error *err)
{
    const relation how = relation_of(call);
    unsigned types = FDML_TYPES_NUMBER;
    if (how >= AND) types = FDML_TYPES_BOOL;
    if (how == EQUAL) types |= FDML_TYPES_BOOL | FDML_TYPES_STRING;
    fdml_tensor b, shape;
    FDML_TRY(fdml_op_check_types(call, 2, types, err));
    FDML_TRY(fdml_combine_align(call, &b, err));
    FDML_TRY(fdml_op_broadcast(call, &shape, 2,
                               (const fdml_tensor *const[]){ call->input[0], &b }, err));
    return fdml_op_set_like(call, 0, FDML_TYPE_BOOL, &shape, err);
}

typedef struct comparison {
    const fdml_tensor *y, *a, *b;
    relation how;
} comparison;

#define RELATE(how, a, b)                                                                      \
    ((how) == EQUAL              ? (a) == (b)                                                  \
     : (how) == LESS             ? (a) < (b)                                                   \
     : (how) == LESS_OR_EQUAL    ? (a) <= (b)                                                  \
     : (how) == GREATER          ? (a) > (b)                                                   \
     : (how) == GREATER_OR_EQUAL ? (a) >= (b)                                                  \
     : (how) == AND              ? ((a) != 0 && (b) != 0)                                      \
     : (how) == OR               ? ((a) != 0 || (b) != 0)                                      \
                                 : ((a) != 0) != ((b) != 0))

static bool relate_ints(relation how, int64_t a, int64_t b)
{
    return RELATE(how, a, b);
}

static bool relate_u64(relation how, uint64_t a, uint64_t b)
{
    return RELATE(how, a, b);
}

static bool relate_doubles(relation how, double a, double b)
{
    return RELATE(how, a, b);
}

static const char *text_at(const fdml_tensor *items, size_t index)
{
    const char *text;
    memcpy(&text, fdml_items_at(items, index), sizeof text);
    return text;
}

static void compare_strings(const comparison *c, const fdml_piece *piece)
{
    bool *y = fdml_items_at(c->y, piece->first);
    for (size_t i = 0; i < piece->n; i++) {
        const char *a = text_at(c->a, piece->at[0] + (piece->is_one[0] ? 0 : i));
        const char *b = text_at(c->b, piece->at[1] + (piece->is_one[1] ? 0 : i));
        y[i] = !strcmp(a, b);
    }
}

static void compare_chunk(const comparison *c, uint8_t *y, const size_t at[2],
                          const bool *is_one, size_t n)
{
    double wide_a[FDML_ITEMS_CHUNK], wide_b[FDML_ITEMS_CHUNK];
    int64_t a[FDML_ITEMS_CHUNK], b[FDML_ITEMS_CHUNK];
    if (fdml_items_way(c->a->type) == FDML_WAY_INT) {
        fdml_items_get_int(a, c->a, at[0], n, is_one[0]);
        fdml_items_get_int(b, c->b, at[1], n, is_one[1]);
        const bool is_u64 = c->a->type == FDML_TYPE_U64;
        for (size_t i = 0; i < n; i++)
            y[i] = is_u64 ? relate_u64(c->how, (uint64_t)a[i], (uint64_t)b[i])
                          : relate_ints(c->how, a[i], b[i]);
        return;
    }
    fdml_items_get_double(wide_a, c->a, at[0], n, is_one[0]);
    fdml_items_get_double(wide_b, c->b, at[1], n, is_one[1]);
    for (size_t i = 0; i < n; i++) y[i] = relate_doubles(c->how, wide_a[i], wide_b[i]);
}

static void compare_piece(void *ctx, const fdml_piece *piece)
{
    const comparison *c = ctx;
    if (c->a->type == FDML_TYPE_STRING) {
        compare_strings(c, piece);
        return;
    }
    for (size_t i = 0; i < piece->n; i += FDML_ITEMS_CHUNK) {
        const size_t left = piece->n - i;
        const size_t at[2] = { piece->at[0] + (piece->is_one[0] ? 0 : i),
                               piece->at[1] + (piece->is_one[1] ? 0 : i) };
        compare_chunk(c, fdml_items_at(c->y, piece->first + i), at, piece->is_one,
                      left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK);
    }
}

fdml_status fdml_run_compare(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor *y = fdml_op_output(call, 0), b;
    if (!y) return FDML_OK;
    FDML_TRY(fdml_combine_align(call, &b, err));
    comparison c = { .y = y, .a = call->input[0], .b = &b, .how = relation_of(call) };
    fdml_each(y, 2, (const fdml_tensor *const[]){ c.a, &b }, call->n_threads, compare_piece,
              &c);
    return FDML_OK;
}

/* --- of one input ------------------------------------------------------------------------ */

fdml_status fdml_infer_not(const fdml_op_call *call, fdml_error *err)
{
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_BOOL, err));
    return fdml_op_set_like(call, 0, FDML_TYPE_BOOL, call->input[0], err);
}

fdml_status fdml_run_not(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    const uint8_t *x = call->input[0]->data;
    uint8_t *out = y->data;
    for (size_t i = 0; i < y->n_items; i++) out[i] = !x[i];
    return FDML_OK;
}

fdml_status fdml_infer_is_special(const fdml_op_call *call, fdml_error *err)
{
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_FLOAT | FDML_TYPES_F8, err));
    return fdml_op_set_like(call, 0, FDML_TYPE_BOOL, call->input[0], err);
}

fdml_status fdml_run_is_special(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    const bool is_nan = !strcmp(call->node->op->name, "IsNaN");
    const bool positive = fdml_node_int(call->node, "detect_positive", 1) != 0;
    const bool negative = fdml_node_int(call->node, "detect_negative", 1) != 0;
    bool *out = y->data;
    for (size_t i = 0; i < y->n_items; i++) {
        double x;
        fdml_items_get_double(&x, call->input[0], i, 1, true);
        const bool is_asked = x > 0 ? positive : negative;
        out[i] = is_nan ? isnan(x) != 0 : isinf(x) && is_asked;
    }
    return FDML_OK;
}

/* --- Where ------------------------------------------------------------------------------- */

fdml_status fdml_infer_where(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor shape;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_BOOL, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_ANY, err));
    if (call->input[1]->type != call->input[2]->type)
        return fdml_op_fail(call, err, FDML_E_DATA, "X is of type %s and Y of %s",
                            fdml_type_name(call->input[1]->type),
                            fdml_type_name(call->input[2]->type));
    FDML_TRY(fdml_op_broadcast(call, &shape, 3, call->input, err));
    return fdml_op_set_like(call, 0, call->input[1]->type, &shape, err);
}

typedef struct choice {
    const fdml_tensor *y, *condition, *x[2];
} choice;

static void where_piece(void *ctx, const fdml_piece *piece)
{
    const choice *c = ctx;
    const uint8_t *condition = c->condition->data;
    const size_t size = fdml_type_size(c->y->type);
    char *to = fdml_items_at(c->y, piece->first);
    for (size_t i = 0; i < piece->n; i++, to += size) {
        const int k = condition[piece->at[0] + (piece->is_one[0] ? 0 : i)] ? 0 : 1;
        const size_t at = piece->at[1 + k] + (piece->is_one[1 + k] ? 0 : i);
        memcpy(to, fdml_items_at(c->x[k], at), size);
    }
}

fdml_status fdml_run_where(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    choice c = { y, call->input[0], { call->input[1], call->input[2] } };
    fdml_each(y, 3, call->input, call->n_threads, where_piece, &c);
    return FDML_OK;
}
