/* vec_scalar.h - vf as sixteen floats: the reference every other backend is compared with.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_SCALAR_H
#define FDML_SIMD_VEC_SCALAR_H

#include <math.h>

/* clang-format off */ /* one operation a line */
typedef struct vf { float l[VL]; } vf;
typedef struct vm { unsigned bits; } vm;
typedef struct vu { uint32_t l[VL]; } vu;

/* Four rows of sixteen: enough to reuse a row of B without filling the stack. */
#define TILE_ROWS 4
#define TILE_PIXELS 4 /* rows of the tile of conv.h */
#define OUTER_ROWS 4 /* rows of the tile of outer.h */
#define TILE_VECS 1

#define LANES for (int i = 0; i < VL; i++)
#define VF(expr) vf r; LANES r.l[i] = (expr); return r
#define VU(expr) vu r; LANES r.l[i] = (expr); return r
#define VM(expr) vm r = { 0 }; LANES r.bits |= (unsigned)(expr) << i; return r

VEC vf vf_zero(void) { VF(0); }
VEC vf vf_set1(float x) { VF(x); }
VEC vf vf_load(const float *p) { VF(p[i]); }
VEC void vf_store(float *p, vf a) { LANES p[i] = a.l[i]; }
VEC vf vf_load_n(const float *p, size_t n, float fill) { VF((size_t)i < n ? p[i] : fill); }
VEC void vf_store_n(float *p, size_t n, vf a) { LANES if ((size_t)i < n) p[i] = a.l[i]; }
VEC void vec_prefetch(const float *p) { (void)p; }
VEC void vec_prefetch_far(const float *p) { (void)p; }
VEC vf vf_add(vf a, vf b) { VF(a.l[i] + b.l[i]); }
VEC vf vf_sub(vf a, vf b) { VF(a.l[i] - b.l[i]); }
VEC vf vf_mul(vf a, vf b) { VF(a.l[i] * b.l[i]); }
VEC vf vf_fma(vf a, vf b, vf c) { VF(fmaf(a.l[i], b.l[i], c.l[i])); }
VEC vf vf_div(vf a, vf b) { VF(a.l[i] / b.l[i]); }
VEC vf vf_abs(vf a) { VF(fabsf(a.l[i])); }
VEC vf vf_floor(vf a) { VF(floorf(a.l[i])); }
VEC vf vf_ceil(vf a) { VF(ceilf(a.l[i])); }
VEC vf vf_round(vf a) { VF(rintf(a.l[i])); }
VEC vf vf_sqrt(vf a) { VF(sqrtf(a.l[i])); }
VEC vf vf_min(vf a, vf b) { VF(a.l[i] < b.l[i] ? a.l[i] : b.l[i]); }
VEC vf vf_max(vf a, vf b) { VF(a.l[i] > b.l[i] ? a.l[i] : b.l[i]); }
VEC vm vf_lt(vf a, vf b) { VM(a.l[i] < b.l[i]); }
VEC vm vf_le(vf a, vf b) { VM(a.l[i] <= b.l[i]); }
VEC vm vf_eq(vf a, vf b) { VM(a.l[i] == b.l[i]); }
VEC vf vf_select(vm m, vf a, vf b) { VF(m.bits >> i & 1 ? a.l[i] : b.l[i]); }
VEC vf vf_add_where(vm m, vf a, vf b) { VF(m.bits >> i & 1 ? a.l[i] + b.l[i] : a.l[i]); }

VEC float vf_sum(vf v) /* 16 -> 8 -> 4 -> 2 -> 1, upper half onto lower */
{
    for (int half = VL / 2; half; half /= 2)
        for (int i = 0; i < half; i++) v.l[i] += v.l[i + half];
    return v.l[0];
}

VEC unsigned vm_bits(vm m) { return m.bits; }
VEC vm vm_from_bits(unsigned bits) { return (vm){ bits & 0xffffu }; }
VEC int vm_any(vm m) { return m.bits != 0; }
VEC vm vm_and(vm a, vm b) { return (vm){ a.bits & b.bits }; }

