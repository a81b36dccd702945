/* test_data_image.c - pictures against PIL's pixels, refusals, spoiled files.
 *
 * tests/golden/images holds small pictures of every kind and what PIL made of them
 * (tests/golden/make_images.py); the tests run where the tree is.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/image.h"
#include "data/image_check.h"
#include "scratch.h"

static fdml_status read_picture(fdml_image *image, const char *path, fdml_arena *arena,
                                fdml_error *err)
{
    return fdml_image_read(image, path, &fdml_image_default_limits, arena, err);
}

static void expect_failure(const char *path, fdml_status status, const char *sentence)
{
    fdml_image image;
    fdml_arena arena;
    fdml_error err = { 0 };
    char text[FDML_ERROR_MAX];
    fdml_arena_init(&arena, 0);
    snprintf(text, sizeof text, "%s: %s", path, sentence);
    scratch_expect_error(read_picture(&image, path, &arena, &err), &err, status, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

static void expect_bytes(const char *name, const void *bytes, size_t size, fdml_status status,
                         const char *sentence)
{
    expect_failure(scratch_write(name, bytes, size), status, sentence);
}

/* --- pixels ------------------------------------------------------------------------------ */

static void expect_as_pil(const char *path)
{
    fdml_arena arena;
    fdml_image image, expected;
    fdml_error err = { 0 };
    char pixels[600];
    snprintf(pixels, sizeof pixels, "%s.ppm", path);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_picture(&image, path, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(read_picture(&expected, pixels, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(image.width == expected.width && image.height == expected.height, "%s", path);
    for (size_t i = 0; i < image.width * image.height * 3; i++)
        cr_assert_eq(image.rgb[i], expected.rgb[i], "%s: byte %zu is %d, PIL has %d", path, i,
                     image.rgb[i], expected.rgb[i]);
    fdml_arena_close(&arena);
}

Test(data_image, pixels_are_those_of_pil)
{
    static const char folder[] = "tests/golden/images";
    DIR *dir = opendir(folder);
    size_t count = 0;
    cr_assert(dir != NULL, "%s is absent", folder);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (fdml_file_has_suffix(path, ".ppm") || !strchr(entry->d_name, '_')) continue;
        expect_as_pil(path);
        count++;
    }
    closedir(dir);
    cr_assert_eq(count, 40u, "%zu pictures", count);
}

/* The sum that any change of a pixel changes: FNV-1a, 64 bits. */
static uint64_t fingerprint(const unsigned char *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* PIL 9.4, np.asarray(Image.open(f).convert("RGB")), FNV-1a of the bytes. Baseline with and
 * without restarts, grey, 4:4:4, 4:4:0, 4:2:2, 4:2:0 and progressive. */
Test(data_image, photographs)
{
    static const struct {
        const char *name;
        uint64_t hash;
    } photograph[] = {
        { "L_base_11_____009.Brewer_Blackbird_Brewer_Blackbird_0028_2682.jpg",
          0x0677a01e4fedbba0 },
        { "L_base_11___rst__025.Pelagic_Cormorant_Pelagic_Cormorant_0022_23802.jpg",
          0x799956f789413a86 },
        { "RGB_base_11x11x11_____006.Least_Auklet_Least_Auklet_0008_795071.jpg",
          0xd2068fb2da629a9a },
        { "RGB_base_11x11x11_____007.Parakeet_Auklet_Parakeet_Auklet_0032_795986.jpg",
          0xf5c4869dd318c643 },
        { "RGB_base_11x11x11___rst__003.Sooty_Albatross_Sooty_Albatross_0014_796373.jpg",
          0x3d9649aba4c32a28 },
        { "RGB_base_11x11x11___rst__008.Rhinoceros_Auklet_Rhinoceros_Auklet_0044_797502.jpg",
          0xe81ab95e88c57c6a },
        { "RGB_base_11x11x11__exif0___031.Black_billed_Cuckoo_Black_Billed_Cuckoo_0074_795286."
          "jpg",
          0x1761b9d5b6236acd },
        { "RGB_base_11x11x11__exif0___044.Frigatebird_Frigatebird_0015_43132.jpg",
          0x1d6e15119a0aa606 },
        { "RGB_base_11x11x11__exif0_rst__006.Least_Auklet_Least_Auklet_0011_795109.jpg",
          0xcc78cbf5506f9167 },
        { "RGB_base_11x11x11__exif0_rst__048.European_Goldfinch_European_Goldfinch_0020_794644."
          "jpg",
          0x3f82a523ccdab760 },
        { "RGB_base_12x11x11_____044.Frigatebird_Frigatebird_0119_43042.jpg",
          0x40154068323d95a7 },
        { "RGB_base_21x11x11_____008.Rhinoceros_Auklet_Rhinoceros_Auklet_0051_797510.jpg",
          0xbede1a098eb9d114 },
        { "RGB_base_21x11x11_____032.Mangrove_Cuckoo_Mangrove_Cuckoo_0024_794630.jpg",
          0x202cc2481f02fb6e },
        { "RGB_base_21x11x11__exif0___001.Black_footed_Albatross_Black_Footed_Albatross_0033_"
          "796086.jpg",
          0x9c2a6cfc9f0ebebc },
        { "RGB_base_21x11x11__exif0___001.Black_footed_Albatross_Black_Footed_Albatross_0038_"
          "212.jpg",
          0x485432cfb2c25b6c },
        { "RGB_base_21x11x11__exif0_rst__001.Black_footed_Albatross_Black_Footed_Albatross_"
          "0003_796136.jpg",
          0xf62d3a3c368c4473 },
        { "RGB_base_21x11x11__exif0_rst__017.Cardinal_Cardinal_0056_18352.jpg",
          0x0c268b38596e44cc },
        { "RGB_base_22x11x11_____06284.jpg", 0x3dcd40d018f91f05 },
        { "RGB_base_22x11x11_____90_0_0_20170111210338948.jpg.chip.jpg", 0x0c82a97c5a750c85 },
        { "RGB_base_22x11x11___rst__018.Spotted_Catbird_Spotted_Catbird_0029_796825.jpg",
          0x9a7af0e2f24421e6 },
        { "RGB_base_22x11x11___rst__037.Acadian_Flycatcher_Acadian_Flycatcher_0004_795623.jpg",
          0x6bbbf615d69f44cd },
        { "RGB_base_22x11x11__exif0___005.Crested_Auklet_Crested_Auklet_0032_794931.jpg",
          0x321cd154ca9dc30a },
        { "RGB_base_22x11x11__exif0___018.Spotted_Catbird_Spotted_Catbird_0016_796803.jpg",
          0x2e4fbe7373cbe2d5 },
        { "RGB_base_22x11x11__exif0_rst__003.Sooty_Albatross_Sooty_Albatross_0067_796376.jpg",
          0x09fceb875e5602de },
        { "RGB_base_22x11x11__exif0_rst__040.Olive_sided_Flycatcher_Olive_Sided_Flycatcher_"
          "0005_30734.jpg",
          0x8952459b258a5b0e },
        { "RGB_prog_22x11x11_____48_0_0_20170111195354415.jpg.chip.jpg", 0x3bb41640c5e6df97 },
        { "RGB_prog_22x11x11_____75_0_1_20170111205805911.jpg.chip.jpg", 0x1d0caa36e70fb67d },
    };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof photograph / sizeof *photograph; i++) {
        char path[300];
        fdml_image image;
        snprintf(path, sizeof path, "data/jpeg_variety/%s", photograph[i].name);
        cr_assert_eq(read_picture(&image, scratch_shared(path), &arena, &err), FDML_OK, "%s",
                     err.text);
        cr_assert_eq(fingerprint(image.rgb, image.width * image.height * 3), photograph[i].hash,
                     "%s", path);
    }
    fdml_arena_close(&arena);
}

/* What PIL does not do: grey of sixteen bits is scaled, where PIL cuts it at 255. */
Test(data_image, sixteen_bit_grey)
{
    static const unsigned char pgm[] = "P5 3 1 65535\n\x00\x00\x80\x00\xff\xff";
    static const unsigned char expected[9] = { 0, 0, 0, 128, 128, 128, 255, 255, 255 };
    fdml_arena arena;
    fdml_image image;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_image_decode(&image, pgm, sizeof pgm - 1, "x", &fdml_image_default_limits,
                                   &arena, NULL),
                 FDML_OK);
    cr_assert_arr_eq(image.rgb, expected, 9);
    fdml_arena_close(&arena);
}

/* --- refusals ---------------------------------------------------------------------------- */

Test(data_image, refuses_what_is_no_picture)
{
    expect_bytes("empty.jpg", "", 0, FDML_E_FORMAT, "is empty");
    expect_bytes("text.jpg", "hello", 5, FDML_E_FORMAT, "is no JPEG, PNG, BMP or PNM picture");
    expect_failure("tests", FDML_E_IO, "is a directory");
    expect_failure("absent.png", FDML_E_IO, "No such file or directory");
    expect_bytes("only.jpg", "\xff\xd8\xff", 3, FDML_E_FORMAT,
                 "damaged JPEG: no size in its header");
    expect_bytes("no_scan.jpg", "\xff\xd8\xff\xc0\0\13\10\0\1\0\1\1\1\x11\0", 15, FDML_E_FORMAT,
                 "truncated JPEG: ends before the picture does, at byte 15");
    expect_bytes("a.jpg", "\xff\xd8\xff\xc9\0\4\0\0", 8, FDML_E_UNSUPPORTED,
                 "arithmetic JPEG (SOF9) is not supported, only baseline and progressive");
}

Test(data_image, refuses_huffman_tables_of_too_many_codes)
{
    unsigned char jpeg[400] = { 0xff, 0xd8, 0xff, 0xc4, 1, 60, 0x10, 200, 100 };
    expect_bytes("t.jpg", jpeg, sizeof jpeg, FDML_E_FORMAT,
                 "damaged JPEG: bad Huffman table at byte 2");
}

Test(data_image, refuses_endless_scans)
{
    unsigned char jpeg[2 + 501 * 4] = { 0xff, 0xd8 };
    for (size_t i = 0; i < 501; i++) memcpy(jpeg + 2 + 4 * i, "\xff\xda\0\2", 4);
    expect_bytes("s.jpg", jpeg, sizeof jpeg, FDML_E_LIMIT, "more than 500 scans");
}

Test(data_image, refuses_pnm)
{
    expect_bytes("a.pgm", "P5 2 2 255\n123", 14, FDML_E_FORMAT,
                 "truncated PNM: 2 x 2 pixels, but only 3 bytes after the header");
    expect_bytes("b.pgm", "P5 2 x 255\n1234", 15, FDML_E_FORMAT,
                 "damaged PNM: no number at byte 4");
    expect_bytes(
        "c.pgm", "P5 0 2 255\n1234", 15, FDML_E_FORMAT,
        "damaged PNM: 0 x 2 pixels of values up to 255, expected at least 1 x 1 and at "
        "most 65535");
    expect_bytes("d.ppm", "P3 1 1 9\n1 2 10\n", 16, FDML_E_FORMAT,
                 "damaged PNM: value 3 of 3 is no number up to 9, at byte 15");
    expect_bytes("e.ppm", "P6 9999999999 9999999999 255\n12345", 34, FDML_E_FORMAT,
                 "truncated PNM: 9999999999 x 9999999999 pixels, but only 5 bytes after the "
                 "header");
}

/* An arena of 64 KiB suffices to refuse it: nothing of its size is ever asked for. */
Test(data_image, a_huge_header_costs_nothing)
{
    fdml_arena arena;
    fdml_image image;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 1 << 16);
    const char *path = "tests/fuzz/corpus/image/png_huge";
    scratch_expect_error(read_picture(&image, path, &arena, &err), &err, FDML_E_LIMIT,
                         "tests/fuzz/corpus/image/png_huge: 60000 x 60000 pixels, the limit is "
                         "178956970");
    cr_assert_leq(arena.peak, 1u << 16);
    fdml_arena_close(&arena);
}

