/* test_data_plumage.c - the birds are as many as they should be, in the colours they should
 * wear, with the same bytes everywhere; and the PNG writer's files are read as written.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "data/image.h"
#include "data/plumage.h"
#include "data/png_write.h"
#include "scratch.h"

enum { MAX_ITEMS = 8000 };

static size_t list(fdml_plumage_item *item, const fdml_plumage *p)
{
    fdml_error err = { 0 };
    fdml_arena work;
    fdml_arena_init(&work, 0);
    cr_assert_eq(fdml_plumage_check(p, &err), FDML_OK, "%s", err.text);
    cr_assert_leq(fdml_plumage_count(p), (size_t)MAX_ITEMS);
    cr_assert_eq(fdml_plumage_list(item, p, &work, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(work.used, 0u);
    fdml_arena_close(&work);
    return fdml_plumage_count(p);
}

Test(data_plumage, nine_to_one_in_every_species)
{
    static fdml_plumage_item item[MAX_ITEMS];
    const size_t n = list(item, &fdml_plumage_defaults);
    size_t pictures[100] = { 0 }, majority[100] = { 0 }, others[FDML_PLUMAGE_COLOURS] = { 0 };
    uint32_t main[100];
    cr_assert_eq(n, 100u * 60 + 40 * 32);
    for (size_t i = 0; i < 6000; i++) {
        const fdml_plumage_item *t = &item[i];
        const uint32_t s = t->species;
        cr_assert_eq(s, i / 60);
        cr_assert_eq(t->number, i % 60);
        cr_assert_eq((int)t->split, s < 40 ? 0 : s < 60 ? 1 : 2);
        if (!pictures[s]++) main[s] = t->colour;
        cr_assert_eq(t->is_majority, t->colour == main[s]);
        majority[s] += t->is_majority;
        if (!t->is_majority) others[t->colour]++;
    }
    size_t mains[3][FDML_PLUMAGE_COLOURS] = { { 0 } };
    for (size_t s = 0; s < 100; s++) {
        cr_assert_eq(majority[s], 54u);
        mains[s < 40 ? 0 : s < 60 ? 1 : 2][main[s]]++;
    }
    for (size_t c = 0; c < FDML_PLUMAGE_COLOURS; c++) {
        cr_assert(mains[0][c] == 5 && mains[2][c] == 5); /* 40 species in 8 colours */
        cr_assert(mains[1][c] == 2 || mains[1][c] == 3);
        cr_assert(others[c] > 40 && others[c] < 110); /* 75 expected, deviation 8 */
    }
    for (size_t i = 6000; i < n; i++) { /* the balanced copy */
        const fdml_plumage_item *t = &item[i];
        cr_assert_eq(t->split, FDML_PLUMAGE_BALANCED);
        cr_assert_eq(t->species, 60 + (i - 6000) / 32);
        cr_assert_eq(t->colour, (i - 6000) % 8);
        cr_assert_eq(t->is_majority, t->colour == main[t->species]);
    }
}

Test(data_plumage, imbalance_is_what_is_asked)
{
    static fdml_plumage_item item[MAX_ITEMS];
    static const struct {
        double imbalance;
        uint32_t per_class, majority;
    } cases[] = { { 9, 10, 9 }, { 4, 60, 48 }, { 1, 7, 4 }, { 0, 12, 0 }, { 1e6, 50, 50 } };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        fdml_plumage p = { .n_species = { 3, 0, 0 },
                           .per_class = { cases[k].per_class, 1, 1 },
                           .imbalance = cases[k].imbalance,
                           .size = 16 };
        const size_t n = list(item, &p);
        size_t majority = 0;
        cr_assert_eq(n, 3u * cases[k].per_class);
        for (size_t i = 0; i < n; i++) majority += item[i].is_majority;
        cr_assert_eq(majority, 3u * cases[k].majority);
    }
}

/* The bytes of thirty birds, whatever compiler and processor. */
Test(data_plumage, bytes_are_the_same_everywhere)
{
    static unsigned char rgb[48 * 48 * 3];
    fdml_plumage p = fdml_plumage_defaults;
    fdml_sha256 sha;
    char hex[FDML_SHA256_HEX];
    p.size = 48;
    fdml_sha256_init(&sha);
    for (uint32_t i = 0; i < 30; i++) {
        const fdml_plumage_item item = { .species = i * 3,
                                         .colour = i % 8,
                                         .number = i,
                                         .split = i * 3 < 40   ? FDML_PLUMAGE_TRAIN
                                                  : i * 3 < 60 ? FDML_PLUMAGE_VALIDATION
                                                               : FDML_PLUMAGE_TEST };
        fdml_plumage_draw(rgb, &p, &item);
        fdml_sha256_update(&sha, rgb, sizeof rgb);
    }
    fdml_sha256_final(&sha, hex);
    cr_assert_str_eq(hex, "3919d5253478f1b554e91ff30c1828f12c030722301aa6b852ba22ab91728679");
}

static double mean_of(const unsigned char *rgb, size_t size, int channel)
{
    double sum = 0; /* of the middle quarter, where the bird is */
    for (size_t y = size / 4; y < 3 * size / 4; y++)
        for (size_t x = size / 4; x < 3 * size / 4; x++)
            sum += rgb[(y * size + x) * 3 + (size_t)channel];
    return sum / (double)(size * size / 4);
}

