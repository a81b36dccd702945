/* fuzz_minisign.c - keys and signatures that somebody sent.
 * SPDX-License-Identifier: MIT */
#include "base/minisign.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[FDML_MINISIGN_FILE + 1];
    static fdml_minisign_public any;
    fdml_minisign_secret secret;
    fdml_minisign_public public_key;
    fdml_error err;
    if (size >= sizeof text) return 0;
    memcpy(text, data, size);
    text[size] = 0;
    fdml_status status = fdml_minisign_read_secret(&secret, text, "k.key", &err);
    if (status) target_check_error(status, &err);
    const bool is_key = !fdml_minisign_read_public(&public_key, text, "k.pub", &err);
    status =
        fdml_minisign_check(text, "f.minisig", data, size, is_key ? &public_key : &any, &err);
    target_require(status); /* nothing signs itself */
    target_check_error(status, &err);
    return 0;
}
