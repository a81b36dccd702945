/* window.h - depthwise convolution and pooling: a window slides over one block of sixteen
 * channels, lane by lane.
 *
 * Inside a row eight outputs are in flight, which hides the latency of the chain; at its two
 * ends the window is cut to what exists. Taps are taken row by row, left to right.
 * SPDX-License-Identifier: MIT */

enum { WINDOW_FMA, WINDOW_MAX, WINDOW_ADD };
enum { WINDOW_OUTPUTS = 8 }; /* at once, at most; a constant in every loop: see conv_tile */

VEC vf window_tap(const int how, vf acc, vf x, const float *w)
{
    if (how == WINDOW_FMA) return vf_fma(x, vf_load(w), acc);
    if (how == WINDOW_ADD) return vf_add(acc, x);
    return vf_select(vf_lt(acc, x), x, vf_select(vf_eq(x, x), acc, x)); /* NaN stays */
}

VEC vf window_start(const fdml_window_rows *job, const int how)
{
    if (how == WINDOW_FMA) return job->bias ? vf_load(job->bias) : vf_zero();
    return how == WINDOW_ADD ? vf_zero() : vf_set1(-INFINITY);
}

/* Outputs ox .. ox + n - 1 of row oy, with the columns k0 .. k1 - 1 of the window. */
VEC void window_some(const fdml_window_rows *job, const int how, size_t oy, size_t ox,
                     const int n, size_t k0, size_t k1)
{
    vf acc[WINDOW_OUTPUTS];
#pragma GCC unroll 8
    for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++) acc[i] = window_start(job, how);
    const long x0 = (long)(ox * job->stride_x) - (long)job->pad_left;
    const size_t step = job->stride_x * VL;
    size_t n_rows = 0;
    for (size_t ky = 0; ky < job->kernel_y; ky++) {
        const long y = (long)(oy * job->stride_y + ky * job->dilation_y) - (long)job->pad_top;
        if (y < 0 || y >= (long)job->height) continue;
        n_rows++;
        const float *row = job->in + (size_t)y * job->width * VL;
        for (size_t kx = k0; kx < k1; kx++) {
            const float *x = row + (size_t)(x0 + (long)(kx * job->dilation_x)) * VL;
            const float *w = NULL; /* pooling has none, and NULL + n is undefined */
            if (how == WINDOW_FMA) w = job->weights + (ky * job->kernel_x + kx) * VL;
#pragma GCC unroll 8
            for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++)
                acc[i] = window_tap(how, acc[i], vf_load(x + (size_t)i * step), w);
        }
    }
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
    const size_t count = job->divisor ? job->divisor : n_rows * (k1 - k0);
    const vf scale = vf_set1(1.0f / (float)count);
#pragma GCC unroll 8
    for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++) {
        vf y = acc[i];
        if (how == WINDOW_ADD) y = vf_mul(y, scale);
        if (how == WINDOW_FMA && job->slope)
            y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, vf_load(job->slope)), y);
        if (how == WINDOW_FMA) y = vf_max(low, vf_min(high, y));
        vf_store(job->out + (oy * job->out_width + ox + (size_t)i) * VL, y);
    }
}

/* One output whose window may stand out of the row at either end. */
VEC void window_edge(const fdml_window_rows *job, const int how, size_t oy, size_t ox)
{
    size_t k0 = 0, k1 = job->kernel_x;
    const long x0 = (long)(ox * job->stride_x) - (long)job->pad_left;
    const long d = (long)job->dilation_x;
    while (k0 < k1 && x0 + (long)k0 * d < 0) k0++;
    while (k1 > k0 && x0 + (long)(k1 - 1) * d >= (long)job->width) k1--;
    window_some(job, how, oy, ox, 1, k0, k1);
}

/* `n` outputs of a 3x3 convolution from column ox on, whose windows lie inside the plane. The
 * taps are those of window_some in the same order; their number, known here, lets pixels and
 * weights stay in registers: 1.2 to 1.35 times as fast. */
VEC void window_3x3(const fdml_window_rows *job, size_t oy, size_t ox, const int stride,
                    const int n, const int has_slope)
{
    const size_t row = job->width * VL;
    const float *x = job->in + (oy * (size_t)stride - job->pad_top) * row +
                     (ox * (size_t)stride - job->pad_left) * VL;
    const float *w = job->weights;
    vf acc[WINDOW_OUTPUTS];
#pragma GCC unroll 8
    for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++) acc[i] = window_start(job, WINDOW_FMA);
