/* conv_pack.c - weights of a convolution as panels of output channels.
 *
 * A panel has tile_cols output channels side by side for every tap and input channel, in the
 * order in which the kernel meets them; output blocks that do not fill a panel have one of
 * sixteen each. Scaling by a folded batch normalisation happens here.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/conv_state.h"

typedef struct packing {
    const fdml_conv_detail *d;
    const fdml_conv_source *source;
    float *to;
    size_t cols;     /* output channels of a full panel */
    size_t n_panels; /* of a group */
    size_t depth;    /* steps of a panel: taps * input channels, padded */
} packing;

/* What filter `o` of the network multiplies channel `c` of its merged group with, at tap t. */
static float weight(const packing *p, size_t o, size_t c, size_t t)
{
    const fdml_conv_source *s = p->source;
    const size_t own = s->channels / s->groups, filters = s->filters / s->groups;
    const size_t merged = s->groups / p->d->n_groups;
    const size_t first = o / filters % merged * own; /* of its channels in the merged group */
    if (o >= s->filters || c < first || c >= first + own) return 0;
    float w;
    memcpy(&w, (const char *)s->weights + ((o * own + c - first) * s->n_taps + t) * sizeof w,
           sizeof w);
    return s->scale ? w * s->scale[o] : w;
}

/* First output block of panel i of a group, and how many it has. */
static size_t panel_blocks(const packing *p, size_t panel, size_t *n)
{
    const size_t per = p->cols / FDML_BLOCK, full = p->d->group_out / per;
    *n = panel < full ? per : 1;
    return panel < full ? panel * per : full * per + (panel - full);
}

static void pack_rows(void *ctx, size_t task, int thread)
{
    (void)thread;
    const packing *p = ctx;
    const fdml_conv_detail *d = p->d;
    const size_t group = task / p->n_panels, n_taps = p->source->n_taps;
    size_t n;
    const size_t block = panel_blocks(p, task % p->n_panels, &n);
    const size_t o0 = (group * d->group_out + block) * FDML_BLOCK, width = n * FDML_BLOCK;
    float *to = p->to + group * d->group_weights + block * FDML_BLOCK * p->depth;
    const size_t step = d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK;
    for (size_t b = 0; b < d->group_in; b++)
        for (size_t t = 0; t < n_taps; t++)
            for (size_t c = b * step; c < (b + 1) * step; c++, to += width)
                for (size_t o = 0; o < width; o++) to[o] = weight(p, o0 + o, c, t);
}

/* u = G g G^T, see simd/kern/winograd.h; in double, rounded once. */
static void transform(float u[36], const double g[9])
{
    const double a = 0.70710678118654752440, b = 1.41421356237309504880;
    const double row[6][3] = { { 1, 0, 0 },
                               { -1 / 1.5, -a / 1.5, -0.5 / 1.5 },
                               { -1 / 1.5, a / 1.5, -0.5 / 1.5 },
                               { 1 / 6.0, b / 6, 2 / 6.0 },
                               { 1 / 6.0, -b / 6, 2 / 6.0 },
                               { 0, 0, 1 } };
    double half[6][3];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++)
            half[i][j] = row[i][0] * g[j] + row[i][1] * g[3 + j] + row[i][2] * g[6 + j];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            u[i * 6 + j] = (float)(half[i][0] * row[j][0] + half[i][1] * row[j][1] +
                                   half[i][2] * row[j][2]);
}

/* [36, panels, channels, cols]: as 36 convolutions of 1x1. */
static void pack_winograd(void *ctx, size_t task, int thread)
{
    (void)thread;
    const packing *p = ctx;
    size_t n;
    const size_t block = panel_blocks(p, task, &n), width = n * FDML_BLOCK;
    const size_t point = p->d->group_out * FDML_BLOCK * p->depth; /* floats of one of 36 */
    float *to = p->to + block * FDML_BLOCK * p->depth;
    for (size_t c = 0; c < p->depth; c++, to += width)
        for (size_t o = 0; o < width; o++) {
            double g[9];
            float u[36];
            for (size_t t = 0; t < 9; t++)
                g[t] = (double)weight(p, block * FDML_BLOCK + o, c, t);
            transform(u, g);
            for (size_t f = 0; f < 36; f++) to[f * point + o] = u[f];
        }
}

bool fdml_conv_pack(fdml_conv_detail *d, fdml_plan *plan, const fdml_conv_source *source)
{
    const bool is_winograd = d->way == FDML_CONV_WINOGRAD;
    packing p = { .d = d, .source = source, .cols = plan->kernels->tile_cols };
    const size_t per = p.cols / FDML_BLOCK;
    p.n_panels = d->group_out / per + d->group_out % per;
    p.depth = d->group_in * (d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK) *
              (is_winograd ? 1 : source->n_taps);
    d->group_weights = d->group_out * FDML_BLOCK * p.depth * (is_winograd ? 36 : 1);
    const size_t size = fdml_arena_fill_pages(d->n_groups * d->group_weights * sizeof(float));
    p.to = fdml_arena_push(&plan->arena, size, 1);
    if (!p.to) return false;
    d->weights = p.to;
    fdml_parallel(d->n_groups * p.n_panels, plan->n_threads,
                  is_winograd ? pack_winograd : pack_rows, &p);
    return true;
}
