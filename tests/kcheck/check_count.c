/* check_count.c - kernels whose answers are whole numbers or lists: counted exactly here, one
 * element at a time. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kcheck.h"

static const size_t row_counts[] = { 0, 1, 2, 5, 18 };
#define N_ROW_COUNTS (sizeof row_counts / sizeof *row_counts)

/* Scores with ties, some infinite, some NaN. */
static fdml_tile random_scores(kcheck *t, size_t n_rows, size_t n_cols)
{
    const size_t stride = n_cols + kc_below(t, 3) * 9;
    float *c = kc_words(t, n_rows ? (n_rows - 1) * stride + n_cols : 0);
    for (size_t i = 0; i < n_rows; i++) {
        kc_fill_ties(t, c + i * stride, n_cols, KC_ALL);
        kc_fill(t, c + i * stride, n_cols / 3, KC_ALL);
    }
    return (fdml_tile){ .c = c, .stride = stride, .n_rows = n_rows, .n_cols = n_cols };
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static uint32_t n_above(const float *x, size_t n, size_t step, float floor)
{
    uint32_t count = 0;
    for (size_t i = 0; i < n; i++) count += x[i * step] > floor;
    return count;
}

/* Three equal arrays of counts to add to: expected, scalar, on trial. */
static void random_counts(kcheck *t, uint32_t *count[3], size_t n)
{
    for (int v = 0; v < 3; v++) count[v] = kc_words(t, n);
    for (size_t i = 0; i < n; i++) count[0][i] = count[1][i] = count[2][i] = kc_below(t, 1000);
}

static bool same_counts(kcheck *t, uint32_t *const count[3], size_t n)
{
    return kc_same(t, "count", count[0], count[2], n) &&
           kc_same(t, "count beside scalar", count[1], count[2], n) && kc_intact(t);
}

/* --- floors along rows: count_rows -------------------------------------------- */

typedef void floors_kernel(uint32_t *count, const fdml_tile *tile, const float *floors,
                           const uint32_t *begin, const uint32_t *end);

static void expected_floors(uint32_t *count, const fdml_tile *tile, const float *floors,
                            const uint32_t *begin, const uint32_t *end)
{
    for (size_t i = 0; i < tile->n_rows; i++) {
        const float *row = tile->c + i * tile->stride;
        for (uint32_t r = begin[i]; r < end[i]; r++) {
            count[r] += n_above(row, tile->n_cols, 1, floors[r]);
        }
    }
}

static void floors_case(kcheck *t, size_t n_rows, size_t n_cols)
{
    floors_kernel *const ref = t->ref->count_rows, *const k = t->k->count_rows;
    kc_case(t, "n_rows=%zu n_cols=%zu", n_rows, n_cols);
    const fdml_tile tile = random_scores(t, n_rows, n_cols);
    uint32_t *begin = kc_words(t, n_rows), *end = kc_words(t, n_rows), n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        begin[i] = n += kc_below(t, 3); /* a gap, of which nothing is read or counted */
        end[i] = n += kc_below(t, 8) ? kc_below(t, 10) : 40;
    }
    float *floors = kc_words(t, n);
    for (size_t i = 0; i < n_rows; i++) {
        kc_fill_ties(t, floors + begin[i], end[i] - begin[i], KC_ALL);
        qsort(floors + begin[i], end[i] - begin[i], sizeof *floors, compare_floats);
    }
    uint32_t *count[3];
    random_counts(t, count, n);
    expected_floors(count[0], &tile, floors, begin, end);
    ref(count[1], &tile, floors, begin, end);
    k(count[2], &tile, floors, begin, end);
    same_counts(t, count, n);
    while (kc_bench(t, n_rows == 18 && n_cols == 512)) k(count[2], &tile, floors, begin, end);
}

void check_count_rows(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < N_ROW_COUNTS && !t->has_failed; i++)
            floors_case(t, row_counts[i], kc_size(t, s));
}

/* --- bump_rows: one row, floors and columns with ids ------------------------------------- */

/* Place by place, without a search: the highest floor that is below, ties by id. */
static void expected_bumps(uint32_t *bump, const float *row, size_t n_cols, const float *floors,
                           const uint32_t *floor_id, uint32_t n_floors, const uint32_t *col_id)
{
    for (size_t j = 0; j < n_cols; j++)
        for (uint32_t e = n_floors; e-- > 0;)
            if (floors[e] < row[j] || (floors[e] == row[j] && floor_id[e] > col_id[j])) {
                bump[e]++;
                break;
            }
}

