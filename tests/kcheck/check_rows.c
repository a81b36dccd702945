/* check_rows.c - kernels along rows: lengths, dot products, distances, exp, log. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kcheck.h"

/* Longest way of a term through sixty-four partial sums of n terms and their fold. */
static size_t n_roundings(size_t n)
{
    return (n + 63) / 64 + 1 + 6;
}

static void inverse_norms_case(kcheck *t, size_t n, size_t dim)
{
    kc_case(t, "n_rows=%zu dim=%zu", n, dim);
    float *x = kc_words(t, n * dim), *want = kc_words(t, n), *got = kc_words(t, n);
    kc_fill_rows(t, x, n, dim, dim, KC_FINITE);
    t->ref->inverse_norms(want, x, n, dim);
    t->k->inverse_norms(got, x, n, dim);
    if (!kc_same(t, "inverse", want, got, n)) return;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t d = 0; d < dim; d++) sum += (double)x[i * dim + d] * (double)x[i * dim + d];
        const double reference = sum > 0 ? 1 / sqrt(sum) : 0;
        /* half of the sum's relative error, a root and a quotient; denormal results too */
        const double bound = (kc_gamma(n_roundings(dim)) / 2 + kc_gamma(3)) * reference;
        if (reference > (double)FLT_MAX && isinf(got[i])) continue;
        if (!kc_near(t, "inverse", i, got[i], reference, bound + 0x1p-149, 0)) return;
    }
    kc_intact(t);
    while (kc_bench(t, n == 17 && dim == 512)) t->k->inverse_norms(got, x, n, dim);
}

void check_inverse_norms(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 4 && !t->has_failed; i++)
            inverse_norms_case(t, (size_t[]){ 0, 1, 4, 17 }[i], kc_size(t, s));
}

/* Shift, scale, mean and factor each round once; the difference may lose what it is made of. */
static bool standard_is_near(kcheck *t, const fdml_rows *rows, const float *mean,
                             const float *factor, const float *y, size_t y_stride, size_t dim)
{
    for (size_t i = 0; i < rows->n; i++) {
        const size_t id = rows->index[i];
        for (size_t d = 0; d < dim; d++) {
            const double shift = rows->shift ? (double)rows->shift[d] : 0;
            const double scale = rows->scale ? (double)rows->scale[id] : 1;
            const double x = ((double)rows->x[id * rows->stride + d] - shift) * scale;
            const double f = fabs((double)factor[d]), m = (double)mean[d];
            const double bound =
                kc_gamma(4) * (fabs(x) + fabs(m)) * f + 0x1p-148 * (1 + f * (1 + fabs(scale)));
            if (!kc_near(t, "y", i * y_stride + d, y[i * y_stride + d],
                         (x - m) * (double)factor[d], bound, 0))
                return false;
        }
    }
    return true;
}

static void standard_rows_case(kcheck *t, size_t n, size_t dim, bool is_plain)
{
    static const uint32_t index[] = { 3, 0, 3, 7, 5, 1, 6 };
    enum { STORED = 8, GAP = 3 };
    kc_case(t, "n=%zu dim=%zu plain=%d", n, dim, is_plain);
    float *x = kc_words(t, STORED * dim), *scale = kc_words(t, STORED);
    float *shift = kc_words(t, dim), *mean = kc_words(t, dim), *factor = kc_words(t, dim);
    float *want = kc_words(t, n * (dim + GAP)), *got = kc_words(t, n * (dim + GAP));
    float *const filled[] = { shift, mean, factor };
    kc_fill(t, x, STORED * dim, KC_PLAIN | KC_ZERO);
    kc_fill(t, scale, STORED, KC_PLAIN);
    for (size_t i = 0; i < 3; i++) kc_fill(t, filled[i], dim, KC_PLAIN | KC_ZERO);
    memset(want, 0, n * (dim + GAP) * sizeof *want);
    memset(got, 0, n * (dim + GAP) * sizeof *got);
    const fdml_rows rows = { .x = x,
                             .stride = dim,
                             .index = index,
                             .n = n,
                             .scale = is_plain ? NULL : scale,
                             .shift = is_plain ? NULL : shift };
    t->ref->standard_rows(want, dim + GAP, &rows, mean, factor, dim);
    t->k->standard_rows(got, dim + GAP, &rows, mean, factor, dim);
    if (!kc_same(t, "y", want, got, n * (dim + GAP)) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++) /* what lies between rows is not touched */
        for (size_t d = dim; d < dim + GAP; d++)
            if (got[i * (dim + GAP) + d] != 0) kc_fail(t, "wrote past row %zu", i);
    if (!standard_is_near(t, &rows, mean, factor, got, dim + GAP, dim)) return;
    while (kc_bench(t, n == 7 && dim == 512 && is_plain))
        t->k->standard_rows(got, dim + GAP, &rows, mean, factor, dim);
}

void check_standard_rows(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 6 && !t->has_failed; i++)
            standard_rows_case(t, (size_t[]){ 0, 1, 7 }[i / 2], kc_size(t, s), i % 2);
}

typedef void rows_kernel(float *out, const float *q, const float *rows, size_t n_rows,
                         size_t dim);

/* x . y, or |x - y|^2 where each difference is rounded too and enters twice. */
static bool row_is_near(kcheck *t, bool is_distance, size_t i, float got, const float *x,
                        const float *y, size_t dim)
{
    double sum = 0, magnitude = 0;
    for (size_t d = 0; d < dim; d++) {
        const double a = (double)x[d], b = (double)y[d];
        const double term = is_distance ? (a - b) * (a - b) : a * b;
        sum += term;
        magnitude += fabs(term);
    }
    const double gamma = kc_gamma(n_roundings(dim) + (is_distance ? 2 : 0));
    const double bound = gamma * magnitude + (double)dim * 0x1p-150;
    return kc_near(t, "out", i, got, sum, bound, magnitude);
}

