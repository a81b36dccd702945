/* vec_neon.h - vf as four q registers, lanes 0-3 in q[0]. A vm is all-ones lanes.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_NEON_H
#define FDML_SIMD_VEC_NEON_H

#include <arm_neon.h>

/* clang-format off */ /* one operation a line */
typedef struct vf { float32x4_t q[4]; } vf;
typedef struct vm { uint32x4_t q[4]; } vm;
typedef struct vu { uint32x4_t q[4]; } vu;

/* Register tile of gemm: 5 rows x 16 columns = 20 accumulators, 4 for B, 1 for a broadcast. */
#define TILE_ROWS 5
#define TILE_PIXELS 5 /* rows of the tile of conv.h */
#define OUTER_ROWS 6 /* rows of the tile of outer.h */
#define TILE_VECS 1

#define FOUR(type, e0, e1, e2, e3) ((type){ { (e0), (e1), (e2), (e3) } })
#define MAP1(type, f, a) FOUR(type, f(a.q[0]), f(a.q[1]), f(a.q[2]), f(a.q[3]))
#define MAP2(type, f, a, b)                                                                    \
    FOUR(type, f(a.q[0], b.q[0]), f(a.q[1], b.q[1]), f(a.q[2], b.q[2]), f(a.q[3], b.q[3]))
#define MAP3(type, f, a, b, c)                                                                 \
    FOUR(type, f(a.q[0], b.q[0], c.q[0]), f(a.q[1], b.q[1], c.q[1]),                           \
         f(a.q[2], b.q[2], c.q[2]), f(a.q[3], b.q[3], c.q[3]))

VEC vf vf_set1(float x)
{
    const float32x4_t v = vdupq_n_f32(x);
    return FOUR(vf, v, v, v, v);
}
VEC vf vf_zero(void) { return vf_set1(0); }
VEC vf vf_load(const float *p)
{
    return FOUR(vf, vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12));
}
VEC void vf_store(float *p, vf a)
{
    vst1q_f32(p, a.q[0]), vst1q_f32(p + 4, a.q[1]);
    vst1q_f32(p + 8, a.q[2]), vst1q_f32(p + 12, a.q[3]);
}
VEC vf vf_load_n(const float *p, size_t n, float fill) /* NEON has no masked load */
{
    float lane[VL];
    for (size_t i = 0; i < VL; i++) lane[i] = fill;
    memcpy(lane, p, n * sizeof *p);
    return vf_load(lane);
}
VEC void vf_store_n(float *p, size_t n, vf a)
{
    float lane[VL];
    vf_store(lane, a);
    memcpy(p, lane, n * sizeof *p);
}
VEC void vec_prefetch(const float *p) { __builtin_prefetch(p); }
VEC void vec_prefetch_far(const float *p) { __builtin_prefetch(p, 0, 2); }
VEC vf vf_add(vf a, vf b) { return MAP2(vf, vaddq_f32, a, b); }
VEC vf vf_sub(vf a, vf b) { return MAP2(vf, vsubq_f32, a, b); }
VEC vf vf_mul(vf a, vf b) { return MAP2(vf, vmulq_f32, a, b); }
VEC vf vf_fma(vf a, vf b, vf c) { return MAP3(vf, vfmaq_f32, c, a, b); }
VEC vf vf_div(vf a, vf b) { return MAP2(vf, vdivq_f32, a, b); }
VEC vf vf_abs(vf a) { return MAP1(vf, vabsq_f32, a); }
VEC vf vf_floor(vf a) { return MAP1(vf, vrndmq_f32, a); }
VEC vf vf_ceil(vf a) { return MAP1(vf, vrndpq_f32, a); }
VEC vf vf_round(vf a) { return MAP1(vf, vrndnq_f32, a); }
VEC vf vf_sqrt(vf a) { return MAP1(vf, vsqrtq_f32, a); }
VEC vm vf_lt(vf a, vf b) { return MAP2(vm, vcltq_f32, a, b); }
VEC vm vf_le(vf a, vf b) { return MAP2(vm, vcleq_f32, a, b); }
VEC vm vf_eq(vf a, vf b) { return MAP2(vm, vceqq_f32, a, b); }
VEC vf vf_select(vm m, vf a, vf b) { return MAP3(vf, vbslq_f32, m, a, b); }
VEC vf vf_min(vf a, vf b) { return vf_select(vf_lt(a, b), a, b); }
VEC vf vf_max(vf a, vf b) { return vf_select(vf_lt(b, a), a, b); }
VEC vf vf_add_where(vm m, vf a, vf b) { return vf_select(m, vf_add(a, b), a); }

