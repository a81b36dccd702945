/* conv_direct.h - convolution and transposed convolution, straight from the definition.
 *
 * What the plan's faster convolutions are tested against, and what runs where it has none.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_CONV_DIRECT_H
#define FDML_MODEL_CONV_DIRECT_H

#include "model/conv_shape.h"

/* Of float32: gathered windows and gemm. The products of an output are taken in order of
 * channels and, within a channel, of the window; each 32 of them are a chain of fused
 * multiply-adds, and the sums of the chains are added to the bias in order. */
fdml_status fdml_conv_float(const fdml_conv *conv, const fdml_op_call *call, fdml_error *err);

/* Of any other real type: sums in double, one rounding at the end. */
fdml_status fdml_conv_double(const fdml_conv *conv, const fdml_op_call *call, fdml_error *err);

/* Positions in an input plane that outputs first .. first+n-1 of a plane see through tap t; -1
 * where that is padding. */
enum { FDML_CONV_BLOCK = 256 };
typedef struct fdml_conv_block {
    const fdml_conv *conv;
    size_t n; /* <= FDML_CONV_BLOCK */
    int64_t origin[FDML_MAX_SPATIAL][FDML_CONV_BLOCK];
    int64_t index[FDML_CONV_BLOCK];
} fdml_conv_block;
void fdml_conv_block_init(fdml_conv_block *block, const fdml_conv *conv, size_t first,
                          size_t n);
void fdml_conv_block_tap(fdml_conv_block *block, size_t tap);

#endif
