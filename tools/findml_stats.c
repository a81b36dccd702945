/* findml_stats.c - see findml_stats.h.
 * SPDX-License-Identifier: MIT */
#include "findml_stats.h"

#include <math.h>

#include "base/student.h"

/* The i-th value, or difference where there is a baseline. */
static double item(const double *value, const double *baseline, size_t i)
{
    return baseline ? value[i] - baseline[i] : value[i];
}

static findml_spread spread(const double *value, const double *baseline, size_t n,
                            double confidence)
{
    findml_spread s = { 0, NAN, NAN, NAN };
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = item(value, baseline, i);
        if (isnan(x)) continue;
        sum += x;
        s.n++;
    }
    if (!s.n) return s;
    s.mean = sum / (double)s.n;
    if (s.n < 2) return s;
    for (size_t i = 0; i < n; i++) {
        const double x = item(value, baseline, i) - s.mean;
        if (!isnan(x)) squares += x * x;
    }
    s.sd = sqrt(squares / (double)(s.n - 1));
    s.half = fdml_student_t(confidence, s.n - 1) * s.sd / sqrt((double)s.n);
    return s;
}

findml_spread findml_spread_of(const double *value, size_t n, double confidence)
{
    return spread(value, NULL, n, confidence);
}

findml_change findml_change_of(const double *value, const double *baseline, size_t n,
                               int direction, double confidence)
{
    const findml_spread s = spread(value, baseline, n, confidence);
    findml_change c = { .n = s.n, .mean = s.mean, .se = NAN, .half = s.half };
    if (s.n > 1) c.se = s.sd / sqrt((double)s.n);
    c.is_beyond = s.n >= FINDML_MIN_PAIRS && fabs(s.mean) > s.half;
    for (size_t i = 0; i < n; i++) c.n_better += item(value, baseline, i) * direction > 0;
    return c;
}
