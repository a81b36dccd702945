/* version.c - which fdml this is; the Makefile says it to this file alone, so that a new commit
 * compiles no other. SPDX-License-Identifier: MIT */
#include <fdml.h>

const char *fdml_version(void)
{
    return FDML_VERSION;
}

const char *fdml_commit(void)
{
    return FDML_COMMIT;
}
