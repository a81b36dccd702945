/* test_data_dtype.c - every half and bfloat16, and each other type at its extremes.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "data/dtype.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* IEEE 754: (-1)^s * 2^(e-15) * 1.f, or 2^-14 * 0.f where e is 0. */
Test(data_dtype, every_half)
{
    for (uint32_t half = 0; half < 0x10000; half++) {
        const float got = fdml_float_from_half((uint16_t)half);
        const int exponent = (int)(half >> 10 & 31), fraction = (int)(half & 0x3ff);
        cr_assert_eq(bits_of(got) >> 31, half >> 15, "%04x", half);
        if (exponent == 31) {
            cr_assert(fraction ? isnan(got) : isinf(got), "%04x", half);
            continue;
        }
        const double size =
            exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        cr_assert_eq((double)fabsf(got), size, "%04x", half);
    }
    cr_assert_eq(fdml_float_from_half(0x3c00), 1.0f);
    cr_assert_eq(fdml_float_from_half(0x7bff), 65504.0f);
    cr_assert_eq(bits_of(fdml_float_from_half(0x7e01)), 0x7fc02000u); /* NaN keeps its bits */
}

Test(data_dtype, every_bfloat16)
{
    for (uint32_t b = 0; b < 0x10000; b++)
        cr_assert_eq(bits_of(fdml_float_from_bf16((uint16_t)b)), b << 16, "%04x", b);
}

static void check(fdml_dtype dtype, const void *item, float expected)
{
    unsigned char bytes[2][10];
    const size_t size = fdml_dtype_size(dtype);
    for (size_t i = 0; i < size; i++) {
        bytes[0][1 + i] = ((const unsigned char *)item)[i]; /* at an odd address */
        bytes[1][1 + i] = ((const unsigned char *)item)[size - 1 - i];
    }
    for (int big = 0; big < 2; big++) {
        float value = -7;
        fdml_dtype_to_float(&value, bytes[big] + 1, 1, dtype, big);
        cr_assert_eq(bits_of(value), bits_of(expected), "dtype %d, big %d", (int)dtype, big);
    }
}

#define CHECK(dtype, type, item, expected) check(dtype, &(type){ item }, expected)

Test(data_dtype, extremes_in_both_byte_orders)
{
    CHECK(FDML_DTYPE_F2, uint16_t, 0x0001, 0x1p-24f);
    CHECK(FDML_DTYPE_BF16, uint16_t, 0xbf80, -1.0f);
    CHECK(FDML_DTYPE_F4, float, 0x1.234568p-130f, 0x1.234568p-130f);
    CHECK(FDML_DTYPE_F8, double, 0.1, 0.1f);
    CHECK(FDML_DTYPE_F8, double, 1e300, (float)INFINITY);
    CHECK(FDML_DTYPE_F8, double, -0.0, -0.0f);
    CHECK(FDML_DTYPE_F8, double, 1 + 0x1p-24, 1.0f); /* ties to even */
    CHECK(FDML_DTYPE_I1, int8_t, INT8_MIN, -128.0f);
    CHECK(FDML_DTYPE_U1, uint8_t, 255, 255.0f);
    CHECK(FDML_DTYPE_I2, int16_t, INT16_MIN, -32768.0f);
    CHECK(FDML_DTYPE_U2, uint16_t, 65535, 65535.0f);
    CHECK(FDML_DTYPE_I4, int32_t, INT32_MIN, -2147483648.0f);
    CHECK(FDML_DTYPE_I4, int32_t, 16777217, 16777216.0f);
    CHECK(FDML_DTYPE_U4, uint32_t, UINT32_MAX, 4294967296.0f);
    CHECK(FDML_DTYPE_I8, int64_t, INT64_MIN, -9223372036854775808.0f);
    CHECK(FDML_DTYPE_U8, uint64_t, UINT64_MAX, 18446744073709551616.0f);
    /* Through double this would tie and go down. */
    CHECK(FDML_DTYPE_I8, int64_t, (INT64_C(1) << 60) + (INT64_C(1) << 36) + 1, 0x1.000002p60f);
}
