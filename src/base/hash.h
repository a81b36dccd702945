/* hash.h - SHA-256 for what is reported, a keyed hash for tables. Only owner of libsodium.
 *
 * SHA-256 (FIPS 180-4) names inputs and results in reports. SipHash-2-4 under a random key
 * spreads strings over a table so that nobody can prepare a file whose strings collide.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_HASH_H
#define FDML_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define FDML_SHA256_HEX 65 /* 64 lower-case digits and the NUL */

typedef struct fdml_sha256 {
    uint64_t state[16]; /* libsodium's, whose size hash.c asserts */
} fdml_sha256;

void fdml_sha256_init(fdml_sha256 *sha);
void fdml_sha256_update(fdml_sha256 *sha, const void *bytes, size_t size);
void fdml_sha256_final(fdml_sha256 *sha, char hex[FDML_SHA256_HEX]); /* then init again */

/* Of a whole file, read in blocks. FDML_E_IO names the path. */
fdml_status fdml_sha256_file(char hex[FDML_SHA256_HEX], const char *path, fdml_error *err);

typedef struct fdml_hash_key {
    unsigned char bytes[16];
} fdml_hash_key;

void fdml_hash_key_draw(fdml_hash_key *key); /* from the system's entropy */
uint64_t fdml_hash_bytes(const fdml_hash_key *key, const void *bytes, size_t size);

#endif
