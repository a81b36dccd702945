/* test_base_utf8.c - every code point, and the malformed sequences of RFC 3629.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/utf8.h"

Test(base_utf8, every_code_point_round_trips)
{
    for (uint32_t code = 0; code < 0x110000; code++) {
        char text[4];
        const size_t n = fdml_utf8_put(text, code);
        const size_t expected = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        if (code >= 0xD800 && code < 0xE000) {
            cr_assert_eq(n, 0u);
            continue;
        }
        cr_assert_eq(n, expected, "U+%X", code);
        cr_assert_eq(fdml_utf8_length(text, n), n, "U+%X", code);
        if (n > 1) cr_assert_eq(fdml_utf8_length(text, n - 1), 0u, "U+%X", code);
    }
    char text[4];
    cr_assert_eq(fdml_utf8_put(text, 0x110000), 0u);
    cr_assert_eq(fdml_utf8_put(text, UINT32_MAX), 0u);
}

Test(base_utf8, known_encodings)
{
    char text[4];
    cr_assert(fdml_utf8_put(text, 0x674E) == 3 && !memcmp(text, "\xE6\x9D\x8E", 3));
    cr_assert(fdml_utf8_put(text, 0x1F600) == 4 && !memcmp(text, "\xF0\x9F\x98\x80", 4));
}

Test(base_utf8, malformed)
{
    static const char *const bad[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xC3(",
        "\xE6\x9D(",
        "\xF0\x9F\x98(",
        "\xF0\x9F(\x80",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(fdml_utf8_length(bad[i], strlen(bad[i])), 0u, "case %zu", i);
}

/* From UnicodeData.txt: general categories Cc, Zl, Zp, and bidirectional classes. */
Test(base_utf8, what_acts_instead_of_being_shown)
{
    static const uint32_t acts[] = { 0,      0x0a,   0x1b,   0x7f,   0x80,   0x9b,  0x9f,
                                     0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2067 };
    static const uint32_t shown[] = { 0x20,   0x7e,   0xa0,  0x301,  0x200d, 0x200f, 0x202f,
                                      0x2068, 0x2069, 0x5d0, 0x674e, 0xfffd, 0x1f600 };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        cr_assert(fdml_utf8_is_control(acts[i]), "U+%X", acts[i]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cr_assert(!fdml_utf8_is_control(shown[i]), "U+%X", shown[i]);
}

Test(base_utf8, right_to_left_letters)
{
    static const uint32_t right[] = { 0x5d0,  0x627,  0x710,  0x780,   0x7ca,   0x840,
                                      0xfb1d, 0xfdfa, 0xfefc, 0x10900, 0x1e900, 0x1eeff };
    static const uint32_t left[] = { 'a',    0x301,  0x400,  0x904,  0xe01,
                                     0x202b, 0x674e, 0xff21, 0x1f600 };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        cr_assert(fdml_utf8_is_right_to_left(right[i]), "U+%X", right[i]);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        cr_assert(!fdml_utf8_is_right_to_left(left[i]), "U+%X", left[i]);
}

Test(base_utf8, code_is_what_was_put)
{
    for (uint32_t code = 0; code < 0x110000; code++) {
        char text[4];
        const size_t n = fdml_utf8_put(text, code);
        if (n) cr_assert_eq(fdml_utf8_code(text, n), code, "U+%X", code);
    }
}
