/* vecs.c - see vecs.h. A row's stride includes its dimension, so values are copied.
 * SPDX-License-Identifier: MIT */
#include "data/vecs.h"

#include <string.h>

#include "data/dtype.h"

static uint32_t dimension_at(const unsigned char *row)
{
    return (uint32_t)row[0] | (uint32_t)row[1] << 8 | (uint32_t)row[2] << 16 |
           (uint32_t)row[3] << 24;
}

/* The file size is compared only after every row's own dimension: where rows differ, the
 * sentence that names the row says more. */
static fdml_status find_shape(size_t *n_rows, size_t *dim, size_t item_size,
                              const fdml_source *source, fdml_error *err)
{
    const char *name = source->name;
    if (source->size < 4)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu bytes, too short for one row", name,
                         source->size);
    const uint32_t d = dimension_at(source->bytes);
    if (d > INT32_MAX)
        return fdml_fail(err, FDML_E_FORMAT, "%s: row 0 has a negative dimension", name);
    if (!d) return fdml_fail(err, FDML_E_DATA, "%s: rows have dimension 0", name);
    const size_t stride = 4 + d * item_size, n = source->size / stride;
    for (size_t row = 1; row < n; row++) {
        const uint32_t other = dimension_at(source->bytes + row * stride);
        if (other != d)
            return fdml_fail(err, FDML_E_FORMAT, "%s: row %zu has dimension %u, expected %u",
                             name, row, other, d);
    }
    if (source->size % stride)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: %zu bytes after row %zu, expected none or %zu (dimension %u)",
                         name, source->size % stride, n, stride, d);
    *n_rows = n;
    *dim = d;
    return FDML_OK;
}

static fdml_status read_vecs(fdml_matrix *matrix, const fdml_source *source, fdml_dtype dtype,
                             const char *dtype_name, fdml_arena *arena, fdml_error *err)
{
    size_t n_rows = 0, dim = 0;
    const size_t item_size = fdml_dtype_size(dtype);
    FDML_TRY(find_shape(&n_rows, &dim, item_size, source, err));
    fdml_matrix read = { 0 };
    memcpy(read.dtype, dtype_name, strlen(dtype_name) + 1);
    float *values = NULL;
    FDML_TRY(fdml_matrix_reserve(&read, &values, n_rows, dim, source->name, arena, err));
    const size_t stride = 4 + dim * item_size;
    for (size_t row = 0; values && row < n_rows; row++)
        fdml_dtype_to_float(values + row * dim, source->bytes + row * stride + 4, dim, dtype,
                            false);
    read.data = values;
    *matrix = read;
    return FDML_OK;
}

fdml_status fdml_fvecs_read(fdml_matrix *matrix, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err)
{
    return read_vecs(matrix, source, FDML_DTYPE_F4, "<f4", arena, err);
}

fdml_status fdml_bvecs_read(fdml_matrix *matrix, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err)
{
    return read_vecs(matrix, source, FDML_DTYPE_U1, "u1", arena, err);
}
