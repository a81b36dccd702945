/* dmath.c - see dmath.h for why these exist.
 *
 * log: x = 2^e m with m in [sqrt(1/2), sqrt 2); with f = (m-1)/(m+1),
 *      log m = 2 (f + f^3/3 + f^5/5 + ...); |f| < 0.1716, so the term f^23/23 is < 2^-62.
 * exp: x = k log 2 + r with |r| <= log(2)/2, log 2 split so that k times its high part is
 *      exact; Taylor to r^13/13!, remainder < 2^-57.
 * sincos: x = k pi/2 + r with |r| <= pi/4, pi/2 in three parts of which k times the first two
 *      is exact for |k| < 2^20; Taylor to r^17, remainder < 2^-60.
 * lgamma: Stirling's series at x >= 16 (first neglected term B_16/(16*15 x^15) < 2^-58),
 *      below that by the recurrence, whose product is taken before one logarithm.
 * SPDX-License-Identifier: MIT */
#include "base/dmath.h"

#include <math.h>

static const double ln2_hi = 0x1.62e42fee00000p-1; /* 32 leading bits of log 2 */
static const double ln2_lo = 0x1.a39ef35793c76p-33;

double fdml_log(double x)
{
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (isinf(x)) return x;
    int exponent;
    double m = frexp(x, &exponent); /* [0.5, 1) */
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2;
        exponent--;
    }
    const double f = (m - 1) / (m + 1), f2 = f * f;
    double tail = 0;
    for (int k = 23; k >= 3; k -= 2) tail = tail * f2 + 1.0 / k;
    /* log m = 2f + 2f^3 tail; the large parts are added last. */
    const double e = exponent;
    return e * ln2_hi + (2 * f + (2 * f * f2 * tail + e * ln2_lo));
}

double fdml_exp(double x)
{
    if (isnan(x)) return x;
    if (x > 709.782712893384) return INFINITY;
    if (x < -745.2) return 0;
    const double k = floor(x * 0x1.71547652b82fep+0 + 0.5);
    const double r = (x - k * ln2_hi) - k * ln2_lo;
    double sum = 1;
    for (int n = 13; n >= 1; n--) sum = 1 + sum * r / n;
    return ldexp(sum, (int)k);
}

double fdml_lgamma(double x)
{
    double product = 1;
    while (x < 16) {
        product *= x;
        x += 1;
    }
    /* B_2k / (2k (2k-1)): 1/12, -1/360, 1/1260, -1/1680, 1/1188, -691/360360, 1/156 */
    static const double c[] = { 1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                1.0 / 1188, -691.0 / 360360, 1.0 / 156 };
    const double inverse = 1 / x, square = inverse * inverse;
    double series = 0;
    for (int k = 6; k >= 0; k--) series = series * square + c[k];
    const double half_log_2pi = 0x1.d67f1c864beb5p-1;
    return (x - 0.5) * fdml_log(x) - x + half_log_2pi + series * inverse - fdml_log(product);
}

void fdml_sincos(double x, double *sine, double *cosine)
{
    const double k = floor(x * 0x1.45f306dc9c883p-1 + 0.5); /* 2 / pi */
    const double r =
        ((x - k * 0x1.921fb544p+0) - k * 0x1.0b4611a6p-34) - k * 0x1.3198a2e037073p-69;
    const double r2 = r * r;
    double s = 1, c = 1;
    for (int n = 17; n >= 3; n -= 2) s = 1 - s * r2 / (n * (n - 1));
    for (int n = 16; n >= 2; n -= 2) c = 1 - c * r2 / (n * (n - 1));
    s *= r;
    switch ((long long)k & 3) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
        break;
    }
}

double fdml_dot(const double *a, const double *b, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}
