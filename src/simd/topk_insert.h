/* topk_insert.h - one candidate into a list of the k best: the rule of ties in one place.
 *
 * best is descending by value; of equal values the smaller id comes first. An unused place
 * holds -infinity and id 0xffffffff; a value of -infinity, which is how masked scores are
 * marked, never enters.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_TOPK_INSERT_H
#define FDML_SIMD_TOPK_INSERT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

static inline void fdml_topk_insert(float *best, uint32_t *best_id, size_t k, float value,
                                    uint32_t id)
{
    size_t at = k - 1;
    if (value == -INFINITY) return;
    if (value < best[at] || (value == best[at] && id > best_id[at])) return;
    while (at > 0 &&
           (value > best[at - 1] || (value == best[at - 1] && id < best_id[at - 1]))) {
        best[at] = best[at - 1];
        best_id[at] = best_id[at - 1];
        at--;
    }
    best[at] = value;
    best_id[at] = id;
}

#endif
