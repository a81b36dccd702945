/* dmath.h - logarithm and exponential in double whose bits are the same on every machine.
 *
 * A C library may pick an FMA variant of log or exp by CPU, and the last bit then differs
 * between machines. These use +, -, *, / alone (never contracted), so wherever a printed
 * number depends on a logarithm, it comes from here. Error below 2 ulp (tests/unit compares
 * with long double). For arrays of floats use the kernels of src/simd.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_DMATH_H
#define FDML_BASE_DMATH_H

#include <stddef.h>

double fdml_log(double x); /* log(0) = -inf, log(<0) = NaN */
double fdml_exp(double x); /* overflow +inf, underflow 0 */

/* Sine and cosine; |x| up to 1e6, error below 4 ulp of 1. */
void fdml_sincos(double x, double *sine, double *cosine);

/* The same for the float range: nearest float of the double result. */
static inline float fdml_logf(float x)
{
    return (float)fdml_log((double)x);
}

/* Sum of a[i] b[i] in four interleaved sums, as one addition waits for the one before. */
double fdml_dot(const double *a, const double *b, size_t n);

double fdml_lgamma(double x); /* log of the gamma function for x >= 1 (Stirling with shift) */

#endif
