/* minisign.c - minisign's three kinds of files, line by line. See minisign.h.
 *
 * Each is a comment and a line of base64; a signature has two more, its trusted comment and
 * what signs that. The structures in base64 have fixed sizes, given here as offsets.
 * SPDX-License-Identifier: MIT */
#include "base/minisign.h"

#include <string.h>

enum {
    ALGORITHM = 2, /* "Ed": ed25519; of signatures "ED": of the file's hash */
    ID = FDML_MINISIGN_ID,
    PUBLIC_SIZE = ALGORITHM + ID + FDML_ED25519_PUBLIC,
    SIGNATURE_SIZE = ALGORITHM + ID + FDML_ED25519_SIGNATURE,
    /* secret: algorithm, how the password becomes a key, how the checksum is made, salt, two
     * costs, and behind these what a password would cover: id, key, checksum (zeros without a
     * password, so the key itself is checked instead) */
    SECRET_KDF = ALGORITHM,
    SECRET_CHECKSUM = SECRET_KDF + 2,
    SECRET_COVERED = SECRET_CHECKSUM + 2 + 32 + 8 + 8,
    CHECKSUM = 32,
    SECRET_SIZE = SECRET_COVERED + ID + FDML_ED25519_SECRET + CHECKSUM,
    HASH = 64,
    COMMENT_MAX = 1024
};

static const char untrusted[] = "untrusted comment: ", trusted[] = "trusted comment: ";

/* The next line of *at, without its end; false: there is none. */
static bool next_line(const char **line, size_t *length, const char **at)
{
    if (!**at) return false;
    *line = *at;
    *length = strcspn(*at, "\r\n");
    *at += *length;
    *at += strspn(*at, "\r\n");
    return true;
}

static bool next_comment(const char **line, size_t *length, const char **at, const char *prefix)
{
    const size_t n = strlen(prefix);
    if (!next_line(line, length, at) || *length < n || strncmp(*line, prefix, n) != 0)
        return false;
    *line += n;
    *length -= n;
    return true;
}

/* A comment and a line of base64 of exactly `size` bytes. */
static bool read_block(unsigned char *bytes, size_t size, const char **at)
{
    const char *line;
    size_t length;
    return next_comment(&line, &length, at, untrusted) && next_line(&line, &length, at) &&
           fdml_base64_read(bytes, size, line, length);
}

static fdml_status take_secret(fdml_minisign_secret *secret,
                               const unsigned char bytes[SECRET_SIZE], const char *name,
                               fdml_error *err)
{
    if (memcmp(bytes, "Ed", ALGORITHM) != 0 || memcmp(bytes + SECRET_CHECKSUM, "B2", 2) != 0)
        return fdml_fail(err, FDML_E_FORMAT, "%s: is no secret key of minisign", name);
    if (bytes[SECRET_KDF] || bytes[SECRET_KDF + 1])
        return fdml_fail(
            err, FDML_E_FORMAT,
            "%s: the key is protected by a password; minisign -G -W makes one that is "
            "not",
            name);
    memcpy(secret->id, bytes + SECRET_COVERED, ID);
    memcpy(secret->key, bytes + SECRET_COVERED + ID, FDML_ED25519_SECRET);
    if (fdml_ed25519_is_secret(secret->key)) return FDML_OK;
    fdml_forget(secret, sizeof *secret);
    return fdml_fail(err, FDML_E_FORMAT, "%s: the key is damaged", name);
}

fdml_status fdml_minisign_read_secret(fdml_minisign_secret *secret, const char *text,
                                      const char *name, fdml_error *err)
{
    unsigned char bytes[SECRET_SIZE];
    const char *at = text;
    const fdml_status status =
        read_block(bytes, sizeof bytes, &at)
            ? take_secret(secret, bytes, name, err)
            : fdml_fail(err, FDML_E_FORMAT, "%s: is no secret key of minisign", name);
    fdml_forget(bytes, sizeof bytes);
    return status;
}

