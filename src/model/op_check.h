/* op_check.h - what an operator asks of its inputs before it names the shape of its outputs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_OP_CHECK_H
#define FDML_MODEL_OP_CHECK_H

#include "model/op.h"

/* Sets of types, one bit for each. */
#define FDML_TYPE_BIT(type) (1u << (type))
#define FDML_TYPES_FLOAT                                                                       \
    (FDML_TYPE_BIT(FDML_TYPE_F32) | FDML_TYPE_BIT(FDML_TYPE_F64) |                             \
     FDML_TYPE_BIT(FDML_TYPE_F16) | FDML_TYPE_BIT(FDML_TYPE_BF16))
#define FDML_TYPES_SIGNED                                                                      \
    (FDML_TYPE_BIT(FDML_TYPE_I8) | FDML_TYPE_BIT(FDML_TYPE_I16) |                              \
     FDML_TYPE_BIT(FDML_TYPE_I32) | FDML_TYPE_BIT(FDML_TYPE_I64))
#define FDML_TYPES_UNSIGNED                                                                    \
    (FDML_TYPE_BIT(FDML_TYPE_U8) | FDML_TYPE_BIT(FDML_TYPE_U16) |                              \
     FDML_TYPE_BIT(FDML_TYPE_U32) | FDML_TYPE_BIT(FDML_TYPE_U64))
#define FDML_TYPES_INTEGER (FDML_TYPES_SIGNED | FDML_TYPES_UNSIGNED)
#define FDML_TYPES_NUMBER (FDML_TYPES_FLOAT | FDML_TYPES_INTEGER)
#define FDML_TYPES_BOOL FDML_TYPE_BIT(FDML_TYPE_BOOL)
#define FDML_TYPES_STRING FDML_TYPE_BIT(FDML_TYPE_STRING)
#define FDML_TYPES_INDEX (FDML_TYPE_BIT(FDML_TYPE_I32) | FDML_TYPE_BIT(FDML_TYPE_I64))
#define FDML_TYPES_F8                                                                          \
    (FDML_TYPE_BIT(FDML_TYPE_F8E4M3FN) | FDML_TYPE_BIT(FDML_TYPE_F8E4M3FNUZ) |                 \
     FDML_TYPE_BIT(FDML_TYPE_F8E5M2) | FDML_TYPE_BIT(FDML_TYPE_F8E5M2FNUZ))
#define FDML_TYPES_I4 (FDML_TYPE_BIT(FDML_TYPE_I4) | FDML_TYPE_BIT(FDML_TYPE_U4))
/* Whatever can be moved about: complex numbers are not computed with, and not read. */
#define FDML_TYPES_ANY                                                                         \
    (FDML_TYPES_NUMBER | FDML_TYPES_BOOL | FDML_TYPES_STRING | FDML_TYPES_F8 | FDML_TYPES_I4)

/* Input i, where it is there, is of one of the types; FDML_E_UNSUPPORTED. */
fdml_status fdml_op_check_type(const fdml_op_call *call, size_t i, unsigned types,
                               fdml_error *err);
/* Inputs 0 .. n-1, where they are there, are of one type, and that is one of these. */
fdml_status fdml_op_check_types(const fdml_op_call *call, size_t n, unsigned types,
                                fdml_error *err);

/* The integers of input i, a list or a scalar; FDML_E_DATA where there are more than `max` or
 * it has more than one dimension; fdml_op_unknown where they are not known yet. */
fdml_status fdml_op_ints(const fdml_op_call *call, size_t i, int64_t *values, size_t max,
                         size_t *n, fdml_error *err);

/* Sizes of dimensions: the integers of input i, none below 0, at most FDML_MAX_RANK. */
fdml_status fdml_op_dims(const fdml_op_call *call, size_t i, size_t *dim, int *rank,
                         fdml_error *err);

/* A list of integers that is an attribute in older operator sets and input i in newer: taken
 * from whichever the node has. *is_given false: from neither, and *n is 0. */
fdml_status fdml_op_list_of(const fdml_op_call *call, const char *attribute, size_t i,
                            int64_t *values, size_t max, size_t *n, bool *is_given,
                            fdml_error *err);

/* Marks the axes, which may be negative, of a shape of `rank` dimensions; FDML_E_DATA where one
 * is out of range or comes twice. */
fdml_status fdml_op_mark_axes(const fdml_op_call *call, bool *is_marked, int rank,
                              const int64_t *axes, size_t n, fdml_error *err);

/* Where a string output was made and not passed on from input 0, its texts lie in scratch
 * memory: moves them into the arena, before that memory goes. False: no memory. */
bool fdml_op_keep_texts(const fdml_op_call *call, fdml_arena *arena);

/* Output i of the type and shape of a tensor. */
fdml_status fdml_op_set_like(const fdml_op_call *call, size_t i, fdml_type type,
                             const fdml_tensor *shape, fdml_error *err);

#endif
