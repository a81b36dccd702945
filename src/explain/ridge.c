/* ridge.c - see ridge.h.
 *
 * Of n rows and p columns the moments take n p^2 multiply-adds and the decomposition p^3 / 6,
 * so the first go through gemm, blocks of rows in panels that it reads as they are.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/ridge.h"

#include <math.h>
#include <string.h>

#include "explain/spd.h"

enum { RUN = 256 }; /* rows in one chain of single precision */

/* Sums of single products carry errors of about 1e-7 of a diagonal. A pivot below DEPENDENT of
 * it is taken for 0 where nothing is added to the diagonal. */
static const double DEPENDENT = 1e-6, ROUNDING = 1e-14;

/* --- moments ---------------------------------------------------------------------------- */

fdml_status fdml_moments_init(fdml_moments *m, size_t dim, const fdml_kernels *kernels,
                              fdml_arena *arena, fdml_error *err)
{
    const size_t q = dim + 1, width = kernels->tile_cols,
                 stride = (q + width - 1) / width * width;
    *m = (fdml_moments){ .dim = dim, .kernels = kernels };
    m->mean = fdml_arena_push(arena, q, sizeof *m->mean);
    m->a = fdml_arena_push(arena, q, q * sizeof *m->a);
    m->centre = fdml_arena_push(arena, q, sizeof *m->centre);
    m->run = fdml_arena_push(arena, q, RUN * sizeof *m->run);
    /* zeroed once: lanes beyond the columns are never written */
    m->left = fdml_arena_push_zero(arena, fdml_panels_size(q, RUN, kernels->tile_rows),
                                   sizeof *m->left);
    m->right = fdml_arena_push_zero(arena, stride, RUN * sizeof *m->right);
    m->tile = fdml_arena_push(arena, q, stride * sizeof *m->tile);
    if (!m->mean || !m->a || !m->centre || !m->run || !m->left || !m->right || !m->tile)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the moments of %zu columns", dim);
    return FDML_OK;
}

double fdml_moments_memory(size_t dim, const fdml_kernels *kernels)
{
    const double q = (double)dim + 1, width = (double)kernels->tile_cols,
                 stride = ceil(q / width) * width;
    return fdml_arena_room(q, sizeof(double)) + fdml_arena_room(q * q, sizeof(double)) +
           fdml_arena_room(q, sizeof(float)) + fdml_arena_room(q * RUN, sizeof(float)) +
           fdml_arena_room((double)fdml_panels_size(dim + 1, RUN, kernels->tile_rows),
                           sizeof(float)) +
           fdml_arena_room(stride * RUN, sizeof(float)) +
           fdml_arena_room(q * stride, sizeof(float));
}

static void make_means(fdml_moments *m, const float *x, const double *y, const float *weight,
                       size_t n)
{
    const size_t dim = m->dim;
    double total = 0;
    memset(m->mean, 0, (dim + 1) * sizeof *m->mean);
    for (size_t i = 0; i < n; i++) {
        const double w = (double)weight[i];
        const float *row = x + i * dim;
        total += w;
        for (size_t j = 0; j < dim; j++) m->mean[j] += w * (double)row[j];
        m->mean[dim] += w * y[i];
    }
    m->weight = total;
    for (size_t j = 0; j <= dim; j++) {
        m->mean[j] /= total;
        m->centre[j] = (float)m->mean[j];
    }
}

/* Columns of `run` as panels of `width`, times the rows' weights where there are any. */
static void put_panels(float *panels, const float *run, const float *weight, size_t n, size_t q,
                       size_t width)
{
    for (size_t first = 0; first < q; first += width, panels += (size_t)RUN * width) {
        const size_t n_here = q - first < width ? q - first : width;
        for (size_t i = 0; i < n; i++) {
            const float w = weight ? weight[i] : 1;
            float *to = panels + i * width;
            const float *from = run + i * q + first;
            for (size_t j = 0; j < n_here; j++) to[j] = w * from[j];
        }
        for (size_t i = n; i < RUN; i++) memset(panels + i * width, 0, n_here * sizeof *panels);
    }
}

/* A run of at most RUN rows: missing ones are 0 and add nothing to a chain. */
static void add_run(fdml_moments *m, const float *x, const double *y, const float *weight,
                    size_t n)
{
    const size_t dim = m->dim, q = dim + 1, width = m->kernels->tile_cols;
    const size_t stride = (q + width - 1) / width * width;
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * dim;
        float *to = m->run + i * q;
        for (size_t j = 0; j < dim; j++) to[j] = row[j] - m->centre[j];
        to[dim] = (float)(y[i] - m->mean[dim]);
    }
    put_panels(m->left, m->run, weight, n, q, m->kernels->tile_rows);
    put_panels(m->right, m->run, NULL, n, q, width);
    m->kernels->gemm(m->tile, stride, m->left, m->right, q, stride, RUN, 0);
    for (size_t i = 0; i < q; i++)
        for (size_t j = 0; j <= i; j++) m->a[i * q + j] += (double)m->tile[i * stride + j];
}

