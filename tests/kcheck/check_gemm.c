/* check_gemm.c - packing, gemm, the chained norms and the peak. See kcheck.h.
 *
 * The layout of panels differs between instruction sets, so packs are compared element by
 * element with what fdml_rows promises, which is one subtraction and one product in float.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "kcheck.h"

/* n rows with any of: an index, a first row, a gap between rows, a scale, a shift. */
static fdml_rows random_rows(kcheck *t, size_t n, size_t dim, int kinds)
{
    const uint32_t features = fdml_rng_u32(&t->rng);
    const size_t first = features & 1 ? kc_below(t, 4) : 0, n_pool = first + n + 1;
    const size_t stride = dim + (features & 2 ? 1 + kc_below(t, 20) : 0);
    float *x = kc_words(t, (n_pool - 1) * stride + dim);
    kc_fill_rows(t, x, n_pool, dim, stride, kinds);
    fdml_rows rows = { .x = x, .stride = stride, .first = first, .n = n };
    if (features & 4) {
        uint32_t *index = kc_words(t, n);
        for (size_t i = 0; i < n; i++) index[i] = kc_below(t, n_pool);
        rows.index = index;
    }
    if (features & 8) {
        float *scale = kc_words(t, n_pool);
        kc_fill(t, scale, n_pool, KC_ZERO);
        rows.scale = scale;
    }
    if (features & 16) {
        float *shift = kc_words(t, dim);
        kc_fill(t, shift, dim, KC_ZERO);
        rows.shift = shift;
    }
    return rows;
}

/* The rows as they are after the transformation, contiguous. */
static float *transformed(kcheck *t, const fdml_rows *rows, size_t dim)
{
    float *copy = kc_words(t, rows->n * dim);
    for (size_t i = 0; i < rows->n; i++) {
        const size_t id = rows->index ? rows->index[i] : rows->first + i;
        for (size_t d = 0; d < dim; d++) {
            float v = rows->x[id * rows->stride + d];
            if (rows->shift) v -= rows->shift[d];
            if (rows->scale) v *= rows->scale[id];
            copy[i * dim + d] = v;
        }
    }
    return copy;
}

static float *packed(kcheck *t, const fdml_kernels *k, bool is_b, const fdml_rows *rows,
                     size_t dim)
{
    float *panels =
        kc_words(t, fdml_panels_size(rows->n, dim, is_b ? k->tile_cols : k->tile_rows));
    (is_b ? k->pack_b : k->pack_a)(panels, rows, dim);
    return panels;
}

static void pack_case(kcheck *t, bool is_b, size_t n, size_t dim)
{
    kc_case(t, "n=%zu dim=%zu", n, dim);
    const fdml_rows rows = random_rows(t, n, dim, KC_ALL);
    const float *copy = transformed(t, &rows, dim);
    const fdml_rows plain = { .x = copy, .stride = dim, .n = n };
    const size_t width = is_b ? t->k->tile_cols : t->k->tile_rows;
    const size_t size = fdml_panels_size(n, dim, width);

    float *want = kc_words(t, size);
    for (size_t i = 0; i < (n + width - 1) / width * width; i++)
        for (size_t d = 0; d < dim; d++)
            want[(i / width * dim + d) * width + i % width] = i < n ? copy[i * dim + d] : 0;
    float *got = packed(t, t->k, is_b, &rows, dim);
    (void)(kc_same(t, "panel", want, got, size) &&
           kc_same(t, "panel of a copy", want, packed(t, t->k, is_b, &plain, dim), size) &&
           kc_intact(t));
    while (kc_bench(t, n == 70 && dim == 512))
        (is_b ? t->k->pack_b : t->k->pack_a)(got, &rows, dim);
}

static void check_pack(kcheck *t, bool is_b)
{
    static const size_t n[] = { 0, 1, 2, 3, 4, 5, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 70 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof n / sizeof *n && !t->has_failed; i++)
            pack_case(t, is_b, n[i], kc_size(t, s));
}

void check_pack_a(kcheck *t)
{
    check_pack(t, false);
}

void check_pack_b(kcheck *t)
{
    check_pack(t, true);
}

