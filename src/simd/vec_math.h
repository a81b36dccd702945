/* vec_math.h - exp and log of sixteen lanes: SLEEF's only caller.
 *
 * The "finz" functions of SLEEF promise the same bits on every architecture with FMA (that is
 * what the name encodes), with an error below 1.0 ulp. The plain-C variant contains FMA
 * instructions on x86, which is one reason why fdml refuses to start on an x86 without them.
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
VEC vf vf_exp(vf x)
{
    return Sleef_finz_expf16_u10avx512f(x);
}
VEC vf vf_log(vf x) /* of a negative number this variant alone puts bits of x into its NaN */
{
    const vf y = Sleef_finz_logf16_u10avx512f(x);
    return vf_select(vf_eq(y, y), y, vf_set1(NAN));
}
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_avx2
VEC vf vf_exp(vf x)
{
    return (vf){ Sleef_finz_expf8_u10avx2(x.lo), Sleef_finz_expf8_u10avx2(x.hi) };
}
VEC vf vf_log(vf x)
{
    return (vf){ Sleef_finz_logf8_u10avx2(x.lo), Sleef_finz_logf8_u10avx2(x.hi) };
}
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_neon
VEC vf vf_exp(vf x)
{
    vf y;
    for (int i = 0; i < 4; i++) y.q[i] = Sleef_finz_expf4_u10advsimd(x.q[i]);
    return y;
}
VEC vf vf_log(vf x)
{
    vf y;
    for (int i = 0; i < 4; i++) y.q[i] = Sleef_finz_logf4_u10advsimd(x.q[i]);
    return y;
}
#else
VEC vf vf_exp(vf x)
{
    for (int i = 0; i < VL; i++) x.l[i] = Sleef_finz_expf1_u10purecfma(x.l[i]);
    return x;
}
VEC vf vf_log(vf x)
{
    for (int i = 0; i < VL; i++) x.l[i] = Sleef_finz_logf1_u10purecfma(x.l[i]);
    return x;
}
#endif

#endif
