/* fuzz_listfile.c - CelebA's lists, also where the text does not look like one.
 * SPDX-License-Identifier: MIT */
#include "data/listfile.h"
#include "target_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source source = { "list.txt", NULL, data, size };
    fdml_arena arena;
    fdml_table table;
    fdml_error err;
    target_table("list.txt", data, size);
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status = fdml_listfile_read(&table, &source, &arena, &err);
    if (status) target_check_error(status, &err);
    fdml_arena_close(&arena);
    return 0;
}