void fdml_moments_make(fdml_moments *m, const float *x, const double *y, const float *weight,
                       size_t n)
{
    const size_t q = m->dim + 1;
    make_means(m, x, y, weight, n);
    memset(m->a, 0, q * q * sizeof *m->a);
    for (size_t first = 0; first < n; first += RUN)
        add_run(m, x + first * m->dim, y + first, weight + first,
                n - first < RUN ? n - first : RUN);
    for (size_t i = 0; i < q; i++)
        for (size_t j = 0; j < i; j++) m->a[j * q + i] = m->a[i * q + j];
}

/* --- ridge ------------------------------------------------------------------------------ */

fdml_status fdml_ridge_init(fdml_ridge *ridge, size_t dim, fdml_arena *arena, fdml_error *err)
{
    *ridge =
        (fdml_ridge){ .coef = fdml_arena_push(arena, dim + 1, sizeof(double)),
                      .scratch = fdml_arena_push(arena, dim + 1, (dim + 1) * sizeof(double)) };
    if (!ridge->coef || !ridge->scratch)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a regression on %zu columns", dim);
    return FDML_OK;
}

double fdml_ridge_memory(size_t dim)
{
    const double q = (double)dim + 1;
    return fdml_arena_room(q, sizeof(double)) + fdml_arena_room(q * q, sizeof(double));
}

static size_t listed(const uint32_t *column, size_t i)
{
    return column ? column[i] : i;
}

static double share_explained(const fdml_ridge *ridge, const fdml_moments *m,
                              const uint32_t *column)
{
    const size_t q = m->dim + 1;
    const double *of_y = m->a + m->dim * q, all = of_y[m->dim];
    double left = all;
    for (size_t i = 0; i < ridge->n; i++) {
        const double *row = m->a + listed(column, i) * q;
        double sum = -2 * of_y[listed(column, i)];
        for (size_t j = 0; j < ridge->n; j++) sum += row[listed(column, j)] * ridge->coef[j];
        left += ridge->coef[i] * sum;
    }
    return all > 0 ? 1 - left / all : 0;
}

fdml_status fdml_ridge_fit(fdml_ridge *ridge, const fdml_moments *m, const uint32_t *column,
                           size_t n, double alpha, fdml_error *err)
{
    const size_t q = m->dim + 1;
    double *a = ridge->scratch;
    for (size_t i = 0; i < n; i++) {
        const double *row = m->a + listed(column, i) * q;
        for (size_t j = 0; j <= i; j++) a[i * n + j] = row[listed(column, j)];
        a[i * n + i] += alpha;
    }
    const size_t bad = fdml_spd_factor(a, n, alpha > 0 ? ROUNDING : DEPENDENT);
    if (bad < n)
        return fdml_fail(err, FDML_E_DATA,
                         "ridge: column %zu is constant or depends on %zu others, and alpha is "
                         "%g: nothing makes its coefficient unique",
                         listed(column, bad), bad, alpha);
    for (size_t i = 0; i < n; i++) ridge->coef[i] = m->a[m->dim * q + listed(column, i)];
    fdml_spd_solve(ridge->coef, a, n);
    ridge->n = n;
    ridge->intercept = m->mean[m->dim];
    for (size_t i = 0; i < n; i++)
        ridge->intercept -= ridge->coef[i] * m->mean[listed(column, i)];
    ridge->r2 = share_explained(ridge, m, column);
    return FDML_OK;
}

/* --- choices ---------------------------------------------------------------------------- */

/* a, [q, q], less what column c explains of the others. */
static void sweep(double *a, size_t q, size_t c)
{
    const double pivot = a[c * q + c];
    for (size_t i = 0; i < q; i++) {
        if (i == c) continue;
        const double share = a[i * q + c] / pivot;
        for (size_t j = 0; j < q; j++) a[i * q + j] -= share * a[c * q + j];
    }
    for (size_t i = 0; i < q; i++) a[i * q + c] = a[c * q + i] = 0;
}

static bool is_among(uint32_t c, const uint32_t *column, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (column[i] == c) return true;
    return false;
}

void fdml_ridge_forward(uint32_t *column, size_t k, const fdml_moments *m, fdml_ridge *scratch)
{
    const size_t dim = m->dim, q = dim + 1;
    double *a = scratch->scratch;
    memcpy(a, m->a, q * q * sizeof *a);
    for (size_t n = 0; n < k; n++) {
        double most = -1;
        for (uint32_t c = 0; c < dim; c++) {
            if (is_among(c, column, n)) continue;
            const double left = a[c * q + c], with_y = a[c * q + dim];
            const double gain = left > DEPENDENT * m->a[c * q + c] ? with_y * with_y / left : 0;
            if (gain > most) most = gain, column[n] = c;
        }
        const size_t c = column[n];
        if (a[c * q + c] > DEPENDENT * m->a[c * q + c]) sweep(a, q, c);
    }
}

fdml_status fdml_ridge_largest(uint32_t *column, size_t k, const fdml_moments *m,
                               const float *at, fdml_ridge *scratch, fdml_error *err)
{
    FDML_TRY(fdml_ridge_fit(scratch, m, NULL, m->dim, 0.01, err));
    for (size_t n = 0; n < k; n++) {
        double most = -1;
        for (uint32_t c = 0; c < m->dim; c++) {
            const double size = fabs(scratch->coef[c] * (double)at[c]);
            if (size > most && !is_among(c, column, n)) most = size, column[n] = c;
        }
    }
    return FDML_OK;
}
