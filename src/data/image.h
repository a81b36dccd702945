/* image.h - a picture file as RGB bytes.
 *
 * JPEG (baseline and progressive), PNG, BMP and PBM/PGM/PPM. The pixels are those of PIL's
 * Image.open(f).convert("RGB"), to the bit, JPEGs included: grey is repeated, alpha is dropped,
 * an orientation in EXIF is not applied. Two exceptions: grey of sixteen bits is brought to
 * eight, where PIL cuts it at 255, and a PNG with a wrong checksum anywhere is refused.
 *
 * Limits are checked against the header before a byte is decoded, so a hostile file costs
 * nothing. A truncated file is an error. The decoder of PNG, BMP and of a JPEG's entropy coding
 * is stb_image.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_IMAGE_H
#define FDML_DATA_IMAGE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_image {
    size_t width, height;
    unsigned char *rgb; /* [height, width, 3], in the arena */
} fdml_image;

typedef struct fdml_image_limits {
    size_t max_file;   /* bytes of the file */
    size_t max_pixels; /* width * height */
} fdml_image_limits;

/* 64 MiB and 178,956,970 pixels, PIL's MAX_IMAGE_PIXELS * 2. */
extern const fdml_image_limits fdml_image_default_limits;

/* bytes: the whole file. FDML_E_FORMAT: not a picture, or a damaged one; FDML_E_LIMIT. The
 * image is in the arena; what decoding takes besides is bounded by the limits and given back.
 * Any number of threads may decode at once, each with an arena of its own. */
fdml_status fdml_image_decode(fdml_image *image, const unsigned char *bytes, size_t size,
                              const char *name, const fdml_image_limits *limits,
                              fdml_arena *arena, fdml_error *err);

fdml_status fdml_image_read(fdml_image *image, const char *path,
                            const fdml_image_limits *limits, fdml_arena *arena,
                            fdml_error *err);

#endif