fdml_status fdml_minisign_read_public(fdml_minisign_public *public_key, const char *text,
                                      const char *name, fdml_error *err)
{
    unsigned char bytes[PUBLIC_SIZE];
    const char *at = text;
    if (!read_block(bytes, sizeof bytes, &at) || memcmp(bytes, "Ed", ALGORITHM) != 0)
        return fdml_fail(err, FDML_E_FORMAT, "%s: is no public key of minisign", name);
    memcpy(public_key->id, bytes + ALGORITHM, ID);
    memcpy(public_key->key, bytes + ALGORITHM + ID, FDML_ED25519_PUBLIC);
    return FDML_OK;
}

static void write_base64(FILE *file, const void *bytes, size_t size)
{
    char text[FDML_BASE64_SIZE(SIGNATURE_SIZE)];
    fdml_base64_write(text, sizeof text, bytes, size);
    fprintf(file, "%s\n", text);
}

/* What the second signature is of: the first and the trusted comment. */
static size_t join(unsigned char all[FDML_ED25519_SIGNATURE + COMMENT_MAX],
                   const unsigned char *signature, const char *comment, size_t length)
{
    memcpy(all, signature, FDML_ED25519_SIGNATURE);
    memcpy(all + FDML_ED25519_SIGNATURE, comment, length);
    return FDML_ED25519_SIGNATURE + length;
}

void fdml_minisign_write(FILE *file, const fdml_minisign_secret *secret, const void *bytes,
                         size_t size, const char *comment)
{
    unsigned char hash[HASH], block[SIGNATURE_SIZE] = "ED", global[FDML_ED25519_SIGNATURE];
    unsigned char all[FDML_ED25519_SIGNATURE + COMMENT_MAX];
    unsigned char *signature = block + ALGORITHM + ID;
    size_t length = strcspn(comment, "\r\n");
    if (length > COMMENT_MAX) length = COMMENT_MAX;
    memcpy(block + ALGORITHM, secret->id, ID);
    fdml_blake2b(hash, sizeof hash, bytes, size);
    fdml_ed25519_sign(signature, hash, sizeof hash, secret->key);
    fdml_ed25519_sign(global, all, join(all, signature, comment, length), secret->key);
    fprintf(file, "%ssignature by fdml\n", untrusted);
    write_base64(file, block, sizeof block);
    fprintf(file, "%s%.*s\n", trusted, (int)length, comment);
    write_base64(file, global, sizeof global);
}

typedef struct parts {
    unsigned char block[SIGNATURE_SIZE], global[FDML_ED25519_SIGNATURE];
    const char *comment;
    size_t length;
} parts;

static bool read_parts(parts *p, const char *text)
{
    const char *line;
    size_t length;
    return read_block(p->block, sizeof p->block, &text) &&
           !memcmp(p->block, "ED", ALGORITHM) && /* "Ed", of the bytes themselves, is of old */
           next_comment(&p->comment, &p->length, &text, trusted) && p->length <= COMMENT_MAX &&
           next_line(&line, &length, &text) &&
           fdml_base64_read(p->global, sizeof p->global, line, length);
}

fdml_status fdml_minisign_check(const char *text, const char *name, const void *bytes,
                                size_t size, const fdml_minisign_public *public_key,
                                fdml_error *err)
{
    parts p;
    unsigned char hash[HASH], all[FDML_ED25519_SIGNATURE + COMMENT_MAX];
    const unsigned char *signature = p.block + ALGORITHM + ID;
    if (!read_parts(&p, text))
        return fdml_fail(err, FDML_E_FORMAT, "%s: is no signature of minisign", name);
    if (memcmp(p.block + ALGORITHM, public_key->id, ID) != 0)
        return fdml_fail(err, FDML_E_DATA, "%s: the signature is by another key", name);
    fdml_blake2b(hash, sizeof hash, bytes, size);
    if (!fdml_ed25519_check(signature, hash, sizeof hash, public_key->key))
        return fdml_fail(err, FDML_E_DATA, "%s: the signature is not of this file", name);
    if (!fdml_ed25519_check(p.global, all, join(all, signature, p.comment, p.length),
                            public_key->key))
        return fdml_fail(err, FDML_E_DATA, "%s: the trusted comment is not the one signed",
                         name);
    return FDML_OK;
}
