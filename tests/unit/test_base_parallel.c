/* test_base_parallel.c - every block once, for any number of threads.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

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

enum { LOOPS = 400 };

typedef struct team_job {
    job *loop; /* [LOOPS] */
    int n_threads;
} team_job;

static void many_loops(void *ctx)
{
    team_job *t = ctx;
    for (int i = 0; i < LOOPS; i++) {
        t->loop[i].n_threads = 1 + i % 5; /* also more than the team has */
        fdml_parallel((size_t)(i * 7) % BLOCKS, t->loop[i].n_threads, work, &t->loop[i]);
    }
}

Test(base_parallel, a_team_runs_many_loops)
{
    static job loop[LOOPS];
    for (int n_threads = 0; n_threads <= 4; n_threads++) {
        memset(loop, 0, sizeof loop);
        team_job t = { loop, n_threads };
        fdml_parallel_team(n_threads, many_loops, &t);
        for (int i = 0; i < LOOPS; i++) {
            const int n = i * 7 % BLOCKS;
            for (int b = 0; b < BLOCKS; b++) cr_assert_eq(loop[i].times[b], b < n);
            cr_assert_eq(atomic_load(&loop[i].n_wrong), 0);
            cr_assert_eq(loop[i].sum, (long)n * (n - 1) / 2);
        }
    }
    job after = { .n_threads = 3 }; /* the team is gone */
    fdml_parallel(BLOCKS, 3, work, &after);
    cr_assert_eq(after.sum, (long)BLOCKS * (BLOCKS - 1) / 2);
}
