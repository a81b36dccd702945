/* stats_exchange.c - the sums of an exchange test: a coin for every cluster. See stats.h.
 *
 * One bit of a Philox stream is one coin, so a replicate of 11,316 classes takes 354 words.
 * With the sum over heads known, the sum of signed features is 2 heads - all.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/stats.h"

enum { WORD = 32, BATCH = 256 };

typedef struct exchanging {
    double *sums;
    const fdml_exchange *exchange;
    char *scratch;
} exchanging;

/* Coins of one thread, in bytes, whole cache lines. */
static size_t coins_size(size_t n_ids)
{
    return (n_ids / WORD * sizeof(uint32_t) / 64 + 1) * 64;
}

size_t fdml_exchange_scratch(size_t n_ids, int n_threads)
{
    return coins_size(n_ids) * (size_t)(n_threads < 1 ? 1 : n_threads);
}

/* sum += the units begin..end-1 whose coin shows heads, in order. */
static void add_heads(double *sum, const fdml_exchange *e, const uint32_t *coin, size_t begin,
                      size_t end)
{
    uint32_t heads[BATCH];
    for (size_t done = begin; done < end; done += BATCH) {
        const size_t stop = end - done < BATCH ? end : done + BATCH;
        size_t n = 0;
        for (size_t u = done; u < stop; u++) {
            heads[n] = (uint32_t)u; /* kept only where the next line counts it */
            n += coin[e->id[u] / WORD] >> e->id[u] % WORD & 1;
        }
        fdml_feature_gather(sum, e->features, e->n_features, heads, n);
    }
}

static void exchange_replicate(void *ctx, size_t block, int thread)
{
    const exchanging *c = ctx;
    const fdml_exchange *e = c->exchange;
    uint32_t *coin = (uint32_t *)(void *)(c->scratch + (size_t)thread * coins_size(e->n_ids));
    fdml_rng rng;
    fdml_rng_init(&rng, e->seed, e->stream, e->first_replicate + (uint32_t)block);
    for (size_t w = 0; w <= (e->n_ids - 1) / WORD; w++) coin[w] = fdml_rng_u32(&rng);
    double *sums = c->sums + block * e->n_groups * e->n_features;
    memset(sums, 0, e->n_groups * e->n_features * sizeof *sums);
    for (size_t g = 0; g < e->n_groups; g++)
        add_heads(sums + g * e->n_features, e, coin, e->begin[g], e->begin[g + 1]);
}

void fdml_exchange_sums(double *sums, const fdml_exchange *exchange, void *scratch,
                        int n_threads)
{
    exchanging c = { sums, exchange, scratch };
    fdml_parallel(exchange->n_replicates, n_threads, exchange_replicate, &c);
}
