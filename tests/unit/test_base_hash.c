/* test_base_hash.c - SHA-256 against FIPS 180-4 and NIST's long messages; the keyed hash.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/hash.h"
#include "scratch.h"

static const char *sha(const void *bytes, size_t size, size_t step)
{
    static char hex[FDML_SHA256_HEX];
    fdml_sha256 state;
    fdml_sha256_init(&state);
    for (size_t i = 0; i < size; i += step)
        fdml_sha256_update(&state, (const char *)bytes + i, size - i < step ? size - i : step);
    fdml_sha256_final(&state, hex);
    return hex;
}

static const char *const two_blocks =
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

Test(base_hash, published_digests)
{
    cr_assert_str_eq(sha("", 0, 1),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_assert_str_eq(sha("abc", 3, 1),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t step = 1; step <= 56; step++)
        cr_assert_str_eq(sha(two_blocks, 56, step),
                         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    cr_assert_str_eq(sha(million, sizeof million, 777),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(base_hash, files)
{
    char hex[FDML_SHA256_HEX] = "untouched";
    fdml_error err;
    cr_assert_eq(fdml_sha256_file(hex, scratch_path("none"), &err), FDML_E_IO);
    cr_assert(strstr(err.text, "none: No such file or directory") != NULL);
    cr_assert_eq(fdml_sha256_file(hex, "/", &err), FDML_E_IO);
    cr_assert_str_eq(err.text, "/: Is a directory");
    cr_assert_str_eq(hex, "untouched");
    cr_assert_eq(fdml_sha256_file(hex, scratch_text("abc", "abc"), NULL), FDML_OK);
    cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    cr_assert_eq(fdml_sha256_file(hex, scratch_write("m", million, sizeof million), NULL),
                 FDML_OK);
    cr_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* First and ninth vector of the SipHash paper's appendix: key 00..0f, messages 00..(n-1). */
Test(base_hash, siphash_vectors)
{
    fdml_hash_key key;
    unsigned char message[16];
    for (int i = 0; i < 16; i++) key.bytes[i] = message[i] = (unsigned char)i;
    cr_assert_eq(fdml_hash_bytes(&key, message, 0), UINT64_C(0x726fdb47dd0e0e31));
    cr_assert_eq(fdml_hash_bytes(&key, message, 15), UINT64_C(0xa129ca6149be45e5));
}

Test(base_hash, keys_differ)
{
    fdml_hash_key a, b;
    fdml_hash_key_draw(&a);
    fdml_hash_key_draw(&b);
    cr_assert_arr_neq(a.bytes, b.bytes, sizeof a.bytes);
}
