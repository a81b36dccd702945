/* test_data_npy.c - .npy as a matrix: variants, refusals, spoiled files.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy.h"
#include "scratch.h"

static unsigned char file[1 << 17];
static const float six[] = { 1, 2, 3, 4, 5, 6 };

static fdml_status read_bytes(fdml_matrix *matrix, size_t size, fdml_arena *arena,
                              fdml_error *err)
{
    const fdml_source source = { "x.npy", NULL, file, size };
    return fdml_npy_read(matrix, &source, arena, err);
}

/* A list of six is a column for fdml_npy_read_list alone. */
static void expect_column(const char *dictionary, const void *data, size_t size, bool is_mapped)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const size_t total = scratch_npy(file, 1, dictionary, data, size);
    const fdml_source source = { "x.npy", NULL, file, total };
    cr_assert_eq(fdml_npy_read_list(&m, &source, NULL, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 6 && m.dim == 1 && !m.data);
    cr_assert_eq(fdml_npy_read_list(&m, &source, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 6 && m.dim == 1 && m.is_mapped == is_mapped);
    cr_assert_arr_eq(m.data, six, 24, "%s", dictionary);
    scratch_expect_error(read_bytes(&m, total, &arena, &err), &err, FDML_E_FORMAT,
                         "x.npy: 1-D array (6,), expected rows x dim");
    fdml_arena_close(&arena);
}

static void expect_no_column(const char *dictionary, size_t size, fdml_status status,
                             const char *text)
{
    fdml_matrix m;
    fdml_error err = { 0 };
    const fdml_source source = { "x.npy", NULL, file,
                                 scratch_npy(file, 1, dictionary, six, size) };
    scratch_expect_error(fdml_npy_read_list(&m, &source, NULL, &err), &err, status, text);
}

/* Reads a 2 x 3 matrix that must come out as `expected`. */
static void expect_values(int version, const char *dictionary, const void *data, size_t size,
                          const float expected[6], bool is_mapped)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const size_t total = scratch_npy(file, version, dictionary, data, size);
    cr_assert_eq(read_bytes(&m, total, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 2 && m.dim == 3 && m.is_mapped == is_mapped);
    cr_assert_eq(m.own_size, is_mapped ? 0u : 24u);
    cr_assert_arr_eq(m.data, expected, 24, "%s", dictionary);
    cr_assert_eq(arena.used > 0, !is_mapped);
    fdml_arena_close(&arena);
}

static void expect_failure(const char *dictionary, size_t size, fdml_status status,
                           const char *text)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const size_t total = scratch_npy(file, 1, dictionary, six, size);
    scratch_expect_error(read_bytes(&m, total, &arena, &err), &err, status, text);
    fdml_arena_close(&arena);
}

Test(data_npy, maps_little_endian_floats)
{
    for (int version = 1; version <= 3; version++)
        expect_values(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                      six, 24, six, true);
}

Test(data_npy, accepts_any_way_to_write_the_header)
{
    static const char *const same[] = {
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{ 'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2L , 3L , ) , }",
        "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3)}  ",
        "{\n'descr': '|f4',\n\t'fortran_order': False, 'shape': (02, 3)\n}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        expect_values(1, same[i], six, 24, six, true);
}

Test(data_npy, converts_other_types_and_orders)
{
    static const double doubles[] = { 1, 2, 3, 4, 5, 6 };
    static const float columns[] = { 1, 4, 2, 5, 3, 6 };
    static const unsigned char bytes[] = { 1, 2, 3, 4, 5, 6 };
    static const unsigned char big_short[] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6 };
    static const uint16_t halves[] = { 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600 };
    static const int64_t longs[] = { 1, 2, 3, 4, 5, 6 };
    static const unsigned char big_float[] = { 0x3f, 0x80, 0, 0, 0x40, 0,    0, 0,
                                               0x40, 0x40, 0, 0, 0x40, 0x80, 0, 0,
                                               0x40, 0xa0, 0, 0, 0x40, 0xc0, 0, 0 };
    expect_values(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", doubles, 48,
                  six, false);
    expect_values(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", columns, 24,
                  six, false);
    expect_values(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", big_float,
                  24, six, false);
    expect_values(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", bytes, 6,
                  six, false);
    expect_values(1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }", bytes, 6,
                  six, false);
    expect_values(1, "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3), }", big_short,
                  12, six, false);
    expect_values(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", halves, 12,
                  six, false);
    expect_values(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (2, 3), }", longs, 48,
                  six, false);
}

