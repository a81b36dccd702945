/* resize_get.c - what a Resize or Upsample node asks for. See resize_axis.h.
 *
 * Specification: Upsample 7 (scales an attribute), 9 (an input); Resize 10 (scales), 11, 13, 18
 * (axes, antialias, keep_aspect_ratio_policy), 19. Before 11 the mapping is "asymmetric".
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "model/real.h"
#include "model/resize_axis.h"

#define MAX_AXIS 0x1p40

/* The place of the attribute's text among n names. */
static fdml_status get_choice(int *choice, const fdml_op_call *call, const char *name,
                              const char *const *names, int n, fdml_error *err)
{
    const char *text = fdml_node_text(call->node, name, names[0]);
    for (*choice = 0; *choice < n; ++*choice)
        if (!strcmp(text, names[*choice])) return FDML_OK;
    return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "%s \"%.60s\" is not supported", name,
                        text);
}

static fdml_status get_options(fdml_resize *r, const fdml_op_call *call, fdml_error *err)
{
    static const char *const mode[] = { "nearest", "linear", "cubic", "bilinear" };
    static const char *const coordinate[] = { "half_pixel",         "half_pixel_symmetric",
                                              "pytorch_half_pixel", "align_corners",
                                              "asymmetric",         "tf_half_pixel_for_nn",
                                              "tf_crop_and_resize" };
    static const char *const rounding[] = { "round_prefer_floor", "round_prefer_ceil", "floor",
                                            "ceil" };
    const fdml_node *node = call->node;
    int choice;
    FDML_TRY(get_choice(&choice, call, "mode", mode, 4, err));
    r->mode = choice == 3 ? FDML_LINEAR : (fdml_resize_mode)choice;
    r->coordinate = FDML_ASYMMETRIC;
    r->round = FDML_FLOOR_OR_CEIL;
    if (node->opset < 11 || !strcmp(node->op->name, "Upsample")) return FDML_OK;
    FDML_TRY(get_choice(&choice, call, "coordinate_transformation_mode", coordinate, 7, err));
    r->coordinate = (fdml_resize_coordinate)choice;
    FDML_TRY(get_choice(&choice, call, "nearest_mode", rounding, 4, err));
    r->round = (fdml_resize_round)choice;
    r->is_antialiased = fdml_node_int(node, "antialias", 0) != 0;
    r->excludes_outside = fdml_node_int(node, "exclude_outside", 0) != 0;
    r->cubic_a = (double)fdml_node_float(node, "cubic_coeff_a", -0.75f);
    r->extrapolation = (double)fdml_node_float(node, "extrapolation_value", 0);
    return FDML_OK;
}

/* Axes that roi, scales and sizes speak of. */
static fdml_status get_axes(int axes[FDML_MAX_RANK], size_t *n, const fdml_op_call *call,
                            fdml_error *err)
{
    const fdml_attr *attr = fdml_node_attr(call->node, "axes");
    const int rank = call->input[0]->rank;
    bool is_seen[FDML_MAX_RANK] = { false };
    *n = (size_t)rank;
    for (int d = 0; d < rank; d++) axes[d] = d;
    if (!attr || attr->kind != FDML_ATTR_INTS) return FDML_OK;
    if (attr->n > (size_t)rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu axes of an input of %d dimensions",
                            attr->n, rank);
    *n = attr->n;
    for (size_t i = 0; i < attr->n; i++) {
        FDML_TRY(fdml_op_axis(call, &axes[i], attr->as.ints[i], rank, err));
        if (is_seen[axes[i]])
            return fdml_op_fail(call, err, FDML_E_DATA, "axis %d is named twice", axes[i]);
        is_seen[axes[i]] = true;
    }
    return FDML_OK;
}

static fdml_status set_scale(fdml_resize *r, int d, float scale, const fdml_op_call *call,
                             fdml_error *err)
{
    /* in * scale in float, as writers of models have it: 10 * 0.7f is 7 there, 6.99 in double.
     */
    const double width = floor((double)((float)r->in[d] * scale));
    if (!(scale > 0) || !(width <= MAX_AXIS))
        return fdml_op_fail(call, err, FDML_E_DATA, "scale %g of an axis of %zu items",
                            (double)scale, r->in[d]);
    r->scale[d] = (double)scale;
    r->width[d] = (double)r->in[d] * (double)scale;
    r->out[d] = (size_t)width;
    return FDML_OK;
}

static fdml_status set_scales(fdml_resize *r, const float *scales, size_t n_scales,
                              const int *axes, size_t n, const fdml_op_call *call,
                              fdml_error *err)
{
    if (n_scales != n)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu scales, expected %zu", n_scales, n);
    for (size_t i = 0; i < n; i++) FDML_TRY(set_scale(r, axes[i], scales[i], call, err));
    return FDML_OK;
}

