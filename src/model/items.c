/* items.c - one loop per type and direction. See items.h.
 * SPDX-License-Identifier: MIT */
#include "model/items.h"

#include <math.h>
#include <string.h>

#include "data/dtype.h"
#include "data/minifloat.h"

fdml_way fdml_items_way(fdml_type type)
{
    if (type == FDML_TYPE_F64) return FDML_WAY_DOUBLE;
    if (fdml_type_is_float(type)) return FDML_WAY_FLOAT;
    if (fdml_type_is_integer(type) || type == FDML_TYPE_BOOL) return FDML_WAY_INT;
    return FDML_WAY_NONE;
}

static const fdml_minifloat *small_format(fdml_type type)
{
    switch (type) {
    case FDML_TYPE_F16:
        return &fdml_half;
    case FDML_TYPE_BF16:
        return &fdml_bf16;
    case FDML_TYPE_F8E4M3FN:
        return &fdml_f8e4m3fn;
    case FDML_TYPE_F8E4M3FNUZ:
        return &fdml_f8e4m3fnuz;
    case FDML_TYPE_F8E5M2:
        return &fdml_f8e5m2;
    case FDML_TYPE_F8E5M2FNUZ:
        return &fdml_f8e5m2fnuz;
    default:
        return NULL;
    }
}

/* Bytes of a mapped file have no alignment, so every item is copied out and in. */
#define LOAD(c_type, expression)                                                               \
    for (size_t i = 0; i < n; i++) {                                                           \
        c_type v;                                                                              \
        memcpy(&v, at + i * step, sizeof v);                                                   \
        to[i] = (expression);                                                                  \
    }                                                                                          \
    return

void fdml_items_get_float(float *to, const fdml_tensor *items, size_t first, size_t n,
                          bool is_one)
{
    const fdml_type type = items->type;
    const char *at = fdml_items_at(items, first);
    const size_t step = is_one ? 0 : fdml_type_size(type);
    switch (type) {
    case FDML_TYPE_F32:
        LOAD(float, v);
    case FDML_TYPE_F64:
        LOAD(double, (float)v);
    case FDML_TYPE_F16:
        LOAD(uint16_t, fdml_float_from_half(v));
    case FDML_TYPE_BF16:
        LOAD(uint16_t, fdml_float_from_bf16(v));
    case FDML_TYPE_I32:
        LOAD(int32_t, (float)v);
    case FDML_TYPE_U32:
        LOAD(uint32_t, (float)v);
    case FDML_TYPE_I64:
        LOAD(int64_t, (float)v);
    case FDML_TYPE_U64:
        LOAD(uint64_t, (float)v);
    case FDML_TYPE_I16:
        LOAD(int16_t, (float)v);
    case FDML_TYPE_U16:
        LOAD(uint16_t, (float)v);
    case FDML_TYPE_I8:
    case FDML_TYPE_I4:
        LOAD(int8_t, (float)v);
    case FDML_TYPE_U8:
    case FDML_TYPE_U4:
    case FDML_TYPE_BOOL:
        LOAD(uint8_t, (float)v);
    default:
        LOAD(uint8_t, (float)fdml_minifloat_read(small_format(type), v));
    }
}

void fdml_items_get_double(double *to, const fdml_tensor *items, size_t first, size_t n,
                           bool is_one)
{
    const char *at = fdml_items_at(items, first);
    const size_t step = is_one ? 0 : fdml_type_size(items->type);
    switch (items->type) {
    case FDML_TYPE_F64:
        LOAD(double, v);
    case FDML_TYPE_F32:
        LOAD(float, (double)v);
    case FDML_TYPE_I64:
        LOAD(int64_t, (double)v);
    case FDML_TYPE_U64:
        LOAD(uint64_t, (double)v);
    case FDML_TYPE_I32:
        LOAD(int32_t, (double)v);
    case FDML_TYPE_U32:
        LOAD(uint32_t, (double)v);
    default: /* what is left fits a float */
        for (size_t i = 0; i < n; i++) {
            float value;
            fdml_items_get_float(&value, items, is_one ? first : first + i, 1, true);
            to[i] = (double)value;
        }
    }
}

void fdml_items_get_int(int64_t *to, const fdml_tensor *items, size_t first, size_t n,
                        bool is_one)
{
    const char *at = fdml_items_at(items, first);
    const size_t step = is_one ? 0 : fdml_type_size(items->type);
    switch (items->type) {
    case FDML_TYPE_I64:
    case FDML_TYPE_U64:
        LOAD(int64_t, v);
    case FDML_TYPE_I32:
        LOAD(int32_t, v);
    case FDML_TYPE_U32:
        LOAD(uint32_t, v);
    case FDML_TYPE_I16:
        LOAD(int16_t, v);
    case FDML_TYPE_U16:
        LOAD(uint16_t, v);
    case FDML_TYPE_I8:
    case FDML_TYPE_I4:
        LOAD(int8_t, v);
    default:
        LOAD(uint8_t, v);
    }
}