#pragma GCC unroll 3
    for (int ky = 0; ky < 3; ky++, x += row, w += 3 * VL) {
        vf pixel[WINDOW_OUTPUTS + 2]; /* at stride 1 each is used three times */
        /* unrolled by itself; gcc warns of the annotation where the loop is not one */
        for (int i = 0; i < WINDOW_OUTPUTS + 2 && i < (stride == 1 ? n + 2 : 1); i++)
            pixel[i] = vf_load(x + i * VL);
#pragma GCC unroll 3
        for (int kx = 0; kx < 3; kx++) {
            const vf weight = vf_load(w + kx * VL);
#pragma GCC unroll 8
            for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++)
                acc[i] =
                    vf_fma(stride == 1 ? pixel[i + kx] : vf_load(x + (i * stride + kx) * VL),
                           weight, acc[i]);
        }
    }
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
    float *out = job->out + (oy * job->out_width + ox) * VL;
    const vf slope = has_slope ? vf_load(job->slope) : vf_zero();
#pragma GCC unroll 8
    for (int i = 0; i < WINDOW_OUTPUTS && i < n; i++) {
        vf y = acc[i];
        if (has_slope) y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, slope), y);
        vf_store(out + i * VL, vf_max(low, vf_min(high, y)));
    }
}

/* The outputs begin .. end - 1 of a row, where there are four or more. The last group may
 * compute some outputs again: that costs less than one by one. */
VEC void window_row_3x3(const fdml_window_rows *job, size_t oy, size_t begin, size_t end,
                        const int stride, const int has_slope)
{
    size_t ox = begin;
    for (; ox + 8 <= end; ox += 8) window_3x3(job, oy, ox, stride, 8, has_slope);
    if (ox == end) return;
    if (end - begin >= 8 && end - ox > 4) {
        window_3x3(job, oy, end - 8, stride, 8, has_slope);
        return;
    }
    for (; ox + 4 <= end; ox += 4) window_3x3(job, oy, ox, stride, 4, has_slope);
    if (ox < end) window_3x3(job, oy, end - 4, stride, 4, has_slope);
}

static void window_row_1(const fdml_window_rows *job, size_t oy, size_t begin, size_t end)
{
    if (job->slope)
        window_row_3x3(job, oy, begin, end, 1, 1);
    else
        window_row_3x3(job, oy, begin, end, 1, 0);
}

static void window_row_2(const fdml_window_rows *job, size_t oy, size_t begin, size_t end)
{
    if (job->slope)
        window_row_3x3(job, oy, begin, end, 2, 1);
    else
        window_row_3x3(job, oy, begin, end, 2, 0);
}

/* Is it one of those, and are all three rows of output row oy there? */
VEC int window_is_3x3(const fdml_window_rows *job, size_t oy, size_t begin, size_t end)
{
    return job->kernel_y == 3 && job->kernel_x == 3 && job->dilation_y == 1 &&
           job->dilation_x == 1 && job->stride_y == job->stride_x && job->stride_x <= 2 &&
           end >= begin + 4 && oy * job->stride_y >= job->pad_top &&
           oy * job->stride_y + 3 <= job->height + job->pad_top;
}

/* The outputs begin .. end - 1 of a row have their whole window, `reach` wide less one, in the
 * row. */
typedef struct window_inside {
    size_t begin, end;
} window_inside;

VEC window_inside window_inside_of(size_t width, size_t pad, size_t reach, size_t stride,
                                   size_t out_width)
{
    window_inside inside = { (pad + stride - 1) / stride, 0 };
    if (width + pad > reach) inside.end = (width + pad - reach - 1) / stride + 1;
    if (inside.end > out_width) inside.end = out_width;
    if (inside.begin > inside.end) inside.begin = inside.end;
    return inside;
}

VEC void window_rows(const fdml_window_rows *job, const int how)
{
    const size_t reach = (job->kernel_x - 1) * job->dilation_x, k = job->kernel_x;
    const window_inside inside =
        window_inside_of(job->width, job->pad_left, reach, job->stride_x, job->out_width);
    const size_t begin = inside.begin, end = inside.end;
    for (size_t oy = job->first_row; oy < job->first_row + job->n_rows; oy++) {
        size_t ox = 0;
        for (; ox < begin; ox++) window_edge(job, how, oy, ox);
        if (how == WINDOW_FMA && window_is_3x3(job, oy, begin, end)) {
            (job->stride_x == 1 ? window_row_1 : window_row_2)(job, oy, begin, end);
            ox = end;
        }
        for (; ox + 8 <= end; ox += 8) window_some(job, how, oy, ox, 8, 0, k);
        for (; ox + 4 <= end; ox += 4) window_some(job, how, oy, ox, 4, 0, k);
        for (; ox < end; ox++) window_some(job, how, oy, ox, 1, 0, k);
        for (; ox < job->out_width; ox++) window_edge(job, how, oy, ox);
    }
}

static void k_depthwise(const fdml_window_rows *job)
{
    window_rows(job, WINDOW_FMA);
}

static void k_pool_max(const fdml_window_rows *job)
{
    window_rows(job, WINDOW_MAX);
}

static void k_pool_mean(const fdml_window_rows *job)
{
    window_rows(job, WINDOW_ADD);
}
