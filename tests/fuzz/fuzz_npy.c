/* fuzz_npy.c - an .npy as a matrix, or as one column.
 * SPDX-License-Identifier: MIT */
#include "data/npy.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_matrix(fdml_npy_read, "x.npy", NULL, data, size);
    target_matrix(fdml_npy_read_list, "x.npy", NULL, data, size);
    return 0;
}
