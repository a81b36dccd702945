/* vec_math.h - exp, log and their kin of sixteen lanes: SLEEF's only caller.
 *
 * The "finz" functions of SLEEF promise the same bits on every architecture with FMA (that is
 * what the name encodes), with an error below 1.0 ulp. The plain-C variant contains FMA
 * instructions on x86, which is one reason why fdml refuses to start on an x86 without them.
 * Doubles are rare enough that every backend takes the plain-C functions for them.
 *
 * Where an argument has no result, the AVX-512 variants alone leave bits of it in their NaN:
 * the functions that have such arguments answer with one NaN everywhere.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_MATH_H
#define FDML_SIMD_VEC_MATH_H

#include <math.h>
#if !defined(FP_FAST_FMA) /* clang never sets it, and sleef.h hides "purecfma" without it */
#define FP_FAST_FMA
#endif
#include <sleef.h>

#include "simd/vec.h"

#if FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_avx512
#define MATH1(f)                                                                               \
    VEC vf raw_##f(vf x)                                                                       \
    {                                                                                          \
        return Sleef_finz_##f##f16_u10avx512f(x);                                              \
    }
#define MATH2(f)                                                                               \
    VEC vf raw_##f(vf x, vf y)                                                                 \
    {                                                                                          \
        return Sleef_finz_##f##f16_u10avx512f(x, y);                                           \
    }
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_avx2
#define MATH1(f)                                                                               \
    VEC vf raw_##f(vf x)                                                                       \
    {                                                                                          \
        return (vf){ Sleef_finz_##f##f8_u10avx2(x.lo), Sleef_finz_##f##f8_u10avx2(x.hi) };     \
    }
#define MATH2(f)                                                                               \
    VEC vf raw_##f(vf x, vf y)                                                                 \
    {                                                                                          \
        return (vf){ Sleef_finz_##f##f8_u10avx2(x.lo, y.lo),                                   \
                     Sleef_finz_##f##f8_u10avx2(x.hi, y.hi) };                                 \
    }
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_neon
#define MATH1(f)                                                                               \
    VEC vf raw_##f(vf x)                                                                       \
    {                                                                                          \
        for (int i = 0; i < 4; i++) x.q[i] = Sleef_finz_##f##f4_u10advsimd(x.q[i]);            \
        return x;                                                                              \
    }
#define MATH2(f)                                                                               \
    VEC vf raw_##f(vf x, vf y)                                                                 \
    {                                                                                          \
        for (int i = 0; i < 4; i++) x.q[i] = Sleef_finz_##f##f4_u10advsimd(x.q[i], y.q[i]);    \
        return x;                                                                              \
    }
#else
#define MATH1(f)                                                                               \
    VEC vf raw_##f(vf x)                                                                       \
    {                                                                                          \
        for (int i = 0; i < VL; i++) x.l[i] = Sleef_finz_##f##f1_u10purecfma(x.l[i]);          \
        return x;                                                                              \
    }
#define MATH2(f)                                                                               \
    VEC vf raw_##f(vf x, vf y)                                                                 \
    {                                                                                          \
        for (int i = 0; i < VL; i++) x.l[i] = Sleef_finz_##f##f1_u10purecfma(x.l[i], y.l[i]);  \
        return x;                                                                              \
    }
#endif

#define DOUBLE1(f)                                                                             \
    VEC double double_##f(double x)                                                            \
    {                                                                                          \
        return Sleef_finz_##f##d1_u10purecfma(x);                                              \
    }

/* clang-format off */
MATH1(exp) MATH1(log) MATH1(expm1) MATH1(log1p) MATH1(tanh) MATH1(erf) MATH1(sin) MATH1(cos)
MATH2(pow)
DOUBLE1(exp) DOUBLE1(log) DOUBLE1(expm1) DOUBLE1(log1p) DOUBLE1(tanh) DOUBLE1(erf) DOUBLE1(sin)
DOUBLE1(cos)

VEC vf one_nan(vf y) { return vf_select(vf_eq(y, y), y, vf_set1(NAN)); }

VEC vf vf_exp(vf x) { return raw_exp(x); }
VEC vf vf_expm1(vf x) { return one_nan(raw_expm1(x)); }
VEC vf vf_tanh(vf x) { return one_nan(raw_tanh(x)); }
VEC vf vf_erf(vf x) { return one_nan(raw_erf(x)); }
VEC vf vf_log(vf x) { return one_nan(raw_log(x)); }
VEC vf vf_log1p(vf x) { return one_nan(raw_log1p(x)); }
VEC vf vf_sin(vf x) { return one_nan(raw_sin(x)); }
VEC vf vf_cos(vf x) { return one_nan(raw_cos(x)); }
VEC vf vf_pow(vf x, vf y) { return one_nan(raw_pow(x, y)); }
VEC double double_pow(double x, double y) { return Sleef_finz_powd1_u10purecfma(x, y); }
/* clang-format on */

#undef MATH1
#undef MATH2
#undef DOUBLE1

#endif
