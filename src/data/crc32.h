/* crc32.h - the checksum of a PNG's chunks.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_CRC32_H
#define FDML_DATA_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* A table of the caller's, so that nothing global has to be made ready among threads. */
typedef struct fdml_crc32 {
    uint32_t table[256];
} fdml_crc32;

void fdml_crc32_init(fdml_crc32 *crc);
uint32_t fdml_crc32_of(const fdml_crc32 *crc, const unsigned char *bytes, size_t size);

#endif
