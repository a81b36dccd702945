/* test_data_npz.c - members of archives, made here with libzip.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "data/npz.h"
#include "scratch.h"

static const float six[] = { 1, 2, 3, 4, 5, 6 };
static const char *const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

typedef struct member {
    const char *name;
    const void *bytes;
    size_t size;
    int method; /* ZIP_CM_STORE, ... */
} member;

/* Writes the members and reads the archive back into one buffer. */
static size_t make_archive(unsigned char *out, size_t room, const member *members, int n)
{
    const char *path = scratch_path("made.npz");
    remove(path);
    zip_t *zip = zip_open(path, ZIP_CREATE, NULL);
    cr_assert_not_null(zip);
    for (int i = 0; i < n; i++) {
        zip_source_t *source = zip_source_buffer(zip, members[i].bytes, members[i].size, 0);
        const zip_int64_t index = zip_file_add(zip, members[i].name, source, 0);
        cr_assert_geq(index, 0);
        cr_assert_eq(zip_set_file_compression(zip, (zip_uint64_t)index, members[i].method, 9),
                     0);
    }
    cr_assert_eq(zip_close(zip), 0);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    const size_t size = fread(out, 1, room, file);
    fclose(file);
    return size;
}

static unsigned char archive[1 << 20], array[4096];

static fdml_status read_archive(fdml_matrix *m, size_t size, const char *name,
                                fdml_arena *arena, fdml_error *err)
{
    const fdml_source source = { "x.npz", name, archive, size };
    return fdml_npz_read(m, &source, arena, err);
}

static void expect_six(size_t size, const char *name)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    cr_assert_eq(read_archive(&m, size, name, NULL, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 2 && m.dim == 3 && m.own_size == 24 && !m.data);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_archive(&m, size, name, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 2 && m.dim == 3 && !m.is_mapped && m.own_size == 24);
    cr_assert_str_eq(m.dtype, "<f4");
    cr_assert_arr_eq(m.data, six, 24);
    fdml_arena_close(&arena);
}

static void expect_failure(size_t size, const char *name, fdml_status status, const char *text)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read_archive(&m, size, name, &arena, &err), &err, status, text);
    fdml_arena_close(&arena);
}

Test(data_npz, a_list_is_a_column_where_asked)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    const size_t n = scratch_npy(
        array, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", six, 24);
    const size_t size = make_archive(archive, sizeof archive,
                                     &(member){ "p.npy", array, n, ZIP_CM_DEFLATE }, 1);
    const fdml_source source = { "x.npz", "p", archive, size };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_npz_read_list(&m, &source, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 6 && m.dim == 1);
    cr_assert_arr_eq(m.data, six, 24);
    fdml_arena_close(&arena);
    expect_failure(size, "p", FDML_E_FORMAT,
                   "x.npz:p.npy: 1-D array (6,), expected rows x dim");
}

Test(data_npz, stored_and_deflated)
{
    const size_t n = scratch_npy(array, 1, header, six, 24);
    const int methods[] = { ZIP_CM_STORE, ZIP_CM_DEFLATE };
    for (int i = 0; i < 2; i++) {
        const member members[] = { { "readme.txt", "hello", 5, ZIP_CM_STORE },
                                   { "emb.npy", array, n, methods[i] } };
        const size_t size = make_archive(archive, sizeof archive, members, 2);
        expect_six(size, NULL);
        expect_six(size, "emb");
        expect_six(size, "emb.npy");
    }
}

Test(data_npz, names_the_choices)
{
    const size_t n = scratch_npy(array, 1, header, six, 24);
    const member members[] = { { "train.npy", array, n, ZIP_CM_STORE },
                               { "labels.npy", array, n, ZIP_CM_DEFLATE } };
    size_t size = make_archive(archive, sizeof archive, members, 2);
    expect_six(size, "labels");
    expect_failure(size, NULL, FDML_E_DATA,
                   "x.npz: 2 arrays, choose one as FILE:NAME; arrays are train, labels");
    expect_failure(size, "test", FDML_E_DATA,
                   "x.npz: no array 'test'; arrays are train, labels");
    const member text = { "readme.txt", "hello", 5, ZIP_CM_STORE };
    size = make_archive(archive, sizeof archive, &text, 1);
    expect_failure(size, NULL, FDML_E_DATA,
                   "x.npz: 0 arrays, choose one as FILE:NAME; arrays are none");
}

