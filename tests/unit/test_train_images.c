/* test_train_images.c - a batch of pictures is the same whatever is kept and however many
 * threads decode; and a picture that cannot be read is named.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "scratch.h"
#include "train/images.h"
#include "train/stream.h"

enum { N_PICTURES = 9, SIDE = 10, ITEM = 3 * SIDE * SIDE, BATCH = 24 };

/* Pictures of 12 + k by 11 pixels of noise, as PPM; number 7 is cut short where `damaged`. */
static void open_pictures(fdml_pictures *pictures, bool damaged, fdml_arena *arena)
{
    static const fdml_pictures_options options = { NULL, false };
    static char list[N_PICTURES * 20];
    fdml_error err = { 0 };
    *list = 0;
    for (uint32_t k = 0; k < N_PICTURES; k++) {
        unsigned char file[1000];
        char name[20];
        fdml_rng rng;
        fdml_rng_init(&rng, 1, 0, k);
        const size_t n = (12 + k) * 11 * 3;
        const size_t header =
            (size_t)snprintf((char *)file, sizeof file, "P6 %u 11 255\n", (unsigned)(12 + k));
        for (size_t i = 0; i < n; i++) file[header + i] = (unsigned char)fdml_rng_u32(&rng);
        snprintf(name, sizeof name, "p%u.ppm", (unsigned)k);
        scratch_write(name, file, header + (damaged && k == 7 ? n / 2 : n));
        strcat(strcat(list, name), "\n");
    }
    cr_assert_eq(
        fdml_pictures_open(pictures, scratch_text("list.txt", list), &options, arena, &err),
        FDML_OK, "%s", err.text);
}

static fdml_images_options options_of(size_t cache_bytes, int n_threads)
{
    return (fdml_images_options){
        .augment = { .eval = { .resize_width = SIDE,
                               .resize_height = SIDE,
                               .n_channels = 3,
                               .scale = 1.0f / 255,
                               .std = { 1, 1, 1 } },
                     .width = SIDE,
                     .height = SIDE,
                     .has_crop = true,
                     .scale_low = 0.2,
                     .scale_high = 1,
                     .ratio_low = 0.75,
                     .ratio_high = 1.5,
                     .flip = 0.5,
                     .shift = 1,
                     .hue = 0.1,
                     .brightness = 0.2 },
        .limits = fdml_image_default_limits,
        .seed = 3,
        .cache_bytes = cache_bytes,
        .n_threads = n_threads,
        .kernels = fdml_kernels_best(),
    };
}

static fdml_images *open_images(const fdml_pictures *pictures,
                                const fdml_images_options *options)
{
    fdml_images *images = NULL;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_images_new(&images, pictures, options, &err), FDML_OK, "%s", err.text);
    return images;
}

static uint32_t row_of(uint64_t step, size_t i)
{
    return (uint32_t)((step * 5 + i * 7) % N_PICTURES);
}

static void train(float *planes, fdml_images *images, uint64_t step)
{
    uint32_t row[BATCH];
    fdml_error err = { 0 };
    for (size_t i = 0; i < BATCH; i++) row[i] = row_of(step, i);
    cr_assert_eq(fdml_images_train(images, planes, row, BATCH, step, &err), FDML_OK, "%s",
                 err.text);
}

Test(train_images, a_batch_does_not_depend_on_threads_or_on_what_is_kept)
{
    static const size_t budgets[] = { 0, 1000, 1 << 20 };
    static float want[3][BATCH * ITEM], got[BATCH * ITEM];
    fdml_arena arena;
    fdml_pictures pictures;
    fdml_arena_init(&arena, 0);
    open_pictures(&pictures, false, &arena);
    for (int n_threads = 1; n_threads <= 4; n_threads++)
        for (size_t b = 0; b < 3; b++) {
            const fdml_images_options options = options_of(budgets[b], n_threads);
            fdml_images *images = open_images(&pictures, &options);
            const bool is_first = n_threads == 1 && b == 0;
            for (uint64_t step = 3; step-- > 0;) { /* in an order of its own */
                train(is_first ? want[step] : got, images, step);
                if (!is_first) cr_assert_arr_eq(got, want[step], sizeof got);
            }
            cr_assert_leq(fdml_images_cached(images), budgets[b]);
            /* 9 pictures of 12 to 20 columns and 11 rows; the first two or three are 1000 */
            if (b == 1) cr_assert_gt(fdml_images_cached(images), 0u);
            if (b == 2) cr_assert_eq(fdml_images_cached(images), 16u * 9 * 11 * 3);
            fdml_images_free(images);
        }
    cr_assert_neq(memcmp(want[0], want[1], sizeof *want), 0);
    fdml_arena_close(&arena);
}

