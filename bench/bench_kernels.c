/* bench_kernels.c - the speed of every kernel on every instruction set that runs here.
 *
 *   bench_kernels [--isa NAME] [--kernel NAME] [--rounds N] [--json FILE]
 *   bench_kernels gemm [--m M] [--n N] [--k K] [--isa NAME] [--threads T] [--rounds N]
 *
 * The first walks kernels.def: best and median time of one run, GFLOP/s or GB/s at the best,
 * the scalar table's best over this one's, and the share of the peak. The peak is the rate of
 * the kernel fma_peak, measured anew before each measurement, since the clock of the machine
 * moves; a share compares two neighbours in time, and the median of the shares is shown. The
 * second is one large gemm, packing included, as a line of JSON (gemm_case.c).
 *
 * The best of N is what the machine can do; if the median is far from it, it was busy.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "kernel_cases.h"
#include "timing.h"

#define BATCH_SECONDS 1e-3
#define PEAK_SECONDS 2e-4
enum { MAX_ROUNDS = 1000 };

typedef struct options {
    const char *isa, *kernel, *json; /* NULL: all, all, none */
    size_t n_rounds, m, n, k;
    int n_threads;
    bool is_gemm;
} options;

typedef struct result {
    double best, median; /* seconds of one run */
    double rate, share;  /* FLOP/s or byte/s at the best; 0 where there are no FLOPs */
    bool has_flops;
} result;

static const char usage[] =
    "usage: bench_kernels [--isa NAME] [--kernel NAME] [--rounds N] [--json FILE]\n"
    "       bench_kernels gemm [--m M] [--n N] [--k K] [--isa NAME] [--threads T]\n"
    "                          [--rounds N]\n";

static bool parse_size(const char *text, size_t limit, size_t *value)
{
    char *end;
    const unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number == 0 || number > limit) return false;
    *value = (size_t)number;
    return true;
}

static bool parse(options *o, int argc, char **argv)
{
    *o = (options){ .n_rounds = 15 };
    size_t n_threads = 1;
    int i = 1;
    if (argc > 1 && !strcmp(argv[1], "gemm")) o->is_gemm = true, i++;
    for (; i < argc; i += 2) {
        const char *const name = argv[i], *const value = i + 1 < argc ? argv[i + 1] : "";
        const struct {
            const char *name;
            const char **text;
            size_t limit, *number;
        } known[] = {
            { "--isa", &o->isa, 0, NULL },   { "--kernel", &o->kernel, 0, NULL },
            { "--json", &o->json, 0, NULL }, { "--rounds", NULL, MAX_ROUNDS, &o->n_rounds },
            { "--m", NULL, 1 << 20, &o->m }, { "--n", NULL, 1 << 20, &o->n },
            { "--k", NULL, 1 << 20, &o->k }, { "--threads", NULL, 1024, &n_threads }
        };
        size_t which = 0;
        while (which < sizeof known / sizeof *known && strcmp(known[which].name, name)) which++;
        if (which == sizeof known / sizeof *known || i + 1 == argc) return false;
        if (known[which].text)
            *known[which].text = value;
        else if (!parse_size(value, known[which].limit, known[which].number))
            return false;
    }
    o->n_threads = (int)n_threads;
    if (!o->m) o->m = 1024;
    if (!o->n) o->n = o->m;
    if (!o->k) o->k = o->m;
    return true;
}

static double time_runs(const kernel_case *the_case, const fdml_kernels *k, size_t n)
{
    const double start = bench_now();
    for (size_t i = 0; i < n; i++) the_case->run(k);
    return bench_now() - start;
}

static result measure(const kernel_case *the_case, const fdml_kernels *k, size_t n_rounds)
{
    static double seconds[MAX_ROUNDS], share[MAX_ROUNDS];
    const double flops = the_case->flops(k), bytes = the_case->bytes(k);
    size_t n = 1;
    while (time_runs(the_case, k, n) < BATCH_SECONDS) n *= 2; /* warms up, too */
    result r = { .best = INFINITY, .has_flops = flops > 0 };
    for (size_t round = 0; round < n_rounds; round++) {
        const double peak = r.has_flops ? bench_peak(k, PEAK_SECONDS, 1) : 1;
        seconds[round] = time_runs(the_case, k, n) / (double)n;
        share[round] = flops / seconds[round] / peak;
        r.best = fmin(r.best, seconds[round]);
    }
    r.median = bench_median(seconds, n_rounds);
    r.share = bench_median(share, n_rounds);
    r.rate = (r.has_flops ? flops : bytes) / r.best;
    return r;
}

