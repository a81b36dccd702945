/* onnx_read.c - text, memory and the two ways of reading a message. See onnx_read.h.
 * SPDX-License-Identifier: MIT */
#include "data/onnx_read.h"

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { ROOM = 1 << 14 };

fdml_status fdml_onnx_fail(const fdml_onnx_reader *reader, fdml_error *err, fdml_status status,
                           const char *format, ...)
{
    char why[FDML_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return fdml_fail(err, status, "%.200s: %s%s", reader->name, reader->place, why);
}

void fdml_onnx_name_place(fdml_onnx_reader *reader, const char *name)
{
    char place[sizeof reader->place];
    const size_t n = strlen(reader->place);
    if (!*name || n < 2) return;
    memcpy(place, reader->place, n - 2); /* without its ": " */
    place[n - 2] = 0;
    snprintf(reader->place, sizeof reader->place, "%.70s \"%.80s\": ", place, name);
}

fdml_status fdml_onnx_next(const fdml_onnx_reader *reader, fdml_wire_field *field,
                           fdml_bytes *rest, bool *has_field, fdml_error *err)
{
    const fdml_wire_step step = fdml_wire_next(field, rest);
    *has_field = step == FDML_WIRE_FIELD;
    if (step == FDML_WIRE_FIELD || step == FDML_WIRE_END) return FDML_OK;
    const size_t byte = (size_t)(rest->at - reader->file.at);
    if (step == FDML_WIRE_MALFORMED)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "byte %zu is no protobuf field: no ONNX file, or a damaged one",
                              byte);
    const bool is_last = rest->at + rest->size == reader->file.at + reader->file.size;
    return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                          "byte %zu: field %u of %zu bytes, %zu are left%s", byte,
                          (unsigned)field->number, field->payload.size,
                          (size_t)(rest->at + rest->size - field->payload.at),
                          is_last ? "; is the file cut short?" : " in its message");
}

static fdml_status fail_structure(const fdml_onnx_reader *reader, fdml_error *err)
{
    return fdml_onnx_fail(reader, err, FDML_E_LIMIT,
                          "names, shapes and lists take more than %zu MiB",
                          FDML_ONNX_MAX_STRUCTURE >> 20);
}

static void *take(fdml_onnx_reader *reader, size_t size, size_t align)
{
    const size_t skipped = (size_t) - (uintptr_t)reader->room % align;
    if (size >= ROOM / 4) return fdml_arena_push(reader->arena, size, 1);
    if (!reader->room || reader->room_left < skipped + size) {
        reader->room = fdml_arena_push(reader->arena, ROOM, 1);
        reader->room_left = reader->room ? ROOM : 0;
        return reader->room ? take(reader, size, align) : NULL;
    }
    unsigned char *piece = reader->room + skipped;
    reader->room = piece + size;
    reader->room_left -= skipped + size;
    return piece;
}

static fdml_status push(fdml_onnx_reader *reader, void **piece, size_t size, size_t align,
                        fdml_error *err)
{
    if (size > FDML_ONNX_MAX_STRUCTURE - reader->n_small) return fail_structure(reader, err);
    *piece = take(reader, size, align);
    if (!*piece)
        return fdml_onnx_fail(reader, err, FDML_E_NOMEM, "no memory for %zu bytes", size);
    reader->n_small += size;
    return FDML_OK;
}

fdml_status fdml_onnx_push(fdml_onnx_reader *reader, void *pointer, size_t n, size_t size,
                           fdml_error *err)
{
    void *piece;
    if (n > FDML_ONNX_MAX_STRUCTURE / size) return fail_structure(reader, err);
    FDML_TRY(push(reader, &piece, n * size, alignof(max_align_t), err));
    memset(piece, 0, n * size);
    memcpy(pointer, &piece, sizeof piece);
    return FDML_OK;
}

bool fdml_onnx_is_text(fdml_bytes bytes)
{
    for (size_t i = 0; i < bytes.size;) {
        const size_t n = fdml_utf8_length((const char *)bytes.at + i, bytes.size - i);
        if (!n || !bytes.at[i]) return false;
        i += n;
    }
    return true;
}

fdml_status fdml_onnx_text(fdml_onnx_reader *reader, const char **text, fdml_bytes bytes,
                           const char *what, fdml_error *err)
{
    void *piece;
    if (!bytes.size) {
        *text = "";
        return FDML_OK;
    }
    if (!fdml_onnx_is_text(bytes))
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "its %s is no UTF-8 text", what);
    FDML_TRY(push(reader, &piece, bytes.size + 1, 1, err));
    memcpy(piece, bytes.at, bytes.size);
    ((char *)piece)[bytes.size] = 0;
    *text = piece;
    return FDML_OK;
}

static fdml_status fail_unpacked(const fdml_onnx_reader *reader, fdml_error *err)
{
    return fdml_onnx_fail(reader, err, FDML_E_LIMIT, "takes more than %zu MiB to read",
                          FDML_ONNX_MAX_UNPACKED >> 20);
}

static bool is_wanted(const fdml_wire_field *field, uint32_t wanted)
{
    return field->number < 32 && wanted >> field->number & 1;
}

fdml_status fdml_onnx_select(fdml_onnx_reader *reader, fdml_bytes *selected, fdml_bytes message,
                             uint32_t wanted, fdml_error *err)
{
    fdml_wire_field field;
    fdml_bytes rest = message;
    size_t size = 0;
    for (bool has_field;;) {
        FDML_TRY(fdml_onnx_next(reader, &field, &rest, &has_field, err));
        if (!has_field) break;
        if (is_wanted(&field, wanted)) size += field.whole.size;
    }
    unsigned char *copy = fdml_arena_push(&reader->scratch, size, 1);
    if (!copy) return fail_unpacked(reader, err);
    *selected = (fdml_bytes){ copy, size };
    for (rest = message; fdml_wire_next(&field, &rest) == FDML_WIRE_FIELD;) {
        if (!is_wanted(&field, wanted)) continue;
        memcpy(copy, field.whole.at, field.whole.size);
        copy += field.whole.size;
    }
    return FDML_OK;
}

typedef struct allocator {
    fdml_arena *arena;
    bool is_full;
} allocator;

static void *allocate(void *data, size_t size)
{
    allocator *a = data;
    void *piece = fdml_arena_push(a->arena, size, 1);
    if (!piece) a->is_full = true;
    return piece;
}

static void keep(void *data, void *piece) /* the arena is reset after the message */
{
    (void)data;
    (void)piece;
}

fdml_status fdml_onnx_unpack(fdml_onnx_reader *reader, void *message,
                             const struct ProtobufCMessageDescriptor *descriptor,
                             fdml_bytes bytes, fdml_error *err)
{
    allocator data = { .arena = &reader->scratch };
    ProtobufCAllocator memory = { allocate, keep, &data };
    ProtobufCMessage *unpacked =
        protobuf_c_message_unpack(descriptor, &memory, bytes.size, bytes.at);
    if (!unpacked && data.is_full) return fail_unpacked(reader, err);
    if (!unpacked)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "is no %s of ONNX, or a damaged one",
                              descriptor->short_name);
    memcpy(message, &unpacked, sizeof unpacked);
    return FDML_OK;
}
