/* conv_shape.c - the window arithmetic of the specification. See conv_shape.h.
 *
 * Attributes come from a file and are held below 2^31, axes below 2^40, so that no product or
 * sum of them leaves int64.
 * SPDX-License-Identifier: MIT */
#include "model/conv_shape.h"

#include <string.h>

#define MAX_ATTRIBUTE ((int64_t)INT32_MAX)
#define MAX_AXIS ((size_t)1 << 40)

typedef enum auto_pad { PAD_NOTSET, PAD_SAME_UPPER, PAD_SAME_LOWER, PAD_VALID } auto_pad;

static fdml_status get_auto_pad(auto_pad *kind, const fdml_op_call *call, fdml_error *err)
{
    static const char *const name[] = { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" };
    const char *text = fdml_node_text(call->node, "auto_pad", "NOTSET");
    for (int i = 0; i < 4; i++)
        if (!strcmp(text, name[i])) {
            *kind = (auto_pad)i;
            return FDML_OK;
        }
    return fdml_op_fail(call, err, FDML_E_DATA,
                        "auto_pad \"%.40s\" is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID",
                        text);
}

/* Attribute `name`, n values of at least `least`; all `otherwise` where it is absent. */
static fdml_status get_ints(size_t *values, size_t n, const fdml_op_call *call,
                            const char *name, int64_t least, size_t otherwise, fdml_error *err)
{
    const fdml_attr *attr = fdml_node_attr(call->node, name);
    for (size_t i = 0; i < n; i++) values[i] = otherwise;
    if (!attr || (attr->kind == FDML_ATTR_INTS && !attr->n)) return FDML_OK;
    if (attr->kind != FDML_ATTR_INTS || attr->n != n)
        return fdml_op_fail(call, err, FDML_E_DATA, "%s has %zu values, expected %zu", name,
                            attr->n, n);
    for (size_t i = 0; i < n; i++) {
        const int64_t value = attr->as.ints[i];
        if (value < least || value > MAX_ATTRIBUTE)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "%s[%zu] is %lld, expected %lld to %lld", name, i,
                                (long long)value, (long long)least, (long long)MAX_ATTRIBUTE);
        values[i] = (size_t)value;
    }
    return FDML_OK;
}

/* Input 0, its spatial axes, and the attributes that all windows have. */
static fdml_status get_window(fdml_window *w, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0];
    char text[FDML_SHAPE_TEXT];
    if (x->rank < 3)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "the input's shape %s has no spatial axis, expected [N,C,...]",
                            fdml_tensor_shape_text(x, text));
    w->n = x->rank - 2;
    for (int i = 0; i < w->n; i++) {
        w->in[i] = x->dim[i + 2];
        if (w->in[i] > MAX_AXIS)
            return fdml_op_fail(call, err, FDML_E_LIMIT,
                                "the input's shape %s has an axis above %zu",
                                fdml_tensor_shape_text(x, text), MAX_AXIS);
    }
    const size_t n = (size_t)w->n;
    size_t pads[2 * FDML_MAX_SPATIAL];
    FDML_TRY(get_ints(w->stride, n, call, "strides", 1, 1, err));
    FDML_TRY(get_ints(w->dilation, n, call, "dilations", 1, 1, err));
    FDML_TRY(get_ints(pads, 2 * n, call, "pads", 0, 0, err));
    for (size_t i = 0; i < n; i++) {
        w->pad_begin[i] = (int64_t)pads[i];
        w->pad_end[i] = (int64_t)pads[n + i];
    }
    return FDML_OK;
}

/* Items from a window's first to its last. */
static int64_t extent(const fdml_window *w, int i)
{
    return (int64_t)((w->kernel[i] - 1) * w->dilation[i] + 1);
}

static void split_padding(fdml_window *w, int i, int64_t total, bool more_at_end)
{
    const int64_t half = total / 2;
    w->pad_begin[i] = more_at_end ? half : total - half;
    w->pad_end[i] = total - w->pad_begin[i];
}

static fdml_status set_counts(fdml_window *w, const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor shape;
    fdml_error why;
    size_t *const count[] = { &w->n_in, &w->n_out, &w->n_taps };
    const size_t *const dim[] = { w->in, w->out, w->kernel };
    for (int i = 0; i < 3; i++) {
        const fdml_status status =
            fdml_tensor_shape(&shape, FDML_TYPE_F64, w->n, dim[i], "a plane", &why);
        if (status) return fdml_op_fail(call, err, status, "%s", why.text);
        *count[i] = shape.n_items;
    }
    return FDML_OK;
}