#undef LOAD

#define STORE(c_type, expression)                                                              \
    for (size_t i = 0; i < n; i++) {                                                           \
        const c_type v = (c_type)(expression);                                                 \
        memcpy(at + i * sizeof v, &v, sizeof v);                                               \
    }                                                                                          \
    return

/* The integer between the limits that is nearest after the fraction is dropped; NaN: 0. The
 * limits are -2^k and 2^k - 1, of which a double holds the first exactly, and 2^k. */
static int64_t cut(double x, double low, double above, int64_t max)
{
    if (isnan(x)) return 0;
    if (x <= low) return (int64_t)low;
    return x >= above ? max : (int64_t)x;
}

static uint64_t cut_unsigned(double x)
{
    if (isnan(x) || x <= 0) return 0;
    return x >= 0x1p64 ? UINT64_MAX : (uint64_t)x;
}

void fdml_items_put_double(const fdml_tensor *items, size_t first, size_t n, const double *from,
                           bool saturates)
{
    char *at = fdml_items_at(items, first);
    switch (items->type) {
    case FDML_TYPE_F64:
        STORE(double, from[i]);
    case FDML_TYPE_F32:
        STORE(float, from[i]);
    case FDML_TYPE_F16:
    case FDML_TYPE_BF16:
        STORE(uint16_t, fdml_minifloat_round(small_format(items->type), from[i], false));
    case FDML_TYPE_BOOL:
        STORE(uint8_t, from[i] != 0);
    case FDML_TYPE_I64:
        STORE(int64_t, cut(from[i], -0x1p63, 0x1p63, INT64_MAX));
    case FDML_TYPE_U64:
        STORE(uint64_t, cut_unsigned(from[i]));
    case FDML_TYPE_I32:
        STORE(int32_t, cut(from[i], -0x1p31, 0x1p31, INT32_MAX));
    case FDML_TYPE_U32:
        STORE(uint32_t, cut(from[i], 0, 0x1p32, UINT32_MAX));
    case FDML_TYPE_I16:
        STORE(int16_t, cut(from[i], -0x1p15, 0x1p15, INT16_MAX));
    case FDML_TYPE_U16:
        STORE(uint16_t, cut(from[i], 0, 0x1p16, UINT16_MAX));
    case FDML_TYPE_I8:
        STORE(int8_t, cut(from[i], -0x1p7, 0x1p7, INT8_MAX));
    case FDML_TYPE_U8:
        STORE(uint8_t, cut(from[i], 0, 0x1p8, UINT8_MAX));
    case FDML_TYPE_I4:
        STORE(int8_t, cut(rint(from[i]), -8, 8, 7));
    case FDML_TYPE_U4:
        STORE(uint8_t, cut(rint(from[i]), 0, 16, 15));
    default:
        STORE(uint8_t, fdml_minifloat_round(small_format(items->type), from[i], saturates));
    }
}

void fdml_items_put_float(const fdml_tensor *items, size_t first, size_t n, const float *from)
{
    if (items->type == FDML_TYPE_F32) {
        memcpy(fdml_items_at(items, first), from, n * sizeof *from);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double value = (double)from[i];
        fdml_items_put_double(items, first + i, 1, &value, true);
    }
}

void fdml_items_put_int(const fdml_tensor *items, size_t first, size_t n, const int64_t *from,
                        bool is_u64)
{
    char *at = fdml_items_at(items, first);
    switch (items->type) {
    case FDML_TYPE_I64:
    case FDML_TYPE_U64:
        STORE(int64_t, from[i]);
    case FDML_TYPE_I32:
    case FDML_TYPE_U32:
        STORE(uint32_t, from[i] & 0xffffffff);
    case FDML_TYPE_I16:
    case FDML_TYPE_U16:
        STORE(uint16_t, from[i] & 0xffff);
    case FDML_TYPE_I8:
    case FDML_TYPE_U8:
        STORE(uint8_t, from[i] & 0xff);
    case FDML_TYPE_U4:
        STORE(uint8_t, from[i] & 15);
    case FDML_TYPE_I4: /* with the sign that its four bits have */
        STORE(int8_t, (from[i] & 7) - (from[i] & 8));
    case FDML_TYPE_BOOL:
        STORE(uint8_t, from[i] != 0);
    case FDML_TYPE_F32:
        STORE(float, is_u64 ? (float)(uint64_t)from[i] : (float)from[i]);
    default:
        for (size_t i = 0; i < n; i++) {
            const double v = is_u64 ? (double)(uint64_t)from[i] : (double)from[i];
            fdml_items_put_double(items, first + i, 1, &v, true);
        }
    }
}

#undef STORE