static void rows_case(kcheck *t, bool is_distance, size_t n, size_t dim)
{
    rows_kernel *const ref = is_distance ? t->ref->sqdist_rows : t->ref->dot_rows;
    rows_kernel *const k = is_distance ? t->k->sqdist_rows : t->k->dot_rows;
    kc_case(t, "n_rows=%zu dim=%zu", n, dim);
    float *q = kc_words(t, dim), *rows = kc_words(t, n * dim);
    float *want = kc_words(t, n), *got = kc_words(t, n);
    kc_fill_rows(t, q, 1, dim, dim, KC_ALL);
    kc_fill_rows(t, rows, n, dim, dim, KC_ALL);
    if (n > 1) memcpy(rows, q, dim * sizeof *q);
    ref(want, q, rows, n, dim);
    k(got, q, rows, n, dim);
    if (!kc_same(t, "out", want, got, n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++)
        if (!row_is_near(t, is_distance, i, got[i], q, rows + i * dim, dim)) return;
    while (kc_bench(t, n == 12 && dim == 512)) k(got, q, rows, n, dim);
}

static void check_rows(kcheck *t, bool is_distance)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 4 && !t->has_failed; i++)
            rows_case(t, is_distance, (size_t[]){ 0, 1, 5, 12 }[i], kc_size(t, s));
}

void check_dot_rows(kcheck *t)
{
    check_rows(t, false);
}

void check_sqdist_rows(kcheck *t)
{
    check_rows(t, true);
}

static double ulp_of(double x)
{
    int exponent;
    frexp(x, &exponent);
    return ldexp(1, exponent - 24 > -149 ? exponent - 24 : -149);
}

/* Within 1 ulp of the C library's long double. */
static bool is_within_ulp(kcheck *t, bool is_log, const float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const long double wide = (long double)x[i];
        const double reference = (double)(is_log ? logl(wide) : expl(wide));
        if (isinf(reference) || fabs(reference) > (double)FLT_MAX) {
            if (!isinf(y[i]) || (y[i] > 0) != (reference > 0))
                return kc_fail(t, "y[%zu] is %.9g for %.9g", i, (double)y[i], (double)x[i]);
        } else if (!kc_near(t, "y", i, y[i], reference, ulp_of(reference), 0)) {
            return kc_fail(t, "x = %.9g", (double)x[i]);
        }
    }
    return true;
}

/* Where exp and log have their edges, and any bit pattern at all. */
static void fill_edges(kcheck *t, bool is_log, float *x, size_t n)
{
    static const float edges[] = { 0.0f,          -0.0f,      1.0f,      0x1.fffffep-1f,
                                   0x1.000002p0f, 88.722839f, 88.72284f, -87.336f,
                                   -103.2f,       -103.97f,   -104.0f,   -150.0f,
                                   0x1p-126f,     0x1p-149f,  INFINITY,  -INFINITY,
                                   NAN,           FLT_MAX,    -FLT_MAX,  0.6931472f };
    for (size_t i = 0; i < n; i++) {
        const uint32_t r = fdml_rng_u32(&t->rng);
        switch (r % 4) {
        case 0:
            x[i] = edges[r / 4 % (sizeof edges / sizeof *edges)];
            break;
        case 1:
            x[i] = kc_plain(t) * (is_log ? 1 : 16);
            break;
        case 2:
            x[i] = (float)(r >> 8) * (is_log ? 0x1p-23f : -0x1p-17f);
            break;
        default:
            do {
                const uint32_t bits = fdml_rng_u32(&t->rng);
                memcpy(x + i, &bits, sizeof bits);
            } while (isnan(x[i])); /* payloads may go either way */
        }
    }
}

static void exp_log_case(kcheck *t, bool is_log, size_t n)
{
    void (*const ref)(float *, const float *, size_t) =
        is_log ? t->ref->log_rows : t->ref->exp_rows;
    void (*const k)(float *, const float *, size_t) = is_log ? t->k->log_rows : t->k->exp_rows;
    kc_case(t, "n=%zu", n);
    float *x = kc_words(t, n), *want = kc_words(t, n), *got = kc_words(t, n);
    float *in_place = kc_words(t, n);
    if (t->is_timed)
        kc_fill(t, x, n, KC_PLAIN);
    else
        fill_edges(t, is_log, x, n);
    memcpy(in_place, x, n * sizeof *x);
    ref(want, x, n);
    k(got, x, n);
    k(in_place, in_place, n);
    (void)(kc_same(t, "y", want, got, n) && kc_same(t, "y in place", want, in_place, n) &&
           is_within_ulp(t, is_log, x, got, n) && kc_intact(t));
    while (kc_bench(t, n == 512)) k(got, x, n);
}

static void check_exp_log(kcheck *t, bool is_log)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 4 && !t->has_failed; i++) exp_log_case(t, is_log, kc_size(t, s));
    for (size_t i = 0; i < (t->is_quick ? 1 : 16) && !t->has_failed; i++)
        exp_log_case(t, is_log, 10000);
}

void check_exp_rows(kcheck *t)
{
    check_exp_log(t, false);
}

void check_log_rows(kcheck *t)
{
    check_exp_log(t, true);
}
