/* test_data_safetensors.c - tensors by name, refusals, spoiled files.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/safetensors.h"
#include "scratch.h"

/* Aligned, so that where an F32 tensor may be mapped depends on the header alone. */
static union {
    double align;
    unsigned char bytes[4096];
} file;

static const float six[] = { 1, 2, 3, 4, 5, 6 };

static size_t make(const char *json, const void *data, size_t size)
{
    const uint64_t length = strlen(json);
    memcpy(file.bytes, &length, 8);
    memcpy(file.bytes + 8, json, length);
    memcpy(file.bytes + 8 + length, data, size);
    return 8 + length + size;
}

static fdml_status read_file(fdml_matrix *m, size_t size, const char *member, fdml_arena *arena,
                             fdml_error *err)
{
    const fdml_source source = { "x.st", member, file.bytes, size };
    return fdml_safetensors_read(m, &source, arena, err);
}

static void expect_failure(const char *json, size_t size, const char *member,
                           fdml_status status, const char *text)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read_file(&m, make(json, six, size), member, &arena, &err), &err,
                         status, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

static void expect_row(const char *json, const void *data, size_t size, const char *member,
                       const float expected[3], bool is_mapped)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_file(&m, make(json, data, size), member, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(m.dim, 3u);
    cr_assert_eq(m.is_mapped, is_mapped);
    cr_assert_eq(m.own_size, is_mapped ? 0 : m.n_rows * 12);
    cr_assert_arr_eq(m.data, expected, 12);
    fdml_arena_close(&arena);
}

Test(data_safetensors, types)
{
    static const uint16_t halves[] = { 0x3c00, 0x4000, 0x4200 };
    static const uint16_t brains[] = { 0x3f80, 0x4000, 0x4040 };
    static const double doubles[] = { 1, 2, 3 };
    const char *json = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
    char padded[80];
    for (int length = 64; length < 70; length++) { /* of the JSON: the data move with it */
        snprintf(padded, sizeof padded, "%-*s", length, json);
        expect_row(padded, six, 24, NULL, six, length % 4 == 0);
    }
    expect_row("{\"a\":{\"dtype\":\"F16\",\"shape\":[1,3],\"data_offsets\":[0,6]}}", halves, 6,
               NULL, six, false);
    expect_row("{\"a\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[0,6]}}", brains, 6,
               NULL, six, false);
    expect_row("{\"a\":{\"dtype\":\"F64\",\"shape\":[1,3],\"data_offsets\":[0,24]}}", doubles,
               24, NULL, six, false);
}

Test(data_safetensors, chooses)
{
    const char *json = "{\"__metadata__\":{\"format\":\"pt\"},"
                       "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
                       "\"w\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[12,24]}}";
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_file(&m, make(json, six, 24), NULL, &arena, NULL), FDML_OK);
    cr_assert(m.n_rows == 1 && m.dim == 3);
    float values[3];
    memcpy(values, m.data, sizeof values);
    cr_assert_arr_eq(values, six + 3, 12);
    fdml_arena_close(&arena);
    expect_failure(json, 24, "bias", FDML_E_FORMAT,
                   "x.st: tensor 'bias' has 1 dimensions, expected rows x dim");
    expect_failure(json, 24, "nope", FDML_E_DATA,
                   "x.st: no tensor 'nope'; tensors are bias, w");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[0,12]},"
                   "\"b\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}",
                   24, NULL, FDML_E_DATA,
                   "x.st: 2 2-D tensors, choose one as FILE:NAME; tensors are a, b");
}

Test(data_safetensors, lists_everything)
{
    fdml_safetensors st;
    fdml_arena arena;
    const char *json = "{\"__metadata__\":{\"k\":\"v\",\"l\":\"\"},"
                       "\"q\":{\"dtype\":\"F8_E4M3\",\"shape\":[2,3],\"data_offsets\":[0,6]},"
                       "\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}}";
    const fdml_source source = { "x.st", NULL, file.bytes, make(json, six, 24) };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_safetensors_parse(&st, &source, &arena, NULL), FDML_OK);
    cr_assert(st.n_tensors == 2 && st.n_metadata == 2);
    cr_assert_str_eq(st.metadata[1], "v");
    const fdml_tensor_entry *q = fdml_safetensors_find(&st, "q");
    const fdml_tensor_entry *s = fdml_safetensors_find(&st, "s");
    cr_assert(q && !q->has_dtype && q->n_items == 6 && q->size == 6);
    cr_assert_str_eq(q->dtype_name, "F8_E4M3");
    cr_assert(s && s->n_dims == 0 && s->n_items == 1 && s->size == 4);
    cr_assert_arr_eq(s->bytes, six + 2, 4);
    cr_assert_null(fdml_safetensors_find(&st, "t"));
    fdml_arena_close(&arena);
}

