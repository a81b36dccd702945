/* eval_sign.h - the JSON report signed, and a signature checked. Files end in .minisig and are
 * in the format of minisign (base/minisign.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EVAL_SIGN_H
#define FDML_TOOLS_EVAL_SIGN_H

#include "base/minisign.h"
#include "eval/report.h"
#include "eval_command.h"

typedef struct eval_signer {
    fdml_minisign_secret secret;
    FILE *file;       /* where the signature goes; NULL: nothing is signed */
    const char *path; /* of the report */
} eval_signer;

/* Reads the key and opens PATH.minisig, before anything is computed. */
void eval_signer_open(eval_signer *signer, const char *key, const char *path,
                      fdml_arena *arena);
/* Writes the JSON report to `json` and its signature. */
void eval_signer_write(eval_signer *signer, FILE *json, const fdml_report *report,
                       fdml_arena *arena);

/* Ends the program where the public key or the signature cannot be read. False, and said on
 * `file`: the signature is not of this report by this key. */
bool eval_claim_check_signature(FILE *file, const eval_claim *claim, const char *public_key,
                                fdml_arena *arena);

#endif