Test(data_npz, larger_than_a_block_and_in_columns)
{
    enum { ROWS = 1000, DIM = 37 };
    static double columns[ROWS * DIM];
    static unsigned char large[sizeof columns + 256];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < DIM; c++) columns[c * ROWS + r] = 100 * r + c;
    const size_t n =
        scratch_npy(large, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (1000, 37), }",
                    columns, sizeof columns);
    const member one = { "a.npy", large, n, ZIP_CM_DEFLATE };
    const size_t size = make_archive(archive, sizeof archive, &one, 1);
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_archive(&m, size, NULL, &arena, NULL), FDML_OK);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < DIM; c++) cr_assert_eq(m.data[r * DIM + c], (float)(100 * r + c));
    fdml_arena_close(&arena);
}

Test(data_npz, refuses_members)
{
    size_t n = scratch_npy(array, 1, header, six, 20);
    member one = { "a.npy", array, n, ZIP_CM_STORE };
    expect_failure(make_archive(archive, sizeof archive, &one, 1), NULL, FDML_E_FORMAT,
                   "x.npz:a.npy: 20 bytes of data, expected 24 for shape (2,3) of <f4");
    one.size = 50;
    expect_failure(make_archive(archive, sizeof archive, &one, 1), NULL, FDML_E_FORMAT,
                   "x.npz:a.npy: 50 bytes, the header alone has 128");
    one.size = 3;
    expect_failure(make_archive(archive, sizeof archive, &one, 1), NULL, FDML_E_FORMAT,
                   "x.npz:a.npy: no NumPy array: it does not start with \\x93NUMPY");
    one.size = 0;
    expect_failure(make_archive(archive, sizeof archive, &one, 1), NULL, FDML_E_FORMAT,
                   "x.npz:a.npy: no NumPy array: it does not start with \\x93NUMPY");
    memcpy(archive, "nothing", 7);
    expect_failure(7, NULL, FDML_E_FORMAT, "x.npz: is no zip archive");
    expect_failure(0, NULL, FDML_E_FORMAT, "x.npz: is no zip archive");
    memcpy(archive, array, 200);
    expect_failure(200, NULL, FDML_E_FORMAT, "x.npz: is a single NumPy array; name it .npy");
    memcpy(archive, "PK\3\4and nothing", 15);
    expect_failure(15, NULL, FDML_E_FORMAT, "x.npz: Not a zip archive");
}

Test(data_npz, refuses_bombs)
{
    const size_t size = (size_t)65 << 20;
    unsigned char *zeros = calloc(size, 1);
    cr_assert_not_null(zeros);
    const size_t n = scratch_npy(
        zeros, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (17039328, 1), }", NULL,
        0);
    memset(zeros + n, 0, size - n);
    const member one = { "a.npy", zeros, size, ZIP_CM_DEFLATE };
    const size_t packed = make_archive(archive, sizeof archive, &one, 1);
    free(zeros);
    fdml_matrix m;
    fdml_error err = { 0 };
    cr_assert_eq(read_archive(&m, packed, NULL, NULL, &err), FDML_E_LIMIT, "%s", err.text);
    cr_assert(strstr(err.text, "x.npz:a.npy: 68157440 bytes out of ") != NULL);
}

Test(data_npz, checks_the_sum)
{
    const size_t n = scratch_npy(array, 1, header, six, 24);
    const member one = { "a.npy", array, n, ZIP_CM_STORE };
    const size_t size = make_archive(archive, sizeof archive, &one, 1);
    for (size_t i = 0; i + 24 <= size; i++) {
        if (memcmp(archive + i, six, 24)) continue;
        archive[i + 5] ^= 1;
        expect_failure(size, NULL, FDML_E_FORMAT, "x.npz:a.npy: CRC error");
        return;
    }
    cr_assert(false, "the stored values are not in the archive");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.npz", NULL, bytes, size };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_npz_read(&m, &source, &arena, NULL) == FDML_OK)
        scratch_touch(m.data, m.n_rows * m.dim);
    fdml_arena_close(&arena);
}

Test(data_npz, survives_spoiled_archives)
{
    const size_t n = scratch_npy(array, 1, header, six, 24);
    const member members[] = { { "a.npy", array, n, ZIP_CM_DEFLATE } };
    scratch_spoil(read_any, archive, make_archive(archive, sizeof archive, members, 1));
}
