/* fuzz_npz.c - an .npz: its only array, and a named one.
 * SPDX-License-Identifier: MIT */
#include "data/npz.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_matrix(fdml_npz_read, "x.npz", NULL, data, size);
    target_matrix(fdml_npz_read_list, "x.npz", NULL, data, size);
    target_matrix(fdml_npz_read, "x.npz", "emb", data, size);
    return 0;
}
