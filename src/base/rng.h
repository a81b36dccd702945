/* rng.h - random numbers that depend on a key and a counter, never on history.
 *
 * Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3" (SC 2011): a block cipher of the counter under the key. Any thread can draw the numbers
 * of any (seed, stream, index) without the ones before, which is what makes results equal for
 * every thread count. Integers and doubles only use +, *, shifts: the same bits everywhere.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_RNG_H
#define FDML_BASE_RNG_H

#include <stdint.h>

typedef struct fdml_rng {
    uint32_t key[2];     /* the seed */
    uint32_t counter[4]; /* block number, in [0]; index in [1], stream in [2..3] */
    uint32_t block[4];
    unsigned n_left; /* unread words of `block` */
} fdml_rng;

/* One cipher block, exposed because its published test vectors are. */
void fdml_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* `stream` names the purpose (an enum of the caller), `index` the item: a replicate, a query.
 */
void fdml_rng_init(fdml_rng *rng, uint64_t seed, uint64_t stream, uint32_t index);

uint32_t fdml_rng_u32(fdml_rng *rng);
uint32_t fdml_rng_below(fdml_rng *rng, uint32_t n); /* uniform on 0..n-1 without bias; n > 0 */
double fdml_rng_double(fdml_rng *rng);              /* uniform on [0,1), 53 bits */
double fdml_rng_normal(fdml_rng *rng);              /* mean 0, variance 1 (polar method) */
void fdml_rng_shuffle(fdml_rng *rng, uint32_t *items, uint32_t n);

#endif
