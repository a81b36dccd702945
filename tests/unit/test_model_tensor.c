/* test_model_tensor.c - types, shapes and their limits, integers of every type.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "model/tensor.h"
#include "scratch.h"

/* onnx.proto, TensorProto.DataType; bytes by the types' names. */
Test(model_tensor, types)
{
    static const size_t sizes[FDML_TYPE_COUNT] = { 0, 4, 1, 1, 2, 2, 4,  8, sizeof(char *),
                                                   1, 2, 8, 4, 8, 8, 16, 2, 1,
                                                   1, 1, 1, 1, 1 };
    for (int t = 0; t < FDML_TYPE_COUNT; t++) {
        cr_assert_eq(fdml_type_size((fdml_type)t), sizes[t], "type %d", t);
        cr_assert(fdml_type_name((fdml_type)t)[0]);
    }
    cr_assert_str_eq(fdml_type_name(FDML_TYPE_F32), "float32");
    cr_assert_str_eq(fdml_type_name(FDML_TYPE_F8E5M2FNUZ), "float8e5m2fnuz");
    cr_assert(fdml_type_is_float(FDML_TYPE_BF16) && !fdml_type_is_float(FDML_TYPE_C64));
    cr_assert(fdml_type_is_integer(FDML_TYPE_U4) && !fdml_type_is_integer(FDML_TYPE_BOOL));
    cr_assert(fdml_type_is_computable(FDML_TYPE_STRING));
    cr_assert(!fdml_type_is_computable(FDML_TYPE_C128) &&
              !fdml_type_is_computable(FDML_TYPE_NONE));
}

Test(model_tensor, shapes)
{
    static const size_t dims[] = { 1, 3, 224, 224 };
    fdml_tensor t, scalar, other;
    char text[FDML_SHAPE_TEXT];
    cr_assert_eq(fdml_tensor_shape(&t, FDML_TYPE_F32, 4, dims, "t", NULL), FDML_OK);
    cr_assert(t.n_items == 150528 && fdml_tensor_size(&t) == 602112 && !t.data);
    cr_assert_str_eq(fdml_tensor_shape_text(&t, text), "[1,3,224,224]");
    cr_assert_eq(fdml_tensor_shape(&scalar, FDML_TYPE_I64, 0, NULL, "t", NULL), FDML_OK);
    cr_assert_eq(scalar.n_items, 1u);
    cr_assert_str_eq(fdml_tensor_shape_text(&scalar, text), "[]");
    cr_assert_eq(fdml_tensor_shape(&other, FDML_TYPE_I8, 4, dims, "t", NULL), FDML_OK);
    cr_assert(fdml_tensor_same_shape(&t, &other) && !fdml_tensor_same_shape(&t, &scalar));
    other.dim[2] = 7;
    cr_assert_not(fdml_tensor_same_shape(&t, &other));
}

Test(model_tensor, longest_text_fits)
{
    static const size_t top = SIZE_MAX;
    fdml_tensor t = { .rank = FDML_MAX_RANK };
    char text[FDML_SHAPE_TEXT];
    for (int i = 0; i < FDML_MAX_RANK; i++) t.dim[i] = top;
    fdml_tensor_shape_text(&t, text);
    cr_assert_eq(strlen(text), 2u + 8 * 20 + 7);
    cr_assert_str_eq(text + strlen(text) - 22, ",18446744073709551615]");
}

Test(model_tensor, limits)
{
    static const size_t most[] = { PTRDIFF_MAX / 4 }, more[] = { PTRDIFF_MAX / 4 + 1 };
    static const size_t hidden[] = { 0, (size_t)1 << 40, (size_t)1 << 40 };
    fdml_tensor t;
    fdml_error err;
    cr_assert_eq(fdml_tensor_shape(&t, FDML_TYPE_F32, 1, most, "t", NULL), FDML_OK);
    scratch_expect_error(fdml_tensor_shape(&t, FDML_TYPE_F32, 1, more, "t", &err), &err,
                         FDML_E_LIMIT,
                         "t of shape [2305843009213693952] is larger than any memory");
    scratch_expect_error(
        fdml_tensor_shape(&t, FDML_TYPE_U8, 3, hidden, "t", &err), &err, FDML_E_LIMIT,
        "t of shape [0,1099511627776,1099511627776] is larger than any memory");
    scratch_expect_error(fdml_tensor_shape(&t, FDML_TYPE_U8, 9, hidden, "t", &err), &err,
                         FDML_E_UNSUPPORTED, "t has 9 dimensions, the limit is 8");
}

