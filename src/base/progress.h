/* progress.h - how long work tells whoever wants to know; src/ itself never prints.
 *
 * A function that may take seconds accepts a `const fdml_progress *` (NULL: nobody listens)
 * and reports from one thread at a time, at block borders. The listener must be quick: it is
 * on the way of the work, and decides itself how rarely to draw.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_PROGRESS_H
#define FDML_BASE_PROGRESS_H

#include <stddef.h>

typedef struct fdml_progress {
    /* `done` of `total` in units of the phase; equal at its end. `phase` is a constant such as
     * "distances", by address the same for one phase. */
    void (*report)(void *ctx, const char *phase, double done, double total);
    void *ctx;
} fdml_progress;

static inline void fdml_progress_report(const fdml_progress *progress, const char *phase,
                                        double done, double total)
{
    if (progress && progress->report) progress->report(progress->ctx, phase, done, total);
}

#endif
