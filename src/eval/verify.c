/* verify.c - see verify.h.
 * SPDX-License-Identifier: MIT */
#include "eval/verify.h"

bool fdml_verify_is_exact(size_t n_rows)
{
    return n_rows < 2 || (n_rows - 1) <= ((size_t)1 << 23) / n_rows;
}
