/* timing.c - see timing.h.
 * SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise */
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/parallel.h"
#include "base/rng.h"

#define HUGE_PAGE ((size_t)2 << 20)

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

double bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare_doubles);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* VmHWM counts from this program's start; getrusage, which other systems have, does not forget
 * what the process was before it became this program. */
double bench_peak_bytes(void)
{
    char line[256];
    FILE *const status = fopen("/proc/self/status", "r");
    double kib = 0;
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6)) kib = strtod(line + 6, NULL);
    if (status) fclose(status);
    if (kib > 0) return 1024 * kib;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
#if defined(__APPLE__)
    return (double)use.ru_maxrss;
#else
    return 1024 * (double)use.ru_maxrss;
#endif
}

/* With 4 KiB pages a gemm of 1024 walks 4,096 of them, more than the TLB of most processors
 * holds, and the time depends on where they happen to lie. Touched here, not when timed. */
float *bench_floats(size_t n)
{
    const size_t size = (n * sizeof(float) / HUGE_PAGE + 1) * HUGE_PAGE;
    float *x = aligned_alloc(HUGE_PAGE, size);
    if (!x) {
        fprintf(stderr, "bench: no memory for %zu floats\n", n);
        exit(2);
    }
#if defined(MADV_HUGEPAGE)
    madvise(x, size, MADV_HUGEPAGE);
#endif
    memset(x, 0, size);
    return x;
}

void bench_uniform(float *x, size_t n, unsigned stream)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 1, stream, 0);
    for (size_t i = 0; i < n; i++) x[i] = (float)(fdml_rng_u32(&rng) >> 8) * 0x1p-23f - 1;
}

typedef struct peak_job {
    const fdml_kernels *k;
    size_t n;
} peak_job;

static void run_peak(void *ctx, size_t block, int thread)
{
    (void)block, (void)thread;
    const peak_job *const job = ctx;
    float sink[16] = { 0.5f };
    job->k->fma_peak(sink, job->n);
}

double bench_peak(const fdml_kernels *k, double seconds, int n_threads)
{
    const double flops_per_step = 2.0 * (double)(k->tile_rows * k->tile_cols);
    /* a first guess of 50 GFLOP/s; then one more run if that was far too short */
    peak_job job = { k, (size_t)(seconds * 50e9 / flops_per_step) + 1 };
    for (;;) {
        const double start = bench_now();
        fdml_parallel((size_t)n_threads, n_threads, run_peak, &job);
        const double taken = bench_now() - start;
        if (taken > seconds / 2)
            return (double)n_threads * (double)job.n * flops_per_step / taken;
        job.n = (size_t)((double)job.n * (taken > 0 ? seconds / taken : 2)) + 1;
    }
}

/* The value of "model name : ..." on x86; /proc/cpuinfo of an ARM has no such line. */
static void cpu_model(char *text, size_t size)
{
    struct utsname system;
    snprintf(text, size, "%s", uname(&system) ? "unknown" : system.machine);
    FILE *const info = fopen("/proc/cpuinfo", "r");
    if (!info) return;
    char line[256];
    while (fgets(line, sizeof line, info)) {
        const char *const colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(info);
}

/* FDML_COMMIT where the build sets it, else what git says here. */
static void commit_name(char *text, size_t size)
{
    snprintf(text, size, "unknown");
#if defined(FDML_COMMIT)
    snprintf(text, size, "%s", FDML_COMMIT);
#else
    FILE *const git = popen("git describe --always --dirty --abbrev=12 2>/dev/null", "r");
    if (!git) return;
    char line[64];
    if (fgets(line, sizeof line, git)) {
        line[strcspn(line, "\n")] = 0;
        snprintf(text, size, "%s", line);
    }
    pclose(git);
#endif
}

void bench_write_machine(fdml_json_writer *writer)
{
    char text[256];
    cpu_model(text, sizeof text);
    fdml_json_key(writer, "cpu");
    fdml_json_string(writer, text);
    fdml_json_key(writer, "compiler");
    fdml_json_string(writer, COMPILER);
    commit_name(text, sizeof text);
    fdml_json_key(writer, "commit");
    fdml_json_string(writer, text);
}
