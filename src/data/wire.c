/* wire.c - see wire.h.
 * SPDX-License-Identifier: MIT */
#include "data/wire.h"

int fdml_wire_varint(uint64_t *value, fdml_bytes *rest)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rest->size && i < 10; i++) {
        const unsigned char byte = rest->at[i];
        if (i == 9 && byte > 1) return 0; /* 63 bits are full: one is left */
        sum |= (uint64_t)(byte & 127) << 7 * i;
        if (byte & 128) continue;
        *value = sum;
        rest->at += i + 1;
        rest->size -= i + 1;
        return 1;
    }
    return 0;
}

static fdml_bytes from_to(const unsigned char *begin, const unsigned char *end)
{
    return (fdml_bytes){ begin, (size_t)(end - begin) };
}

fdml_wire_step fdml_wire_next(fdml_wire_field *field, fdml_bytes *rest)
{
    if (!rest->size) return FDML_WIRE_END;
    fdml_bytes after = *rest;
    uint64_t tag, size;
    if (!fdml_wire_varint(&tag, &after) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
        return FDML_WIRE_MALFORMED;
    *field = (fdml_wire_field){ .number = (uint32_t)(tag >> 3), .type = (int)(tag & 7) };
    const unsigned char *begin = after.at;
    switch (field->type) {
    case FDML_WIRE_VARINT:
        if (!fdml_wire_varint(&field->value, &after)) return FDML_WIRE_MALFORMED;
        size = (uint64_t)(after.at - begin);
        after = (fdml_bytes){ begin, (size_t)(rest->at + rest->size - begin) };
        break;
    case FDML_WIRE_64:
        size = 8;
        break;
    case FDML_WIRE_32:
        size = 4;
        break;
    case FDML_WIRE_BYTES:
        if (!fdml_wire_varint(&size, &after)) return FDML_WIRE_MALFORMED;
        break;
    default:
        return FDML_WIRE_MALFORMED;
    }
    field->payload = (fdml_bytes){ after.at, size > SIZE_MAX ? SIZE_MAX : (size_t)size };
    if (size > after.size) return FDML_WIRE_SHORT;
    field->whole = from_to(rest->at, after.at + size);
    *rest = (fdml_bytes){ after.at + size, after.size - (size_t)size };
    return FDML_WIRE_FIELD;
}
