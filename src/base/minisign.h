/* minisign.h - signatures of files that anybody can check: minisign's format.
 *
 * https://jedisct1.github.io/minisign/: ed25519 over the BLAKE2b hash of the file, and over the
 * signature with a "trusted comment". The program minisign makes keys (minisign -G -W) and
 * checks what is signed here, and the other way round. Secret keys that a password protects are
 * refused.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_MINISIGN_H
#define FDML_BASE_MINISIGN_H

#include <stdio.h>

#include "base/hash.h"
#include "base/status.h"

#define FDML_MINISIGN_ID 8
#define FDML_MINISIGN_FILE 4096 /* bytes; keys and signatures that are longer are refused */

typedef struct fdml_minisign_secret {
    unsigned char id[FDML_MINISIGN_ID];
    unsigned char key[FDML_ED25519_SECRET];
} fdml_minisign_secret; /* fdml_forget it */

typedef struct fdml_minisign_public {
    unsigned char id[FDML_MINISIGN_ID];
    unsigned char key[FDML_ED25519_PUBLIC];
} fdml_minisign_public;

/* A key from the text of its file. `name` starts the error sentences, which are FDML_E_FORMAT.
 */
fdml_status fdml_minisign_read_secret(fdml_minisign_secret *secret, const char *text,
                                      const char *name, fdml_error *err);
fdml_status fdml_minisign_read_public(fdml_minisign_public *public_key, const char *text,
                                      const char *name, fdml_error *err);

/* Writes the signature of the bytes. comment: one line, signed as well. */
void fdml_minisign_write(FILE *file, const fdml_minisign_secret *secret, const void *bytes,
                         size_t size, const char *comment);

/* FDML_E_FORMAT: `text` is no signature. FDML_E_DATA: it is one, but of other bytes or by
 * another key; the sentence says which. */
fdml_status fdml_minisign_check(const char *text, const char *name, const void *bytes,
                                size_t size, const fdml_minisign_public *public_key,
                                fdml_error *err);

#endif
