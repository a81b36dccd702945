/* image_check.h - what a picture's bytes say about themselves before anything is decoded.
 *
 * stb_image trusts more than PIL does: it checks no checksum of a PNG, and decodes as many
 * scans as a JPEG holds. These walks over the structure of the file find that out first, at
 * the cost of reading it once, and the size of the picture with it.
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

/* The picture's sides (0 where its header does not tell them), after a look at the structure:
 * JPEG: refuses more scans than any encoder writes, segments and Huffman tables that are not
 *   whole, and what is not decoded: arithmetic, lossless, hierarchical (FDML_E_UNSUPPORTED).
 * PNG: every chunk is whole and has its checksum, up to IEND. */
typedef struct fdml_image_header {
    fdml_image_kind kind; /* JPEG, PNG or BMP */
    size_t width, height;
} fdml_image_header;

fdml_status fdml_image_check(fdml_image_header *header, const unsigned char *bytes, size_t size,
                             const char *name, fdml_error *err);

#endif
