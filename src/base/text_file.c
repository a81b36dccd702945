/* text_file.c - open_memstream, whose buffer is the C library's and is given back here.
 * SPDX-License-Identifier: MIT */
#include "base/text_file.h"

#include <stdlib.h>

fdml_status fdml_text_file_open(fdml_text_file *text, fdml_error *err)
{
    fdml_text_file opened = { NULL, NULL, 0 };
    *text = opened;
    text->file = open_memstream(&text->bytes, &text->size);
    return text->file ? FDML_OK : fdml_fail(err, FDML_E_NOMEM, "no memory for a text");
}

fdml_status fdml_text_file_close(fdml_text_file *text, const char **written, fdml_arena *arena,
                                 fdml_error *err)
{
    const int failed = ferror(text->file), unwritten = fclose(text->file);
    const char *copy = NULL;
    if (arena && !failed && !unwritten)
        copy = fdml_arena_copy_text(arena, text->bytes, text->size);
    free(text->bytes);
    if (!arena) return FDML_OK;
    if (!copy) return fdml_fail(err, FDML_E_NOMEM, "no memory for a text");
    *written = copy;
    return FDML_OK;
}
