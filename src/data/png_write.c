/* png_write.c - see png_write.h. Chunks IHDR, IDAT and IEND of the PNG specification (ISO/IEC
 * 15948); rows unfiltered, in stored blocks of deflate (RFC 1951, 3.2.4) within zlib (RFC
 * 1950). SPDX-License-Identifier: MIT */
#include "data/png_write.h"

#include <stdint.h>
#include <string.h>

#include "data/crc32.h"

enum {
    SIGNATURE = 8,
    CHUNK = 12, /* length, type and checksum of a chunk */
    HEADER = 13,
    ZLIB = 2 + 4,       /* header, checksum */
    BLOCK = 5,          /* before each stored block */
    BLOCK_MAX = 0xffff, /* bytes in it */
};

static size_t raw_size(size_t width, size_t height)
{
    return height * (1 + 3 * width); /* a row begins with its filter */
}

static size_t zlib_size(size_t raw)
{
    return ZLIB + (raw + BLOCK_MAX - 1) / BLOCK_MAX * BLOCK + raw;
}

size_t fdml_png_size(size_t width, size_t height)
{
    return SIGNATURE + 3 * CHUNK + HEADER + zlib_size(raw_size(width, height));
}

static unsigned char *put_32(unsigned char *p, size_t x)
{
    for (int shift = 24; shift >= 0; shift -= 8) *p++ = (unsigned char)(x >> shift);
    return p;
}

/* A chunk whose `size` bytes stand at p + 8 already; returns what is after it. */
static unsigned char *close_chunk(unsigned char *p, const char *type, size_t size,
                                  const fdml_crc32 *crc)
{
    memcpy(put_32(p, size), type, 4);
    return put_32(p + 8 + size, fdml_crc32_of(crc, p + 4, size + 4));
}

/* Bytes that become stored blocks as they come, and their checksum. */
typedef struct stream {
    unsigned char *at;
    size_t n_left, n_in_block; /* bytes to come; room in the open block */
    uint32_t a, b;             /* the two sums of Adler-32 */
} stream;

static void open_block(stream *s)
{
    const size_t n = s->n_left < BLOCK_MAX ? s->n_left : BLOCK_MAX;
    const unsigned char block[BLOCK] = { n == s->n_left, n & 0xff, n >> 8 & 0xff, ~n & 0xff,
                                         ~n >> 8 & 0xff };
    memcpy(s->at, block, BLOCK);
    s->at += BLOCK;
    s->n_in_block = n;
}

static void put_bytes(stream *s, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!s->n_in_block) open_block(s);
        *s->at++ = bytes[i];
        s->n_in_block--, s->n_left--;
        s->a += bytes[i];
        s->a -= s->a >= 65521 ? 65521 : 0; /* the largest prime below 2^16 */
        s->b += s->a;
        s->b -= s->b >= 65521 ? 65521 : 0;
    }
}

void fdml_png_write(unsigned char *file, const unsigned char *rgb, size_t width, size_t height)
{
    static const unsigned char signature[SIGNATURE] = { 0x89, 'P',  'N',  'G',
                                                        '\r', '\n', 0x1a, '\n' };
    static const unsigned char depth_and_colour[5] = { 8, 2 }; /* RGB, nothing interlaced */
    static const unsigned char zlib_header[2] = { 0x78, 0x01 }, no_filter[1] = { 0 };
    fdml_crc32 crc;
    fdml_crc32_init(&crc);
    memcpy(file, signature, SIGNATURE);
    unsigned char *chunk = file + SIGNATURE;
    memcpy(put_32(put_32(chunk + 8, width), height), depth_and_colour, 5);
    chunk = close_chunk(chunk, "IHDR", HEADER, &crc);
    memcpy(chunk + 8, zlib_header, 2);
    stream s = { chunk + 10, raw_size(width, height), 0, 1, 0 };
    const size_t size = zlib_size(s.n_left);
    for (size_t y = 0; y < height; y++) {
        put_bytes(&s, no_filter, 1);
        put_bytes(&s, rgb + y * 3 * width, 3 * width);
    }
    put_32(s.at, (size_t)s.b << 16 | s.a);
    chunk = close_chunk(chunk, "IDAT", size, &crc);
    close_chunk(chunk, "IEND", 0, &crc);
}
