/* crc32.c - CRC-32 of IEEE 802.3, a byte at a time. See crc32.h.
 * SPDX-License-Identifier: MIT */
#include "data/crc32.h"

/* Bits reflected: x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8+x^7+x^5+x^4+x^2+x+1 without its
 * top bit, read backwards, is 0xedb88320. */
void fdml_crc32_init(fdml_crc32 *crc)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        crc->table[i] = c;
    }
}

uint32_t fdml_crc32_of(const fdml_crc32 *crc, const unsigned char *bytes, size_t size)
{
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < size; i++) c = crc->table[(c ^ bytes[i]) & 0xff] ^ c >> 8;
    return ~c;
}
