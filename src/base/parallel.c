/* parallel.c - OpenMP's only caller. See parallel.h.
 * SPDX-License-Identifier: MIT */
#include "base/parallel.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>

/* Of the blocks of a loop: a thread's own, until it is done and helps others. */
typedef struct share {
    atomic_size_t next;
    size_t end;
    char pad[112]; /* two cache lines, so that threads do not slow each other */
} share;

enum { MAX_SHARES = 64 };

/* The loop that a team works on, and who is at it. A loop's fields change only while it is not
 * open and nobody is inside: a member first steps inside and then looks whether it is open, the
 * leader first closes it and then waits until nobody is inside. Both are sequentially
 * consistent, so one of the two sees the other. */
typedef struct team {
    int n_threads; /* of the loop */
    fdml_block_fn fn;
    void *ctx;
    size_t n_shares;
    share share[MAX_SHARES];
    atomic_int is_open, n_inside, is_over;
} team;

static _Thread_local team *led; /* by this thread, inside fdml_parallel_team */

enum { SPINS = 4000 }; /* some 50 us: longer than the gap between two loops */

/* One more round of waiting: at first in place, then letting others run. */
static void wait_a_little(int *n_spins)
{
    if (++*n_spins > SPINS) sched_yield();
}

/* First the thread's own share, so that a thread works on the same part of the data in one loop
 * after the other and finds it in its cache; then what others have left. */
static void take_blocks(team *t, int thread)
{
    for (size_t i = 0; i < t->n_shares; i++) {
        share *s = &t->share[((size_t)thread + i) % t->n_shares];
        for (;;) {
            const size_t block = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
            if (block >= s->end) break;
            t->fn(t->ctx, block, thread);
        }
    }
}

static void follow(team *t, int thread)
{
    int n_spins = 0;
    while (!atomic_load_explicit(&t->is_over, memory_order_acquire)) {
        if (!atomic_load_explicit(&t->is_open, memory_order_relaxed)) {
            wait_a_little(&n_spins);
            continue;
        }
        n_spins = 0;
        atomic_fetch_add(&t->n_inside, 1);
        if (atomic_load(&t->is_open) && thread < t->n_threads) take_blocks(t, thread);
        atomic_fetch_sub(&t->n_inside, 1);
    }
}

static void lead(team *t, size_t n_blocks, int n_threads, fdml_block_fn fn, void *ctx)
{
    int n_spins = 0;
    t->n_threads = n_threads;
    t->fn = fn;
    t->ctx = ctx;
    t->n_shares = n_threads < MAX_SHARES ? (size_t)n_threads : MAX_SHARES;
    for (size_t s = 0; s < t->n_shares; s++) {
        const size_t each = n_blocks / t->n_shares, more = n_blocks % t->n_shares;
        const size_t begin = s * each + (s < more ? s : more);
        t->share[s].end = begin + each + (s < more);
        atomic_store_explicit(&t->share[s].next, begin, memory_order_relaxed);
    }
    atomic_store(&t->is_open, 1);
    led = NULL; /* a loop inside a block is not for the team */
    take_blocks(t, 0);
    led = t;
    atomic_store(&t->is_open, 0);
    while (atomic_load(&t->n_inside)) wait_a_little(&n_spins);
}

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
    if (led) {
        lead(led, n_blocks, n_threads, fn, ctx);
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

void fdml_parallel_team(int n_threads, void (*fn)(void *ctx), void *ctx)
{
    if (n_threads <= 1 || led) {
        fn(ctx);
        return;
    }
    team t = { .n_threads = 0 };
    atomic_int gate = 0;
    struct {
        void (*fn)(void *ctx);
        void *ctx;
        team *t;
        atomic_int *gate;
    } job = { fn, ctx, &t, &gate };
    atomic_fetch_add_explicit(&gate, 1, memory_order_release);
#pragma omp parallel num_threads(n_threads) default(none) shared(job)
    {
        atomic_fetch_add_explicit(job.gate, 1, memory_order_acq_rel);
        const int thread = omp_get_thread_num();
        if (thread == 0) {
            led = job.t;
            job.fn(job.ctx);
            led = NULL;
            atomic_store_explicit(&job.t->is_over, 1, memory_order_release);
        } else {
            follow(job.t, thread);
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
