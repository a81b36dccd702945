/* blocks.h - between planes of pixels and blocks of sixteen channels, and arithmetic on blocks.
 * SPDX-License-Identifier: MIT */

/* Sixteen pixels of sixteen channels at a time; c <= 16 channels exist. */
static void k_planes_to_blocks(float *blocks, const float *planes, size_t n_channels,
                               size_t n_pixels)
{
    for (size_t c0 = 0; c0 < n_channels; c0 += VL, blocks += n_pixels * VL) {
        const size_t c = n_channels - c0 < VL ? n_channels - c0 : VL;
        for (size_t p = 0; p < n_pixels; p += VL) {
            const size_t n = n_pixels - p < VL ? n_pixels - p : VL;
            vf r[VL];
            for (size_t i = 0; i < VL; i++)
                r[i] = i < c ? vf_load_n(planes + (c0 + i) * n_pixels + p, n, 0) : vf_zero();
            vf_transpose(r);
            for (size_t i = 0; i < n; i++) vf_store(blocks + (p + i) * VL, r[i]);
        }
    }
}

static void k_blocks_to_planes(float *planes, const float *blocks, size_t n_channels,
                               size_t n_pixels)
{
    for (size_t c0 = 0; c0 < n_channels; c0 += VL, blocks += n_pixels * VL) {
        const size_t c = n_channels - c0 < VL ? n_channels - c0 : VL;
        for (size_t p = 0; p < n_pixels; p += VL) {
            const size_t n = n_pixels - p < VL ? n_pixels - p : VL;
            vf r[VL];
            for (size_t i = 0; i < VL; i++)
                r[i] = i < n ? vf_load(blocks + (p + i) * VL) : vf_zero();
            vf_transpose(r);
            for (size_t i = 0; i < c; i++)
                vf_store_n(planes + (c0 + i) * n_pixels + p, n, r[i]);
        }
    }
}

/* y = finish(x * scale + shift [+ add]) for the pixels of one block; see kernels.h. */
static void k_block_affine(const fdml_affine *job)
{
    const vf scale = job->scale ? vf_load(job->scale) : vf_set1(1);
    const vf shift = job->shift ? vf_load(job->shift) : vf_zero();
    const vf slope = job->slope ? vf_load(job->slope) : vf_zero();
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
    for (size_t p = 0; p < job->n_pixels; p++) {
        vf y = vf_load(job->x + p * VL);
        if (job->scale || job->shift) y = vf_fma(y, scale, shift);
        if (job->add) y = vf_add(y, vf_load(job->add + p * VL));
        if (job->multiply) y = vf_mul(y, vf_load(job->multiply + p * job->multiply_step));
        if (job->slope) y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, slope), y);
        vf_store(job->out + p * VL, vf_max(low, vf_min(high, y)));
    }
}

/* Mean over the pixels of one block, in four interleaved sums. */
static void k_block_mean(float *mean, const float *x, size_t n_pixels)
{
    vf s[4] = { vf_zero(), vf_zero(), vf_zero(), vf_zero() };
    for (size_t p = 0; p < n_pixels; p++) s[p % 4] = vf_add(s[p % 4], vf_load(x + p * VL));
    const vf sum = vf_add(vf_add(s[0], s[1]), vf_add(s[2], s[3]));
    vf_store(mean, vf_mul(sum, vf_set1(1.0f / (float)n_pixels)));
}
