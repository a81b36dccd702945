/* timing.h - what the kernel benches share: clock, medians, large buffers, the machine's name.
 *
 * A bench measures and exits, so nothing here is freed, and what cannot go on ends it.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BENCH_TIMING_H
#define FDML_BENCH_TIMING_H

#include <stddef.h>

#include "base/json.h"
#include "simd/kernels.h"

double bench_now(void);                   /* seconds, monotonic */
double bench_median(double *x, size_t n); /* sorts x; n > 0 */
double bench_peak_bytes(void);            /* largest memory of this process so far */
float *bench_floats(size_t n);            /* huge pages where the system has them; zero */
void bench_uniform(float *x, size_t n, unsigned stream); /* seeded, on [-1, 1) */

/* FLOP/s of fma_peak over about `seconds`, on `n_threads` threads at once. */
double bench_peak(const fdml_kernels *k, double seconds, int n_threads);

/* Members "cpu", "compiler", "commit" of the object that is being written. */
void bench_write_machine(fdml_json_writer *writer);

#endif