/* One scale for all axes, the least or the largest that `sizes` asks for. */
static fdml_status keep_aspect(fdml_resize *r, const char *policy, const int *axes, size_t n,
                               const fdml_op_call *call, fdml_error *err)
{
    if (!strcmp(policy, "stretch")) return FDML_OK;
    const bool is_least = !strcmp(policy, "not_larger");
    if (!is_least && strcmp(policy, "not_smaller"))
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                            "keep_aspect_ratio_policy \"%.40s\" is not supported", policy);
    double scale = r->scale[axes[0]];
    for (size_t i = 1; i < n; i++) {
        const double own = r->scale[axes[i]];
        if (is_least ? own < scale : own > scale) scale = own;
    }
    for (size_t i = 0; i < n; i++) {
        const double width = floor(scale * (double)r->in[axes[i]] + 0.5);
        if (!(width <= MAX_AXIS))
            return fdml_op_fail(call, err, FDML_E_DATA, "scale %g of an axis of %zu items",
                                scale, r->in[axes[i]]);
        r->scale[axes[i]] = scale;
        r->width[axes[i]] = scale * (double)r->in[axes[i]];
        r->out[axes[i]] = (size_t)width;
    }
    return FDML_OK;
}

static fdml_status set_sizes(fdml_resize *r, const fdml_tensor *sizes, const int *axes,
                             size_t n, const fdml_op_call *call, fdml_error *err)
{
    int64_t size[FDML_MAX_RANK];
    if (sizes->n_items != n || !fdml_tensor_ints(size, n, sizes))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "%zu sizes of type %s, expected %zu integers", sizes->n_items,
                            fdml_type_name(sizes->type), n);
    for (size_t i = 0; i < n; i++) {
        const int d = axes[i];
        if (size[i] < 0 || (double)size[i] > MAX_AXIS || (!r->in[d] && size[i]))
            return fdml_op_fail(call, err, FDML_E_DATA, "size %lld of an axis of %zu items",
                                (long long)size[i], r->in[d]);
        r->out[d] = (size_t)size[i];
        r->width[d] = (double)size[i];
        r->scale[d] = r->in[d] ? (double)size[i] / (double)r->in[d] : 1;
    }
    if (!n) return FDML_OK;
    return keep_aspect(r, fdml_node_text(call->node, "keep_aspect_ratio_policy", "stretch"),
                       axes, n, call, err);
}

/* roi is only needed in a run. */
static fdml_status set_roi(fdml_resize *r, const fdml_tensor *roi, const int *axes, size_t n,
                           const fdml_op_call *call, fdml_error *err)
{
    if (r->coordinate != FDML_TF_CROP_AND_RESIZE || (roi && !roi->data)) return FDML_OK;
    if (!roi || roi->n_items != 2 * n || !fdml_type_is_real(roi->type))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "tf_crop_and_resize needs %zu values of roi", 2 * n);
    for (size_t i = 0; i < n; i++) {
        fdml_reals_load(&r->roi_begin[axes[i]], roi, i, 1);
        fdml_reals_load(&r->roi_end[axes[i]], roi, n + i, 1);
    }
    return FDML_OK;
}

/* Scales of input i; none where it is left out or empty. */
static fdml_status read_scales(float scales[FDML_MAX_RANK], size_t *n, size_t i,
                               const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = fdml_op_input(call, i);
    *n = 0;
    if (!x || !x->n_items) return FDML_OK;
    if (!x->data) return fdml_op_unknown(call, i, err);
    if (x->type != FDML_TYPE_F32 || x->n_items > FDML_MAX_RANK)
        return fdml_op_fail(call, err, FDML_E_DATA, "%zu scales of type %s", x->n_items,
                            fdml_type_name(x->type));
    memcpy(scales, x->data, x->n_items * sizeof *scales);
    *n = x->n_items;
    return FDML_OK;
}

fdml_status fdml_resize_get(fdml_resize *resize, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    const bool is_upsample = !strcmp(call->node->op->name, "Upsample");
    fdml_resize r = { .rank = x->rank };
    int axes[FDML_MAX_RANK];
    float scales[FDML_MAX_RANK];
    size_t n, n_scales;
    FDML_TRY(get_options(&r, call, err));
    FDML_TRY(get_axes(axes, &n, call, err));
    for (int d = 0; d < r.rank; d++) {
        r.in[d] = r.out[d] = x->dim[d];
        r.width[d] = (double)x->dim[d];
        r.scale[d] = r.roi_end[d] = 1;
    }
    if (is_upsample && call->node->opset < 9) {
        const fdml_attr *attr = fdml_node_attr(call->node, "scales");
        if (!attr || attr->kind != FDML_ATTR_FLOATS)
            return fdml_op_fail(call, err, FDML_E_DATA, "the attribute scales is missing");
        FDML_TRY(set_scales(&r, attr->as.floats, attr->n, axes, n, call, err));
        *resize = r;
        return FDML_OK;
    }
    const bool is_short = is_upsample || call->node->opset < 11; /* (X, scales) */
    const fdml_tensor *sizes = is_short ? NULL : fdml_op_input(call, 3);
    FDML_TRY(read_scales(scales, &n_scales, is_short ? 1 : 2, call, err));
    if (!is_short) FDML_TRY(set_roi(&r, fdml_op_input(call, 1), axes, n, call, err));
    if (n_scales && sizes && sizes->n_items)
        return fdml_op_fail(call, err, FDML_E_DATA, "both scales and sizes are given");
    if (sizes && sizes->n_items && !sizes->data) return fdml_op_unknown(call, 3, err);
    if (sizes && !n_scales)
        FDML_TRY(set_sizes(&r, sizes, axes, n, call, err));
    else
        FDML_TRY(set_scales(&r, scales, n_scales, axes, n, call, err));
    *resize = r;
    return FDML_OK;
}
