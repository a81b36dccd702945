/* conv_state.h - a convolution made ready to run: what was decided, and the runners read.
 *
 * All algorithms end in kernels->conv_rows, pixels times panels of output channels:
 *
 *   1x1        pixels lie as they are
 *   direct     each task copies its rows, shifted for every column of the window, padded and
 *              with the strides taken out, so that pixels again lie one after another
 *   planes     the same for a few channels that are not in blocks: the first layer
 *   winograd   36 products of transformed tiles (conv_winograd.c)
 *   gather     pixels of several images, copied once per tap (conv_gather.c)
 *
 * The order of a pixel's sum depends on the algorithm, which depends on the layer's shape
 * without the batch; how tasks are cut depends on whatever is fastest.
 *
 * Nothing here knows a plan: training runs the same convolutions, forward and backward
 * (train/tape_conv.c).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_CONV_STATE_H
#define FDML_MODEL_CONV_STATE_H

#include "base/parallel.h"
#include "model/conv_shape.h"
#include "simd/kernels.h"

enum { FDML_BLOCK = 16 }; /* channels of a block: the lanes of a vf */

/* [N, C, H, W] in blocks; H is 1 where there is one spatial axis. */
typedef struct fdml_plane_shape {
    size_t n, c, h, w, n_blocks; /* n_blocks: of channels */
} fdml_plane_shape;

typedef enum fdml_conv_way {
    FDML_CONV_POINT,
    FDML_CONV_DIRECT,
    FDML_CONV_PLANES,
    FDML_CONV_WINOGRAD,
    FDML_CONV_GATHER
} fdml_conv_way;

typedef struct fdml_conv_detail {
    fdml_conv_way way;
    fdml_plane_shape in, out;
    size_t kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
    /* groups that share no channel, each of whole blocks: merged ones of the file's */
    size_t n_groups, group_in, group_out; /* blocks of a group (of planes: channels in) */
    const float *weights;
    size_t group_weights; /* floats of a group */
    const float *bias, *slope;
    float low, high;
    size_t *offset;                 /* [n_offsets]: see fdml_conv_rows */
    size_t n_offsets, n_last;       /* as in fdml_conv_rows */
    size_t chunk, n_chunks;         /* output rows of a task; of 1x1: pixels; winograd: tiles */
    size_t out_chunk, n_out_chunks; /* output blocks of a task, within a group */
    bool is_by_pixels; /* order of the tasks: pixels outside, output blocks inside */
    /* scratch of direct: rows of each phase of stride_y, first row of phase p at phase_row[p]
     */
    size_t *phase_row; /* [stride_y + 1] */
    /* of planes: rows, and floats of a row, of a channel's scratch */
    size_t plane_rows, plane_step;
    size_t tiles_x, tiles; /* winograd: of an image */
    bool is_transformed;   /* winograd: weights are [36, ...], and not 3x3 still */
    const fdml_kernels *kernels;
    int n_threads;
    size_t scratch_size; /* bytes that each thread needs */
    /* of a run */
    const float *x, *add;
    float *y;
    unsigned char *scratch; /* thread t's begins at t * scratch_step */
    size_t scratch_step;
} fdml_conv_detail;

static inline float *fdml_conv_scratch(const fdml_conv_detail *d, int thread)
{
    return (float *)(void *)(d->scratch + (size_t)thread * d->scratch_step);
}

/* conv_choose.c: the algorithm for this shape, of one group of channels or more. `has_planes`:
 * x can be had plain. The second is for training, where the batch is part of the shape. */
void fdml_conv_choose(fdml_conv_detail *d, bool has_planes);
void fdml_conv_choose_trained(fdml_conv_detail *d, bool has_planes);

/* conv_pack.c: panels as the kernel wants them; NULL: out of memory. */
typedef struct fdml_conv_source {
    const void *weights; /* [filters, channels / groups, kernel], floats at any byte */
    const float *scale;  /* [filters] or NULL */
    size_t filters, channels, groups, n_taps;
} fdml_conv_source;
bool fdml_conv_pack(fdml_conv_detail *d, const fdml_conv_source *source, fdml_arena *arena,
                    fdml_arena *work);

/* The parts of a job that do not depend on the task. */
fdml_conv_rows fdml_conv_job(const fdml_conv_detail *d, size_t out_block);

bool fdml_conv_point_offsets(fdml_conv_detail *d, fdml_arena *arena); /* sets d->offset */
/* Cuts the tasks of d->way, for d->n_threads, once d->group_weights is known; false: out of
 * memory. */
bool fdml_conv_cut(fdml_conv_detail *d, fdml_arena *arena);
bool fdml_conv_cut_rows(fdml_conv_detail *d, fdml_arena *arena);
bool fdml_conv_cut_winograd(fdml_conv_detail *d, fdml_arena *arena);
bool fdml_conv_cut_gather(fdml_conv_detail *d, fdml_arena *arena);
/* d has the data of this run. */
void fdml_conv_run(const fdml_conv_detail *d);
void fdml_conv_run_rows(const fdml_conv_detail *d);
void fdml_conv_run_winograd(const fdml_conv_detail *d);
void fdml_conv_run_gather(const fdml_conv_detail *d);

#endif
