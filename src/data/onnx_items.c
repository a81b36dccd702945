/* onnx_items.c - the items of a tensor, from whichever field has them.
 *
 * Floats and whole bytes lie in a file as they lie in memory, in raw_data as in a packed field,
 * and are pointed at. Integers in int32_data, int64_data and uint64_data are varints and are
 * decoded; so are items of 4 bits and booleans that are neither 0 nor 1. The numbers of a field
 * are counted before memory is taken.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "data/onnx_read.h"

enum { FLOAT_DATA = 4, INT32_DATA = 5, INT64_DATA = 7, DOUBLE_DATA = 10, UINT64_DATA = 11 };
enum { BOOL = 9, U4 = 21, I4 = 22 };

/* By type code: bytes of an item in memory, the field that holds it, its numbers there. */
static const struct {
    unsigned char size, field, per_item;
} forms[23] = {
    [1] = { 4, FLOAT_DATA, 1 },   [2] = { 1, INT32_DATA, 1 },    [3] = { 1, INT32_DATA, 1 },
    [4] = { 2, INT32_DATA, 1 },   [5] = { 2, INT32_DATA, 1 },    [6] = { 4, INT32_DATA, 1 },
    [7] = { 8, INT64_DATA, 1 },   [9] = { 1, INT32_DATA, 1 },    [10] = { 2, INT32_DATA, 1 },
    [11] = { 8, DOUBLE_DATA, 1 }, [12] = { 4, UINT64_DATA, 1 },  [13] = { 8, UINT64_DATA, 1 },
    [14] = { 8, FLOAT_DATA, 2 },  [15] = { 16, DOUBLE_DATA, 2 }, [16] = { 2, INT32_DATA, 1 },
    [17] = { 1, INT32_DATA, 1 },  [18] = { 1, INT32_DATA, 1 },   [19] = { 1, INT32_DATA, 1 },
    [20] = { 1, INT32_DATA, 1 },  [21] = { 1, INT32_DATA, 1 },   [22] = { 1, INT32_DATA, 1 },
};

static bool is_numeric(uint32_t field)
{
    return field == FLOAT_DATA || field == INT32_DATA || field == INT64_DATA ||
           field == DOUBLE_DATA || field == UINT64_DATA;
}

/* Wire type of the field's numbers where they are not packed. */
static int wire_type(unsigned field)
{
    return field == FLOAT_DATA ? FDML_WIRE_32
                               : (field == DOUBLE_DATA ? FDML_WIRE_64 : FDML_WIRE_VARINT);
}

/* The numbers of one payload, packed or single; false where they cannot be so many bytes. */
static bool count_payload(size_t *n, const fdml_wire_field *field)
{
    const int type = wire_type(field->number);
    const fdml_bytes bytes = field->payload;
    if (field->type != FDML_WIRE_BYTES && field->type != type) return false;
    if (type != FDML_WIRE_VARINT) {
        const size_t size = type == FDML_WIRE_32 ? 4 : 8;
        *n = bytes.size / size;
        return bytes.size % size == 0;
    }
    *n = 0;
    for (size_t i = 0; i < bytes.size; i++) *n += bytes.at[i] < 128;
    return !bytes.size || bytes.at[bytes.size - 1] < 128;
}

typedef struct numbers {
    size_t n;         /* of all payloads */
    size_t n_parts;   /* payloads that are not empty */
    fdml_bytes first; /* of them */
} numbers;

static fdml_status count_numbers(const fdml_onnx_reader *reader, numbers *found,
                                 unsigned wanted, fdml_bytes message, fdml_error *err)
{
    fdml_wire_field field;
    *found = (numbers){ 0 };
    while (fdml_wire_next(&field, &message) == FDML_WIRE_FIELD) {
        size_t n;
        if (!is_numeric(field.number)) continue;
        if (!count_payload(&n, &field))
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "its field %u is damaged",
                                  (unsigned)field.number);
        if (n && field.number != wanted)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                                  "its items are in field %u, expected field %u for its type",
                                  (unsigned)field.number, wanted);
        if (n && !found->n_parts++) found->first = field.payload;
        found->n += n;
    }
    return FDML_OK;
}

/* A byte of a file holds eight of memory at most: an int64 in a varint of one byte. Only data
 * of another file that many tensors share could take more. */