/* Output sizes and paddings of Conv and pooling. A window starts inside the input or the
 * padding before it: one that ceil_mode would add further on is dropped. */
static fdml_status place_windows(fdml_window *w, const fdml_op_call *call, bool is_ceil,
                                 fdml_error *err)
{
    auto_pad kind = PAD_NOTSET;
    FDML_TRY(get_auto_pad(&kind, call, err));
    for (int i = 0; i < w->n; i++) {
        const int64_t in = (int64_t)w->in[i], stride = (int64_t)w->stride[i];
        const int64_t reach = extent(w, i);
        if (kind == PAD_SAME_UPPER || kind == PAD_SAME_LOWER) {
            const int64_t out = (in + stride - 1) / stride;
            const int64_t total = out ? (out - 1) * stride + reach - in : 0;
            split_padding(w, i, total > 0 ? total : 0, kind == PAD_SAME_UPPER);
            w->out[i] = (size_t)out;
            continue;
        }
        if (kind == PAD_VALID) w->pad_begin[i] = w->pad_end[i] = 0;
        const int64_t free = in + w->pad_begin[i] + w->pad_end[i] - reach;
        if (free < 0)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "axis %d has %lld items with padding, a window spans %lld",
                                i + 2, (long long)(free + reach), (long long)reach);
        const bool rounds_up = is_ceil && kind == PAD_NOTSET;
        int64_t out = (free + (rounds_up ? stride - 1 : 0)) / stride + 1;
        if (rounds_up && (out - 1) * stride >= in + w->pad_begin[i]) out--;
        w->out[i] = (size_t)out;
    }
    return set_counts(w, call, err);
}

/* Does the odd item of padding go to the end? SAME_UPPER says so. What SAME_LOWER says was
 * turned round between the releases of opsets 14 and 15, without a new version of the operator:
 * a file from before has it at the end, too, and so has the conformance test of that time. */
static bool pads_more_at_end(const fdml_op_call *call, auto_pad kind)
{
    return kind == PAD_SAME_UPPER || (kind == PAD_SAME_LOWER && call->node->opset < 15);
}

/* Output sizes of ConvTranspose. Where output_shape asks for more than the windows reach, what
 * is beyond their end receives nothing. */
static fdml_status place_transposed(fdml_window *w, const fdml_op_call *call, fdml_error *err)
{
    auto_pad kind = PAD_NOTSET;
    const size_t n = (size_t)w->n;
    size_t added[FDML_MAX_SPATIAL], wanted[2 + FDML_MAX_SPATIAL];
    FDML_TRY(get_auto_pad(&kind, call, err));
    FDML_TRY(get_ints(added, n, call, "output_padding", 0, 0, err));
    const fdml_attr *shape = fdml_node_attr(call->node, "output_shape");
    const bool has_shape = shape && shape->n;
    /* Some writers put batch and channels in front. */
    const size_t skipped = has_shape && shape->n == n + 2 ? 2 : 0;
    FDML_TRY(get_ints(wanted, n + skipped, call, "output_shape", 0, 0, err));
    for (int i = 0; i < w->n; i++) {
        const int64_t in = (int64_t)w->in[i], stride = (int64_t)w->stride[i];
        const int64_t whole =
            in ? stride * (in - 1) + extent(w, i) + (int64_t)added[i] : (int64_t)added[i];
        const bool is_same = kind == PAD_SAME_UPPER || kind == PAD_SAME_LOWER;
        if (has_shape || is_same) {
            const int64_t out = has_shape ? (int64_t)wanted[(size_t)i + skipped] : in * stride;
            const int64_t total = whole - out;
            split_padding(w, i, total > 0 ? total : 0, pads_more_at_end(call, kind));
            w->out[i] = (size_t)out;
            continue;
        }
        if (kind == PAD_VALID) w->pad_begin[i] = w->pad_end[i] = 0;
        const int64_t out = whole - w->pad_begin[i] - w->pad_end[i];
        if (out < 0)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "axis %d of the output has %lld items less %lld of padding",
                                i + 2, (long long)whole,
                                (long long)(w->pad_begin[i] + w->pad_end[i]));
        w->out[i] = (size_t)out;
    }
    return set_counts(w, call, err);
}

