/* backward.h - gradients of normalisation with addition and activation. One block of sixteen
 * channels at a time.
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
