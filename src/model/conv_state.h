/* conv_state.h - a planned convolution: what plan_conv.c decides and the runners read.
 *
 * All algorithms end in kernels->conv_rows, pixels times panels of output channels:
 *
 *   1x1        pixels lie as they are
 *   direct     each task copies its rows, shifted for every column of the window, padded and
 *              with the strides taken out, so that pixels again lie one after another
 *   planes     the same for a few channels that are not in blocks: the first layer
 *   winograd   36 products of transformed tiles (conv_winograd.c)
 *
 * The order of a pixel's sum depends on the algorithm, which depends on the layer's shape
 * without the batch; how tasks are cut depends on whatever is fastest.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_CONV_STATE_H
#define FDML_MODEL_CONV_STATE_H

#include "model/plan_state.h"

typedef enum fdml_conv_way {
    FDML_CONV_POINT,
    FDML_CONV_DIRECT,
    FDML_CONV_PLANES,
    FDML_CONV_WINOGRAD
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
    /* of a run */
    const float *x, *add;
    float *y;
    const fdml_plan *plan;
} fdml_conv_detail;

/* plan_conv.c: a convolution, and what it is fused with; its tasks are not yet cut. */
typedef struct fdml_conv_made {
    fdml_conv_detail *detail; /* NULL: the node is something else */
    fdml_fused fused;
    const char *label;
    double flops;
    size_t n_parameters;
} fdml_conv_made;
fdml_status fdml_conv_make(fdml_conv_made *made, fdml_plan *plan, const fdml_node *node,
                           fdml_fuse_what what, fdml_error *err);

/* conv_pack.c: panels as the kernel wants them; NULL: out of memory. */
typedef struct fdml_conv_source {
    const void *weights; /* [filters, channels / groups, kernel], floats at any byte */
    const float *scale;  /* [filters] or NULL */
    size_t filters, channels, groups, n_taps;
} fdml_conv_source;
bool fdml_conv_pack(fdml_conv_detail *d, fdml_plan *plan, const fdml_conv_source *source);

/* The parts of a job that do not depend on the task. */
fdml_conv_rows fdml_conv_job(const fdml_conv_detail *d, size_t out_block);

bool fdml_conv_point_offsets(fdml_conv_detail *d, fdml_plan *plan); /* sets d->offset */
fdml_status fdml_conv_plan_rows(fdml_conv_detail *d, fdml_plan *plan, fdml_error *err);
fdml_status fdml_conv_plan_winograd(fdml_conv_detail *d, fdml_plan *plan, fdml_error *err);
fdml_status fdml_conv_run_rows(fdml_plan *plan, fdml_plan_step *step, fdml_error *err);
fdml_status fdml_conv_run_winograd(fdml_plan *plan, fdml_plan_step *step, fdml_error *err);
/* The step's detail, with the data of this run. */
fdml_conv_detail fdml_conv_bind(const fdml_plan *plan, const fdml_plan_step *step);

#endif
