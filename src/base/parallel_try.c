/* parallel_try.c - see parallel_try.h.
 * SPDX-License-Identifier: MIT */
#include "base/parallel_try.h"

#include <stdint.h>

#include "base/parallel.h"

typedef struct trial {
    fdml_try_fn fn;
    void *ctx;
    _Atomic size_t first; /* block that failed; SIZE_MAX: none */
    fdml_lock lock;
    fdml_error error; /* its status is that of the failure, with a sentence or without */
} trial;

static void note(trial *t, size_t block, fdml_status status, const fdml_error *error)
{
    fdml_lock_take(&t->lock);
    if (block < t->first) {
        t->first = block;
        t->error = *error;
        t->error.status = status;
    }
    fdml_lock_drop(&t->lock);
}

static void run_block(void *ctx, size_t block, int thread)
{
    trial *t = ctx;
    fdml_error error = { .status = FDML_OK };
    if (t->first < block) return;
    const fdml_status status = t->fn(t->ctx, block, thread, &error);
    if (status != FDML_OK) note(t, block, status, &error);
}

fdml_status fdml_parallel_try(size_t n_blocks, int n_threads, fdml_try_fn fn, void *ctx,
                              fdml_error *err)
{
    trial t = { .fn = fn, .ctx = ctx, .first = SIZE_MAX };
    fdml_parallel(n_blocks, n_threads, run_block, &t);
    if (t.first == SIZE_MAX) return FDML_OK;
    if (err) *err = t.error;
    return t.error.status;
}