/* Batch, channels, filters, groups and kernel from the shapes of the inputs. */
static fdml_status get_filters(fdml_conv *conv, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *x = call->input[0], *w = call->input[1];
    char x_text[FDML_SHAPE_TEXT], w_text[FDML_SHAPE_TEXT];
    fdml_tensor_shape_text(x, x_text);
    fdml_tensor_shape_text(w, w_text);
    const int64_t groups = fdml_node_int(call->node, "group", 1);
    if (w->rank != x->rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "weights of shape %s for an input of %s",
                            w_text, x_text);
    const bool transposed = conv->is_transposed;
    if (groups < 1 || w->dim[0] % (size_t)groups)
        return fdml_op_fail(call, err, FDML_E_DATA, "group %lld does not divide weights of %s",
                            (long long)groups, w_text);
    conv->groups = (size_t)groups;
    conv->batch = x->dim[0];
    conv->channels = x->dim[1];
    const bool fits = transposed ? conv->channels == w->dim[0]
                                 : conv->channels % conv->groups == 0 &&
                                       conv->channels / conv->groups == w->dim[1];
    if (!fits || (transposed && w->dim[1] > MAX_AXIS / conv->groups))
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "weights of shape %s with group %lld for an input of %s", w_text,
                            (long long)groups, x_text);
    conv->filters = transposed ? w->dim[1] * conv->groups : w->dim[0];
    for (int i = 0; i < w->rank - 2; i++) {
        if (!w->dim[i + 2] || w->dim[i + 2] > (size_t)MAX_ATTRIBUTE)
            return fdml_op_fail(call, err, FDML_E_DATA, "weights of shape %s have no window",
                                w_text);
        conv->window.kernel[i] = w->dim[i + 2];
    }
    return FDML_OK;
}

fdml_status fdml_conv_shape(fdml_conv *conv, const fdml_op_call *call, bool is_transposed,
                            fdml_error *err)
{
    fdml_conv c = { .is_transposed = is_transposed };
    size_t kernel[FDML_MAX_SPATIAL];
    FDML_TRY(get_window(&c.window, call, err));
    FDML_TRY(get_filters(&c, call, err));
    FDML_TRY(get_ints(kernel, (size_t)c.window.n, call, "kernel_shape", 1, 0, err));
    for (int i = 0; i < c.window.n; i++)
        if (kernel[i] && kernel[i] != c.window.kernel[i])
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "kernel_shape[%d] is %zu, the weights have %zu", i, kernel[i],
                                c.window.kernel[i]);
    const fdml_tensor *bias = fdml_op_input(call, 2);
    char text[FDML_SHAPE_TEXT];
    if (bias && (bias->rank != 1 || bias->dim[0] != c.filters))
        return fdml_op_fail(call, err, FDML_E_DATA, "a bias of shape %s for %zu filters",
                            fdml_tensor_shape_text(bias, text), c.filters);
    FDML_TRY(is_transposed ? place_transposed(&c.window, call, err)
                           : place_windows(&c.window, call, false, err));
    *conv = c;
    return FDML_OK;
}

fdml_status fdml_pool_shape(fdml_window *window, const fdml_op_call *call, fdml_error *err)
{
    fdml_window w = { 0 };
    FDML_TRY(get_window(&w, call, err));
    FDML_TRY(get_ints(w.kernel, (size_t)w.n, call, "kernel_shape", 1, 0, err));
    if (!w.kernel[0])
        return fdml_op_fail(call, err, FDML_E_DATA, "the attribute kernel_shape is missing");
    FDML_TRY(place_windows(&w, call, fdml_node_int(call->node, "ceil_mode", 0) != 0, err));
    for (int i = 0; i < w.n; i++)
        if (w.pad_begin[i] >= extent(&w, i) || w.pad_end[i] >= extent(&w, i))
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "pads of axis %d hold a whole window of %lld items", i + 2,
                                (long long)extent(&w, i));
    *window = w;
    return FDML_OK;
}

fdml_status fdml_pool_whole(fdml_window *window, const fdml_op_call *call, fdml_error *err)
{
    fdml_window w = { 0 };
    FDML_TRY(get_window(&w, call, err));
    for (int i = 0; i < w.n; i++) {
        w.kernel[i] = w.in[i];
        w.out[i] = w.stride[i] = w.dilation[i] = 1;
        w.pad_begin[i] = w.pad_end[i] = 0;
    }
    FDML_TRY(set_counts(&w, call, err));
    *window = w;
    return FDML_OK;
}
