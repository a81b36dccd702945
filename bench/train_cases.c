/* train_cases.c - kernel_cases.c's cases for gradients: one place of a window of 16 input and
 * 128 output channels over 128 pixels, and sixteen channels of 28 x 28. All of it stays in L2.
 *
 * What is added to grows from run to run, but too slowly to leave the range of a float.
 * SPDX-License-Identifier: MIT */
#include "kernel_cases.h"

#include <math.h>

#include "timing.h"

enum { PIXELS = 128, CHANNELS = 16, OUT = 8 };
enum { SIDE = 28, PLANE = SIDE * SIDE, WINDOW = 3 };
#define WORD 4.0 /* bytes of a float */

static struct {
    float *x, *dy, *dw;               /* [PIXELS, 16], [OUT, PIXELS, 16], [OUT, CHANNELS, 16] */
    float *plane, *add, *gy, *g, *gx; /* [PLANE, 16] */
    float *pooled;                   /* maxima of 2 x 2 pixels of `plane`, and their gradient */
    float *channel, *weights, *sums; /* [5, 16], [WINDOW, WINDOW, 16], [3, 16] */
} d;

void train_cases_prepare(void)
{
    float **const random[] = { &d.x, &d.dy, &d.plane, &d.add, &d.gy, &d.channel, &d.weights };
    for (unsigned i = 0; i < sizeof random / sizeof *random; i++) {
        *random[i] = bench_floats(OUT * PIXELS * 16);
        bench_uniform(*random[i], OUT * PIXELS * 16, 20 + i);
    }
    d.dw = bench_floats(OUT * CHANNELS * 16), d.sums = bench_floats(48);
    d.g = bench_floats(PLANE * 16), d.gx = bench_floats(PLANE * 16);
    d.pooled = bench_floats(PLANE * 16);
    for (size_t i = 0; i < PLANE / 4 * 16; i++) {
        const size_t pixel = i / 16 / (SIDE / 2) * 2 * SIDE + i / 16 % (SIDE / 2) * 2;
        const float *at = d.plane + pixel * 16 + i % 16;
        d.pooled[i] = fmaxf(fmaxf(at[0], at[16]), fmaxf(at[SIDE * 16], at[SIDE * 16 + 16]));
    }
}

static fdml_conv_outer outer(void)
{
    return (fdml_conv_outer){ .dw = d.dw,
                              .dw_stride = CHANNELS * 16,
                              .n_c = CHANNELS,
                              .n_out = OUT,
                              .x = d.x,
                              .x_step = 16,
                              .dy = d.dy,
                              .dy_stride = PIXELS * 16,
                              .n_images = 1,
                              .n_rows = 1,
                              .n_cols = PIXELS };
}

/* Normalisation, addition and relu, as at the end of a residual block. */
static fdml_affine_back affine(void)
{
    return (fdml_affine_back){ .gy = d.gy,
                               .x = d.plane,
                               .n_pixels = PLANE,
                               .scale = d.channel,
                               .shift = d.channel + 16,
                               .mean = d.channel + 32,
                               .add = d.add,
                               .low = 0,
                               .high = INFINITY,
                               .g = d.g,
                               .gx = d.gx,
                               .of_g = d.channel,
                               .of_x = d.channel + 48,
                               .constant = d.channel + 64 };
}

static fdml_window_back depthwise(void)
{
    return (fdml_window_back){ .gy = d.gy,
                               .x = d.plane,
                               .gx = d.gx,
                               .weights = d.weights,
                               .gw = d.dw,
                               .height = SIDE,
                               .width = SIDE,
                               .out_height = SIDE,
                               .out_width = SIDE,
                               .kernel_y = WINDOW,
                               .kernel_x = WINDOW,
                               .stride_y = 1,
                               .stride_x = 1,
                               .dilation_y = 1,
                               .dilation_x = 1,
                               .pad_top = 1,
                               .pad_left = 1 };
}

static fdml_window_back pool(void)
{
    fdml_window_back job = depthwise();
    job.y = d.pooled;
    job.out_height = job.out_width = SIDE / 2;
    job.kernel_y = job.kernel_x = job.stride_y = job.stride_x = 2;
    job.pad_top = job.pad_left = 0;
    return job;
}

CASE(conv_outer, 2.0 * PIXELS * CHANNELS * OUT * 16, 0, const fdml_conv_outer job = outer();
     k->conv_outer(&job))
CASE(block_moments, 0, WORD * 16 * PLANE, k->block_moments(d.sums, d.plane, d.channel, PLANE))
CASE(affine_back_sums, 0, 4 * WORD * 16 * PLANE, const fdml_affine_back job = affine();
     k->affine_back_sums(&job, d.sums))
CASE(affine_back, 0, 5 * WORD * 16 * PLANE, const fdml_affine_back job = affine();
     k->affine_back(&job))
CASE(depthwise_back, 2.0 * WINDOW * WINDOW * PLANE * 16, 0,
     const fdml_window_back job = depthwise();
     k->depthwise_back(&job))
CASE(depthwise_outer, 2.0 * WINDOW * WINDOW * PLANE * 16, 0,
     const fdml_window_back job = depthwise();
     k->depthwise_outer(&job))
CASE(pool_max_back, 0, WORD * 16 * (3 * PLANE + 2 * PLANE / 4),
     const fdml_window_back job = pool();
     k->pool_max_back(&job))
