/* fuzz_pairs.c - LFW's pairs.txt.
 * SPDX-License-Identifier: MIT */
#include "data/pairs_file.h"
#include "target.h"

static void check_pairs(const fdml_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n_pairs; i++) {
        const fdml_named_pair *pair = &pairs->pair[i];
        target_require(pair->name[0][0] && pair->name[1][0]);
        target_require((pair->name[0] == pair->name[1]) ==
                       !strcmp(pair->name[0], pair->name[1]));
        target_require(pair->image[0] && pair->image[1] && pair->fold < pairs->n_folds);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source source = { "pairs.txt", NULL, data, size };
    fdml_arena arena;
    fdml_pairs pairs;
    fdml_error err;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status = fdml_pairs_read(&pairs, &source, &arena, &err);
    if (status)
        target_check_error(status, &err);
    else
        check_pairs(&pairs);
    fdml_arena_close(&arena);
    return 0;
}
