/* utf8.h - is it UTF-8, where does the next character end, and what does it do? RFC 3629,
 * strictly.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_UTF8_H
#define FDML_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at text[0], 1 to 4; 0 if it is not valid within `size` bytes: a stray
 * or missing continuation, an overlong form, a surrogate, above U+10FFFF. size > 0. */
size_t fdml_utf8_length(const char *text, size_t size);

/* The code point of a valid character of `length` bytes. */
uint32_t fdml_utf8_code(const char *text, size_t length);

/* Does it act on a terminal or on what follows instead of being shown? Controls (C0, DEL, C1),
 * line and paragraph separators, and what steers the direction of text, which Unicode's UTR 36
 * and CVE-2021-42574 warn of: U+202A..U+202E, U+2066, U+2067. Not U+2068 and U+2069, which set
 * a name apart from the text around it and turn nothing that is not right-to-left itself. */
bool fdml_utf8_is_control(uint32_t code);
/* Letters of Hebrew, Arabic and the other scripts that are written from right to left. */
bool fdml_utf8_is_right_to_left(uint32_t code);

/* Writes a code point; returns its bytes, 0 for a surrogate or above U+10FFFF. */
size_t fdml_utf8_put(char text[4], uint32_t code);

#endif
