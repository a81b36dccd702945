/* text_file.h - a FILE whose bytes end up in an arena: what writes a report needs no other way
 * to give it to a caller in memory.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_TEXT_FILE_H
#define FDML_BASE_TEXT_FILE_H

#include <stdio.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct fdml_text_file {
    FILE *file; /* write here */
    char *bytes;
    size_t size;
} fdml_text_file;

fdml_status fdml_text_file_open(fdml_text_file *text, fdml_error *err);

/* Closes in any case. With an arena, *written becomes what was written, NUL-terminated, in it;
 * NULL throws it away. FDML_E_NOMEM, also where a write since open had none. */
fdml_status fdml_text_file_close(fdml_text_file *text, const char **written, fdml_arena *arena,
                                 fdml_error *err);

#endif
