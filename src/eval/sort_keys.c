/* sort_keys.c - see sort_keys.h.
 *
 * Few keys by insertion; many by radix, eight bits at a time: passes that find all keys alike,
 * such as those of a row's high bits, cost a count only.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/sort_keys.h"

enum { DIGITS = 256, FEW = 64 };

static void sort_few(uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t x = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > x; j--) key[j] = key[j - 1];
        key[j] = x;
    }
}

void fdml_sort_keys(uint64_t *key, uint64_t *spare, size_t n)
{
    if (n <= FEW) {
        sort_few(key, n);
        return;
    }
    uint64_t *from = key, *to = spare;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t place[DIGITS + 1] = { 0 };
        for (size_t i = 0; i < n; i++) place[(from[i] >> shift & (DIGITS - 1)) + 1]++;
        if (place[(from[0] >> shift & (DIGITS - 1)) + 1] == n) continue;
        for (size_t v = 0; v < DIGITS; v++) place[v + 1] += place[v];
        for (size_t i = 0; i < n; i++) to[place[from[i] >> shift & (DIGITS - 1)]++] = from[i];
        uint64_t *const swap = from;
        from = to;
        to = swap;
    }
    if (from != key) memcpy(key, from, n * sizeof *key);
}
