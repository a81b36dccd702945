/* test_tools_train_events.c - records as TensorFlow frames them. The CRC's check values are
 * RFC 3720's, the bytes are written by hand from the format's description.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "../../tools/train_events.h"

/* RFC 3720, B.4, and the check value that every catalogue of CRCs lists for "123456789". */
Test(tools_train_events, crc32c)
{
    unsigned char bytes[32] = { 0 };
    cr_assert_eq(events_crc32c("123456789", 9), 0xe3069283u);
    cr_assert_eq(events_crc32c(bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    cr_assert_eq(events_crc32c(bytes, 32), 0x62a8ab43u);
    for (unsigned i = 0; i < 32; i++) bytes[i] = (unsigned char)i;
    cr_assert_eq(events_crc32c(bytes, 32), 0x46dd794eu);
    cr_assert_eq(events_crc32c("", 0), 0);
}

/* crc32c/crc32c.h of LevelDB, where the mask comes from: rotate right by 15, add. */
Test(tools_train_events, mask)
{
    cr_assert_eq(events_mask(0), 0xa282ead8u);
    cr_assert_eq(events_mask(1), 0xa282ead8u + 0x20000u);
    cr_assert_eq(events_mask(0x8000), 0xa282ead8u + 1);
}

Test(tools_train_events, scalar_bytes)
{
    /* wall time 1.5, step 300, tag "loss", 0.25 */
    static const unsigned char event[] = {
        0x09, 0,    0,    0,    0,   0,   0, 0xf8, 0x3f, /* 1: 1.5 as a double */
        0x10, 0xac, 0x02,                                /* 2: 300 as a varint */
        0x2a, 13,                                        /* 5: a summary of 13 bytes */
        0x0a, 11,                                        /* 1: a value of 11 bytes */
        0x0a, 4,    'l',  'o',  's', 's',                /* 1: the tag */
        0x15, 0,    0,    0x80, 0x3e                     /* 2: 0.25 as a float */
    };
    unsigned char bytes[128];
    uint32_t crc;
    FILE *file = fmemopen(bytes, sizeof bytes, "wb");
    events_scalar(file, 1.5, 300, "loss", 0.25f);
    fflush(file);
    const long size = ftell(file);
    fclose(file);
    cr_assert_eq(size, 8 + 4 + (long)sizeof event + 4);
    cr_assert_eq(bytes[0], sizeof event);
    for (int i = 1; i < 8; i++) cr_assert_eq(bytes[i], 0);
    memcpy(&crc, bytes + 8, 4);
    cr_assert_eq(crc, events_mask(events_crc32c(bytes, 8)));
    cr_assert_arr_eq(bytes + 12, event, sizeof event);
    memcpy(&crc, bytes + 12 + sizeof event, 4);
    cr_assert_eq(crc, events_mask(events_crc32c(event, sizeof event)));
}

/* A tag from a file may have any length. */
Test(tools_train_events, long_tag_is_cut)
{
    char tag[1000];
    unsigned char bytes[512];
    memset(tag, 'a', sizeof tag - 1);
    tag[sizeof tag - 1] = 0;
    FILE *file = fmemopen(bytes, sizeof bytes, "wb");
    events_scalar(file, 1, 1, tag, 1);
    fflush(file);
    cr_assert_eq(ftell(file), 8 + 4 + 9 + 2 + 3 + 2 + 2 + EVENTS_TAG_MAX + 5 + 4);
    fclose(file);
}
