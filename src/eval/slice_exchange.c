/* slice_exchange.c - outcomes under the null hypothesis: exchanged between classes and within.
 *
 * Within a stratum the blocks are dealt anew to their places. A place of n queries takes the
 * outcomes of its block in random order; where the block is smaller they are gone through
 * again, where it is larger some are left over. Strata hold blocks of like size, so that this
 * is rare; between blocks of one size nothing is lost, and the test is exact.
 *
 * SPDX-License-Identifier: MIT */
#include "base/rng.h"
#include "eval/slices_state.h"

static size_t block_size(const slice_data *data, size_t block)
{
    return data->block[block + 1] - data->block[block];
}

size_t fdml_slice_exchange_size(const slice_data *data)
{
    size_t largest = 0;
    for (size_t b = 0; b < data->n_blocks; b++)
        if (block_size(data, b) > largest) largest = block_size(data, b);
    return (data->n_blocks + largest) * sizeof(uint32_t);
}

/* Most classes never fail, or always: then the order does not matter. */
static bool is_flat(const float *loss, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (loss[i] != loss[0]) return false;
    return true;
}

/* out: [n]; order: [n_from] scratch */
static void deal(float *out, size_t n, const float *from, size_t n_from, uint32_t *order,
                 fdml_rng *rng)
{
    if (is_flat(from, n_from)) {
        for (size_t i = 0; i < n; i++) out[i] = from[0];
        return;
    }
    const uint32_t n_left = (uint32_t)n_from;
    for (uint32_t i = 0; i < n_left; i++) order[i] = i;
    for (uint32_t i = 0; i < n_left && i < n; i++) {
        const uint32_t j = i + fdml_rng_below(rng, n_left - i), taken = order[j];
        order[j] = order[i];
        order[i] = taken;
    }
    for (size_t i = 0; i < n; i++) out[i] = from[order[i % n_from]];
}

void fdml_slice_exchange(float *loss, const slice_data *data, uint64_t seed, uint64_t stream,
                         uint32_t replicate, void *scratch)
{
    uint32_t *block = scratch, *order = block + data->n_blocks;
    fdml_rng rng;
    fdml_rng_init(&rng, seed, stream, replicate);
    for (size_t s = 0; s < data->n_strata; s++) {
        const uint32_t begin = data->stratum[s], n = data->stratum[s + 1] - begin;
        for (uint32_t b = 0; b < n; b++) block[b] = begin + b;
        fdml_rng_shuffle(&rng, block, n);
        for (uint32_t b = 0; b < n; b++)
            deal(loss + data->block[begin + b], block_size(data, begin + b),
                 data->loss + data->block[block[b]], block_size(data, block[b]), order, &rng);
    }
}
