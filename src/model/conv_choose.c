/* conv_choose.c - which algorithm a convolution has.
 *
 * The choice depends on the layer alone and never on batch, threads or instruction set, since
 * it decides the order of sums and so the bits. See conv_state.h for the algorithms.
 *
 * SPDX-License-Identifier: MIT */
#include "model/conv_state.h"

/* Transformed weights up to this are kept so. */
#define MAX_TRANSFORMED ((size_t)10 << 20)

static bool is_small_transformed(const fdml_conv_detail *d)
{
    return 36 * d->in.c * d->out.c * sizeof(float) <= MAX_TRANSFORMED;
}

/* Winograd wants 3x3 at stride 1 and at least four tiles to outweigh the transform of the
 * weights. With fewer than 64 channels the transforms of the pixels eat most of what the
 * products save, for three times the rounding error of a direct convolution. */
enum { MIN_TILES = 4, MIN_CHANNELS = 64 };

static bool is_winograd_shape(const fdml_conv_detail *d)
{
    return d->kernel_y == 3 && d->kernel_x == 3 && d->stride_y == 1 && d->stride_x == 1 &&
           d->dilation_y == 1 && d->dilation_x == 1 && d->n_groups == 1 &&
           d->in.c >= MIN_CHANNELS && d->out.c >= MIN_CHANNELS;
}

void fdml_conv_choose(fdml_conv_detail *d, bool has_planes)
{
    const bool is_point = d->kernel_y * d->kernel_x == 1 && d->stride_y * d->stride_x == 1 &&
                          !d->pad_top && !d->pad_left && d->in.h == d->out.h &&
                          d->in.w == d->out.w;
    if (d->in.c < FDML_BLOCK && d->n_groups == 1 && has_planes) {
        d->way = FDML_CONV_PLANES;
        d->group_in = d->in.c;
    } else if (is_point) {
        d->way = FDML_CONV_POINT;
    } else {
        const size_t tiles = (d->out.h + 3) / 4 * ((d->out.w + 3) / 4);
        const bool is_winograd = is_winograd_shape(d) && tiles >= MIN_TILES;
        d->way = is_winograd ? FDML_CONV_WINOGRAD : FDML_CONV_DIRECT;
        d->is_transformed = is_winograd && is_small_transformed(d);
    }
}

/* Planes up to this are gathered through the batch. */
enum { SMALL_PLANE = 24 };

void fdml_conv_choose_trained(fdml_conv_detail *d, bool has_planes)
{
    fdml_conv_choose(d, has_planes);
    if (d->way == FDML_CONV_PLANES || d->way == FDML_CONV_WINOGRAD) return;
    const size_t tiles = (d->out.h + 3) / 4 * ((d->out.w + 3) / 4);
    if (d->way == FDML_CONV_DIRECT && is_winograd_shape(d) && d->in.n * tiles >= MIN_TILES &&
        d->out.h >= 3 && d->out.w >= 3) {
        d->way = FDML_CONV_WINOGRAD;
        d->is_transformed = is_small_transformed(d);
    } else if (d->out.h * d->out.w <= SMALL_PLANE) {
        d->way = FDML_CONV_GATHER;
    }
}

bool fdml_conv_cut(fdml_conv_detail *d, fdml_arena *arena)
{
    if (d->way == FDML_CONV_GATHER) return fdml_conv_cut_gather(d, arena);
    return d->way == FDML_CONV_WINOGRAD ? fdml_conv_cut_winograd(d, arena)
                                        : fdml_conv_cut_rows(d, arena);
}

void fdml_conv_run(const fdml_conv_detail *d)
{
    if (d->way == FDML_CONV_WINOGRAD)
        fdml_conv_run_winograd(d);
    else if (d->way == FDML_CONV_GATHER)
        fdml_conv_run_gather(d);
    else
        fdml_conv_run_rows(d);
}
