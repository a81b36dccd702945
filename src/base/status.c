/* status.c - formats the one sentence of an error. See status.h.
 * SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

fdml_status fdml_fail(fdml_error *err, fdml_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    for (char *c = err->text; *c; c++)
        if ((unsigned char)*c < 0x20) *c = '?'; /* a hostile name may not break the line */
    err->status = status;
    return status;
}
