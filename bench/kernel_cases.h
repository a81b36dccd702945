/* kernel_cases.h - one thing to time for every kernel, and the large gemm by itself.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BENCH_KERNEL_CASES_H
#define FDML_BENCH_KERNEL_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "simd/kernels.h"

typedef struct kernel_case {
    const char *name;
    void (*run)(const fdml_kernels *k);
    double (*flops)(const fdml_kernels *k); /* of one run; 0: the case counts bytes */
    double (*bytes)(const fdml_kernels *k); /* read and written by one run */
} kernel_case;

/* In the order of kernels.def; NULL past the last. */
const kernel_case *kernel_case_at(size_t index);
void kernel_cases_prepare(void); /* before the first run */

/* A case is CASE(name, flops, bytes, statements), in one of the files *_cases.c. */
#define CASE(name, n_flops, n_bytes, ...)                                                      \
    double flops_##name(const fdml_kernels *k)                                                 \
    {                                                                                          \
        (void)k;                                                                               \
        return (n_flops);                                                                      \
    }                                                                                          \
    double bytes_##name(const fdml_kernels *k)                                                 \
    {                                                                                          \
        (void)k;                                                                               \
        return (n_bytes);                                                                      \
    }                                                                                          \
    void run_##name(const fdml_kernels *k)                                                     \
    {                                                                                          \
        __VA_ARGS__;                                                                           \
    }
#define KERNEL(name, params)                                                                   \
    double flops_##name(const fdml_kernels *k);                                                \
    double bytes_##name(const fdml_kernels *k);                                                \
    void run_##name(const fdml_kernels *k);
#include "simd/kernels.def"
#undef KERNEL
void train_cases_prepare(void); /* part of kernel_cases_prepare */

typedef struct gemm_options {
    const fdml_kernels *k;
    size_t m, n, depth, n_rounds;
    int n_threads;
} gemm_options;

/* C = A B^T with packing, as one line of JSON on stdout; false if the result is wrong. */
bool gemm_case_run(const gemm_options *options);

#endif
