/* check_outer.c - outer products of pixels, the gradient of a convolution's weights. See
 * kcheck.h.
 *
 * The contract is one chain of fused multiply-adds, pixel by pixel, which the rows of a tile
 * and the unrolling of its loop must not change. All tables are made of one source, so a
 * changed order would be the same in all of them: some sums are formed anew, step by step.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

typedef struct outer_case {
    fdml_conv_outer job; /* all but dw */
    const float *start;  /* what dw holds before, as dw; NULL: anything */
    size_t dw_size;
} outer_case;

/* 1 + where the last float of a pixel of `width` floats lies; 0 without pixels. */
static size_t outer_extent(const fdml_conv_outer *job, const size_t step[3], size_t width)
{
    if (!job->n_images || !job->n_rows || !job->n_cols) return 0;
    return (job->n_images - 1) * step[0] + (job->n_rows - 1) * step[1] +
           (job->n_cols - 1) * step[2] + width;
}

/* Pixels whose n floats are data; what lies between them stays NaN and must not be read. */
static void fill_pixels(kcheck *t, float *x, const fdml_conv_outer *job, const size_t step[3],
                        size_t n, int kinds)
{
    for (size_t image = 0; image < job->n_images; image++)
        for (size_t row = 0; row < job->n_rows; row++)
            for (size_t p = 0; p < job->n_cols; p++) {
                float *at = x + image * step[0] + row * step[1] + p * step[2];
                kc_fill_rows(t, at, 1, n, n, kinds);
            }
}

/* x lies as a convolution with any stride sees it: pixels with gaps, or, as planes have them
 * and windows that overlap, with floats in common. dy and dw are blocks, with gaps. */
static void random_outer(kcheck *t, outer_case *c, int kinds)
{
    fdml_conv_outer *job = &c->job;
    job->x_step = kc_below(t, 3) ? job->n_c + kc_below(t, 20) : kc_below(t, 4);
    job->x_row = kc_below(t, 3) ? job->n_cols * job->x_step + kc_below(t, 40) : kc_below(t, 40);
    job->x_image = job->n_rows * job->x_row + kc_below(t, 40);
    const size_t step_x[3] = { job->x_image, job->x_row, job->x_step };
    float *x = kc_words(t, outer_extent(job, step_x, job->n_c));
    fill_pixels(t, x, job, step_x, job->n_c, kinds);
    job->x = x;

    job->dy_row = job->n_cols * 16 + kc_below(t, 2) * kc_below(t, 40);
    job->dy_image = job->n_rows * job->dy_row + kc_below(t, 2) * kc_below(t, 40);
    job->dy_stride = job->n_images * job->dy_image + kc_below(t, 2) * kc_below(t, 40);
    const size_t step_y[3] = { job->dy_image, job->dy_row, 16 };
    const size_t block = outer_extent(job, step_y, 16);
    float *dy =
        kc_words(t, block && job->n_out ? (job->n_out - 1) * job->dy_stride + block : 0);
    for (size_t o = 0; o < job->n_out; o++)
        fill_pixels(t, dy + o * job->dy_stride, job, step_y, 16, kinds);
    job->dy = dy;

    job->dw_stride = job->n_c * 16 + kc_below(t, 2) * kc_below(t, 60);
    c->dw_size = job->n_out ? (job->n_out - 1) * job->dw_stride + job->n_c * 16 : 0;
    c->start = kc_below(t, 2) ? kc_pixels(t, c->dw_size, kinds) : NULL;
    job->continues = c->start != NULL;
}

static void run_outer(const outer_case *c, const fdml_kernels *k, float *dw)
{
    fdml_conv_outer job = c->job;
    job.dw = dw;
    for (size_t o = 0; o < job.n_out && c->start; o++) /* and not what lies between blocks */
        memcpy(dw + o * job.dw_stride, c->start + o * job.dw_stride, job.n_c * 16 * sizeof *dw);
    k->conv_outer(&job);
}

/* One value. A chain of n fused multiply-adds rounds n times, and may lose half of the smallest
 * denormal each time. */