static fdml_status push_items(fdml_onnx_reader *reader, unsigned char **items,
                              const fdml_onnx_tensor *tensor, fdml_error *err)
{
    size_t limit = 8 * reader->file.size;
    for (const fdml_map_list *m = reader->maps; m; m = m->next) limit += 8 * m->map.size;
    const size_t size = tensor->n_items * forms[tensor->type].size;
    if (size > limit - reader->n_decoded)
        return fdml_onnx_fail(reader, err, FDML_E_LIMIT,
                              "the data take more than %zu bytes, eight for each of its files",
                              limit);
    *items = fdml_arena_push(reader->arena, size, 1);
    if (!*items)
        return fdml_onnx_fail(reader, err, FDML_E_NOMEM, "no memory for %zu bytes of data",
                              size);
    reader->n_decoded += size;
    return FDML_OK;
}

static int8_t nibble(unsigned byte, size_t i, int type)
{
    const int value = i % 2 ? byte >> 4 & 15 : byte & 15;
    return (int8_t)(type == I4 && value > 7 ? value - 16 : value);
}

/* Number i of the field, as an item; numbers are cut to the item's width, as NumPy's are. */
static void store(unsigned char *items, const fdml_onnx_tensor *tensor, size_t i,
                  uint64_t value)
{
    const size_t size = forms[tensor->type].size;
    if (tensor->type == BOOL) {
        items[i] = value != 0;
    } else if (tensor->type == U4 || tensor->type == I4) {
        for (size_t k = 2 * i; k < 2 * i + 2 && k < tensor->n_items; k++)
            items[k] = (unsigned char)nibble((unsigned)(value & 255), k, tensor->type);
    } else {
        memcpy(items + i * size, &value, size); /* little-endian: the low bytes */
    }
}

static fdml_status decode(const fdml_onnx_reader *reader, const fdml_onnx_tensor *tensor,
                          unsigned char *items, fdml_bytes message, fdml_error *err)
{
    const unsigned wanted = forms[tensor->type].field;
    const int type = wire_type(wanted);
    const size_t size = type == FDML_WIRE_32 ? 4 : 8;
    fdml_wire_field field;
    size_t i = 0;
    while (fdml_wire_next(&field, &message) == FDML_WIRE_FIELD) {
        fdml_bytes rest = field.payload;
        if (field.number != wanted) continue;
        for (uint64_t value; type == FDML_WIRE_VARINT && rest.size; i++) {
            if (!fdml_wire_varint(&value, &rest))
                return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "its number %zu is damaged",
                                      i);
            store(items, tensor, i, value);
        }
        if (!rest.size) continue; /* also: all varints are read */
        memcpy(items + i * size, rest.at, rest.size);
        i += rest.size / size;
    }
    return FDML_OK;
}

static fdml_status read_numbers(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                fdml_bytes message, const numbers *found, fdml_error *err)
{
    const bool is_half = tensor->type == U4 || tensor->type == I4;
    const size_t expected = is_half ? tensor->n_items / 2 + tensor->n_items % 2
                                    : tensor->n_items * forms[tensor->type].per_item;
    if (found->n != expected)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "%zu numbers of data, expected %zu for its type and shape",
                              found->n, expected);
    const bool is_fixed = wire_type(forms[tensor->type].field) != FDML_WIRE_VARINT;
    if (is_fixed && found->n_parts == 1) {
        tensor->data = found->first.at;
        return FDML_OK;
    }
    unsigned char *items;
    FDML_TRY(push_items(reader, &items, tensor, err));
    tensor->data = items;
    return decode(reader, tensor, items, message, err);
}

static bool are_zero_or_one(fdml_bytes raw)
{
    unsigned char all = 0;
    for (size_t i = 0; i < raw.size; i++) all |= raw.at[i];
    return all <= 1;
}

static fdml_status read_raw(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor, fdml_bytes raw,
                            fdml_error *err)
{
    const bool is_half = tensor->type == U4 || tensor->type == I4;
    tensor->data = raw.at;
    if (!is_half && (tensor->type != BOOL || are_zero_or_one(raw))) return FDML_OK;
    unsigned char *items;
    FDML_TRY(push_items(reader, &items, tensor, err));
    for (size_t i = 0; i < raw.size; i++) store(items, tensor, i, raw.at[i]);
    tensor->data = items;
    return FDML_OK;
}

fdml_status fdml_onnx_read_items(fdml_onnx_reader *reader, fdml_onnx_tensor *tensor,
                                 fdml_bytes message, fdml_bytes raw, fdml_error *err)
{
    numbers found;
    FDML_TRY(count_numbers(reader, &found, forms[tensor->type].field, message, err));
    if (raw.at && found.n)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "holds its data twice");
    if (!raw.at) return read_numbers(reader, tensor, message, &found, err);
    return read_raw(reader, tensor, raw, err);
}
