/* test_train_augment.c - augmentation against torchvision's floats
 * (tests/golden/make_augment.py) and against what its parameters promise.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/file.h"
#include "data/npy.h"
#include "scratch.h"
#include "train/augment.h"
#include "train/stream.h"

#define GOLDEN "tests/golden/"

enum { WIDTH = 41, HEIGHT = 23, N = WIDTH * HEIGHT }; /* of source.ppm */

static fdml_image read_source(fdml_arena *arena)
{
    fdml_image image;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_image_read(&image, GOLDEN "images/resize/source.ppm",
                                 &fdml_image_default_limits, arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(image.width == WIDTH && image.height == HEIGHT);
    return image;
}

/* Fails where any of n floats is further than `bound` from the file's. */
static void expect_npy(const float *x, size_t n, const char *path, double bound)
{
    fdml_map map;
    fdml_npy npy;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_file_map(&map, path, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_npy_parse(&npy, map.data, map.size, path, &err), FDML_OK);
    cr_assert_eq(npy.n_items, n);
    for (size_t i = 0; i < n; i++) {
        float want;
        memcpy(&want, map.data + npy.data_offset + i * sizeof want, sizeof want);
        cr_assert(fabs((double)x[i] - (double)want) <= bound,
                  "%s: float %zu is %.9g, torchvision has %.9g", path, i, (double)x[i],
                  (double)want);
    }
    fdml_file_unmap(&map);
}

static void run(float *planes, const fdml_augment *a, const fdml_augment_draw *draw,
                const fdml_image *image, fdml_arena *arena)
{
    fdml_error err = { 0 };
    const fdml_augment_input input = { image, "x" };
    const fdml_augment_work work = { fdml_kernels_best(), arena };
    const size_t used = arena->used;
    cr_assert_eq(fdml_augment_run(planes, a, draw, &input, &work, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(arena->used, used);
}

/* The same factors and orders as in make_augment.py. Both compute in float; torch adds up its
 * mean and its grey in another order, and what hue divides by may be small. */
Test(train_augment, jitter_is_torchvisions)
{
    static const fdml_augment_draw draws[] = {
        { .factor = { 1.4, 1, 1, 0 }, .order = { 0, 1, 2, 3 } },
        { .factor = { 1, 0.3, 1, 0 }, .order = { 0, 1, 2, 3 } },
        { .factor = { 1, 1, 1.8, 0 }, .order = { 0, 1, 2, 3 } },
        { .factor = { 1, 1, 1, 0.37 }, .order = { 0, 1, 2, 3 } },
        { .factor = { 0.7, 1.3, 0.5, -0.21 }, .order = { 3, 1, 0, 2 } },
        { .factor = { 1.6, 2.5, 3, 0.5 }, .order = { 2, 3, 1, 0 } },
    };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_source(&arena);
    for (size_t k = 0; k < sizeof draws / sizeof *draws; k++) {
        static float planes[3 * N];
        char path[100];
        for (size_t i = 0; i < 3 * N; i++)
            planes[i] = (float)source.rgb[i % N * 3 + i / N] / 255;
        fdml_augment_jitter(planes, N, 3, &draws[k]);
        snprintf(path, sizeof path, GOLDEN "augment/jitter_%zu.npy", k);
        expect_npy(planes, sizeof planes / sizeof *planes, path, 4e-6);
    }
    fdml_arena_close(&arena);
}

static const fdml_augment small = {
    .eval = { .resize_width = 16,
              .resize_height = 12,
              .n_channels = 3,
              .scale = 1.0f / 255,
              .mean = { 0.485f, 0.456f, 0.406f },
              .std = { 0.229f, 0.224f, 0.225f } },
    .width = 16,
    .height = 12,
    .shift = 2,
};
enum { SMALL = 16 * 12 };

Test(train_augment, whole_is_torchvisions)
{
    float planes[3 * SMALL];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_source(&arena);
    fdml_augment a = small;
    a.has_crop = true, a.brightness = a.contrast = a.saturation = a.hue = 0.5;
    const fdml_augment_draw draw = { .box = { 5, 3, 30, 20 },
                                     .flip = true,
                                     .dx = 2,
                                     .dy = -1,
                                     .factor = { 1.2, 0.8, 1.1, 0.05 },
                                     .order = { 0, 1, 2, 3 } };
    run(planes, &a, &draw, &source, &arena);
    expect_npy(planes, 3 * SMALL, GOLDEN "augment/whole.npy", 2e-5); /* 4e-6 / 0.22 */
    fdml_arena_close(&arena);
}

/* Nothing drawn is eval, to the bit; a jitter that changes nothing is too, and BGR is RGB with
 * red and blue exchanged. */
Test(train_augment, nothing_drawn_changes_nothing)
{
    float want[3 * SMALL], got[3 * SMALL];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_source(&arena);
    const fdml_augment_draw none = { .box = { 0, 0, WIDTH, HEIGHT },
                                     .factor = { 1, 1, 1, 0 },
                                     .order = { 0, 1, 2, 3 } };
    for (int is_bgr = 0; is_bgr < 2; is_bgr++) {
        fdml_augment a = small;
        a.eval.is_bgr = is_bgr;
        cr_assert_eq(
            fdml_preprocess_run(want, &a.eval, &source, "x", fdml_kernels_best(), &arena, NULL),
            FDML_OK);
        run(got, &a, NULL, &source, &arena);
        cr_assert_arr_eq(got, want, sizeof want);
        run(got, &a, &none, &source, &arena);
        cr_assert_arr_eq(got, want, sizeof want);
        a.has_crop = true, a.hue = 0.1; /* the whole picture, through the jitter's path */
        run(got, &a, &none, &source, &arena);
        cr_assert_arr_eq(got, want, sizeof want);
    }
    fdml_arena_close(&arena);
}

Test(train_augment, shift_and_flip_move_pixels)
{
    float from[3 * SMALL], to[3 * SMALL];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_source(&arena);
    fdml_augment a = small;
    run(from, &a, NULL, &source, &arena);
    for (int edge = 0; edge < 2; edge++)
        for (int flip = 0; flip < 2; flip++)
            for (ptrdiff_t d = -2; d <= 2; d++) {
                a.shift_edge = edge;
                const fdml_augment_draw draw = { .flip = flip, .dx = d, .dy = 1 - d };
                run(to, &a, &draw, &source, &arena);
                for (ptrdiff_t i = 0; i < 3 * SMALL; i++) {
                    const ptrdiff_t c = i / SMALL, x = i % 16 - d, y = i / 16 % 12 - 1 + d;
                    const ptrdiff_t u = x < 0 ? 0 : x > 15 ? 15 : x;
                    const ptrdiff_t v = y < 0 ? 0 : y > 11 ? 11 : y;
                    const float black = (0 - a.eval.mean[c]) / a.eval.std[c];
                    const float in = from[c * SMALL + v * 16 + (flip ? 15 - u : u)];
                    const bool is_in = edge || (x == u && y == v);
                    cr_assert_eq(to[i], is_in ? in : black);
                }
            }
    fdml_arena_close(&arena);
}

static void pick(fdml_augment_draw *draw, const fdml_augment *a, size_t width, size_t height,
                 uint64_t step)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 1, fdml_train_stream(FDML_TRAIN_AUGMENT, step), 0);
    fdml_augment_pick(draw, a, width, height, &rng);
}

/* torchvision's averages are printed by make_augment.py, over 100,000 draws; ours are over
 * 20,000: the bounds are five standard deviations of both. */
Test(train_augment, crops_are_distributed_as_torchvisions)
{
    static const struct {
        size_t width, height;
        double area, ratio, middle;
    } cases[] = { { 224, 224, 0.4812, -0.0002, 0.4999 }, { 300, 120, 0.2556, 0.0370, 0.4995 } };
    enum { DRAWS = 20000 };
    for (size_t k = 0; k < 2; k++) {
        const size_t width = cases[k].width, height = cases[k].height;
        double area = 0, ratio = 0, middle = 0;
        for (uint64_t i = 0; i < DRAWS; i++) {
            fdml_augment_draw d;
            pick(&d, &fdml_augment_defaults, width, height, i);
            cr_assert(d.box[0] < d.box[2] && d.box[2] <= width);
            cr_assert(d.box[1] < d.box[3] && d.box[3] <= height);
            const double w = (double)(d.box[2] - d.box[0]), h = (double)(d.box[3] - d.box[1]);
            area += w * h / (double)(width * height) / DRAWS;
            ratio += fdml_log(w / h) / DRAWS;
            middle += ((double)d.box[0] + w / 2) / (double)width / DRAWS;
        }
        cr_assert_float_eq(area, cases[k].area, 0.01);     /* deviation of a draw < 0.25 */
        cr_assert_float_eq(ratio, cases[k].ratio, 0.007);  /* < 0.17 */
        cr_assert_float_eq(middle, cases[k].middle, 0.01); /* < 0.25 */
    }
}

/* A box of 90 to 100 % of 100 x 10 pixels never has a ratio up to 4/3: torchvision then takes
 * the middle round(10 * 4/3) = 13 columns from (100 - 13) // 2; of 10 x 100, 10 / (3/4) rows.
 */
Test(train_augment, crops_that_do_not_fit_fall_back_to_the_middle)
{
    fdml_augment a = fdml_augment_defaults;
    fdml_augment_draw d;
    a.scale_low = 0.9;
    pick(&d, &a, 100, 10, 0);
    cr_assert(d.box[0] == 43 && d.box[1] == 0 && d.box[2] == 56 && d.box[3] == 10);
    pick(&d, &a, 10, 100, 0);
    cr_assert(d.box[0] == 0 && d.box[1] == 43 && d.box[2] == 10 && d.box[3] == 56);
    a.eval.has_box = true; /* what is cropped is the box */
    memcpy(a.eval.box, (const size_t[]){ 7, 5, 107, 15 }, sizeof a.eval.box);
    pick(&d, &a, 200, 200, 0);
    cr_assert(d.box[0] == 50 && d.box[1] == 5 && d.box[2] == 63 && d.box[3] == 15);
    a.eval.has_box = false;
    pick(&d, &a, 1, 1, 0);
    cr_assert(d.box[0] == 0 && d.box[1] == 0 && d.box[2] == 1 && d.box[3] == 1);
}

Test(train_augment, every_number_stays_in_its_range_and_reaches_it)
{
    fdml_augment a = small;
    size_t n_flips = 0, dx[5] = { 0 }, dy[5] = { 0 }, first[4] = { 0 };
    double low[4] = { 9, 9, 9, 9 }, high[4] = { -9, -9, -9, -9 };
    a.flip = 0.3, a.brightness = 0.4, a.contrast = 1.5, a.saturation = 0.2, a.hue = 0.1;
    for (uint64_t i = 0; i < 4000; i++) {
        fdml_augment_draw d;
        unsigned seen = 0;
        pick(&d, &a, 50, 40, i);
        n_flips += d.flip;
        dx[d.dx + 2]++, dy[d.dy + 2]++, first[d.order[0]]++;
        for (int k = 0; k < 4; k++) {
            seen |= 1u << d.order[k];
            low[k] = d.factor[k] < low[k] ? d.factor[k] : low[k];
            high[k] = d.factor[k] > high[k] ? d.factor[k] : high[k];
        }
        cr_assert_eq(seen, 15u);
    }
    cr_assert(n_flips > 1050 && n_flips < 1350); /* 1200 expected, deviation 29 */
    for (int k = 0; k < 5; k++) cr_assert(dx[k] > 670 && dy[k] > 670); /* 800, 25 */
    for (int k = 0; k < 4; k++) cr_assert(first[k] > 860);             /* 1000, 27 */
    static const double want_low[] = { 0.6, 0, 0.8, -0.1 };
    static const double want_high[] = { 1.4, 2.5, 1.2, 0.1 };
    for (int k = 0; k < 4; k++) {
        const double slack = 0.01 * (want_high[k] - want_low[k]);
        cr_assert(low[k] >= want_low[k] && low[k] < want_low[k] + slack);
        cr_assert(high[k] <= want_high[k] && high[k] > want_high[k] - slack);
    }
}

Test(train_augment, limits_are_named)
{
    fdml_error err;
    fdml_augment a = fdml_augment_defaults;
    cr_assert_eq(fdml_augment_check(&a, &err), FDML_OK);
    a.hue = 0.6;
    scratch_expect_error(fdml_augment_check(&a, &err), &err, FDML_E_ARG,
                         "hue is 0.6, expected 0 to 0.5");
    a = fdml_augment_defaults, a.eval.has_box = true;
    scratch_expect_error(fdml_augment_check(&a, &err), &err, FDML_E_ARG,
                         "box 0,0,0,0 holds no pixel");
    a = fdml_augment_defaults, a.flip = NAN;
    cr_assert_eq(fdml_augment_check(&a, &err), FDML_E_ARG);
    a = fdml_augment_defaults, a.scale_high = 1.5;
    scratch_expect_error(fdml_augment_check(&a, &err), &err, FDML_E_ARG,
                         "scale of crops is 0.08 to 1.5, expected a range above 0 to 1");
    a = fdml_augment_defaults, a.shift = 224;
    scratch_expect_error(fdml_augment_check(&a, &err), &err, FDML_E_ARG,
                         "shift is 224, expected less than a side of 224 x 224");
}