Test(model_tensor, alloc)
{
    static const size_t dims[] = { 1000 };
    fdml_tensor t;
    fdml_arena arena;
    fdml_error err;
    fdml_arena_init(&arena, 4096);
    cr_assert_eq(fdml_tensor_shape(&t, FDML_TYPE_F32, 1, dims, "t", NULL), FDML_OK);
    cr_assert_eq(fdml_tensor_alloc(&t, &arena, "t", NULL), FDML_OK);
    cr_assert(t.data && (uintptr_t)t.data % 64 == 0);
    cr_assert_eq(fdml_tensor_shape(&t, FDML_TYPE_F64, 1, dims, "t", NULL), FDML_OK);
    scratch_expect_error(fdml_tensor_alloc(&t, &arena, "t", &err), &err, FDML_E_LIMIT,
                         "t: no memory for 8000 bytes");
    fdml_arena_close(&arena);
}

static void expect_ints(fdml_type type, const void *items, const int64_t want[2])
{
    static const size_t dims[] = { 2 };
    fdml_tensor t;
    int64_t got[2];
    cr_assert_eq(fdml_tensor_shape(&t, type, 1, dims, "t", NULL), FDML_OK);
    cr_assert_not(fdml_tensor_ints(got, 2, &t), "no data");
    t.data = (void *)(uintptr_t)items;
    cr_assert_not(fdml_tensor_ints(got, 1, &t), "no room");
    cr_assert(fdml_tensor_ints(got, 2, &t), "type %d", (int)type);
    cr_assert_arr_eq(got, want, sizeof got);
}

Test(model_tensor, ints)
{
    expect_ints(FDML_TYPE_I8, "\x80\x7f", (int64_t[]){ -128, 127 });
    expect_ints(FDML_TYPE_U8, "\x80\x7f", (int64_t[]){ 128, 127 });
    expect_ints(FDML_TYPE_I4, "\xf8\x07", (int64_t[]){ -8, 7 });
    expect_ints(FDML_TYPE_U4, "\x0f\x07", (int64_t[]){ 15, 7 });
    expect_ints(FDML_TYPE_BOOL, "\x00\x01", (int64_t[]){ 0, 1 });
    expect_ints(FDML_TYPE_I16, "\x00\x80\x01\x00", (int64_t[]){ -32768, 1 });
    expect_ints(FDML_TYPE_U16, "\x00\x80\x01\x00", (int64_t[]){ 32768, 1 });
    expect_ints(FDML_TYPE_I32, "\xff\xff\xff\xff\x01\x00\x00\x00", (int64_t[]){ -1, 1 });
    expect_ints(FDML_TYPE_U32, "\xff\xff\xff\xff\x01\x00\x00\x00",
                (int64_t[]){ 4294967295, 1 });
    expect_ints(FDML_TYPE_I64, (int64_t[]){ INT64_MIN, 5 }, (int64_t[]){ INT64_MIN, 5 });
    expect_ints(FDML_TYPE_U64, (uint64_t[]){ INT64_MAX, 5 }, (int64_t[]){ INT64_MAX, 5 });
    fdml_tensor beyond = { FDML_TYPE_U64, 0, { 0 }, 1, (uint64_t[]){ (uint64_t)1 << 63 } };
    fdml_tensor real = { FDML_TYPE_F32, 0, { 0 }, 1, (float[]){ 1 } };
    int64_t got[1];
    cr_assert_not(fdml_tensor_ints(got, 1, &beyond));
    cr_assert_not(fdml_tensor_ints(got, 1, &real));
}
