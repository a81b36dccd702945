/* tensor.c - shapes, and the few operations that need no operator. See tensor.h.
 * SPDX-License-Identifier: MIT */
#include "model/tensor.h"

#include <stdio.h>
#include <string.h>

enum { IS_FLOAT = 1, IS_INTEGER = 2, NOT_COMPUTED = 4 };

static const struct {
    const char *name;
    unsigned char size, traits;
} types[FDML_TYPE_COUNT] = {
    [FDML_TYPE_NONE] = { "no type", 0, NOT_COMPUTED },
    [FDML_TYPE_F32] = { "float32", 4, IS_FLOAT },
    [FDML_TYPE_U8] = { "uint8", 1, IS_INTEGER },
    [FDML_TYPE_I8] = { "int8", 1, IS_INTEGER },
    [FDML_TYPE_U16] = { "uint16", 2, IS_INTEGER },
    [FDML_TYPE_I16] = { "int16", 2, IS_INTEGER },
    [FDML_TYPE_I32] = { "int32", 4, IS_INTEGER },
    [FDML_TYPE_I64] = { "int64", 8, IS_INTEGER },
    [FDML_TYPE_STRING] = { "string", sizeof(char *), 0 },
    [FDML_TYPE_BOOL] = { "bool", 1, 0 },
    [FDML_TYPE_F16] = { "float16", 2, IS_FLOAT },
    [FDML_TYPE_F64] = { "float64", 8, IS_FLOAT },
    [FDML_TYPE_U32] = { "uint32", 4, IS_INTEGER },
    [FDML_TYPE_U64] = { "uint64", 8, IS_INTEGER },
    [FDML_TYPE_C64] = { "complex64", 8, NOT_COMPUTED },
    [FDML_TYPE_C128] = { "complex128", 16, NOT_COMPUTED },
    [FDML_TYPE_BF16] = { "bfloat16", 2, IS_FLOAT },
    [FDML_TYPE_F8E4M3FN] = { "float8e4m3fn", 1, IS_FLOAT },
    [FDML_TYPE_F8E4M3FNUZ] = { "float8e4m3fnuz", 1, IS_FLOAT },
    [FDML_TYPE_F8E5M2] = { "float8e5m2", 1, IS_FLOAT },
    [FDML_TYPE_F8E5M2FNUZ] = { "float8e5m2fnuz", 1, IS_FLOAT },
    [FDML_TYPE_U4] = { "uint4", 1, IS_INTEGER },
    [FDML_TYPE_I4] = { "int4", 1, IS_INTEGER },
};

size_t fdml_type_size(fdml_type type)
{
    return types[type].size;
}

const char *fdml_type_name(fdml_type type)
{
    return types[type].name;
}

bool fdml_type_is_float(fdml_type type)
{
    return types[type].traits & IS_FLOAT;
}

bool fdml_type_is_integer(fdml_type type)
{
    return types[type].traits & IS_INTEGER;
}

bool fdml_type_is_computable(fdml_type type)
{
    return !(types[type].traits & NOT_COMPUTED);
}

fdml_status fdml_tensor_shape(fdml_tensor *tensor, fdml_type type, int rank, const size_t *dim,
                              const char *what, fdml_error *err)
{
    if (rank < 0 || rank > FDML_MAX_RANK)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s has %d dimensions, the limit is %d", what,
                         rank, FDML_MAX_RANK);
    fdml_tensor shaped = { .type = type, .rank = rank };
    const size_t size = fdml_type_size(type) ? fdml_type_size(type) : 1;
    /* A zero among the dimensions excuses none of the others: a stride is the product of any
     * run of them, and has to fit as well. */
    size_t left = PTRDIFF_MAX / size;
    bool is_empty = false, fits = true;
    for (int i = 0; i < rank; i++) {
        shaped.dim[i] = dim[i];
        if (!dim[i]) is_empty = true;
        if (dim[i] > left) fits = false;
        if (dim[i]) left /= dim[i];
    }
    if (!fits) {
        char text[FDML_SHAPE_TEXT];
        return fdml_fail(err, FDML_E_LIMIT, "%s of shape %s is larger than any memory", what,
                         fdml_tensor_shape_text(&shaped, text));
    }
    shaped.n_items = is_empty ? 0 : 1;
    for (int i = 0; i < rank; i++) shaped.n_items *= dim[i];
    *tensor = shaped;
    return FDML_OK;
}

