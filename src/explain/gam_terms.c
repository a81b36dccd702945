/* gam_terms.c - which functions a column has, and their values at rows. See gam.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "explain/gam_state.h"
#include "explain/spline.h"

enum { RUN = 256 }; /* rows of a block */

static size_t count_blocks(size_t n)
{
    return (n + RUN - 1) / RUN;
}

/* --- terms -------------------------------------------------------------------------------- */

static fdml_gam_term make_term(const float *z, size_t n, size_t dim)
{
    const float first = z[0];
    float low = first, high = first;
    for (size_t i = 1; i < n; i++) {
        const float x = z[i * dim];
        if (x < low) low = x;
        if (x > high) high = x;
    }
    fdml_gam_term term = { .n = low < high ? 2 : 1, .low = (double)low, .high = (double)high };
    for (size_t i = 0; i < n && term.n == 2; i++)
        if (z[i * dim] > low && z[i * dim] < high) term.n = FDML_GAM_SPLINES;
    return term;
}

bool fdml_gam_make_terms(fdml_gam *gam, const float *z, size_t n, size_t dim, fdml_arena *arena)
{
    fdml_gam_term *term = fdml_arena_push(arena, dim, sizeof *term);
    if (!term) return false;
    size_t begin = 0;
    for (size_t d = 0; d < dim; d++) {
        term[d] = make_term(z + d, n, dim);
        term[d].begin = begin;
        begin += term[d].n;
    }
    gam->dim = dim;
    gam->term = term;
    gam->n_coefficients = begin + 1;
    return true;
}

/* Functions of a term that are not zero at x: their values, which they are from the term's
 * first on; returns how many. */
static size_t term_values(double b[FDML_SPLINE_TERMS], size_t *first, const fdml_gam_term *term,
                          double x)
{
    *first = 0;
    if (term->n > 2) {
        *first = fdml_spline_basis(b, x, term->low, term->high, term->n);
        return FDML_SPLINE_TERMS;
    }
    b[0] = 1;
    *first = term->n == 2 && x >= (term->low + term->high) / 2;
    return 1;
}

/* --- rows --------------------------------------------------------------------------------- */

typedef struct filling {
    gam_rows *rows;
    const fdml_gam *gam;
    const float *z;
} filling;

static void fill_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const filling *f = ctx;
    const gam_rows *r = f->rows;
    const size_t dim = f->gam->dim, end = (block + 1) * RUN < r->n ? (block + 1) * RUN : r->n;
    for (size_t i = block * RUN; i < end; i++) {
        double *value = r->value + i * r->width;
        uint32_t *column = r->column + i * r->width;
        for (size_t d = 0; d < dim; d++) {
            const fdml_gam_term *term = f->gam->term + d;
            size_t first;
            const size_t n = term_values(value, &first, term, (double)f->z[i * dim + d]);
            for (size_t k = 0; k < n; k++) column[k] = (uint32_t)(term->begin + first + k);
            value += n;
            column += n;
        }
        *value = 1;
        *column = (uint32_t)(f->gam->n_coefficients - 1);
    }
}

bool fdml_gam_make_rows(gam_rows *rows, const fdml_gam *gam, const float *z, size_t n,
                        int n_threads, fdml_arena *arena)
{
    rows->n = n;
    rows->n_columns = gam->n_coefficients;
    rows->width = 1;
    for (size_t d = 0; d < gam->dim; d++)
        rows->width += gam->term[d].n > 2 ? FDML_SPLINE_TERMS : 1;
    rows->value = fdml_arena_push(arena, n * rows->width, sizeof(double));
    rows->column = fdml_arena_push(arena, n * rows->width, sizeof(uint32_t));
    if (!rows->value || !rows->column) return false;
    filling f = { rows, gam, z };
    fdml_parallel(count_blocks(n), n_threads, fill_block, &f);
    return true;
}

/* --- prediction ----------------------------------------------------------------------------
 */

double fdml_gam_shape(const fdml_gam *gam, size_t d, double x)
{
    double b[FDML_SPLINE_TERMS], sum = 0;
    size_t first;
    const size_t n = term_values(b, &first, gam->term + d, x);
    const double *coefficient = gam->coefficient + gam->term[d].begin + first;
    for (size_t k = 0; k < n; k++) sum += b[k] * coefficient[k];
    return sum;
}

typedef struct prediction {
    double *p;
    const fdml_gam *gam;
    const float *z;
    size_t n;
} prediction;

static void predict_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const prediction *job = ctx;
    const fdml_gam *gam = job->gam;
    const size_t end = (block + 1) * RUN < job->n ? (block + 1) * RUN : job->n;
    for (size_t i = block * RUN; i < end; i++) {
        double eta = gam->coefficient[gam->n_coefficients - 1];
        for (size_t d = 0; d < gam->dim; d++)
            eta += fdml_gam_shape(gam, d, (double)job->z[i * gam->dim + d]);
        job->p[i] = 1 / (1 + fdml_exp(-eta));
    }
}

void fdml_gam_predict(double *p, const fdml_gam *gam, const float *z, size_t n, int n_threads)
{
    prediction job = { p, gam, z, n };
    fdml_parallel(count_blocks(n), n_threads, predict_block, &job);
}
