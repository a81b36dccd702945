/* image_check.h - what a picture's bytes say about themselves before anything is decoded.
 *
 * stb_image trusts more than PIL does: it checks no checksum of a PNG, and decodes as many
 * scans as a JPEG holds. These walks over the structure of the file find that out first, at
 * the cost of reading it once.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_IMAGE_CHECK_H
#define FDML_DATA_IMAGE_CHECK_H

#include <stddef.h>

#include "base/status.h"

typedef enum fdml_image_kind {
    FDML_IMAGE_UNKNOWN,
    FDML_IMAGE_JPEG,
    FDML_IMAGE_PNG,
    FDML_IMAGE_BMP,
    FDML_IMAGE_PNM
} fdml_image_kind;

fdml_image_kind fdml_image_kind_of(const unsigned char *bytes, size_t size);
const char *fdml_image_kind_name(fdml_image_kind kind); /* "JPEG" */

/* Refuses more scans than any encoder writes, and the kinds of JPEG that are not decoded:
 * arithmetic, lossless, hierarchical (FDML_E_UNSUPPORTED). */
fdml_status fdml_jpeg_check(const unsigned char *bytes, size_t size, const char *name,
                            fdml_error *err);

/* Every chunk is whole and has its checksum, up to IEND. */
fdml_status fdml_png_check(const unsigned char *bytes, size_t size, const char *name,
                           fdml_error *err);

#endif
