/* test_data_wire.c - protobuf fields by the examples of its specification, and what is none.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "data/wire.h"

static fdml_bytes of(const void *bytes, size_t size)
{
    return (fdml_bytes){ bytes, size };
}

static void expect_varint(const char *bytes, size_t size, uint64_t value)
{
    fdml_bytes rest = of(bytes, size);
    uint64_t got = 0;
    cr_assert(fdml_wire_varint(&got, &rest));
    cr_assert_eq(got, value);
    cr_assert_eq(rest.size, 0u);
}

/* https://protobuf.dev/programming-guides/encoding/: 150 is 96 01, -2 is fe ff .. 01. */
Test(data_wire, varints)
{
    expect_varint("\x01", 1, 1);
    expect_varint("\x96\x01", 2, 150);
    expect_varint("\xac\x02", 2, 300);
    expect_varint("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX - 1);
    expect_varint("\x80\x00", 2, 0); /* longer than it must be, and valid */
    uint64_t value = 7;
    fdml_bytes rest = of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10); /* 65 bits */
    cr_assert_not(fdml_wire_varint(&value, &rest));
    rest = of("\x80\x80", 2);
    cr_assert_not(fdml_wire_varint(&value, &rest));
    rest = of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    cr_assert_not(fdml_wire_varint(&value, &rest));
    cr_assert(value == 7 && rest.size == 11);
}

/* "testing" as field 2 is 12 07 74 65 73 74 69 6e 67, by the same page. */
Test(data_wire, fields)
{
    static const char bytes[] = "\x08\x96\x01\x12\x07testing\x19"
                                "12345678\x25"
                                "abcd";
    fdml_bytes rest = of(bytes, sizeof bytes - 1);
    fdml_wire_field f;
    cr_assert_eq(fdml_wire_next(&f, &rest), FDML_WIRE_FIELD);
    cr_assert(f.number == 1 && f.type == FDML_WIRE_VARINT && f.value == 150);
    cr_assert(f.payload.size == 2 && f.whole.size == 3 && f.whole.at == (const void *)bytes);
    cr_assert_eq(fdml_wire_next(&f, &rest), FDML_WIRE_FIELD);
    cr_assert(f.number == 2 && f.type == FDML_WIRE_BYTES && f.payload.size == 7);
    cr_assert(!memcmp(f.payload.at, "testing", 7) && f.whole.size == 9);
    cr_assert_eq(fdml_wire_next(&f, &rest), FDML_WIRE_FIELD);
    cr_assert(f.number == 3 && f.type == FDML_WIRE_64 && !memcmp(f.payload.at, "12345678", 8));
    cr_assert_eq(fdml_wire_next(&f, &rest), FDML_WIRE_FIELD);
    cr_assert(f.number == 4 && f.type == FDML_WIRE_32 && !memcmp(f.payload.at, "abcd", 4));
    cr_assert_eq(fdml_wire_next(&f, &rest), FDML_WIRE_END);
}

static fdml_wire_step first_step(const char *bytes, size_t size, size_t *needed)
{
    fdml_bytes rest = of(bytes, size);
    fdml_wire_field f = { .number = 0 };
    const fdml_wire_step step = fdml_wire_next(&f, &rest);
    cr_assert(rest.at == (const void *)bytes && rest.size == size, "nothing is taken");
    *needed = f.payload.size;
    return step;
}

Test(data_wire, refuses)
{
    size_t needed;
    cr_assert_eq(first_step("\x00\x01", 2, &needed), FDML_WIRE_MALFORMED); /* field 0 */
    cr_assert_eq(first_step("\x0b\x01", 2, &needed), FDML_WIRE_MALFORMED); /* a group */
    cr_assert_eq(first_step("\x0c", 1, &needed), FDML_WIRE_MALFORMED);
    cr_assert_eq(first_step("\x0e\x01", 2, &needed), FDML_WIRE_MALFORMED); /* type 6 */
    cr_assert_eq(first_step("\x0f\x01", 2, &needed), FDML_WIRE_MALFORMED);
    cr_assert_eq(first_step("\x08", 1, &needed), FDML_WIRE_MALFORMED);
    cr_assert_eq(first_step("\x80\x80\x80\x80\x80\x01", 6, &needed), FDML_WIRE_MALFORMED);
    cr_assert_eq(first_step("\x12\x07test", 6, &needed), FDML_WIRE_SHORT);
    cr_assert_eq(needed, 7u);
    cr_assert_eq(first_step("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &needed),
                 FDML_WIRE_SHORT);
    cr_assert_eq(needed, SIZE_MAX);
    cr_assert_eq(first_step("\x19"
                            "1234567",
                            8, &needed),
                 FDML_WIRE_SHORT);
    cr_assert_eq(first_step("\x25"
                            "abc",
                            4, &needed),
                 FDML_WIRE_SHORT);
}