Test(data_npy, unaligned_data_are_copied)
{
    static unsigned char shifted[512];
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const size_t size = scratch_npy(
        file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", six, 24);
    memcpy(shifted + 1, file, size);
    const fdml_source source = { "x.npy", NULL, shifted + 1, size };
    cr_assert_eq(fdml_npy_read(&m, &source, &arena, NULL), FDML_OK);
    cr_assert(!m.is_mapped && m.own_size == 24);
    cr_assert_arr_eq(m.data, six, 24);
    fdml_arena_close(&arena);
}

/* Larger than every block and tile of the conversion, with no round size. */
Test(data_npy, fortran_order_in_tiles)
{
    enum { ROWS = 131, DIM = 67 };
    static double columns[ROWS * DIM];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < DIM; c++) columns[c * ROWS + r] = 1000 * r + c;
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const size_t size =
        scratch_npy(file, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (131, 67), }",
                    columns, sizeof columns);
    cr_assert_eq(read_bytes(&m, size, &arena, NULL), FDML_OK);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < DIM; c++) cr_assert_eq(m.data[r * DIM + c], (float)(1000 * r + c));
    fdml_arena_close(&arena);
}

Test(data_npy, probe_tells_the_cost)
{
    fdml_matrix m;
    size_t size = scratch_npy(
        file, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (4, 3), }", six, 24);
    cr_assert_eq(read_bytes(&m, size, NULL, NULL), FDML_OK);
    cr_assert(m.n_rows == 4 && m.dim == 3 && m.own_size == 48 && !m.is_mapped && !m.data);
    cr_assert_str_eq(m.dtype, "<f2");
    size = scratch_npy(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                       six, 24);
    cr_assert_eq(read_bytes(&m, size, NULL, NULL), FDML_OK);
    cr_assert(m.is_mapped && m.own_size == 0 && !m.data);
}

Test(data_npy, a_list_is_a_column_where_asked)
{
    static const double doubles[] = { 1, 2, 3, 4, 5, 6 };
    expect_column("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", six, 24, true);
    expect_column("{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", doubles, 48,
                  false);
    expect_column("{'descr': '<f8', 'fortran_order': True, 'shape': (6,), }", doubles, 48,
                  false);
    expect_no_column("{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }", 24,
                     FDML_E_FORMAT,
                     "x.npy: 24 bytes of data, expected 28 for shape (7,) of <f4");
    expect_no_column("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 0,
                     FDML_E_DATA, "x.npy: has no rows");
    expect_no_column("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4,
                     FDML_E_FORMAT, "x.npy: 0-D array (), expected rows x dim");
    expect_no_column("{'descr': '<f4', 'fortran_order': False, 'shape': (1,2,3), }", 24,
                     FDML_E_FORMAT, "x.npy: 3-D array (1,2,3), expected rows x dim");
    expect_no_column("{'descr': '<U1', 'fortran_order': False, 'shape': (6,), }", 24,
                     FDML_E_UNSUPPORTED, "x.npy: holds text (<U1), expected numbers");
}

Test(data_npy, refuses_shapes)
{
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (2,3,4), }", 24,
                   FDML_E_FORMAT, "x.npy: 3-D array (2,3,4), expected rows x dim");
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", 24,
                   FDML_E_FORMAT, "x.npy: 1-D array (6,), expected rows x dim");
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, FDML_E_FORMAT,
                   "x.npy: 0-D array (), expected rows x dim");
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", 0,
                   FDML_E_DATA, "x.npy: has no rows");
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", 0,
                   FDML_E_DATA, "x.npy: rows have dimension 0");
    expect_failure(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0,
        FDML_E_FORMAT, "x.npy: shape (4294967296,4294967296) of <f4 is more than any memory");
    expect_failure(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 1)}", 0,
        FDML_E_FORMAT, "x.npy: invalid .npy header: a size does not fit 64 bits");
}

Test(data_npy, refuses_sizes)
{
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23,
                   FDML_E_FORMAT,
                   "x.npy: 23 bytes of data, expected 24 for shape (2,3) of <f4");
    expect_failure("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", 24,
                   FDML_E_FORMAT,
                   "x.npy: 24 bytes of data, expected 12 for shape (1,3) of <f4");
    expect_failure(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 100000), }", 24,
        FDML_E_FORMAT,
        "x.npy: 24 bytes of data, expected 800000000000 for shape (1000000,100000) of "
        "<f8");
}

