/* check_conv.c - convolution of blocks of channels and of planes. See kcheck.h.
 *
 * The panels of weights differ between instruction sets, so a case keeps its weights plain,
 * [channel of output, tap, channel of input], and packs them for each table.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

enum { MAX_TAPS = 300 };

typedef struct conv_case {
    size_t n_rows, n_out, n_taps;
    size_t block, step; /* channels of a tap, floats between pixels: 16 and 16, or 1 and 1 */
    size_t offset[MAX_TAPS];
    const float *weights; /* [n_out * 16, n_taps, block] */
    const float *start;   /* what the chains continue, as out; NULL: they begin with bias */
    size_t out_size;
    fdml_conv_rows job; /* all but out and weights */
} conv_case;

static float *conv_panels(kcheck *t, const conv_case *c, const fdml_kernels *k)
{
    const size_t depth = c->n_taps * c->block, whole = k->tile_cols;
    float *panels = kc_words(t, c->n_out * 16 * depth);
    for (size_t n = 0; n < c->n_out * 16; n++) {
        const size_t panel = n / whole * whole, left = c->n_out * 16 - panel;
        const size_t width = left < whole ? left : whole;
        for (size_t d = 0; d < depth; d++)
            panels[panel * depth + d * width + n - panel] = c->weights[n * depth + d];
    }
    return panels;
}

/* Taps anywhere in the input, one of them at its very end. */
static void random_taps(kcheck *t, conv_case *c)
{
    const size_t span = c->n_taps ? kc_below(t, 40 + 16 * c->n_taps) : 0;
    for (size_t b = 0; b < c->n_taps; b++) c->offset[b] = kc_below(t, span + 1);
    if (c->n_taps) c->offset[kc_below(t, c->n_taps)] = span;
    c->job.offset = c->offset;
    c->job.n_blocks = c->n_taps;
    c->job.n_last = c->block > 1 && kc_below(t, 2) ? kc_below(t, c->block) : 0;
}

/* Channels of all taps that count. */
static size_t conv_depth(const conv_case *c)
{
    const size_t left = c->job.n_last && c->n_taps ? c->block - c->job.n_last : 0;
    return c->n_taps * c->block - left;
}

static void random_conv(kcheck *t, conv_case *c, int kinds)
{
    random_taps(t, c);
    size_t span = 0;
    for (size_t b = 0; b < c->n_taps; b++)
        if (c->offset[b] > span) span = c->offset[b];
    const size_t n_channels = c->n_out * 16, gap = kc_below(t, 2) * kc_below(t, 60);
    const size_t last = c->n_rows ? span + (c->n_rows - 1) * c->step + c->block : 0;
    float *weights = kc_words(t, n_channels * c->n_taps * c->block);
    kc_fill_rows(t, weights, n_channels, c->n_taps * c->block, c->n_taps * c->block, kinds);
    c->weights = weights;
    float limits[2];
    kc_limits(t, limits);
    c->job.in = kc_pixels(t, c->n_taps ? last : 0, kinds);
    c->job.n_rows = c->n_rows;
    c->job.n_out = c->n_out;
    c->job.out_stride = c->n_rows * 16 + gap;
    c->out_size = c->n_out ? (c->n_out - 1) * c->job.out_stride + c->n_rows * 16 : 0;
    c->job.bias = kc_some(t, n_channels, kinds);
    c->job.slope = kc_some(t, n_channels, KC_ZERO);
    c->job.add = kc_some(t, c->out_size, kinds);
    c->start = kc_below(t, 3) ? NULL : kc_pixels(t, c->out_size, kinds);
    c->job.continues = c->start != NULL;
    c->job.low = limits[0];
    c->job.high = limits[1];
}

static void run_conv(const conv_case *c, const fdml_kernels *k, float *out, const float *panels)
{
    fdml_conv_rows job = c->job;
    job.out = out;
    job.weights = panels;
    for (size_t o = 0; o < job.n_out && c->start; o++) /* and not what lies between blocks */
        memcpy(out + o * job.out_stride, c->start + o * job.out_stride,
               job.n_rows * 16 * sizeof *out);
    (c->block == 16 ? k->conv_rows : k->conv_planes)(&job);
}

/* Output n of pixel r. A chain of fused multiply-adds rounds once for each, and may lose half
 * of the smallest denormal each time; so do the sums of chains. */
static kc_sum conv_sum(const conv_case *c, size_t n, size_t r)
{
    const size_t stride = c->n_taps * c->block, depth = conv_depth(c);
    const size_t n_roundings = depth + depth / 128 + 1;
    kc_sum y = { 0, 0, 0 };
    if (c->start)
        y.value = (double)c->start[n / 16 * c->job.out_stride + r * 16 + n % 16];
    else if (c->job.bias)
        y.value = (double)c->job.bias[n];
    y.magnitude = fabs(y.value);
    for (size_t d = 0; d < depth; d++) {
        const float *x = c->job.in + c->offset[d / c->block] + r * c->step + d % c->block;
        const double product = (double)*x * (double)c->weights[n * stride + d];
        y.value += product;
        y.magnitude += fabs(product);
    }
    y.bound = kc_gamma(n_roundings) * y.magnitude + (double)n_roundings * 0x1p-150;
    return y;
}

