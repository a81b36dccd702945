/* wire_write.c - see wire_write.h.
 * SPDX-License-Identifier: MIT */
#include "data/wire_write.h"

#include <string.h>

#include "data/wire.h"

void fdml_wire_put_raw(fdml_wire_writer *writer, const void *bytes, size_t size)
{
    if (writer->file && size) fwrite(bytes, 1, size, writer->file);
    writer->size += size;
}

/* Seven bits at a time, the lowest first; the top bit says that more follow. */
static void put_number(fdml_wire_writer *writer, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    for (; value > 0x7f; value >>= 7) bytes[n++] = (unsigned char)(value & 0x7f) | 0x80;
    bytes[n++] = (unsigned char)value;
    fdml_wire_put_raw(writer, bytes, n);
}

static void put_tag(fdml_wire_writer *writer, uint32_t number, unsigned type)
{
    put_number(writer, (uint64_t)number << 3 | type);
}

void fdml_wire_put_varint(fdml_wire_writer *writer, uint32_t number, uint64_t value)
{
    put_tag(writer, number, FDML_WIRE_VARINT);
    put_number(writer, value);
}

void fdml_wire_put_float(fdml_wire_writer *writer, uint32_t number, float value)
{
    uint32_t bits;
    unsigned char bytes[4];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++) bytes[i] = (unsigned char)(bits >> (8 * i));
    put_tag(writer, number, FDML_WIRE_32);
    fdml_wire_put_raw(writer, bytes, sizeof bytes);
}

void fdml_wire_put_text(fdml_wire_writer *writer, uint32_t number, const char *text)
{
    const size_t length = strlen(text);
    put_tag(writer, number, FDML_WIRE_BYTES);
    put_number(writer, length);
    fdml_wire_put_raw(writer, text, length);
}

void fdml_wire_put_message(fdml_wire_writer *writer, uint32_t number, fdml_wire_fn fn,
                           const void *ctx)
{
    fdml_wire_writer counter = { 0 };
    fn(&counter, ctx);
    put_tag(writer, number, FDML_WIRE_BYTES);
    put_number(writer, counter.size);
    if (writer->file)
        fn(writer, ctx);
    else
        writer->size += counter.size;
}
