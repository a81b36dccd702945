/* test_model_weights.c - taking tensors by name and shape, and what is left over.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/weights.h"
#include "scratch.h"

static _Alignas(8) unsigned char file[2048];
static fdml_arena arena;
static fdml_weights weights;
static fdml_error err;

/* Each test is a process of its own, so nothing is closed. */
static void parse(const char *json, const void *data, size_t size)
{
    const uint64_t length =
        (strlen(json) + 7) / 8 * 8; /* floats may be viewed where they lie */
    memcpy(file, &length, 8);
    memset(file + 8, ' ', length);
    memcpy(file + 8, json, strlen(json));
    memcpy(file + 8 + length, data, size);
    const fdml_source source = { "x.st", NULL, file, 8 + length + size };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_weights_parse(&weights, &source, &arena, &err), FDML_OK, "%s", err.text);
}

static const float three[] = { 1, -2, 0.5f };

static void expect_values(const char *name)
{
    fdml_tensor t;
    const int64_t dim = 3;
    cr_assert_eq(fdml_weights_take(&t, &weights, name, 1, &dim, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(t.type == FDML_TYPE_F32 && t.rank == 1 && t.n_items == 3);
    cr_assert_arr_eq(t.data, three, sizeof three);
}

Test(model_weights, converts_to_float)
{
    static const struct {
        double d[3];
        float f[3];
        uint16_t h[3], b[3];
    } data = {
        { 1, -2, 0.5 }, { 1, -2, 0.5f }, { 0x3c00, 0xc000, 0x3800 }, { 0x3f80, 0xc000, 0x3f00 }
    };
    parse("{\"d\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]},"
          "\"f\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]},"
          "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[36,42]},"
          "\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[42,48]}}",
          &data, 48);
    const size_t used = arena.used;
    expect_values("f");
    cr_assert_eq(arena.used, used); /* a view */
    expect_values("d");
    cr_assert_gt(arena.used, used);
    expect_values("h");
    expect_values("b");
    cr_assert_eq(fdml_weights_check_taken(&weights, "net", &err), FDML_OK);
    cr_assert_eq(fdml_weights_n_parameters(&weights), 12u);
}

static void expect_refusal(const char *name, int rank, const int64_t *dim, fdml_status status,
                           const char *text)
{
    fdml_tensor t;
    scratch_expect_error(fdml_weights_take(&t, &weights, name, rank, dim, &arena, &err), &err,
                         status, text);
}

Test(model_weights, refuses)
{
    parse("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
          "\"i\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]},"
          "\"e\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]},"
          "\"z\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]},"
          "\"bn.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}",
          "abcdefghijklmnopqrstuvwx", 24);
    const int64_t dim[] = { 2, 3, 1 }, any[] = { -1, 3 }, other[] = { 2, 4 }, three_items = 3;
    expect_refusal("v", 2, any, FDML_E_DATA, "x.st: no tensor 'v', expected [any,3]");
    expect_refusal("w", 3, dim, FDML_E_DATA, "x.st: tensor 'w' is [2,3], expected [2,3,1]");
    expect_refusal("w", 2, other, FDML_E_DATA, "x.st: tensor 'w' is [2,3], expected [2,4]");
    expect_refusal("w", 0, NULL, FDML_E_DATA, "x.st: tensor 'w' is [2,3], expected []");
    expect_refusal("z", 2, any, FDML_E_DATA, "x.st: tensor 'z' is [0,3], expected [any,3]");
    expect_refusal("i", 1, &three_items, FDML_E_UNSUPPORTED,
                   "x.st: tensor 'i' is of type I64, expected F32, F16, BF16 or F64");
    expect_refusal("e", 1, &three_items, FDML_E_UNSUPPORTED,
                   "x.st: tensor 'e' is of type F8_E4M3, expected F32, F16, BF16 or F64");
    fdml_tensor t;
    cr_assert_eq(fdml_weights_take(&t, &weights, "w", 2, any, &arena, &err), FDML_OK);
    fdml_weights_skip(&weights, "i");
    fdml_weights_skip(&weights, "z");
    fdml_weights_skip(&weights, "not there");
    scratch_expect_error(fdml_weights_check_taken(&weights, "lenet", &err), &err, FDML_E_DATA,
                         "x.st: tensor 'e' is no part of lenet");
    fdml_weights_skip(&weights, "e");
    cr_assert_eq(fdml_weights_check_taken(&weights, "lenet", &err), FDML_OK);
}

Test(model_weights, memory_that_does_not_suffice_is_said)
{
    parse("{\"w\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}", "abcdefghijkl",
          12);
    const int64_t dim[] = { 2, 3 };
    fdml_tensor t;
    fdml_arena small;
    fdml_arena_init(&small, 16);
    scratch_expect_error(fdml_weights_take(&t, &weights, "w", 2, dim, &small, &err), &err,
                         FDML_E_LIMIT, "x.st: tensor 'w': no memory for 24 bytes");
    cr_assert_eq(small.used, 0u);
    bool fits = false; /* the list itself: too little, and from some size on enough */
    for (size_t limit = 1; limit < 4000; limit += 64) {
        const fdml_source source = { "x.st", NULL, file, 8 + 64 + 12 };
        fdml_weights again;
        fdml_arena_init(&small, limit);
        const fdml_status status = fdml_weights_parse(&again, &source, &small, &err);
        cr_assert_eq(status, fits || !status ? FDML_OK : FDML_E_NOMEM, "%s", err.text);
        cr_assert(status || limit > 1);
        fits = !status;
        fdml_arena_close(&small);
    }
    cr_assert(fits);
}

Test(model_weights, opens_a_file)
{
    fdml_arena_init(&arena, 0);
    const char *path = scratch_shared("models/mnist_tinygrad.safetensors");
    cr_assert_eq(fdml_weights_open(&weights, path, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_weights_n_parameters(&weights), 128u * 784 + 10 * 128);
    cr_assert_null(fdml_weights_metadata(&weights, "format"));
    fdml_weights_close(&weights);
    fdml_weights_close(&weights); /* once more is allowed */
    scratch_expect_error(fdml_weights_open(&weights, "/nonexistent.st", &arena, &err), &err,
                         FDML_E_IO, "/nonexistent.st: No such file or directory");
}