fdml_status fdml_tensor_alloc(fdml_tensor *tensor, fdml_arena *arena, const char *what,
                              fdml_error *err)
{
    void *data = fdml_arena_push(arena, tensor->n_items, fdml_type_size(tensor->type));
    if (!data) {
        const bool is_limit = arena->limit && fdml_tensor_size(tensor) > arena->limit;
        return fdml_fail(err, is_limit ? FDML_E_LIMIT : FDML_E_NOMEM,
                         "%s: no memory for %zu bytes", what, fdml_tensor_size(tensor));
    }
    tensor->data = data;
    return FDML_OK;
}

fdml_status fdml_tensor_align(fdml_tensor *tensor, fdml_arena *arena, const char *what,
                              fdml_error *err)
{
    const size_t size = fdml_type_size(tensor->type);
    if (!tensor->data || !size || (uintptr_t)tensor->data % size == 0) return FDML_OK;
    fdml_tensor copy = *tensor;
    FDML_TRY(fdml_tensor_alloc(&copy, arena, what, err));
    memcpy(copy.data, tensor->data, fdml_tensor_size(tensor));
    *tensor = copy;
    return FDML_OK;
}

size_t fdml_tensor_size(const fdml_tensor *tensor)
{
    return tensor->n_items * fdml_type_size(tensor->type);
}

bool fdml_tensor_same_shape(const fdml_tensor *a, const fdml_tensor *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

const char *fdml_tensor_shape_text(const fdml_tensor *tensor, char *text)
{
    /* eight dimensions of twenty digits, their commas and two brackets: 170 bytes */
    size_t n = 0;
    text[n++] = '[';
    for (int i = 0; i < tensor->rank; i++) {
        const int added =
            snprintf(text + n, FDML_SHAPE_TEXT - n - 1, "%s%zu", i ? "," : "", tensor->dim[i]);
        n += added > 0 ? (size_t)added : 0;
    }
    text[n++] = ']';
    text[n] = 0;
    return text;
}

static int64_t load_int(const unsigned char *at, fdml_type type)
{
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    switch (type) {
    case FDML_TYPE_I8:
    case FDML_TYPE_I4:
        return at[0] < 128 ? at[0] : at[0] - 256;
    case FDML_TYPE_I16:
        return memcpy(&i16, at, sizeof i16), i16;
    case FDML_TYPE_U16:
        return memcpy(&u16, at, sizeof u16), u16;
    case FDML_TYPE_I32:
        return memcpy(&i32, at, sizeof i32), i32;
    case FDML_TYPE_U32:
        return memcpy(&u32, at, sizeof u32), u32;
    case FDML_TYPE_I64:
    case FDML_TYPE_U64:
        return memcpy(&i64, at, sizeof i64), i64;
    default:
        return at[0];
    }
}

bool fdml_tensor_ints(int64_t *values, size_t max, const fdml_tensor *tensor)
{
    const fdml_type type = tensor->type;
    if (!fdml_type_is_integer(type) && type != FDML_TYPE_BOOL) return false;
    if (!tensor->data || tensor->n_items > max) return false;
    const unsigned char *at = tensor->data;
    for (size_t i = 0; i < tensor->n_items; i++, at += fdml_type_size(type)) {
        const int64_t value = load_int(at, type);
        if (type == FDML_TYPE_U64 && value < 0) return false; /* beyond int64 */
        values[i] = value;
    }
    return true;
}
