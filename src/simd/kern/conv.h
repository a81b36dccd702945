/* conv.h - convolution over blocks of sixteen channels, in register tiles.
 *
 * A tile is up to TILE_ROWS pixels of TILE_VECS output blocks. Every output is a sum of chains
 * of CONV_DEPTH fused multiply-adds through the taps in the order of `offset`, the first of
 * which starts from the bias, so neither the tile nor who asks shows in the result. Shorter
 * chains lose fewer bits than one long one. Pixels are cut into tiles of nearly equal height:
 * 49 pixels are 10 10 10 10 9 and not 12 12 12 12 1, whose last tile would wait for its own
 * accumulators.
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

/* Steps of a chain, for which the panel's weights stay in L1 while all tiles pass, and how many
 * steps ahead the first tile to meet it asks for it: with both, 49 pixels by 2048 channels run
 * at 0.95 of the speed of layers that fit, without at 0.82.
 *
 * Where tiles are few, weights come from memory about as fast as they are used. So all tiles
 * also ask for the part that comes next, a line in each step. */
enum { CONV_DEPTH = 128, CONV_AHEAD = 16, CONV_FEW_TILES = 8 };
enum { FETCH_NOTHING, FETCH_NEXT, FETCH_ALL };

/* Part of a chain: the taps begin .. end - 1 of `job`, w their weights. */
typedef struct conv_part {
    const float *w;
    size_t begin, end;
    const float *next; /* where to fetch ahead from, for FETCH_NEXT and FETCH_ALL */
} conv_part;

/* `block` input channels follow one another at a pixel, and then comes the next pixel: 16, or 1
 * for planes. `fetch` says which weights to ask for. All four are constants.
 *
 * clang unrolls this function before it is inlined, when `rows` and `vecs` are not yet known:
 * where they alone bound a loop the accumulators end up in memory, at a third of the speed. So
 * each loop over the tile has the tile's own size for a limit, too. */
VEC void conv_tile(const fdml_conv_rows *job, conv_part part, size_t o, size_t first,
                   const int rows, const int vecs, const int block, const int fetch)
{
    vf acc[TILE_ROWS][TILE_VECS];
    const int step = block; /* of the two kinds of input there are */
    const float *w = part.w, *next = part.next;
    const int is_next = part.begin || job->continues;
    float *out = job->out + o * job->out_stride + first * VL;
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS && i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS && v < vecs; v++)
            acc[i][v] =
                is_next || !job->bias ? vf_zero() : vf_load(job->bias + (o + (size_t)v) * VL);
    for (size_t b = part.begin; b < part.end; b++) {
        const float *x = job->in + job->offset[b] + first * (size_t)step;
        for (int c = 0; c < block; c++, w += vecs * VL) {
            vf column[TILE_VECS];
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS && v < vecs; v++) {
                column[v] = vf_load(w + v * VL);
                if (fetch == FETCH_ALL) vec_prefetch(w + (CONV_AHEAD * vecs + v) * VL);
            }
            if (fetch != FETCH_NOTHING) vec_prefetch_far(next), next += VL;
#pragma GCC unroll 16
            for (int i = 0; i < TILE_ROWS && i < rows; i++) {
                const vf row = vf_set1(x[i * step + c]);
#pragma GCC unroll 2
                for (int v = 0; v < TILE_VECS && v < vecs; v++)
                    acc[i][v] = vf_fma(row, column[v], acc[i][v]);
            }
        }
    }
    if (is_next) {
#pragma GCC unroll 16
        for (int i = 0; i < TILE_ROWS && i < rows; i++)
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS && v < vecs; v++)
                acc[i][v] = vf_add(vf_load(out + (size_t)v * job->out_stride + (size_t)i * VL),
                                   acc[i][v]);
    }
    if (part.end < job->n_blocks) {
#pragma GCC unroll 16
        for (int i = 0; i < TILE_ROWS && i < rows; i++)
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS && v < vecs; v++)
                vf_store(out + (size_t)v * job->out_stride + (size_t)i * VL, acc[i][v]);
        return;
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