/* What is kept goes by the budget of the moment; what decoding takes is remembered. */
Test(train_images, the_budget_can_be_changed)
{
    static float planes[BATCH * ITEM];
    fdml_arena arena;
    fdml_pictures pictures;
    fdml_arena_init(&arena, 0);
    open_pictures(&pictures, false, &arena);
    const fdml_images_options options = options_of(0, 1);
    fdml_images *images = open_images(&pictures, &options);
    const size_t memory = fdml_images_memory(images);
    cr_assert_eq(fdml_images_scratch(images), 0);
    for (uint64_t step = 0; step < 3; step++) train(planes, images, step);
    const size_t scratch = fdml_images_scratch(images);
    cr_assert_eq(fdml_images_cached(images), 0);
    /* the largest picture, as it comes out of its file */
    cr_assert_geq(scratch, 20u * 11 * 3);
    fdml_images_set_cache(images, 1 << 20);
    for (uint64_t step = 0; step < 3; step++) train(planes, images, step);
    const size_t kept = fdml_images_cached(images);
    cr_assert_eq(kept, 16u * 9 * 11 * 3);
    fdml_images_set_cache(images, 0);
    train(planes, images, 3);
    cr_assert_eq(fdml_images_cached(images), kept);
    cr_assert_eq(fdml_images_memory(images), memory);
    fdml_images_free(images);
    fdml_arena_close(&arena);
}

/* The pieces, put together by hand. */
Test(train_images, a_picture_is_drawn_for_its_place_in_the_batch)
{
    static float batch[BATCH * ITEM];
    float alone[ITEM];
    fdml_arena arena;
    fdml_pictures pictures;
    fdml_arena_init(&arena, 0);
    open_pictures(&pictures, false, &arena);
    const fdml_images_options options = options_of(1 << 20, 2);
    fdml_images *images = open_images(&pictures, &options);
    cr_assert_eq(fdml_images_item(images), (size_t)ITEM);
    train(batch, images, 8);
    for (size_t i = 0; i < BATCH; i++) {
        char path[FDML_PATH_SIZE];
        fdml_image image;
        fdml_augment_draw draw;
        fdml_rng rng;
        fdml_pictures_path(path, &pictures, row_of(8, i), NULL);
        cr_assert_eq(fdml_image_read(&image, path, &options.limits, &arena, NULL), FDML_OK);
        fdml_rng_init(&rng, 3, fdml_train_stream(FDML_TRAIN_AUGMENT, 8), (uint32_t)i);
        fdml_augment_pick(&draw, &options.augment, image.width, image.height, &rng);
        const fdml_augment_input input = { &image, path };
        const fdml_augment_work work = { options.kernels, &arena };
        cr_assert_eq(fdml_augment_run(alone, &options.augment, &draw, &input, &work, NULL),
                     FDML_OK);
        cr_assert_arr_eq(alone, batch + i * ITEM, sizeof alone);
        uint32_t row = row_of(8, i);
        cr_assert_eq(fdml_images_eval(images, alone, &row, 1, NULL), FDML_OK);
        float want[ITEM];
        cr_assert_eq(fdml_preprocess_run(want, &options.augment.eval, &image, path,
                                         options.kernels, &arena, NULL),
                     FDML_OK);
        cr_assert_arr_eq(alone, want, sizeof alone);
    }
    fdml_images_free(images);
    fdml_arena_close(&arena);
}

Test(train_images, a_bad_picture_is_named_and_can_be_left_out)
{
    static float planes[N_PICTURES * ITEM];
    uint32_t row[N_PICTURES];
    fdml_error err, error[N_PICTURES];
    fdml_arena arena;
    fdml_pictures pictures;
    fdml_arena_init(&arena, 0);
    open_pictures(&pictures, true, &arena);
    fdml_images_options options = options_of(1 << 20, 2);
    fdml_images *images = open_images(&pictures, &options);
    for (uint32_t i = 0; i < N_PICTURES; i++) row[i] = i;
    cr_assert_eq(fdml_images_eval(images, planes, row, N_PICTURES, &err), FDML_E_FORMAT);
    cr_assert(strstr(err.text, "p7.ppm: "), "%s", err.text);
    cr_assert_eq(fdml_images_probe(images, error, row, N_PICTURES, &err), FDML_OK);
    for (size_t i = 0; i < N_PICTURES; i++)
        cr_assert_eq(error[i].status, i == 7 ? FDML_E_FORMAT : FDML_OK);
    cr_assert(strstr(error[7].text, "p7.ppm: "));
    row[7] = 0;
    cr_assert_eq(fdml_images_eval(images, planes, row, N_PICTURES, &err), FDML_OK);
    fdml_images_free(images);

    options.augment.eval.resize_width = 0; /* pictures of 11 rows and as many columns as each */
    images = open_images(&pictures, &options);
    cr_assert_eq(fdml_images_eval(images, planes, row, 1, &err), FDML_E_DATA);
    cr_assert(
        strstr(err.text, "p0.ppm: comes out at 12 x 10 pixels, the network takes 10 x 10"),
        "%s", err.text);
    fdml_images_free(images);
    options.augment.hue = 2;
    cr_assert_eq(fdml_images_new(&images, &pictures, &options, &err), FDML_E_ARG);
    fdml_images_free(NULL);
    fdml_arena_close(&arena);
}
