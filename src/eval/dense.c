/* dense.c - see dense.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/dense.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"

enum { LANES = FDML_DENSE_LANES };

size_t fdml_dense_panels(const fdml_dense *layer)
{
    return fdml_dense_stride(layer) * layer->n_in;
}

size_t fdml_dense_row_panels(const fdml_dense *layer, size_t n)
{
    return fdml_panels_size(n, layer->n_in, layer->kernels->tile_rows);
}

void fdml_dense_pack(float *panels, const float *w, size_t block, const fdml_dense *layer)
{
    const size_t width = layer->kernels->tile_cols, at = block * LANES, n_in = layer->n_in;
    const size_t end = fdml_dense_stride(layer);
    for (size_t lane0 = at; lane0 < end; lane0 += LANES) { /* once but for the last block */
        float *panel = panels + lane0 / width * width * n_in + lane0 % width;
        for (size_t i = 0; i < n_in; i++)
            if (lane0 == at)
                memcpy(panel + i * width, w + i * LANES, LANES * sizeof *w);
            else
                memset(panel + i * width, 0, LANES * sizeof *w);
        if (block + 1 < fdml_dense_blocks(layer->n_out)) break;
    }
}

void fdml_dense_product(float *z, const float *x, size_t n, const float *panels,
                        float *row_panels, const fdml_dense *layer)
{
    const size_t stride = fdml_dense_stride(layer);
    const fdml_rows rows = { .x = x, .stride = layer->n_in, .n = n };
    layer->kernels->pack_a(row_panels, &rows, layer->n_in);
    layer->kernels->gemm(z, stride, row_panels, panels, n, stride, layer->n_in, 0);
}

void fdml_dense_gradient(float *dw, const float *x, const float *r, size_t n, int continues,
                         const fdml_dense *layer)
{
    const fdml_conv_outer job = { .dw = dw,
                                  .dw_stride = layer->n_in * LANES,
                                  .n_c = layer->n_in,
                                  .n_out = fdml_dense_blocks(layer->n_out),
                                  .x = x,
                                  .x_row = layer->n_in,
                                  .dy = r,
                                  .dy_stride = LANES,
                                  .dy_row = fdml_dense_stride(layer),
                                  .n_images = 1,
                                  .n_rows = n,
                                  .n_cols = 1,
                                  .continues = continues };
    layer->kernels->conv_outer(&job);
}

/* --- losses ----------------------------------------------------------------------------- */

static float largest_of(const float *z, size_t n)
{
    float most = z[0];
    for (size_t v = 1; v < n; v++) most = z[v] > most ? z[v] : most;
    return most;
}

static double sum_of(const float *z, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t v = 0;
    for (; v + 4 <= n; v += 4) {
        s0 += (double)z[v];
        s1 += (double)z[v + 1];
        s2 += (double)z[v + 2];
        s3 += (double)z[v + 3];
    }
    for (; v < n; v++) s0 += (double)z[v];
    return (s0 + s1) + (s2 + s3);
}

double fdml_cross_entropy(float *z, const fdml_targets *targets, const fdml_dense *layer)
{
    const size_t n = targets->n, n_out = layer->n_out, stride = fdml_dense_stride(layer);
    float own[FDML_DENSE_RUN];
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        float *row = z + i * stride;
        const float most = largest_of(row, n_out);
        for (size_t v = 0; v < n_out; v++) row[v] -= most;
        for (size_t v = n_out; v < stride; v++) row[v] = -INFINITY; /* e to that is 0 */
        own[i] = row[targets->code[targets->row[i]]];
    }
    layer->kernels->exp_rows(z, z, n * stride);
    for (size_t i = 0; i < n; i++) {
        float *row = z + i * stride;
        const uint32_t y = targets->code[targets->row[i]];
        const float weight = targets->weight ? targets->weight[y] : 1;
        const double sum = sum_of(row, n_out);
        const float share = (float)((double)weight / sum);
        for (size_t v = 0; v < n_out; v++) row[v] *= share;
        row[y] -= weight;
        loss += (double)weight * (fdml_log(sum) - (double)own[i]);
    }
    return loss;
}

double fdml_squared_hinge(float *z, const fdml_targets *targets, const fdml_dense *layer)
{
    const size_t n_out = layer->n_out, stride = fdml_dense_stride(layer);
    double loss = 0;
    for (size_t i = 0; i < targets->n; i++) {
        float *row = z + i * stride;
        const uint32_t y = targets->code[targets->row[i]];
        const float weight = targets->weight ? targets->weight[y] : 1, own = 1 - row[y];
        double sum = own > 0 ? (double)own * (double)own : 0;
        row[y] = -1; /* of which the loop below makes nothing */
        for (size_t v = 0; v < n_out; v++) {
            const float over = row[v] > -1 ? 1 + row[v] : 0;
            row[v] = 2 * weight * over;
            sum += (double)over * (double)over;
        }
        row[y] = own > 0 ? -2 * weight * own : 0;
        loss += (double)weight * sum;
        for (size_t v = n_out; v < stride; v++) row[v] = 0;
    }
    return loss;
}

uint32_t fdml_dense_largest(const float *z, size_t n_out)
{
    uint32_t best = 0;
    for (size_t v = 1; v < n_out; v++)
        if (z[v] > z[best]) best = (uint32_t)v;
    return best;
}
