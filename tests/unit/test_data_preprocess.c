/* test_data_preprocess.c - resizing against Pillow's bytes, whole inputs against torchvision's
 * floats, both made by tests/golden/make_images.py.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/preprocess.h"
#include "scratch.h"

#define GOLDEN "tests/golden/images/"

static const fdml_preprocess as_bytes = { .n_channels = 3, .scale = 1, .std = { 1, 1, 1 } };

static fdml_image read_picture(const char *path, fdml_arena *arena)
{
    fdml_image image;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_image_read(&image, path, &fdml_image_default_limits, arena, &err),
                 FDML_OK, "%s", err.text);
    return image;
}

/* The planes in the arena; their sides in `sides`. */
static float *preprocess(size_t sides[2], const fdml_preprocess *p, const fdml_image *image,
                         const fdml_kernels *kernels, fdml_arena *arena)
{
    fdml_error err = { 0 };
    cr_assert_eq(
        fdml_preprocess_size(&sides[0], &sides[1], p, image->width, image->height, "x", &err),
        FDML_OK, "%s", err.text);
    float *planes = fdml_arena_push(arena, sides[0] * sides[1], 3 * sizeof *planes);
    const size_t used = arena->used;
    cr_assert_eq(fdml_preprocess_run(planes, p, image, "x", kernels, arena, &err), FDML_OK,
                 "%s", err.text);
    cr_assert_eq(arena->used, used);
    return planes;
}

/* By every table: the bytes may not depend on the processor. */
static void expect_picture(const fdml_preprocess *p, const fdml_image *image,
                           const char *expected, fdml_arena *arena)
{
    const fdml_image want = read_picture(expected, arena);
    const fdml_kernels *kernels;
    for (size_t k = 0; (kernels = fdml_kernels_list(k)); k++) {
        size_t sides[2];
        const float *planes = preprocess(sides, p, image, kernels, arena);
        const size_t n = sides[0] * sides[1];
        cr_assert(sides[0] == want.width && sides[1] == want.height);
        for (size_t i = 0; i < 3 * n; i++)
            cr_assert_eq(planes[i % 3 * n + i / 3], (float)want.rgb[i],
                         "%s %s: byte %zu is %g, Pillow has %d", expected, kernels->isa, i,
                         (double)planes[i % 3 * n + i / 3], want.rgb[i]);
    }
}

Test(data_preprocess, resizes_as_pillow)
{
    static const size_t size[][2] = { { 41, 23 }, { 20, 11 }, { 7, 5 },   { 1, 1 },
                                      { 41, 9 },  { 13, 23 }, { 90, 60 }, { 3, 50 } };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_picture(GOLDEN "resize/source.ppm", &arena);
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        char path[200];
        fdml_preprocess p = as_bytes;
        p.resize_width = size[i][0], p.resize_height = size[i][1];
        snprintf(path, sizeof path, GOLDEN "resize/%zux%zu.ppm", size[i][0], size[i][1]);
        expect_picture(&p, &source, path, &arena);
    }
    fdml_preprocess boxed = as_bytes;
    boxed.has_box = true;
    memcpy(boxed.box, (const size_t[]){ 5, 3, 30, 20 }, sizeof boxed.box);
    boxed.resize_width = 8, boxed.resize_height = 12;
    expect_picture(&boxed, &source, GOLDEN "resize/box_8x12.ppm", &arena);
    fdml_arena_close(&arena);
}

/* A centre crop resizes only what it keeps: the same bytes as cutting afterwards. */
Test(data_preprocess, crops_as_if_after_resizing)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image source = read_picture(GOLDEN "resize/source.ppm", &arena);
    const fdml_kernels *kernels = fdml_kernels_best();
    fdml_preprocess p = as_bytes;
    p.resize_width = 20, p.resize_height = 11;
    size_t whole_sides[2], sides[2];
    const float *whole = preprocess(whole_sides, &p, &source, kernels, &arena);
    p.center_width = 7, p.center_height = 4;
    const float *part = preprocess(sides, &p, &source, kernels, &arena);
    cr_assert(sides[0] == 7 && sides[1] == 4);
    /* 13 too many: 6.5 to even is 6; 7 too many: 3.5 to even is 4 */
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < 4; y++)
            cr_assert_arr_eq(part + (c * 4 + y) * 7, whole + (c * 11 + y + 4) * 20 + 6,
                             7 * sizeof *part);
    fdml_arena_close(&arena);
}

