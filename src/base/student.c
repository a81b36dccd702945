/* student.c - see student.h.
 *
 * With t = sqrt(n) tan(theta) the probability of |T| <= t is
 *
 *     n odd    2/pi (theta + sin (cos + 2/3 cos^3 + 2/3 4/5 cos^5 + ... up to cos^(n-2)))
 *     n even   sin (1 + 1/2 cos^2 + 1/2 3/4 cos^4 + ... up to cos^(n-2))
 *
 * which grows with theta, so halving [0, pi/2] finds the angle, and from it t.
 *
 * SPDX-License-Identifier: MIT */
#include "base/student.h"

#include <math.h>

#include "base/dmath.h"

static const double pi = 0x1.921fb54442d18p+1;

/* Each factor is (k - 1) / k for every other k. */
static double probability(double sine, double cosine, double theta, size_t n)
{
    const double square = cosine * cosine;
    const int is_odd = n % 2;
    double term = is_odd ? cosine : 1, sum = n > 1 ? term : 0;
    for (size_t k = is_odd ? 3 : 2; k + 2 <= n; k += 2) {
        term *= (double)(k - 1) / (double)k * square;
        sum += term;
    }
    return is_odd ? 2 / pi * (theta + sine * sum) : sine * sum;
}

double fdml_student_t(double confidence, size_t n_free)
{
    if (!n_free || !(confidence > 0 && confidence < 1)) return NAN;
    double low = 0, high = pi / 2, sine = 0, cosine = 1;
    for (int i = 0; i < 60; i++) {
        const double middle = 0.5 * (low + high);
        fdml_sincos(middle, &sine, &cosine);
        if (probability(sine, cosine, middle, n_free) < confidence)
            low = middle;
        else
            high = middle;
    }
    fdml_sincos(0.5 * (low + high), &sine, &cosine);
    return sqrt((double)n_free) * sine / cosine;
}

/* P(0 < Z < x) = phi(x) (x + x^3/3 + x^5/(3 5) + ...), of positive terms only. */
double fdml_normal_tail(double x)
{
    const double density_at_0 = 0x1.9884533d43651p-2; /* 1 / sqrt(2 pi) */
    if (x > 7.5) return 0;
    double term = x, sum = 0;
    for (double k = 3; sum + term != sum; k += 2) {
        sum += term;
        term *= x * x / k;
    }
    return fmax(0, 0.5 - density_at_0 * fdml_exp(-x * x / 2) * sum);
}
