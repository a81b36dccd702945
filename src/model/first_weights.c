/* first_weights.c - see first_weights.h.
 * SPDX-License-Identifier: MIT */
#include "model/first_weights.h"

#include <math.h>

#include "base/parallel.h"
#include "base/rng.h"

/* Values of a block, and numbers of the generator that are set aside for it: a normal takes 1.3
 * of them on average (polar method, each four words), so that eight a value are never all used,
 * and the blocks of 2^29 values have numbers of their own. */
enum { BLOCK = 1 << 14, RESERVED = BLOCK << 3 };

typedef struct filling {
    const fdml_first_weights *first;
    float *values;
    size_t n;
} filling;

static void fill_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const filling *f = ctx;
    const fdml_first_weights *first = f->first;
    float *values = f->values + block * BLOCK;
    const size_t left = f->n - block * BLOCK, n = left < BLOCK ? left : BLOCK;
    const double bound = 1 / sqrt(first->fan), he = sqrt(2 / first->fan);
    fdml_rng rng;
    fdml_rng_init(&rng, first->seed, first->stream, first->index);
    rng.counter[0] = (uint32_t)block * RESERVED;
    for (size_t i = 0; i < n; i++) {
        switch (first->rule) {
        case FDML_FIRST_ZERO:
            values[i] = 0;
            break;
        case FDML_FIRST_ONE:
            values[i] = 1;
            break;
        case FDML_FIRST_QUARTER:
            values[i] = .25f;
            break;
        case FDML_FIRST_HE:
            values[i] = (float)(he * fdml_rng_normal(&rng));
            break;
        case FDML_FIRST_UNIFORM:
            values[i] = (float)(bound * (2 * fdml_rng_double(&rng) - 1));
            break;
        case FDML_FIRST_SMALL:
            values[i] = (float)(.01 * fdml_rng_normal(&rng));
            break;
        }
    }
}

void fdml_first_weights_fill(float *values, size_t n, const fdml_first_weights *first)
{
    filling f = { first, values, n };
    fdml_parallel((n + BLOCK - 1) / BLOCK, fdml_threads_default(), fill_block, &f);
}

uint32_t fdml_first_weights_index(const char *name)
{
    uint32_t hash = 2166136261u; /* offset and prime of FNV-1a: RFC 9923, 5 */
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}
