/* test_data_onnx_tensor.c - items from every field that may hold them, against ONNX's Python.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/onnx_file.h"
#include "onnx_maker.h"
#include "scratch.h"

static onnx_maker m;

/* What onnx 1.12 writes and reads, by this script:
 *
 *   import numpy as np, onnx, onnx.numpy_helper
 *   from onnx import helper, TensorProto as T
 *   for t, n, v in [(T.FLOAT, 3, [1.5, -2.0, 0.1]), (T.DOUBLE, 3, [1.5, -2.0, 0.1]),
 *                   (T.UINT8, 3, [0, 7, 255]), (T.INT8, 3, [-128, -1, 127]),
 *                   (T.UINT16, 2, [1, 65535]), (T.INT16, 2, [-32768, 300]),
 *                   (T.INT32, 2, [-2**31, 2**31-1]), (T.INT64, 2, [-2**63, 2**63-1]),
 *                   (T.UINT32, 2, [1, 2**32-1]), (T.UINT64, 2, [1, 2**64-1]),
 *                   (T.BOOL, 3, [True, False, True]),
 *                   (T.FLOAT16, 2, np.array([1.5, -0.1], np.float16))]:
 *       p = helper.make_tensor("t", t, [n], v)
 *       print(t, p.SerializeToString().hex(), onnx.numpy_helper.to_array(p).tobytes().hex())
 *
 * bfloat16's items are those of its int32_data, which NumPy has no type for. */
static const struct {
    int type;
    size_t n;
    const char *file, *items;
} written[] = {
    { 1, 3, "08031001220c0000c03f000000c0cdcccc3d420174", "0000c03f000000c0cdcccc3d" },
    { 11, 3, "0803100b4201745218000000000000f83f00000000000000c09a9999999999b93f",
      "000000000000f83f00000000000000c09a9999999999b93f" },
    { 2, 3, "080310022a040007ff01420174", "0007ff" },
    { 3, 3, "080310032a1580ffffffffffffffff01ffffffffffffffffff017f420174", "80ff7f" },
    { 4, 2, "080210042a0401ffff03420174", "0100ffff" },
    { 5, 2, "080210052a0c8080feffffffffffff01ac02420174", "00802c01" },
    { 6, 2, "080210062a0f80808080f8ffffffff01ffffffff07420174", "00000080ffffff7f" },
    { 7, 2, "080210073a1380808080808080808001ffffffffffffffff7f420174",
      "0000000000000080ffffffffffffff7f" },
    { 12, 2, "0802100c4201745a0601ffffffff0f", "01000000ffffffff" },
    { 13, 2, "0802100d4201745a0b01ffffffffffffffffff01", "0100000000000000ffffffffffffffff" },
    { 9, 3, "080310092a03010001420174", "010001" },
    { 10, 2, "0802100a2a05807ce6dc02420174", "003e66ae" },
    { 16, 2, "080210102a05807f808003420174", "803f00c0" },
    { 5, 2, "080210054201744a04fbff0600", "fbff0600" }, /* the same call with raw=True */
};

static size_t from_hex(unsigned char *out, const char *hex)
{
    size_t n = 0;
    for (unsigned byte; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (unsigned char)byte;
    return n;
}

Test(data_onnx_tensor, as_onnx_writes_them)
{
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        unsigned char file[128], items[64];
        const size_t size = from_hex(file, written[i].file);
        const size_t n = from_hex(items, written[i].items);
        fdml_onnx_tensor t;
        fdml_error err = { 0 };
        fdml_arena arena;
        fdml_arena_init(&arena, 0);
        cr_assert_eq(fdml_onnx_parse_tensor(&t, "t.pb", file, size, &arena, &err), FDML_OK,
                     "row %zu: %s", i, err.text);
        cr_assert(t.type == written[i].type && t.rank == 1 && t.n_items == written[i].n);
        cr_assert_eq((size_t)t.dim[0], written[i].n);
        cr_assert_str_eq(t.name, "t");
        cr_assert(memcmp(t.data, items, n) == 0, "row %zu", i);
        fdml_arena_close(&arena);
    }
}

static fdml_status parse(fdml_onnx_tensor *t, fdml_arena *arena, fdml_error *err)
{
    return fdml_onnx_parse_tensor(t, "t.pb", m.bytes, m.n, arena, err);
}

