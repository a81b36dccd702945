/* check_jpeg.c - kernels that make samples and pixels of a JPEG: against the cosine sum of ITU
 * T.81 (A.3.3) and the equations of JFIF in double, and the interpolations one sample at a
 * time. See kcheck.h. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "kcheck.h"

static double clamped(double x)
{
    return x < 0 ? 0 : x > 255 ? 255 : x;
}

/* A sample by the definition, not yet rounded or clamped, 128 included. */
static double cosine_sum(const int16_t *in, int row, int column)
{
    const double step = 0.19634954084936207; /* pi / 16 */
    double sum = 0;
    for (int v = 0; v < 8; v++)
        for (int u = 0; u < 8; u++) {
            const double scale = (u ? 1 : sqrt(0.5)) * (v ? 1 : sqrt(0.5)) / 4;
            sum += scale * in[8 * v + u] * cos((2 * column + 1) * u * step) *
                   cos((2 * row + 1) * v * step);
        }
    return sum + 128;
}

/* Coefficients as they occur: a mean, and fewer and smaller ones the higher they are. */
static void random_block(kcheck *t, int16_t *in)
{
    const size_t kept = 1 + kc_below(t, 64);
    for (size_t i = 0; i < 64; i++) {
        const int most = i ? (int)(600 / (1 + i / 8 + i % 8)) : 1000;
        in[i] = (int16_t)(i < kept ? (int)kc_below(t, 2 * (size_t)most + 1) - most : 0);
    }
}

static void idct_case(kcheck *t, size_t n)
{
    kc_case(t, "n=%zu", n);
    const size_t stride = 8 * n + kc_below(t, 5), size = n ? 7 * stride + 8 * n : 0;
    int16_t *in = kc_words(t, 32 * n);
    unsigned char *want = kc_bytes(t, size), *got = kc_bytes(t, size);
    fdml_block *blocks[2] = { malloc((n + 1) * sizeof **blocks),
                              malloc((n + 1) * sizeof **blocks) };
    for (size_t i = 0; i < n; i++) {
        random_block(t, in + 64 * i);
        blocks[0][i] = (fdml_block){ want + 8 * i, stride };
        blocks[1][i] = (fdml_block){ got + 8 * i, stride };
    }
    t->ref->idct_blocks(blocks[0], in, n);
    t->k->idct_blocks(blocks[1], in, n);
    bool is_good = kc_same_bytes(t, want, got, size) && kc_intact(t);
    for (size_t i = 0; is_good && i < 64 * n; i++) {
        const size_t block = i / 64, row = i / 8 % 8, column = i % 8;
        const unsigned char value = got[row * stride + 8 * block + column];
        const double exact = clamped(cosine_sum(in + 64 * block, (int)row, (int)column));
        /* half from rounding, the rest from the 13 bits of the constants: IEEE 1180 allows 1 */
        is_good = kc_near(t, "sample", i, value, exact, 1, 255);
    }
    while (kc_bench(t, n == 32)) t->k->idct_blocks(blocks[1], in, n);
    free(blocks[0]), free(blocks[1]);
}

void check_idct_blocks(kcheck *t)
{
    for (size_t n = 0; n < 10 && !t->has_failed; n++) idct_case(t, n);
    if (!t->has_failed) idct_case(t, 32);
}

/* Is it the weighted sum, `half` added, shifted? */
static bool is_mixed(kcheck *t, const char *what, size_t i, unsigned got, int sum, int half,
                     int shift)
{
    if ((int)got == (sum + half) >> shift) return true;
    return kc_fail(t, "%s %zu is %u, expected %d", what, i, got, (sum + half) >> shift);
}

