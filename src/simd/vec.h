/* vec.h - sixteen float lanes, on every machine.
 *
 * A vf is one zmm, two ymm, four q registers or sixteen floats. Because the lane count never
 * changes, neither does the order of any sum: a kernel written with these operations returns
 * identical bits under every backend. Three things keep it so: multiply-adds are always
 * written vf_fma (and built with -ffp-contract=off), vf_sum always folds halves
 * (16 -> 8 -> 4 -> 2 -> 1), and exp and log are SLEEF's reproducible "finz" variants
 * (vec_math.h). Only the sign of a newborn NaN may differ.
 *
 *   vf  sixteen floats     vm  sixteen truth values     vu  sixteen uint32
 *
 * vf_min(a, b) is a < b ? a : b and vf_max(a, b) is a > b ? a : b, as x86 has them: where
 * either is NaN, and between +0 and -0, the answer is b. NEON's own vmin/vmax differ there,
 * so that backend compares and selects.
 *
 * vf_round takes halves to the even neighbour; vf_floor, vf_ceil and vf_round keep the sign of
 * a zero, and vf_abs clears the sign bit of whatever it gets.
 *
 * vu_gt compares values below 2^31 (x86 only has signed comparisons).
 *
 * vf_load_n and vf_store_n touch n <= 16 floats and no byte beyond. vu_from_vf drops the
 * fraction of values in 0 .. 2^31-1; what it makes of others is unspecified. vf_transpose turns
 * sixteen rows of sixteen: lane j of r[i] and lane i of r[j] change places.
 *
 * Some operations take the lanes of a vu as signed: vu_sra shifts the sign in, vu_clamp_u8
 * brings values to 0..255, and vu_store_u8 does so and stores sixteen bytes. vu_add, vu_sub and
 * vu_mul are modulo 2^32; vu_mul_both returns the same and puts the upper halves into *high.
 * vu_load_u8 widens sixteen bytes, vu_load_i16 eight int16 of either pointer. vu_store_u16
 * stores the low halves; vu_store_rgb the low three bytes of each lane, 48 in all. vf_cast and
 * vu_cast keep the bits.
 *
 * An operation enters when a kernel needs it, and then in all four backends.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_VEC_H
#define FDML_SIMD_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VL 16 /* lanes of a vf, everywhere */
#define VEC static inline __attribute__((always_inline, unused))

#define FDML_ISA_scalar 1
#define FDML_ISA_avx2 2
#define FDML_ISA_avx512 3
#define FDML_ISA_neon 4
#define FDML_CAT2(a, b) a##b
#define FDML_CAT(a, b) FDML_CAT2(a, b)
#define FDML_STR2(a) #a
#define FDML_STR(a) FDML_STR2(a)

#if FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_avx512
#include "simd/vec_avx512.h"
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_avx2
#include "simd/vec_avx2.h"
#elif FDML_CAT(FDML_ISA_, FDML_ISA) == FDML_ISA_neon
#include "simd/vec_neon.h"
#else
#include "simd/vec_scalar.h"
#endif

/* Lane i of the first n is true. */
VEC vm vm_first(size_t n)
{
    return vm_from_bits(n >= VL ? 0xffffu : (1u << n) - 1u);
}

#endif
