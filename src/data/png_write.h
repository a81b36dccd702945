/* png_write.h - a picture as a PNG file whose bytes are the same everywhere.
 *
 * Stored, not compressed: a compressor's output changes from version to version, and pictures
 * with noise in them would shrink by a quarter at most.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PNG_WRITE_H
#define FDML_DATA_PNG_WRITE_H

#include <stddef.h>

/* Bytes of the file of width x height pixels, sides from 1 to 65535. */
size_t fdml_png_size(size_t width, size_t height);

/* file: [fdml_png_size]; rgb: [height, width, 3]. */
void fdml_png_write(unsigned char *file, const unsigned char *rgb, size_t width, size_t height);

#endif
