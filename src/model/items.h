/* items.h - rows of items of any type, as the types that arithmetic is done in.
 *
 * Operators compute in four ways: in float (float32, float16, bfloat16, float8), in double
 * (float64), in 64-bit integers (all integers and bool), or not at all. A row is converted, the
 * work is done, and the result is rounded back once; int64 arithmetic that wraps, cut to the
 * type, is the type's own. uint64 travels as its bits in int64, and whoever compares, divides
 * or converts asks for is_u64.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ITEMS_H
#define FDML_MODEL_ITEMS_H

#include "model/tensor.h"

enum { FDML_ITEMS_CHUNK = 256 }; /* items of a row converted at a time, on the stack */

typedef enum fdml_way {
    FDML_WAY_NONE, /* strings, complex */
    FDML_WAY_FLOAT,
    FDML_WAY_DOUBLE,
    FDML_WAY_INT
} fdml_way;

fdml_way fdml_items_way(fdml_type type);

/* n items from items[first] on; with `is_one` it is n times the item at `first`. A float read
 * from an integer is the nearest one. */
void fdml_items_get_float(float *to, const fdml_tensor *items, size_t first, size_t n,
                          bool is_one);
void fdml_items_get_double(double *to, const fdml_tensor *items, size_t first, size_t n,
                           bool is_one);
/* Of integer and bool tensors only. */
void fdml_items_get_int(int64_t *to, const fdml_tensor *items, size_t first, size_t n,
                        bool is_one);

/* Rounds to the type, to nearest; float8 saturates where asked. Integers: the fraction goes and
 * what is out of range becomes the nearest limit, NaN becomes 0; int4 and uint4 round. */
void fdml_items_put_double(const fdml_tensor *items, size_t first, size_t n, const double *from,
                           bool saturates);
void fdml_items_put_float(const fdml_tensor *items, size_t first, size_t n, const float *from);
/* To an integer type the low bits, to bool whether it is not 0, to a float the nearest. */
void fdml_items_put_int(const fdml_tensor *items, size_t first, size_t n, const int64_t *from,
                        bool is_u64);

/* May a kernel read the data as they lie? Those of a mapped file need not be aligned. */
static inline bool fdml_items_are_floats(const fdml_tensor *items)
{
    return items->type == FDML_TYPE_F32 && (uintptr_t)items->data % sizeof(float) == 0;
}

/* item `index` of the tensor's data */
static inline void *fdml_items_at(const fdml_tensor *items, size_t index)
{
    return (char *)items->data + index * fdml_type_size(items->type);
}

#endif
