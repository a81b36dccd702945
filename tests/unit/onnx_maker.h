/* onnx_maker.h - protobuf bytes written by hand, field by field, for tests of the ONNX reader.
 *
 * It knows no schema, so a test can write what no exporter would.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_ONNX_MAKER_H
#define FDML_TESTS_UNIT_ONNX_MAKER_H

#include <stddef.h>
#include <stdint.h>

typedef struct onnx_maker {
    unsigned char bytes[1 << 15];
    size_t n;
    size_t open[16]; /* where the payloads of unfinished messages begin */
    int depth;
} onnx_maker;

void maker_raw(onnx_maker *m, const void *bytes, size_t size);
void maker_number(onnx_maker *m, uint64_t value); /* a bare varint */
void maker_int(onnx_maker *m, int field, int64_t value);
void maker_float(onnx_maker *m, int field, float value);
void maker_bytes(onnx_maker *m, int field, const void *bytes, size_t size);
void maker_text(onnx_maker *m, int field, const char *text);
void maker_begin(onnx_maker *m, int field); /* a message; `end` writes its length */
void maker_end(onnx_maker *m);

/* ir_version, the import of opset 13, and an open graph: two `end` are not needed, one is. */
void maker_model(onnx_maker *m, int ir_version, int opset);
/* names are separated by blanks; "-" is the empty name. The node stays open for attributes. */
void maker_node(onnx_maker *m, const char *op, const char *name, const char *inputs,
                const char *outputs);
/* A float32 or int64 tensor with raw data, as field `field`; stays closed. */
void maker_floats(onnx_maker *m, int field, const char *name, int n, const float *values);
void maker_ints(onnx_maker *m, int field, const char *name, int n, const int64_t *values);
/* A graph input (11) or output (12) of float32 [n]; n -1: a named dimension. */
void maker_value(onnx_maker *m, int field, const char *name, int n);

enum {
    MAKER_NODE = 1,
    MAKER_ATTRIBUTE = 5,   /* of a node */
    MAKER_INITIALIZER = 5, /* of a graph */
    MAKER_INPUT = 11,
    MAKER_OUTPUT = 12
};

#endif
