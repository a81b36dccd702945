/* utf8.c - see utf8.h. The bounds of the second byte are table 3-7 of the Unicode Standard.
 * SPDX-License-Identifier: MIT */
#include "base/utf8.h"

static int is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t fdml_utf8_length(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    const unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return 0;
    const size_t n = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (size < n) return 0;
    const unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_tail(s[i])) return 0;
    return n;
}

uint32_t fdml_utf8_code(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    if (length == 1) return s[0];
    uint32_t code = s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) code = code << 6 | (s[i] & 0x3fu);
    return code;
}

bool fdml_utf8_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202a && code <= 0x202e) || code == 0x2066 || code == 0x2067;
}

/* The blocks of DerivedBidiClass.txt whose characters are R or AL, assigned or not. */
bool fdml_utf8_is_right_to_left(uint32_t code)
{
    return (code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) ||
           (code >= 0xfe70 && code <= 0xfefe) || (code >= 0x10800 && code <= 0x10fff) ||
           (code >= 0x1e800 && code <= 0x1efff);
}

size_t fdml_utf8_put(char text[4], uint32_t code)
{
    if (code >= 0xD800 && code < 0xE000) return 0;
    if (code > 0x10FFFF) return 0;
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    const size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n - 1; i > 0; i--, code >>= 6) text[i] = (char)(0x80 | (code & 0x3F));
    text[0] = (char)(lead[n] | code);
    return n;
}
