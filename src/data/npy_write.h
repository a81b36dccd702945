/* npy_write.h - a matrix of floats as an .npy file that NumPy and fdml map without copying.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_NPY_WRITE_H
#define FDML_DATA_NPY_WRITE_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/* Version 1.0, '<f4', C order, data from a multiple of 64 bytes on. Write errors stay in the
 * FILE (fdml_output_commit finds them); open it through fdml_output so that a file which is cut
 * short never takes the name. FDML_E_ARG: dim * 4 or the product does not fit size_t. */
fdml_status fdml_npy_write(FILE *file, const float *x, size_t n_rows, size_t dim,
                           fdml_error *err);

/* The same in parts, for rows that come one after the other: a header, and `n` floats of what
 * follows it. A header has the same size whatever the shape, so that it can be written again
 * when the rows have been counted. */
enum { FDML_NPY_HEADER_SIZE = 128 };
void fdml_npy_write_header(FILE *file, size_t n_rows, size_t dim);
void fdml_npy_write_items(FILE *file, const float *x, size_t n);

#endif
