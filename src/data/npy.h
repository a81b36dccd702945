/* npy.h - NumPy's array files: header, numbers, labels.
 *
 * Format: numpy.lib.format, versions 1.0, 2.0 and 3.0. The header is a Python dictionary; any
 * key order, spacing, quotes and a trailing comma are accepted, anything else is not.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_NPY_H
#define FDML_DATA_NPY_H

#include "data/dtype.h"
#include "data/reader.h"

enum {
    FDML_NPY_PREFIX = 12,          /* bytes that tell how long the header is */
    FDML_NPY_MAX_HEADER = 1 << 16, /* NumPy itself refuses above 10,000 */
    FDML_NPY_MAX_DIMS = 32
};

typedef struct fdml_npy {
    char descr[16]; /* as written: "<f4" */
    char kind;      /* f i u: numbers; U S: text */
    bool is_big_endian, is_fortran;
    size_t item_size; /* bytes */
    int n_dims;
    size_t shape[FDML_NPY_MAX_DIMS];
    size_t n_items;
    size_t data_offset; /* bytes of magic and header */
    size_t data_size;   /* n_items * item_size */
} fdml_npy;

/* Bytes of magic and header, from the first FDML_NPY_PREFIX bytes of a file. */
fdml_status fdml_npy_header_size(size_t *header_size, const unsigned char *bytes, size_t size,
                                 const char *name, fdml_error *err);

/* Reads the header; whether the data follow is for fdml_npy_check_size. Objects, structures,
 * booleans, complex numbers and dates are FDML_E_UNSUPPORTED. */
fdml_status fdml_npy_parse(fdml_npy *npy, const unsigned char *bytes, size_t size,
                           const char *name, fdml_error *err);

/* `size` is that of the whole file, which must hold the data and nothing else. */
fdml_status fdml_npy_check_size(const fdml_npy *npy, size_t size, const char *name,
                                fdml_error *err);

/* Is it rows x dim of numbers? With takes_list, a list is as well: shape[1] becomes 1. */
fdml_status fdml_npy_check_matrix(fdml_npy *npy, bool takes_list, const char *name,
                                  fdml_error *err);
fdml_dtype fdml_npy_dtype(const fdml_npy *npy); /* of a checked matrix */

/* Converts items first..first+n-1 in file order to where they belong in values[rows, dim]. */
void fdml_npy_place(float *values, const fdml_npy *npy, size_t first,
                    const unsigned char *items, size_t n);

fdml_matrix_reader fdml_npy_read;
fdml_matrix_reader fdml_npy_read_list; /* one dimension is taken for a column */

/* Labels: one dimension (or [n,1]) of strings or integers. */
fdml_status fdml_npy_check_labels(const fdml_npy *npy, const char *name, fdml_error *err);
size_t fdml_npy_label_room(const fdml_npy *npy); /* bytes the longest label can take */

/* Label `row` as text, `*length` bytes without a NUL. */
fdml_status fdml_npy_label(char *text, size_t *length, const fdml_npy *npy,
                           const unsigned char *items, size_t row, const char *name,
                           fdml_error *err);

#endif
