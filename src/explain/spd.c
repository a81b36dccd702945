/* spd.c - see spd.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/spd.h"

#include <math.h>

#include "base/dmath.h"

bool fdml_spd_factor(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n;
        for (size_t j = 0; j < i; j++)
            row[j] = (row[j] - fdml_dot(row, a + j * n, j)) / a[j * n + j];
        const double pivot = row[i] - fdml_dot(row, row, i);
        if (!(pivot > 0) || !isfinite(pivot)) return false;
        row[i] = sqrt(pivot);
    }
    return true;
}

void fdml_spd_solve(double *x, const double *l, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = (x[i] - fdml_dot(l + i * n, x, i)) / l[i * n + i];
    for (size_t i = n; i-- > 0;) {
        const double *row = l + i * n;
        x[i] /= row[i];
        for (size_t j = 0; j < i; j++) x[j] -= row[j] * x[i];
    }
}
