/* matrix.c - from a specification to the reader of its format. See matrix.h.
 * SPDX-License-Identifier: MIT */
#include "data/matrix.h"

#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "data/csv.h"
#include "data/foreign.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/reader.h"
#include "data/safetensors.h"
#include "data/vecs.h"

static const struct format {
    const char *suffix;
    fdml_matrix_reader *read, *read_list; /* the latter NULL: as read */
    bool has_members;
} formats[] = {
    { ".npy", fdml_npy_read, fdml_npy_read_list, false },
    { ".npz", fdml_npz_read, fdml_npz_read_list, true },
    { ".safetensors", fdml_safetensors_read, NULL, true },
    { ".csv", fdml_csv_read, NULL, false },
    { ".tsv", fdml_csv_read, NULL, false },
    { ".fvecs", fdml_fvecs_read, NULL, false },
    { ".bvecs", fdml_bvecs_read, NULL, false },
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

static const struct format *format_of(const char *path)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (fdml_file_has_suffix(path, formats[i].suffix)) return &formats[i];
    return NULL;
}

/* Splits at the last colon that follows the suffix of a container, so that paths and member
 * names may hold colons of their own. *member is NULL or points into spec. */
static fdml_status split_spec(char *path, size_t size, const char **member, const char *spec,
                              fdml_error *err)
{
    size_t length = strlen(spec);
    if (length >= size)
        return fdml_fail(err, FDML_E_IO, "path of %zu bytes, the limit is %zu", length,
                         size - 1);
    memcpy(path, spec, length + 1);
    *member = NULL;
    for (size_t colon = length; colon-- > 0;) {
        if (spec[colon] != ':') continue;
        path[colon] = 0;
        const struct format *format = format_of(path);
        if (format && format->has_members) {
            *member = spec + colon + 1;
            return FDML_OK;
        }
        path[colon] = ':';
    }
    return FDML_OK;
}

fdml_status fdml_matrix_path(char *path, size_t size, const char *spec, fdml_error *err)
{
    char full[FDML_PATH_SIZE];
    const char *member;
    FDML_TRY(split_spec(full, sizeof full, &member, spec, err));
    const size_t length = strlen(full);
    if (length >= size)
        return fdml_fail(err, FDML_E_IO, "path of %zu bytes, the limit is %zu", length,
                         size - 1);
    memcpy(path, full, length + 1);
    return FDML_OK;
}

static fdml_status fail_suffix(const char *path, fdml_error *err)
{
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err)); /* a folder, or nothing at all */
    const char *what = fdml_foreign(path, map.data, map.size);
    fdml_file_unmap(&map);
    return fdml_fail(err, FDML_E_ARG,
                     "%s: unknown suffix, expected .npy .npz .safetensors .csv .tsv .fvecs "
                     "or .bvecs%s%s",
                     path, what ? "; it is " : "", what ? what : "");
}

static fdml_status open_or_probe(fdml_matrix *matrix, bool takes_list, const char *spec,
                                 fdml_arena *arena, fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    const char *member;
    FDML_TRY(split_spec(path, sizeof path, &member, spec, err));
    const struct format *format = format_of(path);
    if (!format) return fail_suffix(path, err);
    if (member && !*member)
        return fdml_fail(err, FDML_E_ARG, "%s: no name after the colon", spec);
    fdml_map map;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_source source = { path, member, map.data, map.size };
    const fdml_arena_mark mark = arena ? fdml_arena_get_mark(arena) : (fdml_arena_mark){ 0 };
    fdml_matrix read;
    fdml_matrix_reader *reader =
        takes_list && format->read_list ? format->read_list : format->read;
    const fdml_status status = reader(&read, &source, arena, err);
    if (status) {
        if (arena) fdml_arena_reset(arena, mark);
        fdml_file_unmap(&map);
        return status;
    }
    read.map = NULL;
    read.map_size = 0;
    if (arena && read.is_mapped) {
        read.map = (void *)(uintptr_t)map.data;
        read.map_size = map.size;
    } else {
        fdml_file_unmap(&map);
    }
    *matrix = read;
    return FDML_OK;
}

fdml_status fdml_matrix_probe(fdml_matrix *matrix, const char *spec, fdml_error *err)
{
    return open_or_probe(matrix, false, spec, NULL, err);
}

fdml_status fdml_matrix_open(fdml_matrix *matrix, const char *spec, fdml_arena *arena,
                             fdml_error *err)
{
    return open_or_probe(matrix, false, spec, arena, err);
}

fdml_status fdml_matrix_open_list(fdml_matrix *matrix, const char *spec, fdml_arena *arena,
                                  fdml_error *err)
{
    return open_or_probe(matrix, true, spec, arena, err);
}

void fdml_matrix_close(fdml_matrix *matrix)
{
    fdml_map map = { matrix->map, matrix->map_size };
    fdml_file_unmap(&map);
    *matrix = (fdml_matrix){ 0 };
}

fdml_status fdml_matrix_reserve(fdml_matrix *matrix, float **values, size_t n_rows, size_t dim,
                                const char *name, fdml_arena *arena, fdml_error *err)
{
    if (!n_rows) return fdml_fail(err, FDML_E_DATA, "%s: has no rows", name);
    if (!dim) return fdml_fail(err, FDML_E_DATA, "%s: rows have dimension 0", name);
    if (n_rows > SIZE_MAX / sizeof(float) / dim)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: %zu rows of %zu values are more than any "
                         "memory",
                         name, n_rows, dim);
    const size_t size = n_rows * dim * sizeof(float);
    if (arena) {
        *values = fdml_arena_push(arena, size, 1);
        if (!*values)
            return fdml_fail(err, FDML_E_NOMEM,
                             "%s: no memory for %zu rows of %zu floats "
                             "(%zu bytes)",
                             name, n_rows, dim, size);
    }
    matrix->n_rows = n_rows;
    matrix->dim = dim;
    matrix->own_size = size;
    return FDML_OK;
}
