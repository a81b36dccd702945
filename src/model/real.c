/* real.c - conversions by type. See real.h.
 *
 * Data of a tensor may lie at any address (a mapped file), so items are moved by memcpy, which
 * compilers turn into plain loads.
 * SPDX-License-Identifier: MIT */
#include "model/real.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "data/dtype.h"

bool fdml_type_is_real(fdml_type type)
{
    return type == FDML_TYPE_F32 || type == FDML_TYPE_F64 || type == FDML_TYPE_F16 ||
           type == FDML_TYPE_BF16;
}

#define LOAD(ctype, expression)                                                                \
    for (size_t i = 0; i < n; i++) {                                                           \
        ctype item;                                                                            \
        memcpy(&item, at + i * sizeof item, sizeof item);                                      \
        values[i] = (double)(expression);                                                      \
    }                                                                                          \
    return

void fdml_reals_load(double *values, const fdml_tensor *tensor, size_t first, size_t n)
{
    const unsigned char *at =
        (const unsigned char *)tensor->data + first * fdml_type_size(tensor->type);
    switch (tensor->type) {
    case FDML_TYPE_F32:
        LOAD(float, item);
    case FDML_TYPE_F64:
        LOAD(double, item);
    case FDML_TYPE_F16:
        LOAD(uint16_t, fdml_float_from_half(item));
    case FDML_TYPE_BF16:
        LOAD(uint16_t, fdml_float_from_bf16(item));
    case FDML_TYPE_I8:
    case FDML_TYPE_I4:
        LOAD(int8_t, item);
    case FDML_TYPE_I16:
        LOAD(int16_t, item);
    case FDML_TYPE_U16:
        LOAD(uint16_t, item);
    case FDML_TYPE_I32:
        LOAD(int32_t, item);
    case FDML_TYPE_U32:
        LOAD(uint32_t, item);
    case FDML_TYPE_I64:
        LOAD(int64_t, item);
    case FDML_TYPE_U64:
        LOAD(uint64_t, item);
    default:
        LOAD(uint8_t, item);
    }
}

/* A float of 16 bits with so many fraction bits. Below the smallest normal number the spacing
 * is constant, and adding 2^52 rounds to it; above, half of what is cut off is added, less one
 * unit where the last kept bit is even. */
static uint16_t pack16(double x, int fraction_bits, int bias)
{
    const uint16_t infinity = (uint16_t)((0x7fff >> fraction_bits) << fraction_bits);
    const uint16_t sign = signbit(x) ? 0x8000 : 0;
    const double size = fabs(x);
    if (isnan(x)) return (uint16_t)(sign | infinity | 1 << (fraction_bits - 1));
    if (size < ldexp(1, 1 - bias)) {
        const double steps = ldexp(size, bias - 1 + fraction_bits);
        return (uint16_t)(sign | (uint16_t)(steps + 0x1p52 - 0x1p52));
    }
    uint64_t bits;
    memcpy(&bits, &size, sizeof bits);
    const int cut = 52 - fraction_bits;
    bits = (bits + ((UINT64_C(1) << (cut - 1)) - 1) + (bits >> cut & 1)) >> cut;
    bits -= (uint64_t)(1023 - bias) << fraction_bits;
    return (uint16_t)(sign | (bits > infinity ? infinity : bits));
}

#define STORE(ctype, expression)                                                               \
    for (size_t i = 0; i < n; i++) {                                                           \
        const double x = values[i];                                                            \
        const ctype item = (ctype)(expression);                                                \
        memcpy(at + i * sizeof item, &item, sizeof item);                                      \
    }                                                                                          \
    return

static double within(double x, double low, double high)
{
    if (isnan(x)) return 0;
    return x < low ? low : x > high ? high : x;
}

void fdml_reals_store(fdml_tensor *tensor, size_t first, const double *values, size_t n)
{
    unsigned char *at = (unsigned char *)tensor->data + first * fdml_type_size(tensor->type);
    switch (tensor->type) {
    case FDML_TYPE_F32:
        STORE(float, x);
    case FDML_TYPE_F64:
        STORE(double, x);
    case FDML_TYPE_F16:
        STORE(uint16_t, pack16(x, 10, 15));
    case FDML_TYPE_BF16:
        STORE(uint16_t, pack16(x, 7, 127));
    case FDML_TYPE_I8:
        STORE(int8_t, within(x, INT8_MIN, INT8_MAX));
    case FDML_TYPE_I16:
        STORE(int16_t, within(x, INT16_MIN, INT16_MAX));
    case FDML_TYPE_U16:
        STORE(uint16_t, within(x, 0, UINT16_MAX));
    case FDML_TYPE_I32:
        STORE(int32_t, within(x, INT32_MIN, INT32_MAX));
    case FDML_TYPE_U32:
        STORE(uint32_t, within(x, 0, UINT32_MAX));
    case FDML_TYPE_I64: /* the largest double below 2^63 */
        STORE(int64_t, within(x, -0x1p63, 0x1.fffffffffffffp62));
    case FDML_TYPE_U64:
        STORE(uint64_t, within(x, 0, 0x1.fffffffffffffp63));
    default:
        STORE(uint8_t, within(x, 0, UINT8_MAX));
    }
}

fdml_status fdml_op_scratch(const fdml_op_call *call, void *piece, size_t count, size_t size,
                            fdml_error *err)
{
    void *memory = fdml_arena_push(call->work, count, size);
    if (!memory)
        return fdml_op_fail(call, err, FDML_E_NOMEM, "no memory for %zu items of %zu bytes",
                            count, size);
    memcpy(piece, &memory, sizeof memory);
    return FDML_OK;
}

fdml_status fdml_reals_of(const double **values, const fdml_tensor *tensor,
                          const fdml_op_call *call, fdml_error *err)
{
    *values = NULL;
    if (!tensor) return FDML_OK;
    double *copy = NULL;
    FDML_TRY(fdml_op_scratch(call, &copy, tensor->n_items, sizeof *copy, err));
    fdml_reals_load(copy, tensor, 0, tensor->n_items);
    *values = copy;
    return FDML_OK;
}

fdml_status fdml_op_check_real(const fdml_op_call *call, size_t i, fdml_error *err)
{
    const fdml_tensor *x = fdml_op_input(call, i);
    if (!x || fdml_type_is_real(x->type)) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "input %zu of type %s", i,
                        fdml_type_name(x->type));
}

double fdml_real_pow(double x, double p)
{
    if (p == 0) return 1;
    if (p == 1) return x;
    if (p == 2) return x * x;
    if (p == 0.5) return sqrt(x);
    if (p == 0.75) return sqrt(x) * sqrt(sqrt(x));
    if (x == 0) return p > 0 ? 0 : INFINITY;
    return fdml_exp(p * fdml_log(x));
}
