/* gemm_case.c - a whole gemm as a caller pays for it: both packs, then every tile of C, on any
 * number of threads, beside the peak that the same threads reach in the same round.
 *
 * The order is Goto and van de Geijn's (2008): k is cut into slabs of SLAB; a slab of B is
 * packed once, in parallel, and stays in each core's L2; then blocks of rows of C take their
 * slab of A, packed into a buffer that stays hot, and continue their sums. Every element is
 * packed once. Buffers are 2 MiB-aligned and in huge pages where the system grants them.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/parallel.h"
#include "kernel_cases.h"
#include "timing.h"

/* Rows of a block: eight register tiles on one thread, fewer on several to even them out. */
enum { SLAB = 256, TILES_ALONE = 8, TILES_SHARED = 4 };

typedef struct gemm_job {
    gemm_options o;
    float *x, *y, *c;         /* [m, depth], [n, depth], [m, n] */
    float *a, *b;             /* panels, slab after slab */
    size_t rows_per_block;    /* a multiple of tile_rows */
    size_t columns_per_block; /* of B, when packing */
    size_t slab;              /* the one in work: from slab * SLAB on */
    bool packs;               /* or takes the panels of the last time */
} gemm_job;

typedef struct gemm_times {
    double seconds, bare_seconds, peak; /* bare: without packing; peak in FLOP/s */
} gemm_times;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t slab_depth(const gemm_job *job)
{
    return smaller(job->o.depth - job->slab * SLAB, SLAB);
}

/* Rows first.. of x or y, seen through the slab. */
static fdml_rows slab_rows(const gemm_job *job, const float *x, size_t first, size_t n)
{
    return (
        fdml_rows){ .x = x + job->slab * SLAB, .stride = job->o.depth, .first = first, .n = n };
}

static float *slab_panels(const gemm_job *job, float *panels, size_t rows, size_t width)
{
    return panels + fdml_panels_size(rows, SLAB, width) * job->slab;
}

static void pack_b_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gemm_job *const job = ctx;
    const size_t first = block * job->columns_per_block;
    const fdml_rows rows =
        slab_rows(job, job->y, first, smaller(job->o.n - first, job->columns_per_block));
    float *const b = slab_panels(job, job->b, job->o.n, job->o.k->tile_cols);
    job->o.k->pack_b(b + first * slab_depth(job), &rows, slab_depth(job));
}

static void multiply_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gemm_job *const job = ctx;
    const fdml_kernels *const k = job->o.k;
    const size_t first = block * job->rows_per_block, depth = slab_depth(job);
    const fdml_rows rows =
        slab_rows(job, job->x, first, smaller(job->o.m - first, job->rows_per_block));
    float *const a = slab_panels(job, job->a, job->o.m, k->tile_rows) + first * depth;
    if (job->packs) k->pack_a(a, &rows, depth);
    k->gemm(job->c + first * job->o.n, job->o.n, a,
            slab_panels(job, job->b, job->o.n, k->tile_cols), rows.n, job->o.n, depth,
            job->slab > 0);
}

static double multiply(gemm_job *job, bool packs)
{
    const gemm_options *const o = &job->o;
    const double start = bench_now();
    job->packs = packs;
    for (job->slab = 0; job->slab * SLAB < o->depth; job->slab++) {
        if (packs)
            fdml_parallel((o->n + job->columns_per_block - 1) / job->columns_per_block,
                          o->n_threads, pack_b_block, job);
        fdml_parallel((o->m + job->rows_per_block - 1) / job->rows_per_block, o->n_threads,
                      multiply_block, job);
    }
    return bench_now() - start;
}

static gemm_job prepare(const gemm_options *o)
{
    const size_t slabs = (o->depth + SLAB - 1) / SLAB;
    const size_t tiles = o->n_threads == 1 ? TILES_ALONE : TILES_SHARED;
    gemm_job job = { .o = *o,
                     .x = bench_floats(o->m * o->depth),
                     .y = bench_floats(o->n * o->depth),
                     .c = bench_floats(o->m * o->n),
                     .a = bench_floats(slabs * fdml_panels_size(o->m, SLAB, o->k->tile_rows)),
                     .b = bench_floats(slabs * fdml_panels_size(o->n, SLAB, o->k->tile_cols)),
                     .rows_per_block = tiles * o->k->tile_rows,
                     .columns_per_block = 4 * o->k->tile_cols };
    bench_uniform(job.x, o->m * o->depth, 1);
    bench_uniform(job.y, o->n * o->depth, 2);
    return job;
}