static void begin(int type, int n_dims, const int64_t *dims)
{
    m.n = 0;
    for (int i = 0; i < n_dims; i++) maker_int(&m, 1, dims[i]);
    maker_int(&m, 2, type);
}

static void begin_list(int type, int64_t n)
{
    begin(type, 1, &n);
}

static void expect_items(const void *items, size_t size, bool is_in_file)
{
    fdml_onnx_tensor t;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(parse(&t, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_arr_eq(t.data, items, size);
    const unsigned char *at = t.data;
    cr_assert_eq(at >= m.bytes && at < m.bytes + m.n, is_in_file);
    fdml_arena_close(&arena);
}

static void expect_failure(fdml_status status, const char *text)
{
    fdml_onnx_tensor t;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(parse(&t, &arena, &err), &err, status, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

/* Packed, one by one, and in several runs: a reader must take all three. */
Test(data_onnx_tensor, repeated_fields)
{
    static const float floats[] = { 1, 2, 3 };
    static const int64_t ints[] = { 5, -6, 7 };
    begin_list(1, 3);
    maker_bytes(&m, 4, floats, 12);
    expect_items(floats, 12, true);
    begin_list(1, 3);
    for (int i = 0; i < 3; i++) maker_float(&m, 4, floats[i]);
    expect_items(floats, 12, false);
    begin_list(1, 3);
    maker_bytes(&m, 4, floats, 4);
    maker_bytes(&m, 4, floats, 0);
    maker_bytes(&m, 4, floats + 1, 8);
    expect_items(floats, 12, false);
    begin_list(7, 3);
    for (int i = 0; i < 3; i++) maker_int(&m, 7, ints[i]);
    expect_items(ints, 24, false);
    begin_list(7, 3);
    maker_begin(&m, 7);
    for (int i = 0; i < 2; i++) maker_number(&m, (uint64_t)ints[i]);
    maker_end(&m);
    maker_int(&m, 7, ints[2]);
    expect_items(ints, 24, false);
}

/* Two items of 4 bits to a byte, the first in its low half (onnx.proto3 on INT4). */
Test(data_onnx_tensor, four_bits)
{
    static const signed char want[] = { 1, -8, -1 };
    static const unsigned char wants[] = { 1, 8, 15 };
    begin_list(22, 3);
    maker_bytes(&m, 9, "\x81\x0f", 2);
    expect_items(want, 3, false);
    begin_list(21, 3);
    maker_bytes(&m, 9, "\x81\x0f", 2);
    expect_items(wants, 3, false);
    begin_list(22, 3);
    maker_int(&m, 5, 0x81);
    maker_int(&m, 5, 0x0f);
    expect_items(want, 3, false);
}

Test(data_onnx_tensor, other_forms)
{
    static const float complex[] = { 1, 2, 0, -3 };
    begin_list(14, 2);
    maker_bytes(&m, 4, complex, 16);
    expect_items(complex, 16, true);
    begin_list(9, 3);
    maker_bytes(&m, 9, "\1\0\1", 3);
    expect_items("\1\0\1", 3, true);
    begin_list(9, 3);
    maker_bytes(&m, 9, "\2\0\xff", 3); /* in memory a bool is 0 or 1 */
    expect_items("\1\0\1", 3, false);
    begin_list(17, 2);
    maker_int(&m, 5, 0x38);
    maker_int(&m, 5, 0xb8);
    expect_items("\x38\xb8", 2, false);
}

Test(data_onnx_tensor, scalars_and_nothing)
{
    fdml_onnx_tensor t;
    fdml_arena arena;
    static const float one = 1;
    static const int64_t none[] = { 3, 0, 5 };
    begin(1, 0, NULL);
    maker_float(&m, 4, 1);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(parse(&t, &arena, NULL), FDML_OK);
    cr_assert(t.rank == 0 && t.n_items == 1 && !memcmp(t.data, &one, 4));
    begin(1, 3, none);
    cr_assert_eq(parse(&t, &arena, NULL), FDML_OK);
    cr_assert(t.rank == 3 && t.n_items == 0 && t.dim[2] == 5 && t.data);
    begin_list(8, 2);
    maker_text(&m, 6, "ab");
    maker_text(&m, 6, "Zo\xc3\xab");
    cr_assert_eq(parse(&t, &arena, NULL), FDML_OK);
    const char *const *texts = t.data;
    cr_assert_str_eq(texts[0], "ab");
    cr_assert_str_eq(texts[1], "Zo\xc3\xab");
    fdml_arena_close(&arena);
}

Test(data_onnx_tensor, refuses_shapes)
{
    static const int64_t negative[] = { 2, -1 }, large[] = { 0, INT64_C(1) << 40, 1 << 24 };
    begin(1, 2, negative);
    expect_failure(FDML_E_FORMAT, "t.pb: dimension 1 is -1");
    begin(1, 3, large);
    expect_failure(FDML_E_LIMIT, "t.pb: its shape asks for more items than any memory holds");
    begin_list(1, INT64_C(1) << 40);
    expect_failure(FDML_E_FORMAT, "t.pb: 0 numbers of data, expected 1099511627776 for its "
                                  "type and shape");
    begin_list(1, INT64_C(1) << 40);
    maker_bytes(&m, 9, "1234", 4);
    expect_failure(FDML_E_FORMAT, "t.pb: 4 bytes of data, expected 4398046511104 for its type "
                                  "and shape");
    begin_list(23, 1);
    expect_failure(FDML_E_UNSUPPORTED, "t.pb: its data type is 23, known are 1 to 22");
    begin_list(0, 1);
    expect_failure(FDML_E_UNSUPPORTED, "t.pb: its data type is 0, known are 1 to 22");
    m.n = 0;
    for (int i = 0; i < 65; i++) maker_int(&m, 1, 1);
    maker_int(&m, 2, 1);
    expect_failure(FDML_E_LIMIT, "t.pb: 65 dimensions, the limit is 64");
}

Test(data_onnx_tensor, refuses_data)
{
    begin_list(1, 2);
    maker_float(&m, 4, 1);
    expect_failure(FDML_E_FORMAT, "t.pb: 1 numbers of data, expected 2 for its type and shape");
    begin_list(1, 1);
    maker_int(&m, 5, 1);
    expect_failure(FDML_E_FORMAT,
                   "t.pb: its items are in field 5, expected field 4 for its type");
    begin_list(1, 1);
    maker_float(&m, 4, 1);
    maker_bytes(&m, 9, "1234", 4);
    expect_failure(FDML_E_FORMAT, "t.pb: holds its data twice");
    begin_list(1, 1);
    maker_bytes(&m, 4, "12345", 5);
    expect_failure(FDML_E_FORMAT, "t.pb: its field 4 is damaged");
    begin_list(7, 1);
    maker_bytes(&m, 7, "\x80", 1);
    expect_failure(FDML_E_FORMAT, "t.pb: its field 7 is damaged");
    begin_list(7, 1);
    maker_bytes(&m, 7, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    expect_failure(FDML_E_FORMAT, "t.pb: its number 0 is damaged");
    begin_list(8, 1);
    maker_text(&m, 6, "\xff");
    expect_failure(FDML_E_FORMAT, "t.pb: its string is no UTF-8 text");
    begin_list(8, 2);
    maker_text(&m, 6, "a");
    expect_failure(FDML_E_FORMAT, "t.pb: 1 strings, expected 2 for its shape");
    begin_list(1, 1);
    maker_begin(&m, 3);
    maker_end(&m);
    expect_failure(FDML_E_UNSUPPORTED, "t.pb: a tensor in segments is not supported");
    begin_list(1, 1);
    maker_bytes(&m, 8, "a\0b", 3);
    expect_failure(FDML_E_FORMAT, "t.pb: its name is no UTF-8 text");
    begin_list(1, 1);
    maker_int(&m, 14, 1);
    expect_failure(FDML_E_UNSUPPORTED,
                   "t.pb: its data are in the file '', which cannot be looked for here");
    m.n = 0;
    expect_failure(FDML_E_FORMAT, "t.pb: is empty");
    begin_list(1, 1);
    maker_raw(&m, "\x4a\x20", 2);
    expect_failure(FDML_E_FORMAT, "t.pb: byte 4: field 9 of 32 bytes, 0 are left; is the file "
                                  "cut short?");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    fdml_onnx_tensor t;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    (void)fdml_onnx_parse_tensor(&t, "t.pb", bytes, size, &arena, NULL);
    fdml_arena_close(&arena);
}

Test(data_onnx_tensor, survives_spoiled_files)
{
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        unsigned char file[128];
        scratch_spoil(read_any, file, from_hex(file, written[i].file));
    }
}
