/* op_binary.c - arithmetic of two or more inputs of one type: Add Sub Mul Div Mod PRelu, Max
 * Min Sum Mean.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/each.h"
#include "model/items.h"
#include "model/op_check.h"
#include "model/op_combine.h"
#include "model/ops.h"

/* --- one formula, all types -------------------------------------------------------------- */

typedef struct pair {
    const fdml_tensor *y, *a, *b;
    const fdml_kernels *kernels;
    int kind;
    bool is_direct; /* floats that a kernel can read where they lie */
} pair;

static double of_doubles(int kind, double a, double b)
{
    switch (kind) {
    case FDML_COMBINE_ADD:
        return a + b;
    case FDML_COMBINE_SUB:
        return a - b;
    case FDML_COMBINE_MUL:
        return a * b;
    case FDML_COMBINE_DIV:
        return a / b;
    case FDML_COMBINE_MAX:
        return isnan(a) || a > b ? a : b;
    case FDML_COMBINE_MIN:
        return isnan(a) || a < b ? a : b;
    case FDML_COMBINE_PRELU:
        return a < 0 ? a * b : a;
    default:
        return fmod(a, b); /* exact by definition, so the same in every C library */
    }
}

/* Wraps like the type: what int64 has too much is cut off when the item is stored. */
static int64_t of_ints(int kind, int64_t a, int64_t b)
{
    const uint64_t x = (uint64_t)a, y = (uint64_t)b;
    switch (kind) {
    case FDML_COMBINE_ADD:
        return (int64_t)(x + y);
    case FDML_COMBINE_SUB:
        return (int64_t)(x - y);
    case FDML_COMBINE_MUL:
        return (int64_t)(x * y);
    case FDML_COMBINE_DIV: /* towards zero; the least number over -1 is the only overflow */
        return b == -1 ? (int64_t)(0 - x) : a / b;
    case FDML_COMBINE_MAX:
        return a > b ? a : b;
    case FDML_COMBINE_MIN:
        return a < b ? a : b;
    case FDML_COMBINE_PRELU:
        return a < 0 ? (int64_t)(x * y) : a;
    case FDML_COMBINE_FMOD:
        return b == -1 ? 0 : a % b;
    default: { /* the sign of the divisor, as in Python */
        const int64_t rest = b == -1 ? 0 : a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    }
}

static int64_t of_u64(int kind, uint64_t a, uint64_t b)
{
    switch (kind) {
    case FDML_COMBINE_DIV:
        return (int64_t)(a / b);
    case FDML_COMBINE_MAX:
        return (int64_t)(a > b ? a : b);
    case FDML_COMBINE_MIN:
        return (int64_t)(a < b ? a : b);
    case FDML_COMBINE_PRELU:
        return (int64_t)a;
    case FDML_COMBINE_FMOD:
    case FDML_COMBINE_MOD:
        return (int64_t)(a % b);
    default:
        return of_ints(kind, (int64_t)a, (int64_t)b);
    }
}

static void chunk_of_floats(const pair *p, size_t first, const size_t at[2], const bool *is_one,
                            size_t n)
{
    float a[FDML_ITEMS_CHUNK], b[FDML_ITEMS_CHUNK];
    fdml_items_get_float(a, p->a, at[0], n, is_one[0]);
    fdml_items_get_float(b, p->b, at[1], n, is_one[1]);
    if (p->kind == FDML_COMBINE_FMOD)
        for (size_t i = 0; i < n; i++) a[i] = fmodf(a[i], b[i]);
    else
        p->kernels->combine(a, a, b, n, p->kind);
    fdml_items_put_float(p->y, first, n, a);
}

static void chunk_of_doubles(const pair *p, size_t first, const size_t at[2],
                             const bool *is_one, size_t n)
{
    double a[FDML_ITEMS_CHUNK], b[FDML_ITEMS_CHUNK];
    fdml_items_get_double(a, p->a, at[0], n, is_one[0]);
    fdml_items_get_double(b, p->b, at[1], n, is_one[1]);
    for (size_t i = 0; i < n; i++) a[i] = of_doubles(p->kind, a[i], b[i]);
    fdml_items_put_double(p->y, first, n, a, true);
}

static void chunk_of_ints(const pair *p, size_t first, const size_t at[2], const bool *is_one,
                          size_t n)
{
    int64_t a[FDML_ITEMS_CHUNK], b[FDML_ITEMS_CHUNK];
    const bool is_u64 = p->y->type == FDML_TYPE_U64;
    fdml_items_get_int(a, p->a, at[0], n, is_one[0]);
    fdml_items_get_int(b, p->b, at[1], n, is_one[1]);
    for (size_t i = 0; i < n; i++)
        a[i] = is_u64 ? of_u64(p->kind, (uint64_t)a[i], (uint64_t)b[i])
                      : of_ints(p->kind, a[i], b[i]);
    fdml_items_put_int(p->y, first, n, a, is_u64);
}

static void run_piece(void *ctx, const fdml_piece *piece)
{
    const pair *p = ctx;
    if (p->is_direct) {
        const int ones = (piece->is_one[0] ? FDML_COMBINE_ONE_A : 0) |
                         (piece->is_one[1] ? FDML_COMBINE_ONE_B : 0);
        p->kernels->combine(fdml_items_at(p->y, piece->first),
                            fdml_items_at(p->a, piece->at[0]),
                            fdml_items_at(p->b, piece->at[1]), piece->n, p->kind | ones);
        return;
    }
    const fdml_way way = fdml_items_way(p->y->type);
    for (size_t i = 0; i < piece->n; i += FDML_ITEMS_CHUNK) {
        const size_t left = piece->n - i, n = left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK;
        const size_t at[2] = { piece->at[0] + (piece->is_one[0] ? 0 : i),
                               piece->at[1] + (piece->is_one[1] ? 0 : i) };
        if (way == FDML_WAY_FLOAT)
            chunk_of_floats(p, piece->first + i, at, piece->is_one, n);
        else if (way == FDML_WAY_DOUBLE)
            chunk_of_doubles(p, piece->first + i, at, piece->is_one, n);
        else
            chunk_of_ints(p, piece->first + i, at, piece->is_one, n);
    }
}

void fdml_combine_run(const fdml_op_call *call, int kind, const fdml_tensor *y,
                      const fdml_tensor *a, const fdml_tensor *b)
{
    pair p = { .y = y, .a = a, .b = b, .kernels = call->kernels, .kind = kind };
    p.is_direct =
        kind < FDML_COMBINE_COUNT && fdml_items_are_floats(a) && fdml_items_are_floats(b);
    fdml_each(y, 2, (const fdml_tensor *const[]){ a, b }, call->n_threads, run_piece, &p);
}

fdml_status fdml_combine_align(const fdml_op_call *call, fdml_tensor *b, fdml_error *err)
{
    const fdml_tensor *a = call->input[0];
    *b = *call->input[1];
    if (call->node->opset >= 7) return FDML_OK;
    char first[FDML_SHAPE_TEXT], second[FDML_SHAPE_TEXT];
    const bool is_prelu = !strcmp(call->node->op->name, "PRelu");
    const bool may = is_prelu || fdml_node_int(call->node, "broadcast", 0) != 0;
    if (fdml_tensor_same_shape(a, b)) return FDML_OK;
    if (!may || b->rank > a->rank)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "shapes %s and %s differ, and operator set %d does not broadcast "
                            "them",
                            fdml_tensor_shape_text(a, first), fdml_tensor_shape_text(b, second),
                            call->node->opset);
    /* PRelu's slope is one, or one for each channel. */
    int64_t at = is_prelu && a->rank > 1 && b->n_items > 1 ? 1 : a->rank - b->rank;
    if (!is_prelu) at = fdml_node_int(call->node, "axis", at);
    if (at < 0) at += a->rank;
    if (at < 0 || at + b->rank > a->rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "axis %lld for shapes %s and %s",
                            (long long)at, fdml_tensor_shape_text(a, first),
                            fdml_tensor_shape_text(b, second));
    for (; at + b->rank < a->rank; b->rank++) b->dim[b->rank] = 1;
    return FDML_OK;
}

