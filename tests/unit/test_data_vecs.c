/* test_data_vecs.c - .fvecs and .bvecs.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "data/vecs.h"
#include "scratch.h"

static const unsigned char bytes[] = { 3, 0, 0, 0, 1, 2, 255, 3, 0, 0, 0, 4, 5, 6 };

static void expect_failure(fdml_matrix_reader *read, const void *data, size_t size,
                           fdml_status status, const char *text)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    const fdml_source source = { "b.vecs", NULL, data, size };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read(&m, &source, &arena, &err), &err, status, text);
    fdml_arena_close(&arena);
}

Test(data_vecs, reads_floats)
{
    static const struct {
        int32_t dim;
        float value[2];
    } rows[] = { { 2, { 1, -2 } }, { 2, { 0.5f, 1e-40f } }, { 2, { 5, 6 } } };
    static const float expected[] = { 1, -2, 0.5f, 1e-40f, 5, 6 };
    const fdml_source source = { "a.fvecs", NULL, (const unsigned char *)rows, sizeof rows };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_fvecs_read(&m, &source, NULL, NULL), FDML_OK);
    cr_assert(m.n_rows == 3 && m.dim == 2 && m.own_size == 24 && !m.data && !m.is_mapped);
    cr_assert_eq(fdml_fvecs_read(&m, &source, &arena, NULL), FDML_OK);
    cr_assert_arr_eq(m.data, expected, sizeof expected);
    fdml_arena_close(&arena);
}

Test(data_vecs, reads_bytes)
{
    static const float expected[] = { 1, 2, 255, 4, 5, 6 };
    const fdml_source source = { "a.bvecs", NULL, bytes, sizeof bytes };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_bvecs_read(&m, &source, &arena, NULL), FDML_OK);
    cr_assert(m.n_rows == 2 && m.dim == 3);
    cr_assert_str_eq(m.dtype, "u1");
    cr_assert_arr_eq(m.data, expected, sizeof expected);
    fdml_arena_close(&arena);
}

Test(data_vecs, names_the_row)
{
    unsigned char copy[sizeof bytes];
    memcpy(copy, bytes, sizeof bytes);
    copy[7] = 2;
    expect_failure(fdml_bvecs_read, copy, sizeof copy, FDML_E_FORMAT,
                   "b.vecs: row 1 has dimension 2, expected 3");
}

Test(data_vecs, refuses)
{
    static const int32_t negative[] = { -1, 0, 0 }, none[] = { 0, 0 }, large[] = { 3000, 0 };
    expect_failure(fdml_bvecs_read, bytes, 0, FDML_E_FORMAT,
                   "b.vecs: 0 bytes, too short for one row");
    expect_failure(fdml_bvecs_read, bytes, 13, FDML_E_FORMAT,
                   "b.vecs: 6 bytes after row 1, expected none or 7 (dimension 3)");
    expect_failure(fdml_fvecs_read, negative, sizeof negative, FDML_E_FORMAT,
                   "b.vecs: row 0 has a negative dimension");
    expect_failure(fdml_fvecs_read, none, sizeof none, FDML_E_DATA,
                   "b.vecs: rows have dimension 0");
    expect_failure(fdml_fvecs_read, large, sizeof large, FDML_E_FORMAT,
                   "b.vecs: 8 bytes after row 0, expected none or 12004 (dimension 3000)");
}

static void read_any(const unsigned char *data, size_t size)
{
    const fdml_source source = { "x", NULL, data, size };
    fdml_matrix_reader *const readers[] = { fdml_fvecs_read, fdml_bvecs_read };
    for (int i = 0; i < 2; i++) {
        fdml_matrix m;
        fdml_arena arena;
        fdml_arena_init(&arena, 1 << 20);
        if (readers[i](&m, &source, &arena, NULL) == FDML_OK)
            scratch_touch(m.data, m.n_rows * m.dim);
        fdml_arena_close(&arena);
    }
}

Test(data_vecs, survives_spoiled_files)
{
    scratch_spoil(read_any, bytes, sizeof bytes);
}