/* 9 x 5 pixels whose data unfold to 4 MiB. */
Test(data_image, a_png_may_not_unfold_past_its_size)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_image image;
    fdml_error err = { 0 };
    const char *path = "tests/fuzz/corpus/image/png_bomb";
    const fdml_status status = read_picture(&image, path, &arena, &err);
    cr_assert_eq(status, FDML_E_FORMAT);
    cr_assert_str_eq(err.text, "tests/fuzz/corpus/image/png_bomb: damaged PNG: holds more than "
                               "its header announces");
    cr_assert_leq(arena.peak, 2u << 20);
    fdml_arena_close(&arena);
}

Test(data_image, obeys_limits)
{
    static const char path[] = "tests/golden/images/jpeg_444.jpg"; /* 37 x 29 */
    fdml_arena arena;
    fdml_image image;
    fdml_error err = { 0 };
    fdml_image_limits limits = { .max_file = 100, .max_pixels = 37 * 29 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_image_read(&image, path, &limits, &arena, &err), FDML_E_LIMIT);
    limits.max_file = 1 << 20;
    cr_assert_eq(fdml_image_read(&image, path, &limits, &arena, &err), FDML_OK, "%s", err.text);
    limits.max_pixels--;
    scratch_expect_error(fdml_image_read(&image, path, &limits, &arena, &err), &err,
                         FDML_E_LIMIT,
                         "tests/golden/images/jpeg_444.jpg: 37 x 29 pixels, the limit is 1072");
    fdml_arena_close(&arena);
}

