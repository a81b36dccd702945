/* first_failure.c - see first_failure.h.
 * SPDX-License-Identifier: MIT */
#include "explain/first_failure.h"

#include <stdint.h>

void fdml_first_failure_init(fdml_first_failure *first)
{
    *first = (fdml_first_failure){ .index = SIZE_MAX };
}

bool fdml_first_failure_is_before(const fdml_first_failure *first, size_t index)
{
    return first->index < index;
}

void fdml_first_failure_note(fdml_first_failure *first, size_t index, fdml_status status,
                             const fdml_error *error)
{
    fdml_lock_take(&first->lock);
    if (index < first->index) {
        first->index = index;
        first->error = *error;
        first->error.status = status;
    }
    fdml_lock_drop(&first->lock);
}

fdml_status fdml_first_failure_get(const fdml_first_failure *first, fdml_error *err)
{
    if (first->index == SIZE_MAX) return FDML_OK;
    if (err) *err = first->error;
    return first->error.status;
}
