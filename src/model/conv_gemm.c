/* conv_gemm.c - convolution of float32 by gathered windows and gemm. See conv_direct.h.
 *
 * The rows of A are filters, the columns of B output positions; B is gathered from the input
 * straight into gemm's panels, K_CHUNK steps at a time, so that scratch does not grow with the
 * window. Each CHAIN steps start from zero, and their sum is added to the output: with chains
 * of 128 a face network's outputs are 1.3 times as far from the exact ones (root mean square
 * over 50 layers, against double), with chains of 16 no nearer.
 * SPDX-License-Identifier: MIT */
#include "model/conv_direct.h"

#include <string.h>

#include "base/parallel.h"
#include "model/real.h"

/* K_CHUNK x 256 gathered floats and ROW_BLOCK x 256 sums are 128 KiB each and stay in a
 * second-level cache; 120 is a multiple of 5, 6 and 8, the tile heights. */
enum { K_CHUNK = 128, CHAIN = 32, ROW_BLOCK = 120 };

typedef struct float_job {
    const fdml_conv *conv;
    const fdml_kernels *kernels;
    const float *x, *w; /* w: [filters, channels / groups * taps], any alignment */
    const unsigned char *bias;
    float *y;
    float *packed;       /* [groups][chain][panels of filters] */
    size_t k, rows;      /* of a group; rows rounded up to whole panels */
    size_t n_chains;     /* of k */
    size_t n_row_blocks; /* of a group's filters */
    size_t n_blocks;     /* of a plane's positions */
    float *scratch;      /* for each thread: gathered panels, then sums */
    size_t gathered_floats, sum_floats;
    fdml_conv_block *at; /* for each thread */
} float_job;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void pack_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const float_job *job = ctx;
    const size_t group = block / job->n_chains, k0 = block % job->n_chains * CHAIN;
    const size_t filters = job->conv->filters / job->conv->groups;
    const fdml_rows rows = { .x = job->w + group * filters * job->k + k0,
                             .stride = job->k,
                             .n = filters };
    job->kernels->pack_a(job->packed + group * job->rows * job->k + k0 * job->rows, &rows,
                         smaller(CHAIN, job->k - k0));
}

/* Do the panel's positions see `width` items in a row? Then they are copied at once. */
static bool is_run(const int64_t *index, size_t width)
{
    for (size_t j = 0; j < width; j++)
        if (index[j] != index[0] + (int64_t)j || index[j] < 0) return false;
    return true;
}

/* One row of a panel. */
static void gather_row(float *to, const float *x, const int64_t *index, size_t width, bool run)
{
    if (run) {
        memcpy(to, x + index[0], width * sizeof *to);
        return;
    }
    for (size_t j = 0; j < width; j++) {
        if (index[j] >= 0)
            memcpy(to + j, x + index[j], sizeof *to);
        else
            to[j] = 0;
    }
}

/* First channel whose row of tap t is not before step k. */
static size_t channel_from(size_t k, size_t t, size_t taps)
{
    return k > t ? (k - t + taps - 1) / taps : 0;
}

/* Steps k[0] .. k[1]-1 of B for the block's positions, x being the group's first plane: for
 * each CHAIN steps, panels of `width` positions. */
static void gather(float *b, fdml_conv_block *at, const float *x, const size_t k[2],
                   size_t width)
{
    const size_t taps = at->conv->window.n_taps, n_in = at->conv->window.n_in;
    const size_t n = at->n, padded = (n + width - 1) / width * width;
    for (size_t t = 0; t < taps; t++) {
        const size_t c0 = channel_from(k[0], t, taps), c1 = channel_from(k[1], t, taps);
        if (c0 >= c1) continue;
        fdml_conv_block_tap(at, t);
        for (size_t j = n; j < padded; j++) at->index[j] = -1;
        for (size_t j = 0; j < padded; j += width) {
            const bool run = is_run(at->index + j, width);
            for (size_t c = c0; c < c1; c++) {
                const size_t step = c * taps + t - k[0], start = step / CHAIN * CHAIN;
                const size_t depth = smaller(CHAIN, k[1] - k[0] - start);
                gather_row(b + start * padded + j * depth + (step - start) * width,
                           x + c * n_in, at->index + j, width, run);
            }
        }
    }
}

static void start_rows(const float_job *job, float *c, size_t first_filter, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++) {
        float start = 0;
        if (job->bias)
            memcpy(&start, job->bias + (first_filter + i) * sizeof start, sizeof start);
        float *row = c + i * job->conv->window.n_out;
        for (size_t j = 0; j < n; j++) row[j] = start;
    }
}

static void add_sums(float *c, size_t stride, const float *sums, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++, c += stride, sums += n)
        for (size_t j = 0; j < n; j++) c[j] += sums[j];
}

