/* test_eval_forest.c - the forest against its definition, and what it orders rows by.
 *
 * The definition is written out without ranks, weights or running sums: rows are repeated, cuts
 * are counted anew one by one. Only the draws are the forest's own (forest.h).
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/forest.h"
#include "eval/sort_keys.h"

enum { ROWS = 180, DIM = 10, WANTED = 3, VALUES = 7, TESTS = 60, TREES = 9, LISTED = 400 };

static fdml_error err;
static float x[ROWS * DIM];
static uint32_t code[ROWS], list[LISTED], tested[TESTS];

/* Features of 2^bits different values; the last does not vary. */
static void make_rows(unsigned bits)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 5, 0, bits);
    for (uint32_t i = 0; i < ROWS; i++) {
        code[i] = fdml_rng_below(&rng, VALUES);
        for (uint32_t d = 0; d < DIM; d++) {
            const double noise = fdml_rng_double(&rng) + (code[i] == d ? .3 : 0) - .5;
            x[i * DIM + d] =
                d + 1 == DIM ? -.5f : (float)ldexp(floor(ldexp(noise, (int)bits)), -3);
        }
    }
    for (uint32_t i = 0; i < TESTS; i++) tested[i] = 3 * i;
    for (uint32_t i = 0; i < LISTED; i++) { /* two in three rows, some of them often */
        const uint32_t r = fdml_rng_below(&rng, i % 2 ? ROWS : ROWS / 6);
        list[i] = r - (r % 3 == 0) + 2 * (r == 0);
    }
}

/* --- by definition ----------------------------------------------------------------------- */

typedef struct plain {
    fdml_rng rng;
    uint32_t feature[DIM];
    uint32_t vote[TESTS];
} plain;

static float at(uint32_t row, uint32_t feature)
{
    return x[row * DIM + feature];
}

/* Sum over sides of squared weights / weight; below 0 where a side is empty. */
static double purity(const uint32_t *row, size_t n, uint32_t f, float most)
{
    double count[2][VALUES] = { { 0 } }, weight[2] = { 0 }, square[2] = { 0 };
    for (size_t i = 0; i < n; i++) {
        const int side = at(row[i], f) > most;
        count[side][code[row[i]]]++;
        weight[side]++;
    }
    if (weight[0] < 1 || weight[1] < 1) return -1;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < VALUES; v++) square[side] += count[side][v] * count[side][v];
    return square[0] / weight[0] + square[1] / weight[1];
}

static int compare(const void *a, const void *b)
{
    const float p = *(const float *)a, q = *(const float *)b;
    return (p > q) - (p < q);
}

/* The first best cut of the features drawn; its threshold. False: there is none. */
static bool best_cut(plain *p, uint32_t *feature, float *threshold, const uint32_t *row,
                     size_t n)
{
    double best = -1;
    for (uint32_t i = 0; i < DIM && (i < WANTED || best < 0); i++) {
        const uint32_t j = i + fdml_rng_below(&p->rng, DIM - i), f = p->feature[j];
        float value[LISTED];
        p->feature[j] = p->feature[i];
        p->feature[i] = f;
        for (size_t k = 0; k < n; k++) value[k] = at(row[k], f);
        qsort(value, n, sizeof *value, compare);
        for (size_t k = 0; k + 1 < n; k++) {
            const double score = purity(row, n, f, value[k]);
            if (value[k] == value[k + 1] || score <= best) continue;
            best = score;
            *feature = f;
            *threshold = (float)(((double)value[k] + (double)value[k + 1]) / 2);
        }
    }
    return best >= 0;
}

static uint32_t most_frequent(const uint32_t *of, size_t n)
{
    uint32_t count[VALUES] = { 0 }, best = 0;
    for (size_t i = 0; i < n; i++) count[of[i]]++;
    for (uint32_t v = 1; v < VALUES; v++)
        if (count[v] > count[best]) best = v;
    return best;
}

