/* spline.c - see spline.h.
 *
 * On even knots every cubic B-spline is the same curve moved along: with t in [0, 1] the place
 * within an interval, the four pieces are those of de Boor's recursion worked out.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/spline.h"

#include <assert.h>
#include <math.h>

/* Values at t of an interval, and their slopes, in units of the interval. */
static void pieces(double b[FDML_SPLINE_TERMS], double t)
{
    const double s = 1 - t;
    b[0] = s * s * s / 6;
    b[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    b[2] = (3 * s * s * s - 6 * s * s + 4) / 6;
    b[3] = t * t * t / 6;
}

static void slopes(double b[FDML_SPLINE_TERMS], double t)
{
    const double s = 1 - t;
    b[0] = -s * s / 2;
    b[1] = (3 * t * t - 4 * t) / 2;
    b[2] = (4 * s - 3 * s * s) / 2;
    b[3] = t * t / 2;
}

size_t fdml_spline_basis(double b[FDML_SPLINE_TERMS], double x, double low, double high,
                         size_t n)
{
    assert(low < high && n >= FDML_SPLINE_TERMS);
    const double last = (double)(n - 3), u = (x - low) / (high - low) * last;
    const double within = u < 0 ? 0 : u < last ? u : last;
    const double left = within < last - 1 ? floor(within) : last - 1, t = within - left;
    pieces(b, t);
    if (u < 0 || u > last) {
        double slope[FDML_SPLINE_TERMS];
        slopes(slope, t);
        for (int k = 0; k < FDML_SPLINE_TERMS; k++) b[k] += (u - within) * slope[k];
    }
    return (size_t)left;
}

void fdml_spline_add_penalty(double *a, size_t stride, size_t n, double lambda)
{
    static const double difference[3] = { 1, -2, 1 };
    for (size_t first = 0; first + 3 <= n; first++)
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j <= i; j++)
                a[(first + i) * stride + first + j] += lambda * difference[i] * difference[j];
}