/* --- faults ------------------------------------------------------------------------------ */

static const char *const some_of_each[] = { "jpeg_420.jpg",  "jpeg_422_progressive.jpg",
                                            "jpeg_grey.jpg", "jpeg_cmyk.jpg",
                                            "png_RGBA.png",  "png_P_transparent.png",
                                            "png_RGB16.png", "png_interlaced.png",
                                            "bmp_RGB.bmp",   "bmp_P.bmp",
                                            "pnm_P6.pnm",    "pnm_P4.pnm",
                                            "pnm_P3.pnm" };
enum { N_SOME = sizeof some_of_each / sizeof *some_of_each };

static const char *golden(size_t which)
{
    static char path[200];
    snprintf(path, sizeof path, "tests/golden/images/%s", some_of_each[which]);
    return path;
}

static fdml_status decode_exact(const unsigned char *bytes, size_t size, size_t memory)
{
    fdml_arena arena;
    fdml_image image;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, memory);
    const fdml_status status =
        fdml_image_decode(&image, bytes, size, "x", &fdml_image_default_limits, &arena, &err);
    cr_assert(status == FDML_OK || err.text[0] == 'x', "%s", err.text);
    cr_assert(status == FDML_OK || arena.used == 0);
    fdml_arena_close(&arena);
    return status;
}

