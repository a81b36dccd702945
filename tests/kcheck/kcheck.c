/* kcheck.c - every kernel, on every instruction set that runs here, against the scalar table
 * and against references in double.
 *
 * No test framework and no files, so that it runs under an emulator. One line per kernel and
 * instruction set, then the count. A kernel that crashes is a failure like any other: signals
 * come back to the loop. Exit status: 0 all passed, 1 not, 2 the processor is not supported.
 * SPDX-License-Identifier: MIT */
#include "kcheck.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*check)(kcheck *t);
} checks[] = {
#define KERNEL(name, params) { #name, check_##name },
#include "simd/kernels.def"
#undef KERNEL
};
#define N_CHECKS (sizeof checks / sizeof *checks)

typedef struct options {
    const char *isa, *kernel; /* NULL: all */
    uint64_t seed;
    size_t repeat;
    bool is_quick, is_timed, is_list;
} options;

static const char usage[] =
    "usage: kcheck [--isa NAME] [--kernel NAME] [--seed N] [--repeat N] [--quick] [--bench]\n"
    "              [--list]\n"
    "  --repeat N   run N times, with seeds N0, N0 + 1, ...\n"
    "  --quick      fewer sizes and places, for emulators\n"
    "  --bench      also time one case of each kernel, in ns per call\n"
    "  --list       print the kernels and the instruction sets of this machine\n";

static sigjmp_buf escape;

static void on_signal(int number)
{
    siglongjmp(escape, number);
}

static void catch_signals(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end;
}

static bool parse(options *o, int argc, char **argv)
{
    *o = (options){ .seed = 1, .repeat = 1 };
    for (int i = 1; i < argc; i++) {
        const char *const word = argv[i], *const next = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t number = 0;
        if (!strcmp(word, "--quick")) {
            o->is_quick = true;
        } else if (!strcmp(word, "--bench")) {
            o->is_timed = true;
        } else if (!strcmp(word, "--list")) {
            o->is_list = true;
        } else if (next && !strcmp(word, "--isa")) {
            o->isa = argv[++i];
        } else if (next && !strcmp(word, "--kernel")) {
            o->kernel = argv[++i];
        } else if (next && !strcmp(word, "--seed") && parse_number(next, &number)) {
            o->seed = number, i++;
        } else if (next && !strcmp(word, "--repeat") && parse_number(next, &number)) {
            o->repeat = (size_t)number, i++;
        } else {
            return false;
        }
    }
    return true;
}

static bool is_kernel(const char *name)
{
    for (size_t i = 0; i < N_CHECKS; i++)
        if (!strcmp(checks[i].name, name)) return true;
    return false;
}

static void list(void)
{
    for (size_t i = 0; i < N_CHECKS; i++) printf("%s\n", checks[i].name);
    const fdml_kernels *k;
    for (size_t i = 0; (k = fdml_kernels_list(i)); i++)
        printf("%s: gemm tiles of %zu x %zu\n", k->isa, k->tile_rows, k->tile_cols);
}

/* A quick run leaves out what all sizes look for: pointers that happen to be aligned. */
static bool is_wanted(int placement, const options *o)
{
    if (placement == KC_FLUSH) return kc_can_flush();
    return !o->is_quick || placement == KC_PLUS_1;
}

/* One kernel on one instruction set. The data depends on the seed and the kernel alone, so
 * a failure is found again with --kernel and --isa. */
static bool run_check(size_t which, const fdml_kernels *k, const options *o, uint64_t seed)
{
    static kcheck trial; /* static: it outlives the jump out of a signal */
    memset(&trial, 0, sizeof trial);
    trial.ref = fdml_kernels_find("scalar");
    trial.k = k;
    trial.is_quick = o->is_quick;
    fdml_rng_init(&trial.rng, seed, 0, (uint32_t)which);
    const int number = sigsetjmp(escape, 1);
    if (!number) {
        for (; trial.placement < KC_PLACEMENTS && !trial.has_failed; trial.placement++)
            if (is_wanted(trial.placement, o)) checks[which].check(&trial);
        trial.is_timed = o->is_timed;
        trial.placement = KC_PLUS_0;
        if (trial.is_timed && !trial.has_failed) checks[which].check(&trial);
    } else {
        kc_fail(&trial, "stopped by signal %d (%s)", number,
                number == SIGILL ? "illegal instruction" : "a read or write out of bounds");
    }
    if (!trial.n_cases) kc_fail(&trial, "no case was run");

    printf("%-6s %-14s %-7s", trial.has_failed ? "FAILED" : "ok", checks[which].name, k->isa);
    if (trial.has_failed)
        printf(" %s", trial.why);
    else
        printf(" %5zu cases", trial.n_cases);
    if (trial.ns > 0) printf(" %10.1f ns", trial.ns);
    printf("\n");
    fflush(stdout);
    return !trial.has_failed;
}

int main(int argc, char **argv)
{
    options o;
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 1;
    }
    if (!fdml_kernels_best()) {
        fprintf(stderr, "kcheck: fdml needs an x86 processor with AVX2 and FMA\n");
        return 2;
    }
    if ((o.isa && !fdml_kernels_find(o.isa)) || (o.kernel && !is_kernel(o.kernel))) {
        fprintf(stderr, "kcheck: see --list: no %s here\n",
                o.kernel && !is_kernel(o.kernel) ? o.kernel : o.isa);
        return 1;
    }
    if (o.is_list) {
        list();
        return 0;
    }
    catch_signals();
    if (!kc_can_flush()) printf("# an emulated x86: reads past the end are not looked for\n");
    size_t n_passed = 0, n_failed = 0;
    for (uint64_t run = 0; run < o.repeat; run++) {
        printf("# seed %llu\n", (unsigned long long)(o.seed + run));
        for (size_t which = 0; which < N_CHECKS; which++) {
            if (o.kernel && strcmp(o.kernel, checks[which].name)) continue;
            const fdml_kernels *k;
            for (size_t i = 0; (k = fdml_kernels_list(i)); i++) {
                if (o.isa && strcmp(o.isa, k->isa)) continue;
                if (run_check(which, k, &o, o.seed + run))
                    n_passed++;
                else
                    n_failed++;
            }
        }
    }
    printf("%zu passed, %zu failed\n", n_passed, n_failed);
    return n_failed > 0;
}