static bool outer_value_is_right(kcheck *t, const outer_case *c, const float *dw, size_t o,
                                 size_t i)
{
    const fdml_conv_outer *job = &c->job;
    const size_t at = o * job->dw_stride + i, n = job->n_images * job->n_rows * job->n_cols;
    kc_sum y = { 0, 0, 0 };
    float chain = 0;
    for (size_t p = 0; p < n; p++) {
        const size_t col = p % job->n_cols, row = p / job->n_cols % job->n_rows;
        const size_t image = p / job->n_cols / job->n_rows;
        const float x =
            job->x[image * job->x_image + row * job->x_row + col * job->x_step + i / 16];
        const float dy = job->dy[o * job->dy_stride + image * job->dy_image +
                                 row * job->dy_row + col * 16 + i % 16];
        chain = fmaf(x, dy, chain);
        y.value += (double)x * (double)dy;
        y.magnitude += fabs((double)x * (double)dy);
    }
    y.bound = kc_gamma(n) * y.magnitude + (double)n * 0x1p-150;
    if (c->start) {
        y = kc_add(y, (double)c->start[at]);
        chain = c->start[at] + chain;
    }
    return kc_near_sum(t, "dw", at, dw[at], y) &&
           kc_same(t, "dw, step by step,", &chain, dw + at, 1);
}

/* At most about a million products are looked at, in all channels and lanes by turns. */
static bool outer_is_right(kcheck *t, const outer_case *c, const float *dw)
{
    const fdml_conv_outer *job = &c->job;
    const size_t n_values = job->n_out * job->n_c * 16;
    const size_t n_pixels = job->n_images * job->n_rows * job->n_cols;
    const size_t step = n_values * n_pixels / 1000000 + 1;
    for (size_t v = 0; v < n_values; v += step)
        if (!outer_value_is_right(t, c, dw, v / (job->n_c * 16), v % (job->n_c * 16)))
            return false;
    return true;
}

static void outer_check(kcheck *t, outer_case c, int kinds, bool is_timed)
{
    const fdml_conv_outer *job = &c.job;
    kc_case(t, "n_c=%zu n_out=%zu, %zu images of %zu x %zu", job->n_c, job->n_out,
            job->n_images, job->n_rows, job->n_cols);
    random_outer(t, &c, kinds);
    float *want = kc_words(t, c.dw_size), *got = kc_words(t, c.dw_size);
    run_outer(&c, t->ref, want);
    run_outer(&c, t->k, got);
    (void)(kc_same(t, "dw", want, got, c.dw_size) &&
           kc_gaps_intact(t, got, job->n_out, job->n_c * 16, job->dw_stride) &&
           outer_is_right(t, &c, got) && kc_intact(t));
    while (kc_bench(t, is_timed)) run_outer(&c, t->k, got);
}

void check_conv_outer(kcheck *t)
{
    /* A NaN or an infinity spoils a row or a column of dw, so both are rare among many pixels.
     */
    static const int kinds[] = { KC_ZERO | KC_DENORMAL, KC_ALL, KC_FINITE, KC_PLAIN };
    static const size_t large[][5] = { { 16, 8, 1, 1, 128 }, { 16, 3, 2, 7, 7 },
                                       { 3, 4, 1, 3, 112 },  { 16, 5, 4, 1, 49 },
                                       { 40, 2, 1, 56, 56 }, { 64, 9, 3, 5, 4 } };
    for (size_t n_c = 0; n_c <= 20; n_c += t->is_quick ? 3 : 1)
        for (size_t n_out = 0; n_out < 6; n_out++)
            for (size_t i = 0; i < 4 && !t->has_failed; i++) {
                outer_case c = { .job = { .n_c = n_c,
                                          .n_out = n_out,
                                          .n_images = kc_below(t, 8) ? 1 + kc_below(t, 2) : 0,
                                          .n_rows = kc_below(t, 8) ? 1 + kc_below(t, 3) : 0,
                                          .n_cols =
                                              i % 2 ? kc_below(t, 3) : kc_below(t, 20) } };
                outer_check(t, c, kinds[i], false);
            }
    for (size_t i = 0; i < sizeof large / sizeof *large && !t->has_failed; i++) {
        const size_t *n = large[i];
        outer_case c = { .job = { .n_c = n[0],
                                  .n_out = n[1],
                                  .n_images = n[2],
                                  .n_rows = n[3],
                                  .n_cols = n[4] } };
        outer_check(t, c, i % 2 ? KC_ZERO | KC_DENORMAL : KC_PLAIN, i == 0);
    }
}