/* The data of a C-ordered <f4 .npy of version 1, in an arena so that they are aligned. */
static const float *read_npy(const char *path, size_t n, fdml_arena *arena)
{
    fdml_map map;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_file_map(&map, path, &err), FDML_OK, "%s", err.text);
    const size_t start = 10 + (size_t)map.data[8] + ((size_t)map.data[9] << 8);
    cr_assert_eq(map.size, start + n * sizeof(float), "%s", path);
    float *values = fdml_arena_push(arena, n, sizeof *values);
    memcpy(values, map.data + start, n * sizeof *values);
    fdml_file_unmap(&map);
    return values;
}

static fdml_image transpose(const fdml_image *in, fdml_arena *arena)
{
    fdml_image out = { in->height, in->width, NULL };
    out.rgb = fdml_arena_push(arena, in->width * in->height, 3);
    for (size_t y = 0; y < in->height; y++)
        for (size_t x = 0; x < in->width; x++)
            memcpy(out.rgb + 3 * (x * in->height + y), in->rgb + 3 * (y * in->width + x), 3);
    return out;
}

Test(data_preprocess, equals_torchvision)
{
    static const size_t steps[][2] = { { 12, 10 }, { 12, 11 }, { 9, 14 }, { 16, 13 } };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_image wide = read_picture(GOLDEN "resize/source.ppm", &arena);
    const fdml_image tall = transpose(&wide, &arena);
    for (size_t i = 0; i < 8; i++) {
        const size_t shorter = steps[i / 2][0], crop = steps[i / 2][1], n = 3 * crop * crop;
        char path[200];
        size_t sides[2];
        fdml_preprocess p = fdml_preprocess_imagenet;
        p.resize_shorter = shorter, p.center_width = p.center_height = crop;
        snprintf(path, sizeof path, GOLDEN "torch/%s_%zu_%zu.npy", i % 2 ? "tall" : "wide",
                 shorter, crop);
        const float *want = read_npy(path, n, &arena);
        const float *got =
            preprocess(sides, &p, i % 2 ? &tall : &wide, fdml_kernels_best(), &arena);
        for (size_t j = 0; j < n; j++)
            cr_assert_eq(got[j], want[j], "%s: value %zu is %.9g, torchvision has %.9g", path,
                         j, (double)got[j], (double)want[j]);
    }
    fdml_arena_close(&arena);
}

/* Eight faces as MobileFaceNet takes them, made with PIL and NumPy. */
Test(data_preprocess, faces_of_mobilefacenet)
{
    enum { SIDE = 112, N = 3 * SIDE * SIDE };
    static const char folder[] = "models/golden_mobilefacenet";
    fdml_arena arena;
    char path[600], file[401];
    fdml_arena_init(&arena, 0);
    snprintf(path, sizeof path, "%s/input_8x3x112x112_rgb.npy", folder);
    const float *want = read_npy(scratch_shared(path), 8 * N, &arena);
    snprintf(path, sizeof path, "%s/files.txt", folder);
    FILE *list = fopen(scratch_shared(path), "r");
    cr_assert(list != NULL);
    fdml_preprocess p = as_bytes;
    p.has_box = true;
    memcpy(p.box, (const size_t[]){ 57, 50, 193, 186 }, sizeof p.box);
    p.resize_width = p.resize_height = SIDE;
    for (int c = 0; c < 3; c++) p.mean[c] = 127.5f, p.std[c] = 128;
    for (size_t i = 0; i < 8; i++, want += N) {
        size_t sides[2];
        cr_assert_eq(fscanf(list, "%400s", file), 1);
        snprintf(path, sizeof path, "data/lfw/%s", file);
        const fdml_image image = read_picture(scratch_shared(path), &arena);
        const float *got = preprocess(sides, &p, &image, fdml_kernels_best(), &arena);
        for (size_t j = 0; j < N; j++) cr_assert_eq(got[j], want[j], "%s: value %zu", file, j);
    }
    fclose(list);
    fdml_arena_close(&arena);
}

/* --- by hand ----------------------------------------------------------------------------- */

