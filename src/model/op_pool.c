/* op_pool.c - MaxPool, AveragePool, LpPool, and their global forms.
 *
 * Specification: MaxPool 1, 8, 10, 11, 12; AveragePool 1, 7, 10, 11, 19; LpPool 2, 11, 18;
 * GlobalAveragePool 1, GlobalMaxPool 1, GlobalLpPool 2. A plane is converted to double, pooled
 * and converted back, so one walk serves every type. The last axis is innermost; the others are
 * walked by an odometer, so that any rank is the same code.
 *
 * What the specification leaves open: a NaN wins a maximum (a broken input stays visible); of
 * equal maxima the first in row-major order gives the index; padding that only ceil_mode adds
 * is not counted, whatever count_include_pad says.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/parallel.h"
#include "model/conv_shape.h"
#include "model/ops.h"
#include "model/real.h"

typedef enum pool_kind { POOL_MAX, POOL_MEAN, POOL_NORM } pool_kind;

typedef struct pool_job {
    pool_kind kind;
    fdml_window window;
    const fdml_tensor *x;
    fdml_tensor *y;
    int64_t *index; /* MaxPool's second output, or NULL */
    bool index_is_column_major, counts_padding;
    double p;       /* of the norm */
    double least;   /* the type's: what a maximum starts from */
    double *planes; /* [threads][n_in + n_out] */
} pool_job;

/* What a window sees along one axis: taps first .. first+n-1 at items from `start` on. */
typedef struct pool_span {
    int64_t start;   /* item of the first tap that is inside */
    size_t n;        /* taps inside the input */
    size_t n_padded; /* taps inside the input or its padding */
} pool_span;

static int64_t div_up(int64_t a, int64_t b) /* b > 0 */
{
    return a > 0 ? (a + b - 1) / b : 0;
}

static pool_span span_of(const fdml_window *w, int axis, size_t o)
{
    const int64_t in = (int64_t)w->in[axis], step = (int64_t)w->dilation[axis];
    const int64_t taps = (int64_t)w->kernel[axis];
    const int64_t at = (int64_t)(o * w->stride[axis]) - w->pad_begin[axis];
    int64_t first = div_up(-at, step), end = div_up(in - at, step);
    int64_t padded = div_up(in + w->pad_end[axis] - at, step);
    if (first > taps) first = taps;
    if (end > taps) end = taps;
    if (padded > taps) padded = taps;
    return (pool_span){ at + first * step, end > first ? (size_t)(end - first) : 0,
                        (size_t)padded };
}

typedef struct pool_sum {
    double value;
    size_t at; /* of the maximum, in the plane */
} pool_sum;

static void take(pool_sum *sum, const pool_job *job, const double *x, size_t at)
{
    const double value = x[at];
    switch (job->kind) {
    case POOL_MAX:
        if (value > sum->value || sum->at == SIZE_MAX || (isnan(value) && !isnan(sum->value)))
            *sum = (pool_sum){ value, at };
        break;
    case POOL_MEAN:
        sum->value += value;
        break;
    case POOL_NORM:
        sum->value += fdml_real_pow(fabs(value), job->p);
        break;
    }
}

static pool_sum pool_window(const pool_job *job, const double *x, const pool_span *span)
{
    const fdml_window *w = &job->window;
    const int last = w->n - 1;
    pool_sum sum = { job->kind == POOL_MAX ? job->least : 0, SIZE_MAX };
    for (int d = 0; d <= last; d++)
        if (!span[d].n) return sum;
    size_t step[FDML_MAX_SPATIAL] = { 0 };
    for (;;) {
        size_t row = 0;
        for (int d = 0; d < last; d++)
            row = (row + (size_t)span[d].start + step[d] * w->dilation[d]) * w->in[d + 1];
        for (size_t t = 0; t < span[last].n; t++)
            take(&sum, job, x, row + (size_t)span[last].start + t * w->dilation[last]);
        int d = last - 1;
        while (d >= 0 && ++step[d] == span[d].n) step[d--] = 0;
        if (d < 0) return sum;
    }
}

static double finish(const pool_job *job, const pool_span *span, double value)
{
    size_t n = 1;
    if (job->kind == POOL_NORM) return fdml_real_pow(value, 1 / job->p);
    if (job->kind == POOL_MAX) return value;
    for (int d = 0; d < job->window.n; d++)
        n *= job->counts_padding ? span[d].n_padded : span[d].n;
    return value / (double)n;
}

/* The place of the maximum in the whole tensor, as `Indices` counts. */
static int64_t index_of(const pool_job *job, size_t plane, size_t at)
{
    const fdml_window *w = &job->window;
    if (at == SIZE_MAX) return -1; /* dilation steps over all of a tiny input */
    if (!job->index_is_column_major) return (int64_t)(plane * w->n_in + at);
    size_t place = 0, stride = w->n_in;
    for (int d = w->n - 1; d >= 0; d--) {
        stride /= w->in[d];
        place += at % w->in[d] * stride;
        at /= w->in[d];
    }
    return (int64_t)(plane * w->n_in + place);
}

