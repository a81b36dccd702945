/* test_base_parallel_try.c - the first failure is told, whatever the threads did.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/parallel_try.h"

enum { BLOCKS = 600 };

typedef struct job {
    int times[BLOCKS];
    size_t bad; /* this block, and every seventh after it, fail */
} job;

static fdml_status work(void *ctx, size_t block, int thread, fdml_error *err)
{
    (void)thread;
    job *j = ctx;
    j->times[block]++;
    if (block < j->bad || (block - j->bad) % 7) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA, "block %zu is bad", block);
}

Test(base_parallel_try, all_blocks_run_once_if_none_fails)
{
    job j = { .bad = BLOCKS };
    cr_assert_eq(fdml_parallel_try(BLOCKS, 3, work, &j, NULL), FDML_OK);
    for (int b = 0; b < BLOCKS; b++) cr_assert_eq(j.times[b], 1, "block %d", b);
    cr_assert_eq(fdml_parallel_try(0, 3, work, &j, NULL), FDML_OK);
}

Test(base_parallel_try, the_first_failure_is_told_and_what_is_before_it_runs)
{
    for (int n_threads = 1; n_threads <= 5; n_threads++)
        for (size_t bad = 0; bad < BLOCKS; bad += 101) {
            job j = { .bad = bad };
            fdml_error err = { .status = FDML_OK };
            char want[64];
            snprintf(want, sizeof want, "block %zu is bad", bad);
            cr_assert_eq(fdml_parallel_try(BLOCKS, n_threads, work, &j, &err), FDML_E_DATA);
            cr_assert_eq(err.status, FDML_E_DATA);
            cr_assert_str_eq(err.text, want);
            for (size_t b = 0; b <= bad; b++) cr_assert_eq(j.times[b], 1, "block %zu", b);
            if (n_threads > 1) continue;
            for (size_t b = bad + 1; b < BLOCKS; b++) cr_assert_eq(j.times[b], 0);
        }
}

Test(base_parallel_try, nobody_needs_the_sentence)
{
    job j = { .bad = 5 };
    cr_assert_eq(fdml_parallel_try(BLOCKS, 2, work, &j, NULL), FDML_E_DATA);
}
