/* hash.c - thin covers over libsodium. See hash.h.
 *
 * Only random bytes need what sodium_init() sets up. They would do it themselves on first use,
 * but not safely from two threads, and callers of the C API may audit in several.
 * SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(fdml_sha256), "the state fits");
_Static_assert(sizeof(fdml_hash_key) == crypto_shorthash_KEYBYTES, "SipHash key size");

static crypto_hash_sha256_state *state_of(fdml_sha256 *sha)
{
    return (crypto_hash_sha256_state *)(void *)sha->state;
}

void fdml_sha256_init(fdml_sha256 *sha)
{
    crypto_hash_sha256_init(state_of(sha));
}

void fdml_sha256_update(fdml_sha256 *sha, const void *bytes, size_t size)
{
    if (size) crypto_hash_sha256_update(state_of(sha), bytes, size);
}

void fdml_sha256_final(fdml_sha256 *sha, char hex[FDML_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state_of(sha), digest);
    sodium_bin2hex(hex, FDML_SHA256_HEX, digest, sizeof digest);
}

static fdml_status fail_errno(fdml_error *err, const char *path, int code)
{
    char reason[128];
    if (strerror_r(code, reason, sizeof reason)) snprintf(reason, sizeof reason, "%d", code);
    return fdml_fail(err, FDML_E_IO, "%s: %s", path, reason);
}

fdml_status fdml_sha256_file(char hex[FDML_SHA256_HEX], const char *path, fdml_error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file) return fail_errno(err, path, errno);
    unsigned char block[1 << 16];
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    size_t n;
    while ((n = fread(block, 1, sizeof block, file)) > 0) fdml_sha256_update(&sha, block, n);
    const int code = ferror(file) ? errno : 0;
    fclose(file);
    if (code) return fail_errno(err, path, code);
    fdml_sha256_final(&sha, hex);
    return FDML_OK;
}

void fdml_hash_key_draw(fdml_hash_key *key)
{
    const int failed = sodium_init(); /* -1: its lock failed; bytes can be had all the same */
    (void)failed;
    randombytes_buf(key->bytes, sizeof key->bytes);
}

uint64_t fdml_hash_bytes(const fdml_hash_key *key, const void *bytes, size_t size)
{
    unsigned char digest[crypto_shorthash_BYTES];
    crypto_shorthash(digest, bytes, size, key->bytes);
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

void fdml_blake2b(unsigned char *hash, size_t hash_size, const void *bytes, size_t size)
{
    crypto_generichash(hash, hash_size, bytes, size, NULL, 0);
}

void fdml_ed25519_sign(unsigned char signature[FDML_ED25519_SIGNATURE], const void *bytes,
                       size_t size, const unsigned char secret[FDML_ED25519_SECRET])
{
    crypto_sign_detached(signature, NULL, bytes, size, secret);
}

bool fdml_ed25519_check(const unsigned char signature[FDML_ED25519_SIGNATURE],
                        const void *bytes, size_t size,
                        const unsigned char public_key[FDML_ED25519_PUBLIC])
{
    return !crypto_sign_verify_detached(signature, bytes, size, public_key);
}

bool fdml_ed25519_is_secret(const unsigned char secret[FDML_ED25519_SECRET])
{
    unsigned char public_key[FDML_ED25519_PUBLIC], again[FDML_ED25519_SECRET];
    crypto_sign_seed_keypair(public_key, again, secret);
    const bool is_same = !sodium_memcmp(again, secret, sizeof again);
    sodium_memzero(again, sizeof again);
    return is_same;
}

void fdml_forget(void *secret, size_t size)
{
    sodium_memzero(secret, size);
}

void fdml_base64_write(char *text, size_t text_size, const void *bytes, size_t size)
{
    sodium_bin2base64(text, text_size, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}

bool fdml_base64_read(void *bytes, size_t size, const char *text, size_t length)
{
    size_t n = 0;
    const char *end = NULL;
    return !sodium_base642bin(bytes, size, text, length, NULL, &n, &end,
                              sodium_base64_VARIANT_ORIGINAL) &&
           n == size && end == text + length;
}
