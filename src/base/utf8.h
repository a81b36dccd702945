/* utf8.h - is it UTF-8, and where does the next character end? RFC 3629, strictly.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_UTF8_H
#define FDML_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at text[0], 1 to 4; 0 if it is not valid within `size` bytes: a stray
 * or missing continuation, an overlong form, a surrogate, above U+10FFFF. size > 0. */
size_t fdml_utf8_length(const char *text, size_t size);

/* Writes a code point; returns its bytes, 0 for a surrogate or above U+10FFFF. */
size_t fdml_utf8_put(char text[4], uint32_t code);

#endif
