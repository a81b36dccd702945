/* window_back.h - gradients of depthwise convolution and pooling, sixteen channels at a time.
 *
 * The order of sums is that of outputs, row by row, and of taps within an output. Going by
 * outputs every tap is a load, a multiply-add and a store, each waiting for the one before it.
 * The 3x3 windows of networks go by what is added to instead, which then stays in registers:
 * a pixel takes from each output over it once, so for the same order it asks its outputs row by
 * row, the last taps first; a tap takes from all outputs, in the order of outputs.
 *
 * SPDX-License-Identifier: MIT */

/* The taps of output (oy, ox) that lie inside of the plane: columns k0 .. k1 - 1 of the window
 * begin at `x0`. */
typedef struct window_span {
    size_t k0, k1;
    long x0;
} window_span;

VEC window_span window_span_of(const fdml_window_back *job, size_t ox)
{
    window_span s = { .k1 = job->kernel_x,
                      .x0 = (long)(ox * job->stride_x) - (long)job->pad_left };
    while (s.k0 < s.k1 && s.x0 + (long)(s.k0 * job->dilation_x) < 0) s.k0++;
    while (s.k1 > s.k0 && s.x0 + (long)((s.k1 - 1) * job->dilation_x) >= (long)job->width)
        s.k1--;
    return s;
}

enum { BACK_DATA, BACK_WEIGHTS, BACK_MAX };

/* One output and one row of its window. */
VEC void window_back_row(const fdml_window_back *job, const int how, window_span s, size_t row,
                         size_t ky, vf gy, vf y, vf *left)
{
    for (size_t kx = s.k0; kx < s.k1; kx++) {
        const size_t at = (row + (size_t)(s.x0 + (long)(kx * job->dilation_x))) * VL;
        const size_t tap = (ky * job->kernel_x + kx) * VL;
        if (how == BACK_DATA)
            vf_store(job->gx + at,
                     vf_fma(gy, vf_load(job->weights + tap), vf_load(job->gx + at)));
        if (how == BACK_WEIGHTS)
            vf_store(job->gw + tap, vf_fma(gy, vf_load(job->x + at), vf_load(job->gw + tap)));
        if (how == BACK_MAX) { /* the first that is the largest takes it all */
            const vm is_it = vf_eq(vf_load(job->x + at), y);
            const vf take = vf_select(is_it, *left, vf_zero());
            vf_store(job->gx + at, vf_add(vf_load(job->gx + at), take));
            *left = vf_select(is_it, vf_zero(), *left);
        }
    }
}

VEC void window_back_output(const fdml_window_back *job, const int how, size_t oy, size_t ox)
{
    const size_t o = (oy * job->out_width + ox) * VL;
    const window_span s = window_span_of(job, ox);
    const vf gy = vf_load(job->gy + o);
    const vf y = how == BACK_MAX ? vf_load(job->y + o) : gy;
    vf left = gy;
    for (size_t ky = 0; ky < job->kernel_y; ky++) {
        const long at = (long)(oy * job->stride_y + ky * job->dilation_y) - (long)job->pad_top;
        if (at >= 0 && at < (long)job->height)
            window_back_row(job, how, s, (size_t)at * job->width, ky, gy, y, &left);
    }
}

VEC void window_back(const fdml_window_back *job, const int how)
{
    for (size_t oy = 0; oy < job->out_height; oy++)
        for (size_t ox = 0; ox < job->out_width; ox++) window_back_output(job, how, oy, ox);
}

/* --- by pixels --------------------------------------------------------------------------- */

/* The row of outputs that sees row y of the plane at row ky of the window; NULL: none does. */
VEC const float *gather_row(const fdml_window_back *job, size_t y, int ky, const int stride)
{
    const long t = (long)(y + job->pad_top) - ky;
    if (t < 0 || t % stride || t / stride >= (long)job->out_height) return NULL;
    return job->gy + (size_t)(t / stride) * job->out_width * VL;
}

