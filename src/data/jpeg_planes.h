/* jpeg_planes.h - from the planes of a JPEG, each of its own resolution, to RGB.
 *
 * libjpeg's upsampling and colour equations to the last bit, so that the pixels are those that
 * PIL shows; with them a network gets the same input as in Python.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_JPEG_PLANES_H
#define FDML_DATA_JPEG_PLANES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "simd/kernels.h"

typedef struct fdml_jpeg_plane {
    const unsigned char *samples;
    size_t width, height, row_stride;
    size_t across, down; /* pixels that a sample covers: 1 to 4 */
} fdml_jpeg_plane;

typedef enum fdml_jpeg_colour {
    FDML_JPEG_GREY,
    FDML_JPEG_RGB,
    FDML_JPEG_YCC,
    FDML_JPEG_CMYK, /* stored inverted, as Adobe does and PIL takes all of them to be */
    FDML_JPEG_YCCK
} fdml_jpeg_colour;

typedef struct fdml_jpeg_planes {
    size_t width, height; /* at most across * width, down * height of every plane */
    fdml_jpeg_colour colour;
    fdml_jpeg_plane plane[4]; /* one, three or four */
} fdml_jpeg_planes;

/* rgb: [height, width, 3]; false where the arena does not suffice. Scratch is given back. */
bool fdml_jpeg_to_rgb(unsigned char *rgb, const fdml_jpeg_planes *planes,
                      const fdml_kernels *kernels, fdml_arena *work);

#endif
