/* window_state.h - a planned depthwise convolution or pooling: a window over one block of
 * channels.
 *
 * plan_window.c makes it and runs it alone; plan_pair.c runs it behind a 1x1 convolution.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_WINDOW_STATE_H
#define FDML_MODEL_WINDOW_STATE_H

#include "model/plan_state.h"

typedef void (*fdml_window_kernel)(const fdml_window_rows *job);

typedef struct fdml_window_detail {
    fdml_window_rows kernel; /* what all blocks share; weights and so on are those of block 0 */
    fdml_plane_shape in, out;
    size_t n_chunks, chunk; /* rows of a task */
    fdml_window_kernel run;
} fdml_window_detail;

/* A depthwise convolution with constant weights, and what it is fused with. */
typedef struct fdml_depthwise {
    fdml_window_detail *window; /* NULL: the node is something else */
    fdml_fused fused;
    const char *label;
    double flops;
    size_t n_parameters;
} fdml_depthwise;
fdml_status fdml_depthwise_make(fdml_depthwise *d, fdml_plan *plan, const fdml_node *node,
                                fdml_error *err);

/* Block c of channels: its weights, bias and slope. */
static inline void fdml_window_take_block(fdml_window_rows *job, size_t c)
{
    if (job->weights) job->weights += c * FDML_BLOCK * job->kernel_y * job->kernel_x;
    if (job->bias) job->bias += c * FDML_BLOCK;
    if (job->slope) job->slope += c * FDML_BLOCK;
}

#endif