Test(data_npy, refuses_types)
{
    expect_failure("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", 24,
                   FDML_E_UNSUPPORTED,
                   "x.npy: type '|O' holds Python objects; save it again as numbers or, for "
                   "labels, with .astype(str)");
    expect_failure("{'descr': '|b1', 'fortran_order': False, 'shape': (2, 3), }", 6,
                   FDML_E_UNSUPPORTED,
                   "x.npy: type '|b1' holds booleans; save it again as numbers");
    expect_failure("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 3), }", 24,
                   FDML_E_UNSUPPORTED, "x.npy: type '<c8' holds complex numbers");
    expect_failure("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1, 3), }", 24,
                   FDML_E_UNSUPPORTED, "x.npy: type '<M8[ns]' holds dates or times");
    expect_failure("{'descr': '<f16', 'fortran_order': False, 'shape': (1, 1), }", 16,
                   FDML_E_UNSUPPORTED, "x.npy: type '<f16' is not supported");
    expect_failure("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", 24,
                   FDML_E_UNSUPPORTED,
                   "x.npy: holds structures; save one field as a plain array");
    expect_failure("{'descr': '<U1', 'fortran_order': False, 'shape': (2, 3), }", 24,
                   FDML_E_UNSUPPORTED, "x.npy: holds text (<U1), expected numbers");
}

Test(data_npy, refuses_headers)
{
    static const struct {
        const char *dictionary, *why;
    } cases[] = {
        { "", "no dictionary" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
          "the dictionary is not closed" },
        { "{'descr': '<f4', 'fortran_order': False}",
          "descr, fortran_order and shape are not all there" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'descr': '<f4'}",
          "a key stands twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "unknown key" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
          "fortran_order is neither True nor False" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}",
          "shape holds something else than sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "shape is not closed" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}", "shape is no tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", "shape is no tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
          "text after the dictionary" },
        { "{'descr': 4, 'fortran_order': False, 'shape': (2, 3)}", "descr is no string" },
        { "{descr: '<f4', 'fortran_order': False, 'shape': (2, 3)}", "a key is no string" },
        { "{'descr' '<f4', 'fortran_order': False, 'shape': (2, 3)}", "no ':' after a key" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "x.npy: invalid .npy header: %s", cases[i].why);
        expect_failure(cases[i].dictionary, 24, FDML_E_FORMAT, text);
    }
}

static void expect_prefix(const void *bytes, size_t size, fdml_status status, const char *text)
{
    fdml_matrix m;
    fdml_error err = { 0 };
    memcpy(file, bytes, size);
    scratch_expect_error(read_bytes(&m, size, NULL, &err), &err, status, text);
}

Test(data_npy, refuses_other_files)
{
    expect_prefix("", 0, FDML_E_FORMAT,
                  "x.npy: no NumPy array: it does not start with \\x93NUMPY");
    expect_prefix("PK\3\4abcdefgh", 12, FDML_E_FORMAT, "x.npy: is a zip archive; name it .npz");
    expect_prefix("\x93NUMPY\4\0\0\0\0\0", 12, FDML_E_UNSUPPORTED,
                  "x.npy: .npy version 4, known are 1 to 3");
    expect_prefix("\x93NUMPY\1\0\1", 9, FDML_E_FORMAT,
                  "x.npy: 9 bytes, a header needs more than 10");
    expect_prefix("\x93NUMPY\1\0\x76\0{'de", 14, FDML_E_FORMAT,
                  "x.npy: 14 bytes, the header alone has 128");
    expect_prefix("\x93NUMPY\2\0\xff\xff\xff\xff", 12, FDML_E_FORMAT,
                  "x.npy: header of 4294967295 bytes, the limit is 65536");
}

Test(data_npy, a_small_arena_is_no_crash)
{
    fdml_matrix m = { .dim = 77 };
    fdml_arena arena;
    fdml_error err;
    const size_t size =
        scratch_npy(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (100, 3), }",
                    file + 4096, 300);
    fdml_arena_init(&arena, 1000);
    scratch_expect_error(read_bytes(&m, size, &arena, &err), &err, FDML_E_NOMEM,
                         "x.npy: no memory for 100 rows of 3 floats (1200 bytes)");
    cr_assert_eq(m.dim, 77u); /* untouched */
    fdml_arena_close(&arena);
}

static void read_any_list(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.npy", NULL, bytes, size };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_npy_read_list(&m, &source, &arena, NULL) == FDML_OK)
        scratch_touch(m.data, m.n_rows * m.dim);
    fdml_arena_close(&arena);
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.npy", NULL, bytes, size };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_npy_read(&m, &source, &arena, NULL) == FDML_OK)
        scratch_touch(m.data, m.n_rows * m.dim);
    fdml_arena_close(&arena);
}

Test(data_npy, survives_spoiled_files)
{
    size_t size = scratch_npy(
        file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", six, 24);
    scratch_spoil(read_any, file, size);
    scratch_spoil(read_any_list, file, size);
    size = scratch_npy(file, 2, "{'descr': '>i2', 'fortran_order': True, 'shape': (4, 3), }",
                       six, 24);
    scratch_spoil(read_any, file, size);
    size = scratch_npy(file, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
                       six, 24);
    scratch_spoil(read_any_list, file, size);
}
