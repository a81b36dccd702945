/* dtype.h - the number types of array files, and their conversion to float.
 *
 * Half and bfloat16 convert exactly, subnormals, infinities and NaN payloads included.
 * Doubles and wide integers round to the nearest float, ties to even; a double beyond the
 * range of float becomes infinity, which validation then reports by row.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_DTYPE_H
#define FDML_DATA_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fdml maps little-endian files; this machine is big-endian"
#endif

typedef enum fdml_dtype {
    FDML_DTYPE_F2,
    FDML_DTYPE_F4,
    FDML_DTYPE_F8,
    FDML_DTYPE_BF16,
    FDML_DTYPE_I1,
    FDML_DTYPE_I2,
    FDML_DTYPE_I4,
    FDML_DTYPE_I8,
    FDML_DTYPE_U1,
    FDML_DTYPE_U2,
    FDML_DTYPE_U4,
    FDML_DTYPE_U8
} fdml_dtype;

size_t fdml_dtype_size(fdml_dtype dtype); /* bytes of one item */

float fdml_float_from_half(uint16_t bits);
float fdml_float_from_bf16(uint16_t bits);

/* n items at `bytes`, of any alignment, big-endian if asked. */
void fdml_dtype_to_float(float *values, const void *bytes, size_t n, fdml_dtype dtype,
                         bool is_big_endian);

#endif
