/* minifloat.h - numbers of 16 and 8 bits, rounded from double, and read.
 *
 * One description serves float16, bfloat16 and the four float8 types of ONNX (Micikevicius et
 * al., "FP8 formats for deep learning", 2022, and Noune et al., "8-bit numerical formats for
 * deep neural networks", 2022). They differ in what the last codes mean: infinity and NaN as
 * in IEEE 754; no infinity and NaN only with all bits set (FN); no infinity, no negative zero,
 * whose code is the only NaN (FNUZ).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_MINIFLOAT_H
#define FDML_DATA_MINIFLOAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum fdml_minifloat_end {
    FDML_MINIFLOAT_IEEE,
    FDML_MINIFLOAT_FN,
    FDML_MINIFLOAT_FNUZ
} fdml_minifloat_end;

typedef struct fdml_minifloat {
    int n_exponent, n_fraction, bias; /* bits of the fields, below the sign */
    fdml_minifloat_end end;
} fdml_minifloat;

extern const fdml_minifloat fdml_half, fdml_bf16;
extern const fdml_minifloat fdml_f8e4m3fn, fdml_f8e4m3fnuz, fdml_f8e5m2, fdml_f8e5m2fnuz;

/* To nearest, ties to even. What is larger than the largest number becomes that number where
 * `saturates` (so does infinity), else infinity, or NaN where the format has none. */
uint16_t fdml_minifloat_round(const fdml_minifloat *format, double value, bool saturates);
double fdml_minifloat_read(const fdml_minifloat *format, uint16_t bits);

#endif
