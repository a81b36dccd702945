/* op_batch_norm.c - BatchNormalization.
 *
 * Specification: 6, 7, 9, 14, 15. In inference y = (x - mean) * scale / sqrt(var + epsilon) + b
 * with the given mean and variance, of a channel or, with `spatial` 0 (before 9), of each place
 * of a channel. In training (attribute training_mode from 14 on; before that, where outputs
 * beyond the first are asked for) mean and variance are those of the batch, and
 * running = given * momentum + batch * (1 - momentum). All of it in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/parallel.h"
#include "model/ops.h"
#include "model/real.h"

typedef struct norm_job {
    const fdml_tensor *x;
    fdml_tensor *y;
    size_t batch, n_groups, n; /* x is [batch, n_groups, n]: n items share a mean */
    const double *scale, *shift, *mean, *var;
    double *batch_mean, *batch_var; /* training: [n_groups] */
    double epsilon;
    double *rows; /* [threads][n] */
} norm_job;

static bool is_training(const fdml_op_call *call)
{
    if (call->node->opset >= 14) return fdml_node_int(call->node, "training_mode", 0) != 0;
    if (call->node->opset < 7 && fdml_node_int(call->node, "is_test", 0)) return false;
    for (size_t i = 1; i < call->n_outputs; i++)
        if (call->output[i]) return true;
    return false;
}

static bool is_spatial(const fdml_op_call *call)
{
    return call->node->opset >= 9 || fdml_node_int(call->node, "spatial", 1) != 0;
}

/* Items of scale, bias, mean and variance. A one-dimensional input is one channel. */
static size_t count_groups(const fdml_op_call *call)
{
    const fdml_tensor *x = call->input[0];
    size_t n = x->rank > 1 ? x->dim[1] : 1;
    if (!is_spatial(call))
        for (int i = 2; i < x->rank; i++) n *= x->dim[i];
    return n;
}

fdml_status fdml_infer_batch_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    char text[FDML_SHAPE_TEXT], x_text[FDML_SHAPE_TEXT];
    if (!x->rank) return fdml_op_fail(call, err, FDML_E_DATA, "the input is a scalar");
    const size_t n = count_groups(call);
    for (size_t i = 0; i < 5; i++) {
        const fdml_tensor *input = fdml_op_input(call, i);
        if (!input) return fdml_op_fail(call, err, FDML_E_DATA, "input %zu is missing", i);
        FDML_TRY(fdml_op_check_real(call, i, err));
        if (i && input->n_items != n)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "input %zu has shape %s, expected %zu items for an input of %s",
                                i, fdml_tensor_shape_text(input, text), n,
                                fdml_tensor_shape_text(x, x_text));
    }
    FDML_TRY(fdml_op_set(call, 0, x->type, x->rank, x->dim, err));
    for (size_t i = 1; i < 5; i++)
        FDML_TRY(fdml_op_set(call, i, call->input[3]->type, call->input[3]->rank,
                             call->input[3]->dim, err));
    return FDML_OK;
}

/* Mean and variance of one group over the batch; two passes, as the variance's terms would
 * otherwise cancel. */
static void measure_group(void *ctx, size_t group, int thread)
{
    const norm_job *job = ctx;
    double *row = job->rows + (size_t)thread * job->n, sum = 0, squares = 0;
    const double count = (double)job->batch * (double)job->n;
    for (size_t b = 0; b < job->batch; b++) {
        fdml_reals_load(row, job->x, (b * job->n_groups + group) * job->n, job->n);
        for (size_t i = 0; i < job->n; i++) sum += row[i];
    }
    const double mean = sum / count;
    for (size_t b = 0; b < job->batch; b++) {
        fdml_reals_load(row, job->x, (b * job->n_groups + group) * job->n, job->n);
        for (size_t i = 0; i < job->n; i++) squares += (row[i] - mean) * (row[i] - mean);
    }
    job->batch_mean[group] = mean;
    job->batch_var[group] = squares / count;
}

static void apply_row(void *ctx, size_t block, int thread)
{
    const norm_job *job = ctx;
    const size_t group = block % job->n_groups;
    const double factor = job->scale[group] / sqrt(job->var[group] + job->epsilon);
    const double mean = job->mean[group], shift = job->shift[group];
    double *row = job->rows + (size_t)thread * job->n;
    fdml_reals_load(row, job->x, block * job->n, job->n);
    for (size_t i = 0; i < job->n; i++) row[i] = (row[i] - mean) * factor + shift;
    fdml_reals_store(job->y, block * job->n, row, job->n);
}

/* given * momentum + measured * (1 - momentum) to an output, where asked for. */
static void store_running(fdml_tensor *output, const double *given, const double *measured,
                          double momentum)
{
    if (!output) return;
    for (size_t i = 0; i < output->n_items; i++) {
        const double value = given[i] * momentum + measured[i] * (1 - momentum);
        fdml_reals_store(output, i, &value, 1);
    }
}

/* Of a net that does not train, the running values are the given ones. */
static void pass_given(const norm_job *job, const fdml_op_call *call)
{
    for (size_t i = 1; i < 5; i++) {
        const double *given = i % 2 ? job->mean : job->var;
        store_running(fdml_op_output(call, i), given, given, 1);
    }
}

static fdml_status train(norm_job *job, const fdml_op_call *call, fdml_error *err)
{
    const double momentum = (double)fdml_node_float(call->node, "momentum", 0.9f);
    FDML_TRY(fdml_op_scratch(call, &job->batch_mean, job->n_groups, sizeof(double), err));
    FDML_TRY(fdml_op_scratch(call, &job->batch_var, job->n_groups, sizeof(double), err));
    fdml_parallel(job->n_groups, call->n_threads, measure_group, job);
    store_running(fdml_op_output(call, 1), job->mean, job->batch_mean, momentum);
    store_running(fdml_op_output(call, 2), job->var, job->batch_var, momentum);
    store_running(fdml_op_output(call, 3), job->mean, job->batch_mean, 0); /* saved_mean */
    store_running(fdml_op_output(call, 4), job->var, job->batch_var, 0);
    job->mean = job->batch_mean;
    job->var = job->batch_var;
    return FDML_OK;
}

fdml_status fdml_run_batch_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    norm_job job = { .x = x,
                     .y = fdml_op_output(call, 0),
                     .batch = x->dim[0],
                     .n_groups = count_groups(call),
                     .n = 1,
                     .epsilon = (double)fdml_node_float(call->node, "epsilon", 1e-5f) };
    if (is_spatial(call))
        for (int i = 2; i < x->rank; i++) job.n *= x->dim[i];
    FDML_TRY(fdml_reals_of(&job.scale, call->input[1], call, err));
    FDML_TRY(fdml_reals_of(&job.shift, call->input[2], call, err));
    FDML_TRY(fdml_reals_of(&job.mean, call->input[3], call, err));
    FDML_TRY(fdml_reals_of(&job.var, call->input[4], call, err));
    FDML_TRY(fdml_op_scratch(call, &job.rows, n_threads * job.n, sizeof *job.rows, err));
    if (is_training(call))
        FDML_TRY(train(&job, call, err));
    else
        pass_given(&job, call);
    if (job.y) fdml_parallel(job.batch * job.n_groups, call->n_threads, apply_row, &job);
    return FDML_OK;
}
