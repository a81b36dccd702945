/* student.h - how wide an interval over few repetitions is: quantiles of Student's t.
 *
 * For whole degrees of freedom the distribution is a finite sum of powers of a cosine
 * (Abramowitz & Stegun 26.7.3 and 26.7.4), so no gamma function is needed and the bits are the
 * same on every machine.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_STUDENT_H
#define FDML_BASE_STUDENT_H

#include <stddef.h>

/* t such that |T| <= t with probability `confidence`, in (0, 1), for `n_free` degrees of
 * freedom: 12.706 for .95 and 1, 2.776 for .95 and 4. NaN for none, or a confidence out of its
 * range. Relative error below 1e-9 for a confidence up to .9999; time grows with n_free. */
double fdml_student_t(double confidence, size_t n_free);

/* P(Z > x) of a standard normal Z, x not negative (Abramowitz & Stegun 26.2.11). Error below
 * 1e-14; 0 beyond 7.5, where it is less. */
double fdml_normal_tail(double x);

#endif
