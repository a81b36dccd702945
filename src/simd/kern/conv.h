/* conv.h - convolution over blocks of sixteen channels, in register tiles.
 *
 * A tile is up to TILE_ROWS pixels of TILE_VECS output blocks. Every output is one chain of
 * fused multiply-adds that starts from its bias and runs through the taps in the order of
 * `offset`, so neither the tile nor who asks shows in the result. Pixels are cut into tiles of
 * nearly equal height: 49 pixels are 10 10 10 10 9 and not 12 12 12 12 1, whose last tile would
 * wait for its own accumulators.
 *
 * Measured on panels from L2 with 12 x 32 tiles: 190 - 205 GFLOP/s where registers alone reach
 * 211 (Xeon with AVX-512, one thread, November 2026).
 * SPDX-License-Identifier: MIT */

/* What a finished sum becomes. NaN passes through all three steps. */
VEC vf conv_finish(const fdml_conv_rows *job, vf y, size_t at, vf low, vf high,
                   const float *slope)
{
    if (job->add) y = vf_add(y, vf_load(job->add + at));
    if (slope) y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, vf_load(slope)), y);
    return vf_max(low, vf_min(high, y));
}

/* `step` floats from one pixel to the next; `block` input channels follow one another at a
 * pixel. Both constants: (16, 16) for blocked input, (1, 1) for planes.
 *
 * clang unrolls this function before it is inlined, when `rows` and `vecs` are not yet known:
 * where they alone bound a loop the accumulators end up in memory, at a third of the speed. So
 * each loop over the tile has the tile's own size for a limit, too. */
VEC void conv_tile(const fdml_conv_rows *job, const float *w, size_t o, size_t first,
                   const int rows, const int vecs, const int block, const int step)
{
    vf acc[TILE_ROWS][TILE_VECS];
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS && i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS && v < vecs; v++)
            acc[i][v] = job->continues ? vf_load(job->out + (o + (size_t)v) * job->out_stride +
                                                 (first + (size_t)i) * VL)
                        : job->bias    ? vf_load(job->bias + (o + (size_t)v) * VL)
                                       : vf_zero();
    for (size_t b = 0; b < job->n_blocks; b++) {
        const float *x = job->in + job->offset[b] + first * (size_t)step;
        for (int c = 0; c < block; c++, w += vecs * VL) {
            vf column[TILE_VECS];
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS && v < vecs; v++) column[v] = vf_load(w + v * VL);
#pragma GCC unroll 16
            for (int i = 0; i < TILE_ROWS && i < rows; i++) {
                const vf row = vf_set1(x[i * step + c]);
#pragma GCC unroll 2
                for (int v = 0; v < TILE_VECS && v < vecs; v++)
                    acc[i][v] = vf_fma(row, column[v], acc[i][v]);
            }
        }
    }
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS && i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS && v < vecs; v++) {
            const size_t at = (o + (size_t)v) * job->out_stride + (first + (size_t)i) * VL;
            const float *slope = job->slope ? job->slope + (o + (size_t)v) * VL : NULL;
            vf_store(job->out + at, conv_finish(job, acc[i][v], at, low, high, slope));
        }
}

/* All pixels of the output blocks o .. o + vecs - 1; a tile of each height is its own code. */
#define CONV_CASE(n)                                                                           \
    case n:                                                                                    \
        if (n <= TILE_ROWS)                                                                    \
            conv_tile(job, w, o, r, n <= TILE_ROWS ? n : 1, vecs, block, step);                \
        break;
VEC void conv_column(const fdml_conv_rows *job, size_t o, const int vecs, const int block,
                     const int step)
{
    const float *w = job->weights + o * VL * (size_t)block * job->n_blocks;
    const size_t n_tiles = (job->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    size_t r = 0;
    for (size_t t = 0; t < n_tiles; t++) {
        const size_t end = job->n_rows * (t + 1) / n_tiles;
        switch (end - r) {
            CONV_CASE(1)
            CONV_CASE(2)
            CONV_CASE(3)
            CONV_CASE(4)
            CONV_CASE(5)
            CONV_CASE(6)
            CONV_CASE(7)
            CONV_CASE(8)
            CONV_CASE(9)
            CONV_CASE(10)
            CONV_CASE(11)
            CONV_CASE(12)
        }
        r = end;
    }
}
_Static_assert(TILE_ROWS <= 12, "conv_column has a case for every height of a tile");
#undef CONV_CASE

static void conv_blocks_full(const fdml_conv_rows *job, size_t o)
{
    conv_column(job, o, TILE_VECS, VL, VL);
}

static void conv_planes_full(const fdml_conv_rows *job, size_t o)
{
    conv_column(job, o, TILE_VECS, 1, 1);
}

static void k_conv_rows(const fdml_conv_rows *job)
{
    size_t o = 0;
    for (; o + TILE_VECS <= job->n_out; o += TILE_VECS) conv_blocks_full(job, o);
    for (; TILE_VECS > 1 && o < job->n_out; o++) conv_column(job, o, 1, VL, VL);
}

static void k_conv_planes(const fdml_conv_rows *job)
{
    size_t o = 0;
    for (; o + TILE_VECS <= job->n_out; o += TILE_VECS) conv_planes_full(job, o);
    for (; TILE_VECS > 1 && o < job->n_out; o++) conv_column(job, o, 1, 1, 1);
}
