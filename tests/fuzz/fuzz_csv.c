/* fuzz_csv.c - a .csv and a .tsv as a matrix. Text may pass the probe, which only counts, and
 * fail to open: target_matrix compares the two only where both succeed.
 * SPDX-License-Identifier: MIT */
#include "data/csv.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    target_matrix(fdml_csv_read, "x.csv", NULL, data, size);
    target_matrix(fdml_csv_read, "x.tsv", NULL, data, size);
    return 0;
}
