/* verify.h - are these two rows the same class? Scores, thresholds, error rates, per group.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_VERIFY_H
#define FDML_EVAL_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One comparison of a pairs list. */
typedef struct fdml_row_pair {
    uint32_t a, b; /* rows */
    bool genuine;  /* of the same class */
    uint32_t fold; /* from 0 */
} fdml_row_pair;

/* All pairs of so many rows are scored one by one; more rows go by the histogram of pairs.h. */
bool fdml_verify_is_exact(size_t n_rows);

#endif
