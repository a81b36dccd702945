/* winograd_double.c - see winograd_double.h. SPDX-License-Identifier: MIT */
#include "winograd_double.h"

#include <math.h>

#define N_FINITE 5

static double point(size_t f)
{
    return (const double[N_FINITE]){ 0, sqrt(0.5), -sqrt(0.5), sqrt(2), -sqrt(2) }[f];
}

/* Multiplies a polynomial of degree 4 or less by x - p. */
static void times_linear(double c[6], double p)
{
    for (size_t i = 5; i > 0; i--) c[i] = c[i - 1] - p * c[i];
    c[0] *= -p;
}

wino_matrix wino_b(void)
{
    wino_matrix m = { .n_rows = 6 };
    for (size_t f = 0; f < 6; f++) {
        m.at[f][0] = 1;
        for (size_t k = 0; k < N_FINITE; k++)
            if (k != f) times_linear(m.at[f], point(k));
        /* every other coefficient of a product over +-p is 0, where rounding leaves something
         */
        for (size_t i = 0; i < 6; i++)
            if (fabs(m.at[f][i]) < 1e-12) m.at[f][i] = 0;
    }
    return m;
}

wino_matrix wino_a(void)
{
    wino_matrix m = { .n_rows = 4 };
    for (size_t f = 0; f < N_FINITE; f++) {
        m.at[0][f] = 1;
        for (size_t i = 1; i < 4; i++) m.at[i][f] = m.at[i - 1][f] * point(f);
    }
    m.at[3][5] = 1;
    return m;
}

wino_matrix wino_g(void)
{
    wino_matrix m = { .n_rows = 6 };
    for (size_t f = 0; f < N_FINITE; f++) {
        double n = 1;
        for (size_t k = 0; k < N_FINITE; k++)
            if (k != f) n *= point(f) - point(k);
        m.at[f][0] = 1 / n;
        for (size_t i = 1; i < 3; i++) m.at[f][i] = m.at[f][i - 1] * point(f);
    }
    m.at[5][2] = 1;
    return m;
}

wino_matrix wino_absolute(wino_matrix m)
{
    for (size_t i = 0; i < 36; i++) m.at[i / 6][i % 6] = fabs(m.at[i / 6][i % 6]);
    return m;
}

wino_tile wino_sizes(const wino_tile *d)
{
    wino_tile sizes;
    for (size_t i = 0; i < 36; i++) sizes.at[i / 6][i % 6] = fabs(d->at[i / 6][i % 6]);
    return sizes;
}

wino_tile wino_transform(const wino_matrix *m, const wino_tile *d)
{
    wino_tile middle = { { { 0 } } }, to = { { { 0 } } };
    for (size_t i = 0; i < m->n_rows; i++)
        for (size_t k = 0; k < 6; k++)
            for (size_t j = 0; j < 6 && m->at[i][k] != 0; j++)
                middle.at[i][j] += m->at[i][k] * d->at[k][j];
    for (size_t j = 0; j < m->n_rows; j++)
        for (size_t k = 0; k < 6; k++)
            for (size_t i = 0; i < m->n_rows && m->at[j][k] != 0; i++)
                to.at[i][j] += middle.at[i][k] * m->at[j][k];
    return to;
}

double wino_pixel(const fdml_winograd *job, long y, long x, size_t l)
{
    if (y < 0 || x < 0 || y >= (long)job->height || x >= (long)job->width) return 0;
    return (double)job->plane[((size_t)y * job->width + (size_t)x) * 16 + l];
}

wino_tile wino_input(const fdml_winograd *job, size_t tile, size_t l)
{
    const long y0 = (long)(tile / job->tiles_x * 4) - (long)job->pad_top;
    const long x0 = (long)(tile % job->tiles_x * 4) - (long)job->pad_left;
    wino_tile d;
    for (long i = 0; i < 36; i++)
        d.at[i / 6][i % 6] = wino_pixel(job, y0 + i / 6, x0 + i % 6, l);
    return d;
}
