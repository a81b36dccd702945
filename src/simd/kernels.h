/* kernels.h - the table of kernels, one per instruction set, and what each kernel promises.
 *
 * A kernel is coarse (a row block, a tile; a microsecond or more), has no state and reports no
 * errors. Every table gives the same bits for the same input; tests/kcheck compares them. To
 * add one: a line in kernels.def, its contract here, kern/x.h, check_x in tests/kcheck.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_SIMD_KERNELS_H
#define FDML_SIMD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Rows to be packed: row i is x[id * stride ..] with id = index ? index[i] : first + i, and
 * element d of it becomes (x[d] - shift[d]) * scale[id], each step only where not NULL. */
typedef struct fdml_rows {
    const float *x;
    size_t stride;
    const uint32_t *index; /* [n] or NULL */
    size_t first, n;
    const float *scale; /* by row id, or NULL */
    const float *shift; /* [dim], or NULL */
} fdml_rows;

/* A rectangle of scores in cache: value(i, j) is c[i * stride + j]. */
typedef struct fdml_tile {
    float *c;
    size_t stride, n_rows, n_cols;
} fdml_tile;

typedef struct fdml_hit {
    uint16_t row, col; /* in the tile */
    float value;
} fdml_hit;

/* How n outputs of an axis come from its inputs: output i is the sum of weight[i * stride + t]
 * times input first[i] + t, over t < count[i]; weights are fixed point, FDML_TAP_BITS behind
 * the point. First inputs ascend, and so do last ones. */
#define FDML_TAP_BITS 22
typedef struct fdml_taps {
    const uint32_t *first, *count, *weight;
    size_t stride, n;
} fdml_taps;

/* Where the 8 x 8 samples of a JPEG's block go. */
typedef struct fdml_block {
    unsigned char *out;
    size_t row_stride;
} fdml_block;

/* clang-format off: contracts, one a paragraph */
/* --- gemm -----------------------------------------------------------------------------
 * pack_a, pack_b: rows as panels: ceil(n / width) panels of [dim, width], missing rows zero;
 * width is tile_rows for pack_a and tile_cols for pack_b. Sizes: fdml_panels_size.
 * gemm: c[i, j] = sum_d a_i[d] b_j[d] for i < m, j < n, one chain of fused multiply-adds in
 *   order of d starting from 0, or from c[i, j] where `continues`: the same bits for (i, j) as
 *   for (j, i), whatever the tile, and for a long k cut into pieces that continue each other.
 *
 * --- rows -----------------------------------------------------------------------------
 * chain_norms2: squared lengths of rows (shifted, scaled) by that same chain, so that a row's
 *   squared distance to its own copy is exactly 0.
 * inverse_norms: 1 / length of [n_rows, dim] rows; 0 where that is no finite float. Sixty-four
 *   partial sums; rows whose squares overflow or vanish are scaled by their largest element
 *   first.
 * dot_rows, sqdist_rows: out[i] = q . row_i, or |q - row_i|^2; sixty-four partial sums.
 *
 * --- tiles: in place ------------------------------------------------------------------
 * negate_sqdist: c = -max(0, (row_norm2[i] + col_norm2[j]) - 2 c): nearness under l2.
 * potential: c = exp(-2 max(0, alpha c + (row_bias[i] + col_bias[j]))).
 * distance: c = sqrt(max(0, alpha c + (row_bias[i] + col_bias[j]))).
 *
 * --- tiles: read ----------------------------------------------------------------------
 * scan_above: hits, row by row, with c[i, j] >= min(row_floor[i], col_floor[j]); hits has room
 *   for n_rows * n_cols; *n_hits is set.
 * count_rows: for each floor f of row i, floors[begin[i] .. end[i]) ascending: adds to the
 *   count at its place the number of columns with c[i, j] > f.
 * bump_rows: the same knowledge in a form that costs log2 of the floors instead of all of them,
 *   and with ties decided by id: each c[i, j] adds 1 at the highest floor e of row i with
 *   floors[e] < c, or floors[e] == c and floor_id[e] > col_id[j]. Equal floors stand by
 *   descending id. Counts are the suffix sums.
 * count_cols: as count_rows, down the columns; floors and count as [ceil(n_cols / 16), depth,
 *   16], ascending along depth, unused places +inf.
 * group_sums: row_sum[i] += sum of c[i, j] over j with col_code[j] == row_code[i], and
 *   col_sum[j] likewise down the column; either sum may be NULL; codes NULL: all equal.
 *   Order: columns in sixteen lanes then folded; rows from first to last.
 * argmax_rows: of finite values and ascending col_id, the largest c[i, j] + col_bias[j];
 * replaces best[i], best_id[i] (id = col_id[j]) where larger, or equal with a smaller id.
 *
 * --- arrays ---------------------------------------------------------------------------
 * topk_merge: best is descending by (value, then smaller id), [k]; the n values with ids
 *   first_id.. are merged in. Ids never repeat; -infinity never enters.
 * pick_floors: out[e] = id[e] > high ? below[e] : at[e]; ids and high are below 2^31.
 * count_equal: *count += number of x[i] == value.
 * bin_rows: bin = floor((x - low) * inverse_width) limited to 0 .. n_bins-1 (n_bins <= 2^24).
 * exp_rows, log_rows: SLEEF, below 1 ulp. y may be x.
 *
 * --- pictures -------------------------------------------------------------------------
 * A byte is (sum + half) >> FDML_TAP_BITS, at most 255; sums stay below 2^32.
 * resize_across: four rows of RGB pixels at once, out[r] [n, 3] from in[r]. Rows may be named
 *   twice. scratch: 16 bytes for each input from first[0] to the last one.
 * resize_down: out [n, n_bytes] from rows of n_bytes that are in_stride apart.
 *
 * idct_blocks: n blocks of 64 dequantised coefficients, row by row, to samples: the inverse DCT
 * of Loeffler, Ligtenberg and Moschytz with constants of 13 bits, as in libjpeg ("islow").
 * upsample_across, _down, _both: twice as many samples in a row, between two rows, or both;
 * three parts of the nearer sample and one of the farther, rounded as in libjpeg ("fancy").
 *   across: out [2 n], n >= 2. down: out [n], (3 row + other + half) >> 2. both: out [2 n],
 *   n >= 2, scratch [n + 32].
 * ycc_to_rgb: rgb [n, 3] by JFIF's equations in 16-bit fixed point, as in libjpeg.
 *
 * fma_peak: n times one vf_fma on each of tile_rows * tile_cols / 16 independent registers, and
 *   nothing else: what the benches call the peak. sink: [16]. */
/* clang-format on */
typedef struct fdml_kernels {
    const char *isa;
    size_t tile_rows, tile_cols; /* widths of the panels of pack_a and pack_b */
#define KERNEL(name, params) void(*name) params;
#include "simd/kernels.def"
#undef KERNEL
} fdml_kernels;

/* Floats of the panels that pack_a or pack_b writes for n rows. */
static inline size_t fdml_panels_size(size_t n, size_t dim, size_t width)
{
    return (n + width - 1) / width * width * dim;
}

/* The fastest table that runs on this machine; NULL on an x86 without AVX2 and FMA, which
 * nothing in fdml supports (SLEEF's portable functions need FMA there too). */
const fdml_kernels *fdml_kernels_best(void);
/* By name, or NULL if unknown or not for this machine. */
const fdml_kernels *fdml_kernels_find(const char *isa);
/* Those that run here, fastest first; NULL past the last. */
const fdml_kernels *fdml_kernels_list(size_t index);

#endif
