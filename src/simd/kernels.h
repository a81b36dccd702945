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

/* Convolution of pixels that lie one after another. Activations are blocked, NCHWc16: planes of
 * pixels of sixteen channels. Output block o of pixel r is out[o * out_stride + r * 16 ..]. Tap
 * b, sixteen input channels at one place of the window (of conv_planes: one channel), begins
 * for pixel 0 at in[offset[b]]; the next pixel is 16 floats on (of conv_planes: 1). */
typedef struct fdml_conv_rows {
    float *out;
    size_t out_stride; /* floats between output blocks */
    const float *in;
    const size_t *offset; /* [n_blocks] */
    size_t n_blocks;
    size_t n_last; /* channels of the last tap that count, 1 to 15; 0: all */
    /* panels of tile_cols output channels, [n_blocks, 16 or 1, tile_cols]; where n_out * 16 is
     * no multiple of tile_cols the last panel is as narrow as what is left */
    const float *weights;
    size_t n_rows, n_out; /* pixels; blocks of output channels */
    int continues;        /* what out holds is added, and bias is not looked at */
    const float *bias;    /* [n_out, 16] or NULL: 0 */
    const float *add;     /* as out, but not out, where parts of a chain wait; or NULL */
    const float *slope;   /* [n_out, 16] or NULL: 1 */
    float low, high;      /* -INFINITY, INFINITY: no limits */
} fdml_conv_rows;

/* Tiles first_tile .. of 4x4 outputs of one block of sixteen channels of one image, numbered by
 * rows of tiles_x; those of join begin inside of out, and pixels of no tile stay as they are.
 * Point f of tile t is points[f * point_stride + (t - first_tile) * 16 ..]. */
typedef struct fdml_winograd {
    const float *plane;   /* split: [height, width, 16], read with zeros around it */
    float *out;           /* join: [height, width, 16] */
    size_t height, width; /* of plane, or of out */
    size_t pad_top, pad_left;
    size_t tiles_x, first_tile, n_tiles;
    float *points; /* split writes, join reads */
    size_t point_stride;
    const float *bias, *add, *slope; /* join: [16], as out (or out), [16]; each may be NULL */
    float low, high;                 /* join */
} fdml_winograd;

/* The 36 products of one panel of output channels, from weights that are still 3x3. Point f of
 * input block b of tile t is split[f * split_stride + offset[b] + t * 16 ..], of output block o
 * join[f * join_stride + o * out_stride + t * 16 ..]. */
typedef struct fdml_winograd_panel {
    const float *g;         /* [n_blocks, 16, 9, width] */
    size_t n_blocks, width; /* input blocks, not 0; output channels, 16 or tile_cols */
    const float *split;
    const size_t *offset; /* [n_blocks] */
    float *join;
    size_t split_stride, join_stride, out_stride, n_tiles;
} fdml_winograd_panel;

/* A window over one block of sixteen channels: in [height, width, 16], out [.., out_width, 16].
 */
typedef struct fdml_window_rows {
    const float *in;
    float *out;
    size_t height, width, out_width;
    size_t kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x; /* each at least 1 */
    size_t pad_top, pad_left;
    size_t first_row, n_rows;  /* of out: rows that are computed */
    const float *weights;      /* depthwise: [kernel_y, kernel_x, 16] */
    const float *bias, *slope; /* depthwise: [16] or NULL */
    float low, high;           /* depthwise */
    size_t divisor;            /* pool_mean; 0: the number of pixels under the window */
} fdml_window_rows;

/* Outer products of pixels, summed: of input channels c < n_c and output blocks. Pixel (image,
 * row, column) of channel c is x[image * x_image + row * x_row + column * x_step + c], of
 * output block o dy[o * dy_stride + image * dy_image + row * dy_row + column * 16 ..]. */
typedef struct fdml_conv_outer {
    float *dw;        /* [n_c, 16] of output block 0 */
    size_t dw_stride; /* floats between output blocks */
    size_t n_c, n_out;
    const float *x;
    size_t x_step, x_row, x_image;
    const float *dy;
    size_t dy_stride, dy_row, dy_image;
    size_t n_images, n_rows, n_cols;
    int continues; /* the sum is added to what dw holds */
} fdml_conv_outer;

