/* conv_pack.c - weights of a convolution as panels of output channels.
 *
 * A panel has tile_cols output channels side by side for every tap and input channel, in the
 * order in which the kernel meets them; output blocks that do not fill a panel have one of
 * sixteen each. Scaling by a folded batch normalisation happens here.
 *
 * Winograd's weights are 36 / 9 times larger once transformed. Where they are small that is
 * done here; where they are not, tasks do it each time, from panels of the plain weights, which
 * costs less than fetching four times the bytes. Both by the same kernel: the same bits.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/conv_state.h"

enum { TAPS_3X3 = 9, POINTS = 36 };

typedef struct packing {
    const fdml_conv_detail *d;
    const fdml_conv_source *source;
    const fdml_kernels *kernels;
    float *to;
    size_t cols;     /* output channels of a full panel */
    size_t n_panels; /* of a group */
    size_t depth;    /* steps of a panel: taps * input channels, padded */
    size_t block;    /* input channels of a block */
} packing;

/* Writes what filter o has for the channels of block b, into its lane of `width`. Taps follow
 * channels, or with Winograd channels taps. */
static void pack_filter(float *to, const packing *p, size_t o, size_t b, size_t width)
{
    const fdml_conv_source *s = p->source;
    const size_t own = s->channels / s->groups, filters = s->filters / s->groups;
    const size_t merged = s->groups / p->d->n_groups, n_taps = s->n_taps;
    const size_t first = o / filters % merged * own; /* of its channels in the merged group */
    size_t c = b * p->block, end = c + p->block;
    if (c < first) c = first;
    if (end > first + own) end = first + own;
    const float scale = s->scale ? s->scale[o] : 1;
    const bool is_winograd = p->d->way == FDML_CONV_WINOGRAD;
    for (; c < end; c++) {
        const char *from =
            (const char *)s->weights + (o * own + c - first) * n_taps * sizeof(float);
        const size_t at = c - b * p->block;
        float *lane = to + (is_winograd ? at * n_taps : at) * width;
        const size_t step = (is_winograd ? 1 : p->block) * width;
        for (size_t t = 0; t < n_taps; t++, lane += step) {
            float w;
            memcpy(&w, from + t * sizeof w, sizeof w);
            *lane = s->scale ? w * scale : w;
        }
    }
}

/* First output block of panel i of a group, and how many it has. */
static size_t panel_blocks(const packing *p, size_t panel, size_t *n)
{
    const size_t per = p->cols / FDML_BLOCK, full = p->d->group_out / per;
    *n = panel < full ? per : 1;
    return panel < full ? panel * per : full * per + (panel - full);
}

/* One panel: [depth, width]. */
static void pack_panel(float *to, const packing *p, size_t group, size_t block, size_t n)
{
    const size_t o0 = (group * p->d->group_out + block) * FDML_BLOCK, width = n * FDML_BLOCK;
    memset(to, 0, p->depth * width * sizeof *to);
    for (size_t b = 0; b < p->d->group_in; b++)
        for (size_t o = 0; o < width && o0 + o < p->source->filters; o++)
            pack_filter(to + b * p->block * p->source->n_taps * width + o, p, o0 + o, b, width);
}

static void pack_rows(void *ctx, size_t task, int thread)
{
    (void)thread;
    const packing *p = ctx;
    size_t n;
    const size_t group = task / p->n_panels, block = panel_blocks(p, task % p->n_panels, &n);
    pack_panel(p->to + group * p->d->group_weights + block * FDML_BLOCK * p->depth, p, group,
               block, n);
}

/* Panels of all points: [36, panels, channels, cols], as 36 convolutions of 1x1. */
static void transform_panel(void *ctx, size_t task, int thread)
{
    (void)thread;
    const packing *p = ctx;
    size_t n;
    const size_t block = panel_blocks(p, task, &n), channels = p->depth / TAPS_3X3;
    p->kernels->winograd_weights((float *)p->d->weights + block * FDML_BLOCK * channels,
                                 p->d->group_out * FDML_BLOCK * channels,
                                 p->to + block * FDML_BLOCK * p->depth, channels,
                                 n * FDML_BLOCK);
}

static float *push_large(fdml_arena *arena, size_t n)
{
    const size_t size = n * sizeof(float), huge = 1 << 21;
    return fdml_arena_push(arena, size < huge ? size : fdml_arena_fill_pages(size), 1);
}

bool fdml_conv_pack(fdml_conv_detail *d, const fdml_conv_source *source, fdml_arena *arena,
                    fdml_arena *work)
{
    packing p = { .d = d,
                  .source = source,
                  .kernels = d->kernels,
                  .cols = d->kernels->tile_cols,
                  .block = d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK };
    const size_t per = p.cols / FDML_BLOCK;
    p.n_panels = d->group_out / per + d->group_out % per;
    p.depth = d->group_in * p.block * source->n_taps;
    d->group_weights = d->group_out * FDML_BLOCK * p.depth;
    const size_t n = d->n_groups * d->group_weights;
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    p.to = push_large(d->is_transformed ? work : arena, n);
    if (!p.to) return false;
    fdml_parallel(d->n_groups * p.n_panels, d->n_threads, pack_rows, &p);
    d->weights = p.to;
    if (d->is_transformed) {
        d->group_weights = n / TAPS_3X3 * POINTS;
        d->weights = push_large(arena, d->group_weights);
        if (d->weights) fdml_parallel(p.n_panels, d->n_threads, transform_panel, &p);
        fdml_arena_reset(work, mark);
    }
    return d->weights != NULL;
}
