/* parallel_try.h - blocks in parallel, each of which may fail; the failure of the first is
 * told.
 *
 * Blocks are handed out in increasing order. After a failure, later blocks are left out and
 * earlier ones still run, so that the message does not depend on the threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_PARALLEL_TRY_H
#define FDML_BASE_PARALLEL_TRY_H

#include <stddef.h>

#include "base/status.h"

/* One block; `thread` is in 0..n_threads-1. What a failed block leaves behind is its own. */
typedef fdml_status (*fdml_try_fn)(void *ctx, size_t block, int thread, fdml_error *err);

/* FDML_OK, or the status and sentence of the failed block with the smallest index. */
fdml_status fdml_parallel_try(size_t n_blocks, int n_threads, fdml_try_fn fn, void *ctx,
                              fdml_error *err);

#endif
