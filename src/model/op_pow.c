/* op_pow.c - Pow: base and exponent may be of different types, the result is of the base's.
 *
 * An integer to an integer is exact, modulo the type; a float or double is computed in its own
 * precision with the exponent rounded to it; an integer to a float is computed in double and
 * the fraction dropped, as NumPy and ONNX Runtime do.
 * SPDX-License-Identifier: MIT */
#include "model/each.h"
#include "model/items.h"
#include "model/op_check.h"
#include "model/op_combine.h"
#include "model/ops.h"

fdml_status fdml_infer_pow(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor b, shape;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_op_check_type(call, 1, FDML_TYPES_NUMBER, err));
    if (call->node->opset < 12) FDML_TRY(fdml_op_check_types(call, 2, FDML_TYPES_NUMBER, err));
    FDML_TRY(fdml_combine_align(call, &b, err));
    FDML_TRY(fdml_op_broadcast(call, &shape, 2,
                               (const fdml_tensor *const[]){ call->input[0], &b }, err));
    return fdml_op_set_like(call, 0, call->input[0]->type, &shape, err);
}

typedef struct power {
    const fdml_tensor *y, *a, *b;
    const fdml_kernels *kernels;
} power;

/* By squaring, modulo 2^64. Below zero, 1 over a power: 0, or +-1 of a base of +-1. */
static int64_t of_ints(int64_t base, int64_t exponent, bool is_u64)
{
    if (exponent < 0 && !is_u64) {
        if (base == 1) return 1;
        return base == -1 ? (exponent % 2 ? -1 : 1) : 0;
    }
    uint64_t result = 1, square = (uint64_t)base;
    for (uint64_t left = (uint64_t)exponent; left; left >>= 1) {
        if (left & 1) result *= square;
        square *= square;
    }
    return (int64_t)result;
}

static void chunk(const power *p, size_t first, const size_t at[2], const bool *is_one,
                  size_t n)
{
    float a[FDML_ITEMS_CHUNK], b[FDML_ITEMS_CHUNK];
    double wide_a[FDML_ITEMS_CHUNK], wide_b[FDML_ITEMS_CHUNK];
    int64_t int_a[FDML_ITEMS_CHUNK], int_b[FDML_ITEMS_CHUNK];
    const fdml_way way = fdml_items_way(p->a->type);
    if (way == FDML_WAY_FLOAT) {
        fdml_items_get_float(a, p->a, at[0], n, is_one[0]);
        fdml_items_get_float(b, p->b, at[1], n, is_one[1]);
        p->kernels->combine(a, a, b, n, FDML_COMBINE_POW);
        fdml_items_put_float(p->y, first, n, a);
    } else if (way == FDML_WAY_INT && fdml_items_way(p->b->type) == FDML_WAY_INT) {
        const bool is_u64 = p->b->type == FDML_TYPE_U64;
        fdml_items_get_int(int_a, p->a, at[0], n, is_one[0]);
        fdml_items_get_int(int_b, p->b, at[1], n, is_one[1]);
        for (size_t i = 0; i < n; i++) int_a[i] = of_ints(int_a[i], int_b[i], is_u64);
        fdml_items_put_int(p->y, first, n, int_a, false);
    } else {
        fdml_items_get_double(wide_a, p->a, at[0], n, is_one[0]);
        fdml_items_get_double(wide_b, p->b, at[1], n, is_one[1]);
        p->kernels->pow_double(wide_a, wide_a, wide_b, n);
        fdml_items_put_double(p->y, first, n, wide_a, true);
    }
}

static void run_piece(void *ctx, const fdml_piece *piece)
{
    const power *p = ctx;
    for (size_t i = 0; i < piece->n; i += FDML_ITEMS_CHUNK) {
        const size_t left = piece->n - i;
        const size_t at[2] = { piece->at[0] + (piece->is_one[0] ? 0 : i),
                               piece->at[1] + (piece->is_one[1] ? 0 : i) };
        chunk(p, piece->first + i, at, piece->is_one,
              left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK);
    }
}

/* A square is a product: one rounding, and no logarithm. */
static bool is_square(const fdml_tensor *exponent)
{
    double value = 0;
    if (exponent->n_items == 1) fdml_items_get_double(&value, exponent, 0, 1, true);
    return value == 2;
}

fdml_status fdml_run_pow(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor *y = fdml_op_output(call, 0), b;
    if (!y) return FDML_OK;
    FDML_TRY(fdml_combine_align(call, &b, err));
    const fdml_tensor *a = call->input[0];
    if (is_square(&b) && fdml_items_way(a->type) != FDML_WAY_INT) {
        fdml_combine_run(call, FDML_COMBINE_MUL, y, a, a);
        return FDML_OK;
    }
    power p = { .y = y, .a = a, .b = &b, .kernels = call->kernels };
    fdml_each(y, 2, (const fdml_tensor *const[]){ a, &b }, call->n_threads, run_piece, &p);
    return FDML_OK;
}
