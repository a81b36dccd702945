/* check_tile.c - kernels over a tile of floats: maps in place, hits, sums, argmax. See
 * kcheck.h.
 *
 * Tiles have a gap between their rows, which must stay as it was.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

static const size_t row_counts[] = { 0, 1, 2, 5, 18 };

/* Calls run(t, n_rows, n_cols) over all sizes. */
static void over_sizes(kcheck *t, void (*run)(kcheck *t, size_t n_rows, size_t n_cols))
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof row_counts / sizeof *row_counts && !t->has_failed; i++)
            run(t, row_counts[i], kc_size(t, s));
}

static fdml_tile tile_of(kcheck *t, size_t n_rows, size_t n_cols, size_t stride)
{
    float *c = kc_words(t, n_rows ? (n_rows - 1) * stride + n_cols : 0);
    return (fdml_tile){ .c = c, .stride = stride, .n_rows = n_rows, .n_cols = n_cols };
}

static fdml_tile random_tile(kcheck *t, size_t n_rows, size_t n_cols, int kinds)
{
    const fdml_tile tile = tile_of(t, n_rows, n_cols, n_cols + kc_below(t, 3) * 9);
    for (size_t i = 0; i < n_rows; i++) kc_fill(t, tile.c + i * tile.stride, n_cols, kinds);
    return tile;
}

static fdml_tile copy_of(kcheck *t, const fdml_tile *tile)
{
    const fdml_tile copy = tile_of(t, tile->n_rows, tile->n_cols, tile->stride);
    for (size_t i = 0; i < tile->n_rows; i++)
        memcpy(copy.c + i * tile->stride, tile->c + i * tile->stride,
               tile->n_cols * sizeof *tile->c);
    return copy;
}

static bool same_tile(kcheck *t, const fdml_tile *want, const fdml_tile *got)
{
    for (size_t i = 0; i < got->n_rows; i++)
        if (!kc_same(t, "c in a row", want->c + i * got->stride, got->c + i * got->stride,
                     got->n_cols))
            return false;
    return kc_gaps_intact(t, got->c, got->n_rows, got->n_cols, got->stride);
}

/* --- c = f(alpha c + (row_bias + col_bias)) ---------------------------------------------- */

typedef double map_function(double v);

static double negated(double v)
{
    return v > 0 ? -v : 0;
}

static double gauss(double v)
{
    return exp(v > 0 ? -2 * v : 0);
}

static double root(double v)
{
    return v > 0 ? sqrt(v) : 0;
}

typedef struct tile_map {
    void (*run)(const fdml_kernels *k, const fdml_tile *tile, float alpha,
                const float *row_bias, const float *col_bias);
    map_function *f; /* monotone */
} tile_map;

static void run_negate(const fdml_kernels *k, const fdml_tile *tile, float alpha,
                       const float *row_bias, const float *col_bias)
{
    (void)alpha;
    k->negate_sqdist(tile, row_bias, col_bias);
}

static void run_potential(const fdml_kernels *k, const fdml_tile *tile, float alpha,
                          const float *row_bias, const float *col_bias)
{
    k->potential(tile, alpha, row_bias, col_bias);
}

static void run_distance(const fdml_kernels *k, const fdml_tile *tile, float alpha,
                         const float *row_bias, const float *col_bias)
{
    k->distance(tile, alpha, row_bias, col_bias);
}

/* The argument v has two roundings, of the biases' sum and of the multiply-add; f is
 * monotone, so its value lies between f(v - e) and f(v + e), give or take an ulp. */
static bool map_is_near(kcheck *t, const tile_map *map, size_t at, float got, double product,
                        double row_bias, double col_bias)
{
    const double v = product + (row_bias + col_bias);
    const double magnitude = fabs(product) + fabs(row_bias) + fabs(col_bias);
    if (isnan(v)) return true; /* the contract is silent */
    const double e = kc_gamma(2) * magnitude + 0x1p-149, value = map->f(v);
    const double below = fabs(value - map->f(v - e)), above = fabs(map->f(v + e) - value);
    const double ulp = (fabs(value) + above + below) * 0x1p-23 + 0x1p-149;
    return kc_near(t, "c", at, got, value, fmax(below, above) + ulp, magnitude);
}

static void map_case(kcheck *t, const tile_map *map, size_t n_rows, size_t n_cols, float alpha)
{
    kc_case(t, "n_rows=%zu n_cols=%zu alpha=%g", n_rows, n_cols, (double)alpha);
    float *row_bias = kc_words(t, n_rows), *col_bias = kc_words(t, n_cols);
    kc_fill(t, row_bias, n_rows, KC_FINITE);
    kc_fill(t, col_bias, n_cols, KC_FINITE);
    const fdml_tile c = random_tile(t, n_rows, n_cols, KC_ALL);
    const fdml_tile want = copy_of(t, &c), got = copy_of(t, &c);
    map->run(t->ref, &want, alpha, row_bias, col_bias);
    map->run(t->k, &got, alpha, row_bias, col_bias);
    if (!same_tile(t, &want, &got) || !kc_intact(t)) return;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_cols; j++) {
            const double product = (double)alpha * (double)c.c[i * c.stride + j];
            if (!map_is_near(t, map, i * n_cols + j, got.c[i * c.stride + j], product,
                             (double)row_bias[i], (double)col_bias[j]))
                return;
        }
    while (kc_bench(t, n_rows == 18 && n_cols == 512))
        map->run(t->k, &got, alpha, row_bias, col_bias);
}

