/* check_window.c - depthwise convolution and pooling. See kcheck.h.
 *
 * pool_max has one right answer, which is compared exactly; the others have bounds.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

typedef enum { DEPTHWISE, POOL_MAX, POOL_MEAN } window_kind;

static void run_window(window_kind kind, const fdml_kernels *k, fdml_window_rows job,
                       float *out)
{
    job.out = out;
    if (kind == DEPTHWISE) k->depthwise(&job);
    if (kind == POOL_MAX) k->pool_max(&job);
    if (kind == POOL_MEAN) k->pool_mean(&job);
}

/* What lies under the window of one output, in lane l: first to last. */
typedef struct under {
    size_t n;
    double sum, magnitude; /* weighted where there are weights */

    float max; /* NaN where there is one; the first of equals */
} under;

static under look_under(const fdml_window_rows *job, size_t oy, size_t ox, size_t l)
{
    under u = { .max = -INFINITY };
    if (job->bias) u.sum = (double)job->bias[l];
    u.magnitude = fabs(u.sum);
    for (size_t tap = 0; tap < job->kernel_y * job->kernel_x; tap++) {
        const size_t ky = tap / job->kernel_x, kx = tap % job->kernel_x;
        const long y = (long)(oy * job->stride_y + ky * job->dilation_y) - (long)job->pad_top;
        const long x = (long)(ox * job->stride_x + kx * job->dilation_x) - (long)job->pad_left;
        if (y < 0 || x < 0 || y >= (long)job->height || x >= (long)job->width) continue;
        const float in = job->in[((size_t)y * job->width + (size_t)x) * 16 + l];
        const double term =
            (double)in * (job->weights ? (double)job->weights[tap * 16 + l] : 1);
        u.n++;
        u.sum += term;
        u.magnitude += fabs(term);
        if (isnan(in) || in > u.max) u.max = isnan(u.max) ? u.max : in;
    }
    return u;
}

static bool output_is_near(kcheck *t, window_kind kind, const fdml_window_rows *job, size_t at)
{
    const size_t l = at % 16, ox = at / 16 % job->out_width, oy = at / 16 / job->out_width;
    const under u = look_under(job, oy, ox, l);
    const float got = job->out[at], limits[2] = { job->low, job->high };
    if (kind == POOL_MAX) return kc_same(t, "max", &u.max, &got, 1);
    kc_sum y = { u.sum, u.magnitude, kc_gamma(u.n) * u.magnitude + (double)u.n * 0x1p-150 };
    if (kind == DEPTHWISE) {
        y = kc_finish(y, NULL, job->slope ? job->slope + l : NULL, limits);
    } else { /* the inverse is rounded and so is the product */
        const double inverse = 1 / (double)(job->divisor ? job->divisor : u.n);
        y.value = u.n ? u.sum * inverse : job->divisor ? 0 : NAN;
        y.bound = kc_gamma(u.n + 2) * u.magnitude * inverse + 0x1p-150;
    }
    return kc_near_sum(t, "out", at, got, y);
}

/* Everything but in, out and the rows to do. */
static void random_job(kcheck *t, window_kind kind, fdml_window_rows *job)
{
    job->pad_top = kc_below(t, (job->kernel_y - 1) * job->dilation_y + 2);
    job->pad_left = kc_below(t, (job->kernel_x - 1) * job->dilation_x + 2);
    if (kind == POOL_MEAN) /* all of the window, what is in the plane, or anything */
        job->divisor = (size_t[]){ job->kernel_y * job->kernel_x, 0, 7 }[kc_below(t, 3)];
    if (kind != DEPTHWISE) return;
    const size_t n = job->kernel_y * job->kernel_x * 16;
    float *weights = kc_words(t, n), limits[2];
    kc_fill(t, weights, n, KC_ZERO);
    kc_limits(t, limits);
    job->weights = weights;
    job->bias = kc_some(t, 16, KC_FINITE);
    job->slope = kc_some(t, 16, KC_ZERO);
    job->low = limits[0], job->high = limits[1];
}

