/* first_failure.h - of many rows that threads explain, the failure of the first that fails.
 *
 * Rows are handed out in increasing order. After a failure, later rows are left out and earlier
 * ones still run, so that the message does not depend on the threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_FIRST_FAILURE_H
#define FDML_EXPLAIN_FIRST_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/parallel.h"
#include "base/status.h"

typedef struct fdml_first_failure {
    _Atomic size_t index; /* SIZE_MAX: none */
    fdml_lock lock;
    fdml_error error; /* its status is that of the failure */
} fdml_first_failure;

void fdml_first_failure_init(fdml_first_failure *first);
bool fdml_first_failure_is_before(const fdml_first_failure *first, size_t index);
/* `error` may be without a sentence; `status` is kept in any case. */
void fdml_first_failure_note(fdml_first_failure *first, size_t index, fdml_status status,
                             const fdml_error *error);
/* FDML_OK where nothing failed. */
fdml_status fdml_first_failure_get(const fdml_first_failure *first, fdml_error *err);

#endif