/* A pixel near the sides, which not all of its outputs see. */
VEC void gather_pixel(const fdml_window_back *job, size_t y, size_t x, const int stride)
{
    float *gx = job->gx + (y * job->width + x) * VL;
    vf acc = vf_load(gx);
    for (int ky = 2; ky >= 0; ky--) {
        const float *row = gather_row(job, y, ky, stride);
        for (int kx = 2; row && kx >= 0; kx--) {
            const long t = (long)(x + job->pad_left) - kx;
            if (t < 0 || t % stride || t / stride >= (long)job->out_width) continue;
            acc = vf_fma(vf_load(row + t / stride * VL),
                         vf_load(job->weights + (ky * 3 + kx) * VL), acc);
        }
    }
    vf_store(gx, acc);
}

enum { GATHER = 8 }; /* pixels at once, at most */

/* Stride 1: pixels x .. x + n - 1, each under three outputs of a row. */
VEC void gather_1(const fdml_window_back *job, size_t y, size_t x, const int n)
{
    float *gx = job->gx + (y * job->width + x) * VL;
    vf acc[GATHER];
#pragma GCC unroll 8
    for (int i = 0; i < GATHER && i < n; i++) acc[i] = vf_load(gx + i * VL);
#pragma GCC unroll 3
    for (int ky = 2; ky >= 0; ky--) {
        const float *row = gather_row(job, y, ky, 1);
        if (!row) continue;
        vf gy[GATHER + 2];
        for (int i = 0; i < GATHER + 2 && i < n + 2; i++)
            gy[i] = vf_load(row + (x + job->pad_left - 2 + (size_t)i) * VL);
#pragma GCC unroll 3
        for (int kx = 2; kx >= 0; kx--) {
            const vf weight = vf_load(job->weights + (ky * 3 + kx) * VL);
#pragma GCC unroll 8
            for (int i = 0; i < GATHER && i < n; i++)
                acc[i] = vf_fma(gy[i + 2 - kx], weight, acc[i]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < GATHER && i < n; i++) vf_store(gx + i * VL, acc[i]);
}

/* Stride 2: n pairs of pixels from that under the first tap of output o on, which is also under
 * the last tap of output o - 1; the other of a pair is under the middle tap of o. */
VEC void gather_2(const fdml_window_back *job, size_t y, size_t o, const int n)
{
    float *gx = job->gx + (y * job->width + 2 * o - job->pad_left) * VL;
    vf even[GATHER / 2], odd[GATHER / 2];
#pragma GCC unroll 4
    for (int i = 0; i < GATHER / 2 && i < n; i++) {
        even[i] = vf_load(gx + 2 * i * VL);
        odd[i] = vf_load(gx + (2 * i + 1) * VL);
    }
#pragma GCC unroll 3
    for (int ky = 2; ky >= 0; ky--) {
        const float *row = gather_row(job, y, ky, 2);
        if (!row) continue;
        const float *w = job->weights + ky * 3 * VL;
        const vf first = vf_load(w), middle = vf_load(w + VL), last = vf_load(w + 2 * VL);
#pragma GCC unroll 4
        for (int i = 0; i < GATHER / 2 && i < n; i++) {
            const vf gy = vf_load(row + (o + (size_t)i) * VL);
            even[i] = vf_fma(vf_load(row + (o + (size_t)i - 1) * VL), last, even[i]);
            even[i] = vf_fma(gy, first, even[i]);
            odd[i] = vf_fma(gy, middle, odd[i]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < GATHER / 2 && i < n; i++) {
        vf_store(gx + 2 * i * VL, even[i]);
        vf_store(gx + (2 * i + 1) * VL, odd[i]);
    }
}

static void gather_rows_1(const fdml_window_back *job)
{
    const size_t width = job->width, pad = job->pad_left;
    size_t begin = pad < 2 ? 2 - pad : 0, end = job->out_width > pad ? job->out_width - pad : 0;
    if (end > width) end = width;
    if (begin > end) begin = end;
    for (size_t y = 0; y < job->height; y++) {
        size_t x = 0;
        for (; x < begin; x++) gather_pixel(job, y, x, 1);
        for (; x + 8 <= end; x += 8) gather_1(job, y, x, 8);
        for (; x + 4 <= end; x += 4) gather_1(job, y, x, 4);
        for (; x + 2 <= end; x += 2) gather_1(job, y, x, 2);
        for (; x < width; x++) gather_pixel(job, y, x, 1);
    }
}

static void gather_rows_2(const fdml_window_back *job)
{
    const size_t width = job->width, pad = job->pad_left;
    size_t begin = pad < 2 ? 1 : (pad + 1) / 2, end = (width + pad) / 2; /* of outputs */
    if (end > job->out_width) end = job->out_width;
    const int has_pairs = begin < end;
    for (size_t y = 0; y < job->height; y++) {
        size_t x = 0, o = begin;
        for (; has_pairs && x < 2 * begin - pad; x++) gather_pixel(job, y, x, 2);
        for (; o + 4 <= end; o += 4) gather_2(job, y, o, 4);
        for (; o + 2 <= end; o += 2) gather_2(job, y, o, 2);
        for (; o < end; o++) gather_2(job, y, o, 1);
        if (has_pairs) x = 2 * end - pad;
        for (; x < width; x++) gather_pixel(job, y, x, 2);
    }
}

static void k_depthwise_back(const fdml_window_back *job)
{
    const int is_3x3 = job->kernel_y == 3 && job->kernel_x == 3 && job->dilation_y == 1 &&
                       job->dilation_x == 1 && job->stride_y == job->stride_x;
    if (is_3x3 && job->stride_x == 1)
        gather_rows_1(job);
    else if (is_3x3 && job->stride_x == 2)
        gather_rows_2(job);
    else
        window_back(job, BACK_DATA);
}

/* --- by taps ----------------------------------------------------------------------------- */

/* Outputs begin .. end - 1 of row oy, whose windows lie inside of the row; rows ky .. ky + n -
 * 1 of the window, which are those inside of the plane. */
VEC void outer_span(const fdml_window_back *job, size_t oy, size_t begin, size_t end, size_t ky,
                    const int n)
{
    const size_t top = oy * job->stride_y + ky * job->dilation_y - job->pad_top;
    const size_t row = job->dilation_y * job->width * VL, column = job->dilation_x * VL;
    const float *x = job->x + (top * job->width + begin * job->stride_x - job->pad_left) * VL;
    const float *gy = job->gy + (oy * job->out_width + begin) * VL;
    float *gw = job->gw + ky * 3 * VL;
    vf sum[9]; /* its loops are unrolled by themselves */
    for (int t = 0; t < 9 && t < 3 * n; t++) sum[t] = vf_load(gw + t * VL);
    for (size_t ox = begin; ox < end; ox++, gy += VL, x += job->stride_x * VL) {
        const vf g = vf_load(gy);
        for (int t = 0; t < 9 && t < 3 * n; t++)
            sum[t] = vf_fma(g, vf_load(x + (size_t)(t / 3) * row + (size_t)(t % 3) * column),
                            sum[t]);
    }
    for (int t = 0; t < 9 && t < 3 * n; t++) vf_store(gw + t * VL, sum[t]);
}

static void outer_3x3(const fdml_window_back *job)
{
    const window_inside inside = window_inside_of(
        job->width, job->pad_left, 2 * job->dilation_x, job->stride_x, job->out_width);
    const size_t begin = inside.begin, end = inside.end;
    for (size_t oy = 0; oy < job->out_height; oy++) {
        size_t ky = 0, n = 0, ox = 0;
        for (size_t k = 0; k < 3; k++) {
            const size_t at = oy * job->stride_y + k * job->dilation_y; /* under the padding */
            if (at < job->pad_top) ky = k + 1;
            n += at >= job->pad_top && at < job->pad_top + job->height;
        }
        for (; ox < begin; ox++) window_back_output(job, BACK_WEIGHTS, oy, ox);
        if (n == 3) outer_span(job, oy, begin, end, ky, 3);
        if (n == 2) outer_span(job, oy, begin, end, ky, 2);
        if (n == 1) outer_span(job, oy, begin, end, ky, 1);
        for (ox = end; ox < job->out_width; ox++) window_back_output(job, BACK_WEIGHTS, oy, ox);
    }
}

static void k_depthwise_outer(const fdml_window_back *job)
{
    if (job->kernel_y == 3 && job->kernel_x == 3)
        outer_3x3(job);
    else
        window_back(job, BACK_WEIGHTS);
}

static void k_pool_max_back(const fdml_window_back *job)
{
    window_back(job, BACK_MAX);
}
