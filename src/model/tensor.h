/* tensor.h - a typed array of any rank: what flows along the edges of a network.
 *
 * A tensor is a view: shape, type and a pointer that somebody else owns (a mapped file, an
 * arena, a planned buffer). Items lie in row-major order without gaps. Where data is NULL the
 * shape is known and the values are not yet: that is how shapes are inferred before a run.
 *
 * The numbers of fdml_type are those of ONNX's TensorProto.DataType, so that a file's code or a
 * Cast's attribute needs no table. In memory an item of 4 bits takes a byte, and a string is a
 * `const char *` to NUL-terminated text that lives as long as the tensor.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_TENSOR_H
#define FDML_MODEL_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum fdml_type {
    FDML_TYPE_NONE = 0,
    FDML_TYPE_F32 = 1,
    FDML_TYPE_U8 = 2,
    FDML_TYPE_I8 = 3,
    FDML_TYPE_U16 = 4,
    FDML_TYPE_I16 = 5,
    FDML_TYPE_I32 = 6,
    FDML_TYPE_I64 = 7,
    FDML_TYPE_STRING = 8,
    FDML_TYPE_BOOL = 9, /* a byte, 0 or 1 */
    FDML_TYPE_F16 = 10,
    FDML_TYPE_F64 = 11,
    FDML_TYPE_U32 = 12,
    FDML_TYPE_U64 = 13,
    FDML_TYPE_C64 = 14,  /* complex: named in messages, computed by nothing */
    FDML_TYPE_C128 = 15, /* likewise */
    FDML_TYPE_BF16 = 16,
    FDML_TYPE_F8E4M3FN = 17,
    FDML_TYPE_F8E4M3FNUZ = 18,
    FDML_TYPE_F8E5M2 = 19,
    FDML_TYPE_F8E5M2FNUZ = 20,
    FDML_TYPE_U4 = 21,
    FDML_TYPE_I4 = 22,
    FDML_TYPE_COUNT
} fdml_type;

enum { FDML_MAX_RANK = 8 };

typedef struct fdml_tensor {
    fdml_type type;
    int rank;                  /* 0 .. FDML_MAX_RANK; 0 is a scalar: one item */
    size_t dim[FDML_MAX_RANK]; /* those from rank on are unspecified */
    size_t n_items;            /* product of dim; may be 0 */
    void *data;                /* 64-byte aligned where ours; of any alignment where mapped */
} fdml_tensor;

size_t fdml_type_size(fdml_type type);        /* bytes of an item in memory; 0 for NONE */
const char *fdml_type_name(fdml_type type);   /* "float32", as NumPy and the ONNX text say */
bool fdml_type_is_float(fdml_type type);      /* F32 F64 F16 BF16 F8* */
bool fdml_type_is_integer(fdml_type type);    /* signed and unsigned, not BOOL */
bool fdml_type_is_computable(fdml_type type); /* all but NONE, C64 and C128 */

/* Sets type, rank, dim and n_items, data NULL. FDML_E_UNSUPPORTED: rank above FDML_MAX_RANK.
 * FDML_E_LIMIT: more than PTRDIFF_MAX bytes. `what` starts the sentence. */
fdml_status fdml_tensor_shape(fdml_tensor *tensor, fdml_type type, int rank, const size_t *dim,
                              const char *what, fdml_error *err);

/* Gives the shaped tensor memory for its items, uninitialised. FDML_E_NOMEM, FDML_E_LIMIT. */
fdml_status fdml_tensor_alloc(fdml_tensor *tensor, fdml_arena *arena, const char *what,
                              fdml_error *err);

/* Where the data begin at no multiple of an item, as they may in a file, replaces them by a
 * copy in the arena, which arithmetic may read. */
fdml_status fdml_tensor_align(fdml_tensor *tensor, fdml_arena *arena, const char *what,
                              fdml_error *err);

size_t fdml_tensor_size(const fdml_tensor *tensor); /* bytes */
bool fdml_tensor_same_shape(const fdml_tensor *a, const fdml_tensor *b);

enum { FDML_SHAPE_TEXT = 192 };
/* "[1,3,224,224]"; "[]" for a scalar. Returns text, whose size is FDML_SHAPE_TEXT. */
const char *fdml_tensor_shape_text(const fdml_tensor *tensor, char *text);

/* Integer items of any integer type (BOOL too) as int64; false where the type is another, data
 * is NULL or n_items > max. What shapes, axes and pads are read with. */
bool fdml_tensor_ints(int64_t *values, size_t max, const fdml_tensor *tensor);

#endif
