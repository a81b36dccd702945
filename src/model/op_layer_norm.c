/* op_layer_norm.c - InstanceNormalization, LayerNormalization, GroupNormalization, LRN.
 *
 * Specification: InstanceNormalization 1, 6; LayerNormalization 17; GroupNormalization 18, 21;
 * LRN 1, 13. The first three take mean and variance of a run of items that lie together, in
 * double whatever stash_type asks for, and differ in what scales the result.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "model/ops.h"
#include "model/real.h"

typedef struct layer_job {
    const fdml_tensor *x;
    fdml_tensor *y, *mean, *inverse; /* mean, inverse deviation: LayerNormalization, or NULL */
    size_t n;                        /* items that are normalised together */
    double epsilon;
    const double *scale, *bias; /* bias may be NULL */
    size_t n_scales, run;       /* item i of x is scaled by scale[i / run % n_scales] */
    double *rows;               /* [threads][n] */
} layer_job;

static void run_row(void *ctx, size_t block, int thread)
{
    const layer_job *job = ctx;
    const size_t n = job->n;
    double *row = job->rows + (size_t)thread * n, sum = 0, squares = 0;
    fdml_reals_load(row, job->x, block * n, n);
    for (size_t i = 0; i < n; i++) sum += row[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (row[i] - mean) * (row[i] - mean);
    const double inverse = 1 / sqrt(squares / (double)n + job->epsilon);
    for (size_t i = 0; i < n; i++) {
        const size_t s = (block * n + i) / job->run % job->n_scales;
        row[i] = (row[i] - mean) * inverse * job->scale[s] + (job->bias ? job->bias[s] : 0);
    }
    if (job->y) fdml_reals_store(job->y, block * n, row, n);
    if (job->mean) fdml_reals_store(job->mean, block, &mean, 1);
    if (job->inverse) fdml_reals_store(job->inverse, block, &inverse, 1);
}

static fdml_status run_layer(layer_job *job, const fdml_op_call *call, fdml_error *err)
{
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    job->x = call->input[0];
    job->y = fdml_op_output(call, 0);
    job->epsilon = (double)fdml_node_float(call->node, "epsilon", 1e-5f);
    if (!job->x->n_items) return FDML_OK;
    FDML_TRY(fdml_op_scratch(call, &job->rows, n_threads * job->n, sizeof *job->rows, err));
    fdml_parallel(job->x->n_items / job->n, call->n_threads, run_row, job);
    return FDML_OK;
}

/* Scale (input 1) and bias (input 2) have n items each. */
static fdml_status check_scales(const fdml_op_call *call, size_t n, fdml_error *err)
{
    char text[FDML_SHAPE_TEXT];
    for (size_t i = 1; i < 3; i++) {
        const fdml_tensor *x = fdml_op_input(call, i);
        FDML_TRY(fdml_op_check_real(call, i, err));
        if (x && x->n_items != n)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "input %zu has shape %s, expected %zu items", i,
                                fdml_tensor_shape_text(x, text), n);
    }
    return FDML_OK;
}

static fdml_status check_planes(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    char text[FDML_SHAPE_TEXT];
    FDML_TRY(fdml_op_check_real(call, 0, err));
    if (x->rank < 2)
        return fdml_op_fail(call, err, FDML_E_DATA, "the input's shape %s is not [N,C,...]",
                            fdml_tensor_shape_text(x, text));
    return FDML_OK;
}

static size_t items_from(const fdml_tensor *x, int axis)
{
    size_t n = 1;
    for (int i = axis; i < x->rank; i++) n *= x->dim[i];
    return n;
}

fdml_status fdml_infer_instance_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    FDML_TRY(check_planes(call, err));
    FDML_TRY(check_scales(call, x->dim[1], err));
    return fdml_op_set(call, 0, x->type, x->rank, x->dim, err);
}

fdml_status fdml_run_instance_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    layer_job job = { .n = items_from(x, 2), .run = items_from(x, 2), .n_scales = x->dim[1] };
    FDML_TRY(fdml_reals_of(&job.scale, call->input[1], call, err));
    FDML_TRY(fdml_reals_of(&job.bias, call->input[2], call, err));
    return run_layer(&job, call, err);
}

static fdml_status get_groups(size_t *groups, const fdml_op_call *call, fdml_error *err)
{
    const size_t channels = call->input[0]->dim[1];
    const int64_t n = fdml_node_int(call->node, "num_groups", 0);
    if (n < 1 || channels % (size_t)n)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "num_groups is %lld, which does not divide %zu channels",
                            (long long)n, channels);
    *groups = (size_t)n;
    return FDML_OK;
}

