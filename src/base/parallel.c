/* parallel.c - OpenMP's only caller. See parallel.h.
 * SPDX-License-Identifier: MIT */
#include "base/parallel.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>

/* ThreadSanitizer cannot see libgomp's futexes, so both edges of a region are also spelled
 * as an atomic hand-over, which it can. They cost two atomic operations per thread. */
void fdml_parallel(size_t n_blocks, int n_threads, fdml_block_fn fn, void *ctx)
{
    if (n_threads < 1) n_threads = 1;
    if ((size_t)n_threads > n_blocks) n_threads = n_blocks ? (int)n_blocks : 1;
    if (n_threads == 1) {
        for (size_t block = 0; block < n_blocks; block++) fn(ctx, block, 0);
        return;
    }
    atomic_size_t next = 0;
    atomic_int gate = 0;
    struct {
        fdml_block_fn fn;
        void *ctx;
        size_t n;
        atomic_size_t *next;
        atomic_int *gate;
    } job = { fn, ctx, n_blocks, &next, &gate };
    atomic_fetch_add_explicit(&gate, 1, memory_order_release);
#pragma omp parallel num_threads(n_threads) default(none) shared(job)
    {
        atomic_fetch_add_explicit(job.gate, 1, memory_order_acq_rel);
        const int thread = omp_get_thread_num();
        for (;;) {
            const size_t block = atomic_fetch_add_explicit(job.next, 1, memory_order_relaxed);
            if (block >= job.n) break;
            job.fn(job.ctx, block, thread);
        }
        atomic_fetch_add_explicit(job.gate, 1, memory_order_acq_rel);
    }
    (void)atomic_load_explicit(&gate, memory_order_acquire);
}

int fdml_threads_default(void)
{
    return omp_get_max_threads();
}

void fdml_lock_take(fdml_lock *lock)
{
    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire)) sched_yield();
}

void fdml_lock_drop(fdml_lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}
