/* fuzz_safetensors.c - a .safetensors: its only matrix, and a named one.
 * SPDX-License-Identifier: MIT */
#include "data/safetensors.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_matrix(fdml_safetensors_read, "x.safetensors", NULL, data, size);
    target_matrix(fdml_safetensors_read, "x.safetensors", "emb", data, size);
    return 0;
}
