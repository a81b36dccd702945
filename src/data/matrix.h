/* matrix.h - opens a file of embeddings as rows of float, whatever its format.
 *
 * A specification is a path, with an optional member after the last colon where the format
 * holds several: emb.npy, set.npz:emb, model.safetensors:proxies, emb.csv, emb.tsv, base.fvecs,
 * base.bvecs. The format follows from the suffix and is checked against the content.
 * A little-endian C-order f4 .npy (and an F32 .safetensors tensor) is mapped: data points into
 * the page cache and costs no memory of our own. Everything else is converted once, into the
 * arena. Values are not judged here (NaN, zero rows): eval/validate does that, by row.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_MATRIX_H
#define FDML_DATA_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_matrix {
    const float *data; /* [n_rows, dim], row-major, borrowed from the map or the arena */
    size_t n_rows, dim;
    char dtype[16];  /* as the file names it: "f4", "<f2", "bf16", "text" */
    bool is_mapped;  /* data lies in the file itself */
    size_t own_size; /* bytes taken from the arena for the values; 0 when mapped */
    void *map;       /* what fdml_matrix_close gives back to the system */
    size_t map_size;
} fdml_matrix;

/* What opening would yield and cost, from the header alone (text and vecs files: by scanning
 * the size). data is NULL. Lets --max-memory refuse before anything is read. */
fdml_status fdml_matrix_probe(fdml_matrix *matrix, const char *spec, fdml_error *err);

/* Converted values are taken from `arena`. On failure *matrix is untouched.
 * FDML_E_IO, FDML_E_FORMAT ("emb.npy: 3-D array (2,3,4), expected rows x dim"), FDML_E_NOMEM.
 */
fdml_status fdml_matrix_open(fdml_matrix *matrix, const char *spec, fdml_arena *arena,
                             fdml_error *err);
/* The same where one number a row is expected: an .npy or .npz of one dimension is a column.
 * Not for embeddings, where it is a mistake. */
fdml_status fdml_matrix_open_list(fdml_matrix *matrix, const char *spec, fdml_arena *arena,
                                  fdml_error *err);
void fdml_matrix_close(fdml_matrix *matrix);

/* The path part of a specification (without ":member"), in `path`. */
fdml_status fdml_matrix_path(char *path, size_t size, const char *spec, fdml_error *err);

#endif
