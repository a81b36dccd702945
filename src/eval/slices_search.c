/* slices_search.c - the search: list slices, test all at once, choose findings. See slices.h.
 *
 * Sixteen exchanges go through the lattice side by side. What a slice counts, and the largest z
 * of a task, is touched by the one thread that runs the task, so all sums are the same for any
 * number of threads.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/slices_state.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the search of slices");
}

/* Relative size of differences that are rounding of sums of floats. */
static const double SLACK = 1e-6;

/* D of a slice from its sum and that of all queries. */
static double deviation_of(const slice_data *data, const slice_stat *stat, double sum,
                           double total)
{
    return sum - (double)stat->n / (double)data->n * total;
}

static double observed(const slice_data *data, const slice_stat *stat)
{
    return deviation_of(data, stat, (double)stat->loss, data->mean * (double)data->n);
}

/* --- what was observed ------------------------------------------------------------------ */

static void keep_loss(void *ctx, size_t task, uint32_t slice, const float *sums)
{
    (void)task;
    slice_lattice *lattice = ctx;
    lattice->stat[slice].loss = sums[0];
}

static fdml_status observe(slice_search *search, fdml_arena *arena, fdml_error *err)
{
    slice_lattice *lattice = &search->lattice;
    const slice_data *data = lattice->data;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    float *values = fdml_arena_push_zero(arena, data->n * SLICE_LANES, sizeof *values);
    if (!values) return no_memory(err);
    for (size_t i = 0; i < data->n; i++) values[i * SLICE_LANES] = data->loss[i];
    FDML_TRY(fdml_slice_pass(lattice, values, keep_loss, lattice, arena, err));
    for (size_t s = 0; s < lattice->n_slices; s++) {
        slice_stat *stat = &lattice->stat[s];
        stat->z = fdml_slice_z(stat, observed(data, stat));
        if (!isnan(stat->z)) search->n_tried++;
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- the null hypothesis ---------------------------------------------------------------- */

typedef struct batch {
    slice_lattice *lattice;
    const fdml_audit_settings *settings;
    uint64_t stream;
    size_t first, n;      /* exchanges */
    float *lane, *values; /* [SLICE_LANES, n], [n, SLICE_LANES] */
    double total[SLICE_LANES];
    char *scratch; /* [SLICE_LANES, size] */
    size_t size;
    double *largest; /* [n_tasks, SLICE_LANES] */
} batch;

static void draw_lane(void *ctx, size_t lane, int thread)
{
    (void)thread;
    batch *b = ctx;
    const slice_data *data = b->lattice->data;
    float *loss = b->lane + lane * data->n;
    fdml_slice_exchange(loss, data, b->settings->seed, b->stream, (uint32_t)(b->first + lane),
                        b->scratch + lane * b->size);
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) sum += (double)loss[i];
    b->total[lane] = sum;
}

enum { TURNED_AT_A_TIME = 1024 };

/* Lanes side by side, for a run of queries. */
static void turn(void *ctx, size_t run, int thread)
{
    (void)thread;
    const batch *b = ctx;
    const size_t n = b->lattice->data->n, begin = run * TURNED_AT_A_TIME;
    const size_t end = begin + TURNED_AT_A_TIME < n ? begin + TURNED_AT_A_TIME : n;
    for (size_t i = begin; i < end; i++)
        for (size_t l = 0; l < SLICE_LANES; l++)
            b->values[i * SLICE_LANES + l] = l < b->n ? b->lane[l * n + i] : 0;
}

static void count_reached(void *ctx, size_t task, uint32_t slice, const float *sums)
{
    const batch *b = ctx;
    const slice_data *data = b->lattice->data;
    slice_stat *stat = &b->lattice->stat[slice];
    double *largest = b->largest + task * SLICE_LANES;
    if (isnan(stat->z)) return;
    const double own = observed(data, stat) - SLACK * (double)stat->loss;
    const double inverse = 1 / stat->deviation, more = stat->skewness / 6;
    for (size_t l = 0; l < b->n; l++) {
        const double d = deviation_of(data, stat, (double)sums[l], b->total[l]);
        stat->n_reached += d >= own;
        /* (1 + u)^(1/3) <= 1 + u / 3, so z is at most this: most roots need not be drawn */
        if ((d - stat->mean) * inverse + more <= largest[l]) continue;
        const double z = fdml_slice_z(stat, d);
        if (z > largest[l]) largest[l] = z;
    }
}

static fdml_status make_batch(batch *b, slice_search *search, fdml_arena *arena,
                              fdml_error *err)
{
    const slice_data *data = search->lattice.data;
    b->lane = fdml_arena_push(arena, data->n * SLICE_LANES, sizeof *b->lane);
    b->values = fdml_arena_push(arena, data->n * SLICE_LANES, sizeof *b->values);
    b->size = (fdml_slice_exchange_size(data) + 63) / 64 * 64;
    b->scratch = fdml_arena_push(arena, SLICE_LANES, b->size);
    b->largest = fdml_arena_push(arena, search->lattice.n_tasks * SLICE_LANES, sizeof(double));
    return b->lane && b->values && b->scratch && b->largest ? FDML_OK : no_memory(err);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One batch of exchanges; the largest z of each go to null[0..n). */
static fdml_status run_batch(batch *b, double *null, fdml_arena *arena, fdml_error *err)
{
    const slice_lattice *lattice = b->lattice;
    const int n_threads = lattice->machine->n_threads;
    const size_t n_largest = lattice->n_tasks * SLICE_LANES;
    fdml_parallel(b->n, n_threads, draw_lane, b);
    fdml_parallel((lattice->data->n + TURNED_AT_A_TIME - 1) / TURNED_AT_A_TIME, n_threads, turn,
                  b);
    for (size_t i = 0; i < n_largest; i++) b->largest[i] = -INFINITY;
    FDML_TRY(fdml_slice_pass(lattice, b->values, count_reached, b, arena, err));
    for (size_t l = 0; l < b->n; l++) {
        null[l] = -INFINITY;
        for (size_t t = 0; t < lattice->n_tasks; t++)
            null[l] = fmax(null[l], b->largest[t * SLICE_LANES + l]);
    }
    return FDML_OK;
}

static fdml_status exchange(slice_search *search, const fdml_audit_settings *settings,
                            uint64_t stream, fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const size_t n = search->n_permutations;
    batch b = { .lattice = &search->lattice, .settings = settings, .stream = stream };
    FDML_TRY(make_batch(&b, search, arena, err));
    for (b.first = 0; b.first < n; b.first += b.n) {
        b.n = n - b.first < SLICE_LANES ? n - b.first : SLICE_LANES;
        FDML_TRY(run_batch(&b, search->null + b.first, arena, err));
        fdml_progress_report(search->lattice.machine->progress, "slices",
                             (double)(b.first + b.n), (double)n);
    }
    fdml_arena_reset(arena, mark);
    qsort(search->null, n, sizeof *search->null, ascending);
    return FDML_OK;
}

/* --- all of it -------------------------------------------------------------------------- */

double fdml_slice_p_search(const slice_search *search, double z)
{
    const double least = z - SLACK * fabs(z);
    size_t low = 0, high = search->n_permutations; /* the first that reaches it */
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (search->null[middle] >= least)
            high = middle;
        else
            low = middle + 1;
    }
    return (double)(1 + search->n_permutations - low) / (double)(1 + search->n_permutations);
}

/* Variance of outcomes between 0 and 1 whose mean is m, but for a factor. */
static double spread_at(double m)
{
    return m < 1 ? m * (1 - m) : 0;
}

/* A slice that is worse is more variable than it is by exchange, and makes the exchanges more
 * variable too. With m the mean loss of the rest, f the slice's share, s(m) = m (1 - m), the
 * difference d stands on both sides of
 *
 *   d n (1 - f) = D at the critical z sqrt(s(m + f d) / s(m))
 *               + z_power deviation sqrt((1 - f) s(m + d) / s(m) + f)
 *
 * and is found by going round, which converges in a few steps. */
double fdml_slice_detectable(const slice_search *search, const slice_stat *stat)
{
    const double z_power = 0.8416212335729143; /* normal quantile of FDML_POWER, 0.8 */
    const slice_data *data = search->lattice.data;
    const double f = (double)stat->n / (double)data->n, m = data->mean;
    const double at = fdml_slice_at(stat, search->critical);
    double d = 0;
    for (int round = 0; round < 32; round++) {
        const double all = spread_at(m + f * d) / spread_at(m);
        const double own = (1 - f) * spread_at(m + d) / spread_at(m) + f;
        d = (at * sqrt(all) + z_power * stat->deviation * sqrt(own)) /
            ((double)stat->n * (1 - f));
    }
    return d;
}

/* p_search <= level where fewer than level (n + 1) of 1 + n reach it. */
static double critical_value(const slice_search *search)
{
    const size_t n = search->n_permutations;
    const size_t n_above = (size_t)floor(search->level * (double)(n + 1));
    if (!n_above || !search->n_tried) return INFINITY;
    return search->null[n_above < n ? n - n_above : 0];
}

fdml_status fdml_slice_search(slice_search *search, const slice_data *data,
                              const fdml_audit_settings *settings, uint64_t stream,
                              const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    *search = (slice_search){ .n_permutations = settings->n_permutations,
                              /* 1 - 0.9 is a little less than 0.1 */
                              .level = (1 - settings->confidence) * (1 + 1e-12) };
    search->null = fdml_arena_push(arena, search->n_permutations, sizeof *search->null);
    if (!search->null) return no_memory(err);
    FDML_TRY(fdml_slice_lattice_make(&search->lattice, data, settings->slices.depth,
                                     settings->slices.min_rows, machine, arena, err));
    FDML_TRY(observe(search, arena, err));
    if (!search->n_tried) {
        search->critical = INFINITY;
        return FDML_OK;
    }
    FDML_TRY(exchange(search, settings, stream, arena, err));
    search->critical = critical_value(search);
    for (size_t s = 0; s < search->lattice.n_slices; s++) {
        const double z = search->lattice.stat[s].z;
        if (!isnan(z)) search->n_significant += fdml_slice_p_search(search, z) <= search->level;
    }
    return fdml_slice_select(search, arena, err);
}

/* As fdml_slice_lattice_make, make_batch and fdml_slice_select allocate. */
size_t fdml_slice_search_size(const slice_data *data, const fdml_audit_settings *settings,
                              const fdml_machine *machine)
{
    const unsigned depth = settings->slices.depth;
    const size_t n = data->n, n_cells = data->first[data->n_columns];
    size_t most = fdml_slice_count(data, depth, settings->slices.min_rows);
    if (most > FDML_SLICE_MOST) most = FDML_SLICE_MOST;
    const size_t listing = most * (sizeof(slice_stat) + sizeof(slice_node)) +
                           n_cells * (sizeof(slice_sum) + 16) +
                           (depth > 1 ? data->n_crossed : 0) * n * sizeof(uint32_t);
    const size_t own = n_cells * SLICE_LANES * sizeof(float) + depth * n * sizeof(uint32_t);
    const size_t passing = n * (2 * SLICE_LANES * sizeof(float) + 4 * sizeof(uint32_t)) +
                           2 * SLICE_LANES * n * sizeof(uint32_t) +
                           n_cells * SLICE_LANES * sizeof(double);
    return listing + passing + (size_t)machine->n_threads * own +
           settings->n_permutations * sizeof(double);
}
