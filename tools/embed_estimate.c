/* embed_estimate.c - --dry-run: the memory of a run, and its time from a short trial.
 *
 * A few pictures, evenly spread over the rows, are really embedded: their decoding time is part
 * of the answer, and a first look at whether they can be read at all.
 * SPDX-License-Identifier: MIT */
#include <time.h>

#include "embed_check.h"

enum { TRIALS = 4 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct trial {
    size_t n_rows, n_bad;
} trial;

static void count_row(void *ctx, size_t row, const float *values)
{
    trial *t = ctx;
    (void)row, (void)values;
    t->n_rows++;
}

static void count_bad(void *ctx, size_t row, const char *why)
{
    trial *t = ctx;
    (void)row, (void)why;
    t->n_bad++;
}

static void ignore(void *ctx, size_t done)
{
    (void)ctx, (void)done;
}

static void print_size(const char *name, size_t bytes, const char *what)
{
    char text[32];
    fdml_size_print(text, (double)bytes);
    printf("%-11s %s%s\n", name, text, what);
}

void embed_estimate_print(const embed_job *asked, size_t n_images, size_t memory)
{
    fdml_error err;
    trial t = { 0 };
    embed_job job = *asked;
    embed_settings settings = *asked->settings;
    settings.skip_bad = true;
    job.settings = &settings;
    job.row = count_row, job.skip = count_bad, job.pause = ignore, job.ctx = &t;
    job.progress = NULL;
    const size_t n_all = job.images->n_rows, batch = job.net->batch;
    const size_t n_trial = n_all < 2 * batch ? n_all : 2 * batch;
    /* The first run touches memory for the first time and is not timed. */
    CLI_TRY(embed_run(&job, 0, n_all < batch ? n_all : batch, &err), &err);
    t = (trial){ 0 };
    double seconds = 0;
    for (size_t i = 0; i < TRIALS; i++) {
        const size_t first = i * (n_all - n_trial) / TRIALS;
        const double start = now();
        CLI_TRY(embed_run(&job, first, n_trial, &err), &err);
        seconds += now() - start;
    }
    const size_t n_tried = t.n_rows + t.n_bad;
    const double rate = (double)n_tried / seconds;
    print_size("memory", memory, ", pictures while they are decoded not counted");
    print_size("output", FDML_NPY_MAX_DIMS * 4 + n_images * job.net->dim * sizeof(float), "");
    printf("time        about %.0f s: %.1f images/s with %d thread%s, %s, from %zu images\n",
           (double)n_images / rate, rate, job.n_threads, job.n_threads == 1 ? "" : "s",
           job.kernels->isa, n_tried);
    if (t.n_bad) printf("unreadable  %zu of those\n", t.n_bad);
}
