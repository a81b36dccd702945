/* test_eval_pairs.c - the distance pass against a plain double loop, with ties everywhere.
 *
 * The rows are small integers, so every score is exact in float and in double, equal scores
 * are frequent, and any slip in the order of ties shows as a wrong rank. 1,300 rows make
 * three blocks: diagonal, above, and a rim.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/pairs.h"

enum { N = 1300, DIM = 7 };

typedef struct world {
    fdml_arena arena;
    float *x;
    uint32_t *label, *junk, *side;
    uint8_t *query, *gallery;
    fdml_factor label_factor, junk_factor;
    fdml_problem problem;
    fdml_machine machine;
} world;

static void make_world(world *w, unsigned n_classes, bool is_sorted, fdml_distance distance)
{
    fdml_rng rng;
    fdml_arena_init(&w->arena, 0);
    fdml_rng_init(&rng, 7, n_classes, 0);
    w->x = fdml_arena_push(&w->arena, N * DIM, sizeof(float));
    w->label = fdml_arena_push(&w->arena, N, 4);
    w->junk = fdml_arena_push(&w->arena, N, 4);
    w->side = fdml_arena_push(&w->arena, N, 4);
    w->query = fdml_arena_push(&w->arena, N, 1);
    w->gallery = fdml_arena_push(&w->arena, N, 1);
    for (unsigned i = 0; i < N; i++) {
        for (unsigned d = 0; d < DIM; d++)
            w->x[i * DIM + d] = (float)fdml_rng_below(&rng, 4) - 1 + (d == 0 ? 0.5f : 0);
        w->label[i] = is_sorted ? i * n_classes / N : fdml_rng_below(&rng, n_classes);
        w->junk[i] = fdml_rng_below(&rng, 3);
        w->side[i] = fdml_rng_below(&rng, 2);
        w->query[i] = fdml_rng_below(&rng, 3) != 0;
        w->gallery[i] = fdml_rng_below(&rng, 4) != 0;
    }
    w->label_factor = (fdml_factor){ "label", N, n_classes, w->label, NULL };
    w->junk_factor = (fdml_factor){ "junk", N, 3, w->junk, NULL };
    w->problem = (fdml_problem){
        .x = w->x, .n_rows = N, .dim = DIM, .distance = distance, .label = &w->label_factor
    };
    w->machine = (fdml_machine){ .kernels = fdml_kernels_best(), .n_threads = 2 };
}

/* Nearness in double; exact for l2 and ip on these rows, and for cosine as a test of ties only
 * where lengths are equal, so cosine is judged on distances, not on ties. */
static double nearness(const world *w, size_t i, size_t j)
{
    double dot = 0, d2 = 0;
    for (size_t d = 0; d < DIM; d++) {
        const double a = (double)w->x[i * DIM + d], b = (double)w->x[j * DIM + d];
        dot += a * b;
        d2 += (a - b) * (a - b);
    }
    return w->problem.distance == FDML_IP ? dot : -d2;
}

typedef struct ranks {
    const world *w;
    uint32_t depth;
    unsigned calls[N];
    unsigned wrong;
} ranks;

static bool asks(const world *w, size_t i)
{
    return !w->problem.is_query || w->query[i];
}

static bool answers(const world *w, size_t i, size_t j)
{
    if (i == j || (w->problem.is_gallery && !w->gallery[j])) return false;
    return !(w->problem.exclude && w->label[i] == w->label[j] && w->junk[i] == w->junk[j]);
}

