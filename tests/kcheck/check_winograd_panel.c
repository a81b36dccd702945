/* check_winograd_panel.c - the products of one panel of weights that are still 3x3. See
 * kcheck.h.
 *
 * It is winograd_weights and thirty-six conv_rows, which have checks of their own, in another
 * order: so there is one right answer, which the scalar table's two give for sixteen output
 * channels at a time.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "kcheck.h"

enum { MAX_BLOCKS = 6 };

/* Output block o of the panel, by the two kernels. */
static void expected_block(kcheck *t, const fdml_winograd_panel *job, size_t o, float *join)
{
    const size_t n_channels = job->n_blocks * 16, u_stride = n_channels * 16;
    float *g = kc_words(t, n_channels * 9 * 16), *u = kc_words(t, 36 * u_stride);
    for (size_t i = 0; i < n_channels * 9; i++)
        for (size_t l = 0; l < 16; l++) g[i * 16 + l] = job->g[i * job->width + o * 16 + l];
    t->ref->winograd_weights(u, u_stride, g, n_channels, 16);
    for (size_t f = 0; f < 36; f++)
        for (size_t b = 0; b < job->n_blocks; b++) {
            const fdml_conv_rows product = { .out = join + f * job->join_stride +
                                                    o * job->out_stride,
                                             .in = job->split + f * job->split_stride,
                                             .offset = job->offset + b,
                                             .continues = b > 0,
                                             .n_blocks = 1,
                                             .weights = u + f * u_stride + b * 16 * 16,
                                             .n_rows = job->n_tiles,
                                             .n_out = 1,
                                             .low = -INFINITY,
                                             .high = INFINITY };
            t->ref->conv_rows(&product);
        }
}

static void panel_case(kcheck *t, const size_t size[3], int kinds, bool is_timed)
{
    const size_t n_out = size[2];
    fdml_winograd_panel job = { .n_tiles = size[0], .n_blocks = size[1], .width = n_out * 16 };
    kc_case(t, "n_tiles=%zu n_blocks=%zu width=%zu", job.n_tiles, job.n_blocks, job.width);
    const size_t row = job.n_tiles * 16;
    size_t offset[MAX_BLOCKS];
    const size_t in_stride = row + kc_below(t, 2) * 16;
    for (size_t b = 0; b < job.n_blocks; b++) offset[b] = (job.n_blocks - 1 - b) * in_stride;
    job.offset = offset;
    job.split_stride = job.n_blocks * in_stride + kc_below(t, 2) * 16;
    job.out_stride = row + kc_below(t, 2) * 16;
    job.join_stride = n_out * job.out_stride + kc_below(t, 2) * 16;
    const size_t in_size =
        row ? 35 * job.split_stride + (job.n_blocks - 1) * in_stride + row : 0;
    const size_t out_size = row ? 35 * job.join_stride + (n_out - 1) * job.out_stride + row : 0;
    job.split = kc_pixels(t, in_size, kinds);
    job.g = kc_pixels(t, job.n_blocks * 16 * 9 * job.width, kinds);
    float *want = kc_words(t, out_size), *got = kc_words(t, out_size);
    for (size_t o = 0; o < n_out; o++) expected_block(t, &job, o, want);
    job.join = got;
    t->k->winograd_panel(&job); /* gaps are compared, too: both began alike */
    if (kc_same(t, "join", want, got, out_size)) kc_intact(t);
    while (kc_bench(t, is_timed)) t->k->winograd_panel(&job);
}

void check_winograd_panel(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    const size_t whole = t->k->tile_cols / 16;
    for (size_t n_tiles = 0; n_tiles <= 40; n_tiles += t->is_quick ? 7 : 1)
        for (size_t n_blocks = 1; n_blocks <= MAX_BLOCKS && !t->has_failed;
             n_blocks += t->is_quick ? 3 : 1) {
            const size_t n_out = n_blocks % 2 ? whole : 1;
            panel_case(t, (const size_t[]){ n_tiles, n_blocks, n_out },
                       kinds[(n_tiles + n_blocks) % 4], n_tiles == 32 && n_blocks == 3);
        }
}
