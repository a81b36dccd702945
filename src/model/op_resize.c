/* op_resize.c - Resize and Upsample: nearest by copying, the rest axis by axis in double.
 *
 * See resize_axis.h. Linear and cubic interpolation of N axes are N interpolations of one axis,
 * so the cost grows with the sum of the window's sides and any rank is the same code.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/parallel.h"
#include "model/ops.h"
#include "model/real.h"
#include "model/resize_axis.h"

typedef struct resize_job {
    const fdml_resize *resize;
    fdml_resize_axis axis[FDML_MAX_RANK];
    const fdml_tensor *x;
    fdml_tensor *y;
    size_t item_size;
    unsigned char fill[8]; /* the extrapolation value as an item */
} resize_job;

fdml_status fdml_infer_resize(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    fdml_resize r;
    FDML_TRY(fdml_resize_get(&r, call, err));
    const bool is_number = fdml_type_is_real(x->type) || fdml_type_is_integer(x->type) ||
                           x->type == FDML_TYPE_BOOL;
    const bool needs_number = r.mode != FDML_NEAREST || r.coordinate == FDML_TF_CROP_AND_RESIZE;
    if (!fdml_type_is_computable(x->type) || (needs_number && !is_number))
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "input 0 of type %s",
                            fdml_type_name(x->type));
    if (r.is_antialiased && r.mode == FDML_NEAREST)
        return fdml_op_fail(call, err, FDML_E_DATA, "antialias with mode nearest");
    return fdml_op_set(call, 0, x->type, x->rank, r.out, err);
}

fdml_status fdml_infer_upsample(const fdml_op_call *call, fdml_error *err)
{
    return fdml_infer_resize(call, err);
}

/* --- nearest ----------------------------------------------------------------------------- */

/* Input place of place o along axis d; false outside of the region of interest. */
static bool nearest_place(size_t *place, const resize_job *job, int d, size_t o)
{
    const fdml_resize_axis *axis = &job->axis[d];
    *place = axis->is_identity ? o : axis->index[o];
    return axis->is_identity || !axis->is_outside[o];
}

/* A block is one run along the last axis. */
static void run_nearest_row(void *ctx, size_t block, int thread)
{
    (void)thread;
    const resize_job *job = ctx;
    const fdml_resize *r = job->resize;
    const int last = r->rank - 1;
    size_t rest = block, from = 0, stride = r->in[last];
    bool is_inside = true;
    for (int d = last - 1; d >= 0; d--) {
        size_t place;
        is_inside = nearest_place(&place, job, d, rest % r->out[d]) && is_inside;
        from += place * stride;
        stride *= r->in[d];
        rest /= r->out[d];
    }
    const size_t size = job->item_size;
    const unsigned char *x = (const unsigned char *)job->x->data + from * size;
    unsigned char *y = (unsigned char *)job->y->data + block * r->out[last] * size;
    for (size_t o = 0; o < r->out[last]; o++, y += size) {
        size_t place;
        const bool is_item = nearest_place(&place, job, last, o) && is_inside;
        memcpy(y, is_item ? x + place * size : job->fill, size);
    }
}

/* --- interpolation ----------------------------------------------------------------------- */

typedef struct pass_job {
    const fdml_resize_axis *axis;
    const double *x; /* [outer, n_in, inner] */
    double *y;       /* [outer, n_out, inner] */
    size_t n_in, n_out, inner;
} pass_job;

static void run_pass_block(void *ctx, size_t outer, int thread)
{
    (void)thread;
    const pass_job *job = ctx;
    const size_t n_taps = job->axis->n_taps, inner = job->inner;
    const double *x = job->x + outer * job->n_in * inner;
    double *y = job->y + outer * job->n_out * inner;
    for (size_t o = 0; o < job->n_out; o++, y += inner) {
        for (size_t i = 0; i < inner; i++) y[i] = 0;
        for (size_t t = 0; t < n_taps; t++) {
            const double weight = job->axis->weight[o * n_taps + t];
            const double *from = x + job->axis->index[o * n_taps + t] * inner;
            if (weight == 0) continue; /* an infinity beside the window stays there */
            for (size_t i = 0; i < inner; i++) y[i] += weight * from[i];
        }
    }
}

/* y = x with one axis after the other resized. */
static fdml_status interpolate(resize_job *job, const fdml_op_call *call, fdml_error *err)
{
    const fdml_resize *r = job->resize;
    const double *x;
    size_t outer = 1, inner = 1;
    FDML_TRY(fdml_reals_of(&x, job->x, call, err));
    for (int d = 0; d < r->rank; d++) inner *= r->in[d];
    for (int d = 0; d < r->rank; d++) {
        inner /= r->in[d];
        if (!job->axis[d].is_identity) {
            double *y = NULL;
            FDML_TRY(fdml_op_scratch(call, &y, outer * r->out[d], inner * sizeof *y, err));
            pass_job pass = { &job->axis[d], x, y, r->in[d], r->out[d], inner };
            fdml_parallel(outer, call->n_threads, run_pass_block, &pass);
            x = y;
        }
        outer *= r->out[d];
    }
    fdml_reals_store(job->y, 0, x, job->y->n_items);
    return FDML_OK;
}

/* Items with a coordinate outside of the region of interest become the fill. */
static void extrapolate(const resize_job *job)
{
    const fdml_resize *r = job->resize;
    for (size_t i = 0; i < job->y->n_items; i++) {
        size_t rest = i;
        bool is_inside = true;
        for (int d = r->rank - 1; d >= 0; d--) {
            const size_t o = rest % r->out[d];
            rest /= r->out[d];
            if (!job->axis[d].is_identity && job->axis[d].is_outside[o]) is_inside = false;
        }
        if (!is_inside)
            memcpy((unsigned char *)job->y->data + i * job->item_size, job->fill,
                   job->item_size);
    }
}

fdml_status fdml_run_resize(const fdml_op_call *call, fdml_error *err)
{
    fdml_resize r;
    FDML_TRY(fdml_resize_get(&r, call, err));
    resize_job job = { .resize = &r,
                       .x = call->input[0],
                       .y = call->output[0],
                       .item_size = fdml_type_size(call->input[0]->type) };
    if (!job.y->n_items) return FDML_OK;
    if (!job.x->n_items) return fdml_op_fail(call, err, FDML_E_DATA, "the input has no items");
    if (!r.rank) {
        memcpy(job.y->data, job.x->data, job.item_size);
        return FDML_OK;
    }
    const bool is_crop = r.coordinate == FDML_TF_CROP_AND_RESIZE;
    fdml_tensor fill = { .type = job.x->type, .n_items = 1, .data = job.fill };
    if (is_crop) fdml_reals_store(&fill, 0, &r.extrapolation, 1);
    for (int d = 0; d < r.rank; d++)
        FDML_TRY(fdml_resize_axis_make(&job.axis[d], &r, d, call, err));
    if (r.mode == FDML_NEAREST) {
        fdml_parallel(job.y->n_items / r.out[r.rank - 1], call->n_threads, run_nearest_row,
                      &job);
        return FDML_OK;
    }
    FDML_TRY(interpolate(&job, call, err));
    if (is_crop) extrapolate(&job);
    return FDML_OK;
}

fdml_status fdml_run_upsample(const fdml_op_call *call, fdml_error *err)
{
    return fdml_run_resize(call, err);
}
