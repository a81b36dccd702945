/* fuzz_vecs.c - an .fvecs and a .bvecs.
 * SPDX-License-Identifier: MIT */
#include "data/vecs.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_matrix(fdml_fvecs_read, "x.fvecs", NULL, data, size);
    target_matrix(fdml_bvecs_read, "x.bvecs", NULL, data, size);
    return 0;
}