/* c against sums in double. A chain of k fused multiply-adds rounds k times, and each of them
 * may lose half of the smallest denormal. At most about four million products are looked at. */
static bool gemm_is_near(kcheck *t, const float *c, size_t stride, const float *a,
                         const float *b, size_t m, size_t n, size_t k)
{
    const size_t step = m * n * k / 4000000 + 1;
    for (size_t at = 0; at < m * n; at += step) {
        const float *x = a + at / n * k, *y = b + at % n * k;
        double sum = 0, magnitude = 0;
        for (size_t d = 0; d < k; d++) {
            const double product = (double)x[d] * (double)y[d];
            sum += product;
            magnitude += fabs(product);
        }
        const double bound = kc_gamma(k) * magnitude + (double)k * 0x1p-150;
        if (!kc_near(t, "c", at, c[at / n * stride + at % n], sum, bound, magnitude))
            return false;
    }
    return true;
}

static void gemm_case(kcheck *t, size_t m, size_t n, size_t k, int kinds)
{
    kc_case(t, "m=%zu n=%zu k=%zu", m, n, k);
    const fdml_rows x = random_rows(t, m, k, kinds), y = random_rows(t, n, k, kinds);
    const size_t stride = n + kc_below(t, 3) * 7, size = m ? (m - 1) * stride + n : 0;
    float *want = kc_words(t, size), *got = kc_words(t, size);
    const float *a = packed(t, t->k, false, &x, k), *b = packed(t, t->k, true, &y, k);
    t->ref->gemm(want, stride, packed(t, t->ref, false, &x, k), packed(t, t->ref, true, &y, k),
                 m, n, k, 0);
    t->k->gemm(got, stride, a, b, m, n, k, 0);
    const float *x_copy = transformed(t, &x, k), *y_copy = transformed(t, &y, k);
    (void)(kc_same(t, "c", want, got, size) && kc_gaps_intact(t, got, m, n, stride) &&
           gemm_is_near(t, got, stride, x_copy, y_copy, m, n, k) && kc_intact(t));
    while (kc_bench(t, m == 97)) t->k->gemm(got, stride, a, b, m, n, k, 0);
}

/* Cut in two at `cut`, the second half continuing the first: the bits of the whole. */
static void continued_case(kcheck *t, size_t m, size_t n, size_t k, size_t cut)
{
    kc_case(t, "m=%zu n=%zu k=%zu cut at %zu", m, n, k, cut);
    const fdml_rows x = random_rows(t, m, k, KC_FINITE), y = random_rows(t, n, k, KC_FINITE);
    const float *x_copy = transformed(t, &x, k), *y_copy = transformed(t, &y, k);
    float *want = kc_words(t, m * n), *got = kc_words(t, m * n);
    const fdml_rows whole[2] = { { .x = x_copy, .stride = k, .n = m },
                                 { .x = y_copy, .stride = k, .n = n } };
    t->k->gemm(want, n, packed(t, t->k, false, &whole[0], k),
               packed(t, t->k, true, &whole[1], k), m, n, k, 0);
    for (int half = 0; half < 2; half++) {
        const size_t from = half ? cut : 0, depth = half ? k - cut : cut;
        fdml_rows a = whole[0], b = whole[1];
        a.x += from;
        b.x += from;
        t->k->gemm(got, n, packed(t, t->k, false, &a, depth), packed(t, t->k, true, &b, depth),
                   m, n, depth, half);
    }
    (void)(kc_same(t, "continued c", want, got, m * n) && kc_intact(t));
}

void check_gemm(kcheck *t)
{
    static const size_t n[] = { 0, 1, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49, 65 };
    static const size_t short_k[] = { 0, 1, 7 };
    for (size_t m = 0; m <= 27; m += t->is_quick ? 3 : 1)
        for (size_t i = 0; i < sizeof n / sizeof *n; i++)
            for (size_t j = 0; j < 3 && !t->has_failed; j++)
                gemm_case(t, m, n[i], short_k[j], KC_ALL);
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        gemm_case(t, 1 + kc_below(t, 30), 1 + kc_below(t, 70), kc_size(t, s),
                  s % 2 ? KC_ALL : KC_FINITE);
    /* past every block of the algorithm: of rows, of k, and of columns by the size of B */
    static const size_t large[][3] = { { 97, 70, 513 },   { 3, 150, 2100 }, { 193, 100, 257 },
                                       { 13, 300, 2100 }, { 5, 1100, 300 }, { 390, 41, 1030 } };
    for (size_t i = 0; i < (t->is_quick ? 2 : 6) && !t->has_failed; i++)
        gemm_case(t, large[i][0], large[i][1], large[i][2], KC_FINITE);
    for (size_t i = 0; i < 12 && !t->has_failed; i++) {
        const size_t k = 1 + kc_below(t, 600);
        continued_case(t, 1 + kc_below(t, 40), 1 + kc_below(t, 70), k,
                       kc_below(t, (uint32_t)k + 1));
    }
}

