/* kcheck_sum.c - the end of convolutions and of their kin in double, with its bound. See
 * kcheck.h. SPDX-License-Identifier: MIT */
#include "kcheck.h"

#include <math.h>

#define UNIT 0x1p-24 /* half of a float's last place, relative */

kc_sum kc_add(kc_sum y, double x)
{
    const double value = y.value + x;
    return (kc_sum){ value, y.magnitude + fabs(x), y.bound * (1 + UNIT) + UNIT * fabs(value) };
}

/* y < 0 ? y * slope : y moves by at most max(1, |slope|) times what y moves, whichever side of
 * 0 the float is on; the product is rounded, and may be denormal. Limits bring values closer.
 */
kc_sum kc_finish(kc_sum y, const float *add, const float *slope, const float limits[2])
{
    if (add) y = kc_add(y, (double)*add);
    if (slope) {
        const double s = (double)*slope, steep = fmax(1, fabs(s));
        y.bound = y.bound * steep * (1 + UNIT) + UNIT * fabs(y.value * s) + 0x1p-150;
        y.magnitude *= steep;
        if (y.value < 0) y.value *= s;
    }
    const double low = (double)limits[0], high = (double)limits[1];
    if (high < y.value) y.value = high;
    if (low > y.value) y.value = low;
    return y;
}

bool kc_near_sum(kcheck *t, const char *what, size_t i, float got, kc_sum y)
{
    return kc_near(t, what, i, got, y.value, y.bound, y.magnitude);
}

void kc_limits(kcheck *t, float limits[2])
{
    static const float known[][2] = {
        { -INFINITY, INFINITY }, { 0, INFINITY }, { 0, 6 }, { -1, 1 }, { -INFINITY, 0.5f },
    };
    const size_t which = kc_below(t, 2) ? 0 : kc_below(t, sizeof known / sizeof *known);
    limits[0] = known[which][0];
    limits[1] = known[which][1];
}

float *kc_some(kcheck *t, size_t n, int kinds)
{
    if (kc_below(t, 2)) return NULL;
    float *x = kc_words(t, n);
    kc_fill(t, x, n, kinds);
    return x;
}

float *kc_pixels(kcheck *t, size_t n, int kinds)
{
    float *x = kc_words(t, n);
    kc_fill_rows(t, x, n / 16, 16, 16, kinds);
    kc_fill(t, x + n / 16 * 16, n % 16, kinds);
    return x;
}
