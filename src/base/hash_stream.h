/* hash_stream.h - values as a stream of bytes into a SHA-256, the same on every machine.
 *
 * Texts as 32-bit length and bytes, counts as 64-bit, doubles as IEEE-754, all little-endian;
 * every NaN is 0x7ff8000000000000.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_HASH_STREAM_H
#define FDML_BASE_HASH_STREAM_H

#include "base/hash.h"

void fdml_hash_count(fdml_sha256 *sha, size_t n);
void fdml_hash_text(fdml_sha256 *sha, const char *text); /* NULL: as "" */
void fdml_hash_real(fdml_sha256 *sha, double x);

#endif
