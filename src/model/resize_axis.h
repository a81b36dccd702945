/* resize_axis.h - which items of an axis make each item of the resized axis.
 *
 * Resize works on one axis after the other, whatever the rank: a place of the output is mapped
 * back to a place x of the input by the coordinate mode, and what lies round x is weighted by
 * the interpolation mode.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_RESIZE_AXIS_H
#define FDML_MODEL_RESIZE_AXIS_H

#include "model/op.h"

typedef enum fdml_resize_mode { FDML_NEAREST, FDML_LINEAR, FDML_CUBIC } fdml_resize_mode;

typedef enum fdml_resize_coordinate { /* in the order of their names in resize_axis.c */
                                      FDML_HALF_PIXEL,
                                      FDML_HALF_PIXEL_SYMMETRIC,
                                      FDML_PYTORCH_HALF_PIXEL,
                                      FDML_ALIGN_CORNERS,
                                      FDML_ASYMMETRIC,
                                      FDML_TF_HALF_PIXEL_FOR_NN,
                                      FDML_TF_CROP_AND_RESIZE
} fdml_resize_coordinate;

typedef enum fdml_resize_round {
    FDML_ROUND_PREFER_FLOOR,
    FDML_ROUND_PREFER_CEIL,
    FDML_FLOOR,
    FDML_CEIL,
    FDML_FLOOR_OR_CEIL /* before opset 11: up where the axis shrinks */
} fdml_resize_round;

/* What the attributes say, and input shapes and values with them. */
typedef struct fdml_resize {
    fdml_resize_mode mode;
    fdml_resize_coordinate coordinate;
    fdml_resize_round round;
    bool is_antialiased, excludes_outside;
    double cubic_a, extrapolation;
    int rank;
    size_t in[FDML_MAX_RANK], out[FDML_MAX_RANK];
    double scale[FDML_MAX_RANK];
    double width[FDML_MAX_RANK]; /* out, or in * scale with its fraction */
    double roi_begin[FDML_MAX_RANK], roi_end[FDML_MAX_RANK]; /* of tf_crop_and_resize */
} fdml_resize;

/* Resize and Upsample, any opset. During infer, values that decide the shape must be there. */
fdml_status fdml_resize_get(fdml_resize *resize, const fdml_op_call *call, fdml_error *err);

/* Item o of the output is the sum over taps t of weight[o * n_taps + t] times input item
 * index[o * n_taps + t]; where is_outside[o], it is the extrapolation value instead. */
typedef struct fdml_resize_axis {
    size_t n_taps;
    size_t *index;
    double *weight;
    bool *is_outside;
    bool is_identity; /* the axis stays as it is; no tables */
} fdml_resize_axis;

/* Tables in scratch of the call. */
fdml_status fdml_resize_axis_make(fdml_resize_axis *axis, const fdml_resize *resize, int d,
                                  const fdml_op_call *call, fdml_error *err);

#endif
