/* check_window_back.c - gradients of depthwise convolution and of pooling. See kcheck.h.
 *
 * The kernels walk over outputs and add into inputs or weights. So does the reference, in
 * double, with the count of what each place has got, which is the number of roundings there;
 * and in float, since the contract names the order, and all tables are made of one source.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

typedef enum { BY_DATA, BY_WEIGHTS, BY_MAX } back_kind;

/* A place that gradients are added to. */
typedef struct place {
    double value, magnitude;
    float chain;
    size_t n; /* terms */
} place;

enum { MAX_PLACES = 1 << 17 };

typedef struct back_case {
    back_kind kind;
    fdml_window_back job; /* all but gx and gw */
    const float *start;   /* what gx or gw holds before */
    size_t size;          /* of that, in floats */
} back_case;

static void run_back(const back_case *c, const fdml_kernels *k, float *out)
{
    fdml_window_back job = c->job;
    memcpy(out, c->start, c->size * sizeof *out);
    if (c->kind == BY_WEIGHTS)
        job.gw = out;
    else
        job.gx = out;
    if (c->kind == BY_DATA) k->depthwise_back(&job);
    if (c->kind == BY_WEIGHTS) k->depthwise_outer(&job);
    if (c->kind == BY_MAX) k->pool_max_back(&job);
}

/* The pixel under a tap of output (oy, ox); -1 outside of the plane. */
static long pixel_under(const fdml_window_back *job, size_t oy, size_t ox, size_t tap)
{
    const size_t ky = tap / job->kernel_x, kx = tap % job->kernel_x;
    const long y = (long)(oy * job->stride_y + ky * job->dilation_y) - (long)job->pad_top;
    const long x = (long)(ox * job->stride_x + kx * job->dilation_x) - (long)job->pad_left;
    const long height = (long)job->height, width = (long)job->width;
    return y < 0 || x < 0 || y >= height || x >= width ? -1 : y * width + x;
}

static void add_product(place *at, float gy, float by)
{
    const double term = (double)gy * (double)by;
    at->value += term;
    at->magnitude += fabs(term);
    at->chain = fmaf(gy, by, at->chain);
    at->n++;
}

/* What one output adds, in lane l. A maximum goes to its first tap; NaN is at no tap. */
static void reference_output(const back_case *c, place *places, size_t o, size_t l)
{
    const fdml_window_back *job = &c->job;
    const float gy = job->gy[o * 16 + l];
    for (size_t tap = 0; tap < job->kernel_y * job->kernel_x; tap++) {
        const long pixel = pixel_under(job, o / job->out_width, o % job->out_width, tap);
        if (pixel < 0) continue;
        const size_t at = (size_t)pixel * 16 + l, w = tap * 16 + l;
        if (c->kind == BY_DATA) add_product(&places[at], gy, job->weights[w]);
        if (c->kind == BY_WEIGHTS) add_product(&places[w], gy, job->x[at]);
        if (c->kind == BY_MAX && job->x[at] == job->y[o * 16 + l]) {
            add_product(&places[at], gy, 1);
            return;
        }
    }
}

/* Each term is one rounding, which may also lose half of the smallest denormal. */
static bool back_is_near(kcheck *t, const back_case *c, const float *got)
{
    static place places[MAX_PLACES];
    if (c->size > MAX_PLACES) return kc_fail(t, "%zu places are too many", c->size);
    for (size_t i = 0; i < c->size; i++) {
        const double start = (double)c->start[i];
        places[i] = (place){ start, fabs(start), c->start[i], 0 };
    }
    for (size_t o = 0; o < c->job.out_height * c->job.out_width; o++)
        for (size_t l = 0; l < 16; l++) reference_output(c, places, o, l);
    for (size_t i = 0; i < c->size; i++) {
        const place *p = &places[i];
        /* pooling may add 0 to where a maximum is not, and so make a 0 of a -0 */
        const float chain = p->chain + 0.0f, value = got[i] + 0.0f;
        const double bound = kc_gamma(p->n) * p->magnitude + (double)p->n * 0x1p-150;
        if (!kc_near(t, "gradient", i, got[i], p->value, bound, p->magnitude) ||
            !kc_same(t, "gradient, step by step,", &chain, &value, 1))
            return false;
    }
    return true;
}

/* x and what the largest of each window is, as pool_max finds it. Few values, so that there
 * are ties, and which of them is first matters; with NaN among them. */