/* A red bird is redder than the same bird in blue, a white one lighter than a black one; and
 * the same species and scene at another size is nearly the same picture. */
Test(data_plumage, birds_wear_their_colour)
{
    static unsigned char rgb[FDML_PLUMAGE_COLOURS][64 * 64 * 3], large[128 * 128 * 3];
    fdml_plumage p = fdml_plumage_defaults;
    for (uint32_t s = 0; s < 40; s++) {
        double difference = 0;
        for (uint32_t c = 0; c < FDML_PLUMAGE_COLOURS; c++) {
            const fdml_plumage_item item = { .species = s, .colour = c };
            p.size = 64;
            fdml_plumage_draw(rgb[c], &p, &item);
        }
        cr_assert_gt(mean_of(rgb[5], 64, 0) - mean_of(rgb[4], 64, 0), 10);
        cr_assert_gt(mean_of(rgb[4], 64, 2) - mean_of(rgb[5], 64, 2), 10);
        for (int c = 0; c < 3; c++)
            cr_assert_gt(mean_of(rgb[2], 64, c) - mean_of(rgb[1], 64, c), 10);
        const fdml_plumage_item red = { .species = s, .colour = 5 };
        p.size = 128;
        fdml_plumage_draw(large, &p, &red);
        for (int c = 0; c < 3; c++)
            difference += fabs(mean_of(large, 128, c) - mean_of(rgb[5], 64, c));
        cr_assert_lt(difference, 6);
    }
}

Test(data_plumage, other_seeds_make_other_birds)
{
    static unsigned char a[32 * 32 * 3], b[32 * 32 * 3];
    fdml_plumage p = fdml_plumage_defaults;
    fdml_plumage_item item = { 0 };
    fdml_plumage_draw(a, &p, &item);
    fdml_plumage_draw(b, &p, &item);
    cr_assert_arr_eq(a, b, sizeof a);
    p.n_species[1] = 7, p.per_class[0] = 150; /* others beside it change nothing */
    fdml_plumage_draw(b, &p, &item);
    cr_assert_arr_eq(a, b, sizeof a);
    p.seed = 2;
    fdml_plumage_draw(b, &p, &item);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
    p.seed = 1, item.number = 1;
    fdml_plumage_draw(b, &p, &item);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
    item.number = 0, item.species = 60, item.split = FDML_PLUMAGE_TEST;
    p = fdml_plumage_defaults;
    fdml_plumage_draw(a, &p, &item);
    item.split = FDML_PLUMAGE_BALANCED; /* the same species, another scene */
    fdml_plumage_draw(b, &p, &item);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}

Test(data_plumage, limits_are_named)
{
    fdml_error err;
    fdml_plumage p = fdml_plumage_defaults;
    p.size = 513;
    scratch_expect_error(fdml_plumage_check(&p, &err), &err, FDML_E_ARG,
                         "size is 513 pixels, expected 16 to 512");
    p = fdml_plumage_defaults, p.imbalance = -1;
    scratch_expect_error(fdml_plumage_check(&p, &err), &err, FDML_E_ARG,
                         "imbalance is -1 to 1, expected 0 to 1000000");
    p = fdml_plumage_defaults, p.n_species[1] = 100001;
    scratch_expect_error(fdml_plumage_check(&p, &err), &err, FDML_E_ARG,
                         "100001 validation species, expected 0 to 100000");
    p = fdml_plumage_defaults, p.n_species[0] = 100000, p.per_class[0] = 100000;
    cr_assert_eq(fdml_plumage_check(&p, &err), FDML_E_ARG);
    p = (fdml_plumage){ .per_class = { 1, 1, 1 }, .imbalance = 9, .size = 32 };
    scratch_expect_error(fdml_plumage_check(&p, &err), &err, FDML_E_ARG,
                         "0 pictures in all, expected 1 to 10000000");
}

/* A stored block holds 65535 bytes, and a row has one besides its pixels: 28 x 771 fill one
 * block to the last byte, 5461 x 4 and 21845 x 1 need one byte more. */
Test(data_plumage, png_is_read_as_written)
{
    static const size_t sides[][2] = { { 1, 1 },    { 3, 2 },     { 147, 150 }, { 28, 771 },
                                       { 5461, 4 }, { 21844, 1 }, { 21845, 1 }, { 300, 1000 } };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        const size_t width = sides[k][0], height = sides[k][1], n = width * height * 3;
        fdml_error err = { 0 };
        fdml_image image;
        fdml_rng rng;
        fdml_rng_init(&rng, 1, 0, (uint32_t)k);
        unsigned char *rgb = fdml_arena_push(&arena, n, 1);
        const size_t size = fdml_png_size(width, height);
        unsigned char *file = fdml_arena_push(&arena, size + 8, 1);
        for (size_t i = 0; i < n; i++) rgb[i] = (unsigned char)fdml_rng_u32(&rng);
        memset(file + size, 0xa5, 8);
        fdml_png_write(file, rgb, width, height);
        for (size_t i = 0; i < 8; i++) cr_assert_eq(file[size + i], 0xa5);
        cr_assert_eq(fdml_image_decode(&image, file, size, "x", &fdml_image_default_limits,
                                       &arena, &err),
                     FDML_OK, "%s", err.text);
        cr_assert(image.width == width && image.height == height);
        cr_assert_arr_eq(image.rgb, rgb, n);
    }
    fdml_arena_close(&arena);
}