static void bump_case(kcheck *t, uint32_t n_floors, size_t n_cols)
{
    kc_case(t, "n_floors=%u n_cols=%zu", n_floors, n_cols);
    const fdml_tile tile = random_scores(t, 1, n_cols);
    uint32_t *floor_id = kc_words(t, n_floors), *col_id = kc_words(t, n_cols);
    float *floors = kc_words(t, n_floors);
    kc_fill_ties(t, floors, n_floors, KC_FINITE);
    qsort(floors, n_floors, sizeof *floors, compare_floats);
    for (uint32_t e = 0; e < n_floors; e++) floor_id[e] = 3 * (n_floors - e);
    for (size_t j = 0; j < n_cols; j++) col_id[j] = (uint32_t)(2 * j);
    uint32_t *begin = kc_words(t, 1), *end = kc_words(t, 1), *count[3];
    begin[0] = 0;
    end[0] = n_floors;
    random_counts(t, count, n_floors);
    expected_bumps(count[0], tile.c, n_cols, floors, floor_id, n_floors, col_id);
    t->ref->bump_rows(count[1], &tile, floors, floor_id, begin, end, col_id);
    t->k->bump_rows(count[2], &tile, floors, floor_id, begin, end, col_id);
    same_counts(t, count, n_floors);
    while (kc_bench(t, n_floors == 40 && n_cols == 512))
        t->k->bump_rows(count[2], &tile, floors, floor_id, begin, end, col_id);
}

void check_bump_rows(kcheck *t)
{
    static const uint32_t n_floors[] = { 0, 1, 2, 3, 9, 40, 129 };
    for (size_t i = 0; i < sizeof n_floors / sizeof *n_floors; i++)
        for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
            bump_case(t, n_floors[i], kc_size(t, s));
}

/* --- floors down columns ----------------------------------------------------------------- */

static void count_cols_case(kcheck *t, size_t n_rows, size_t n_cols, size_t depth)
{
    kc_case(t, "n_rows=%zu n_cols=%zu depth=%zu", n_rows, n_cols, depth);
    const size_t n_blocks = (n_cols + 15) / 16, n = n_blocks * depth * 16;
    const fdml_tile tile = random_scores(t, n_rows, n_cols);
    float *floors = kc_words(t, n), mine[16];
    uint32_t *count[3];
    random_counts(t, count, n);
    for (size_t j = 0; j < n_blocks * 16; j++) {
        const size_t used = j < n_cols ? kc_below(t, depth + 1) : 0;
        for (size_t r = 0; r < depth; r++) mine[r] = INFINITY;
        kc_fill_ties(t, mine, used, KC_ALL);
        qsort(mine, depth, sizeof *mine, compare_floats);
        for (size_t r = 0; r < depth; r++) {
            const size_t at = (j / 16 * depth + r) * 16 + j % 16;
            floors[at] = mine[r];
            if (j < n_cols) count[0][at] += n_above(tile.c + j, n_rows, tile.stride, mine[r]);
        }
    }
    t->ref->count_cols(count[1], &tile, floors, depth);
    t->k->count_cols(count[2], &tile, floors, depth);
    same_counts(t, count, n);
    while (kc_bench(t, n_rows == 18 && n_cols == 512))
        t->k->count_cols(count[2], &tile, floors, depth);
}

void check_count_cols(kcheck *t)
{
    static const size_t depths[] = { 4, 0, 1, 3, 5, 9, 16 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < N_ROW_COUNTS && !t->has_failed; i++)
            count_cols_case(t, row_counts[i], kc_size(t, s), depths[(s + i) % 7]);
}

/* --- arrays ------------------------------------------------------------------------------ */

static void count_equal_case(kcheck *t, size_t n)
{
    static const float values[] = { 0.0f, -0.0f, 0.125f, -1.25f, INFINITY, NAN };
    const float value = values[kc_below(t, sizeof values / sizeof *values)];
    kc_case(t, "n=%zu value=%g", n, (double)value);
    float *x = kc_words(t, n);
    kc_fill_ties(t, x, n, KC_ALL);
    kc_fill(t, x, n / 3, KC_ALL);
    uint32_t *count[3];
    random_counts(t, count, 1);
    for (size_t i = 0; i < n; i++) count[0][0] += x[i] == value;
    t->ref->count_equal(count[1], x, n, value);
    t->k->count_equal(count[2], x, n, value);
    same_counts(t, count, 1);
    while (kc_bench(t, n == 512)) t->k->count_equal(count[2], x, n, value);
}

void check_count_equal(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++) count_equal_case(t, kc_size(t, s));
}

static void pick_floors_case(kcheck *t, size_t n)
{
    static const uint32_t highs[] = { 0, 1, 40, 0x3fffffff, 0x7fffffff };
    const uint32_t high = highs[kc_below(t, sizeof highs / sizeof *highs)];
    kc_case(t, "n=%zu high=%u", n, (unsigned)high);
    float *at = kc_words(t, n), *below = kc_words(t, n), *expected = kc_words(t, n);
    float *want = kc_words(t, n), *got = kc_words(t, n);
    uint32_t *id = kc_words(t, n);
    kc_fill(t, at, n, KC_ALL);
    kc_fill(t, below, n, KC_ALL);
    for (size_t i = 0; i < n; i++) {
        id[i] = kc_below(t, 2) ? kc_below(t, 80) : fdml_rng_u32(&t->rng) >> 1;
        if (kc_below(t, 4) == 0) id[i] = high;
        expected[i] = id[i] > high ? below[i] : at[i];
    }
    t->ref->pick_floors(want, at, below, id, n, high);
    t->k->pick_floors(got, at, below, id, n, high);
    (void)(kc_same(t, "out", expected, got, n) && kc_same(t, "out", want, got, n) &&
           kc_intact(t));
    while (kc_bench(t, n == 512)) t->k->pick_floors(got, at, below, id, n, high);
}