fdml_status fdml_infer_group_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    size_t groups;
    FDML_TRY(check_planes(call, err));
    FDML_TRY(get_groups(&groups, call, err));
    FDML_TRY(check_scales(call, call->node->opset < 21 ? groups : x->dim[1], err));
    return fdml_op_set(call, 0, x->type, x->rank, x->dim, err);
}

fdml_status fdml_run_group_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    size_t groups;
    FDML_TRY(get_groups(&groups, call, err));
    const size_t n_scales = call->node->opset < 21 ? groups : x->dim[1];
    const size_t n = items_from(x, 1);
    layer_job job = { .n = n / groups,
                      .run = n_scales ? n / n_scales : 0,
                      .n_scales = n_scales };
    FDML_TRY(fdml_reals_of(&job.scale, call->input[1], call, err));
    FDML_TRY(fdml_reals_of(&job.bias, call->input[2], call, err));
    return run_layer(&job, call, err);
}

/* stash_type: the type of Mean and InvStdDev. */
static fdml_type stash_of(const fdml_op_call *call)
{
    return (fdml_type)fdml_node_int(call->node, "stash_type", FDML_TYPE_F32);
}

/* Does input i broadcast to the normalised axes? [5], [1,5] and [1] do to [2,3,5] at axis 2. */
static fdml_status check_broadcast(const fdml_op_call *call, size_t i, int axis,
                                   fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *s = fdml_op_input(call, i);
    char text[FDML_SHAPE_TEXT], x_text[FDML_SHAPE_TEXT];
    if (!s) return FDML_OK;
    FDML_TRY(fdml_op_check_real(call, i, err));
    bool fits = s->rank <= x->rank;
    for (int d = 1; fits && d <= s->rank; d++) {
        const size_t own = s->dim[s->rank - d], full = x->dim[x->rank - d];
        fits = own == 1 || (own == full && x->rank - d >= axis);
    }
    if (fits) return FDML_OK;
    return fdml_op_fail(
        call, err, FDML_E_DATA,
        "input %zu has shape %s, which does not broadcast to %s from axis %d on", i,
        fdml_tensor_shape_text(s, text), fdml_tensor_shape_text(x, x_text), axis);
}

fdml_status fdml_infer_layer_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    size_t dim[FDML_MAX_RANK];
    int axis;
    FDML_TRY(fdml_op_check_real(call, 0, err));
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", -1), x->rank, err));
    FDML_TRY(check_broadcast(call, 1, axis, err));
    FDML_TRY(check_broadcast(call, 2, axis, err));
    const int64_t stash = fdml_node_int(call->node, "stash_type", FDML_TYPE_F32);
    if (stash < 0 || stash >= FDML_TYPE_COUNT || !fdml_type_is_real((fdml_type)stash))
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "stash_type %lld", (long long)stash);
    for (int i = 0; i < x->rank; i++) dim[i] = i < axis ? x->dim[i] : 1;
    FDML_TRY(fdml_op_set(call, 0, x->type, x->rank, x->dim, err));
    FDML_TRY(fdml_op_set(call, 1, stash_of(call), x->rank, dim, err));
    return fdml_op_set(call, 2, stash_of(call), x->rank, dim, err);
}

/* Input i spread over the normalised axes, [n]. */
static fdml_status spread(const double **values, const fdml_op_call *call, size_t i, int axis,
                          fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *s = fdml_op_input(call, i);
    const double *given;
    double *all = NULL;
    const size_t n = items_from(x, axis);
    FDML_TRY(fdml_reals_of(&given, s, call, err));
    *values = given;
    if (!s || s->n_items == n) return FDML_OK;
    FDML_TRY(fdml_op_scratch(call, &all, n, sizeof *all, err));
    for (size_t k = 0; k < n; k++) {
        size_t rest = k, place = 0, stride = 1;
        for (int d = 1; d <= x->rank - axis; d++) {
            const size_t at = rest % x->dim[x->rank - d];
            rest /= x->dim[x->rank - d];
            if (d > s->rank) continue;
            if (s->dim[s->rank - d] > 1) place += at * stride;
            stride *= s->dim[s->rank - d];
        }
        all[k] = given[place];
    }
    *values = all;
    return FDML_OK;
}

fdml_status fdml_run_layer_normalization(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    int axis;
    FDML_TRY(fdml_op_axis(call, &axis, fdml_node_int(call->node, "axis", -1), x->rank, err));
    layer_job job = { .n = items_from(x, axis),
                      .run = 1,
                      .n_scales = items_from(x, axis),
                      .mean = fdml_op_output(call, 1),
                      .inverse = fdml_op_output(call, 2) };
    FDML_TRY(spread(&job.scale, call, 1, axis, err));
    FDML_TRY(spread(&job.bias, call, 2, axis, err));
    return run_layer(&job, call, err);
}