/* At most about two million products are looked at. */
static bool conv_is_near(kcheck *t, const conv_case *c, const float *out)
{
    const size_t n_values = c->n_out * 16 * c->n_rows;
    const size_t step = n_values * c->n_taps * c->block / 2000000 + 1;
    const float limits[2] = { c->job.low, c->job.high };
    for (size_t i = 0; i < n_values; i += step) {
        const size_t n = i / c->n_rows, r = i % c->n_rows;
        const size_t at = n / 16 * c->job.out_stride + r * 16 + n % 16;
        const float *add = c->job.add ? c->job.add + at : NULL;
        const float *slope = c->job.slope ? c->job.slope + n : NULL;
        const kc_sum y = kc_finish(conv_sum(c, n, r), add, slope, limits);
        if (!kc_near_sum(t, "out", at, out[at], y)) return false;
    }
    return true;
}

/* Pixels may be asked for in several jobs. */
static bool conv_in_pieces(kcheck *t, const conv_case *c, const float *panels,
                           const float *want)
{
    conv_case piece = *c;
    float *cut = kc_words(t, c->out_size);
    for (size_t r = 0; r < c->n_rows; r += piece.job.n_rows) {
        const size_t left = c->n_rows - r, most = 1 + kc_below(t, 20);
        piece.job = c->job;
        piece.job.n_rows = left < most ? left : most;
        piece.job.in += r * c->step;
        if (piece.job.add) piece.job.add += r * 16;
        if (c->start) piece.start = c->start + r * 16;
        run_conv(&piece, t->k, cut + r * 16, panels);
    }
    return kc_same(t, "out in pieces", want, cut, c->out_size);
}

/* The taps of the first panel in two jobs, the second continuing the first after some whole
 * chains of 128. */
static bool conv_continues(kcheck *t, const conv_case *c, const float *panels,
                           const float *want)
{
    const size_t whole = t->k->tile_cols / 16;
    conv_case part = *c;
    part.job.n_out = c->n_out < whole ? 1 : whole;
    const size_t chain = 128 / c->block, chains = (c->n_taps + chain - 1) / chain;
    if (!c->n_out || chains < 2) return true;
    float *out = kc_words(t, c->out_size);
    part.job.n_blocks = (1 + kc_below(t, chains - 1)) * chain;
    part.job.n_last = 0;
    part.job.add = part.job.slope = NULL;
    part.job.low = -INFINITY, part.job.high = INFINITY;
    run_conv(&part, t->k, out, panels);
    const size_t done = part.job.n_blocks, n_out = part.job.n_out;
    part.job = c->job;
    part.job.n_out = n_out;
    part.job.continues = 1;
    part.job.offset += done;
    part.job.n_blocks = c->n_taps - done;
    part.start = NULL; /* it lies in `out` */
    run_conv(&part, t->k, out, panels + done * c->block * n_out * 16);
    for (size_t o = 0; o < n_out; o++)
        if (!kc_same(t, "out continued", want + o * c->job.out_stride,
                     out + o * c->job.out_stride, c->n_rows * 16))
            return false;
    return true;
}

static void conv_check(kcheck *t, conv_case *c, int kinds, bool is_timed)
{
    kc_case(t, "n_rows=%zu n_out=%zu n_blocks=%zu", c->n_rows, c->n_out, c->n_taps);
    random_conv(t, c, kinds);
    float *want = kc_words(t, c->out_size), *got = kc_words(t, c->out_size);
    const float *panels = conv_panels(t, c, t->k);
    run_conv(c, t->ref, want, conv_panels(t, c, t->ref));
    run_conv(c, t->k, got, panels);
    (void)(kc_same(t, "out", want, got, c->out_size) &&
           kc_gaps_intact(t, got, c->n_out, c->n_rows * 16, c->job.out_stride) &&
           conv_is_near(t, c, got) && conv_in_pieces(t, c, panels, got) &&
           conv_continues(t, c, panels, got) && kc_intact(t));
    while (kc_bench(t, is_timed)) run_conv(c, t->k, got, panels);
}

static void conv_sizes(kcheck *t, size_t block, const size_t (*large)[3], size_t n_large)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t n_rows = 0; n_rows <= 40; n_rows += t->is_quick ? 3 : 1)
        for (size_t n_out = 0; n_out < 4; n_out++)
            for (size_t n_taps = 0; n_taps < 4 && !t->has_failed; n_taps++) {
                conv_case c = { .n_rows = n_rows, .n_out = n_out, .n_taps = n_taps };
                c.block = c.step = block;
                conv_check(t, &c, kinds[(n_rows + n_taps) % 4], false);
            }
    for (size_t i = 0; i < (t->is_quick ? 2 : n_large) && !t->has_failed; i++) {
        conv_case c = { .n_rows = large[i][0], .n_out = large[i][1], .n_taps = large[i][2] };
        c.block = c.step = block;
        conv_check(t, &c, i % 2 ? KC_PLAIN : KC_ZERO | KC_DENORMAL, i == 0);
    }
}

void check_conv_rows(kcheck *t)
{
    static const size_t large[][3] = { { 49, 4, 9 }, { 7, 2, 300 }, { 197, 3, 4 }, { 56, 9, 3 },
                                       { 1, 8, 64 }, { 25, 5, 36 }, { 400, 1, 2 } };
    conv_sizes(t, 16, large, sizeof large / sizeof *large);
}

void check_conv_planes(kcheck *t)
{
    static const size_t large[][3] = {
        { 112, 4, 147 }, { 7, 2, 300 }, { 197, 3, 27 }, { 56, 9, 9 }, { 400, 1, 25 }
    };
    conv_sizes(t, 1, large, sizeof large / sizeof *large);
}
