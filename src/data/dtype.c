/* dtype.c - one loop per type. See dtype.h.
 * SPDX-License-Identifier: MIT */
#include "data/dtype.h"

#include <string.h>

size_t fdml_dtype_size(fdml_dtype dtype)
{
    static const unsigned char size[] = {
        [FDML_DTYPE_F2] = 2, [FDML_DTYPE_F4] = 4, [FDML_DTYPE_F8] = 8, [FDML_DTYPE_BF16] = 2,
        [FDML_DTYPE_I1] = 1, [FDML_DTYPE_I2] = 2, [FDML_DTYPE_I4] = 4, [FDML_DTYPE_I8] = 8,
        [FDML_DTYPE_U1] = 1, [FDML_DTYPE_U2] = 2, [FDML_DTYPE_U4] = 4, [FDML_DTYPE_U8] = 8,
    };
    return size[dtype];
}

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float fdml_float_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = (half >> 10) & 31, fraction = half & 0x3ff;
    if (exponent == 31) return float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    const float size = (float)fraction * 0x1p-24f; /* subnormal or zero; exact in float */
    uint32_t bits;
    memcpy(&bits, &size, sizeof bits);
    return float_of_bits(sign | bits);
}

float fdml_float_from_bf16(uint16_t bits)
{
    return float_of_bits((uint32_t)bits << 16);
}

static uint16_t load2(const unsigned char *at, bool swap)
{
    return (uint16_t)(swap ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
}

static uint32_t load4(const unsigned char *at, bool swap)
{
    const uint32_t first = load2(at, swap), second = load2(at + 2, swap);
    return swap ? first << 16 | second : second << 16 | first;
}

static uint64_t load8(const unsigned char *at, bool swap)
{
    const uint64_t first = load4(at, swap), second = load4(at + 4, swap);
    return swap ? first << 32 | second : second << 32 | first;
}

static double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define LOOP(item_size, expression)                                                            \
    for (size_t i = 0; i < n; i++, at += (item_size)) values[i] = (expression);                \
    break

void fdml_dtype_to_float(float *values, const void *bytes, size_t n, fdml_dtype dtype,
                         bool swap)
{
    const unsigned char *at = bytes;
    switch (dtype) {
    case FDML_DTYPE_F2:
        LOOP(2, fdml_float_from_half(load2(at, swap)));
    case FDML_DTYPE_F4:
        LOOP(4, float_of_bits(load4(at, swap)));
    case FDML_DTYPE_F8:
        LOOP(8, (float)double_of_bits(load8(at, swap)));
    case FDML_DTYPE_BF16:
        LOOP(2, fdml_float_from_bf16(load2(at, swap)));
    case FDML_DTYPE_I1:
        LOOP(1, (float)(int8_t)*at);
    case FDML_DTYPE_I2:
        LOOP(2, (float)(int16_t)load2(at, swap));
    case FDML_DTYPE_I4:
        LOOP(4, (float)(int32_t)load4(at, swap));
    case FDML_DTYPE_I8:
        LOOP(8, (float)(int64_t)load8(at, swap));
    case FDML_DTYPE_U1:
        LOOP(1, (float)*at);
    case FDML_DTYPE_U2:
        LOOP(2, (float)load2(at, swap));
    case FDML_DTYPE_U4:
        LOOP(4, (float)load4(at, swap));
    case FDML_DTYPE_U8:
        LOOP(8, (float)load8(at, swap));
    }
}