static bool is_nearer(const world *w, size_t i, size_t j, size_t than)
{
    const double a = nearness(w, i, j), b = nearness(w, i, than);
    return a > b || (a == b && j < than);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void check_ranks(void *ctx, uint32_t query, const uint32_t *rank, uint32_t n)
{
    ranks *r = ctx;
    r->calls[query]++;
    if (query % 11) return; /* a sample from every block: the plain count is slow */
    uint32_t expected[N], n_relevant = 0;
    for (size_t p = 0; p < N; p++) {
        if (!answers(r->w, query, p) || r->w->label[p] != r->w->label[query]) continue;
        uint32_t position = 1;
        for (size_t j = 0; j < N; j++)
            position += answers(r->w, query, j) && j != p && is_nearer(r->w, query, j, p);
        expected[n_relevant++] = position;
    }
    qsort(expected, n_relevant, sizeof *expected, by_number);
    if (n != n_relevant) r->wrong++;
    const uint32_t limit = r->depth > n ? r->depth : n;
    for (uint32_t e = 0; e < n && n == n_relevant; e++) {
        if (r->depth && expected[e] > limit) expected[e] = FDML_RANK_BEYOND;
        if (rank[e] != expected[e]) r->wrong++;
    }
}

static void run_ranks(world *w, uint32_t depth)
{
    static ranks r;
    memset(&r, 0, sizeof r);
    r.w = w;
    r.depth = depth;
    w->machine.n_threads = 1; /* Criterion's checks are not made for threads; others use two */
    const fdml_pass pass = { .on_ranks = check_ranks, .ranks_ctx = &r, .depth = depth };
    fdml_error err;
    cr_assert_eq(fdml_pass_run(&pass, &w->problem, &w->machine, &w->arena, &err), FDML_OK);
    cr_assert_eq(r.wrong, 0, "%u wrong ranks", r.wrong);
    for (size_t i = 0; i < N; i++) cr_assert_eq(r.calls[i], asks(w, i) ? 1 : 0);
}

Test(pairs, ranks_equal_a_plain_count_with_ties)
{
    for (int sorted = 0; sorted < 2; sorted++)
        for (int distance = FDML_L2; distance <= FDML_IP; distance++) {
            world w;
            make_world(&w, 200, sorted, distance);
            run_ranks(&w, 0);
            run_ranks(&w, 8);
            fdml_arena_close(&w.arena);
        }
}

Test(pairs, ranks_with_large_classes_and_little_memory)
{
    world w;
    make_world(&w, 4, false, FDML_L2); /* 325 rows a class: binary search, rectangle */
    run_ranks(&w, 0);
    run_ranks(&w, 8);
    size_t least, wanted;
    const fdml_pass pass = { .on_ranks = check_ranks };
    fdml_pass_memory(&least, &wanted, &pass, &w.problem, &w.machine);
    cr_assert_leq(least, wanted);
    w.machine.memory_limit = least;
    run_ranks(&w, 0);
    w.machine.memory_limit = least / 2;
    fdml_error err;
    cr_assert_eq(fdml_pass_run(&pass, &w.problem, &w.machine, &w.arena, &err), FDML_E_LIMIT);
    fdml_arena_close(&w.arena);
}

Test(pairs, ranks_between_queries_and_gallery_and_with_excluded_rows)
{
    world w;
    make_world(&w, 40, false, FDML_L2);
    w.problem.exclude = &w.junk_factor;
    run_ranks(&w, 0);
    w.problem.is_query = w.query;
    run_ranks(&w, 0);
    w.problem.is_gallery = w.gallery;
    run_ranks(&w, 0);
    run_ranks(&w, 4);
    w.problem.exclude = NULL;
    run_ranks(&w, 0);
    fdml_arena_close(&w.arena);
}

enum { K = 5 };

static void check_neighbours(world *w)
{
    static uint32_t found[N * K], want[K];
    const fdml_pass pass = { .top_k = K, .neighbour = found };
    fdml_error err;
    cr_assert_eq(fdml_pass_run(&pass, &w->problem, &w->machine, &w->arena, &err), FDML_OK);
    for (size_t i = 0; i < N; i++) {
        size_t n = 0;
        for (size_t j = 0; j < N; j++) {
            if (!asks(w, i) || !answers(w, i, j)) continue;
            size_t at = n < K ? n++ : K;
            while (at > 0 && is_nearer(w, i, j, want[at - 1])) {
                if (at < K) want[at] = want[at - 1];
                at--;
            }
            if (at < K) want[at] = (uint32_t)j;
        }
        for (size_t r = 0; r < K; r++)
            cr_assert_eq(found[i * K + r], r < n ? want[r] : FDML_RANK_BEYOND, "row %zu", i);
    }
}

Test(pairs, nearest_rows_equal_a_plain_search_with_ties)
{
    world w;
    make_world(&w, 50, false, FDML_L2);
    check_neighbours(&w);
    w.problem.is_query = w.query;
    w.problem.is_gallery = w.gallery;
    check_neighbours(&w);
    fdml_arena_close(&w.arena);
}

static void scaled_row(const world *w, size_t i, double *to)
{
    double length = 0;
    for (size_t d = 0; d < DIM; d++) {
        to[d] = (double)w->x[i * DIM + d];
        length += to[d] * to[d];
    }
    for (size_t d = 0; w->problem.distance == FDML_COSINE && d < DIM; d++)
        to[d] /= sqrt(length);
}

static double squared_distance(const world *w, size_t i, size_t j)
{
    double a[DIM], b[DIM], d2 = 0;
    scaled_row(w, i, a);
    scaled_row(w, j, b);
    for (size_t d = 0; d < DIM; d++) d2 += (a[d] - b[d]) * (a[d] - b[d]);
    return d2;
}

Test(pairs, sums_equal_a_double_loop_for_every_distance)
{
    static double potential[2 * N], distance[2 * N];
    static uint32_t zero[N];
    for (int kind = FDML_COSINE; kind <= FDML_IP; kind++) {
        world w;
        make_world(&w, 50, false, (fdml_distance)kind);
        const uint32_t all = N, halves[2] = { 0, 0 };
        const fdml_grouping grouping[2] = {
            { .by = "overall", .n_groups = 1, .code = zero, .n_rows = &all },
            { .by = "side", .n_groups = 2, .code = w.side, .n_rows = halves },
        };
        const fdml_groupings groupings = { 2, grouping };
        const fdml_pass pass = { .groupings = &groupings,
                                 .potential = potential,
                                 .distance = distance };
        fdml_error err;
        cr_assert_eq(fdml_pass_run(&pass, &w.problem, &w.machine, &w.arena, &err), FDML_OK);
        for (size_t i = 0; i < N; i += 37)
            for (int a = 0; a < 2; a++) {
                double e = 0, d = 0;
                for (size_t j = 0; j < N; j++) {
                    if (j == i || (a && w.side[i] != w.side[j])) continue;
                    const double d2 = squared_distance(&w, i, j);
                    e += exp(-2 * d2);
                    d += sqrt(d2);
                }
                cr_assert_float_eq(potential[a * N + i], e, 2e-5 * e + 1e-6);
                /* float cancellation: d^2 is off by ~1e-6, sqrt of a zero by 1e-3, few are 0 */
                cr_assert_float_eq(distance[a * N + i], d, 2e-5 * d + 2e-3);
            }
        fdml_arena_close(&w.arena);
    }
}

Test(pairs, histogram_and_thresholds_count_every_pair_once)
{
    static uint64_t histogram[FDML_HISTOGRAM_BINS], crossed_cells[4];
    static uint32_t zero[N], accepted[2 * N];
    world w;
    make_world(&w, 50, false, FDML_L2);
    const uint32_t all = N, halves[2] = { 0, 0 };
    const fdml_grouping grouping[2] = {
        { .by = "overall", .n_groups = 1, .code = zero, .n_rows = &all },
        { .by = "side", .n_groups = 2, .code = w.side, .n_rows = halves },
    };
    const fdml_groupings groupings = { 2, grouping };
    uint64_t *const per_grouping[2] = { NULL, crossed_cells };
    uint64_t *const *const crossed[1] = { per_grouping };
    const float threshold = -9;
    const fdml_pass pass = { .groupings = &groupings,
                             .histogram = histogram,
                             .histogram_low = -100,
                             .histogram_width = 100.0f / 65536,
                             .thresholds = &threshold,
                             .n_thresholds = 1,
                             .accepted = accepted,
                             .crossed = crossed };
    fdml_error err;
    cr_assert_eq(fdml_pass_run(&pass, &w.problem, &w.machine, &w.arena, &err), FDML_OK);
    uint64_t sum = 0, above = 0, want_above = 0, want_crossed[4] = { 0 };
    const size_t edge = (size_t)((threshold + 100) * 65536 / 100);
    for (size_t b = 0; b < FDML_HISTOGRAM_BINS; b++) {
        sum += histogram[b];
        if (b >= edge) above += histogram[b];
    }
    for (size_t i = 0; i < N; i++) {
        uint32_t own = 0, same_side = 0;
        for (size_t j = 0; j < N; j++) {
            if (i == j || nearness(&w, i, j) < -9) continue;
            own++;
            same_side += w.side[i] == w.side[j];
            want_above += i < j;
            want_crossed[w.side[i] * 2 + w.side[j]]++;
        }
        cr_assert_eq(accepted[i], own);
        cr_assert_eq(accepted[N + i], same_side);
    }
    cr_assert_eq(sum, (uint64_t)N * (N - 1) / 2);
    cr_assert_eq(above, want_above);
    for (int c = 0; c < 4; c++) cr_assert_eq(crossed_cells[c], want_crossed[c]);
    fdml_arena_close(&w.arena);
}

static void keep_ranks(void *ctx, uint32_t query, const uint32_t *rank, uint32_t n)
{
    uint32_t *hash = (uint32_t *)ctx + query;
    for (uint32_t r = 0; r < n; r++) *hash = *hash * 1000003u + rank[r];
}

Test(pairs, same_bits_for_every_isa_and_thread_count)
{
    static uint32_t hash[2][N], zero[N], found[2][N * K];
    static double potential[2][N];
    world w;
    make_world(&w, 60, false, FDML_COSINE);
    const uint32_t all = N;
    const fdml_grouping overall = {
        .by = "overall", .n_groups = 1, .code = zero, .n_rows = &all
    };
    const fdml_groupings groupings = { 1, &overall };
    int run = 0;
    for (size_t isa = 0; fdml_kernels_list(isa); isa++)
        for (int threads = 1; threads <= 7; threads += 3, run++) {
            const int to = run ? 1 : 0;
            memset(hash[to], 0, sizeof hash[to]);
            w.machine.kernels = fdml_kernels_list(isa);
            w.machine.n_threads = threads;
            const fdml_pass pass = { .on_ranks = keep_ranks,
                                     .ranks_ctx = hash[to],
                                     .top_k = K,
                                     .neighbour = found[to],
                                     .groupings = &groupings,
                                     .potential = potential[to] };
            fdml_error err;
            cr_assert_eq(fdml_pass_run(&pass, &w.problem, &w.machine, &w.arena, &err), FDML_OK);
            cr_assert_arr_eq(hash[0], hash[to], sizeof hash[0]);
            cr_assert_arr_eq(found[0], found[to], sizeof found[0]);
            cr_assert_arr_eq(potential[0], potential[to], sizeof potential[0]);
        }
    fdml_arena_close(&w.arena);
}