static void across_case(kcheck *t, size_t n)
{
    kc_case(t, "n=%zu", n);
    const unsigned char *row = kc_random_bytes(t, n);
    unsigned char *want = kc_bytes(t, 2 * n), *got = kc_bytes(t, 2 * n);
    t->ref->upsample_across(want, row, n);
    t->k->upsample_across(got, row, n);
    if (!kc_same_bytes(t, want, got, 2 * n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++) {
        const int left = row[i ? i - 1 : 0], right = row[i + 1 < n ? i + 1 : i];
        if (!is_mixed(t, "left", i, got[2 * i], 3 * row[i] + left, 1, 2)) return;
        if (!is_mixed(t, "right", i, got[2 * i + 1], 3 * row[i] + right, 2, 2)) return;
    }
    while (kc_bench(t, n == 512)) t->k->upsample_across(got, row, n);
}

void check_upsample_across(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        if (kc_size(t, s) >= 2) across_case(t, kc_size(t, s));
}

static void down_case(kcheck *t, size_t n, int half)
{
    kc_case(t, "n=%zu half=%d", n, half);
    const unsigned char *row = kc_random_bytes(t, n), *other = kc_random_bytes(t, n);
    unsigned char *want = kc_bytes(t, n), *got = kc_bytes(t, n);
    t->ref->upsample_down(want, row, other, n, half);
    t->k->upsample_down(got, row, other, n, half);
    if (!kc_same_bytes(t, want, got, n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++)
        if (!is_mixed(t, "sample", i, got[i], 3 * row[i] + other[i], half, 2)) return;
    while (kc_bench(t, n == 512)) t->k->upsample_down(got, row, other, n, half);
}

void check_upsample_down(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int half = 1; half <= 2 && !t->has_failed; half++)
            down_case(t, kc_size(t, s), half);
}

static void both_case(kcheck *t, size_t n)
{
    kc_case(t, "n=%zu", n);
    const unsigned char *row = kc_random_bytes(t, n), *other = kc_random_bytes(t, n);
    unsigned char *want = kc_bytes(t, 2 * n), *got = kc_bytes(t, 2 * n);
    uint32_t *scratch = kc_words(t, n + 32);
    t->ref->upsample_both(want, row, other, n, scratch);
    t->k->upsample_both(got, row, other, n, scratch);
    if (!kc_same_bytes(t, want, got, 2 * n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++) {
        const size_t l = i ? i - 1 : 0, r = i + 1 < n ? i + 1 : i;
        const int here = 3 * (3 * row[i] + other[i]);
        if (!is_mixed(t, "left", i, got[2 * i], here + 3 * row[l] + other[l], 8, 4)) return;
        if (!is_mixed(t, "right", i, got[2 * i + 1], here + 3 * row[r] + other[r], 7, 4))
            return;
    }
    while (kc_bench(t, n == 512)) t->k->upsample_both(got, row, other, n, scratch);
}

void check_upsample_both(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        if (kc_size(t, s) >= 2) both_case(t, kc_size(t, s));
}

static void ycc_case(kcheck *t, size_t n)
{
    kc_case(t, "n=%zu", n);
    const unsigned char *y = kc_random_bytes(t, n), *cb = kc_random_bytes(t, n);
    const unsigned char *cr = kc_random_bytes(t, n);
    unsigned char *want = kc_bytes(t, 3 * n), *got = kc_bytes(t, 3 * n);
    t->ref->ycc_to_rgb(want, y, cb, cr, n);
    t->k->ycc_to_rgb(got, y, cb, cr, n);
    if (!kc_same_bytes(t, want, got, 3 * n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++) {
        const double b = cb[i] - 128.0, r = cr[i] - 128.0;
        const double exact[3] = { y[i] + 1.402 * r, y[i] - 0.34414 * b - 0.71414 * r,
                                  y[i] + 1.772 * b };
        /* half a step, and a 16-bit constant's error times 128, twice: 2 * 2^-17 * 128 */
        for (size_t c = 0; c < 3; c++)
            if (!kc_near(t, "rgb", 3 * i + c, got[3 * i + c], clamped(exact[c]), 0.502, 255))
                return;
    }
    while (kc_bench(t, n == 512)) t->k->ycc_to_rgb(got, y, cb, cr, n);
}

void check_ycc_to_rgb(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        for (int round = 0; round < 4 && !t->has_failed; round++) ycc_case(t, kc_size(t, s));
}
