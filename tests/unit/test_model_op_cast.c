/* test_model_op_cast.c - Cast between all types; text as NumPy 1.24 and 2 write it.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "model/items_text.h"
#include "op_case.h"

static const fdml_tensor *cast(fdml_tensor x, fdml_type to)
{
    static fdml_attr attr;
    attr = fdml_attr_int("to", to);
    op_case c = { .op = "Cast", .opset = 21, .n_inputs = 1, .n_attrs = 1 };
    c.input[0] = x, c.attr[0] = attr;
    return op_run(&c);
}

Test(model_op_cast, numbers)
{
    op_expect(cast(F32((4), 1.9f, -1.9f, 0, -0.0f), FDML_TYPE_I64), I64((4), 1, -1, 0, 0));
    op_expect(cast(F32((4), 1e20f, -1e20f, NAN, 300), FDML_TYPE_I32),
              I32((4), INT32_MAX, INT32_MIN, 0, 300));
    op_expect(cast(F32((3), 0.25f, 0, NAN), FDML_TYPE_BOOL), BOOL((3), 1, 0, 1));
    op_expect(cast(I64((3), 256 + 7, -1, 255), FDML_TYPE_U8), U8((3), 7, 255, 255));
    op_expect(cast(I64((2), INT64_MAX, 16777217), FDML_TYPE_F32), F32((2), 0x1p63f, 16777216));
    op_expect(cast(OP_TENSOR(U64, uint64_t, (1), UINT64_MAX), FDML_TYPE_F64), F64((1), 0x1p64));
    op_expect(cast(BOOL((2), 1, 0), FDML_TYPE_F32), F32((2), 1, 0));
    op_expect(cast(F64((3), 1 + 0x1p-24, 1e300, 0x1p-149), FDML_TYPE_F32),
              F32((3), 1, INFINITY, 0x1p-149f));
    op_expect(cast(F64((3), 65519.99, 65520, 0x1p-24), FDML_TYPE_F16),
              OP_TENSOR(F16, uint16_t, (3), 0x7bff, 0x7c00, 1));
    op_expect(cast(F32((3), 1.00390625f, 1.01171875f, -1), FDML_TYPE_BF16),
              OP_TENSOR(BF16, uint16_t, (3), 0x3f80, 0x3f82, 0xbf80)); /* ties to even */
    op_expect(cast(OP_TENSOR(BF16, uint16_t, (1), 0x4049), FDML_TYPE_F64), F64((1), 3.140625));
}

Test(model_op_cast, four_bits)
{
    op_expect(cast(F32((6), -9, -2.5f, 0.5f, 1.5f, 6.6f, 20), FDML_TYPE_I4),
              OP_TENSOR(I4, int8_t, (6), -8, -2, 0, 2, 7, 7));
    op_expect(cast(F32((4), -9, 2.5f, 14.7f, 20), FDML_TYPE_U4),
              OP_TENSOR(U4, uint8_t, (4), 0, 2, 15, 15));
    op_expect(cast(I64((3), 7, 8, -9), FDML_TYPE_I4), OP_TENSOR(I4, int8_t, (3), 7, -8, 7));
    op_expect(cast(OP_TENSOR(I4, int8_t, (2), -8, 7), FDML_TYPE_F32), F32((2), -8, 7));
}

/* The table of the specification: largest value, or NaN and infinity without saturation. */
Test(model_op_cast, float8)
{
    op_case c = { .op = "Cast", .opset = 19, .n_inputs = 1, .n_attrs = 2 };
    c.input[0] = F32((4), 1e6f, -INFINITY, 0.47892547f, -0.0f);
    c.attr[0] = fdml_attr_int("to", FDML_TYPE_F8E4M3FN);
    c.attr[1] = fdml_attr_int("saturate", 1);
    op_expect(op_run(&c), OP_TENSOR(F8E4M3FN, uint8_t, (4), 0x7e, 0xfe, 0x2f, 0x80));
    c.attr[0] = fdml_attr_int("to", FDML_TYPE_F8E5M2FNUZ);
    op_expect(op_run(&c), OP_TENSOR(F8E5M2FNUZ, uint8_t, (4), 0x7f, 0xff, 0x3c, 0));
    c.attr[1] = fdml_attr_int("saturate", 0);
    op_expect(op_run(&c), OP_TENSOR(F8E5M2FNUZ, uint8_t, (4), 0x80, 0x80, 0x3c, 0));
    c.attr[0] = fdml_attr_int("to", FDML_TYPE_F8E5M2);
    op_expect(op_run(&c), OP_TENSOR(F8E5M2, uint8_t, (4), 0x7c, 0xfc, 0x38, 0x80));
    op_expect(cast(OP_TENSOR(F8E4M3FN, uint8_t, (3), 0x7e, 0x01, 0x7f), FDML_TYPE_F32),
              F32((3), 448, 0x1p-9f, NAN));
}

