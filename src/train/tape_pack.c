/* tape_pack.c - weights as panels of output channels, anew in every pass, since they change.
 *
 * The parameter has whole blocks of 16 x 16, so a panel's row is a copy of one vector for each
 * of its output blocks. Backward, where input and output channels change places, each block is
 * transposed first. Layouts of panels: model/conv_pack.c, whose bits these are.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/tape_state.h"

enum { TAPS_3X3 = 9, POINTS = 36, BLOCK_FLOATS = FDML_BLOCK * FDML_BLOCK };

typedef struct job {
    const fdml_tape *tape;
    const tape_packing *p;
    float *to;            /* panels */
    size_t per, n_panels; /* output blocks of a full panel */
    size_t in_block;      /* channels of an input block: 16, of planes 1 */
    size_t n_in_blocks, depth;
} job;

static size_t panel_blocks(const job *j, size_t panel, size_t *n)
{
    const size_t full = j->p->d->group_out / j->per;
    *n = panel < full ? j->per : 1;
    return panel < full ? panel * j->per : full * j->per + (panel - full);
}

/* The 16 x 16 of the parameter that output block o, input block b, tap t of the convolution is:
 * rows are input channels. */
static const float *block_of(const job *j, size_t o, size_t b, size_t t, float *turned)
{
    const tape_packing *p = j->p;
    const size_t tap = p->tap ? p->tap[t] : t, taps = p->weight->taps;
    if (!p->is_back)
        return p->weight->value + ((o * j->n_in_blocks + b) * taps + tap) * BLOCK_FLOATS;
    const size_t n_own_in =
        p->d->group_out; /* blocks of input channels that the parameter has */
    j->tape->kernels->blocks_to_planes(
        turned, p->weight->value + ((b * n_own_in + o) * taps + tap) * BLOCK_FLOATS, FDML_BLOCK,
        FDML_BLOCK);
    return turned;
}

/* One input block of one panel. */
static void pack_blocks(const job *j, size_t panel, size_t b)
{
    size_t n;
    const size_t o0 = panel_blocks(j, panel, &n), width = n * FDML_BLOCK, taps = j->p->n_taps;
    float *to = j->to + o0 * FDML_BLOCK * j->depth + b * FDML_BLOCK * taps * width;
    const bool is_winograd = j->p->d->way == FDML_CONV_WINOGRAD;
    const size_t tap_step = is_winograd ? width : FDML_BLOCK * width;
    const size_t c_step = is_winograd ? taps * width : width;
    float turned[BLOCK_FLOATS];
    for (size_t t = 0; t < taps; t++)
        for (size_t v = 0; v < n; v++) {
            const float *from = block_of(j, o0 + v, b, t, turned);
            for (size_t c = 0; c < FDML_BLOCK; c++)
                memcpy(to + t * tap_step + c * c_step + v * FDML_BLOCK, from + c * FDML_BLOCK,
                       FDML_BLOCK * sizeof *to);
        }
}

/* Of planes: a channel and a tap is a row. */
static void pack_planes(const job *j, size_t panel, size_t c)
{
    size_t n;
    const size_t o0 = panel_blocks(j, panel, &n), taps = j->p->n_taps;
    float *to = j->to + o0 * FDML_BLOCK * j->depth + c * taps * n * FDML_BLOCK;
    for (size_t t = 0; t < taps; t++)
        for (size_t v = 0; v < n; v++)
            memcpy(to + (t * n + v) * FDML_BLOCK,
                   j->p->weight->value +
                       (((o0 + v) * j->n_in_blocks + c) * taps + t) * FDML_BLOCK,
                   FDML_BLOCK * sizeof *to);
}

static void pack_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const job *j = ctx;
    const size_t panel = task / j->n_in_blocks, b = task % j->n_in_blocks;
    if (j->in_block == 1)
        pack_planes(j, panel, b);
    else
        pack_blocks(j, panel, b);
}

static void transform_task(void *ctx, size_t panel, int thread)
{
    (void)thread;
    const job *j = ctx;
    size_t n;
    const size_t block = panel_blocks(j, panel, &n), channels = j->depth / TAPS_3X3;
    j->tape->kernels->winograd_weights(j->tape->pack + block * FDML_BLOCK * channels,
                                       j->p->d->group_out * FDML_BLOCK * channels,
                                       j->to + block * FDML_BLOCK * j->depth, channels,
                                       n * FDML_BLOCK);
}

static size_t plain_floats(const fdml_conv_detail *d, size_t n_taps)
{
    const size_t in = d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK;
    return d->group_out * FDML_BLOCK * d->group_in * in * n_taps;
}

/* Transformed ones lie in front of those they are made from. */
size_t fdml_tape_pack_floats(const fdml_conv_detail *d, size_t n_taps)
{
    const size_t n = plain_floats(d, n_taps);
    return d->is_transformed ? n / TAPS_3X3 * POINTS + n : n;
}

void fdml_tape_pack(const fdml_tape *tape, const tape_packing *packing)
{
    fdml_conv_detail *d = packing->d;
    job j = { .tape = tape,
              .p = packing,
              .to = tape->pack,
              .per = tape->kernels->tile_cols / FDML_BLOCK,
              .in_block = d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK,
              .n_in_blocks = d->group_in };
    j.n_panels = d->group_out / j.per + d->group_out % j.per;
    j.depth = d->group_in * j.in_block * packing->n_taps;
    const size_t n = plain_floats(d, packing->n_taps);
    if (d->is_transformed) j.to += n / TAPS_3X3 * POINTS;
    fdml_parallel(j.n_panels * j.n_in_blocks, tape->n_threads, pack_task, &j);
    if (d->is_transformed) fdml_parallel(j.n_panels, tape->n_threads, transform_task, &j);
    d->weights = tape->pack;
}
