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

/* Blocks are handed out in increasing order to whichever thread is free; inside of
 * fdml_parallel_team each thread has an equal run of them to begin with, and then takes what
 * the others have left. */
void fdml_parallel(size_t n_blocks, int n_threads, fdml_block_fn fn, void *ctx);

/* Calls fn(ctx) once, in this thread, while n_threads - 1 others stand by: each fdml_parallel
 * that fn itself calls is served by them, up to that many threads, without starting a region of
 * its own. For work of many short loops, each a millisecond or less, such as the steps of a
 * network: a loop ends when its blocks have ended, and does not wait for a thread that has not
 * begun one, so a busy machine slows it down by its share and not to a crawl. */
void fdml_parallel_team(int n_threads, void (*fn)(void *ctx), void *ctx);

int fdml_threads_default(void); /* OMP_NUM_THREADS or the cores of this machine */

/* A lock for merges that are order-independent. An array of them is plain memory. */
typedef struct fdml_lock {
    _Atomic int held;
} fdml_lock;
void fdml_lock_take(fdml_lock *lock);
void fdml_lock_drop(fdml_lock *lock);

#endif
