/* hash.h - SHA-256 for what is reported, a keyed hash for tables, and what signatures are made
 * of (base/minisign.h makes them). Only owner of libsodium.
 *
 * SHA-256 (FIPS 180-4) names inputs and results in reports. SipHash-2-4 under a random key
 * spreads strings over a table so that nobody can prepare a file whose strings collide.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_HASH_H
#define FDML_BASE_HASH_H

#include <stdbool.h>
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

/* BLAKE2b (RFC 7693) of up to 64 bytes, and ed25519 (RFC 8032). */
#define FDML_ED25519_SIGNATURE 64
#define FDML_ED25519_PUBLIC 32
#define FDML_ED25519_SECRET 64 /* seed and public key */

void fdml_blake2b(unsigned char *hash, size_t hash_size, const void *bytes, size_t size);
void fdml_ed25519_sign(unsigned char signature[FDML_ED25519_SIGNATURE], const void *bytes,
                       size_t size, const unsigned char secret[FDML_ED25519_SECRET]);
bool fdml_ed25519_check(const unsigned char signature[FDML_ED25519_SIGNATURE],
                        const void *bytes, size_t size,
                        const unsigned char public_key[FDML_ED25519_PUBLIC]);
/* Does the public half belong to the seed? */
bool fdml_ed25519_is_secret(const unsigned char secret[FDML_ED25519_SECRET]);
void fdml_forget(void *secret, size_t size); /* overwrites, and is not optimised away */

/* Base64 (RFC 4648) with padding. Decoding wants exactly `size` bytes and nothing else. */
#define FDML_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
void fdml_base64_write(char *text, size_t text_size, const void *bytes, size_t size);
bool fdml_base64_read(void *bytes, size_t size, const char *text, size_t length);

#endif
