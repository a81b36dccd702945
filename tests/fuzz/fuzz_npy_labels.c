/* fuzz_npy_labels.c - an .npy as labels.
 * SPDX-License-Identifier: MIT */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source source = { "x.npy", NULL, data, size };
    fdml_arena arena;
    fdml_factor factor;
    fdml_error err;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status = fdml_factor_read_npy(&factor, &source, &arena, &err);
    if (status)
        target_check_error(status, &err);
    else
        target_check_factor(&factor);
    fdml_arena_close(&arena);
    return 0;
}
