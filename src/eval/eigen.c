/* eigen.c - symmetric eigenproblem; see eigen.h for the method.
 *
 * Every inner loop runs along a row: the matrix is kept whole though symmetric, and vectors are
 * kept as rows, so that a plane rotation mixes two contiguous rows.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/eigen.h"

#include "base/dmath.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MOST_SWEEPS = 64 };

static void add_scaled(double *y, double a, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

static double length_of(double a, double b) /* sqrt(a^2 + b^2) without overflow */
{
    const double x = fabs(a), y = fabs(b), large = x > y ? x : y, small = x > y ? y : x;
    if (large == 0) return 0;
    const double ratio = small / large;
    return large * sqrt(1 + ratio * ratio);
}

/* A = Q T Q': diagonal and off[k] = T[k][k+1]. Row k of `a` keeps the Householder vector v_k in
 * columns k+1.., beta[k] its factor: H_k = I - beta v v'. p is scratch [n]. */
static void tridiagonalise(double *diagonal, double *off, double *beta, double *a, double *p,
                           size_t n)
{
    for (size_t k = 0; k < n; k++) {
        diagonal[k] = a[k * n + k];
        beta[k] = 0;
        const size_t m = n - k - 1;
        off[k] = m ? a[k * n + k + 1] : 0;
        if (m < 2) continue;

        double *v = a + k * n + k + 1, *rest = a + (k + 1) * n + k + 1, largest = 0;
        for (size_t i = 0; i < m; i++) largest = fmax(largest, fabs(v[i]));
        if (largest == 0) continue;
        for (size_t i = 0; i < m; i++) v[i] /= largest;
        const double length = sqrt(fdml_dot(v, v, m)), alpha = v[0] > 0 ? -length : length;
        v[0] -= alpha;
        off[k] = alpha * largest;
        beta[k] = 2 / fdml_dot(v, v, m);

        for (size_t i = 0; i < m; i++) p[i] = beta[k] * fdml_dot(rest + i * n, v, m);
        add_scaled(p, -beta[k] / 2 * fdml_dot(p, v, m), v, m);
        for (size_t i = 0; i < m; i++) {
            add_scaled(rest + i * n, -v[i], p, m);
            add_scaled(rest + i * n, -p[i], v, m);
        }
    }
}

/* q = Q' as rows: H_0 H_1 ... built from the last, then transposed. */
static void form_rows(double *q, const double *a, const double *beta, double *p, size_t n)
{
    memset(q, 0, n * n * sizeof *q);
    for (size_t i = 0; i < n; i++) q[i * n + i] = 1;
    for (size_t k = n; k-- > 0;) {
        if (beta[k] == 0) continue;
        const size_t m = n - k - 1;
        const double *v = a + k * n + k + 1;
        double *rest = q + (k + 1) * n + k + 1;
        memset(p, 0, m * sizeof *p);
        for (size_t i = 0; i < m; i++) add_scaled(p, v[i], rest + i * n, m);
        for (size_t i = 0; i < m; i++) add_scaled(rest + i * n, -beta[k] * v[i], p, m);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            const double upper = q[j * n + i];
            q[j * n + i] = q[i * n + j];
            q[i * n + j] = upper;
        }
    }
}

static void rotate_rows(double *x, double *y, double c, double s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double up = y[i];
        y[i] = s * x[i] + c * up;
        x[i] = c * x[i] - s * up;
    }
}

/* One implicit QL step on the unreduced block l..m. */
static void ql_step(double *d, double *e, double *q, size_t l, size_t m, size_t n)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = length_of(g, 1);
    g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r)); /* Wilkinson's shift */
    double s = 1, c = 1, p = 0;
    for (size_t i = m; i-- > l;) {
        double f = s * e[i];
        const double b = c * e[i];
        r = length_of(f, g);
        e[i + 1] = r;
        if (r == 0) { /* the block falls apart: undo and start again */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        f = (d[i] - g) * s + 2 * c * b;
        p = s * f;
        d[i + 1] = g + p;
        g = c * f - b;
        rotate_rows(q + i * n, q + (i + 1) * n, c, s, n);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

static bool is_negligible(double e, double d0, double d1)
{
    const double size = fabs(d0) + fabs(d1);
    return size + fabs(e) == size;
}

static bool diagonalise(double *d, double *e, double *q, size_t n)
{
    for (size_t l = 0; l < n; l++) {
        for (int sweep = 0;; sweep++) {
            size_t m = l;
            while (m + 1 < n && !is_negligible(e[m], d[m], d[m + 1])) m++;
            if (m == l) break;
            if (sweep == MOST_SWEEPS) return false;
            ql_step(d, e, q, l, m, n);
        }
    }
    return true;
}

static void sort_ascending(double *value, double *vector, double *row, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        size_t least = i;
        for (size_t j = i + 1; j < n; j++)
            if (value[j] < value[least]) least = j;
        if (least == i) continue;
        const double v = value[i];
        value[i] = value[least];
        value[least] = v;
        memcpy(row, vector + i * n, n * sizeof *row);
        memcpy(vector + i * n, vector + least * n, n * sizeof *row);
        memcpy(vector + least * n, row, n * sizeof *row);
    }
}

fdml_status fdml_eigen_symmetric(double *value, double *vector, double *matrix, size_t n,
                                 double *scratch, fdml_error *err)
{
    double *off = scratch, *beta = scratch + n, *p = scratch + 2 * n;
    tridiagonalise(value, off, beta, matrix, p, n);
    form_rows(vector, matrix, beta, p, n);
    if (!diagonalise(value, off, vector, n))
        return fdml_fail(err, FDML_E_DATA, "eigenvalues of a %zu x %zu matrix do not converge",
                         n, n);
    sort_ascending(value, vector, p, n);
    return FDML_OK;
}
