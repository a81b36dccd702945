/* dense.c - see dense.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/dense.h"

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

void fdml_dense_gradient(float *dw, const float *x, const float *r, size_t n,
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
                                  .n_cols = 1 };
    layer->kernels->conv_outer(&job);
}

/* Rows of x side by side: panels of `width` columns, missing ones 0. */
static void pack_columns(float *panels, const float *x, size_t n, size_t n_cols, size_t stride,
                         size_t width)
{
    for (size_t first = 0; first < n_cols; first += width, panels += n * width) {
        const size_t n_here = n_cols - first < width ? n_cols - first : width;
        for (size_t i = 0; i < n; i++) {
            memcpy(panels + i * width, x + i * stride + first, n_here * sizeof *x);
            memset(panels + i * width + n_here, 0, (width - n_here) * sizeof *x);
        }
    }
}

size_t fdml_dense_outer_panels(const fdml_dense *layer, size_t n)
{
    return fdml_panels_size(layer->n_in, n, layer->kernels->tile_rows) +
           fdml_dense_stride(layer) * n;
}

void fdml_dense_outer(float *dw, const float *x, const float *r, size_t n, int continues,
                      float *panels, const fdml_dense *layer)
{
    const fdml_kernels *k = layer->kernels;
    const size_t stride = fdml_dense_stride(layer);
    float *of_r = panels + fdml_panels_size(layer->n_in, n, k->tile_rows);
    pack_columns(panels, x, n, layer->n_in, layer->n_in, k->tile_rows);
    pack_columns(of_r, r, n, stride, stride, k->tile_cols);
    k->gemm(dw, stride, panels, of_r, layer->n_in, stride, n, continues);
}

/* --- losses ----------------------------------------------------------------------------- */

double fdml_cross_entropy(float *z, const fdml_targets *targets, const fdml_dense *layer)
{
    const size_t n = targets->n, stride = fdml_dense_stride(layer);
    float own[FDML_DENSE_RUN], most[FDML_DENSE_RUN], sum[FDML_DENSE_RUN];
    double loss = 0;
    for (size_t i = 0; i < n; i++) own[i] = z[i * stride + targets->code[targets->row[i]]];
    layer->kernels->softmax_rows(z, most, sum, n, layer->n_out, stride, targets->weight);
    for (size_t i = 0; i < n; i++) {
        const float weight = targets->weight ? targets->weight[i] : 1;
        z[i * stride + targets->code[targets->row[i]]] -= weight;
        loss +=
            (double)weight * (fdml_log((double)sum[i]) - ((double)own[i] - (double)most[i]));
    }
    return loss;
}

/* A row's own value is taken out of the kernel's sums by an output of which they make 0. */
double fdml_squared_hinge(float *z, const fdml_targets *targets, const fdml_dense *layer)
{
    const size_t n = targets->n, stride = fdml_dense_stride(layer);
    float own[FDML_DENSE_RUN], sum[FDML_DENSE_RUN];
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        float *at = z + i * stride + targets->code[targets->row[i]];
        own[i] = *at < 1 ? 1 - *at : 0;
        *at = -1;
    }
    layer->kernels->hinge_rows(z, sum, n, layer->n_out, stride, targets->weight);
    for (size_t i = 0; i < n; i++) {
        const float weight = targets->weight ? targets->weight[i] : 1;
        z[i * stride + targets->code[targets->row[i]]] = -2 * weight * own[i];
        loss += (double)weight * ((double)sum[i] + (double)own[i] * (double)own[i]);
    }
    return loss;
}

double fdml_logistic_loss(float *z, const fdml_targets *targets, const fdml_dense *layer)
{
    const size_t stride = fdml_dense_stride(layer);
    double loss = 0;
    for (size_t i = 0; i < targets->n; i++) {
        const double weight = targets->weight ? (double)targets->weight[i] : 1;
        const double at = (double)z[i * stride], y = targets->code[targets->row[i]];
        const double e = fdml_exp(at < 0 ? at : -at), odds = 1 / (1 + e);
        loss += weight * ((at > 0 ? at : 0) - at * y + fdml_log(1 + e));
        z[i * stride] = (float)(weight * ((at < 0 ? e * odds : odds) - y));
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
