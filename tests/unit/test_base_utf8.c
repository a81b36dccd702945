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