/* The way back through block_affine: u = x * scale + shift [+ add], y = activation(u). */
typedef struct fdml_affine_back {
    const float *gy, *x; /* [n_pixels, 16] */
    size_t n_pixels;
    const float *scale, *shift, *mean; /* [16] */
    const float *add;                  /* as x, or NULL */
    const float *slope;                /* [16], or NULL: then `low` and `high` */
    float low, high;
    int is_passed; /* affine_back: gy has been through the activation already */
    float *g;      /* gradient by u, may be gy; NULL: not wanted */
    /* affine_back alone */
    float *gx;                           /* may be gy or g, unless gx_add is there */
    const float *gx_add;                 /* as x, or NULL */
    const float *of_g, *of_x, *constant; /* [16]; of_x NULL: 0, and so is the constant */
} fdml_affine_back;

/* The way back through a window over one block of sixteen channels. */
typedef struct fdml_window_back {
    const float *gy;      /* [out_height, out_width, 16] */
    const float *x, *y;   /* [height, width, 16]; as gy: what the window made of x */
    float *gx;            /* as x; added to */
    const float *weights; /* [kernel_y, kernel_x, 16] */
    float *gw;            /* as weights; added to */
    size_t height, width, out_height, out_width;
    size_t kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x;
    size_t pad_top, pad_left;
} fdml_window_back;

/* Arithmetic on the pixels of one block of sixteen channels. NULL: that step is left out. */
typedef struct fdml_affine {
    float *out;     /* may be x or add */
    const float *x; /* [n_pixels, 16] */
    size_t n_pixels;
    const float *scale, *shift; /* [16] */
    const float *add;           /* as x */
    const float *multiply;      /* multiply_step 16: as x; 0: one pixel for all */
    size_t multiply_step;
    const float *slope; /* [16] */
    float low, high;
} fdml_affine;

/* What `activate` makes of x. Its alpha and beta are those of the formula; others ignore them.
 * NaN gives NaN everywhere. */
typedef enum fdml_act {
    FDML_ACT_IDENTITY,
    FDML_ACT_RELU,             /* max(x, 0) */
    FDML_ACT_LEAKY_RELU,       /* x < 0 ? alpha x : x */
    FDML_ACT_THRESHOLDED_RELU, /* x > alpha ? x : 0 */
    FDML_ACT_CLIP,             /* min(max(x, alpha), beta) */
    FDML_ACT_ELU,              /* x < 0 ? alpha (e^x - 1) : x */
    FDML_ACT_SELU,             /* beta (x < 0 ? alpha (e^x - 1) : x); beta is ONNX's gamma */
    FDML_ACT_CELU,             /* x < 0 ? alpha (e^(x / alpha) - 1) : x */
    FDML_ACT_SIGMOID,          /* 1 / (1 + e^-x) */
    FDML_ACT_HARD_SIGMOID,     /* min(max(alpha x + beta, 0), 1) */
    FDML_ACT_HARD_SWISH,       /* x min(max(x / 6 + 1/2, 0), 1) */
    FDML_ACT_SILU,             /* x sigmoid(x), also called swish */
    FDML_ACT_MISH,             /* x tanh(softplus(x)) */
    FDML_ACT_SOFTPLUS,         /* log(1 + e^x) */
    FDML_ACT_SOFTSIGN,         /* x / (1 + |x|) */
    FDML_ACT_TANH,
    FDML_ACT_GELU,      /* x/2 (1 + erf(x / sqrt 2)) */
    FDML_ACT_GELU_TANH, /* x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
    FDML_ACT_ERF,
    FDML_ACT_EXP,
    FDML_ACT_LOG,
    FDML_ACT_SQRT,
    FDML_ACT_RECIPROCAL,
    FDML_ACT_ABS,
    FDML_ACT_NEG,
    FDML_ACT_SIGN,
    FDML_ACT_FLOOR,
    FDML_ACT_CEIL,
    FDML_ACT_ROUND, /* halves to even */
    FDML_ACT_SIN,
    FDML_ACT_COS,
    FDML_ACT_COUNT
} fdml_act;