/* A thousand places of C against double: a speed without the right answer is none. */
static bool is_right(const gemm_job *job)
{
    const gemm_options *const o = &job->o;
    for (size_t s = 0; s < 1000; s++) {
        const size_t i = s * 7919 % o->m, j = s * 104729 % o->n;
        double sum = 0;
        for (size_t e = 0; e < o->depth; e++)
            sum += (double)job->x[i * o->depth + e] * (double)job->y[j * o->depth + e];
        if (!(fabs((double)job->c[i * o->n + j] - sum) <= (double)o->depth * 1e-6)) {
            fprintf(stderr, "gemm: c[%zu, %zu] is %g, expected %g\n", i, j,
                    (double)job->c[i * o->n + j], sum);
            return false;
        }
    }
    return true;
}

static void write_number(fdml_json_writer *writer, const char *key, double value)
{
    fdml_json_key(writer, key);
    fdml_json_number(writer, value);
}

static void write_line(const gemm_options *o, const gemm_times *median, double best,
                       double share, double bare_share)
{
    const double flops = 2.0 * (double)o->m * (double)o->n * (double)o->depth;
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, stdout, 0);
    fdml_json_begin_object(&writer);
    fdml_json_key(&writer, "bench");
    fdml_json_string(&writer, "gemm");
    fdml_json_key(&writer, "isa");
    fdml_json_string(&writer, o->k->isa);
    write_number(&writer, "m", (double)o->m);
    write_number(&writer, "n", (double)o->n);
    write_number(&writer, "k", (double)o->depth);
    write_number(&writer, "threads", o->n_threads);
    write_number(&writer, "rounds", (double)o->n_rounds);
    write_number(&writer, "seconds", median->seconds);
    write_number(&writer, "best_seconds", best);
    write_number(&writer, "gflops", flops / median->seconds * 1e-9);
    write_number(&writer, "peak_gflops", median->peak * 1e-9);
    write_number(&writer, "share", share);
    write_number(&writer, "share_without_packing", bare_share);
    bench_write_machine(&writer);
    fdml_json_end_object(&writer);
    printf("\n");
}

/* Each round: peak, gemm, peak, gemm without packing. A share is taken within a round, since
 * the clock moves between rounds, and the median of the shares is told. */
bool gemm_case_run(const gemm_options *o)
{
    gemm_job job = prepare(o);
    const double flops = 2.0 * (double)o->m * (double)o->n * (double)o->depth;
    const double warm = multiply(&job, true);
    const double peak_seconds = warm < 0.02 ? warm / 2 + 1e-4 : 0.01;
    double *const series = malloc(4 * o->n_rounds * sizeof *series);
    if (!series || !is_right(&job)) return false;
    double *const seconds = series, *const share = series + o->n_rounds;
    double *const bare_share = share + o->n_rounds, *const peak = bare_share + o->n_rounds;
    double best = INFINITY;
    for (size_t r = 0; r < o->n_rounds; r++) {
        const double before = bench_peak(o->k, peak_seconds, o->n_threads);
        seconds[r] = multiply(&job, true);
        const double between = bench_peak(o->k, peak_seconds, o->n_threads);
        const double bare_seconds = multiply(&job, false);
        const double after = bench_peak(o->k, peak_seconds, o->n_threads);
        best = fmin(best, seconds[r]);
        peak[r] = between;
        share[r] = flops / seconds[r] / ((before + between) / 2);
        bare_share[r] = flops / bare_seconds / ((between + after) / 2);
    }
    const gemm_times median = { .seconds = bench_median(seconds, o->n_rounds),
                                .peak = bench_median(peak, o->n_rounds) };
    write_line(o, &median, best, bench_median(share, o->n_rounds),
               bench_median(bare_share, o->n_rounds));
    free(series);
    return true;
}
