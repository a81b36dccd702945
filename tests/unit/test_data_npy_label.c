/* test_data_npy_label.c - labels from .npy files, through the factor they become.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/factor.h"
#include "data/npy.h"
#include "scratch.h"

static unsigned char file[4096];

static fdml_status read_labels(fdml_factor *factor, const char *dictionary, const void *data,
                               size_t size, fdml_arena *arena, fdml_error *err)
{
    const fdml_source source = { "runs/x.npy", NULL, file,
                                 scratch_npy(file, 1, dictionary, data, size) };
    return fdml_factor_read_npy(factor, &source, arena, err);
}

/* levels and codes as text: "Ann Bo|0 1 0" */
static void expect_factor(const char *dictionary, const void *data, size_t size,
                          const char *expected)
{
    char text[512] = "", number[16];
    fdml_factor f;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_labels(&f, dictionary, data, size, &arena, &err), FDML_OK, "%s",
                 err.text);
    for (size_t i = 0; i < f.n_levels; i++) {
        strcat(text, i ? " " : "");
        strcat(text, f.level[i]);
    }
    for (size_t i = 0; i < f.n_rows; i++) {
        snprintf(number, sizeof number, "%s%u", i ? " " : "|", f.code[i]);
        strcat(text, number);
    }
    cr_assert_str_eq(text, expected);
    cr_assert_str_eq(f.name, "x.npy");
    fdml_arena_close(&arena);
}

static void expect_failure(const char *dictionary, const void *data, size_t size,
                           fdml_status status, const char *text)
{
    fdml_factor f;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read_labels(&f, dictionary, data, size, &arena, &err), &err, status,
                         text);
    fdml_arena_close(&arena);
}

Test(data_npy_label, unicode)
{
    static const uint32_t little[] = { 'B', 'o', 0, 'Z', 'o', 0xEB, 'B', 'o', 0, 0x674E, 0, 0 };
    expect_factor("{'descr': '<U3', 'fortran_order': False, 'shape': (4,), }", little,
                  sizeof little, "Bo Zo\xC3\xAB \xE6\x9D\x8E|0 1 0 2");
    static const unsigned char big[] = {
        0, 0, 0, 'b', 0, 1, 0xF6, 0, 0, 0, 0, 'a', 0, 0, 0, 0
    };
    expect_factor("{'descr': '>U2', 'fortran_order': False, 'shape': (2,), }", big, sizeof big,
                  "a b\xF0\x9F\x98\x80|1 0");
}

Test(data_npy_label, bytes)
{
    expect_factor("{'descr': '|S3', 'fortran_order': False, 'shape': (3,), }", "abcb\0\0abc", 9,
                  "abc b|0 1 0");
    expect_factor("{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }", "\xC3\xABx\0", 4,
                  "x \xC3\xAB|1 0");
}

Test(data_npy_label, integers_sort_as_numbers)
{
    static const int64_t wide[] = { INT64_MAX, -1, 10, 9, INT64_MIN, 9 };
    expect_factor("{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }", wide,
                  sizeof wide, "-9223372036854775808 -1 9 10 9223372036854775807|4 1 3 2 0 2");
    expect_factor("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }", "\x80\x7f\xff",
                  3, "-128 -1 127|0 2 1");
    expect_factor("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 1), }", "\x80\x7f\xff",
                  3, "127 128 255|1 0 2");
    expect_factor("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "\xff\xfe\0\1",
                  4, "-2 1|0 1");
    expect_factor("{'descr': '>u4', 'fortran_order': False, 'shape': (1,), }",
                  "\xff\xff\xff\xfe", 4, "4294967294|0");
}

/* One value beyond int64 makes the column text, which sorts bytewise. */
Test(data_npy_label, unsigned_beyond_int64)
{
    static const uint64_t wide[] = { 9, UINT64_MAX, 10 };
    expect_factor("{'descr': '<u8', 'fortran_order': False, 'shape': (3,), }", wide,
                  sizeof wide, "10 18446744073709551615 9|2 1 0");
    expect_factor("{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", wide, 8, "9|0");
}

Test(data_npy_label, refuses)
{
    static const uint32_t surrogate[] = { 'a', 0xD800 }, hole[] = { 'a', 0, 0, 'b' };
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", surrogate, 8,
                   FDML_E_UNSUPPORTED,
                   "runs/x.npy: labels are floats (<f4), expected strings or integers");
    expect_failure(
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", surrogate, 8,
        FDML_E_UNSUPPORTED,
        "runs/x.npy: type '|O' holds Python objects; save it again as numbers or, for "
        "labels, with .astype(str)");
    expect_failure("{'descr': '<U1', 'fortran_order': False, 'shape': (2,), }", surrogate, 8,
                   FDML_E_DATA, "runs/x.npy: row 1: label holds a code that is no character");
    expect_failure("{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }", hole, 16,
                   FDML_E_DATA, "runs/x.npy: row 1: label holds a code that is no character");
    expect_failure("{'descr': '|S2', 'fortran_order': False, 'shape': (2,), }", "a\0\0\0", 4,
                   FDML_E_DATA, "runs/x.npy: row 1: label is empty");
    expect_failure("{'descr': '|S2', 'fortran_order': False, 'shape': (1,), }", "\xff\xfe", 2,
                   FDML_E_DATA, "runs/x.npy: row 0: label is not UTF-8 text");
    expect_failure("{'descr': '<U0', 'fortran_order': False, 'shape': (2,), }", "", 0,
                   FDML_E_DATA, "runs/x.npy: every label is empty (<U0)");
    expect_failure("{'descr': '<i4', 'fortran_order': False, 'shape': (0,), }", "", 0,
                   FDML_E_DATA, "runs/x.npy: has no labels");
    expect_failure("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", surrogate, 8,
                   FDML_E_FORMAT, "runs/x.npy: 2-D array, expected one label per row");
    expect_failure("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", surrogate, 8,
                   FDML_E_FORMAT,
                   "runs/x.npy: 8 bytes of data, expected 12 for shape (3,) of <i4");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.npy", NULL, bytes, size };
    fdml_factor factor;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_factor_read_npy(&factor, &source, &arena, NULL) == FDML_OK)
        for (size_t i = 0; i < factor.n_rows; i++)
            cr_assert_lt(factor.code[i], factor.n_levels);
    fdml_arena_close(&arena);
}

Test(data_npy_label, survives_spoiled_files)
{
    static const uint32_t text[] = { 'B', 'o', 0, 'Z', 'o', 0xEB };
    size_t size =
        scratch_npy(file, 1, "{'descr': '<U3', 'fortran_order': False, 'shape': (2,), }", text,
                    sizeof text);
    scratch_spoil(read_any, file, size);
    size = scratch_npy(file, 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }",
                       text, sizeof text);
    scratch_spoil(read_any, file, size);
}