Test(data_preprocess, channels)
{
    unsigned char rgb[] = { 255, 0, 0, 10, 20, 30 };
    const fdml_image image = { 2, 1, rgb };
    fdml_arena arena;
    size_t sides[2];
    fdml_arena_init(&arena, 0);
    fdml_preprocess p = as_bytes;
    p.is_bgr = true;
    p.mean[0] = 10, p.std[2] = 2;
    const float *bgr = preprocess(sides, &p, &image, fdml_kernels_best(), &arena);
    cr_assert_arr_eq(bgr, ((const float[]){ -10, 20, 0, 20, 127.5f, 5 }), 6 * sizeof *bgr);

    p = as_bytes;
    p.n_channels = 1;
    const float *grey = preprocess(sides, &p, &image, fdml_kernels_best(), &arena);
    /* 0.299 * 255 = 76.2; 0.299 * 10 + 0.587 * 20 + 0.114 * 30 = 18.2 */
    cr_assert(grey[0] == 76 && grey[1] == 18);

    p = as_bytes; /* 3 x 3 with the pixels in the middle row: (3 - 2) / 2 = 0 columns before */
    p.center_width = 3, p.center_height = 3, p.mean[0] = p.mean[1] = p.mean[2] = 1;
    const float *padded = preprocess(sides, &p, &image, fdml_kernels_best(), &arena);
    cr_assert_arr_eq(padded, ((const float[]){ -1, -1, -1, 254, 9, -1, -1, -1, -1 }),
                     9 * sizeof *padded);
    fdml_arena_close(&arena);
}

static void expect_size(const fdml_preprocess *p, size_t width, size_t height,
                        size_t want_width, size_t want_height)
{
    size_t w = 0, h = 0;
    cr_assert_eq(fdml_preprocess_size(&w, &h, p, width, height, "x", NULL), FDML_OK);
    cr_assert(w == want_width && h == want_height, "%zu x %zu", w, h);
}

Test(data_preprocess, sizes)
{
    fdml_preprocess p = as_bytes;
    expect_size(&p, 500, 375, 500, 375);
    p.resize_shorter = 256; /* int(256 * 500 / 375) = 341 */
    expect_size(&p, 500, 375, 341, 256);
    expect_size(&p, 375, 500, 256, 341);
    expect_size(&p, 256, 256, 256, 256);
    expect_size(&fdml_preprocess_imagenet, 500, 375, 224, 224);
}

Test(data_preprocess, refuses)
{
    fdml_error err = { 0 };
    size_t w = 7, h = 7;
    fdml_preprocess p = as_bytes;
    p.has_box = true;
    memcpy(p.box, (const size_t[]){ 57, 50, 193, 186 }, sizeof p.box);
    scratch_expect_error(fdml_preprocess_size(&w, &h, &p, 192, 250, "a.jpg", &err), &err,
                         FDML_E_DATA,
                         "a.jpg: box 57,50,193,186 is not within 192 x 250 pixels");
    p.box[2] = 57;
    cr_assert_eq(fdml_preprocess_size(&w, &h, &p, 250, 250, "a.jpg", &err), FDML_E_DATA);
    p = as_bytes;
    p.resize_shorter = 256;
    scratch_expect_error(
        fdml_preprocess_size(&w, &h, &p, 1, 16777216, "a.png", &err), &err, FDML_E_LIMIT,
        "a.png: with its shorter side of 1 pixels made 256, the one of 16777216 "
        "becomes longer than 2147483647");
    cr_assert(w == 7 && h == 7);
}

Test(data_preprocess, too_little_memory)
{
    fdml_arena pictures, arena;
    fdml_arena_init(&pictures, 0);
    const fdml_image source = read_picture(GOLDEN "resize/source.ppm", &pictures);
    fdml_preprocess p = as_bytes;
    p.resize_width = 20, p.resize_height = 11, p.n_channels = 1;
    float planes[220];
    size_t n_refused = 0;
    fdml_status status = FDML_E_NOMEM;
    for (size_t limit = 64; status == FDML_E_NOMEM; limit += 64, n_refused++) {
        fdml_error err = { 0 };
        fdml_arena_init(&arena, limit);
        status =
            fdml_preprocess_run(planes, &p, &source, "x", fdml_kernels_best(), &arena, &err);
        if (status)
            scratch_expect_error(status, &err, FDML_E_NOMEM,
                                 "x: no memory to resize 41 x 23 pixels to 20 x 11");
        cr_assert_eq(arena.used, 0u);
        fdml_arena_close(&arena);
    }
    cr_assert(status == FDML_OK && n_refused > 10);
    fdml_arena_close(&pictures);
}