/* Outputs that the plane and its padding hold, or up to two more, which may see nothing. */
static size_t n_outputs(kcheck *t, size_t size, size_t pad, size_t reach, size_t stride)
{
    const size_t padded = size + pad + kc_below(t, reach + 1);
    const size_t n = padded > reach ? (padded - reach - 1) / stride + 1 : 0;
    return n + (kc_below(t, 4) ? 0 : kc_below(t, 3));
}

static void window_case(kcheck *t, window_kind kind, fdml_window_rows job, int kinds,
                        bool is_timed)
{
    kc_case(t, "%zu x %zu, window %zu x %zu, strides %zu %zu, dilations %zu %zu", job.height,
            job.width, job.kernel_y, job.kernel_x, job.stride_y, job.stride_x, job.dilation_y,
            job.dilation_x);
    random_job(t, kind, &job);
    job.in = kc_pixels(t, job.height * job.width * 16, kinds);
    job.out_width = n_outputs(t, job.width, job.pad_left, (job.kernel_x - 1) * job.dilation_x,
                              job.stride_x);
    const size_t all = n_outputs(t, job.height, job.pad_top,
                                 (job.kernel_y - 1) * job.dilation_y, job.stride_y);
    job.first_row = kc_below(t, 3) ? 0 : kc_below(t, all + 1);
    job.n_rows = kc_below(t, 3) ? all - job.first_row : kc_below(t, all - job.first_row + 1);

    const size_t row = job.out_width * 16, size = all * row;
    const size_t begin = job.first_row * row, end = begin + job.n_rows * row;
    float *want = kc_words(t, size), *got = kc_words(t, size), *before = kc_words(t, size);
    run_window(kind, t->ref, job, want);
    run_window(kind, t->k, job, got);
    if (!kc_same(t, "out", want, got, size) ||
        !kc_same(t, "rows before the first", before, got, begin) ||
        !kc_same(t, "rows past the last", before + end, got + end, size - end))
        return;
    job.out = got;
    for (size_t at = begin; at < end; at++)
        if (!output_is_near(t, kind, &job, at)) return;
    kc_intact(t);
    while (kc_bench(t, is_timed)) run_window(kind, t->k, job, got);
}

/* The windows of networks, on planes of every width up to what the widest loop needs. */
static void usual_windows(kcheck *t, window_kind kind)
{
    static const size_t windows[][2] = { { 3, 1 }, { 3, 2 }, { 2, 2 }, { 5, 1 }, { 7, 2 } };
    for (size_t width = 0; width <= 40; width += t->is_quick ? 3 : 1)
        for (size_t i = 0; i < 5 && !t->has_failed; i++) {
            const size_t kernel = windows[i][0], stride = windows[i][1];
            const fdml_window_rows job = { .height = 1 + width % 9,
                                           .width = width,
                                           .kernel_y = kernel,
                                           .kernel_x = kernel,
                                           .stride_y = stride,
                                           .stride_x = stride,
                                           .dilation_y = 1,
                                           .dilation_x = 1 };
            window_case(t, kind, job, (width + i) % 2 ? KC_ALL : KC_ZERO | KC_DENORMAL,
                        width == 35 && i == 0);
        }
}

static void check_window(kcheck *t, window_kind kind)
{
    usual_windows(t, kind);
    for (size_t i = 0; i < (t->is_quick ? 60 : 700) && !t->has_failed; i++) {
        const fdml_window_rows job = { .height = kc_below(t, 21),
                                       .width = kc_below(t, i % 4 ? 21 : 70),
                                       .kernel_y = 1 + kc_below(t, i % 8 ? 4 : 25),
                                       .kernel_x = 1 + kc_below(t, i % 8 ? 4 : 25),
                                       .stride_y = 1 + kc_below(t, 4),
                                       .stride_x = 1 + kc_below(t, 4),
                                       .dilation_y = 1 + kc_below(t, 3),
                                       .dilation_x = 1 + kc_below(t, 3) };
        window_case(t, kind, job, i % 2 ? KC_ALL : KC_ZERO | KC_DENORMAL, false);
    }
}

void check_depthwise(kcheck *t)
{
    check_window(t, DEPTHWISE);
}

void check_pool_max(kcheck *t)
{
    check_window(t, POOL_MAX);
}

void check_pool_mean(kcheck *t)
{
    check_window(t, POOL_MEAN);
}
