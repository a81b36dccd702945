/* truth.c - closed forms. See truth.h.
 *
 * The difference of two rows is normal with v = s_i^2 + s_j^2 (+ 2 for two centres) in every
 * dimension, s being spread times effect. So d^2 / v is chi-square with dim degrees of freedom:
 *
 *   E d^2 = dim v,   E exp(-2 d^2) = (1 + 4 v)^(-dim/2),
 *   P(d^2 > u) = exp(-h) sum_{k < dim/2} h^k / k!,  h = u / (2 v), dim even
 *
 * and what is asked is the mean over the effects of the two rows' classes.
 *
 * SPDX-License-Identifier: MIT */
#include "truth.h"

#include <math.h>

static double effect_of(const law *l, int wide)
{
    return wide ? 1 + l->effect : 1 - l->effect;
}

static double square(double x)
{
    return x * x;
}

/* v of a pair of groups a, b whose classes have these effects; own noise of the first model. */
static double variance(const law *l, size_t a, size_t b, double e, double f, double centres)
{
    return square(l->spread[a] * e) + square(l->spread[b] * f) + centres +
           2 * square(l->own[0]);
}

double true_alignment_intra(const law *l, size_t group)
{
    double sum = 0;
    for (int wide = 0; wide < 2; wide++) {
        const double e = effect_of(l, wide);
        sum += (double)l->dim * variance(l, group, group, e, e, 0) / 2;
    }
    return sum;
}

static double kernel(const law *l, double v)
{
    return pow(1 + 4 * v, -(double)l->dim / 2);
}

double true_uniformity(const law *l, size_t group, size_t n_classes, size_t rows)
{
    double same = 0, other = 0;
    for (int i = 0; i < 2; i++) {
        const double e = effect_of(l, i);
        same += kernel(l, variance(l, group, group, e, e, 0)) / 2;
        for (int j = 0; j < 2; j++)
            other += kernel(l, variance(l, group, group, e, effect_of(l, j), 2)) / 4;
    }
    const double share = (double)(rows - 1) / (double)(n_classes * rows - 1);
    return log(share * same + (1 - share) * other);
}

/* P(d^2 > u) */
static double beyond(const law *l, double v, double u)
{
    const double h = u / (2 * v);
    double term = 1, sum = 1;
    for (size_t k = 1; k < l->dim / 2; k++) sum += term *= h / (double)k;
    return exp(-h) * sum;
}

double true_fmr(const law *l, size_t a, size_t b, double threshold)
{
    double sum = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            sum += 1 - beyond(l, variance(l, a, b, effect_of(l, i), effect_of(l, j), 2),
                              -threshold);
    return sum / 4;
}

double true_fnmr(const law *l, size_t group, double threshold)
{
    double sum = 0;
    for (int i = 0; i < 2; i++) {
        const double e = effect_of(l, i);
        sum += beyond(l, variance(l, group, group, e, e, 0), -threshold);
    }
    return sum / 2;
}
