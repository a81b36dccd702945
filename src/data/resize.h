/* resize.h - antialiased bilinear resampling, with the bytes that Pillow gives.
 *
 * Every output is a weighted mean of the inputs under a triangle as wide as the reduction, so
 * that a small picture shows all of a large one. Two passes, across and then down, in whole
 * numbers, rounded to bytes between; a pass that changes nothing is left out.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_RESIZE_H
#define FDML_DATA_RESIZE_H

#include <stdbool.h>

#include "base/arena.h"
#include "simd/kernels.h"

/* A picture, or a rectangle of one: what lies outside is not looked at. */
typedef struct fdml_pixels {
    const unsigned char *rgb; /* [height, width, 3], rows row_stride bytes apart */
    size_t width, height, row_stride;
} fdml_pixels;

typedef struct fdml_resize {
    size_t width, height;        /* of the whole result */
    size_t x, y, n_cols, n_rows; /* the part of it that is wanted; at least 1 x 1 */
    const fdml_kernels *kernels;
} fdml_resize;

/* rgb: [n_rows, n_cols, 3]. Sides from 1 to 2^31 - 1. Scratch from the arena is given back;
 * false where it does not suffice. */
bool fdml_resize_bilinear(unsigned char *rgb, const fdml_resize *resize, const fdml_pixels *in,
                          fdml_arena *work);

#endif
