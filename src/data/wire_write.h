/* wire_write.h - protobuf messages, written field by field.
 *
 * A message inside of another has its length before it. It is written twice: once to count, and
 * once for good, so nothing is kept in memory, whatever its size.
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_WIRE_WRITE_H
#define FDML_DATA_WIRE_WRITE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct fdml_wire_writer {
    FILE *file;    /* NULL: only counts */
    uint64_t size; /* bytes so far */
} fdml_wire_writer;

typedef void (*fdml_wire_fn)(fdml_wire_writer *writer, const void *ctx);

void fdml_wire_put_varint(fdml_wire_writer *writer, uint32_t number, uint64_t value);
void fdml_wire_put_float(fdml_wire_writer *writer, uint32_t number, float value);
void fdml_wire_put_text(fdml_wire_writer *writer, uint32_t number, const char *text);
/* What fn writes, as a field; fn is called twice and must write the same. */
void fdml_wire_put_message(fdml_wire_writer *writer, uint32_t number, fdml_wire_fn fn,
                           const void *ctx);
/* Bytes as they are: what an fn writes where the field is no message but a run of bytes. */
void fdml_wire_put_raw(fdml_wire_writer *writer, const void *bytes, size_t size);

#endif