VEC float vf_sum(vf v) /* 16 -> 8 -> 4 -> 2 -> 1, upper half onto lower */
{
    const float32x4_t low = vaddq_f32(v.q[0], v.q[2]), high = vaddq_f32(v.q[1], v.q[3]);
    const float32x4_t four = vaddq_f32(low, high);
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

VEC unsigned vm_bits(vm m)
{
    static const uint32_t bit[4] = { 1, 2, 4, 8 };
    const uint32x4_t b = vld1q_u32(bit);
    return vaddvq_u32(vandq_u32(m.q[0], b)) | vaddvq_u32(vandq_u32(m.q[1], b)) << 4 |
           vaddvq_u32(vandq_u32(m.q[2], b)) << 8 | vaddvq_u32(vandq_u32(m.q[3], b)) << 12;
}
VEC vm vm_from_bits(unsigned bits)
{
    static const uint32_t bit[4] = { 1, 2, 4, 8 };
    const uint32x4_t b = vld1q_u32(bit);
    return FOUR(vm, vtstq_u32(vdupq_n_u32(bits), b), vtstq_u32(vdupq_n_u32(bits >> 4), b),
                vtstq_u32(vdupq_n_u32(bits >> 8), b), vtstq_u32(vdupq_n_u32(bits >> 12), b));
}
VEC int vm_any(vm m)
{
    return vmaxvq_u32(vorrq_u32(vorrq_u32(m.q[0], m.q[1]), vorrq_u32(m.q[2], m.q[3]))) != 0;
}
VEC vm vm_and(vm a, vm b) { return MAP2(vm, vandq_u32, a, b); }

VEC vu vu_set1(uint32_t x)
{
    const uint32x4_t v = vdupq_n_u32(x);
    return FOUR(vu, v, v, v, v);
}
VEC vu vu_zero(void) { return vu_set1(0); }
VEC vu vu_load(const uint32_t *p)
{
    return FOUR(vu, vld1q_u32(p), vld1q_u32(p + 4), vld1q_u32(p + 8), vld1q_u32(p + 12));
}
VEC void vu_store(uint32_t *p, vu a)
{
    vst1q_u32(p, a.q[0]), vst1q_u32(p + 4, a.q[1]);
    vst1q_u32(p + 8, a.q[2]), vst1q_u32(p + 12, a.q[3]);
}
VEC vu vu_load_n(const uint32_t *p, size_t n)
{
    uint32_t lane[VL] = { 0 };
    memcpy(lane, p, n * sizeof *p);
    return vu_load(lane);
}
VEC vu vu_inc(vu a, vm m) { return MAP2(vu, vsubq_u32, a, m); } /* a true lane is -1 */
VEC vm vu_eq(vu a, vu b) { return MAP2(vm, vceqq_u32, a, b); }
VEC vm vu_gt(vu a, vu b) { return MAP2(vm, vcgtq_u32, a, b); }
VEC uint32_t vu_sum(vu a)
{
    return vaddvq_u32(vaddq_u32(vaddq_u32(a.q[0], a.q[1]), vaddq_u32(a.q[2], a.q[3])));
}
VEC vu vu_from_vf(vf a) { return MAP1(vu, vcvtq_u32_f32, a); }
VEC vu vu_select(vm m, vu a, vu b) { return MAP3(vu, vbslq_u32, m, a, b); }
VEC vu vu_add(vu a, vu b) { return MAP2(vu, vaddq_u32, a, b); }
VEC vu vu_mul(vu a, vu b) { return MAP2(vu, vmulq_u32, a, b); }
VEC vu vu_xor(vu a, vu b) { return MAP2(vu, veorq_u32, a, b); }
VEC vu vu_mul_both(vu *high, vu a, vu b)
{
    vu low;
    for (int i = 0; i < 4; i++) {
        const uint64x2_t first = vmull_u32(vget_low_u32(a.q[i]), vget_low_u32(b.q[i]));
        const uint64x2_t second = vmull_high_u32(a.q[i], b.q[i]);
        const uint32x4_t x = vreinterpretq_u32_u64(first), y = vreinterpretq_u32_u64(second);
        low.q[i] = vuzp1q_u32(x, y);
        high->q[i] = vuzp2q_u32(x, y);
    }
    return low;
}
VEC vu vu_shr(vu a, int n) /* to the right is to the left by -n */
{
    const int32x4_t by = vdupq_n_s32(-n);
    return FOUR(vu, vshlq_u32(a.q[0], by), vshlq_u32(a.q[1], by), vshlq_u32(a.q[2], by),
                vshlq_u32(a.q[3], by));
}
VEC vu vu_load_u8(const unsigned char *p)
{
    const uint8x16_t v = vld1q_u8(p);
    const uint16x8_t low = vmovl_u8(vget_low_u8(v)), high = vmovl_high_u8(v);
    return FOUR(vu, vmovl_u16(vget_low_u16(low)), vmovl_high_u16(low),
                vmovl_u16(vget_low_u16(high)), vmovl_high_u16(high));
}
VEC vu vu_sub(vu a, vu b) { return MAP2(vu, vsubq_u32, a, b); }
VEC vu vu_or(vu a, vu b) { return MAP2(vu, vorrq_u32, a, b); }
VEC vu vu_shl(vu a, int n)
{
    const int32x4_t by = vdupq_n_s32(n);
    return FOUR(vu, vshlq_u32(a.q[0], by), vshlq_u32(a.q[1], by), vshlq_u32(a.q[2], by),
                vshlq_u32(a.q[3], by));
}
VEC uint32x4_t neon_sra(uint32x4_t a, int n)
{
    return vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(a), vdupq_n_s32(-n)));
}
VEC vu vu_sra(vu a, int n)
{
    return FOUR(vu, neon_sra(a.q[0], n), neon_sra(a.q[1], n), neon_sra(a.q[2], n),
                neon_sra(a.q[3], n));
}
VEC uint32x4_t neon_clamp(uint32x4_t a)
{
    const int32x4_t positive = vmaxq_s32(vreinterpretq_s32_u32(a), vdupq_n_s32(0));
    return vminq_u32(vreinterpretq_u32_s32(positive), vdupq_n_u32(255));
}
VEC vu vu_clamp_u8(vu a) { return MAP1(vu, neon_clamp, a); }
VEC void vu_store_u8(unsigned char *p, vu a)
{
    const vu c = vu_clamp_u8(a);
    const uint16x8_t low = vmovn_high_u32(vmovn_u32(c.q[0]), c.q[1]);
    const uint16x8_t high = vmovn_high_u32(vmovn_u32(c.q[2]), c.q[3]);
    vst1q_u8(p, vmovn_high_u16(vmovn_u16(low), high));
}
VEC vu vu_load_i16(const int16_t *p, const int16_t *q)
{
    const int16x8_t low = vld1q_s16(p), high = vld1q_s16(q);
    return FOUR(vu, vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(low))),
                vreinterpretq_u32_s32(vmovl_high_s16(low)),
                vreinterpretq_u32_s32(vmovl_s16(vget_low_s16(high))),
                vreinterpretq_u32_s32(vmovl_high_s16(high)));
}
VEC void vu_store_u16(unsigned char *p, vu a)
{
    const uint16x8_t low = vmovn_high_u32(vmovn_u32(a.q[0]), a.q[1]);
    const uint16x8_t high = vmovn_high_u32(vmovn_u32(a.q[2]), a.q[3]);
    vst1q_u8(p, vreinterpretq_u8_u16(low));
    vst1q_u8(p + 16, vreinterpretq_u8_u16(high));
}
VEC void vu_store_rgb(unsigned char *p, vu a) /* twelve bytes of every quarter */
{
    static const uint8_t three[16] = { 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255 };
    const uint8x16_t table = vld1q_u8(three);
    for (int i = 0; i < 4; i++) {
        unsigned char bytes[16];
        vst1q_u8(bytes, vqtbl1q_u8(vreinterpretq_u8_u32(a.q[i]), table));
        memcpy(p + 12 * i, bytes, 12);
    }
}
VEC vf vf_cast(vu a) { return MAP1(vf, vreinterpretq_f32_u32, a); }
VEC vu vu_cast(vf a) { return MAP1(vu, vreinterpretq_u32_f32, a); }

VEC void vf_transpose(vf r[VL]) /* sixteen 4x4 blocks: transpose each, swap across */
{
    vf t[VL];
    for (int bi = 0; bi < 4; bi++)
        for (int bj = 0; bj < 4; bj++) {
            const float32x4_t r0 = r[4 * bi].q[bj], r1 = r[4 * bi + 1].q[bj];
            const float32x4_t r2 = r[4 * bi + 2].q[bj], r3 = r[4 * bi + 3].q[bj];
            const float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(r0, r1));
            const float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(r0, r1));
            const float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(r2, r3));
            const float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(r2, r3));
            t[4 * bj].q[bi] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
            t[4 * bj + 1].q[bi] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
            t[4 * bj + 2].q[bi] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
            t[4 * bj + 3].q[bi] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
        }
    for (int i = 0; i < VL; i++) r[i] = t[i];
}

#undef FOUR
#undef MAP1
#undef MAP2
#undef MAP3
/* clang-format on */

#endif