Test(model_op_cast, to_text)
{
    op_expect(
        cast(F32((6), 0.039187793f, 1, 1e-5f, -2.5e16f, 1e15f, 0.0001f), 8),
        TEXT((6), "0.039187793", "1.0", "1e-05", "-2.5e+16", "1000000000000000.0", "1e-04"));
    op_expect(cast(F32((5), NAN, INFINITY, -INFINITY, -0.0f, 16777216), 8),
              TEXT((5), "nan", "inf", "-inf", "-0.0", "16777216.0"));
    op_expect(cast(F32((3), FLT_MAX, 0x1p-149f, 0.1f), 8),
              TEXT((3), "3.4028235e+38", "1e-45", "0.1"));
    op_expect(cast(F64((4), 0.1, 1.0 / 3, 5e-324, 123456.789), 8),
              TEXT((4), "0.1", "0.3333333333333333", "5e-324", "123456.789"));
    op_expect(cast(OP_TENSOR(F16, uint16_t, (2), 0x2e66, 0x7bff), 8),
              TEXT((2), "0.1", "65500.0"));
    op_expect(cast(I64((2), INT64_MIN, 7), 8), TEXT((2), "-9223372036854775808", "7"));
    op_expect(cast(OP_TENSOR(U64, uint64_t, (1), UINT64_MAX), 8),
              TEXT((1), "18446744073709551615"));
    op_expect(cast(BOOL((2), 1, 0), 8), TEXT((2), "True", "False"));
}

Test(model_op_cast, from_text)
{
    op_expect(cast(TEXT((5), "3.14", "1e-5", "NaN", "+INF", "-inf"), FDML_TYPE_F32),
              F32((5), 3.14f, 1e-5f, NAN, INFINITY, -INFINITY));
    op_expect(cast(TEXT((2), "42", "-7"), FDML_TYPE_I32), I32((2), 42, -7));
    op_expect(cast(TEXT((1), "18446744073709551615"), FDML_TYPE_U64),
              OP_TENSOR(U64, uint64_t, (1), UINT64_MAX));
    op_expect(cast(TEXT((3), "True", "False", "1"), FDML_TYPE_BOOL), BOOL((3), 1, 0, 1));
    op_expect(cast(TEXT((2), "a", "b"), FDML_TYPE_STRING), TEXT((2), "a", "b"));
    op_case c = { .op = "Cast", .opset = 13, .n_inputs = 1, .n_attrs = 1 };
    c.input[0] = TEXT((2), "1", "300"), c.attr[0] = fdml_attr_int("to", FDML_TYPE_U8);
    op_refuses(&c, FDML_E_DATA, "item 1, \"300\", is no uint8");
    c.input[0] = TEXT((1), "1.5"), c.attr[0] = fdml_attr_int("to", FDML_TYPE_I64);
    op_refuses(&c, FDML_E_DATA, "item 0, \"1.5\", is no int64");
    c.attr[0] = fdml_attr_int("to", 99);
    op_refuses(&c, FDML_E_UNSUPPORTED, "a cast to type 99 is not supported");
    c.attr[0] = fdml_attr_int("to", FDML_TYPE_C64);
    op_refuses(&c, FDML_E_UNSUPPORTED, "a cast to type complex64 is not supported");
}

/* What print writes, parse reads back. */
Test(model_op_cast, text_round_trip)
{
    char text[FDML_ITEM_TEXT];
    for (uint32_t i = 1; i < 200000; i++) {
        const uint32_t bits = i * 21473u;
        float x, y = 0;
        memcpy(&x, &bits, sizeof x);
        const fdml_tensor from = SCALAR(F32, float, x),
                          to = op_tensor(FDML_TYPE_F32, 0, NULL, &y);
        fdml_items_print(text, &from, 0);
        cr_assert(fdml_items_parse(&to, 0, text), "%s", text);
        cr_assert(isnan(x) ? isnan(y) : x == y, "%.9g: %s", (double)x, text);
    }
}

Test(model_op_cast, cast_like_and_passing_on)
{
    op_case c = { .op = "CastLike", .opset = 19, .n_inputs = 2 };
    c.input[0] = F32((2), 1.5f, -2), c.input[1] = NOTHING(I64, (0)), c.hides_data = 2;
    op_expect(op_run(&c), I64((2), 1, -2));
    op_case identity = { .op = "Identity", .opset = 16, .n_inputs = 1 };
    identity.input[0] = TEXT((1, 2), "x", "y");
    op_expect(op_run(&identity), TEXT((1, 2), "x", "y"));
}

Test(model_op_cast, dropout)
{
    op_case c = { .op = "Dropout", .opset = 13, .n_inputs = 3, .n_outputs = 2 };
    c.input[0] = F32((2), 1, -2);
    c.input[1] = SCALAR(F32, float, 0.5f), c.input[2] = SCALAR(BOOL, bool, 0);
    const fdml_tensor *y = op_run(&c);
    op_expect(&y[0], F32((2), 1, -2));
    op_expect(&y[1], BOOL((2), 1, 1));
    c.input[2] = SCALAR(BOOL, bool, 1);
    op_refuses(&c, FDML_E_UNSUPPORTED,
               "training_mode is true with a ratio of 0.5, which is random");
    c.hides_data = 4;
    op_refuses(&c, FDML_E_UNSUPPORTED,
               "training_mode is true with a ratio of 0.5, which is random");
    c.input[1] = SCALAR(F32, float, 0);
    op_expect(op_run(&c), F32((2), 1, -2));
    c.opset = 7, c.n_inputs = 1; /* the mask was of the type of x */
    op_expect(&op_run(&c)[1], F32((2), 1, 1));
}
