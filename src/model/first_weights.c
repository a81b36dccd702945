/* first_weights.c - see first_weights.h.
 * SPDX-License-Identifier: MIT */
#include "model/first_weights.h"

#include <math.h>

#include "base/rng.h"

static void fill_value(float *values, size_t n, float value)
{
    for (size_t i = 0; i < n; i++) values[i] = value;
}

static void fill_normal(float *values, size_t n, double deviation, fdml_rng *rng)
{
    for (size_t i = 0; i < n; i++) values[i] = (float)(deviation * fdml_rng_normal(rng));
}

static void fill_uniform(float *values, size_t n, double bound, fdml_rng *rng)
{
    for (size_t i = 0; i < n; i++) values[i] = (float)(bound * (2 * fdml_rng_double(rng) - 1));
}

void fdml_first_weights_fill(float *values, size_t n, const fdml_first_weights *first)
{
    fdml_rng rng;
    fdml_rng_init(&rng, first->seed, first->stream, first->index);
    switch (first->rule) {
    case FDML_FIRST_ZERO:
        fill_value(values, n, 0);
        break;
    case FDML_FIRST_ONE:
        fill_value(values, n, 1);
        break;
    case FDML_FIRST_QUARTER:
        fill_value(values, n, .25f);
        break;
    case FDML_FIRST_HE:
        fill_normal(values, n, sqrt(2 / first->fan), &rng);
        break;
    case FDML_FIRST_UNIFORM:
        fill_uniform(values, n, 1 / sqrt(first->fan), &rng);
        break;
    case FDML_FIRST_SMALL:
        fill_normal(values, n, .01, &rng);
        break;
    }
}

uint32_t fdml_first_weights_index(const char *name)
{
    uint32_t hash = 2166136261u; /* offset and prime of FNV-1a: RFC 9923, 5 */
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}