Test(data_safetensors, refuses)
{
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]}}", 24,
                   NULL, FDML_E_FORMAT, "x.st: tensor 'a': bytes 4 to 28 of 24 bytes of data");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,4]}}", 24,
                   NULL, FDML_E_FORMAT, "x.st: tensor 'a': bytes 8 to 4 of 24 bytes of data");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,24]}}", 24,
                   NULL, FDML_E_FORMAT,
                   "x.st: tensor 'a': 24 bytes, expected 16 for its shape and F32");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
                   "\"data_offsets\":[0,0]}}",
                   24, NULL, FDML_E_FORMAT, "x.st: tensor 'a': is larger than any memory");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,3],\"data_offsets\":[0,0]}}", 24,
                   NULL, FDML_E_FORMAT, "x.st: tensor 'a': has an invalid shape");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]}}", 24,
                   NULL, FDML_E_DATA, "x.st: has no rows");
    expect_failure("{\"a\":{\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24, NULL, FDML_E_FORMAT,
                   "x.st: tensor 'a': has no dtype");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24,1]}}", 24,
                   NULL, FDML_E_FORMAT, "x.st: tensor 'a': has no valid data_offsets");
    expect_failure("{\"a\":{\"dtype\":\"F8\",\"shape\":[2,3],\"data_offsets\":[0,6]}}", 6, NULL,
                   FDML_E_UNSUPPORTED, "x.st: tensor 'a' is F8, expected numbers");
    expect_failure("{\"a\":1}", 0, NULL, FDML_E_FORMAT, "x.st: tensor 'a': is no object");
    expect_failure("[]", 0, NULL, FDML_E_FORMAT, "x.st: the header is no object");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                   "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                   4, NULL, FDML_E_FORMAT, "x.st: tensor 'a': stands twice");
    expect_failure("{\"__metadata__\":{\"a\":1}}", 0, NULL, FDML_E_FORMAT,
                   "x.st: __metadata__ 'a' is no string");
    expect_failure("{\"__metadata__\":[]}", 0, NULL, FDML_E_FORMAT,
                   "x.st: __metadata__ is no object");
    expect_failure("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],"
                   "\"data_offsets\":[0,4]}}",
                   4, NULL, FDML_E_FORMAT, "x.st: tensor 'a': has more than 8 dimensions");
    expect_failure("{}", 0, NULL, FDML_E_DATA,
                   "x.st: 0 2-D tensors, choose one as FILE:NAME; tensors are none");
}

Test(data_safetensors, refuses_prefixes)
{
    fdml_matrix m;
    fdml_error err;
    scratch_expect_error(read_file(&m, 7, NULL, NULL, &err), &err, FDML_E_FORMAT,
                         "x.st: 7 bytes, too short for a header");
    memset(file.bytes, 0xff, 8);
    scratch_expect_error(read_file(&m, 100, NULL, NULL, &err), &err, FDML_E_FORMAT,
                         "x.st: header of 18446744073709551615 bytes in a file of 100");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.st", NULL, bytes, size };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_safetensors_read(&m, &source, &arena, NULL) == FDML_OK)
        scratch_touch(m.data, m.n_rows * m.dim);
    fdml_arena_close(&arena);
}

Test(data_safetensors, survives_spoiled_files)
{
    const size_t size = make("{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\","
                             "\"shape\":[2,3],\"data_offsets\":[0,24]}}",
                             six, 24);
    scratch_spoil(read_any, file.bytes, size);
}

Test(data_safetensors, real_model)
{
    fdml_arena arena;
    fdml_matrix m;
    fdml_error err = { 0 };
    const char *path = scratch_shared("models/mnist_tinygrad.safetensors");
    char spec[600];
    snprintf(spec, sizeof spec, "%s:l1.weight", path);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_matrix_open(&m, spec, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == 128 && m.dim == 784);
    fdml_matrix_close(&m);
    fdml_arena_close(&arena);
}
