/* fuzz_split.c - split files, with as many rows as they may have and with one more.
 * SPDX-License-Identifier: MIT */
#include "explain/tabular_split.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source source = { "x.split", NULL, data, size };
    size_t n = 0;
    fdml_error err;
    for (size_t i = 0; i < size; i++) n += data[i] != '\n' && data[i] != '\r';
    if (n >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3)) n -= 3;
    for (size_t n_rows = n; n_rows <= n + 1; n_rows++) {
        uint8_t *part = malloc(n_rows ? n_rows : 1); /* the sanitizer sees a byte too many */
        target_require(part != NULL);
        const fdml_status status = fdml_tabular_split_read(part, n_rows, &source, &err);
        if (status) target_check_error(status, &err);
        target_require(status || n_rows == n);
        for (size_t i = 0; !status && i < n_rows; i++)
            target_require(part[i] <= FDML_PART_NONE);
        free(part);
    }
    return 0;
}
