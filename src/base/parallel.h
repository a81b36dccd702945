/* parallel.h - the one door to OpenMP.
 *
 * Work is cut into blocks whose number and borders depend on the problem alone, never on the
 * thread count; a block writes only what is its own, and whoever merges blocks does it in
 * index order or with exact integer sums. Then any number of threads gives the same bits.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_PARALLEL_H
#define FDML_BASE_PARALLEL_H

#include <stddef.h>

/* Called once for every block in 0..n_blocks-1; `thread` is in 0..n_threads-1. */
typedef void (*fdml_block_fn)(void *ctx, size_t block, int thread);

/* Blocks are handed out in increasing order to whichever thread is free. */
void fdml_parallel(size_t n_blocks, int n_threads, fdml_block_fn fn, void *ctx);

int fdml_threads_default(void); /* OMP_NUM_THREADS or the cores of this machine */

/* A lock for merges that are order-independent. An array of them is plain memory. */
typedef struct fdml_lock {
    _Atomic int held;
} fdml_lock;
void fdml_lock_take(fdml_lock *lock);
void fdml_lock_drop(fdml_lock *lock);

#endif