/* --- two inputs -------------------------------------------------------------------------- */

static int kind_of(const fdml_op_call *call)
{
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {
        { "Add", FDML_COMBINE_ADD },     { "Sub", FDML_COMBINE_SUB },
        { "Mul", FDML_COMBINE_MUL },     { "Div", FDML_COMBINE_DIV },
        { "Mod", FDML_COMBINE_MOD },     { "Max", FDML_COMBINE_MAX },
        { "PRelu", FDML_COMBINE_PRELU }, { "Min", FDML_COMBINE_MIN },
        { "Sum", FDML_COMBINE_ADD },     { "Mean", FDML_COMBINE_ADD },
    };
    size_t i = 0;
    while (strcmp(kinds[i].name, call->node->op->name) != 0) i++;
    const bool is_fmod =
        kinds[i].kind == FDML_COMBINE_MOD && fdml_node_int(call->node, "fmod", 0);
    return is_fmod ? FDML_COMBINE_FMOD : kinds[i].kind;
}

fdml_status fdml_infer_binary(const fdml_op_call *call, fdml_error *err)
{
    const int kind = kind_of(call);
    fdml_tensor b, shape;
    FDML_TRY(fdml_op_check_types(call, 2, FDML_TYPES_NUMBER, err));
    if (kind == FDML_COMBINE_MOD && fdml_type_is_float(call->input[0]->type))
        return fdml_op_fail(call, err, FDML_E_DATA, "fmod is 0, but the inputs are of type %s",
                            fdml_type_name(call->input[0]->type));
    FDML_TRY(fdml_combine_align(call, &b, err));
    FDML_TRY(fdml_op_broadcast(call, &shape, 2,
                               (const fdml_tensor *const[]){ call->input[0], &b }, err));
    if (kind == FDML_COMBINE_PRELU && !fdml_tensor_same_shape(&shape, call->input[0])) {
        char x[FDML_SHAPE_TEXT], slope[FDML_SHAPE_TEXT];
        return fdml_op_fail(call, err, FDML_E_DATA, "slope of shape %s for an input of %s",
                            fdml_tensor_shape_text(&b, slope),
                            fdml_tensor_shape_text(call->input[0], x));
    }
    return fdml_op_set_like(call, 0, call->input[0]->type, &shape, err);
}

