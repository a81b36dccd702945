/* test_base_minisign.c - keys and a signature that minisign 0.11 made, read, checked and made
 * again (ed25519 draws nothing: the same key and bytes give the same signature), and damaged
 * ones.
 *
 *   minisign -G -W -p t.pub -s t.key; printf 'equal bits\n' >t.txt
 *   minisign -S -s t.key -m t.txt -t 'trusted words'; minisign -G -W -p u.pub -s u.key
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/minisign.h"
#include "base/text_file.h"

#define SECRET                                                                                 \
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAfvaRWbM+tztr4knp" \
    "LQPb3Si0pnxjavN+ZnvmWeRqflbQr/"                                                           \
    "DjarhVmjeT0jpkvBo31RQIzj9N33ZEoQONbdmrPi7t3O7fX311AAAAAAAAA"                              \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define FIRST                                                                                  \
    "RUR+9pFZsz63OzGyflPFkT2ZWKQI18C8Aq+W+"                                                    \
    "2DspS7XFiwQZ1N3GXs6CM7ektnMcwIxSnzYgeajZbfsiRf8wSTTJ"                                     \
    "+gxQDb0QQA="
#define SECOND                                                                                 \
    "gA1b6F2/9v06xr/HSguEtWFN9CnkjRFs2OzRLIkCpPWFsIjoL8kmBuc4Fb/6zHmm6R2GIVJL+GZdBZJMC6erBw=="
static const char public_text[] = "untrusted comment: minisign public key 3BB73EB35991F67E\n"
                                  "RWR+9pFZsz63OzeT0jpkvBo31RQIzj9N33ZEoQONbdmrPi7t3O7fX311\n";
static const char other_text[] = "untrusted comment: minisign public key F68D3F9C65572F3\n"
                                 "RWTzclXG+dNoD93S+EcUoOkoc9pWm7O2RVK2EMLykFjah3ahuP5AvbRS\n";
static const char secret_text[] =
    "untrusted comment: minisign encrypted secret key\n" SECRET "\n";
static const char signature[] = "untrusted comment: signature from minisign secret key\n" FIRST
                                "\ntrusted comment: trusted words\n" SECOND "\n";
static const char file[] = "equal bits\n";

static fdml_status check(const char *text, const char *bytes, const char *key, fdml_error *err)
{
    fdml_minisign_public public_key;
    if (fdml_minisign_read_public(&public_key, key, "k.pub", err)) return FDML_E_ARG;
    return fdml_minisign_check(text, "f.minisig", bytes, strlen(bytes), &public_key, err);
}

static const char *replaced(const char *text, size_t at, char letter)
{
    static char changed[1024];
    snprintf(changed, sizeof changed, "%s", text);
    changed[at] = letter;
    return changed;
}

Test(base_minisign, checks_a_signature_of_minisign)
{
    fdml_error err;
    cr_assert_eq(check(signature, file, public_text, &err), FDML_OK);
    cr_assert_eq(check(signature, "equal bit\n", public_text, &err), FDML_E_DATA);
    cr_assert_str_eq(err.text, "f.minisig: the signature is not of this file");
    cr_assert_eq(check(signature, file, other_text, &err), FDML_E_DATA);
    cr_assert_str_eq(err.text, "f.minisig: the signature is by another key");
    const size_t word = (size_t)(strstr(signature, "trusted words") - signature);
    cr_assert_eq(check(replaced(signature, word, 'T'), file, public_text, &err), FDML_E_DATA);
    cr_assert_str_eq(err.text, "f.minisig: the trusted comment is not the one signed");
}

Test(base_minisign, signs_as_minisign_does)
{
    fdml_error err;
    fdml_arena arena;
    fdml_text_file text;
    fdml_minisign_secret secret;
    const char *written;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_minisign_read_secret(&secret, secret_text, "k.key", &err), FDML_OK);
    cr_assert_eq(fdml_text_file_open(&text, &err), FDML_OK);
    fdml_minisign_write(text.file, &secret, file, strlen(file), "trusted words");
    cr_assert_eq(fdml_text_file_close(&text, &written, &arena, &err), FDML_OK);
    cr_assert_str_eq(strchr(written, '\n'), strchr(signature, '\n'));
    fdml_arena_close(&arena);
}

/* No letter of the base64 may be exchanged, no line may miss. */
Test(base_minisign, damaged)
{
    fdml_error err;
    fdml_minisign_secret secret;
    const size_t first = (size_t)(strstr(signature, FIRST) - signature);
    const size_t second = (size_t)(strstr(signature, SECOND) - signature);
    for (size_t i = 0; i < strlen(FIRST); i++)
        cr_assert_neq(check(replaced(signature, first + i, '#'), file, public_text, &err),
                      FDML_OK);
    for (size_t i = 4; i < 86; i++) {
        const char letter = signature[second + i] == 'A' ? 'B' : 'A';
        cr_assert_neq(check(replaced(signature, second + i, letter), file, public_text, &err),
                      FDML_OK);
    }
    for (size_t n = 0; n + 1 < strlen(signature); n++)
        cr_assert_neq(check(replaced(signature, n, 0), file, public_text, &err), FDML_OK);
    const size_t key = (size_t)(strstr(secret_text, "vaRWbM") - secret_text);
    cr_assert_eq(
        fdml_minisign_read_secret(&secret, replaced(secret_text, key + 20, '/'), "k.key", &err),
        FDML_E_FORMAT);
    cr_assert_str_eq(err.text, "k.key: the key is damaged");
    cr_assert_eq(fdml_minisign_read_secret(&secret, public_text, "k.pub", &err), FDML_E_FORMAT);
    /* "Sc" where a password protects the key */
    const size_t kdf = (size_t)(strstr(secret_text, "RWQAAEIy") - secret_text);
    char locked[sizeof secret_text];
    memcpy(locked, secret_text, sizeof locked);
    memcpy(locked + kdf, "RWRTY0Iy", 8);
    cr_assert_eq(fdml_minisign_read_secret(&secret, locked, "k.key", &err), FDML_E_FORMAT);
    cr_assert(strstr(err.text, "protected by a password"), "%s", err.text);
}

Test(base_minisign, blake2b_of_rfc_7693)
{
    unsigned char hash[64];
    static const unsigned char begins[] = { 0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d };
    fdml_blake2b(hash, sizeof hash, "abc", 3);
    cr_assert_eq(memcmp(hash, begins, sizeof begins), 0);
}
