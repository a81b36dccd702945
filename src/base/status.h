/* status.h - how every fallible function of fdml answers.
 *
 * A function that can fail returns fdml_status and takes an fdml_error as its last argument
 * (NULL is allowed). The place that detects a failure writes one sentence naming the object,
 * the value and the limit; callers only pass it on. The status says which kind of failure it
 * is, so that a tool can choose its exit status without reading the sentence.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_STATUS_H
#define FDML_BASE_STATUS_H

#include <stddef.h>

typedef enum fdml_status {
    FDML_OK = 0,
    FDML_E_ARG,         /* an option or argument out of its range */
    FDML_E_IO,          /* the operating system refused: open, read, write */
    FDML_E_FORMAT,      /* a file is not what its name or header says */
    FDML_E_DATA,        /* well-formed input that cannot be computed with: NaN, empty label */
    FDML_E_UNSUPPORTED, /* valid, but outside what fdml implements */
    FDML_E_LIMIT,       /* a stated limit, such as --max-memory, is too small */
    FDML_E_NOMEM        /* the system or an arena has no memory left */
} fdml_status;

#define FDML_ERROR_MAX 512

typedef struct fdml_error {
    fdml_status status;
    char text[FDML_ERROR_MAX]; /* one line, no trailing newline */
} fdml_error;

/* Writes the sentence and returns `status`, so that a detector reads `return fdml_fail(...)`.
 */
fdml_status fdml_fail(fdml_error *err, fdml_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#define FDML_TRY(call)                                                                         \
    do {                                                                                       \
        const fdml_status try_status_ = (call);                                                \
        if (try_status_ != FDML_OK) return try_status_;                                        \
    } while (0)

#endif