static void print_result(const char *kernel, const char *isa, const result *r, double ratio)
{
    printf("%-14s %-7s %12.1f %12.1f %9.2f %-7s %7.2f", kernel, isa, r->best * 1e9,
           r->median * 1e9, r->rate * 1e-9, r->has_flops ? "GFLOP/s" : "GB/s", ratio);
    if (r->has_flops)
        printf(" %6.1f%%\n", 100 * r->share);
    else
        printf("       -\n");
    fflush(stdout);
}

static void write_result(fdml_json_writer *writer, const char *kernel, const char *isa,
                         const result *r, double ratio)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = { { "best_ns", r->best * 1e9 },
                    { "median_ns", r->median * 1e9 },
                    { r->has_flops ? "gflops" : "gbytes_per_second", r->rate * 1e-9 },
                    { "times_scalar", ratio },
                    { "share_of_peak", r->has_flops ? r->share : NAN } };
    fdml_json_begin_object(writer);
    fdml_json_key(writer, "kernel");
    fdml_json_string(writer, kernel);
    fdml_json_key(writer, "isa");
    fdml_json_string(writer, isa);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fdml_json_key(writer, numbers[i].key);
        fdml_json_number(writer, numbers[i].value);
    }
    fdml_json_end_object(writer);
}

/* One kernel on all tables, the scalar one first, which the others are compared with. */
static size_t bench_kernel(const kernel_case *the_case, const options *o,
                           fdml_json_writer *writer)
{
    const fdml_kernels *const scalar = fdml_kernels_find("scalar"), *k;
    const result base = measure(the_case, scalar, o->n_rounds);
    size_t n_done = 0;
    for (size_t i = 0; (k = fdml_kernels_list(i)); i++) {
        if (o->isa && strcmp(o->isa, k->isa)) continue;
        const result r = k == scalar ? base : measure(the_case, k, o->n_rounds);
        const double ratio = r.rate / base.rate; /* of rates: fma_peak's work differs */
        n_done++;
        print_result(the_case->name, k->isa, &r, ratio);
        if (writer) write_result(writer, the_case->name, k->isa, &r, ratio);
    }
    return n_done;
}

static size_t bench_all(const options *o, fdml_json_writer *writer)
{
    kernel_cases_prepare();
    printf("%-14s %-7s %12s %12s %17s %7s %7s\n", "kernel", "isa", "best ns", "median ns",
           "rate at best", "xscalar", "of peak");
    const kernel_case *the_case;
    size_t n_done = 0;
    for (size_t i = 0; (the_case = kernel_case_at(i)); i++)
        if (!o->kernel || !strcmp(o->kernel, the_case->name))
            n_done += bench_kernel(the_case, o, writer);
    return n_done;
}

static int write_json(const options *o)
{
    static fdml_output output;
    fdml_error err;
    if (fdml_output_open(&output, o->json, NULL, &err)) {
        fprintf(stderr, "bench_kernels: %s\n", err.text);
        return 2;
    }
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, output.file, 2);
    fdml_json_begin_object(&writer);
    bench_write_machine(&writer);
    fdml_json_key(&writer, "rounds");
    fdml_json_integer(&writer, (int64_t)o->n_rounds);
    fdml_json_key(&writer, "results");
    fdml_json_begin_array(&writer);
    bench_all(o, &writer);
    fdml_json_end_array(&writer);
    fdml_json_end_object(&writer);
    if (fdml_output_commit(&output, &err)) {
        fprintf(stderr, "bench_kernels: %s\n", err.text);
        return 2;
    }
    return 0;
}

static bool is_kernel(const char *name)
{
    const kernel_case *the_case;
    for (size_t i = 0; (the_case = kernel_case_at(i)); i++)
        if (!strcmp(the_case->name, name)) return true;
    return false;
}

int main(int argc, char **argv)
{
    options o;
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 1;
    }
    const fdml_kernels *const best = fdml_kernels_best();
    if (!best) {
        fprintf(stderr, "bench_kernels: fdml needs an x86 processor with AVX2 and FMA\n");
        return 2;
    }
    const fdml_kernels *const k = o.isa ? fdml_kernels_find(o.isa) : best;
    if (!k || (o.kernel && !is_kernel(o.kernel))) {
        fprintf(stderr, "bench_kernels: no %s here\n", k ? o.kernel : o.isa);
        return 1;
    }
    if (o.is_gemm)
        return gemm_case_run(&(gemm_options){ k, o.m, o.n, o.k, o.n_rounds, o.n_threads }) ? 0
                                                                                           : 2;
    if (o.json) return write_json(&o);
    return bench_all(&o, NULL) ? 0 : 1;
}
