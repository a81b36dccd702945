/* stats_interval.c - quantiles, and intervals from replicates. See stats.h.
 *
 * Why the plain percentile interval is not enough: m clusters drawn from m have a variance that
 * is (m - 1) / m of what it should be, and its quantiles are those of the normal distribution
 * where Student's are called for. Ten classes a group give 95% intervals that hold the truth
 * nine times in ten; expanded, they hold it as often as they say (docs/validation.md).
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/student.h"
#include "eval/stats.h"

/* Student's t is within 0.13% of the normal from here on, and its time grows with it. */
static const double MOST_FREE = 1000;

static int ascending_nan_last(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

static size_t sort_finite(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending_nan_last);
    while (n && isnan(values[n - 1])) n--;
    return n;
}

/* At `place` from 0, between order statistics; beyond them the outermost. */
static double at_place(const double *sorted, size_t n, double place)
{
    if (!n) return NAN;
    if (!(place > 0)) return sorted[0];
    const double below = floor(place);
    const size_t i = (size_t)below;
    if (i + 1 >= n) return sorted[n - 1];
    return sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]);
}

double fdml_quantile(double *values, size_t n, double q)
{
    const size_t n_finite = sort_finite(values, n);
    return at_place(values, n_finite, q * ((double)n_finite - 1));
}

double fdml_variance(const double *values, size_t n)
{
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i])) continue;
        sum += values[i];
        count++;
    }
    const double mean = sum / count;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) square += (values[i] - mean) * (values[i] - mean);
    return count > 1 ? square / (count - 1) : NAN;
}

fdml_freedom fdml_freedom_of(size_t n_clusters)
{
    const double n_free = (double)n_clusters - 1;
    return (fdml_freedom){ n_free, (double)n_clusters / n_free };
}

fdml_freedom fdml_freedom_of_two(double variance_a, size_t n_a, double variance_b, size_t n_b)
{
    const fdml_freedom a = fdml_freedom_of(n_a), b = fdml_freedom_of(n_b);
    const double own_a = variance_a * a.inflation, own_b = variance_b * b.inflation;
    const double all = own_a + own_b;
    if (!(all > 0)) return a.n_free < b.n_free ? a : b;
    return (fdml_freedom){ all * all / (own_a * own_a / a.n_free + own_b * own_b / b.n_free),
                           all / (variance_a + variance_b) };
}

void fdml_bootstrap_interval(double *lo, double *hi, double *values, size_t n,
                             double confidence, fdml_freedom freedom)
{
    const size_t n_finite = sort_finite(values, n);
    const double n_free = fmin(freedom.n_free, MOST_FREE);
    *lo = *hi = NAN;
    if (!(n_free >= 1)) return;
    const double t = fdml_student_t(confidence, (size_t)n_free);
    const double tail = fdml_normal_tail(t * sqrt(freedom.inflation));
    const double place = tail * ((double)n_finite + 1) - 1;
    *lo = at_place(values, n_finite, place);
    *hi = at_place(values, n_finite, (double)n_finite - 1 - place);
}

bool fdml_bootstrap_is_short(char *text, size_t size, size_t n, double confidence)
{
    /* The plain percentile, which is the narrowest: place >= 0 with tail (1 - confidence) / 2.
     * The factor forgives the rounding of 1 - confidence: of 0.95, 39 are enough. */
    const double needed = ceil(2 / (1 - confidence) * (1 - 1e-12)) - 1;
    if (!n || (double)n >= needed) return false;
    snprintf(
        text, size,
        "the ends of a %.10g%% interval are the smallest and largest of %zu bootstrap "
        "replicates, which is too few to know them: it takes %.0f at least (--bootstrap), or "
        "a lower --confidence",
        100 * confidence, n, needed);
    return true;
}
