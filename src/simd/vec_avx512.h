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
 * 14 x 32 takes 31 registers: gemm's code spills with it, that of conv.h does not. */
#define TILE_ROWS 12
#define TILE_PIXELS 14 /* rows of the tile of conv.h */
#define OUTER_ROWS 8 /* rows of the tile of outer.h */
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
VEC void vec_prefetch_far(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }
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
VEC vu vu_add(vu a, vu b) { return _mm512_add_epi32(a, b); }
VEC vu vu_mul(vu a, vu b) { return _mm512_mullo_epi32(a, b); }
VEC vu vu_xor(vu a, vu b) { return _mm512_xor_si512(a, b); }
VEC vu vu_mul_both(vu *high, vu a, vu b) /* even lanes and odd ones, each 64 bits wide */
{
    const __m512i even = _mm512_mul_epu32(a, b);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
    *high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
    return _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
}
VEC vu vu_shr(vu a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }
VEC vu vu_load_u8(const unsigned char *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}
VEC void vu_store_u8(unsigned char *p, vu a)
{
    const __m512i positive = _mm512_max_epi32(a, _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtusepi32_epi8(positive));
}
VEC vu vu_sub(vu a, vu b) { return _mm512_sub_epi32(a, b); }
VEC vu vu_or(vu a, vu b) { return _mm512_or_si512(a, b); }
VEC vu vu_shl(vu a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
VEC vu vu_sra(vu a, int n) { return _mm512_srai_epi32(a, (unsigned)n); }
VEC vu vu_clamp_u8(vu a)
{
    return _mm512_min_epi32(_mm512_max_epi32(a, _mm512_setzero_si512()), _mm512_set1_epi32(255));
}
VEC vu vu_load_i16(const int16_t *p, const int16_t *q)
{
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)q);
    return _mm512_cvtepi16_epi32(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
}
VEC void vu_store_u16(unsigned char *p, vu a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(a));
}
VEC void vu_store_rgb(unsigned char *p, vu a) /* twelve bytes of every quarter */
{
    const __m512i three = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m512i in_order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    const __m512i bytes = _mm512_permutexvar_epi32(in_order, _mm512_shuffle_epi8(a, three));
    _mm512_mask_storeu_epi32(p, 0xfff, bytes);
}
VEC vf vf_cast(vu a) { return _mm512_castsi512_ps(a); }
VEC vu vu_cast(vf a) { return _mm512_castps_si512(a); }

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
