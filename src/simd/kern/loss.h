/* loss.h - outputs of a classifier, row by row, become the gradient of their loss; included by
 * isa.c.
 *
 * A row stands in full vectors: its stride is a multiple of sixteen, and lanes past n are
 * written as 0, so that the products that follow may read whole panels. Sums have one
 * accumulator a row; rows are independent of each other, which fills the pipeline.
 *
 * SPDX-License-Identifier: MIT */

/* The lanes of a row from d on that hold one of its n outputs; the others are `fill`. */
VEC vf loss_lanes(const float *row, size_t d, size_t n, float fill)
{
    return n - d >= VL ? vf_load(row + d) : vf_load_n(row + d, n - d, fill);
}

VEC void clear_lanes(float *row, size_t n, size_t stride)
{
    const size_t whole = (n + VL - 1) / VL * VL;
    if (n < whole) vf_store_n(row + n, whole - n, vf_zero());
    for (size_t d = whole; d < stride; d += VL) vf_store(row + d, vf_zero());
}

VEC float largest_lane(vf v)
{
    float lane[VL], most;
    vf_store(lane, v);
    most = lane[0];
    for (size_t i = 1; i < VL; i++) most = lane[i] > most ? lane[i] : most;
    return most;
}

static void k_softmax_rows(float *z, float *most, float *sum, size_t n_rows, size_t n,
                           size_t stride, const float *weight)
{
    for (size_t i = 0; i < n_rows; i++, z += stride) {
        vf top = vf_set1(-INFINITY), total = vf_zero();
        for (size_t d = 0; d < n; d += VL) top = vf_max(loss_lanes(z, d, n, -INFINITY), top);
        most[i] = largest_lane(top);
        const vf at = vf_set1(most[i]);
        for (size_t d = 0; d < n; d += VL) {
            const vf e = vf_exp(vf_sub(loss_lanes(z, d, n, -INFINITY), at));
            total = vf_add(total, e);
            vf_store(z + d, e);
        }
        sum[i] = vf_sum(total);
        const vf share = vf_set1((weight ? weight[i] : 1) / sum[i]);
        for (size_t d = 0; d < n; d += VL) vf_store(z + d, vf_mul(vf_load(z + d), share));
        clear_lanes(z, n, stride);
    }
}

static void k_hinge_rows(float *z, float *sum, size_t n_rows, size_t n, size_t stride,
                         const float *weight)
{
    const vf one = vf_set1(1);
    for (size_t i = 0; i < n_rows; i++, z += stride) {
        const vf twice = vf_set1(2 * (weight ? weight[i] : 1));
        vf total = vf_zero();
        for (size_t d = 0; d < n; d += VL) {
            const vf over = vf_max(vf_add(loss_lanes(z, d, n, -1), one), vf_zero());
            total = vf_fma(over, over, total);
            vf_store(z + d, vf_mul(over, twice));
        }
        sum[i] = vf_sum(total);
        clear_lanes(z, n, stride);
    }
}
