/* onnx_read.h - what the files of the ONNX reader share. For onnx_*.c only.
 *
 * A message is read in two ways at once: fdml_wire walks it where it lies, and the few fields
 * of it that onnx.proto names are copied together and given to protobuf-c, in a scratch arena
 * that is reset after every message.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_ONNX_READ_H
#define FDML_DATA_ONNX_READ_H

#include "base/map_list.h"
#include "data/onnx_file.h"
#include "data/wire.h"

typedef struct fdml_onnx_reader {
    const char *name; /* of the file: starts every sentence */
    const char *directory;
    fdml_bytes file;
    fdml_arena *arena;
    fdml_arena scratch; /* of one message, FDML_ONNX_MAX_UNPACKED at most */
    fdml_map_list *maps;
    unsigned char *room; /* what is left of the last piece for small things */
    size_t room_left;
    size_t n_small;   /* bytes of names, shapes and lists so far */
    size_t n_decoded; /* bytes of items that could not be pointed at */
    char place[192];  /* "node 17 "conv": ", for sentences; may be empty */
} fdml_onnx_reader;

/* "model.onnx: node 17 "conv": " and the sentence. */
fdml_status fdml_onnx_fail(const fdml_onnx_reader *reader, fdml_error *err, fdml_status status,
                           const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* "node 17: " becomes "node 17 "conv": ". */
void fdml_onnx_name_place(fdml_onnx_reader *reader, const char *name);

/* fdml_wire_next; *has_field is false at the end. What is no protobuf is FDML_E_FORMAT. */
fdml_status fdml_onnx_next(const fdml_onnx_reader *reader, fdml_wire_field *field,
                           fdml_bytes *rest, bool *has_field, fdml_error *err);

/* Small things, aligned for anything and zeroed, counted against FDML_ONNX_MAX_STRUCTURE. */
fdml_status fdml_onnx_push(fdml_onnx_reader *reader, void *pointer, size_t n, size_t size,
                           fdml_error *err);
/* A copy with a NUL at its end; refused: a NUL inside, invalid UTF-8. `what` is "name". */
fdml_status fdml_onnx_text(fdml_onnx_reader *reader, const char **text, fdml_bytes bytes,
                           const char *what, fdml_error *err);
bool fdml_onnx_is_text(fdml_bytes bytes);

/* Copies the fields of `wanted` (bit n: field n) of a message together, in scratch. */
fdml_status fdml_onnx_select(fdml_onnx_reader *reader, fdml_bytes *selected, fdml_bytes message,
                             uint32_t wanted, fdml_error *err);

/* protobuf-c over scratch: *message is of the descriptor's type. */
struct ProtobufCMessageDescriptor;
fdml_status fdml_onnx_unpack(fdml_onnx_reader *reader, void *message,
                             const struct ProtobufCMessageDescriptor *descriptor,
                             fdml_bytes bytes, fdml_error *err);

/* place must be set by the caller; it is extended by the message's own name. */
fdml_status fdml_onnx_read_node(fdml_onnx_reader *reader, fdml_onnx_node *node,
                                fdml_bytes message, fdml_error *err);
fdml_status fdml_onnx_read_value(fdml_onnx_reader *reader, fdml_onnx_value *value,
                                 fdml_bytes message, fdml_error *err);
fdml_status fdml_onnx_read_tensor(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                  fdml_bytes message, fdml_error *err);

/* The tensor's bytes in a file beside the model's, from the `entries` of external_data. */
typedef struct fdml_onnx_external {
    const char *location; /* NULL: not given */
    int64_t offset;
    int64_t length; /* -1: not given */
} fdml_onnx_external;
fdml_status fdml_onnx_map_external(fdml_onnx_reader *reader, fdml_bytes *data,
                                   const fdml_onnx_external *external, size_t size,
                                   fdml_error *err);

/* Gives tensor->data from the message's numeric fields or from raw bytes (at NULL: none). */
fdml_status fdml_onnx_read_items(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                 fdml_bytes message, fdml_bytes raw, fdml_error *err);

#endif
