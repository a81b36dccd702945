/* op_lrn.c - LRN, local response normalisation across channels.
 *
 * Specification: LRN 1, 13: y = x / (bias + alpha / size * sum of squares)^beta, the sum over
 * `size` channels round the item's own, as far as there are any.
 * SPDX-License-Identifier: MIT */
#include "base/parallel.h"
#include "model/ops.h"
#include "model/real.h"

typedef struct lrn_job {
    const fdml_tensor *x;
    fdml_tensor *y;
    size_t channels, n;   /* n: items of a plane */
    size_t before, after; /* channels of the sum on either side */
    double alpha, beta, bias;
    double *rows; /* [threads][3][BLOCK] */
} lrn_job;

enum { BLOCK = 512 };

fdml_status fdml_infer_lrn(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    char text[FDML_SHAPE_TEXT];
    FDML_TRY(fdml_op_check_real(call, 0, err));
    if (x->rank < 2)
        return fdml_op_fail(call, err, FDML_E_DATA, "the input's shape %s is not [N,C,...]",
                            fdml_tensor_shape_text(x, text));
    const int64_t size = fdml_node_int(call->node, "size", 0);
    if (size < 1)
        return fdml_op_fail(call, err, FDML_E_DATA, "size is %lld, expected 1 or more",
                            (long long)size);
    return fdml_op_set(call, 0, x->type, x->rank, x->dim, err);
}

/* A block is one plane. */
static void run_plane(void *ctx, size_t plane, int thread)
{
    const lrn_job *job = ctx;
    double *x = job->rows + (size_t)thread * 3 * BLOCK, *sum = x + BLOCK, *other = sum + BLOCK;
    const size_t c = plane % job->channels;
    const size_t first = plane - (c < job->before ? c : job->before);
    const size_t left = job->channels - 1 - c;
    const size_t last = plane + (left < job->after ? left : job->after);
    for (size_t i0 = 0; i0 < job->n; i0 += BLOCK) {
        const size_t n = job->n - i0 < BLOCK ? job->n - i0 : BLOCK;
        fdml_reals_load(x, job->x, plane * job->n + i0, n);
        for (size_t i = 0; i < n; i++) sum[i] = 0;
        for (size_t k = first; k <= last; k++) {
            fdml_reals_load(other, job->x, k * job->n + i0, n);
            for (size_t i = 0; i < n; i++) sum[i] += other[i] * other[i];
        }
        for (size_t i = 0; i < n; i++)
            x[i] /= fdml_real_pow(job->bias + job->alpha * sum[i], job->beta);
        fdml_reals_store(job->y, plane * job->n + i0, x, n);
    }
}

fdml_status fdml_run_lrn(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const fdml_node *node = call->node;
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    const size_t size = (size_t)fdml_node_int(node, "size", 1);
    lrn_job job = { .x = x,
                    .y = call->output[0],
                    .channels = x->dim[1],
                    .n = 1,
                    .before = (size - 1) / 2,
                    .after = size / 2,
                    .alpha = (double)fdml_node_float(node, "alpha", 1e-4f) / (double)size,
                    .beta = (double)fdml_node_float(node, "beta", 0.75f),
                    .bias = (double)fdml_node_float(node, "bias", 1) };
    for (int i = 2; i < x->rank; i++) job.n *= x->dim[i];
    FDML_TRY(fdml_op_scratch(call, &job.rows, n_threads * 3, BLOCK * sizeof *job.rows, err));
    fdml_parallel(x->dim[0] * job.channels, call->n_threads, run_plane, &job);
    return FDML_OK;
}