/* One block: some filters of a group at some positions of an image. */
static void run_block(void *ctx, size_t block, int thread)
{
    const float_job *job = ctx;
    const fdml_conv *conv = job->conv;
    const size_t n_out = conv->window.n_out, filters = conv->filters / conv->groups;
    const size_t p0 = block % job->n_blocks * FDML_CONV_BLOCK;
    block /= job->n_blocks;
    const size_t r0 = block % job->n_row_blocks * ROW_BLOCK;
    block /= job->n_row_blocks;
    const size_t group = block % conv->groups, image = block / conv->groups;
    const size_t n = smaller(FDML_CONV_BLOCK, n_out - p0);
    const size_t m = smaller(ROW_BLOCK, filters - r0);
    const size_t first_filter = group * filters + r0;
    const float *x =
        job->x +
        (image * conv->channels + group * (conv->channels / conv->groups)) * conv->window.n_in;
    float *c = job->y + (image * conv->filters + first_filter) * n_out + p0;
    float *b = job->scratch + (size_t)thread * (job->gathered_floats + job->sum_floats);
    float *sums = b + job->gathered_floats;
    fdml_conv_block *at = job->at + thread;
    fdml_conv_block_init(at, conv, p0, n);
    start_rows(job, c, first_filter, m, n);
    const size_t width = job->kernels->tile_cols, padded = (n + width - 1) / width * width;
    for (size_t k0 = 0; k0 < job->k; k0 += CHAIN) {
        const size_t depth = smaller(CHAIN, job->k - k0), in_chunk = k0 % K_CHUNK;
        const float *a = job->packed + group * job->rows * job->k + k0 * job->rows + r0 * depth;
        if (!in_chunk)
            gather(b, at, x, (const size_t[]){ k0, smaller(k0 + K_CHUNK, job->k) }, width);
        job->kernels->gemm(sums, n, a, b + in_chunk * padded, m, n, depth, 0);
        add_sums(c, n_out, sums, m, n);
    }
}

/* Weights of a transposed convolution, [channels, filters, taps], with filters outermost. */
static fdml_status turn_weights(float_job *job, const fdml_op_call *call, fdml_error *err)
{
    const fdml_conv *conv = job->conv;
    const size_t taps = conv->window.n_taps, channels = conv->channels / conv->groups;
    const size_t filters = conv->filters / conv->groups;
    const unsigned char *from = call->input[1]->data;
    float *turned = NULL;
    FDML_TRY(fdml_op_scratch(call, &turned, call->input[1]->n_items, sizeof *turned, err));
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t c = 0; c < channels; c++)
            for (size_t f = 0; f < filters; f++, from += taps * sizeof *turned)
                memcpy(turned + ((g * filters + f) * channels + c) * taps, from,
                       taps * sizeof *turned);
    job->w = turned;
    return FDML_OK;
}

fdml_status fdml_conv_float(const fdml_conv *conv, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *bias = fdml_op_input(call, 2);
    if (!call->output[0]->n_items) return FDML_OK;
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    const size_t filters = conv->filters / conv->groups;
    const fdml_kernels *kernels = call->kernels;
    float_job job = { .conv = conv,
                      .kernels = kernels,
                      .x = call->input[0]->data,
                      .w = call->input[1]->data,
                      .bias = bias ? bias->data : NULL,
                      .y = call->output[0]->data };
    if (conv->is_transposed) FDML_TRY(turn_weights(&job, call, err));
    job.k = conv->channels / conv->groups * conv->window.n_taps;
    job.rows = fdml_panels_size(filters, 1, kernels->tile_rows);
    job.n_chains = (job.k + CHAIN - 1) / CHAIN;
    job.n_row_blocks = (filters + ROW_BLOCK - 1) / ROW_BLOCK;
    job.n_blocks = (conv->window.n_out + FDML_CONV_BLOCK - 1) / FDML_CONV_BLOCK;
    job.gathered_floats =
        fdml_panels_size(FDML_CONV_BLOCK, smaller(K_CHUNK, job.k), kernels->tile_cols);
    FDML_TRY(fdml_op_scratch(call, &job.packed, conv->groups * job.rows * job.k,
                             sizeof *job.packed, err));
    job.sum_floats = smaller(ROW_BLOCK, filters) * smaller(FDML_CONV_BLOCK, conv->window.n_out);
    FDML_TRY(fdml_op_scratch(call, &job.scratch,
                             n_threads * (job.gathered_floats + job.sum_floats),
                             sizeof *job.scratch, err));
    FDML_TRY(fdml_op_scratch(call, &job.at, n_threads, sizeof *job.at, err));
    fdml_parallel(conv->groups * job.n_chains, call->n_threads, pack_block, &job);
    fdml_parallel(conv->batch * conv->groups * job.n_row_blocks * job.n_blocks, call->n_threads,
                  run_block, &job);
    return FDML_OK;
}
