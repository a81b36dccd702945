/* check_blocks.c - planes to blocks and back, arithmetic and means of blocks. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

/* Both directions move bits, and there is one right answer. */
static void layout_case(kcheck *t, bool to_blocks, size_t n_channels, size_t n_pixels)
{
    kc_case(t, "n_channels=%zu n_pixels=%zu", n_channels, n_pixels);
    const size_t n_planes = n_channels * n_pixels;
    const size_t n_blocks = (n_channels + 15) / 16 * 16 * n_pixels;
    float *planes = kc_words(t, n_planes), *blocks = kc_words(t, n_blocks);
    kc_fill(t, planes, n_planes, KC_ALL);
    for (size_t i = 0; i < n_blocks && n_pixels; i++) {
        const size_t channel = i / (16 * n_pixels) * 16 + i % 16, pixel = i / 16 % n_pixels;
        if (channel < n_channels)
            blocks[i] = planes[channel * n_pixels + pixel];
        else if (to_blocks) /* on the way back what is there does not matter */
            blocks[i] = 0;
    }
    const float *from = to_blocks ? planes : blocks, *want = to_blocks ? blocks : planes;
    const size_t size = to_blocks ? n_blocks : n_planes;
    float *got = kc_words(t, size), *reference = kc_words(t, size);
    (to_blocks ? t->ref->planes_to_blocks : t->ref->blocks_to_planes)(reference, from,
                                                                      n_channels, n_pixels);
    void (*const run)(float *, const float *, size_t, size_t) =
        to_blocks ? t->k->planes_to_blocks : t->k->blocks_to_planes;
    run(got, from, n_channels, n_pixels);
    (void)(kc_same(t, "scalar", want, reference, size) && kc_same(t, "out", want, got, size) &&
           kc_intact(t));
    while (kc_bench(t, n_channels == 64 && n_pixels == 512))
        run(got, from, n_channels, n_pixels);
}

static void check_layout(kcheck *t, bool to_blocks)
{
    static const size_t n[] = { 0, 1, 2, 3, 8, 15, 16, 17, 31, 33, 48, 64 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < sizeof n / sizeof *n && !t->has_failed; i++)
            layout_case(t, to_blocks, n[i], kc_size(t, s));
}

void check_planes_to_blocks(kcheck *t)
{
    check_layout(t, true);
}

void check_blocks_to_planes(kcheck *t)
{
    check_layout(t, false);
}

/* One rounding each: a fused x * scale + shift, the sum, both products. */
static kc_sum affine_sum(const fdml_affine *job, size_t i)
{
    const size_t l = i % 16;
    const double x = (double)job->x[i];
    const double product = x * (job->scale ? (double)job->scale[l] : 1);
    const double shift = job->shift ? (double)job->shift[l] : 0;
    kc_sum y = { product + shift, fabs(product) + fabs(shift), 0 };
    if (job->scale || job->shift) y.bound = kc_gamma(1) * y.magnitude + 0x1p-150;
    if (job->add) y = kc_add(y, (double)job->add[i]);
    if (job->multiply) {
        const double by = (double)job->multiply[i / 16 * job->multiply_step + l];
        y = (kc_sum){ y.value * by, y.magnitude * fmax(1, fabs(by)),
                      y.bound * fabs(by) * (1 + kc_gamma(1)) +
                          kc_gamma(1) * fabs(y.value * by) + 0x1p-150 };
    }
    const float limits[2] = { job->low, job->high };
    return kc_finish(y, NULL, job->slope ? job->slope + l : NULL, limits);
}

static void random_affine(kcheck *t, fdml_affine *job, size_t n_pixels)
{
    const size_t size = n_pixels * 16;
    const int kinds = kc_below(t, 2) ? KC_ALL : KC_ZERO | KC_DENORMAL;
    float limits[2];
    kc_limits(t, limits);
    *job = (fdml_affine){ .n_pixels = n_pixels, .low = limits[0], .high = limits[1] };
    job->x = kc_pixels(t, size, kinds);
    job->scale = kc_some(t, 16, kinds);
    job->shift = kc_some(t, 16, kinds);
    job->add = kc_some(t, size, kinds);
    job->multiply_step = kc_below(t, 2) * 16;
    job->multiply = kc_some(t, job->multiply_step ? size : 16, kinds);
    job->slope = kc_some(t, 16, KC_ZERO);
}

static void affine_case(kcheck *t, size_t n_pixels)
{
    kc_case(t, "n_pixels=%zu", n_pixels);
    const size_t size = n_pixels * 16;
    fdml_affine job;
    random_affine(t, &job, n_pixels);
    float *want = kc_words(t, size), *got = kc_words(t, size), *in_place = kc_words(t, size);
    job.out = want;
    t->ref->block_affine(&job);
    job.out = got;
    t->k->block_affine(&job);
    fdml_affine again = job;
    again.out = in_place;
    if (job.add && kc_below(t, 2)) {
        memcpy(in_place, job.add, size * sizeof *in_place);
        again.add = in_place;
    } else {
        memcpy(in_place, job.x, size * sizeof *in_place);
        again.x = in_place;
    }
    t->k->block_affine(&again);
    if (!kc_same(t, "out", want, got, size) ||
        !kc_same(t, "out in place", want, in_place, size))
        return;
    for (size_t i = 0; i < size; i++)
        if (!kc_near_sum(t, "out", i, got[i], affine_sum(&job, i))) return;
    kc_intact(t);
    while (kc_bench(t, n_pixels == 512)) t->k->block_affine(&job);
}

void check_block_affine(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++) affine_case(t, kc_size(t, s));
}

/* A pixel goes through one of four sums, their fold, and a product with a rounded inverse. */
static void mean_case(kcheck *t, size_t n, int kinds)
{
    kc_case(t, "n_pixels=%zu", n);
    float *want = kc_words(t, 16), *got = kc_words(t, 16);
    const float *x = kc_pixels(t, n * 16, kinds);
    t->ref->block_mean(want, x, n);
    t->k->block_mean(got, x, n);
    if (!kc_same(t, "mean", want, got, 16) || !kc_intact(t)) return;
    for (size_t l = 0; l < 16; l++) {
        kc_sum y = { 0, 0, 0 };
        for (size_t p = 0; p < n; p++) {
            y.value += (double)x[p * 16 + l];
            y.magnitude += fabs((double)x[p * 16 + l]);
        }
        const double mean_size = y.magnitude / (double)n;
        y.value /= (double)n;
        y.bound = kc_gamma((n + 3) / 4 + 2 + 2) * mean_size + 0x1p-150;
        if (!kc_near_sum(t, "mean", l, got[l], y)) return;
    }
    while (kc_bench(t, n == 512)) t->k->block_mean(got, x, n);
}

void check_block_mean(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 4 && !t->has_failed; i++)
            if (kc_size(t, s)) mean_case(t, kc_size(t, s), kinds[i]);
}
