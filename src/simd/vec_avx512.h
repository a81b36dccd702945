/* vec_avx512.h - vf as one zmm register, vm as a mask register.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_AVX512_H
#define FDML_SIMD_VEC_AVX512_H

#include <immintrin.h>

/* clang-format off */ /* one operation a line */
typedef __m512 vf;
typedef __mmask16 vm;
typedef __m512i vu;

/* Register tile of gemm: 12 rows x 32 columns = 24 accumulators, 2 for B, 1 for the broadcast.
 * 14 x 32 would need all 32 registers and spills. */
#define TILE_ROWS 12
#define TILE_VECS 2

VEC vf vf_zero(void) { return _mm512_setzero_ps(); }
VEC vf vf_set1(float x) { return _mm512_set1_ps(x); }
VEC vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
VEC void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
VEC vf vf_load_n(const float *p, size_t n, float fill)
{
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1u), p);
}
VEC void vf_store_n(float *p, size_t n, vf a)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), a);
}
VEC void vec_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
VEC vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
VEC vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
VEC vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
VEC vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
VEC vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
VEC vf vf_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
#define ROUND(a, how) _mm512_roundscale_ps(a, (how) | _MM_FROUND_NO_EXC)
VEC vf vf_floor(vf a) { return ROUND(a, _MM_FROUND_TO_NEG_INF); }
VEC vf vf_ceil(vf a) { return ROUND(a, _MM_FROUND_TO_POS_INF); }
VEC vf vf_round(vf a) { return ROUND(a, _MM_FROUND_TO_NEAREST_INT); }
#undef ROUND
VEC vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
VEC vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
VEC vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
VEC vm vf_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
VEC vm vf_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
VEC vm vf_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
VEC vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }
VEC vf vf_add_where(vm m, vf a, vf b) { return _mm512_mask_add_ps(a, m, a, b); }

VEC float vf_sum(vf v) /* 16 -> 8 -> 4 -> 2 -> 1, upper half onto lower */
{
    const __m256 high = _mm512_extractf32x8_ps(v, 1);
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), high);
    const __m128 upper = _mm256_extractf128_ps(eight, 1);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), upper);
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

VEC unsigned vm_bits(vm m) { return m; }
VEC vm vm_from_bits(unsigned bits) { return (vm)bits; }
VEC int vm_any(vm m) { return m != 0; }
VEC vm vm_and(vm a, vm b) { return (vm)(a & b); }

VEC vu vu_zero(void) { return _mm512_setzero_si512(); }
VEC vu vu_set1(uint32_t x) { return _mm512_set1_epi32((int)x); }
VEC vu vu_load(const uint32_t *p) { return _mm512_loadu_si512(p); }
VEC void vu_store(uint32_t *p, vu a) { _mm512_storeu_si512(p, a); }
VEC vu vu_load_n(const uint32_t *p, size_t n)
{
    return _mm512_maskz_loadu_epi32((__mmask16)((1u << n) - 1u), p);
}
VEC vu vu_inc(vu a, vm m) { return _mm512_mask_add_epi32(a, m, a, _mm512_set1_epi32(1)); }
VEC vm vu_eq(vu a, vu b) { return _mm512_cmpeq_epi32_mask(a, b); }
VEC vm vu_gt(vu a, vu b) { return _mm512_cmpgt_epi32_mask(a, b); }
VEC uint32_t vu_sum(vu a) { return (uint32_t)_mm512_reduce_add_epi32(a); }

VEC vu vu_from_vf(vf a) { return _mm512_cvttps_epi32(a); }
VEC vu vu_select(vm m, vu a, vu b) { return _mm512_mask_blend_epi32(m, b, a); }

VEC void vf_transpose(vf r[VL])
{
    __m512 t[VL];
#pragma GCC unroll 8
    for (int i = 0; i < VL; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < VL; i += 4) {
        const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]);
        const __m512d c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
        r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) { /* 4x4 blocks are transposed; now move the blocks */
        t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
        r[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
        r[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
    }
}
/* clang-format on */

#endif