static void run_plane(void *ctx, size_t plane, int thread)
{
    const pool_job *job = ctx;
    const fdml_window *w = &job->window;
    double *x = job->planes + (size_t)thread * (w->n_in + w->n_out), *y = x + w->n_in;
    size_t o[FDML_MAX_SPATIAL] = { 0 };
    pool_span span[FDML_MAX_SPATIAL];
    for (int d = 0; d < w->n; d++) span[d] = span_of(w, d, 0);
    fdml_reals_load(x, job->x, plane * w->n_in, w->n_in);
    for (size_t i = 0; i < w->n_out; i++) {
        const pool_sum sum = pool_window(job, x, span);
        y[i] = finish(job, span, sum.value);
        if (job->index) job->index[plane * w->n_out + i] = index_of(job, plane, sum.at);
        for (int d = w->n - 1; d >= 0; d--) {
            o[d] = o[d] + 1 < w->out[d] ? o[d] + 1 : 0;
            span[d] = span_of(w, d, o[d]);
            if (o[d]) break;
        }
    }
    fdml_reals_store(job->y, plane * w->n_out, y, w->n_out);
}

static double least_of(fdml_type type)
{
    return type == FDML_TYPE_U8 ? 0 : type == FDML_TYPE_I8 ? INT8_MIN : -INFINITY;
}

static fdml_status run(const fdml_op_call *call, pool_kind kind, bool is_global,
                       fdml_error *err)
{
    fdml_tensor *index = kind == POOL_MAX ? fdml_op_output(call, 1) : NULL;
    fdml_tensor unasked; /* only the index was asked for */
    const fdml_node *node = call->node;
    pool_job job = { .kind = kind,
                     .x = call->input[0],
                     .y = call->output[0],
                     .index = index ? index->data : NULL,
                     .index_is_column_major = fdml_node_int(node, "storage_order", 0) != 0,
                     .counts_padding = fdml_node_int(node, "count_include_pad", 0) != 0,
                     .p = (double)fdml_node_int(node, "p", 2),
                     .least = least_of(call->input[0]->type) };
    FDML_TRY(is_global ? fdml_pool_whole(&job.window, call, err)
                       : fdml_pool_shape(&job.window, call, err));
    const size_t n_planes = job.x->dim[0] * job.x->dim[1];
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    if (!job.y) {
        unasked = *index;
        unasked.type = job.x->type;
        FDML_TRY(fdml_op_scratch(call, &unasked.data, unasked.n_items,
                                 fdml_type_size(unasked.type), err));
        job.y = &unasked;
    }
    FDML_TRY(fdml_op_scratch(call, &job.planes, n_threads,
                             (job.window.n_in + job.window.n_out) * sizeof *job.planes, err));
    fdml_parallel(n_planes, call->n_threads, run_plane, &job);
    return FDML_OK;
}

static fdml_status infer(const fdml_op_call *call, pool_kind kind, bool is_global,
                         fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const bool is_byte = x->type == FDML_TYPE_U8 || x->type == FDML_TYPE_I8;
    fdml_window w;
    if (kind != POOL_MAX || is_global || !is_byte) FDML_TRY(fdml_op_check_real(call, 0, err));
    FDML_TRY(is_global ? fdml_pool_whole(&w, call, err) : fdml_pool_shape(&w, call, err));
    if (kind == POOL_NORM && fdml_node_int(call->node, "p", 2) < 1)
        return fdml_op_fail(call, err, FDML_E_DATA, "p is %lld, expected 1 or more",
                            (long long)fdml_node_int(call->node, "p", 2));
    size_t dim[FDML_MAX_RANK] = { x->dim[0], x->dim[1] };
    for (int i = 0; i < w.n; i++) dim[i + 2] = w.out[i];
    FDML_TRY(fdml_op_set(call, 0, x->type, x->rank, dim, err));
    return fdml_op_set(call, 1, FDML_TYPE_I64, x->rank, dim, err);
}

fdml_status fdml_infer_max_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_MAX, false, err);
}

fdml_status fdml_run_max_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_MAX, false, err);
}

fdml_status fdml_infer_average_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_MEAN, false, err);
}

fdml_status fdml_run_average_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_MEAN, false, err);
}

fdml_status fdml_infer_lp_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_NORM, false, err);
}

fdml_status fdml_run_lp_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_NORM, false, err);
}

fdml_status fdml_infer_global_max_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_MAX, true, err);
}

fdml_status fdml_run_global_max_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_MAX, true, err);
}

fdml_status fdml_infer_global_average_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_MEAN, true, err);
}

fdml_status fdml_run_global_average_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_MEAN, true, err);
}

fdml_status fdml_infer_global_lp_pool(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, POOL_NORM, true, err);
}

fdml_status fdml_run_global_lp_pool(const fdml_op_call *call, fdml_error *err)
{
    return run(call, POOL_NORM, true, err);
}
