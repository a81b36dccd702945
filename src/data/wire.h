/* wire.h - a walk over the fields of a protobuf message, without unpacking them.
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/. A message is a run of fields: a
 * tag (number and wire type) and a payload. The walk knows no schema and copies nothing; every
 * step is checked against the end of the message, so nothing it hands out leaves the bytes it
 * was given. Groups (wire types 3 and 4), deprecated before ONNX existed, are malformed here.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_WIRE_H
#define FDML_DATA_WIRE_H

#include <stddef.h>
#include <stdint.h>

typedef struct fdml_bytes {
    const unsigned char *at;
    size_t size;
} fdml_bytes;

enum { FDML_WIRE_VARINT = 0, FDML_WIRE_64 = 1, FDML_WIRE_BYTES = 2, FDML_WIRE_32 = 5 };

typedef struct fdml_wire_field {
    uint32_t number;
    int type;           /* one of the above */
    uint64_t value;     /* of a varint */
    fdml_bytes payload; /* without tag and length; of a varint its encoding */
    fdml_bytes whole;   /* with them */
} fdml_wire_field;

typedef enum fdml_wire_step {
    FDML_WIRE_FIELD,     /* *field is set and *rest moved past it */
    FDML_WIRE_END,       /* nothing is left */
    FDML_WIRE_MALFORMED, /* no tag or number can be read at rest->at */
    FDML_WIRE_SHORT      /* the field at rest->at needs field->payload.size bytes, which is
                            more than the message has left */
} fdml_wire_step;

fdml_wire_step fdml_wire_next(fdml_wire_field *field, fdml_bytes *rest);

/* Takes a varint off the front: at most ten bytes, of which the last may hold one bit. Zero:
 * there is none. */
int fdml_wire_varint(uint64_t *value, fdml_bytes *rest);

#endif
