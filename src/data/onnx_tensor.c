/* onnx_tensor.c - a TensorProto: type, shape, and where its items are.
 *
 * Items stand in one of five numeric fields, in raw_data, in string_data or in another file;
 * which of the numeric ones the type decides. onnx_items.c reads them.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "data/onnx.pb-c.h"
#include "data/onnx_read.h"

enum { SEGMENT = 3, STRING_DATA = 6, RAW_DATA = 9, N_TYPES = 23, STRING = 8 };

static fdml_bytes of(ProtobufCBinaryData data)
{
    return (fdml_bytes){ data.data, data.len };
}

static fdml_status read_shape(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                              const FdmlPb__Tensor *pb, fdml_error *err)
{
    int64_t *dim;
    if (pb->n_dims > FDML_ONNX_MAX_RANK)
        return fdml_onnx_fail(reader, err, FDML_E_LIMIT, "%zu dimensions, the limit is %d",
                              pb->n_dims, (int)FDML_ONNX_MAX_RANK);
    if (pb->data_type < 1 || pb->data_type >= N_TYPES)
        return fdml_onnx_fail(reader, err, FDML_E_UNSUPPORTED,
                              "its data type is %d, known are 1 to %d", (int)pb->data_type,
                              N_TYPES - 1);
    FDML_TRY(fdml_onnx_push(reader, &dim, pb->n_dims, sizeof *dim, err));
    /* Sixteen bytes are the largest item, so that no size in bytes can overflow either. */
    size_t left = PTRDIFF_MAX / 16, n_items = 1;
    for (size_t i = 0; i < pb->n_dims; i++) {
        const int64_t d = dim[i] = pb->dims[i];
        if (d < 0)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "dimension %zu is %lld", i,
                                  (long long)d);
        if ((uint64_t)d > left)
            return fdml_onnx_fail(reader, err, FDML_E_LIMIT,
                                  "its shape asks for more items than any memory holds");
        if (d) left /= (size_t)d;
        n_items *= (size_t)d;
    }
    tensor->type = pb->data_type;
    tensor->rank = (int)pb->n_dims;
    tensor->dim = dim;
    tensor->n_items = n_items;
    return FDML_OK;
}

static fdml_status read_strings(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                const FdmlPb__Tensor *pb, fdml_error *err)
{
    const char **text;
    if (pb->n_string_data != tensor->n_items)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "%zu strings, expected %zu for its shape", pb->n_string_data,
                              tensor->n_items);
    FDML_TRY(fdml_onnx_push(reader, &text, tensor->n_items, sizeof *text, err));
    for (size_t i = 0; i < tensor->n_items; i++)
        FDML_TRY(fdml_onnx_text(reader, &text[i], of(pb->string_data[i]), "string", err));
    tensor->data = text;
    return FDML_OK;
}

/* ONNX writes the numbers as text. */
static fdml_status read_entry(fdml_onnx_reader *reader, fdml_onnx_external *external,
                              const FdmlPb__Entry *entry, fdml_error *err)
{
    const char *key, *value;
    int64_t number = 0;
    FDML_TRY(fdml_onnx_text(reader, &key, of(entry->key), "external_data", err));
    FDML_TRY(fdml_onnx_text(reader, &value, of(entry->value), "external_data", err));
    const bool is_offset = !strcmp(key, "offset"), is_length = !strcmp(key, "length");
    if (!strcmp(key, "location")) external->location = value;
    if (!is_offset && !is_length) return FDML_OK; /* a checksum, or another's note */
    if (!fdml_number_integer(&number, value, strlen(value)) || number < 0)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "its external %s is '%.40s'", key,
                              value);
    *(is_offset ? &external->offset : &external->length) = number;
    return FDML_OK;
}

/* Bytes of the items as raw_data has them: two items of 4 bits in one byte. */
size_t fdml_onnx_raw_size(const fdml_onnx_tensor *tensor)
{
    static const unsigned char half_bytes[N_TYPES] = { 0, 8,  2,  2,  4, 4, 8, 16, 0, 2, 4, 16,
                                                       8, 16, 16, 32, 4, 2, 2, 2,  2, 1, 1 };
    const size_t n = half_bytes[tensor->type];
    return n == 1 ? tensor->n_items / 2 + tensor->n_items % 2 : tensor->n_items * (n / 2);
}

static fdml_status read_external(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                 const FdmlPb__Tensor *pb, fdml_bytes *raw, fdml_error *err)
{
    fdml_onnx_external external = { .length = -1 };
    for (size_t i = 0; i < pb->n_external_data; i++)
        FDML_TRY(read_entry(reader, &external, pb->external_data[i], err));
    if (tensor->type == STRING)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "strings are in no external file");
    tensor->is_external = true;
    return fdml_onnx_map_external(reader, raw, &external, fdml_onnx_raw_size(tensor), err);
}

static fdml_status find_raw(const fdml_onnx_reader *reader, fdml_bytes *raw, fdml_bytes message,
                            fdml_error *err)
{
    *raw = (fdml_bytes){ NULL, 0 };
    for (bool has_field;;) {
        fdml_wire_field field;
        FDML_TRY(fdml_onnx_next(reader, &field, &message, &has_field, err));
        if (!has_field) return FDML_OK;
        if (field.number == SEGMENT)
            return fdml_onnx_fail(reader, err, FDML_E_UNSUPPORTED,
                                  "a tensor in segments is not supported");
        if (field.number != RAW_DATA) continue;
        if (field.type != FDML_WIRE_BYTES)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "its raw_data is damaged");
        *raw = field.payload;
    }
}

static fdml_status read_data(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                             const FdmlPb__Tensor *pb, fdml_bytes message, fdml_error *err)
{
    fdml_bytes raw;
    FDML_TRY(find_raw(reader, &raw, message, err));
    if (pb->data_location == 1) FDML_TRY(read_external(reader, tensor, pb, &raw, err));
    if (tensor->type == STRING) return read_strings(reader, tensor, pb, err);
    if (raw.at && raw.size != fdml_onnx_raw_size(tensor))
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "%zu bytes of data, expected %zu for its type and shape",
                              raw.size, fdml_onnx_raw_size(tensor));
    return fdml_onnx_read_items(reader, tensor, message, raw, err);
}

fdml_status fdml_onnx_read_tensor(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                  fdml_bytes message, fdml_error *err)
{
    fdml_bytes known;
    FdmlPb__Tensor *pb;
    const uint32_t wanted =
        1u << 1 | 1u << 2 | 1u << STRING_DATA | 1u << 8 | 1u << 13 | 1u << 14;
    const fdml_arena_mark mark = fdml_arena_get_mark(&reader->scratch);
    FDML_TRY(fdml_onnx_select(reader, &known, message, wanted, err));
    FDML_TRY(fdml_onnx_unpack(reader, &pb, &fdml_pb__tensor__descriptor, known, err));
    FDML_TRY(fdml_onnx_text(reader, &tensor->name, of(pb->name), "name", err));
    fdml_onnx_name_place(reader, tensor->name);
    FDML_TRY(read_shape(reader, tensor, pb, err));
    FDML_TRY(read_data(reader, tensor, pb, message, err));
    fdml_arena_reset(&reader->scratch, mark);
    return FDML_OK;
}
