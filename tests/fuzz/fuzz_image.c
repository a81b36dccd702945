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

static void decode(const uint8_t *data, size_t size)
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
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* A mutated PNG has wrong checksums and would never get past them: right ones are put in. */
static void decode_repaired(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    target_require(copy != NULL);
    memcpy(copy, data, size);
    for (size_t at = 8; size - at >= 12;) {
        const size_t length = (size_t)copy[at] << 24 | (size_t)copy[at + 1] << 16 |
                              (size_t)copy[at + 2] << 8 | copy[at + 3];
        if (length > size - at - 12) break;
        const uint32_t crc = checksum(copy + at + 4, 4 + length);
        at += 12 + length;
        for (int i = 0; i < 4; i++) copy[at - 1 - (size_t)i] = (uint8_t)(crc >> 8 * i);
    }
    decode(copy, size);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    if (size >= 8 && !memcmp(data, "\x89PNG\r\n\x1a\n", 8)) decode_repaired(data, size);
    return 0;
}
