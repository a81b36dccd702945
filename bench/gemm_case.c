/* gemm_case.c - a whole gemm as a caller pays for it: both packs, then every tile of C, on any
 * number of threads, beside the peak that the same threads reach in the same round.
 *
 * A block of columns is taken at a time, as many as fill half of an L2 with their panels of B;
 * these are packed once, in parallel. Then blocks of rows of C run through it; their panels of
 * A are packed when the first block of columns comes by, and kept. So every element is packed
 * once, and C meets memory once. (Slabs of k instead, as Goto and van de Geijn order them, were
 * a tenth slower here: C passes through L2 once for each.) Buffers are 2 MiB-aligned and in
 * huge pages where the system grants them. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/parallel.h"
#include "kernel_cases.h"
#include "timing.h"

/* Rows of a block: eight register tiles on one thread, fewer on several to even them out. */
enum { B_FLOATS = 1 << 18, TILES_ALONE = 8, TILES_SHARED = 4 };

typedef struct gemm_job {
    gemm_options o;
    float *x, *y, *c;      /* [m, depth], [n, depth], [m, n] */
    float *a, *b;          /* panels */
    size_t rows_per_block; /* a multiple of tile_rows */
    size_t columns;        /* of a block; a multiple of tile_cols */
    size_t first_column;   /* of the block in work */
    bool packs;            /* or takes the panels of the last time */
} gemm_job;

typedef struct gemm_times {
    double seconds, bare_seconds, peak; /* bare: without packing; peak in FLOP/s */
} gemm_times;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static fdml_rows rows_from(const float *x, size_t depth, size_t first, size_t n)
{
    return (fdml_rows){ .x = x, .stride = depth, .first = first, .n = n };
}

static size_t block_columns(const gemm_job *job)
{
    return smaller(job->o.n - job->first_column, job->columns);
}

/* One panel of B. */
static void pack_b_panel(void *ctx, size_t panel, int thread)
{
    (void)thread;
    const gemm_job *const job = ctx;
    const size_t width = job->o.k->tile_cols, at = panel * width;
    const fdml_rows rows = rows_from(job->y, job->o.depth, job->first_column + at,
                                     smaller(block_columns(job) - at, width));
    float *const b = job->b + job->first_column * job->o.depth;
    job->o.k->pack_b(b + at * job->o.depth, &rows, job->o.depth);
}

static void multiply_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gemm_job *const job = ctx;
    const size_t first = block * job->rows_per_block, depth = job->o.depth;
    const fdml_rows rows =
        rows_from(job->x, depth, first, smaller(job->o.m - first, job->rows_per_block));
    float *const a = job->a + first * depth;
    if (job->packs && job->first_column == 0) job->o.k->pack_a(a, &rows, depth);
    job->o.k->gemm(job->c + first * job->o.n + job->first_column, job->o.n, a,
                   job->b + job->first_column * depth, rows.n, block_columns(job), depth, 0);
}

static double multiply(gemm_job *job, bool packs)
{
    const gemm_options *const o = &job->o;
    const double start = bench_now();
    job->packs = packs;
    for (job->first_column = 0; job->first_column < o->n; job->first_column += job->columns) {
        if (packs)
            fdml_parallel((block_columns(job) + o->k->tile_cols - 1) / o->k->tile_cols,
                          o->n_threads, pack_b_panel, job);
        fdml_parallel((o->m + job->rows_per_block - 1) / job->rows_per_block, o->n_threads,
                      multiply_block, job);
    }
    return bench_now() - start;
}

static gemm_job prepare(const gemm_options *o)
{
    const size_t tiles = o->n_threads == 1 ? TILES_ALONE : TILES_SHARED;
    const size_t panels = B_FLOATS / (o->depth * o->k->tile_cols);
    gemm_job job = { .o = *o,
                     .x = bench_floats(o->m * o->depth),
                     .y = bench_floats(o->n * o->depth),
                     .c = bench_floats(o->m * o->n),
                     .a = bench_floats(fdml_panels_size(o->m, o->depth, o->k->tile_rows)),
                     .b = bench_floats(fdml_panels_size(o->n, o->depth, o->k->tile_cols)),
                     .rows_per_block = tiles * o->k->tile_rows,
                     .columns = (panels ? panels : 1) * o->k->tile_cols };
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
