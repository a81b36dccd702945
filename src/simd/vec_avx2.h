/* vec_avx2.h - vf as two ymm registers: lanes 0-7 in lo, 8-15 in hi. A vm is all-ones lanes.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_AVX2_H
#define FDML_SIMD_VEC_AVX2_H

#include <immintrin.h>

/* clang-format off */ /* one operation a line */
typedef struct vf { __m256 lo, hi; } vf;
typedef struct vm { __m256 lo, hi; } vm;
typedef struct vu { __m256i lo, hi; } vu;

/* Register tile of gemm: 6 rows x 16 columns = 12 accumulators, 2 for B, 1 for a broadcast. */
#define TILE_ROWS 6
#define TILE_PIXELS 6 /* rows of the tile of conv.h */
#define OUTER_ROWS 6 /* rows of the tile of outer.h */
#define TILE_VECS 1

#define PAIR(type, l, h) ((type){ (l), (h) })
#define MAP1(type, f, a) PAIR(type, f(a.lo), f(a.hi))
#define MAP2(type, f, a, b) PAIR(type, f(a.lo, b.lo), f(a.hi, b.hi))

VEC vf vf_zero(void) { return PAIR(vf, _mm256_setzero_ps(), _mm256_setzero_ps()); }
VEC vf vf_set1(float x) { return PAIR(vf, _mm256_set1_ps(x), _mm256_set1_ps(x)); }
VEC vf vf_load(const float *p) { return PAIR(vf, _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
VEC void vf_store(float *p, vf a) { _mm256_storeu_ps(p, a.lo), _mm256_storeu_ps(p + 8, a.hi); }

VEC __m256i avx2_mask(size_t n, int first) /* lanes whose index is below n */
{
    const __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                          _mm256_set1_epi32(first));
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}
VEC vf vf_load_n(const float *p, size_t n, float fill)
{
    const __m256i lo = avx2_mask(n, 0), hi = avx2_mask(n, 8);
    const __m256 f = _mm256_set1_ps(fill);
    return PAIR(vf, _mm256_blendv_ps(f, _mm256_maskload_ps(p, lo), _mm256_castsi256_ps(lo)),
                _mm256_blendv_ps(f, _mm256_maskload_ps(p + 8, hi), _mm256_castsi256_ps(hi)));
}
VEC void vf_store_n(float *p, size_t n, vf a)
{
    _mm256_maskstore_ps(p, avx2_mask(n, 0), a.lo);
    _mm256_maskstore_ps(p + 8, avx2_mask(n, 8), a.hi);
}
VEC void vec_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
VEC void vec_prefetch_far(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }
VEC vf vf_add(vf a, vf b) { return MAP2(vf, _mm256_add_ps, a, b); }
VEC vf vf_sub(vf a, vf b) { return MAP2(vf, _mm256_sub_ps, a, b); }
VEC vf vf_mul(vf a, vf b) { return MAP2(vf, _mm256_mul_ps, a, b); }
VEC vf vf_fma(vf a, vf b, vf c)
{
    return PAIR(vf, _mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi));
}
VEC vf vf_div(vf a, vf b) { return MAP2(vf, _mm256_div_ps, a, b); }
VEC vf vf_abs(vf a)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return PAIR(vf, _mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi));
}
VEC vf vf_floor(vf a) { return MAP1(vf, _mm256_floor_ps, a); }
VEC vf vf_ceil(vf a) { return MAP1(vf, _mm256_ceil_ps, a); }
VEC vf vf_round(vf a)
{
    return PAIR(vf, _mm256_round_ps(a.lo, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                _mm256_round_ps(a.hi, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
VEC vf vf_sqrt(vf a) { return MAP1(vf, _mm256_sqrt_ps, a); }
VEC vf vf_min(vf a, vf b) { return MAP2(vf, _mm256_min_ps, a, b); }
VEC vf vf_max(vf a, vf b) { return MAP2(vf, _mm256_max_ps, a, b); }
#define CMP(a, b, how) PAIR(vm, _mm256_cmp_ps(a.lo, b.lo, how), _mm256_cmp_ps(a.hi, b.hi, how))
VEC vm vf_lt(vf a, vf b) { return CMP(a, b, _CMP_LT_OQ); }
VEC vm vf_le(vf a, vf b) { return CMP(a, b, _CMP_LE_OQ); }
VEC vm vf_eq(vf a, vf b) { return CMP(a, b, _CMP_EQ_OQ); }
VEC vf vf_select(vm m, vf a, vf b)
{
    return PAIR(vf, _mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi));
}
VEC vf vf_add_where(vm m, vf a, vf b) { return vf_select(m, vf_add(a, b), a); }

VEC float vf_sum(vf v) /* 16 -> 8 -> 4 -> 2 -> 1, upper half onto lower */
{
    const __m256 eight = _mm256_add_ps(v.lo, v.hi);
    const __m128 upper = _mm256_extractf128_ps(eight, 1);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), upper);
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

VEC unsigned vm_bits(vm m)
{
    return (unsigned)_mm256_movemask_ps(m.lo) | (unsigned)_mm256_movemask_ps(m.hi) << 8;
}
VEC vm vm_from_bits(unsigned bits)
{
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i lo = _mm256_and_si256(_mm256_set1_epi32((int)bits), bit);
    const __m256i hi = _mm256_and_si256(_mm256_set1_epi32((int)(bits >> 8)), bit);
    return PAIR(vm, _mm256_castsi256_ps(_mm256_cmpeq_epi32(lo, bit)),
                _mm256_castsi256_ps(_mm256_cmpeq_epi32(hi, bit)));
}
VEC int vm_any(vm m) { return _mm256_movemask_ps(_mm256_or_ps(m.lo, m.hi)) != 0; }
VEC vm vm_and(vm a, vm b) { return MAP2(vm, _mm256_and_ps, a, b); }

VEC vu vu_zero(void) { return PAIR(vu, _mm256_setzero_si256(), _mm256_setzero_si256()); }
VEC vu vu_set1(uint32_t x)
{
    const __m256i v = _mm256_set1_epi32((int)x);
    return PAIR(vu, v, v);
}
VEC vu vu_load(const uint32_t *p)
{
    return PAIR(vu, _mm256_loadu_si256((const __m256i *)(const void *)p),
                _mm256_loadu_si256((const __m256i *)(const void *)(p + 8)));
}
VEC void vu_store(uint32_t *p, vu a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, a.lo);
    _mm256_storeu_si256((__m256i *)(void *)(p + 8), a.hi);
}
VEC vu vu_load_n(const uint32_t *p, size_t n)
{
    return PAIR(vu, _mm256_maskload_epi32((const int *)(const void *)p, avx2_mask(n, 0)),
                _mm256_maskload_epi32((const int *)(const void *)(p + 8), avx2_mask(n, 8)));
}
VEC vu vu_inc(vu a, vm m) /* a true lane is -1 */
{
    return PAIR(vu, _mm256_sub_epi32(a.lo, _mm256_castps_si256(m.lo)),
                _mm256_sub_epi32(a.hi, _mm256_castps_si256(m.hi)));
}
VEC vm vu_eq(vu a, vu b)
{
    return PAIR(vm, _mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lo, b.lo)),
                _mm256_castsi256_ps(_mm256_cmpeq_epi32(a.hi, b.hi)));
}
VEC vm vu_gt(vu a, vu b) 
{
    return PAIR(vm, _mm256_castsi256_ps(_mm256_cmpgt_epi32(a.lo, b.lo)),
                _mm256_castsi256_ps(_mm256_cmpgt_epi32(a.hi, b.hi)));
}
VEC uint32_t vu_sum(vu a)
{
    uint32_t lane[VL], sum = 0;
    vu_store(lane, a);
    for (int i = 0; i < VL; i++) sum += lane[i];
    return sum;
}
VEC vu vu_from_vf(vf a) { return MAP1(vu, _mm256_cvttps_epi32, a); }
VEC vu vu_select(vm m, vu a, vu b)
{
    const __m256i lo = _mm256_castps_si256(m.lo), hi = _mm256_castps_si256(m.hi);
    return PAIR(vu, _mm256_blendv_epi8(b.lo, a.lo, lo), _mm256_blendv_epi8(b.hi, a.hi, hi));
}
VEC vu vu_add(vu a, vu b) { return MAP2(vu, _mm256_add_epi32, a, b); }
VEC vu vu_mul(vu a, vu b) { return MAP2(vu, _mm256_mullo_epi32, a, b); }
VEC vu vu_xor(vu a, vu b) { return MAP2(vu, _mm256_xor_si256, a, b); }
VEC __m256i avx2_mul_both(__m256i *high, __m256i a, __m256i b) /* even and odd lanes, 64 bits wide */
{
    const __m256i even = _mm256_mul_epu32(a, b);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
    *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
VEC vu vu_mul_both(vu *high, vu a, vu b)
{
    const __m256i lo = avx2_mul_both(&high->lo, a.lo, b.lo);
    return PAIR(vu, lo, avx2_mul_both(&high->hi, a.hi, b.hi));
}
VEC vu vu_shr(vu a, int n)
{
    return PAIR(vu, _mm256_srli_epi32(a.lo, n), _mm256_srli_epi32(a.hi, n));
}
VEC vu vu_load_u8(const unsigned char *p)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    return PAIR(vu, _mm256_cvtepu8_epi32(v), _mm256_cvtepu8_epi32(_mm_srli_si128(v, 8)));
}
VEC vu vu_sub(vu a, vu b) { return MAP2(vu, _mm256_sub_epi32, a, b); }
VEC vu vu_or(vu a, vu b) { return MAP2(vu, _mm256_or_si256, a, b); }
VEC vu vu_shl(vu a, int n)
{
    return PAIR(vu, _mm256_slli_epi32(a.lo, n), _mm256_slli_epi32(a.hi, n));
}
VEC vu vu_sra(vu a, int n)
{
    return PAIR(vu, _mm256_srai_epi32(a.lo, n), _mm256_srai_epi32(a.hi, n));
}
VEC vu vu_clamp_u8(vu a)
{
    const __m256i zero = _mm256_setzero_si256(), most = _mm256_set1_epi32(255);
    return PAIR(vu, _mm256_min_epi32(_mm256_max_epi32(a.lo, zero), most),
                _mm256_min_epi32(_mm256_max_epi32(a.hi, zero), most));
}
VEC __m256i avx2_in_order(__m256i packed) /* packing works within halves: 0 2 1 3 */
{
    return _mm256_permute4x64_epi64(packed, 0xd8);
}
VEC void vu_store_u8(unsigned char *p, vu a)
{
    const __m256i words = avx2_in_order(_mm256_packs_epi32(a.lo, a.hi));
    const __m128i low = _mm256_castsi256_si128(words);
    const __m128i bytes = _mm_packus_epi16(low, _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)p, bytes);
}
VEC vu vu_load_i16(const int16_t *p, const int16_t *q)
{
    return PAIR(vu, _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)),
                _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)q)));
}
VEC void vu_store_u16(unsigned char *p, vu a)
{
    const __m256i low = _mm256_set1_epi32(0xffff);
    const __m256i words = _mm256_packus_epi32(_mm256_and_si256(a.lo, low),
                                              _mm256_and_si256(a.hi, low));
    _mm256_storeu_si256((__m256i *)(void *)p, avx2_in_order(words));
}
VEC void avx2_store_rgb(unsigned char *p, __m256i a) /* twelve bytes of either half */
{
    const __m256i three = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,
                                           0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    const __m256i in_order = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(a, three), in_order);
    _mm256_maskstore_epi32((int *)(void *)p, avx2_mask(6, 0), bytes);
}
VEC void vu_store_rgb(unsigned char *p, vu a) { avx2_store_rgb(p, a.lo), avx2_store_rgb(p + 24, a.hi); }
VEC vf vf_cast(vu a) { return MAP1(vf, _mm256_castsi256_ps, a); }
VEC vu vu_cast(vf a) { return MAP1(vu, _mm256_castps_si256, a); }

VEC void avx2_transpose8(__m256 r[8])
{
    __m256 t[8];
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r[i] = t[i];
}

VEC void vf_transpose(vf r[VL]) /* as four 8x8 blocks */
{
    __m256 a[8], b[8], c[8], d[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        a[i] = r[i].lo, b[i] = r[i].hi;
        c[i] = r[i + 8].lo, d[i] = r[i + 8].hi;
    }
    avx2_transpose8(a), avx2_transpose8(b), avx2_transpose8(c), avx2_transpose8(d);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r[i] = PAIR(vf, a[i], c[i]), r[i + 8] = PAIR(vf, b[i], d[i]);
}

#undef PAIR
#undef MAP1
#undef MAP2
#undef CMP
/* clang-format on */

#endif
