/* conv_direct.c - where windows look, and convolution in double. See conv_direct.h.
 *
 * A transposed convolution is computed from its outputs' side: output o sees input i through
 * tap t where i * stride + t * dilation == o + pad_begin. That costs stride^n times the
 * multiplications of scattering, and needs no order of additions between threads.
 * SPDX-License-Identifier: MIT */
#include "model/conv_direct.h"

#include "base/parallel.h"
#include "model/real.h"

void fdml_conv_block_init(fdml_conv_block *block, const fdml_conv *conv, size_t first, size_t n)
{
    const fdml_window *w = &conv->window;
    block->conv = conv;
    block->n = n;
    for (size_t j = 0; j < n; j++) {
        size_t rest = first + j;
        for (int d = w->n - 1; d >= 0; d--) {
            const int64_t o = (int64_t)(rest % w->out[d]);
            rest /= w->out[d];
            block->origin[d][j] = conv->is_transposed
                                      ? o + w->pad_begin[d]
                                      : o * (int64_t)w->stride[d] - w->pad_begin[d];
        }
    }
}

void fdml_conv_block_tap(fdml_conv_block *block, size_t tap)
{
    const fdml_window *w = &block->conv->window;
    const bool transposed = block->conv->is_transposed;
    int64_t *index = block->index, plane = 1;
    for (size_t j = 0; j < block->n; j++) index[j] = 0;
    for (int d = w->n - 1; d >= 0; d--) {
        const int64_t shift = (int64_t)(tap % w->kernel[d] * w->dilation[d]);
        const int64_t in = (int64_t)w->in[d], stride = (int64_t)w->stride[d];
        const int64_t *origin = block->origin[d];
        tap /= w->kernel[d];
        for (size_t j = 0; j < block->n; j++) {
            int64_t i = transposed ? origin[j] - shift : origin[j] + shift;
            bool is_inside = i >= 0 && index[j] >= 0;
            if (transposed && is_inside && stride > 1) {
                is_inside = i % stride == 0;
                i /= stride;
            }
            index[j] = is_inside && i < in ? index[j] + i * plane : -1;
        }
        plane *= in;
    }
}

enum { BLOCK = 64 };

typedef struct double_job {
    const fdml_conv *conv;
    const double *x, *w, *bias; /* bias may be NULL */
    fdml_tensor *y;
    size_t n_blocks; /* of a plane */
} double_job;

/* acc[j] += the products of one filter with what the block's positions see. */
static void add_filter(double *acc, fdml_conv_block *at, const double *x, const double *w,
                       size_t filter_in_group)
{
    const fdml_conv *conv = at->conv;
    const size_t taps = conv->window.n_taps, channels = conv->channels / conv->groups;
    const size_t filters = conv->filters / conv->groups;
    for (size_t t = 0; t < taps; t++) {
        fdml_conv_block_tap(at, t);
        for (size_t c = 0; c < channels; c++) {
            const size_t row = conv->is_transposed ? c * filters + filter_in_group
                                                   : filter_in_group * channels + c;
            const double weight = w[row * taps + t], *plane = x + c * conv->window.n_in;
            for (size_t j = 0; j < at->n; j++)
                if (at->index[j] >= 0) acc[j] += weight * plane[at->index[j]];
        }
    }
}

/* A block is up to BLOCK positions of one output plane. */
static void run_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const double_job *job = ctx;
    const fdml_conv *conv = job->conv;
    const size_t plane = block / job->n_blocks, first = block % job->n_blocks * BLOCK;
    const size_t n_out = conv->window.n_out, n = n_out - first < BLOCK ? n_out - first : BLOCK;
    const size_t image = plane / conv->filters, filter = plane % conv->filters;
    const size_t channels = conv->channels / conv->groups;
    const size_t filters = conv->filters / conv->groups, group = filter / filters;
    fdml_conv_block at;
    fdml_conv_block_init(&at, conv, first, n);
    double acc[BLOCK];
    for (size_t j = 0; j < n; j++) acc[j] = job->bias ? job->bias[filter] : 0;
    const double *x = job->x + (image * conv->channels + group * channels) * conv->window.n_in;
    const double *w = job->w + group * filters * channels * conv->window.n_taps;
    add_filter(acc, &at, x, w, filter % filters);
    fdml_reals_store(job->y, plane * n_out + first, acc, n);
}

fdml_status fdml_conv_double(const fdml_conv *conv, const fdml_op_call *call, fdml_error *err)
{
    double_job job = { .conv = conv, .y = call->output[0] };
    FDML_TRY(fdml_reals_of(&job.x, call->input[0], call, err));
    FDML_TRY(fdml_reals_of(&job.w, call->input[1], call, err));
    FDML_TRY(fdml_reals_of(&job.bias, fdml_op_input(call, 2), call, err));
    job.n_blocks = (conv->window.n_out + BLOCK - 1) / BLOCK;
    fdml_parallel(conv->batch * conv->filters * job.n_blocks, call->n_threads, run_block, &job);
    return FDML_OK;
}