typedef enum fdml_combine {
    FDML_COMBINE_ADD,
    FDML_COMBINE_SUB,
    FDML_COMBINE_MUL,
    FDML_COMBINE_DIV,
    FDML_COMBINE_MAX,   /* NaN where either is, as NumPy's maximum */
    FDML_COMBINE_MIN,   /* likewise */
    FDML_COMBINE_PRELU, /* a < 0 ? b a : a */
    FDML_COMBINE_POW,
    FDML_COMBINE_COUNT
} fdml_combine;
/* Added to the kind: that operand is one value for all of y. */
enum { FDML_COMBINE_ONE_A = 0x100, FDML_COMBINE_ONE_B = 0x200 };
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

/* A network with one hidden layer and one output, of rows of inputs that are mostly 0: entry e
 * of row i is value[i, e] of input column[i, e]. score[i] = sum_u out[u] max(0, sum_e value
 * w[column][u] + bias[u]) + shift Inner sums are chains of fused multiply-adds in the order of
 * the entries; the outer one is sixteen chains, which fold 16-8-4-2-1. */
typedef struct fdml_gather {
    const float *value;     /* [n, n_entries] */
    const uint32_t *column; /* [n, n_entries] */
    size_t n, n_entries;
    const float *w;          /* [columns, width] */
    const float *bias, *out; /* [width]; 0 where no unit is */
    float shift;
    size_t width; /* a multiple of 16 */
} fdml_gather;

/* A step of an optimiser. The gradient is grad * scale, brought to [-limit, limit] (INFINITY:
 * as it is), plus decay * w. */
typedef struct fdml_adam {
    float *w, *m, *v; /* [n] */
    const float *grad;
    size_t n;
    float scale, limit, decay;
    float keep;         /* of w: 1, or 1 - lr * decay where the decay is decoupled */
    float beta1, rest1; /* rest is 1 - beta, rounded once */
    float beta2, rest2;
    float step, root, eps; /* lr / (1 - beta1^t); 1 / sqrt(1 - beta2^t) */
} fdml_adam;

typedef struct fdml_sgd {
    float *w, *b; /* [n]; b is NULL without momentum */
    const float *grad;
    size_t n;
    float scale, limit, decay, lr, momentum;
    int nesterov;
} fdml_sgd;

