/* op_case.h - one application of an operator, written down in a test.
 *
 *     op_expect(op_run(&(op_case){ .op = "Add", .opset = 13, .n_inputs = 2,
 *                                  .input = { F32((2, 1), 1, 2), F32((2), 10, 20) } }),
 *               F32((2, 2), 11, 21, 12, 22));
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_OP_CASE_H
#define FDML_TESTS_UNIT_OP_CASE_H

#include "model/graph_build.h"
#include "model/op.h"

enum { OP_CASE_MAX = 5 };

typedef struct op_case {
    const char *op;
    int opset;
    size_t n_inputs;
    fdml_tensor input[OP_CASE_MAX]; /* of type FDML_TYPE_NONE: left out */
    size_t n_attrs;
    fdml_attr attr[OP_CASE_MAX];
    size_t n_outputs;    /* 0: one */
    int n_threads;       /* 0: one */
    unsigned hides_data; /* bit i: input i is not known when shapes are inferred */
} op_case;

/* The outputs, valid until the next run; the test fails where the operator does. */
const fdml_tensor *op_run(const op_case *c);
/* infer, or else run, must answer with this status and the sentence after the node's name. */
void op_refuses(const op_case *c, fdml_status status, const char *text);

/* Type, shape and every item equal, NaN to NaN; strings by their text. */
void op_expect(const fdml_tensor *got, fdml_tensor want);
/* Floats: |got - want| <= tolerance (1 + |want|). */
void op_expect_near(const fdml_tensor *got, fdml_tensor want, double tolerance);

fdml_tensor op_tensor(fdml_type type, int rank, const size_t *dim, const void *data);

#define OP_SHAPE(...)                                                                          \
    (int)(sizeof((size_t[]){ __VA_ARGS__ }) / sizeof(size_t)), (size_t[])                      \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }
#define OP_TENSOR(type, c_type, shape, ...)                                                    \
    op_tensor(FDML_TYPE_##type, OP_SHAPE shape, (c_type[]){ __VA_ARGS__ })
#define F32(shape, ...) OP_TENSOR(F32, float, shape, __VA_ARGS__)
#define F64(shape, ...) OP_TENSOR(F64, double, shape, __VA_ARGS__)
#define I64(shape, ...) OP_TENSOR(I64, int64_t, shape, __VA_ARGS__)
#define I32(shape, ...) OP_TENSOR(I32, int32_t, shape, __VA_ARGS__)
#define U8(shape, ...) OP_TENSOR(U8, uint8_t, shape, __VA_ARGS__)
#define BOOL(shape, ...) OP_TENSOR(BOOL, bool, shape, __VA_ARGS__)
#define TEXT(shape, ...) OP_TENSOR(STRING, const char *, shape, __VA_ARGS__)
#define SCALAR(type, c_type, value) op_tensor(FDML_TYPE_##type, 0, NULL, (c_type[]){ value })
#define NOTHING(type, shape) op_tensor(FDML_TYPE_##type, OP_SHAPE shape, "")

#define INTS(...)                                                                              \
    sizeof((int64_t[]){ __VA_ARGS__ }) / 8, (int64_t[])                                        \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }

#endif
