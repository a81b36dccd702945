/* sort_keys.h - whole numbers into ascending order.
 *
 * Whoever sorts by something else packs it into the upper bits and what is to be moved with it
 * into the lower ones.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_SORT_KEYS_H
#define FDML_EVAL_SORT_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* key: [n], ascending afterwards; spare: [n], scratch. */
void fdml_sort_keys(uint64_t *key, uint64_t *spare, size_t n);

/* Bits that order as floats do; -0 is 0. NaN: undefined. */
static inline uint32_t fdml_key_of_float(float x)
{
    uint32_t bits;
    const float plain = x + 0.0f;
    memcpy(&bits, &plain, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

#endif
