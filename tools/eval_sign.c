/* eval_sign.c - keys and signatures beside reports. See eval_sign.h.
 * SPDX-License-Identifier: MIT */
#include "eval_sign.h"

#include <string.h>

#include "base/text_file.h"

static const char *signature_path(const char *path, fdml_arena *arena)
{
    char name[FDML_PATH_SIZE];
    if (snprintf(name, sizeof name, "%s.minisig", path) >= (int)sizeof name)
        cli_die(CLI_EXIT_DATA, "%s: the path is too long", path);
    const char *kept = fdml_arena_copy_text(arena, name, strlen(name));
    if (!kept) cli_die(CLI_EXIT_DATA, "no memory for a path");
    return kept;
}

static const char *read_small(const char *path, fdml_arena *arena)
{
    fdml_error err;
    const char *text;
    cli_input_note(path);
    CLI_TRY(fdml_file_read(&text, NULL, path, FDML_MINISIGN_FILE, arena, &err), &err);
    return text;
}

void eval_signer_open(eval_signer *signer, const char *key, const char *path, fdml_arena *arena)
{
    fdml_error err;
    fdml_arena secret; /* closed at once: nothing else is kept beside a key */
    fdml_arena_init(&secret, 0);
    const char *text = read_small(key, &secret);
    const fdml_status status = fdml_minisign_read_secret(&signer->secret, text, key, &err);
    fdml_forget((char *)(uintptr_t)text, strlen(text));
    fdml_arena_close(&secret);
    if (status) cli_fail(&err);
    signer->path = path;
    signer->file = cli_output_open(signature_path(path, arena));
}

void eval_signer_write(eval_signer *signer, FILE *json, const fdml_report *report,
                       fdml_arena *arena)
{
    fdml_error err;
    fdml_text_file text;
    const char *written;
    char comment[512];
    CLI_TRY(fdml_text_file_open(&text, &err), &err);
    CLI_TRY(fdml_report_json(text.file, report, arena, &err), &err);
    CLI_TRY(fdml_text_file_close(&text, &written, arena, &err), &err);
    fputs(written, json);
    snprintf(comment, sizeof comment, "file:%.300s result_sha256:%s",
             fdml_file_name(signer->path), report->result_sha256);
    fdml_minisign_write(signer->file, &signer->secret, written, strlen(written), comment);
    fdml_forget(&signer->secret, sizeof signer->secret);
}

bool eval_claim_check_signature(FILE *file, const eval_claim *claim, const char *public_key,
                                fdml_arena *arena)
{
    fdml_error err;
    fdml_minisign_public key;
    const char *name = signature_path(claim->path, arena);
    CLI_TRY(fdml_minisign_read_public(&key, read_small(public_key, arena), public_key, &err),
            &err);
    const fdml_status status = fdml_minisign_check(read_small(name, arena), name, claim->text,
                                                   claim->size, &key, &err);
    if (status && status != FDML_E_DATA) cli_fail(&err);
    if (status)
        fprintf(file, "%s\n", err.text);
    else
        fprintf(file, "%s: signed by the key of %s\n", claim->path, public_key);
    return !status;
}
