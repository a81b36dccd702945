/* samples.c - see samples.h.
 *
 * Means and deviations are summed in double over at most 64 blocks of rows, whatever the
 * threads; each block's sums are its own and are added in the order of blocks.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/samples.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/sort_keys.h"

/* --- repeated rows ---------------------------------------------------------------------- */

size_t fdml_samples_distinct(uint32_t *row, uint32_t *place, const fdml_samples *samples,
                             uint64_t *key)
{
    size_t n_distinct = 0;
    for (size_t i = 0; i < samples->n; i++) key[i] = (uint64_t)samples->row[i] << 32 | i;
    fdml_sort_keys(key, key + samples->n, samples->n);
    for (size_t i = 0; i < samples->n; i++) {
        const uint32_t own = (uint32_t)(key[i] >> 32);
        if (!i || own != (uint32_t)(key[i - 1] >> 32)) n_distinct++;
        row[n_distinct - 1] = own;
        place[(uint32_t)key[i]] = (uint32_t)(n_distinct - 1);
    }
    return n_distinct;
}

size_t fdml_samples_merge_size(size_t n_listed)
{
    return n_listed * (3 * sizeof(uint32_t) + 2 * sizeof(uint64_t)) + 4 * 64; /* alignment */
}

fdml_status fdml_samples_merge(fdml_samples *merged, uint32_t **times,
                               const fdml_samples *samples, fdml_arena *arena, fdml_error *err)
{
    const size_t n = samples->n;
    uint32_t *row = fdml_arena_push(arena, n, sizeof *row);
    uint32_t *count = fdml_arena_push_zero(arena, n, sizeof *count);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint32_t *place = fdml_arena_push(arena, n, sizeof *place);
    uint64_t *key = fdml_arena_push(arena, n, 2 * sizeof *key);
    if (!row || !count || !place || !key)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to merge %zu rows", n);
    *merged = *samples;
    merged->row = row;
    merged->n = fdml_samples_distinct(row, place, samples, key);
    for (size_t i = 0; i < n; i++) count[place[i]]++;
    fdml_arena_reset(arena, mark);
    *times = count;
    return FDML_OK;
}

/* --- standardising ---------------------------------------------------------------------- */

enum { BLOCKS = 64 };

typedef struct moments {
    const fdml_samples *samples;
    const double *mean; /* [dim], or NULL: it is what is summed */
    double *sums;       /* [BLOCKS, dim] */
    size_t n_blocks;
} moments;

static void sum_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const moments *m = ctx;
    const fdml_samples *s = m->samples;
    double *sum = m->sums + block * s->dim;
    memset(sum, 0, s->dim * sizeof *sum);
    const size_t last = s->n * (block + 1) / m->n_blocks;
    for (size_t i = s->n * block / m->n_blocks; i < last; i++) {
        const float *x = s->x + (size_t)s->row[i] * s->dim;
        const double scale = s->scale ? (double)s->scale[s->row[i]] : 1;
        for (size_t d = 0; d < s->dim; d++) {
            const double a = (double)x[d] * scale;
            sum[d] += m->mean ? (a - m->mean[d]) * (a - m->mean[d]) : a;
        }
    }
}

/* The means of all blocks, in sums[0 .. dim). */
static void average(moments *m, int n_threads)
{
    const size_t dim = m->samples->dim;
    fdml_parallel(m->n_blocks, n_threads, sum_block, m);
    for (size_t b = 1; b < m->n_blocks; b++)
        for (size_t d = 0; d < dim; d++) m->sums[d] += m->sums[b * dim + d];
    for (size_t d = 0; d < dim; d++) m->sums[d] /= (double)m->samples->n;
}

size_t fdml_standard_size(size_t dim)
{
    return dim * (2 * sizeof(float) + (BLOCKS + 1) * sizeof(double)) + 4 * 64; /* alignment */
}

fdml_status fdml_standard_make(fdml_standard *standard, const fdml_samples *samples,
                               int n_threads, fdml_arena *arena, fdml_error *err)
{
    const size_t dim = samples->dim;
    standard->mean = fdml_arena_push(arena, dim, sizeof(float));
    standard->factor = fdml_arena_push(arena, dim, sizeof(float));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    double *mean = fdml_arena_push(arena, dim, sizeof *mean);
    moments m = { .samples = samples, .n_blocks = samples->n < BLOCKS ? samples->n : BLOCKS };
    m.sums = fdml_arena_push(arena, m.n_blocks * dim, sizeof *m.sums);
    if (!standard->mean || !standard->factor || !mean || !m.sums)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to standardise %zu features", dim);
    average(&m, n_threads);
    memcpy(mean, m.sums, dim * sizeof *mean);
    m.mean = mean;
    average(&m, n_threads);
    for (size_t d = 0; d < dim; d++) {
        const double deviation = sqrt(m.sums[d]);
        /* a constant feature deviates by rounding: floats have 24 bits */
        const bool varies = deviation > 0x1p-24 * fabs(mean[d]);
        standard->mean[d] = (float)mean[d];
        standard->factor[d] = varies ? (float)(1 / deviation) : 0;
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

void fdml_standard_rows(float *x, const fdml_standard *standard, const fdml_samples *samples,
                        size_t first, size_t n, const fdml_kernels *kernels)
{
    const size_t dim = samples->dim;
    const fdml_rows rows = { .x = samples->x,
                             .stride = dim,
                             .index = samples->row + first,
                             .n = n,
                             .scale = samples->scale };
    kernels->standard_rows(x, dim + 1, &rows, standard->mean, standard->factor, dim);
    for (size_t i = 0; i < n; i++) x[i * (dim + 1) + dim] = 1;
}
