/* test_base_rng.c - published vectors of Philox4x32-10 and the distributions drawn from it.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"

/* kat_vectors of the Random123 distribution, philox4x32 10. */
static const struct {
    uint32_t counter[4], key[2], out[4];
} vectors[] = {
    { { 0 }, { 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { ~0u, ~0u, ~0u, ~0u },
      { ~0u, ~0u },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

Test(base_rng, philox_gives_the_published_blocks)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t out[4];
        fdml_philox(out, vectors[i].counter, vectors[i].key);
        cr_assert_arr_eq(out, vectors[i].out, sizeof out, "vector %zu", i);
    }
}

Test(base_rng, a_stream_is_a_function_of_its_key)
{
    fdml_rng a, b;
    fdml_rng_init(&a, 7, 1, 3);
    fdml_rng_init(&b, 7, 1, 3);
    for (int i = 0; i < 1000; i++) cr_assert_eq(fdml_rng_u32(&a), fdml_rng_u32(&b));
    const uint64_t other[][3] = {
        { 8, 1, 3 }, { 7, 2, 3 }, { 7, 1, 4 }, { 7, 1ull << 32, 3 }, { 7 + (1ull << 32), 1, 3 }
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        int n_equal = 0;
        fdml_rng_init(&a, 7, 1, 3);
        fdml_rng_init(&b, other[i][0], other[i][1], (uint32_t)other[i][2]);
        for (int j = 0; j < 100; j++) n_equal += fdml_rng_u32(&a) == fdml_rng_u32(&b);
        cr_assert_eq(n_equal, 0, "stream %zu", i);
    }
}

/* Chi-square with n - 1 degrees of freedom stays below its mean plus five deviations. */
static void check_uniform(uint32_t n, int n_bins)
{
    enum { DRAWS = 100000 };
    int count[64] = { 0 };
    double chi2 = 0;
    fdml_rng rng;
    fdml_rng_init(&rng, 1234, n, 0);
    for (int i = 0; i < DRAWS; i++) {
        const uint32_t value = fdml_rng_below(&rng, n);
        cr_assert_lt(value, n);
        count[(uint64_t)value * (uint64_t)n_bins / n]++;
    }
    const double expected = (double)DRAWS / n_bins;
    for (int b = 0; b < n_bins; b++)
        chi2 += (count[b] - expected) * (count[b] - expected) / expected;
    cr_assert_lt(chi2, n_bins - 1 + 5 * sqrt(2.0 * (n_bins - 1)), "n = %u", n);
}

Test(base_rng, below_is_uniform)
{
    check_uniform(2, 2);
    check_uniform(3, 3);
    check_uniform(10, 10);
    check_uniform(64, 64);
    /* Without rejection three quarters of 2^32 would favour a third of the values 2 to 1. */
    check_uniform(0xC0000000u, 3);
    check_uniform(0x80000001u, 50);
}

Test(base_rng, below_of_extremes)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 1, 1);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(fdml_rng_below(&rng, 1), 0u);
        cr_assert_lt(fdml_rng_below(&rng, UINT32_MAX), UINT32_MAX);
    }
}

Test(base_rng, doubles_and_normals_have_their_moments)
{
    enum { DRAWS = 200000 };
    double sum = 0, normal_sum = 0, normal_square = 0, normal_cube = 0;
    fdml_rng rng;
    fdml_rng_init(&rng, 5, 6, 7);
    for (int i = 0; i < DRAWS; i++) {
        const double u = fdml_rng_double(&rng), z = fdml_rng_normal(&rng);
        cr_assert(u >= 0 && u < 1);
        sum += u;
        normal_sum += z;
        normal_square += z * z;
        normal_cube += z * z * z;
    }
    const double root = sqrt((double)DRAWS);
    cr_assert_float_eq(sum / DRAWS, 0.5, 5 / root * sqrt(1.0 / 12));
    cr_assert_float_eq(normal_sum / DRAWS, 0, 5 / root);
    cr_assert_float_eq(normal_square / DRAWS, 1, 5 / root * sqrt(2.0));
    cr_assert_float_eq(normal_cube / DRAWS, 0, 5 / root * sqrt(15.0));
}

Test(base_rng, shuffles_are_uniform_permutations)
{
    int count[27] = { 0 };
    fdml_rng rng;
    fdml_rng_init(&rng, 9, 9, 9);
    for (int i = 0; i < 60000; i++) {
        uint32_t items[3] = { 0, 1, 2 };
        fdml_rng_shuffle(&rng, items, 3);
        count[items[0] * 9 + items[1] * 3 + items[2]]++;
    }
    static const int permutations[] = { 5, 7, 11, 15, 19, 21 }; /* 012 021 102 120 201 210 */
    int n = 0;
    for (int p = 0; p < 6; p++) {
        cr_assert_float_eq(count[permutations[p]], 10000, 500);
        n += count[permutations[p]];
    }
    cr_assert_eq(n, 60000);
    fdml_rng_shuffle(&rng, NULL, 0);
}