/* Left side first, as the features are drawn in that order. */
static void grow(plain *p, const uint32_t *row, size_t n, const uint32_t *test, size_t n_tests)
{
    uint32_t side_row[2][LISTED], side_test[2][TESTS], value[LISTED], feature = 0;
    size_t m[2] = { 0 }, m_tests[2] = { 0 };
    float threshold = 0;
    bool is_pure = true;
    for (size_t i = 0; i < n; i++) {
        value[i] = code[row[i]];
        is_pure = is_pure && value[i] == value[0];
    }
    if (is_pure || !best_cut(p, &feature, &threshold, row, n)) {
        for (size_t i = 0; i < n_tests; i++) p->vote[test[i]] = most_frequent(value, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const int side = at(row[i], feature) > threshold;
        side_row[side][m[side]++] = row[i];
    }
    for (size_t i = 0; i < n_tests; i++) {
        const int side = at(tested[test[i]], feature) > threshold;
        side_test[side][m_tests[side]++] = test[i];
    }
    for (int s = 0; s < 2; s++) grow(p, side_row[s], m[s], side_test[s], m_tests[s]);
}

static void plain_forest(uint32_t expected[TESTS], uint64_t seed)
{
    uint32_t vote[TESTS][TREES], row[LISTED], test[TESTS];
    plain p;
    for (uint32_t i = 0; i < TESTS; i++) test[i] = i;
    for (uint32_t tree = 0; tree < TREES; tree++) {
        fdml_rng_init(&p.rng, seed, 1, tree);
        for (uint32_t f = 0; f < DIM; f++) p.feature[f] = f;
        for (size_t i = 0; i < LISTED; i++) row[i] = list[fdml_rng_below(&p.rng, LISTED)];
        grow(&p, row, LISTED, test, TESTS);
        for (size_t i = 0; i < TESTS; i++) vote[i][tree] = p.vote[i];
    }
    for (size_t i = 0; i < TESTS; i++) expected[i] = most_frequent(vote[i], TREES);
}

/* Values from few, most of them equal, to as many as there are rows. */
Test(eval_forest, by_definition)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (unsigned bits = 1; bits <= 20; bits += 3) {
        uint32_t predicted[ROWS], expected[TESTS];
        make_rows(bits);
        const fdml_samples train = { x, DIM, NULL, code, VALUES, list, LISTED };
        const fdml_samples test = { x, DIM, NULL, code, VALUES, tested, TESTS };
        const fdml_forest_options options = { TREES, bits, 1, { fdml_kernels_best(), 2 } };
        cr_assert_eq(fdml_forest_predict(predicted, &train, &test, &options, &arena, &err),
                     FDML_OK);
        plain_forest(expected, bits);
        for (size_t i = 0; i < TESTS; i++)
            cr_assert_eq(predicted[tested[i]], expected[i], "%u bits, test %zu", bits, i);
        cr_assert_leq(arena.peak, fdml_forest_size(DIM, VALUES, LISTED, ROWS, TESTS, &options));
    }
    fdml_arena_close(&arena);
}

/* --- order ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return (p > q) - (p < q);
}

Test(eval_forest, keys_ascend)
{
    enum { MOST = 700 };
    uint64_t key[MOST], expected[MOST], spare[MOST];
    fdml_rng rng;
    fdml_rng_init(&rng, 8, 0, 0);
    for (size_t n = 0; n <= MOST; n += n < 70 ? 1 : 90)
        for (unsigned shift = 0; shift < 64; shift += 21) { /* narrow and wide */
            for (size_t i = 0; i < n; i++)
                key[i] = ((uint64_t)fdml_rng_u32(&rng) << 32 | fdml_rng_u32(&rng)) >> shift;
            memcpy(expected, key, n * sizeof *key);
            if (n) qsort(expected, n, sizeof *expected, compare_keys);
            fdml_sort_keys(key, spare, n);
            cr_assert_eq(memcmp(key, expected, n * sizeof *key), 0, "%zu keys", n);
        }
}

Test(eval_forest, keys_of_floats_order_them)
{
    const float ascending[] = { -INFINITY, -3, -1, -1e-40f, 0, 1e-40f, 1, 1.5f, INFINITY };
    for (size_t i = 1; i < sizeof ascending / sizeof *ascending; i++)
        cr_assert_lt(fdml_key_of_float(ascending[i - 1]), fdml_key_of_float(ascending[i]));
    cr_assert_eq(fdml_key_of_float(-0.f), fdml_key_of_float(0));
}