/* A tile of each height is its own code. */
#define CONV_CASE(n)                                                                           \
    case n:                                                                                    \
        if (n <= TILE_ROWS)                                                                    \
            conv_tile(job, part, o, first, n <= TILE_ROWS ? n : 1, vecs, block, fetch);        \
        break;
VEC void conv_tile_of(const fdml_conv_rows *job, conv_part part, size_t o, size_t first,
                      size_t rows, const int vecs, const int block, const int fetch)
{
    switch (rows) {
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
}
_Static_assert(TILE_ROWS <= 12, "conv_tile_of has a case for every height of a tile");
#undef CONV_CASE

/* All pixels of the output blocks o .. o + vecs - 1, for a part of their chains. `is_far`: the
 * part's weights are not in L1 yet. */
VEC void conv_part_tiles(const fdml_conv_rows *job, conv_part part, size_t o, const int vecs,
                         const int block, const int is_far)
{
    const size_t n_tiles = (job->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    const size_t size = (part.end - part.begin) * (size_t)(block * vecs * VL);
    const float *next = part.w + size;
    size_t r = 0;
    for (size_t t = 0; t < n_tiles; t++) {
        const size_t end = job->n_rows * (t + 1) / n_tiles;
        part.next = next + size / n_tiles * t / VL * VL;
        if (is_far && t == 0)
            conv_tile_of(job, part, o, r, end - r, vecs, block, FETCH_ALL);
        else if (is_far && n_tiles <= CONV_FEW_TILES)
            conv_tile_of(job, part, o, r, end - r, vecs, block, FETCH_NEXT);
        else
            conv_tile_of(job, part, o, r, end - r, vecs, block, FETCH_NOTHING);
        r = end;
    }
}

static void conv_part_full(const fdml_conv_rows *job, conv_part part, size_t o)
{
    conv_part_tiles(job, part, o, TILE_VECS, VL, 1);
}

static void conv_part_near(const fdml_conv_rows *job, conv_part part, size_t o)
{
    conv_part_tiles(job, part, o, TILE_VECS, VL, 0);
}

static void conv_part_one(const fdml_conv_rows *job, conv_part part, size_t o)
{
    conv_part_tiles(job, part, o, 1, VL, 0);
}

static void conv_planes_full(const fdml_conv_rows *job, conv_part part, size_t o)
{
    conv_part_tiles(job, part, o, TILE_VECS, 1, 0);
}

static void conv_planes_one(const fdml_conv_rows *job, conv_part part, size_t o)
{
    conv_part_tiles(job, part, o, 1, 1, 0);
}

typedef void (*conv_part_fn)(const fdml_conv_rows *job, conv_part part, size_t o);

/* All panels, chain by chain; `block` steps of a chain are one tap. */
static void conv_all(const fdml_conv_rows *job, size_t block, conv_part_fn full,
                     conv_part_fn one)
{
    const size_t depth = CONV_DEPTH / block;
    for (size_t o = 0, n; o < job->n_out; o += n) {
        const float *w = job->weights + o * VL * block * job->n_blocks;
        n = o + TILE_VECS <= job->n_out ? TILE_VECS : 1;
        for (size_t b = 0; b == 0 || b < job->n_blocks; b += depth) {
            const conv_part part = { w + b * block * n * VL, b,
                                     job->n_blocks - b < depth ? job->n_blocks : b + depth,
                                     NULL };
            (n == TILE_VECS ? full : one)(job, part, o);
        }
    }
}

static void k_conv_rows(const fdml_conv_rows *job)
{
    conv_all(job, VL, conv_part_full, conv_part_one);
}

static void k_conv_planes(const fdml_conv_rows *job)
{
    conv_all(job, 1, conv_planes_full, conv_planes_one);
}
