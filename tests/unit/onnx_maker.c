/* onnx_maker.c - see onnx_maker.h. Field numbers are those of ONNX's public onnx.proto.
 * SPDX-License-Identifier: MIT */
#include "onnx_maker.h"

#include <criterion/criterion.h>
#include <string.h>

void maker_raw(onnx_maker *m, const void *bytes, size_t size)
{
    cr_assert(size <= sizeof m->bytes - m->n, "the maker is full");
    if (size) memcpy(m->bytes + m->n, bytes, size);
    m->n += size;
}

static size_t put_varint(unsigned char out[10], uint64_t value)
{
    size_t n = 0;
    for (; value > 127; value >>= 7) out[n++] = (unsigned char)(value | 128);
    out[n++] = (unsigned char)value;
    return n;
}

void maker_number(onnx_maker *m, uint64_t value)
{
    unsigned char bytes[10];
    maker_raw(m, bytes, put_varint(bytes, value));
}

void maker_int(onnx_maker *m, int field, int64_t value)
{
    maker_number(m, (uint64_t)field << 3);
    maker_number(m, (uint64_t)value);
}

void maker_float(onnx_maker *m, int field, float value)
{
    maker_number(m, (uint64_t)field << 3 | 5);
    maker_raw(m, &value, 4);
}

void maker_bytes(onnx_maker *m, int field, const void *bytes, size_t size)
{
    maker_number(m, (uint64_t)field << 3 | 2);
    maker_number(m, size);
    maker_raw(m, bytes, size);
}

void maker_text(onnx_maker *m, int field, const char *text)
{
    maker_bytes(m, field, text, strlen(text));
}

void maker_begin(onnx_maker *m, int field)
{
    maker_number(m, (uint64_t)field << 3 | 2);
    m->open[m->depth++] = m->n;
}

void maker_end(onnx_maker *m)
{
    unsigned char length[10];
    const size_t begin = m->open[--m->depth], size = m->n - begin;
    const size_t n = put_varint(length, size);
    maker_raw(m, length, n); /* makes sure of the room; moved in front next */
    memmove(m->bytes + begin + n, m->bytes + begin, size);
    memcpy(m->bytes + begin, length, n);
}

void maker_model(onnx_maker *m, int ir_version, int opset)
{
    m->n = 0;
    m->depth = 0;
    if (ir_version) maker_int(m, 1, ir_version);
    maker_text(m, 2, "maker");
    maker_text(m, 3, "1.2");
    maker_begin(m, 8);
    maker_text(m, 1, "");
    maker_int(m, 2, opset);
    maker_end(m);
    maker_begin(m, 7);
}

static void put_names(onnx_maker *m, int field, const char *names)
{
    while (*names) {
        const size_t n = strcspn(names, " ");
        maker_bytes(m, field, names, n == 1 && *names == '-' ? 0 : n);
        names += n + (names[n] == ' ');
    }
}

void maker_node(onnx_maker *m, const char *op, const char *name, const char *inputs,
                const char *outputs)
{
    maker_begin(m, MAKER_NODE);
    put_names(m, 1, inputs);
    put_names(m, 2, outputs);
    if (*name) maker_text(m, 3, name);
    maker_text(m, 4, op);
}

static void put_tensor(onnx_maker *m, const char *name, int type, int n, const void *bytes)
{
    maker_int(m, 1, n);
    maker_int(m, 2, type);
    maker_text(m, 8, name);
    maker_bytes(m, 9, bytes, (size_t)n * (type == 1 ? 4 : 8));
}

void maker_floats(onnx_maker *m, int field, const char *name, int n, const float *values)
{
    maker_begin(m, field);
    put_tensor(m, name, 1, n, values);
    maker_end(m);
}

void maker_ints(onnx_maker *m, int field, const char *name, int n, const int64_t *values)
{
    maker_begin(m, field);
    put_tensor(m, name, 7, n, values);
    maker_end(m);
}

void maker_value(onnx_maker *m, int field, const char *name, int n)
{
    maker_begin(m, field);
    maker_text(m, 1, name);
    maker_begin(m, 2); /* type */
    maker_begin(m, 1); /* tensor_type */
    maker_int(m, 1, 1);
    maker_begin(m, 2); /* shape */
    maker_begin(m, 1); /* dim */
    if (n >= 0) maker_int(m, 1, n);
    if (n < 0) maker_text(m, 2, "batch");
    maker_end(m);
    maker_end(m);
    maker_end(m);
    maker_end(m);
    maker_end(m);
}