/* PIL refuses every one of these: a file that lacks its last bytes is not a picture. */
Test(data_image, truncated_files_are_refused)
{
    for (size_t which = 0; which < N_SOME; which++) {
        fdml_map map;
        cr_assert_eq(fdml_file_map(&map, golden(which), NULL), FDML_OK);
        /* Nothing is lost with the last three bytes of a text, a newline and digits, nor with
         * what fills the last row of a BMP: 1 byte of RGB, 3 of a palette, 13 pixels wide. */
        const char *name = some_of_each[which];
        const size_t rest = strstr(name, "P3") || strstr(name, "bmp_P") ? 3
                            : strstr(name, "bmp")                       ? 1
                                                                        : 0;
        for (size_t n = 0; n + rest < map.size; n++) {
            unsigned char *copy = malloc(n ? n : 1);
            memcpy(copy, map.data, n);
            cr_assert_neq(decode_exact(copy, n, 0), FDML_OK, "%s: %zu of %zu bytes", name, n,
                          map.size);
            free(copy);
        }
        fdml_file_unmap(&map);
    }
}

static void decode_any(const unsigned char *bytes, size_t size)
{
    (void)decode_exact(bytes, size, 8 << 20);
}

Test(data_image, survives_flipped_bits)
{
    for (size_t which = 0; which < N_SOME; which++) {
        fdml_map map;
        cr_assert_eq(fdml_file_map(&map, golden(which), NULL), FDML_OK);
        unsigned char *copy = malloc(map.size);
        memcpy(copy, map.data, map.size);
        for (size_t bit = which % 3; bit < 8 * map.size; bit += 3) {
            copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
            decode_any(copy, map.size);
            copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        free(copy);
        fdml_file_unmap(&map);
    }
}

/* PIL finds most of these, zlib's own sum the rest; here a chunk's checksum finds all. */
Test(data_image, a_png_of_any_wrong_bit_is_refused)
{
    fdml_map map;
    cr_assert_eq(fdml_file_map(&map, "tests/golden/images/png_RGB.png", NULL), FDML_OK);
    unsigned char *copy = malloc(map.size);
    memcpy(copy, map.data, map.size);
    for (size_t bit = 0; bit < 8 * map.size; bit++) {
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
        cr_assert_neq(decode_exact(copy, map.size, 0), FDML_OK, "bit %zu", bit);
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(copy);
    fdml_file_unmap(&map);
}

/* Every limit below what it takes is FDML_E_NOMEM, and never anything else. */
Test(data_image, too_little_memory)
{
    for (size_t which = 0; which < N_SOME; which++) {
        fdml_map map;
        cr_assert_eq(fdml_file_map(&map, golden(which), NULL), FDML_OK);
        size_t limit = 64, n_refused = 0;
        fdml_status status = FDML_E_NOMEM;
        for (; status == FDML_E_NOMEM; limit += 64 + limit / 16, n_refused++)
            status = decode_exact(map.data, map.size, limit);
        cr_assert_eq(status, FDML_OK, "%s", some_of_each[which]);
        cr_assert_gt(n_refused, 2u);
        fdml_file_unmap(&map);
    }
}