void check_pick_floors(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++) pick_floors_case(t, kc_size(t, s));
}

/* By the float arithmetic of the contract; NaN lands in some bin, the same on all machines. */
static uint32_t expected_bin(float x, float low, float inverse_width, uint32_t n_bins)
{
    const float place = (x - low) * inverse_width;
    if (!(place > 0)) return 0;
    return place < (float)(n_bins - 1) ? (uint32_t)place : n_bins - 1;
}

static void bin_rows_case(kcheck *t, size_t n)
{
    static const uint32_t bins[] = { 1, 2, 7, 100, 4096, 1u << 24 };
    const uint32_t n_bins = bins[kc_below(t, sizeof bins / sizeof *bins)];
    const float low = kc_plain(t) - 4, inverse_width = (float)n_bins / (1 + fabsf(kc_plain(t)));
    kc_case(t, "n=%zu n_bins=%u", n, (unsigned)n_bins);
    float *x = kc_words(t, n);
    uint32_t *expected = kc_words(t, n), *want = kc_words(t, n), *got = kc_words(t, n);
    kc_fill(t, x, n, KC_ALL);
    for (size_t i = 0; i < n; i++) {
        if (kc_below(t, 3) == 0) /* a border, or beside it */
            x[i] = low + (float)kc_below(t, n_bins + 2u) / inverse_width;
        expected[i] = expected_bin(x[i], low, inverse_width, n_bins);
    }
    t->ref->bin_rows(want, x, n, low, inverse_width, n_bins);
    t->k->bin_rows(got, x, n, low, inverse_width, n_bins);
    (void)(kc_same(t, "bin", want, got, n) && kc_same(t, "bin", expected, got, n) &&
           kc_intact(t));
    while (kc_bench(t, n == 512)) t->k->bin_rows(got, x, n, low, inverse_width, n_bins);
}

void check_bin_rows(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++) bin_rows_case(t, kc_size(t, s));
}

/* --- topk_merge -------------------------------------------------------------------------- */

typedef struct entry {
    float value;
    uint32_t id;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Three blocks, whose ids need not come in order, against one sort of everything. */
static void topk_merge_case(kcheck *t, size_t k, size_t n)
{
    static const uint32_t first_ids[] = { 5000, 0, 0xfffff000u };
    kc_case(t, "k=%zu n=%zu", k, n);
    const size_t n_all = k + 3 * n;
    entry *all = kc_words(t, 2 * n_all);
    float *best[2], *value = kc_words(t, n), *sorted = kc_words(t, k);
    uint32_t *best_id[2], *sorted_id = kc_words(t, k);
    for (int v = 0; v < 2; v++) best[v] = kc_words(t, k), best_id[v] = kc_words(t, k);
    for (size_t i = 0; i < k; i++) { /* unused places */
        all[i] = (entry){ -INFINITY, 0xffffffffu };
        best[0][i] = best[1][i] = -INFINITY;
        best_id[0][i] = best_id[1][i] = 0xffffffffu;
    }
    for (size_t b = 0; b < 3; b++) {
        if (kc_below(t, 2))
            kc_fill_ties(t, value, n, KC_INF);
        else
            kc_fill(t, value, n, KC_DENORMAL | KC_HUGE | KC_INF);
        for (size_t i = 0; i < n; i++) {
            entry *const next = &all[k + b * n + i];
            *next = (entry){ value[i], first_ids[b] + (uint32_t)i };
            if (value[i] == -INFINITY) next->id = 0xffffffffu; /* never enters */
        }
        t->ref->topk_merge(best[0], best_id[0], k, value, n, first_ids[b]);
        t->k->topk_merge(best[1], best_id[1], k, value, n, first_ids[b]);
    }
    qsort(all, n_all, sizeof *all, compare_entries);
    for (size_t i = 0; i < k; i++) sorted[i] = all[i].value, sorted_id[i] = all[i].id;
    (void)(kc_same(t, "best", best[0], best[1], k) && kc_same(t, "best", sorted, best[1], k) &&
           kc_same(t, "best_id", best_id[0], best_id[1], k) &&
           kc_same(t, "best_id", sorted_id, best_id[1], k) && kc_intact(t));
    while (kc_bench(t, k == 10 && n == 512))
        t->k->topk_merge(best[1], best_id[1], k, value, n, 0);
}

void check_topk_merge(kcheck *t)
{
    static const size_t k[] = { 1, 2, 3, 8, 10, 16, 100 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof k / sizeof *k && !t->has_failed; i++)
            topk_merge_case(t, k[i], kc_size(t, s));
}