VEC vu vu_zero(void) { VU(0); }
VEC vu vu_set1(uint32_t x) { VU(x); }
VEC vu vu_load(const uint32_t *p) { VU(p[i]); }
VEC void vu_store(uint32_t *p, vu a) { LANES p[i] = a.l[i]; }
VEC vu vu_load_n(const uint32_t *p, size_t n) { VU((size_t)i < n ? p[i] : 0); }
VEC vu vu_inc(vu a, vm m) { VU(a.l[i] + (m.bits >> i & 1)); }
VEC vm vu_eq(vu a, vu b) { VM(a.l[i] == b.l[i]); }
VEC vm vu_gt(vu a, vu b) { VM(a.l[i] > b.l[i]); }
VEC uint32_t vu_sum(vu a)
{
    uint32_t sum = 0;
    LANES sum += a.l[i];
    return sum;
}
VEC vu vu_from_vf(vf a) { VU((uint32_t)a.l[i]); }
VEC vu vu_select(vm m, vu a, vu b) { VU(m.bits >> i & 1 ? a.l[i] : b.l[i]); }
VEC vu vu_add(vu a, vu b) { VU(a.l[i] + b.l[i]); }
VEC vu vu_mul(vu a, vu b) { VU(a.l[i] * b.l[i]); }
VEC vu vu_xor(vu a, vu b) { VU(a.l[i] ^ b.l[i]); }
VEC vu vu_mul_both(vu *high, vu a, vu b)
{
    for (int i = 0; i < VL; i++) high->l[i] = (uint32_t)((uint64_t)a.l[i] * b.l[i] >> 32);
    return vu_mul(a, b);
}
VEC vu vu_shr(vu a, int n) { VU(a.l[i] >> n); }
VEC vu vu_load_u8(const unsigned char *p) { VU(p[i]); }
VEC vu vu_sub(vu a, vu b) { VU(a.l[i] - b.l[i]); }
VEC vu vu_or(vu a, vu b) { VU(a.l[i] | b.l[i]); }
VEC vu vu_shl(vu a, int n) { VU(a.l[i] << n); }
VEC vu vu_sra(vu a, int n) { VU(a.l[i] >> n | (a.l[i] >> 31 ? ~(0xffffffffu >> n) : 0)); }
VEC vu vu_clamp_u8(vu a) { VU(a.l[i] >> 31 ? 0 : a.l[i] > 255 ? 255 : a.l[i]); }
VEC void vu_store_u8(unsigned char *p, vu a)
{
    a = vu_clamp_u8(a);
    LANES p[i] = (unsigned char)a.l[i];
}
VEC vu vu_load_i16(const int16_t *p, const int16_t *q)
{
    VU((uint32_t)(int32_t)(i < 8 ? p[i] : q[i - 8]));
}
VEC void vu_store_u16(unsigned char *p, vu a)
{
    LANES p[2 * i] = (unsigned char)a.l[i], p[2 * i + 1] = (unsigned char)(a.l[i] >> 8);
}
VEC void vu_store_rgb(unsigned char *p, vu a)
{
    LANES {
        p[3 * i] = (unsigned char)a.l[i];
        p[3 * i + 1] = (unsigned char)(a.l[i] >> 8);
        p[3 * i + 2] = (unsigned char)(a.l[i] >> 16);
    }
}
VEC vf vf_cast(vu a)
{
    vf r;
    memcpy(&r, &a, sizeof r);
    return r;
}
VEC vu vu_cast(vf a)
{
    vu r;
    memcpy(&r, &a, sizeof r);
    return r;
}

VEC void vf_transpose(vf r[VL])
{
    for (int j = 0; j < VL; j++)
        for (int i = 0; i < j; i++) {
            const float x = r[j].l[i];
            r[j].l[i] = r[i].l[j];
            r[i].l[j] = x;
        }
}

#undef LANES
#undef VF
#undef VU
#undef VM
/* clang-format on */

#endif