static void check_map(kcheck *t, const tile_map *map, float alpha)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof row_counts / sizeof *row_counts && !t->has_failed; i++)
            map_case(t, map, row_counts[i], kc_size(t, s), alpha);
}

void check_negate_sqdist(kcheck *t)
{
    check_map(t, &(tile_map){ run_negate, negated }, -2);
}

void check_potential(kcheck *t)
{
    check_map(t, &(tile_map){ run_potential, gauss }, 4);
    check_map(t, &(tile_map){ run_potential, gauss }, -0.7f);
}

void check_distance(kcheck *t)
{
    check_map(t, &(tile_map){ run_distance, root }, -2);
    check_map(t, &(tile_map){ run_distance, root }, 1.3f);
}

/* --- scan_above -------------------------------------------------------------------------- */

static size_t expected_hits(fdml_hit *hits, const fdml_tile *tile, const float *row_floor,
                            const float *col_floor)
{
    size_t n = 0;
    for (size_t i = 0; i < tile->n_rows; i++)
        for (size_t j = 0; j < tile->n_cols; j++) {
            const float value = tile->c[i * tile->stride + j];
            const float floor = row_floor[i] < col_floor[j] ? row_floor[i] : col_floor[j];
            if (value >= floor) hits[n++] = (fdml_hit){ (uint16_t)i, (uint16_t)j, value };
        }
    return n;
}

static void scan_above_case(kcheck *t, size_t n_rows, size_t n_cols)
{
    kc_case(t, "n_rows=%zu n_cols=%zu", n_rows, n_cols);
    const size_t n_words = n_rows * n_cols * sizeof(fdml_hit) / sizeof(uint32_t);
    float *row_floor = kc_words(t, n_rows), *col_floor = kc_words(t, n_cols);
    const fdml_tile tile = random_tile(t, n_rows, n_cols, KC_ALL);
    for (size_t i = 0; i < n_rows; i++)
        kc_fill_ties(t, tile.c + i * tile.stride, n_cols / 2, KC_ALL);
    kc_fill_ties(t, row_floor, n_rows, KC_ALL);
    kc_fill_ties(t, col_floor, n_cols, KC_ALL);
    fdml_hit *expected = kc_words(t, n_words), *got = kc_words(t, n_words);
    fdml_hit *want = kc_words(t, n_words);
    const size_t n = expected_hits(expected, &tile, row_floor, col_floor);
    size_t n_want = 99, n_got = 99;
    t->ref->scan_above(want, &n_want, &tile, row_floor, col_floor);
    t->k->scan_above(got, &n_got, &tile, row_floor, col_floor);
    if (n_got != n || n_want != n)
        kc_fail(t, "%zu hits (scalar %zu), expected %zu", n_got, n_want, n);
    else
        (void)(kc_same(t, "hit word", expected, got, 2 * n) &&
               kc_same(t, "hit word", want, got, 2 * n) && kc_intact(t));
    while (kc_bench(t, n_rows == 18 && n_cols == 512))
        t->k->scan_above(got, &n_got, &tile, row_floor, col_floor);
}

void check_scan_above(kcheck *t)
{
    over_sizes(t, scan_above_case);
}

/* --- group_sums -------------------------------------------------------------------------- */

/* One sum: n values apart by `step` whose code is `code`, after `n_roundings` additions. */
static bool sum_is_near(kcheck *t, const char *what, size_t at, float got, float before,
                        const float *x, size_t n, size_t step, const uint32_t *codes,
                        uint32_t code, size_t n_roundings)
{
    double sum = (double)before, magnitude = fabs(sum);
    for (size_t i = 0; i < n; i++) {
        if (codes && codes[i] != code) continue;
        sum += (double)x[i * step];
        magnitude += fabs((double)x[i * step]);
    }
    return kc_near(t, what, at, got, sum, kc_gamma(n_roundings) * magnitude, magnitude);
}

static bool sums_are_near(kcheck *t, const fdml_tile *c, const float *row_sum,
                          const float *col_sum, const float *before, const uint32_t *row_code,
                          const uint32_t *col_code)
{
    for (size_t i = 0; row_sum && i < c->n_rows; i++)
        if (!sum_is_near(t, "row_sum", i, row_sum[i], before[i], c->c + i * c->stride,
                         c->n_cols, 1, col_code, row_code ? row_code[i] : 0,
                         c->n_cols / 16 + 6))
            return false;
    for (size_t j = 0; col_sum && j < c->n_cols; j++)
        if (!sum_is_near(t, "col_sum", j, col_sum[j], before[j], c->c + j, c->n_rows, c->stride,
                         row_code, col_code ? col_code[j] : 0, c->n_rows))
            return false;
    return true;
}

