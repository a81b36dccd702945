/* rng.c - Philox4x32-10 and the distributions drawn from it. See rng.h.
 * SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include <math.h>

#include "base/dmath.h"

static void mul_hi_lo(uint32_t a, uint32_t b, uint32_t *hi, uint32_t *lo)
{
    const uint64_t product = (uint64_t)a * b;
    *hi = (uint32_t)(product >> 32);
    *lo = (uint32_t)product;
}

void fdml_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    /* Multipliers and Weyl increments of the paper's table 2 and section 4.3. */
    const uint32_t m0 = 0xD2511F53u, m1 = 0xCD9E8D57u, w0 = 0x9E3779B9u, w1 = 0xBB67AE85u;
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint32_t hi0, lo0, hi1, lo1;
        mul_hi_lo(m0, c0, &hi0, &lo0);
        mul_hi_lo(m1, c2, &hi1, &lo1);
        c0 = hi1 ^ c1 ^ k0;
        c1 = lo1;
        c2 = hi0 ^ c3 ^ k1;
        c3 = lo0;
        k0 += w0;
        k1 += w1;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void fdml_rng_init(fdml_rng *rng, uint64_t seed, uint64_t stream, uint32_t index)
{
    *rng = (fdml_rng){ .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
                       .counter = { 0, index, (uint32_t)stream, (uint32_t)(stream >> 32) } };
}

uint32_t fdml_rng_u32(fdml_rng *rng)
{
    if (!rng->n_left) {
        fdml_philox(rng->block, rng->counter, rng->key);
        rng->counter[0]++;
        rng->n_left = 4;
    }
    return rng->block[--rng->n_left];
}

uint32_t fdml_rng_below(fdml_rng *rng, uint32_t n)
{
    /* Lemire, "Fast random integer generation in an interval" (2019): multiply, and reject
     * only the sliver that would make some values more likely. */
    uint64_t product = (uint64_t)fdml_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        const uint32_t sliver = (uint32_t)(0u - n) % n;
        while ((uint32_t)product < sliver) product = (uint64_t)fdml_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

double fdml_rng_double(fdml_rng *rng)
{
    const uint64_t high = fdml_rng_u32(rng) >> 5, low = fdml_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double fdml_rng_normal(fdml_rng *rng)
{
    for (;;) {
        const double u = 2 * fdml_rng_double(rng) - 1, v = 2 * fdml_rng_double(rng) - 1;
        const double s = u * u + v * v;
        if (s > 0 && s < 1) return u * sqrt(-2 * fdml_log(s) / s);
    }
}

void fdml_rng_shuffle(fdml_rng *rng, uint32_t *items, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = fdml_rng_below(rng, i), item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
