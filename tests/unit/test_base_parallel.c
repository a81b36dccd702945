/* test_base_parallel.c - every block once, for any number of threads.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdatomic.h>

#include "base/parallel.h"

enum { BLOCKS = 1000 };

typedef struct job {
    int times[BLOCKS];
    int n_threads;
    atomic_int n_wrong;
    fdml_lock lock;
    long sum;
} job;

static void work(void *ctx, size_t block, int thread)
{
    job *j = ctx;
    if (block >= BLOCKS || thread < 0 || thread >= j->n_threads)
        atomic_fetch_add(&j->n_wrong, 1);
    if (block < BLOCKS) j->times[block]++;
    fdml_lock_take(&j->lock);
    j->sum += (long)block;
    fdml_lock_drop(&j->lock);
}

Test(base_parallel, every_block_runs_once)
{
    for (int n_threads = 0; n_threads <= 5; n_threads++) {
        job j = { .n_threads = n_threads > 0 ? n_threads : 1 };
        fdml_parallel(BLOCKS, n_threads, work, &j);
        for (int b = 0; b < BLOCKS; b++) cr_assert_eq(j.times[b], 1, "block %d", b);
        cr_assert_eq(atomic_load(&j.n_wrong), 0);
        cr_assert_eq(j.sum, (long)BLOCKS * (BLOCKS - 1) / 2);
    }
}

Test(base_parallel, no_blocks_and_fewer_than_threads)
{
    job none = { .n_threads = 1 }, few = { .n_threads = 3 };
    fdml_parallel(0, 4, work, &none);
    cr_assert_eq(none.sum, 0);
    cr_assert_eq(none.times[0], 0);
    fdml_parallel(3, 16, work, &few);
    cr_assert_eq(few.times[0] + few.times[1] + few.times[2], 3);
    cr_assert_eq(atomic_load(&few.n_wrong), 0);
    cr_assert_geq(fdml_threads_default(), 1);
}
