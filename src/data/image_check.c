/* image_check.c - see image_check.h. Formats: ITU T.81 (JPEG), annex B; PNG 1.2, chapter 3.
 * SPDX-License-Identifier: MIT */
#include "data/image_check.h"

#include <stdint.h>
#include <string.h>

/* libjpeg's example script writes 10 scans and the longest any known encoder makes is some 60.
 * Each can cost a pass over the whole picture for a dozen bytes of file. */
enum { MAX_SCANS = 500 };

static const unsigned char png_signature[8] = { 0x89, 'P', 'N', 'G', 13, 10, 26, 10 };

fdml_image_kind fdml_image_kind_of(const unsigned char *bytes, size_t size)
{
    if (size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff)
        return FDML_IMAGE_JPEG;
    if (size >= sizeof png_signature && !memcmp(bytes, png_signature, sizeof png_signature))
        return FDML_IMAGE_PNG;
    if (size >= 2 && bytes[0] == 'B' && bytes[1] == 'M') return FDML_IMAGE_BMP;
    if (size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
        memchr(" \t\n\v\f\r#", bytes[2], 7))
        return FDML_IMAGE_PNM;
    return FDML_IMAGE_UNKNOWN;
}

const char *fdml_image_kind_name(fdml_image_kind kind)
{
    static const char *const names[] = { "unknown", "JPEG", "PNG", "BMP", "PNM" };
    return names[kind];
}

/* --- JPEG -------------------------------------------------------------------------------- */

/* The place of the next 0xff that starts a marker other than a restart; `size` where none. */
static size_t skip_scan(const unsigned char *bytes, size_t at, size_t size)
{
    while (at + 1 < size) {
        const unsigned char *ff = memchr(bytes + at, 0xff, size - 1 - at);
        if (!ff) return size;
        at = (size_t)(ff - bytes);
        const unsigned char code = bytes[at + 1];
        if (code == 0xff)
            at += 1; /* a fill byte */
        else if (code == 0 || (code >= 0xd0 && code <= 0xd7))
            at += 2;
        else
            return at;
    }
    return size;
}

static const char *unsupported_frame(unsigned char code)
{
    if (code == 0xc3) return "lossless";
    if (code >= 0xc5 && code <= 0xc7) return "hierarchical";
    if (code >= 0xc9 && code <= 0xcf && code != 0xcc) return "arithmetic";
    return NULL;
}

fdml_status fdml_jpeg_check(const unsigned char *bytes, size_t size, const char *name,
                            fdml_error *err)
{
    size_t n_scans = 0;
    /* Where the structure is broken the walk just ends: the decoder knows a better sentence. */
    for (size_t at = 2; at + 4 <= size && bytes[at] == 0xff;) {
        const unsigned char code = bytes[at + 1];
        if (code == 0xff) {
            at++;
            continue;
        }
        if (code == 0xd9) break;
        const char *what = unsupported_frame(code);
        if (what)
            return fdml_fail(err, FDML_E_UNSUPPORTED,
                             "%s: %s JPEG (SOF%d) is not supported, only baseline and "
                             "progressive",
                             name, what, code - 0xc0);
        at += 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        if (code != 0xda) continue;
        if (++n_scans > MAX_SCANS)
            return fdml_fail(err, FDML_E_LIMIT, "%s: more than %d scans", name, MAX_SCANS);
        at = skip_scan(bytes, at, size);
    }
    return FDML_OK;
}

/* --- PNG --------------------------------------------------------------------------------- */

/* CRC-32 of IEEE 802.3, bits reflected: x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8+x^7+x^5+
 * x^4+x^2+x+1 without its top bit, read backwards is 0xedb88320. */
static void fill_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        table[i] = c;
    }
}

static uint32_t checksum(const uint32_t table[256], const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

fdml_status fdml_png_check(const unsigned char *bytes, size_t size, const char *name,
                           fdml_error *err)
{
    uint32_t table[256];
    fill_table(table);
    for (size_t at = sizeof png_signature;;) {
        if (size - at < 12)
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: truncated PNG: ends before IEND, at byte %zu", name, size);
        const size_t length = big_endian(bytes + at);
        if (length > size - at - 12)
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: truncated PNG: the chunk at byte %zu has %zu bytes, the file "
                             "%zu more",
                             name, at, length, size - at - 12);
        if (checksum(table, bytes + at + 4, 4 + length) != big_endian(bytes + at + 8 + length))
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: damaged PNG: wrong checksum of the chunk at byte %zu", name,
                             at);
        if (!memcmp(bytes + at + 4, "IEND", 4)) return FDML_OK;
        at += 12 + length;
    }
}
