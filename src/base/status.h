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

/* The types are public. That every file of src/ sees the public header also means that no
 * internal name can come to clash with one of it. */
#include <fdml.h>

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
