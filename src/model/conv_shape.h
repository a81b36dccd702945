/* conv_shape.h - where the windows of convolutions and pooling lie.
 *
 * One place for padding, strides, dilations, auto_pad and rounding of Conv, ConvTranspose and
 * every pooling operator, for any number of spatial axes. Item o of an axis of the output sees
 *
 *     input items o * stride + t * dilation - pad_begin,  t = 0 .. kernel-1
 *
 * of which those outside 0 .. in-1 are padding; of a transposed convolution, input item i
 * reaches output items i * stride + t * dilation - pad_begin.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_CONV_SHAPE_H
#define FDML_MODEL_CONV_SHAPE_H

#include "model/op.h"

enum { FDML_MAX_SPATIAL = FDML_MAX_RANK - 2 };

typedef struct fdml_window {
    int n; /* spatial axes, 1 .. FDML_MAX_SPATIAL */
    size_t in[FDML_MAX_SPATIAL], out[FDML_MAX_SPATIAL];
    size_t kernel[FDML_MAX_SPATIAL], stride[FDML_MAX_SPATIAL], dilation[FDML_MAX_SPATIAL];
    /* Never negative, auto_pad resolved. With ceil_mode the last window may end further out
     * than pad_end; of a transposed convolution pad_end says nothing, `out` does. */
    int64_t pad_begin[FDML_MAX_SPATIAL], pad_end[FDML_MAX_SPATIAL];
    size_t n_in, n_out, n_taps; /* products of in, out, kernel */
} fdml_window;

typedef struct fdml_conv {
    fdml_window window;
    size_t batch, channels, filters, groups;
    bool is_transposed;
} fdml_conv;

/* Of a Conv or ConvTranspose call: input 0 [batch, channels, in..]; input 1 [filters, channels
 * / groups, kernel..], transposed [channels, filters / groups, kernel..]; input 2, if any,
 * [filters]. FDML_E_DATA where they do not fit. */
fdml_status fdml_conv_shape(fdml_conv *conv, const fdml_op_call *call, bool is_transposed,
                            fdml_error *err);

/* Of a pooling call: input 0 [batch, channels, in..] and the attributes. */
fdml_status fdml_pool_shape(fdml_window *window, const fdml_op_call *call, fdml_error *err);

/* The window that covers a whole plane: what global pooling is. */
fdml_status fdml_pool_whole(fdml_window *window, const fdml_op_call *call, fdml_error *err);

#endif
