/* nearest.c - see nearest.h.
 *
 * References are packed BLOCK rows at a time, and every strip of queries meets a block before
 * the next one is packed: so no more than one block of them is ever copied.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/nearest.h"

#include <math.h>
#include <stdbool.h>

#include "base/parallel.h"

enum { BLOCK = 2048, STRIP = 96, WIDTH = 512 };

typedef struct desk {
    float *panels, *tile; /* of STRIP queries; [STRIP, WIDTH] */
} desk;

typedef struct search {
    const fdml_nearest *nearest;
    const fdml_workers *workers;
    uint32_t *place;
    float *best;     /* [n_queries, k] */
    float *panels;   /* of the block of references */
    size_t first, n; /* the block */
    desk *desks;     /* [n_threads] */
} search;

static fdml_rows part_of(const fdml_rows *rows, size_t first, size_t n)
{
    fdml_rows part = *rows;
    if (part.index) part.index += first;
    part.first += first;
    part.n = n;
    return part;
}

static void pack_part(void *ctx, size_t part, int thread)
{
    (void)thread;
    const search *s = ctx;
    const size_t at = part * WIDTH, n = s->n - at < WIDTH ? s->n - at : WIDTH;
    const fdml_rows rows = part_of(s->nearest->references, s->first + at, n);
    s->workers->kernels->pack_b(s->panels + at * s->nearest->dim, &rows, s->nearest->dim);
}

static void merge_tile(const search *s, const float *tile, size_t strip, size_t n, size_t at,
                       size_t m)
{
    const size_t k = s->nearest->k;
    for (size_t i = 0; i < n; i++)
        s->workers->kernels->topk_merge(s->best + (strip + i) * k, s->place + (strip + i) * k,
                                        k, tile + i * WIDTH, m, (uint32_t)(s->first + at));
}

static void ask_strip(void *ctx, size_t strip, int thread)
{
    const search *s = ctx;
    const fdml_nearest *nearest = s->nearest;
    const fdml_kernels *kernels = s->workers->kernels;
    const desk *d = &s->desks[thread];
    const size_t first = strip * STRIP, left = nearest->queries->n - first;
    const fdml_rows rows = part_of(nearest->queries, first, left < STRIP ? left : STRIP);
    kernels->pack_a(d->panels, &rows, nearest->dim);
    for (size_t at = 0; at < s->n; at += WIDTH) {
        const size_t m = s->n - at < WIDTH ? s->n - at : WIDTH;
        kernels->gemm(d->tile, WIDTH, d->panels, s->panels + at * nearest->dim, rows.n, m,
                      nearest->dim, 0);
        for (size_t i = 0; nearest->bias && i < rows.n; i++)
            for (size_t j = 0; j < m; j++)
                d->tile[i * WIDTH + j] += nearest->bias[s->first + at + j];
        merge_tile(s, d->tile, first, rows.n, at, m);
    }
}

static bool make_desks(search *s, fdml_arena *scratch)
{
    const size_t panels =
        fdml_panels_size(STRIP, s->nearest->dim, s->workers->kernels->tile_rows);
    s->desks = fdml_arena_push(scratch, (size_t)s->workers->n_threads, sizeof *s->desks);
    for (int t = 0; s->desks && t < s->workers->n_threads; t++) {
        s->desks[t].panels = fdml_arena_push(scratch, panels, sizeof(float));
        s->desks[t].tile = fdml_arena_push(scratch, STRIP * WIDTH, sizeof(float));
        if (!s->desks[t].panels || !s->desks[t].tile) return false;
    }
    return s->desks != NULL;
}

size_t fdml_nearest_size(size_t n_queries, size_t dim, size_t k, const fdml_workers *workers)
{
    const size_t own =
        fdml_panels_size(STRIP, dim, workers->kernels->tile_rows) + STRIP * WIDTH;
    return (n_queries * k + BLOCK * dim) * sizeof(float) +
           (size_t)workers->n_threads * (own * sizeof(float) + 3 * 64) + 3 * 64; /* alignment */
}

fdml_status fdml_nearest_find(uint32_t *place, const fdml_nearest *nearest,
                              const fdml_workers *workers, fdml_arena *scratch, fdml_error *err)
{
    const size_t n_queries = nearest->queries->n, n = nearest->references->n;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    search s = { .nearest = nearest, .workers = workers, .place = place };
    s.best = fdml_arena_push(scratch, n_queries * nearest->k, sizeof *s.best);
    s.panels = fdml_arena_push(scratch, BLOCK * nearest->dim, sizeof *s.panels);
    if (!s.best || !s.panels || !make_desks(&s, scratch))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the nearest of %zu rows", n);
    for (size_t i = 0; i < n_queries * nearest->k; i++) {
        s.best[i] = -INFINITY;
        place[i] = FDML_NEAREST_NONE;
    }
    for (s.first = 0; s.first < n; s.first += BLOCK) {
        s.n = n - s.first < BLOCK ? n - s.first : BLOCK;
        fdml_parallel((s.n + WIDTH - 1) / WIDTH, workers->n_threads, pack_part, &s);
        fdml_parallel((n_queries + STRIP - 1) / STRIP, workers->n_threads, ask_strip, &s);
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