/* clang-format off */ /* contracts, one a paragraph */
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
 * standard_rows: y[i * y_stride + d] = (t - mean[d]) * factor[d], t being element d of row i as
 *   packing sees it (shifted, scaled); every step rounds.
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
 * --- networks: blocks of sixteen channels -----------------------------------------------
 * "finish" is y + add, then y < 0 ? y * slope : y, then max(low, min(high, y)); NaN passes, and
 *   so does -0 where low is 0.
 * conv_rows: out = finish(sum, in order, of chains of 128 fused multiply-adds, in order of offset
 *   and within a tap of its sixteen channels (of the last tap n_last, where not 0), the first
 *   from bias, the others from 0), so a pixel does not depend on which others are in the job.
 *   conv_planes: the same with taps of one channel.
 * winograd_weights: u[f * u_stride + (c, lane)] = (G g G^T)[f] of g [n, 9, width], for n channels
 *   and `width` lanes, 16 or tile_cols. winograd_panel: the products of conv_rows with those
 *   u, sixteen input channels after sixteen, each continuing the ones before.
 * winograd_split: points = B^T d B of 6x6 input tiles; winograd_join: out = finish(bias + A^T m
 *   A). Points of interpolation and matrices: kern/winograd.h. Columns first, then rows.
 * depthwise: out = finish(chain of fused multiply-adds from bias over the taps inside the
 *   plane, row by row), without `add`; of no tap, finish(bias).
 * pool_max: the first of the largest; NaN where one is under the window; of no tap -infinity.
 * pool_mean: sum in order of the taps, times the rounded inverse of divisor or of their
 *   number; of no tap 0, or NaN without a divisor. No slope and no limits in either.
 * planes_to_blocks: [n_channels, n_pixels] to [ceil(n_channels / 16), n_pixels, 16], missing
 *   channels 0. blocks_to_planes: back.
 * block_affine: out = finish((x * scale + shift, fused) [+ add] [* multiply]), in that order;
 *   of scale and shift alone the other is 1 or 0.
 * block_mean: [16] means over at least one pixel; four interleaved sums, ((0 + 1) + (2 + 3)) *
 *   (1 / n).
 *
 * --- training: gradients -----------------------------------------------------------------
 * conv_outer: dw[o, c, lane] = sum of x[c] dy[o, lane] over all pixels, one chain of fused
 *   multiply-adds from 0 by image, row, column; then, where `continues`, dw + sum.
 * block_moments: sums [2, 16] of x - pivot and of (x - pivot)^2, four interleaved sums each.
 * affine_back_sums: g is gy where low < u < high and 0 elsewhere, or, with a slope, gy * slope
 *   where u < 0 and gy elsewhere. sums [3, 16]: of g, of g (x - mean), and of gy u where u < 0
 *   (0 without a slope), two interleaved sums each.
 * affine_back: gx = g * of_g + (x * of_x + constant, fused) [+ gx_add].
 * depthwise_back: gx += gy * weights of every tap inside of the plane; depthwise_outer: gw += gy *
 *   x; both output by output, tap by tap, fused. pool_max_back: gx += gy where x is y, at the
 *   first such tap of each output.
 *
 * --- arrays ---------------------------------------------------------------------------
 * topk_merge: best is descending by (value, then smaller id), [k]; the n values with ids
 *   first_id.. are merged in. Ids never repeat; -infinity never enters.
 * pick_floors: out[e] = id[e] > high ? below[e] : at[e]; ids and high are below 2^31.
 * count_equal: *count += number of x[i] == value.
 * sum_by_cell: values [rows, 16] and sums [cells, 16] are sixteen numbers side by side. For each
 *   of n_rows rows r = row[i] (row NULL: i), in their order, values[r] is added to sums[c] for
 *   c = cell[r * stride + j], j < n_columns; cells of different columns are different. Rows of
 *   nothing but zeros are passed over, so that a sum of -0 stays.
 * bin_rows: bin = floor((x - low) * inverse_width) limited to 0 .. n_bins-1 (n_bins <= 2^24).
 * exp_rows, log_rows: SLEEF, below 1 ulp. y may be x.
 * softmax_rows, hinge_rows: of each row of z [n_rows, stride], n outputs and then nothing, in
 *   place; stride a multiple of sixteen, lanes from n on become 0; weight [n_rows] or NULL: 1.
 *   softmax: most[i] the largest (no NaN), sum[i] = sum_v exp(z[v] - most[i]) by sixteen partial
 *   sums, z[v] = exp(z[v] - most[i]) * (weight[i] / sum[i]). hinge: with over = max(0, 1 + z[v]),
 *   sum[i] = sum_v over^2 likewise, z[v] = over * (2 weight[i]).
 * activate: y[i] = kind(x[i]), an fdml_act; y may be x. Each step of a formula rounds to float,
 *   a product and a sum together once.
 * activate_double: the same in double, an item at a time.
 * combine: y[i] = a[i] kind b[i], an fdml_combine; y may be a or b.
 * add_scaled: y[i] = fma(factor, x[i], y[i]).
 * pow_double: y[i] = a[i] to the b[i].
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
 * --- optimisers -----------------------------------------------------------------------
 * adam_step: with g the gradient above, m = beta1 m + rest1 g; v = beta2 v + (rest2 g) g;
 *   w = keep w - step (m / (sqrt(v) root + eps)); each line's last product and sum round
 *   together.
 * sgd_step: with b: b = momentum b + g, g = nesterov ? g + momentum b : b. w = w - lr g.
 * sum_squares: in double, sixteen sums folded 16-8-4-2-1.
 *
 * --- samples --------------------------------------------------------------------------
 * philox_columns: words of Philox4x32-10 (base/rng.h) of n items, word w of item i at
 *   word[w * stride + i]: word w % 4 of the block of {counter[0] + i ceil(n_words / 4) + w / 4
 *   mod 2^32, counter[1], counter[2], counter[3]}. Nothing is written behind item n - 1.
 * gather_scores: scores of a network, see fdml_gather.
 * logistic_double: x = 1 / (1 + e^-x) in place, below 4 ulp; of x < -708 that of -708.
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
