/* dispatch.c - which kernel tables run on this machine. See kernels.h.
 *
 * The compiler's probe asks the operating system too (saved registers), so there is no
 * hand-written CPUID here.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "simd/kernels.h"

extern const fdml_kernels fdml_kernels_scalar;

#if defined(__x86_64__)
extern const fdml_kernels fdml_kernels_avx2, fdml_kernels_avx512;

static int has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
}
#elif defined(__aarch64__)
extern const fdml_kernels fdml_kernels_neon;

static int always(void)
{
    return 1;
}
#endif

static const struct {
    const fdml_kernels *kernels;
    int (*runs_here)(void);
} tables[] = {
#if defined(__x86_64__)
    { &fdml_kernels_avx512, has_avx512 },
    { &fdml_kernels_avx2, has_avx2 },
    { &fdml_kernels_scalar, has_avx2 },
#elif defined(__aarch64__)
    { &fdml_kernels_neon, always },
    { &fdml_kernels_scalar, always },
#endif
};

const fdml_kernels *fdml_kernels_list(size_t index)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i].runs_here() && index-- == 0) return tables[i].kernels;
    return NULL;
}

const fdml_kernels *fdml_kernels_best(void)
{
    return fdml_kernels_list(0);
}

const fdml_kernels *fdml_kernels_find(const char *isa)
{
    const fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)); i++)
        if (!strcmp(kernels->isa, isa)) return kernels;
    return NULL;
}
