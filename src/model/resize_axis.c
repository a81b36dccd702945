/* resize_axis.c - coordinates and weights of the specification. See resize_axis.h.
 *
 * Where scales are given the mapping uses them as they are, though the output has only the
 * integer part of in * scale items; align_corners and half_pixel_symmetric use that width with
 * its fraction, as the conformance tests have it.
 * SPDX-License-Identifier: MIT */
#include "model/resize_axis.h"

#include <math.h>

#include "model/real.h"

/* Which item is nearest, or whether a place is outside, turns on the last bit. Writers and
 * other runtimes have places in float, where 3 / 0.6f is 5 as it is meant, and not 4.9999998;
 * so every step is rounded then. */
static double step(const fdml_resize *r, double x)
{
    const bool is_fine = r->mode != FDML_NEAREST && r->coordinate != FDML_TF_CROP_AND_RESIZE;
    return is_fine ? x : (double)(float)x;
}

/* Place in the input of place o in the output. */
static double source_of(const fdml_resize *r, int d, size_t o)
{
    const double last = (double)r->in[d] - 1, at = (double)o;
    const double scale = step(r, r->scale[d]), width = r->width[d];
    const double half_pixel = step(r, (at + 0.5) / scale) - 0.5;
    switch (r->coordinate) {
    case FDML_ALIGN_CORNERS:
        return o ? step(r, at * last / (width - 1)) : 0;
    case FDML_ASYMMETRIC:
        return step(r, at / scale);
    case FDML_TF_HALF_PIXEL_FOR_NN:
        return step(r, (at + 0.5) / scale);
    case FDML_PYTORCH_HALF_PIXEL:
        return r->out[d] > 1 ? half_pixel : 0;
    case FDML_HALF_PIXEL_SYMMETRIC:
        return step(r, (last + 1) / 2 * (1 - (double)r->out[d] / width) + half_pixel);
    case FDML_TF_CROP_AND_RESIZE: {
        const double begin = r->roi_begin[d], end = r->roi_end[d];
        if (r->out[d] < 2) return step(r, 0.5 * (begin + end) * last);
        const double span = step(r, step(r, at * step(r, end - begin)) * last);
        return step(r, step(r, begin * last) + step(r, span / ((double)r->out[d] - 1)));
    }
    default:
        return half_pixel;
    }
}

static double round_as(fdml_resize_round round, double x, bool is_shrinking)
{
    const double down = floor(x), fraction = x - down;
    switch (round) {
    case FDML_ROUND_PREFER_FLOOR:
        return fraction <= 0.5 ? down : down + 1;
    case FDML_ROUND_PREFER_CEIL:
        return fraction < 0.5 ? down : down + 1;
    case FDML_FLOOR_OR_CEIL:
        return is_shrinking ? ceil(x) : down;
    default:
        return round == FDML_CEIL ? ceil(x) : down;
    }
}

/* Weight at distance x >= 0: Keys, "Cubic convolution interpolation for digital image
 * processing", 1981, with a free. */
static double cubic(double x, double a)
{
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/* Antialiasing stretches the window of an axis that shrinks. */
static double stretch_of(const fdml_resize *r, int d)
{
    return r->is_antialiased && r->scale[d] < 1 ? r->scale[d] : 1;
}

static size_t count_taps(const fdml_resize *r, int d)
{
    if (r->mode == FDML_NEAREST) return 1;
    const double reach = r->mode == FDML_CUBIC ? 2 : 1;
    return 2 * (size_t)ceil(reach / stretch_of(r, d)); /* 2 - 2 (floor(-reach/s) + 1) */
}

/* Weights of the n taps round x, the middle two being those that x lies between. */
static void fill_taps(fdml_resize_axis *axis, const fdml_resize *r, int d, size_t o, double x)
{
    const size_t n = axis->n_taps;
    const double below = ceil(x) - 1, ratio = x - below, stretch = stretch_of(r, d);
    double *weight = axis->weight + o * n, sum = 0;
    for (size_t t = 0; t < n; t++) {
        const double offset = (double)t + 1 - (double)(n / 2);
        const double distance = fabs(stretch * (offset - ratio));
        const double place = below + offset, last = (double)r->in[d] - 1;
        const double line = distance < 1 ? 1 - distance : 0;
        weight[t] = r->mode == FDML_CUBIC ? cubic(distance, r->cubic_a) : line;
        sum += weight[t];
        if (r->excludes_outside && (place < 0 || place > last)) {
            sum -= weight[t];
            weight[t] = 0;
        }
        axis->index[o * n + t] = (size_t)(place < 0 ? 0 : place > last ? last : place);
    }
    if (!r->is_antialiased && !r->excludes_outside) return;
    for (size_t t = 0; t < n && sum != 0; t++) weight[t] /= sum;
}

fdml_status fdml_resize_axis_make(fdml_resize_axis *axis, const fdml_resize *r, int d,
                                  const fdml_op_call *call, fdml_error *err)
{
    const size_t n = r->out[d];
    const double last = (double)r->in[d] - 1;
    *axis = (fdml_resize_axis){ .n_taps = count_taps(r, d) };
    axis->is_identity =
        r->in[d] == n && r->scale[d] == 1 && r->coordinate != FDML_TF_CROP_AND_RESIZE;
    if (axis->is_identity) return FDML_OK;
    const size_t row = axis->n_taps * sizeof(double);
    FDML_TRY(fdml_op_scratch(call, &axis->index, n, row, err));
    FDML_TRY(fdml_op_scratch(call, &axis->weight, n, row, err));
    FDML_TRY(fdml_op_scratch(call, &axis->is_outside, n, 1, err));
    for (size_t o = 0; o < n; o++) {
        double x = source_of(r, d, o);
        axis->is_outside[o] =
            r->coordinate == FDML_TF_CROP_AND_RESIZE && !(x >= 0 && x <= last);
        if (axis->is_outside[o]) x = 0;
        if (r->mode != FDML_NEAREST) {
            fill_taps(axis, r, d, o, x);
            continue;
        }
        const double place = round_as(r->round, x, r->scale[d] < 1);
        axis->index[o] = (size_t)(place < 0 ? 0 : place > last ? last : place);
        axis->weight[o] = 1;
    }
    return FDML_OK;
}