/* The squared length is a gemm's diagonal, and gemm is symmetric, bit for bit. */
static bool diagonal_agrees(kcheck *t, const fdml_rows *rows, size_t dim, const float *norm2)
{
    const size_t n = rows->n;
    float *c = kc_words(t, n * n), *turned = kc_words(t, n * n), *diagonal = kc_words(t, n);
    t->k->gemm(c, n, packed(t, t->k, false, rows, dim), packed(t, t->k, true, rows, dim), n, n,
               dim, 0);
    for (size_t i = 0; i < n; i++) {
        diagonal[i] = c[i * n + i];
        for (size_t j = 0; j < n; j++) turned[i * n + j] = c[j * n + i];
    }
    return kc_same(t, "diagonal of gemm", norm2, diagonal, n) &&
           kc_same(t, "gemm turned", c, turned, n * n);
}

static void chain_norms2_case(kcheck *t, size_t n, size_t dim)
{
    kc_case(t, "n=%zu dim=%zu", n, dim);
    const fdml_rows rows = random_rows(t, n, dim, KC_ALL);
    const float *copy = transformed(t, &rows, dim);
    float *want = kc_words(t, n), *got = kc_words(t, n);
    t->ref->chain_norms2(want, &rows, dim);
    t->k->chain_norms2(got, &rows, dim);
    if (!kc_same(t, "norm2", want, got, n)) return;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t d = 0; d < dim; d++) {
            const double v = (double)copy[i * dim + d];
            sum += v * v;
        }
        const double bound = kc_gamma(dim) * sum + (double)dim * 0x1p-150;
        if (!kc_near(t, "norm2", i, got[i], sum, bound, sum)) return;
    }
    if (diagonal_agrees(t, &rows, dim, got)) kc_intact(t);
    while (kc_bench(t, n == 33 && dim == 512)) t->k->chain_norms2(got, &rows, dim);
}

void check_chain_norms2(kcheck *t)
{
    static const size_t n[] = { 0, 1, 2, 12, 15, 16, 17, 33 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof n / sizeof *n && !t->has_failed; i++)
            chain_norms2_case(t, n[i], kc_size(t, s));
}

/* What the benches rely on is the number of multiply-adds: n on each of R registers. Each adds
 * x * x, so all together move a lane of the sink by n R x^2: exact for these numbers, and not
 * the same for two tables, since R differs. */
void check_fma_peak(kcheck *t)
{
    static const size_t n[] = { 0, 1, 2, 3, 10, 100 };
    const double n_registers = (double)(t->k->tile_rows * t->k->tile_cols) / 16;
    for (size_t s = 0; s < 4 * sizeof n / sizeof *n && !t->has_failed; s++) {
        const size_t n_steps = n[s / 4];
        kc_case(t, "n=%zu", n_steps);
        float *before = kc_words(t, 16), *got = kc_words(t, 16);
        float x[16];
        for (size_t i = 0; i < 16; i++)
            before[i] = got[i] = x[i] = (float)((int)kc_below(t, 17) - 8) / 4;
        t->k->fma_peak(before, 0);
        t->k->fma_peak(got, n_steps);
        for (size_t i = 0; i < 16; i++)
            kc_near(t, "sink", i, got[i],
                    (double)before[i] + (double)n_steps * n_registers * (double)(x[i] * x[i]),
                    0, 0);
        kc_intact(t);
        while (kc_bench(t, n_steps == 100)) t->k->fma_peak(got, n_steps);
    }
}
