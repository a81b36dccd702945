/* hash_stream.c - see hash_stream.h.
 * SPDX-License-Identifier: MIT */
#include "base/hash_stream.h"

#include <math.h>
#include <string.h>

static void put_bits(fdml_sha256 *sha, uint64_t bits, size_t n_bytes)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n_bytes; i++) bytes[i] = (unsigned char)(bits >> (8 * i));
    fdml_sha256_update(sha, bytes, n_bytes);
}

void fdml_hash_count(fdml_sha256 *sha, size_t n)
{
    put_bits(sha, n, 8);
}

void fdml_hash_text(fdml_sha256 *sha, const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    put_bits(sha, length, 4);
    fdml_sha256_update(sha, text ? text : "", length);
}

void fdml_hash_real(fdml_sha256 *sha, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_bits(sha, isnan(x) ? UINT64_C(0x7ff8000000000000) : bits, 8);
}
