/* fuzz_table.c - metadata as .csv and .tsv.
 * SPDX-License-Identifier: MIT */
#include "target_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_table("x.csv", data, size);
    target_table("x.tsv", data, size);
    return 0;
}
