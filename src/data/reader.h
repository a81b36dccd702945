/* reader.h - what every reader of embeddings takes: bytes in memory and a name for messages.
 *
 * matrix.c maps a file and picks the reader by suffix; the fuzzers call a reader directly.
 * A reader never touches the file system, trusts no byte, and answers with one sentence that
 * starts with the name.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_READER_H
#define FDML_DATA_READER_H

#include "data/matrix.h"

typedef struct fdml_source {
    const char *name;   /* starts every error sentence */
    const char *member; /* array inside a container; NULL: the only one */
    const unsigned char *bytes;
    size_t size;
} fdml_source;

/* Fills all of *matrix but map and map_size, on success only. With arena NULL it stops at what
 * fdml_matrix_probe promises: shape, dtype, is_mapped, own_size. is_mapped says that data
 * points into source->bytes. */
typedef fdml_status fdml_matrix_reader(fdml_matrix *matrix, const fdml_source *source,
                                       fdml_arena *arena, fdml_error *err);

/* Sets n_rows, dim, own_size and, unless arena is NULL, *values to [n_rows, dim] floats to be
 * filled. Refuses no rows, dimension 0 (FDML_E_DATA) and products that overflow. */
fdml_status fdml_matrix_reserve(fdml_matrix *matrix, float **values, size_t n_rows, size_t dim,
                                const char *name, fdml_arena *arena, fdml_error *err);

#endif