static void group_sums_case(kcheck *t, size_t n_rows, size_t n_cols)
{
    kc_case(t, "n_rows=%zu n_cols=%zu", n_rows, n_cols);
    const uint32_t features = fdml_rng_u32(&t->rng);
    const size_t longer = n_rows > n_cols ? n_rows : n_cols;
    const fdml_tile c = random_tile(t, n_rows, n_cols, KC_ALL);
    float *before = kc_words(t, longer), *row[2], *col[2];
    uint32_t *row_code = kc_words(t, n_rows), *col_code = kc_words(t, n_cols);
    kc_fill(t, before, longer, KC_FINITE);
    for (size_t i = 0; i < n_rows; i++) row_code[i] = kc_below(t, 4) * 0x40000001u;
    for (size_t j = 0; j < n_cols; j++) col_code[j] = kc_below(t, 4) * 0x40000001u;
    if (features % 4 == 0) row_code = col_code = NULL;
    for (int v = 0; v < 2; v++) {
        row[v] = kc_words(t, n_rows), col[v] = kc_words(t, n_cols);
        memcpy(row[v], before, n_rows * sizeof(float));
        memcpy(col[v], before, n_cols * sizeof(float));
        const fdml_kernels *k = v ? t->k : t->ref;
        if (features / 4 % 4 == 0) row[v] = NULL;
        if (features / 4 % 4 == 1) col[v] = NULL;
        k->group_sums(row[v], col[v], &c, row_code, col_code);
    }
    (void)((!row[0] || kc_same(t, "row_sum", row[0], row[1], n_rows)) &&
           (!col[0] || kc_same(t, "col_sum", col[0], col[1], n_cols)) && kc_intact(t) &&
           sums_are_near(t, &c, row[1], col[1], before, row_code, col_code));
    while (kc_bench(t, n_rows == 18 && n_cols == 512))
        t->k->group_sums(row[1], col[1], &c, row_code, col_code);
}

void check_group_sums(kcheck *t)
{
    over_sizes(t, group_sums_case);
}

/* --- argmax_rows: finite values, ascending ids -------------------------------------------- */

static void expected_argmax(float *best, uint32_t *best_id, const fdml_tile *tile,
                            const float *col_bias, const uint32_t *col_id)
{
    for (size_t i = 0; i < tile->n_rows; i++)
        for (size_t j = 0; j < tile->n_cols; j++) {
            const float v = tile->c[i * tile->stride + j] + col_bias[j];
            if (v < best[i] || (v == best[i] && col_id[j] >= best_id[i])) continue;
            best[i] = v;
            best_id[i] = col_id[j];
        }
}

static void argmax_rows_case(kcheck *t, size_t n_rows, size_t n_cols)
{
    kc_case(t, "n_rows=%zu n_cols=%zu", n_rows, n_cols);
    const fdml_tile c = random_tile(t, n_rows, n_cols, KC_FINITE);
    float *bias = kc_words(t, n_cols), *best[3];
    uint32_t *id = kc_words(t, n_cols), *best_id[3];
    kc_fill_ties(t, bias, n_cols, KC_ZERO);
    for (size_t i = 0; i < n_rows; i += 2) kc_fill_ties(t, c.c + i * c.stride, n_cols, KC_ZERO);
    uint32_t next = kc_below(t, 20);
    for (size_t j = 0; j < n_cols; j++) id[j] = next += 1 + kc_below(t, 3);
    for (int v = 0; v < 3; v++) best[v] = kc_words(t, n_rows), best_id[v] = kc_words(t, n_rows);
    kc_fill_ties(t, best[0], n_rows, KC_ZERO);
    for (size_t i = 0; i < n_rows; i++) {
        best_id[0][i] = kc_below(t, 40);
        if (kc_below(t, 2)) best[0][i] = -INFINITY, best_id[0][i] = 0xffffffffu;
    }
    for (int v = 1; v < 3; v++) {
        memcpy(best[v], best[0], n_rows * sizeof(float));
        memcpy(best_id[v], best_id[0], n_rows * sizeof(uint32_t));
    }
    expected_argmax(best[0], best_id[0], &c, bias, id);
    t->ref->argmax_rows(best[1], best_id[1], &c, bias, id);
    t->k->argmax_rows(best[2], best_id[2], &c, bias, id);
    for (size_t i = 0; i < n_rows; i++) /* +0 and -0 tie */
        if (best[2][i] != best[0][i])
            kc_fail(t, "best[%zu] is %.9g, expected %.9g", i, (double)best[2][i],
                    (double)best[0][i]);
    (void)(kc_same(t, "best_id", best_id[0], best_id[2], n_rows) &&
           kc_same(t, "best", best[1], best[2], n_rows) && kc_intact(t));
    while (kc_bench(t, n_rows == 18 && n_cols == 512))
        t->k->argmax_rows(best[2], best_id[2], &c, bias, id);
}

void check_argmax_rows(kcheck *t)
{
    over_sizes(t, argmax_rows_case);
}