fdml_status fdml_run_binary(const fdml_op_call *call, fdml_error *err)
{
    const int kind = kind_of(call);
    fdml_tensor *y = fdml_op_output(call, 0), b;
    if (!y) return FDML_OK;
    FDML_TRY(fdml_combine_align(call, &b, err));
    const bool divides = kind == FDML_COMBINE_DIV || kind >= FDML_COMBINE_FMOD;
    if (divides && fdml_items_way(b.type) == FDML_WAY_INT && y->n_items)
        for (size_t i = 0; i < b.n_items; i++) {
            int64_t divisor;
            fdml_items_get_int(&divisor, &b, i, 1, true);
            if (divisor == 0)
                return fdml_op_fail(call, err, FDML_E_DATA, "item %zu of input 1 is 0", i);
        }
    fdml_combine_run(call, kind, y, call->input[0], &b);
    return FDML_OK;
}

/* --- any number of inputs ---------------------------------------------------------------- */

fdml_status fdml_infer_variadic(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor shape;
    FDML_TRY(fdml_op_check_types(call, call->n_inputs, FDML_TYPES_NUMBER, err));
    for (size_t i = 0; i < call->n_inputs; i++)
        if (!call->input[i])
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu is left out", i);
    FDML_TRY(fdml_op_broadcast(call, &shape, call->n_inputs, call->input, err));
    return fdml_op_set_like(call, 0, call->input[0]->type, &shape, err);
}

typedef struct copy {
    const fdml_tensor *y, *x;
} copy;

static void copy_piece(void *ctx, const fdml_piece *piece)
{
    const copy *c = ctx;
    const size_t size = fdml_type_size(c->y->type);
    char *to = fdml_items_at(c->y, piece->first);
    const char *from = fdml_items_at(c->x, piece->at[0]);
    if (!piece->is_one[0])
        memcpy(to, from, piece->n * size);
    else
        for (size_t i = 0; i < piece->n; i++) memcpy(to + i * size, from, size);
}

fdml_status fdml_run_variadic(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    const int kind = kind_of(call);
    copy c = { y, call->input[0] };
    fdml_each(y, 1, call->input, call->n_threads, copy_piece, &c);
    for (size_t i = 1; i < call->n_inputs; i++)
        fdml_combine_run(call, kind, y, y, call->input[i]);
    if (strcmp(call->node->op->name, "Mean") != 0) return FDML_OK;

    /* the number of inputs, in the type of the sum */
    uint64_t room;
    fdml_tensor n = { .type = y->type, .n_items = 1, .data = &room };
    fdml_items_put_double(&n, 0, 1, &(double){ (double)call->n_inputs }, true);
    fdml_combine_run(call, FDML_COMBINE_DIV, y, y, &n);
    return FDML_OK;
}
