/* op_softmax.c - Softmax, LogSoftmax, Hardmax, LpNormalization: along one axis, or what was
 * one.
 *
 * Specification: 1, 11 (all that follows `axis` is one row) and 13 (the axis alone);
 * LpNormalization 1. A row is gathered, worked on and put back. Exponentials of float32 come
 * from the exp_rows kernel; sums are in double, in order.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "model/ops.h"
#include "model/real.h"

typedef enum row_kind { ROW_SOFTMAX, ROW_LOG_SOFTMAX, ROW_HARDMAX, ROW_NORMALISE } row_kind;

typedef struct row_job {
    row_kind kind;
    const fdml_op_call *call;
    size_t n, inner; /* items of a row, and how far apart they lie */
    int64_t p;
    double *rows;  /* [threads][n] */
    float *floats; /* [threads][n]; NULL unless of float32 */
} row_job;

/* Largest item; NaN where there is one. */
static double largest_of(const double *x, size_t n, size_t *place)
{
    double largest = -INFINITY;
    *place = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > largest || (isnan(x[i]) && !isnan(largest))) {
            largest = x[i];
            *place = i;
        }
    return largest;
}

/* x becomes x - largest, and its exponentials are summed, or stored where asked. */
static double exponentials(const row_job *job, double *x, int thread, double largest,
                           bool is_stored)
{
    double sum = 0;
    if (job->floats) {
        float *f = job->floats + (size_t)thread * job->n;
        for (size_t i = 0; i < job->n; i++) f[i] = (float)(x[i] - largest);
        job->call->kernels->exp_rows(f, f, job->n);
        for (size_t i = 0; i < job->n; i++) {
            sum += (double)f[i];
            x[i] = is_stored ? (double)f[i] : x[i] - largest;
        }
        return sum;
    }
    for (size_t i = 0; i < job->n; i++) {
        const double e = fdml_exp(x[i] - largest);
        sum += e;
        x[i] = is_stored ? e : x[i] - largest;
    }
    return sum;
}

static double norm_of(const double *x, size_t n, int64_t p)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += p == 1 ? fabs(x[i]) : x[i] * x[i];
    return p == 1 ? sum : sqrt(sum);
}

static void work_on_row(const row_job *job, double *x, int thread)
{
    size_t place;
    if (job->kind == ROW_NORMALISE) {
        const double norm = norm_of(x, job->n, job->p);
        for (size_t i = 0; i < job->n; i++) x[i] = norm == 0 ? 0 : x[i] / norm;
        return;
    }
    const double largest = largest_of(x, job->n, &place);
    if (job->kind == ROW_HARDMAX) {
        for (size_t i = 0; i < job->n; i++) x[i] = i == place;
        return;
    }
    const bool is_log = job->kind == ROW_LOG_SOFTMAX;
    const double sum = exponentials(job, x, thread, largest, !is_log);
    const double log_sum = is_log ? fdml_log(sum) : 0;
    for (size_t i = 0; i < job->n; i++) x[i] = is_log ? x[i] - log_sum : x[i] / sum;
}

/* A block is all rows of one index before the axis. */
static void run_block(void *ctx, size_t block, int thread)
{
    const row_job *job = ctx;
    const fdml_tensor *from = job->call->input[0];
    fdml_tensor *to = job->call->output[0];
    double *x = job->rows + (size_t)thread * job->n;
    for (size_t k = 0; k < job->inner; k++) {
        const size_t first = block * job->n * job->inner + k;
        if (job->inner == 1)
            fdml_reals_load(x, from, first, job->n);
        else
            for (size_t i = 0; i < job->n; i++)
                fdml_reals_load(x + i, from, first + i * job->inner, 1);
        work_on_row(job, x, thread);
        if (job->inner == 1)
            fdml_reals_store(to, first, x, job->n);
        else
            for (size_t i = 0; i < job->n; i++)
                fdml_reals_store(to, first + i * job->inner, x + i, 1);
    }
}

static bool is_whole_tail(const fdml_op_call *call, row_kind kind)
{
    return kind != ROW_NORMALISE && call->node->opset < 13;
}

static fdml_status get_axis(int *axis, const fdml_op_call *call, row_kind kind, fdml_error *err)
{
    const bool is_tail = is_whole_tail(call, kind);
    const int rank = call->input[0]->rank;
    const int64_t value = fdml_node_int(call->node, "axis", is_tail ? 1 : -1);
    if (is_tail && value == rank) { /* "[0, rank]" of the flattening: rows of one item */
        *axis = rank;
        return FDML_OK;
    }
    return fdml_op_axis(call, axis, value, rank, err);
}

static fdml_status infer(const fdml_op_call *call, row_kind kind, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const int64_t p = fdml_node_int(call->node, "p", 2);
    int axis;
    FDML_TRY(fdml_op_check_real(call, 0, err));
    FDML_TRY(get_axis(&axis, call, kind, err));
    if (kind == ROW_NORMALISE && p != 1 && p != 2)
        return fdml_op_fail(call, err, FDML_E_DATA, "p is %lld, expected 1 or 2", (long long)p);
    return fdml_op_set(call, 0, x->type, x->rank, x->dim, err);
}

static fdml_status run(const fdml_op_call *call, row_kind kind, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    int axis;
    FDML_TRY(get_axis(&axis, call, kind, err));
    if (!x->n_items) return FDML_OK;
    row_job job = {
        .kind = kind, .call = call, .n = 1, .inner = 1, .p = fdml_node_int(call->node, "p", 2)
    };
    for (int i = axis; i < x->rank; i++)
        *(i == axis || is_whole_tail(call, kind) ? &job.n : &job.inner) *= x->dim[i];
    FDML_TRY(fdml_op_scratch(call, &job.rows, n_threads * job.n, sizeof *job.rows, err));
    if (x->type == FDML_TYPE_F32)
        FDML_TRY(
            fdml_op_scratch(call, &job.floats, n_threads * job.n, sizeof *job.floats, err));
    fdml_parallel(x->n_items / (job.n * job.inner), call->n_threads, run_block, &job);
    return FDML_OK;
}

fdml_status fdml_infer_softmax(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, ROW_SOFTMAX, err);
}

fdml_status fdml_run_softmax(const fdml_op_call *call, fdml_error *err)
{
    return run(call, ROW_SOFTMAX, err);
}

fdml_status fdml_run_log_softmax(const fdml_op_call *call, fdml_error *err)
{
    return run(call, ROW_LOG_SOFTMAX, err);
}

fdml_status fdml_run_hardmax(const fdml_op_call *call, fdml_error *err)
{
    return run(call, ROW_HARDMAX, err);
}

fdml_status fdml_infer_lp_normalization(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, ROW_NORMALISE, err);
}

fdml_status fdml_run_lp_normalization(const fdml_op_call *call, fdml_error *err)
{
    return run(call, ROW_NORMALISE, err);
}
