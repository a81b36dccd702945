/* image_check.c - see image_check.h. Formats: ITU T.81 (JPEG), annex B; PNG 1.2, chapter 3;
 * BMP. SPDX-License-Identifier: MIT */
#include "data/image_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "data/crc32.h"

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
static size_t next_marker(const unsigned char *bytes, size_t at, size_t size)
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

/* The Huffman tables of a segment: stb_image before 2.28 writes past its own where one
 * announces more than 256 codes. */
static bool are_tables_whole(const unsigned char *p, size_t size)
{
    while (size) {
        size_t n_codes = 0;
        if (size < 17) return false;
        for (int i = 1; i <= 16; i++) n_codes += p[i];
        if (n_codes > 256 || n_codes > size - 17) return false;
        p += 17 + n_codes, size -= 17 + n_codes;
    }
    return true;
}

/* One marker segment, from its marker on, `size` bytes with the marker. */
static fdml_status check_segment(const unsigned char *p, size_t at, size_t size,
                                 const char *name, fdml_error *err)
{
    const char *what = unsupported_frame(p[1]);
    if (what)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: %s JPEG (SOF%d) is not supported, only baseline and progressive",
                         name, what, p[1] - 0xc0);
    if (p[1] == 0xc4 && (size < 4 || !are_tables_whole(p + 4, size - 4)))
        return fdml_fail(err, FDML_E_FORMAT, "%s: damaged JPEG: bad Huffman table at byte %zu",
                         name, at);
    return FDML_OK;
}

static fdml_status check_jpeg(fdml_image_header *header, const unsigned char *bytes,
                              size_t size, const char *name, fdml_error *err)
{
    size_t n_scans = 0;
    /* Between segments there may be bytes that belong to none, as libjpeg allows. A missing end
     * is the decoder's to find: it knows whether the picture was complete. */
    for (size_t at = next_marker(bytes, 2, size); at + 4 <= size && bytes[at + 1] != 0xd9;) {
        const size_t length = 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        if (length > size - at)
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: truncated JPEG: %zu bytes from byte %zu on, the file has %zu",
                             name, length, at, size - at);
        const unsigned char *p = bytes + at;
        FDML_TRY(check_segment(p, at, length, name, err));
        if (p[1] >= 0xc0 && p[1] <= 0xc2 && length >= 9) {
            header->height = (size_t)p[5] << 8 | p[6];
            header->width = (size_t)p[7] << 8 | p[8];
        }
        if (p[1] == 0xda && ++n_scans > MAX_SCANS)
            return fdml_fail(err, FDML_E_LIMIT, "%s: more than %d scans", name, MAX_SCANS);
        at = next_marker(bytes, at + length, size);
    }
    return FDML_OK;
}

/* --- PNG --------------------------------------------------------------------------------- */

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static fdml_status check_png(fdml_image_header *header, const unsigned char *bytes, size_t size,
                             const char *name, fdml_error *err)
{
    fdml_crc32 crc;
    fdml_crc32_init(&crc);
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
        if (fdml_crc32_of(&crc, bytes + at + 4, 4 + length) !=
            big_endian(bytes + at + 8 + length))
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: damaged PNG: wrong checksum of the chunk at byte %zu", name,
                             at);
        if (at == sizeof png_signature && length >= 8) /* IHDR, or the decoder says otherwise */
            header->width = big_endian(bytes + at + 8),
            header->height = big_endian(bytes + at + 12);
        if (!memcmp(bytes + at + 4, "IEND", 4)) return FDML_OK;
        at += 12 + length;
    }
}

/* --- BMP --------------------------------------------------------------------------------- */

static size_t little_endian(const unsigned char *p, int n_bytes)
{
    size_t value = 0;
    for (int i = n_bytes; i-- > 0;) value = value << 8 | p[i];
    return value;
}

/* A negative height says that rows run downwards. */
static void read_bmp(fdml_image_header *header, const unsigned char *bytes, size_t size)
{
    if (size < 26) return;
    const bool is_old = little_endian(bytes + 14, 4) == 12; /* OS/2's header */
    const size_t height = is_old ? little_endian(bytes + 20, 2) : little_endian(bytes + 22, 4);
    header->width = little_endian(bytes + 18, is_old ? 2 : 4);
    header->height = height >> 31 ? ((size_t)1 << 32) - height : height;
}

fdml_status fdml_image_check(fdml_image_header *header, const unsigned char *bytes, size_t size,
                             const char *name, fdml_error *err)
{
    fdml_image_header h = { .kind = header->kind };
    if (h.kind == FDML_IMAGE_JPEG) FDML_TRY(check_jpeg(&h, bytes, size, name, err));
    if (h.kind == FDML_IMAGE_PNG) FDML_TRY(check_png(&h, bytes, size, name, err));
    if (h.kind == FDML_IMAGE_BMP) read_bmp(&h, bytes, size);
    *header = h;
    return FDML_OK;
}
