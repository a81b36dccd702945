/* test_data_matrix.c - from a specification on the command line to rows.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "data/matrix.h"
#include "scratch.h"

static const float six[] = { 1, 2, 3, 4, 5, 6 };
static fdml_arena arena;

static const char *write_npy(const char *name)
{
    unsigned char bytes[256];
    const size_t size = scratch_npy(
        bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", six, 24);
    return scratch_write(name, bytes, size);
}

Test(data_matrix, maps_and_closes)
{
    fdml_matrix m;
    const char *path = write_npy("emb.npy");
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_matrix_probe(&m, path, NULL), FDML_OK);
    cr_assert(m.n_rows == 2 && m.dim == 3 && m.is_mapped && !m.data && !m.map);
    cr_assert_eq(fdml_matrix_open(&m, path, &arena, NULL), FDML_OK);
    cr_assert(m.is_mapped && m.map && m.map_size > 24 && arena.used == 0);
    cr_assert_arr_eq(m.data, six, 24);
    fdml_matrix_close(&m);
    cr_assert_null(m.data);
    fdml_matrix_close(&m);
}

Test(data_matrix, every_suffix_has_its_reader)
{
    static const int32_t vecs[] = { 1, 0x3f800000, 1, 0x40000000 };
    static const unsigned char bytes[] = { 1, 0, 0, 0, 1, 1, 0, 0, 0, 2 };
    const char *const paths[] = { scratch_text("a.csv", "1\n2\n"),
                                  scratch_text("a.TSV", "1\n2\n"),
                                  scratch_write("a.fvecs", vecs, sizeof vecs),
                                  scratch_write("a.bvecs", bytes, sizeof bytes) };
    fdml_arena_init(&arena, 0);
    for (int i = 0; i < 4; i++) {
        fdml_matrix m;
        fdml_error err = { 0 };
        cr_assert_eq(fdml_matrix_open(&m, paths[i], &arena, &err), FDML_OK, "%s", err.text);
        cr_assert(m.n_rows == 2 && m.dim == 1 && !m.map && !m.is_mapped);
        cr_assert_arr_eq(m.data, six, 8);
        fdml_matrix_close(&m);
        cr_assert_eq(arena.used, 64u * (unsigned)(i + 1));
    }
    fdml_arena_close(&arena);
}

static void expect_failure(const char *spec, const char *end_of_message)
{
    fdml_matrix m = { .dim = 77 };
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_neq(fdml_matrix_open(&m, spec, &arena, &err), FDML_OK);
    const size_t length = strlen(err.text), expected = strlen(end_of_message);
    cr_assert(length >= expected && !strcmp(err.text + length - expected, end_of_message), "%s",
              err.text);
    cr_assert(m.dim == 77 && arena.used == 0);
    fdml_arena_close(&arena);
}

Test(data_matrix, refuses)
{
    expect_failure(scratch_text("emb.bin", "x"),
                   "emb.bin: unknown suffix, expected .npy .npz .safetensors .csv .tsv "
                   ".fvecs or .bvecs");
    expect_failure("emb.bin2", "emb.bin2: No such file or directory");
    expect_failure("none.npy", "none.npy: No such file or directory");
    expect_failure("set.npz:", "set.npz:: no name after the colon");
    expect_failure(scratch_text("x.npy", "1,2\n"), "it does not start with \\x93NUMPY");
    expect_failure(write_npy("y.npz"), "is a single NumPy array; name it .npy");
    expect_failure(write_npy("y.csv"), "y.csv: is a NumPy array: as embeddings it comes first, "
                                       "as labels it is --label FILE.npy");
    /* A failure after values were reserved gives them back. */
    expect_failure(scratch_text("x.csv", "1,2\n3,x\n"),
                   "x.csv:2: column 2 is 'x', expected a number");
}

static void expect_path(const char *spec, const char *expected)
{
    char path[64];
    cr_assert_eq(fdml_matrix_path(path, sizeof path, spec, NULL), FDML_OK);
    cr_assert_str_eq(path, expected);
}

Test(data_matrix, specifications)
{
    char small[4];
    fdml_error err;
    expect_path("emb.npy", "emb.npy");
    expect_path("set.npz:emb", "set.npz");
    expect_path("c:/a.b/m.safetensors:layer.0:w", "c:/a.b/m.safetensors");
    expect_path("a:b.npz", "a:b.npz");
    expect_path("emb.npy:x", "emb.npy:x"); /* no container, no member */
    expect_path("SET.NPZ:x", "SET.NPZ");
    cr_assert_eq(fdml_matrix_path(small, sizeof small, "emb.npy", &err), FDML_E_IO);
    char endless[FDML_PATH_SIZE + 10];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = 0;
    cr_assert_eq(fdml_matrix_path(small, sizeof small, endless, &err), FDML_E_IO);
}

Test(data_matrix, real_embeddings)
{
    fdml_matrix m;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_matrix_open(&m,
                                  scratch_shared("embeddings/lfw_mobilefacenet/embeddings.npy"),
                                  &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 2426 && m.dim == 128 && m.is_mapped && arena.used == 0);
    fdml_matrix_close(&m);
}

Test(data_matrix, real_pickle_is_refused)
{
    fdml_matrix m;
    fdml_error err = { 0 };
    const char *path = scratch_shared("models/negative/object_pickle_mtcnn_det1.npy");
    cr_assert_eq(fdml_matrix_probe(&m, path, &err), FDML_E_UNSUPPORTED);
    cr_assert(strstr(err.text, "holds Python objects") != NULL);
}