static void random_maxima(kcheck *t, fdml_window_back *job, int kinds)
{
    const size_t n_in = job->height * job->width * 16;
    const size_t n_out = job->out_height * job->out_width * 16;
    float *x = kc_words(t, n_in), *y = kc_words(t, n_out);
    kc_fill_ties(t, x, n_in, kinds);
    for (size_t i = kc_below(t, 40); i < n_in && kinds & KC_NAN; i += 1 + kc_below(t, 400))
        x[i] = NAN;
    t->ref->pool_max(&(fdml_window_rows){ .in = x,
                                          .out = y,
                                          .height = job->height,
                                          .width = job->width,
                                          .out_width = job->out_width,
                                          .kernel_y = job->kernel_y,
                                          .kernel_x = job->kernel_x,
                                          .stride_y = job->stride_y,
                                          .stride_x = job->stride_x,
                                          .dilation_y = job->dilation_y,
                                          .dilation_x = job->dilation_x,
                                          .pad_top = job->pad_top,
                                          .pad_left = job->pad_left,
                                          .n_rows = job->out_height });
    job->x = x, job->y = y;
}

/* A plane about as large as the outputs with their window need, at times far smaller, so that
 * windows hang over any of its sides or see nothing. */
static size_t plane_side(kcheck *t, size_t n_out, size_t stride, size_t reach)
{
    const size_t full = n_out * stride + kc_below(t, reach + 2);
    return kc_below(t, 6) ? full : kc_below(t, full + 1);
}

static void back_check(kcheck *t, back_kind kind, fdml_window_back job, int kinds,
                       bool is_timed)
{
    const size_t reach_y = (job.kernel_y - 1) * job.dilation_y;
    const size_t reach_x = (job.kernel_x - 1) * job.dilation_x;
    job.height = plane_side(t, job.out_height, job.stride_y, reach_y);
    job.width = plane_side(t, job.out_width, job.stride_x, reach_x);
    job.pad_top = kc_below(t, reach_y + 2), job.pad_left = kc_below(t, reach_x + 2);
    kc_case(t, "%zu x %zu of %zu x %zu, window %zu x %zu, strides %zu %zu, dilations %zu %zu",
            job.out_height, job.out_width, job.height, job.width, job.kernel_y, job.kernel_x,
            job.stride_y, job.stride_x, job.dilation_y, job.dilation_x);
    const size_t n_in = job.height * job.width * 16, n_taps = job.kernel_y * job.kernel_x * 16;
    job.gy = kc_pixels(t, job.out_height * job.out_width * 16, kinds);
    if (kind == BY_DATA) job.weights = kc_pixels(t, n_taps, KC_ZERO);
    if (kind == BY_WEIGHTS) job.x = kc_pixels(t, n_in, kinds);
    if (kind == BY_MAX) random_maxima(t, &job, kinds);

    back_case c = { .kind = kind, .job = job, .size = kind == BY_WEIGHTS ? n_taps : n_in };
    c.start = kc_pixels(t, c.size, kinds & ~KC_NAN);
    float *want = kc_words(t, c.size), *got = kc_words(t, c.size);
    run_back(&c, t->ref, want);
    run_back(&c, t->k, got);
    (void)(kc_same(t, "gradient", want, got, c.size) && back_is_near(t, &c, got) &&
           kc_intact(t));
    while (kc_bench(t, is_timed)) run_back(&c, t->k, got);
}

/* The windows of networks, then any. A NaN of dy spoils all taps of a window's gradient, so
 * half of the cases have none. */
static void check_back(kcheck *t, back_kind kind)
{
    static const size_t windows[][2] = { { 3, 1 }, { 3, 2 }, { 2, 2 }, { 5, 1 }, { 7, 2 } };
    for (size_t width = 0; width <= 30; width += t->is_quick ? 3 : 1)
        for (size_t i = 0; i < 5 && !t->has_failed; i++) {
            const size_t kernel = windows[i][0], stride = windows[i][1];
            const fdml_window_back job = { .out_height = 1 + width % 7,
                                           .out_width = width,
                                           .kernel_y = kernel,
                                           .kernel_x = kernel,
                                           .stride_y = stride,
                                           .stride_x = stride,
                                           .dilation_y = 1,
                                           .dilation_x = 1 };
            back_check(t, kind, job, (width + i) % 2 ? KC_ALL : KC_ZERO | KC_DENORMAL,
                       width == 28 && i == 0);
        }
    for (size_t i = 0; i < (t->is_quick ? 60 : 400) && !t->has_failed; i++) {
        const fdml_window_back job = { .out_height = kc_below(t, 9),
                                       .out_width = kc_below(t, 9),
                                       .kernel_y = 1 + kc_below(t, i % 8 ? 4 : 12),
                                       .kernel_x = 1 + kc_below(t, i % 8 ? 4 : 12),
                                       .stride_y = 1 + kc_below(t, 4),
                                       .stride_x = 1 + kc_below(t, 4),
                                       .dilation_y = 1 + kc_below(t, 3),
                                       .dilation_x = 1 + kc_below(t, 3) };
        back_check(t, kind, job, i % 2 ? KC_ALL : KC_ZERO | KC_DENORMAL, false);
    }
}

void check_depthwise_back(kcheck *t)
{
    check_back(t, BY_DATA);
}

void check_depthwise_outer(kcheck *t)
{
    check_back(t, BY_WEIGHTS);
}

void check_pool_max_back(kcheck *t)
{
    check_back(t, BY_MAX);
}
