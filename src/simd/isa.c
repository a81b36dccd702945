/* isa.c - one instruction set: compiled once for each, with -DFDML_ISA=name and its flags.
 *
 * Every kernel is static, so the only symbol of the object is its table.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "simd/kernels.h"
#include "simd/topk_insert.h"
#include "simd/vec.h"
#include "simd/vec_math.h"

#include "simd/kern/pack.h"
#include "simd/kern/gemm.h"
#include "simd/kern/rows.h"
#include "simd/kern/tile.h"
#include "simd/kern/count.h"
#include "simd/kern/topk.h"
#include "simd/kern/scatter.h"
#include "simd/kern/conv.h"
#include "simd/kern/winograd.h"
#include "simd/kern/window.h"
#include "simd/kern/outer.h"
#include "simd/kern/backward.h"
#include "simd/kern/window_back.h"
#include "simd/kern/blocks.h"
#include "simd/kern/activate.h"
#include "simd/kern/combine.h"
#include "simd/kern/resize.h"
#include "simd/kern/jpeg.h"
#include "simd/kern/optim.h"
#include "simd/kern/loss.h"
#include "simd/kern/sample.h"

extern const fdml_kernels FDML_CAT(fdml_kernels_, FDML_ISA);

const fdml_kernels FDML_CAT(fdml_kernels_, FDML_ISA) = {
    .isa = FDML_STR(FDML_ISA),
    .tile_rows = TILE_ROWS,
    .tile_cols = TILE_VECS * VL,
#define KERNEL(name, params) .name = k_##name,
#include "simd/kernels.def"
#undef KERNEL
};
