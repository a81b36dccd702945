/* npy_write.c - the header of numpy.lib.format and the floats behind it. See npy_write.h.
 * SPDX-License-Identifier: MIT */
#include "data/npy_write.h"

#include <stdint.h>
#include <string.h>

enum { PREFIX = 10, BLOCK = 1024 };

void fdml_npy_write_header(FILE *file, size_t n_rows, size_t dim)
{
    char text[FDML_NPY_HEADER_SIZE];
    int length = snprintf(text, sizeof text,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }",
                          n_rows, dim);
    /* Spaces and a newline up to a multiple of 64, as the format asks: the text has 59 letters
     * for shape (1, 1), 97 for two of 20 digits, so 128 bytes hold any and 64 none. */
    const int end = FDML_NPY_HEADER_SIZE - PREFIX;
    fwrite("\x93NUMPY\x01\x00", 1, 8, file);
    fputc(end & 0xff, file);
    fputc(end >> 8, file);
    fputs(text, file);
    for (; length + 1 < end; length++) fputc(' ', file);
    fputc('\n', file);
}

fdml_status fdml_npy_write(FILE *file, const float *x, size_t n_rows, size_t dim,
                           fdml_error *err)
{
    if (dim && n_rows > SIZE_MAX / sizeof *x / dim)
        return fdml_fail(err, FDML_E_ARG, "%zu x %zu floats do not fit the address space",
                         n_rows, dim);
    fdml_npy_write_header(file, n_rows, dim);
    fdml_npy_write_items(file, x, n_rows * dim);
    return FDML_OK;
}

void fdml_npy_write_items(FILE *file, const float *x, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char bytes[4 * BLOCK];
        const size_t n_block = n - i < BLOCK ? n - i : BLOCK;
        for (size_t j = 0; j < n_block; j++) {
            uint32_t bits;
            memcpy(&bits, &x[i + j], sizeof bits);
            for (size_t k = 0; k < 4; k++) bytes[4 * j + k] = (unsigned char)(bits >> (8 * k));
        }
        fwrite(bytes, 4, n_block, file);
        i += n_block;
    }
}
