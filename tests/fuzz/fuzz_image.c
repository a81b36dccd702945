/* fuzz_image.c - a picture, decoded and then made into a network's input.
 * SPDX-License-Identifier: MIT */
#include "data/preprocess.h"
#include "target.h"

/* A megapixel: a larger picture takes longer, and nothing else. */
static const fdml_image_limits limits = { .max_file = 1 << 16, .max_pixels = 1 << 20 };

static void preprocess(const fdml_image *image)
{
    static float planes[3 * 32 * 24];
    const fdml_preprocess steps = { .resize_width = 40,
                                    .resize_height = 20,
                                    .center_width = 32,
                                    .center_height = 24,
                                    .n_channels = 1 + 2 * (int)(image->width % 2),
                                    .scale = 1.0f / 255,
                                    .std = { 1, 1, 1 } };
    fdml_arena arena;
    fdml_arena_init(&arena, TARGET_MEMORY);
    target_require(
        !fdml_preprocess_run(planes, &steps, image, "x", fdml_kernels_best(), &arena, NULL));
    for (size_t i = 0; i < (size_t)steps.n_channels * 32 * 24; i++)
        target_require(planes[i] >= 0 && planes[i] <= 1);
    fdml_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fdml_image image;
    fdml_error err;
    fdml_arena arena;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status =
        fdml_image_decode(&image, data, size, "x.jpg", &limits, &arena, &err);
    if (status) {
        target_check_error(status, &err);
        target_require(arena.used == 0);
    } else {
        target_require(image.width && image.height);
        target_require(image.width * image.height <= limits.max_pixels);
        preprocess(&image);
    }
    fdml_arena_close(&arena);
    fdml_arena_init(&arena, 4096);
    (void)fdml_image_decode(&image, data, size, "x.jpg", &limits, &arena, NULL);
    fdml_arena_close(&arena);
    return 0;
}
