/* backward.h - gradients of what stands between convolutions: normalisation with addition and
 * activation, depthwise convolution, pooling. One block of sixteen channels at a time.
 *
 * SPDX-License-Identifier: MIT */

/* Sums of x - pivot and of its square, each in four interleaved sums. The pivot, any value near
 * the mean, keeps the variance from being a difference of two large numbers. */
static void k_block_moments(float sums[32], const float *x, const float *pivot, size_t n_pixels)
{
    vf s[4], q[4];
    for (int i = 0; i < 4; i++) s[i] = vf_zero(), q[i] = vf_zero();
    const vf at = vf_load(pivot);
    size_t p = 0;
    for (; p + 4 <= n_pixels; p += 4)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            const vf d = vf_sub(vf_load(x + (p + (size_t)i) * VL), at);
            s[i] = vf_add(s[i], d);
            q[i] = vf_fma(d, d, q[i]);
        }
    for (; p < n_pixels; p++) {
        const vf d = vf_sub(vf_load(x + p * VL), at);
        s[p % 4] = vf_add(s[p % 4], d);
        q[p % 4] = vf_fma(d, d, q[p % 4]);
    }
    vf_store(sums, vf_add(vf_add(s[0], s[1]), vf_add(s[2], s[3])));
    vf_store(sums + VL, vf_add(vf_add(q[0], q[1]), vf_add(q[2], q[3])));
}

/* What block_affine got before its activation. */
VEC vf affine_input(const fdml_affine_back *job, size_t at, vf scale, vf shift,
                    const int has_add)
{
    const vf u = vf_fma(vf_load(job->x + at), scale, shift);
    return has_add ? vf_add(u, vf_load(job->add + at)) : u;
}

/* gy where the activation lets it through: low < u < high; times the slope where u < 0. */
VEC vf affine_pass(vf gy, vf u, vf low, vf high, vf slope, const int has_slope)
{
    if (has_slope) return vf_select(vf_lt(u, vf_zero()), vf_mul(gy, slope), gy);
    const vf inside = vf_select(vf_lt(low, u), gy, vf_zero());
    return vf_select(vf_lt(u, high), inside, vf_zero());
}

VEC void affine_back_sums(const fdml_affine_back *job, float sums[48], const int has_add,
                          const int has_slope)
{
    const vf scale = vf_load(job->scale), shift = vf_load(job->shift);
    const vf mean = vf_load(job->mean), low = vf_set1(job->low), high = vf_set1(job->high);
    const vf slope = has_slope ? vf_load(job->slope) : vf_zero();
    vf s[2] = { vf_zero(), vf_zero() }, q[2] = { vf_zero(), vf_zero() };
    vf r[2] = { vf_zero(), vf_zero() };
    for (size_t p = 0; p < job->n_pixels; p++) {
        const size_t at = p * VL;
        const vf u = affine_input(job, at, scale, shift, has_add), gy = vf_load(job->gy + at);
        const vf g = affine_pass(gy, u, low, high, slope, has_slope);
        if (job->g) vf_store(job->g + at, g);
        s[p & 1] = vf_add(s[p & 1], g);
        q[p & 1] = vf_fma(g, vf_sub(vf_load(job->x + at), mean), q[p & 1]);
        if (has_slope)
            r[p & 1] = vf_select(vf_lt(u, vf_zero()), vf_fma(gy, u, r[p & 1]), r[p & 1]);
    }
    vf_store(sums, vf_add(s[0], s[1]));
    vf_store(sums + VL, vf_add(q[0], q[1]));
    vf_store(sums + 2 * VL, vf_add(r[0], r[1]));
}

static void k_affine_back_sums(const fdml_affine_back *job, float sums[48])
{
    if (job->slope)
        affine_back_sums(job, sums, job->add != NULL, 1);
    else if (job->add)
        affine_back_sums(job, sums, 1, 0);
    else
        affine_back_sums(job, sums, 0, 0);
}

VEC void affine_back(const fdml_affine_back *job, const int has_add, const int has_slope)
{
    const vf scale = vf_load(job->scale), shift = vf_load(job->shift);
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
    const vf slope = has_slope ? vf_load(job->slope) : vf_zero();
    const vf of_g = vf_load(job->of_g);
    const vf of_x = job->of_x ? vf_load(job->of_x) : vf_zero();
    const vf constant = job->of_x ? vf_load(job->constant) : vf_zero();
    for (size_t p = 0; p < job->n_pixels; p++) {
        const size_t at = p * VL;
        vf g = vf_load(job->gy + at);
        if (!job->is_passed)
            g = affine_pass(g, affine_input(job, at, scale, shift, has_add), low, high, slope,
                            has_slope);
        if (job->g) vf_store(job->g + at, g);
        vf gx = vf_mul(g, of_g);
        if (job->of_x) gx = vf_add(gx, vf_fma(vf_load(job->x + at), of_x, constant));
        if (job->gx_add) gx = vf_add(gx, vf_load(job->gx_add + at));
        vf_store(job->gx + at, gx);
    }
}

static void k_affine_back(const fdml_affine_back *job)
{
    if (job->slope)
        affine_back(job, job->add != NULL, 1);
    else if (job->add)
        affine_back(job, 1, 0);
    else
        affine_back(job, 0, 0);
}

/* --- windows ----------------------------------------------------------------------------- */

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

VEC void window_back(const fdml_window_back *job, const int how)
{
    for (size_t oy = 0; oy < job->out_height; oy++)
        for (size_t ox = 0; ox < job->out_width; ox++) {
            const size_t o = (oy * job->out_width + ox) * VL;
            const window_span s = window_span_of(job, ox);
            const vf gy = vf_load(job->gy + o);
            const vf y = how == BACK_MAX ? vf_load(job->y + o) : gy;
            vf left = gy;
            for (size_t ky = 0; ky < job->kernel_y; ky++) {
                const long at =
                    (long)(oy * job->stride_y + ky * job->dilation_y) - (long)job->pad_top;
                if (at >= 0 && at < (long)job->height)
                    window_back_row(job, how, s, (size_t)at * job->width, ky, gy, y, &left);
            }
        }
}

static void k_depthwise_back(const fdml_window_back *job)
{
    window_back(job, BACK_DATA);
}

static void k_depthwise_outer(const fdml_window_back *job)
{
    window_back(job, BACK_WEIGHTS);
}

static void k_pool_max_back(const fdml_window_back *job)
{
    window_back(job, BACK_MAX);
}
