/* winograd.h - F(4x4, 3x3): sixteen outputs of a 3x3 convolution for 36 products, not 144.
 *
 * Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308:
 * Y = A^T [ (G g G^T) * (B^T d B) ] A. The interpolation points are 0, +-a, +-b and infinity
 * with a = sqrt(1/2), b = sqrt(2) and not the usual +-1, +-2: powers up to b^3 = 2.8 instead
 * of 8 lose fewer bits, at the same number of operations, since the even part of every row
 * has only a^2 = 1/2 and b^2 = 2 in it. With M(x) = (x^2 - 1/2)(x^2 - 2) x:
 *
 *   B^T = 1   0  -5/2  0   1  0     G = 1             0            0
 *         0  -2a  -2   a   1  0         -2/3 * ( 1  a  a^2 )
 *         0   2a  -2  -a   1  0                            * ( 1 -a  a^2 )
 *         0  -b/2 -1/2 b   1  0          1/6 * ( 1  b  b^2 )
 *         0   b/2 -1/2 -b  1  0                            * ( 1 -b  b^2 )
 *         0   1    0 -5/2  0  1         0             0            1
 *   A^T = 1  1   1   1   1  0
 *         0  a  -a   b  -b  0
 *         0 1/2 1/2  2   2  0
 *         0 a/2 -a/2 2b -2b 1
 *
 * Sixteen channels go side by side. Points of a tile are numbered 6 * row + column.
 * SPDX-License-Identifier: MIT */

static const float wino_a = 0.70710678118654752f, wino_b = 1.41421356237309505f;

/* One row of six through B^T. */
VEC void wino_split6(vf r[6], const vf d[6])
{
    const vf two = vf_set1(2), half = vf_set1(0.5f), five_halves = vf_set1(2.5f);
    const vf a = vf_set1(wino_a), b = vf_set1(wino_b), minus = vf_set1(-1);
    const vf m2 = vf_mul(two, minus), mhalf = vf_mul(half, minus),
             m52 = vf_mul(five_halves, minus);
    const vf ma = vf_mul(a, minus), mb = vf_mul(b, minus);
    const vf even_a = vf_fma(m2, d[2], d[4]), odd_a = vf_fma(m2, d[1], d[3]);
    const vf even_b = vf_fma(mhalf, d[2], d[4]), odd_b = vf_fma(mhalf, d[1], d[3]);
    r[0] = vf_add(vf_fma(m52, d[2], d[0]), d[4]);
    r[1] = vf_fma(a, odd_a, even_a);
    r[2] = vf_fma(ma, odd_a, even_a);
    r[3] = vf_fma(b, odd_b, even_b);
    r[4] = vf_fma(mb, odd_b, even_b);
    r[5] = vf_add(vf_fma(m52, d[3], d[1]), d[5]);
}

/* One row of three through G: 1 / (2a^2 (a^2 - b^2)) = -2/3, 1 / (2b^2 (b^2 - a^2)) = 1/6. */
VEC void wino_weigh3(vf r[6], const vf g[3])
{
    const vf sixth = vf_set1(1.0f / 6), third = vf_set1(1.0f / 3),
             two_thirds = vf_set1(2.0f / 3);
    const vf a = vf_set1(wino_a * (2.0f / 3)), b = vf_set1(wino_b * (1.0f / 6)),
             zero = vf_zero();
    const vf even_a = vf_fma(third, g[2], vf_mul(two_thirds, g[0])), odd_a = vf_mul(a, g[1]);
    const vf even_b = vf_fma(third, g[2], vf_mul(sixth, g[0])), odd_b = vf_mul(b, g[1]);
    r[0] = g[0];
    r[1] = vf_sub(zero, vf_add(even_a, odd_a));
    r[2] = vf_sub(odd_a, even_a);
    r[3] = vf_add(even_b, odd_b);
    r[4] = vf_sub(even_b, odd_b);
    r[5] = g[2];
}

/* Two of the six rows of G: 0 and 5, 1 and 2, 3 and 4, which share their halves. */
VEC void wino_weigh_pair(vf first[3], vf second[3], const float *g, size_t width,
                         const int pair)
{
    const vf even2 = vf_set1(1.0f / 3), even0 = vf_set1(pair == 1 ? 2.0f / 3 : 1.0f / 6);
    const vf odd1 = vf_set1(pair == 1 ? wino_a * (2.0f / 3) : wino_b * (1.0f / 6));
#pragma GCC unroll 3
    for (size_t j = 0; j < 3; j++) {
        const vf g0 = vf_load(g + j * width), g2 = vf_load(g + (6 + j) * width);
        if (pair == 0) {
            first[j] = g0;
            second[j] = g2;
            continue;
        }
        const vf even = vf_fma(even2, g2, vf_mul(even0, g0));
        const vf odd = vf_mul(odd1, vf_load(g + (3 + j) * width));
        first[j] = pair == 1 ? vf_sub(vf_zero(), vf_add(even, odd)) : vf_add(even, odd);
        second[j] = pair == 1 ? vf_sub(odd, even) : vf_sub(even, odd);
    }
}

/* Twelve points of `n` channels: u[p * stride + c * width ..], p = 0 .. 5 of the first row. */
VEC void wino_weigh(float *u, size_t stride, const float *g, size_t n, size_t width,
                    const int pair)
{
    for (size_t c = 0; c < n; c++, g += 9 * width)
        for (size_t v = 0; v < width; v += VL) {
            vf half[2][3];
            wino_weigh_pair(half[0], half[1], g + v, width, pair);
            float *to = u + c * width + v;
#pragma GCC unroll 2
            for (int i = 0; i < 2; i++) {
                vf r[6];
                wino_weigh3(r, half[i]);
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++, to += stride) vf_store(to, r[j]);
            }
        }
}

static void wino_weigh_0(float *u, size_t stride, const float *g, size_t n, size_t width)
{
    wino_weigh(u, stride, g, n, width, 0);
}

static void wino_weigh_1(float *u, size_t stride, const float *g, size_t n, size_t width)
{
    wino_weigh(u, stride, g, n, width, 1);
}

static void wino_weigh_2(float *u, size_t stride, const float *g, size_t n, size_t width)
{
    wino_weigh(u, stride, g, n, width, 2);
}

typedef void (*wino_weigh_fn)(float *u, size_t stride, const float *g, size_t n, size_t width);
static const wino_weigh_fn wino_weigh_pairs[3] = { wino_weigh_0, wino_weigh_1, wino_weigh_2 };
/* Points of the pairs' rows, first and second. */
static const unsigned char wino_pair_row[3][2] = { { 0, 5 }, { 1, 2 }, { 3, 4 } };

static void k_winograd_weights(float *u, size_t u_stride, const float *g, size_t n,
                               size_t width)
{
    float some[12 * TILE_VECS * VL];
    for (size_t c = 0; c < n; c++, g += 9 * width, u += width)
        for (int pair = 0; pair < 3; pair++) {
            wino_weigh_pairs[pair](some, width, g, 1, width);
            for (size_t p = 0; p < 12; p++)
                memcpy(u + (wino_pair_row[pair][p / 6] * 6 + p % 6) * u_stride,
                       some + p * width, width * sizeof *u);
        }
}

/* Six points of a row, for some tiles of one input block. */
typedef struct wino_row {
    const float *u, *split, *next;
    float *join;
    size_t u_stride, split_stride, join_stride, out_stride;
    size_t n_tiles; /* of as many pixels, one after another */
    int is_next;    /* `join` holds the sums of the blocks before */
} wino_row;

/* In one loop, so that the next point's sums begin while those of the last come to their end:
 * sixteen steps of a few tiles are over sooner than a call. */
VEC void wino_products(const wino_row *r, const int rows, const int vecs)
{
    const float *u = r->u, *split = r->split, *next = r->next;
    float *join = r->join;
    const size_t out_stride = r->out_stride;
    const int is_next = r->is_next;
    const size_t n = r->n_tiles;
    for (int f = 0; f < 6; f++) {
        vf acc[TILE_PIXELS][TILE_VECS];
        for (int i = 0; i < vecs * 4; i++) vec_prefetch_far(next), next += VL;
        for (size_t t = 0; t < n; t++) {
            const float *x = split + t * (size_t)rows * VL;
            float *y = join + t * (size_t)rows * VL;
            EACH_ROW EACH_VEC acc[i][v] = vf_zero();
            conv_tap(acc, u, x, NULL, VL, rows, vecs, VL, FETCH_NOTHING);
            EACH_VEC
            {
                float *at = y + (size_t)v * out_stride;
                if (is_next) {
                    EACH_ROW acc[i][v] = vf_add(vf_load(at + i * VL), acc[i][v]);
                }
                EACH_ROW vf_store(at + i * VL, acc[i][v]);
            }
        }
        u += r->u_stride;
        split += r->split_stride;
        join += r->join_stride;
    }
}

typedef void (*wino_row_fn)(const wino_row *r);
#define WINO_HEIGHT(name, n, vecs)                                                             \
    static void wino_##name##_##n(const wino_row *r)                                           \
    {                                                                                          \
        wino_products(r, n <= TILE_PIXELS ? n : 1, vecs);                                      \
    }
FOR_HEIGHTS(WINO_HEIGHT, full, TILE_VECS)
FOR_HEIGHTS(WINO_HEIGHT, one, 1)
#undef WINO_HEIGHT
static const wino_row_fn wino_full[15] = { TABLE_OF_HEIGHTS(wino_full) };
static const wino_row_fn wino_one[15] = { TABLE_OF_HEIGHTS(wino_one) };

/* A third of the transformed weights of sixteen channels, 24 KiB, is used from L1 as soon as it
 * is made: fetching all of them from memory would take longer than making them, and so does
 * writing those of more channels to L2 and reading them back. Meanwhile the next block's
 * weights are asked for. */
static void k_winograd_panel(const fdml_winograd_panel *job)
{
    float u[12 * (VL * TILE_VECS + 1) * VL];
    const wino_row_fn *run = job->width == TILE_VECS * VL ? wino_full : wino_one;
    /* VL floats between points: without, they lie a power of two apart, and the transform took
     * up to 1.4 times as long (512 channels; cache sets, or stores that loads mistake) */
    const size_t block = VL * 9 * job->width, point = VL * job->width + VL;
    const conv_cut cut = conv_cut_of(job->n_tiles);
    for (size_t b = 0; b < job->n_blocks; b++) {
        const float *g = job->g + b * block, *ahead = b + 1 < job->n_blocks ? g + block : g;
        for (size_t half = 0; half < 6; half++) {
            const size_t f = wino_pair_row[half / 2][half % 2] * (size_t)6;
            wino_row r = { .u = u + half % 2 * 6 * point,
                           .split = job->split + f * job->split_stride + job->offset[b],
                           .next = ahead + half * (block / 6),
                           .join = job->join + f * job->join_stride,
                           .u_stride = point,
                           .split_stride = job->split_stride,
                           .join_stride = job->join_stride,
                           .out_stride = job->out_stride,
                           .is_next = b > 0 };
            if (half % 2 == 0) wino_weigh_pairs[half / 2](u, point, g, VL, job->width);
            if (cut.more) {
                r.n_tiles = cut.more;
                run[cut.height + 1](&r);
                r.split += cut.more * (cut.height + 1) * VL;
                r.join += cut.more * (cut.height + 1) * VL;
                r.next = g; /* once is enough */
            }
            r.n_tiles = cut.n_tiles - cut.more;
            if (r.n_tiles) run[cut.height](&r);
        }
    }
}

/* One row of six through A^T. */
VEC void wino_join6(vf y[4], const vf m[6])
{
    const vf two = vf_set1(2), half = vf_set1(0.5f), a = vf_set1(wino_a), b = vf_set1(wino_b);
    const vf half_a = vf_set1(wino_a * 0.5f), two_b = vf_set1(wino_b * 2);
    const vf sum_a = vf_add(m[1], m[2]), diff_a = vf_sub(m[1], m[2]);
    const vf sum_b = vf_add(m[3], m[4]), diff_b = vf_sub(m[3], m[4]);
    y[0] = vf_add(m[0], vf_add(sum_a, sum_b));
    y[1] = vf_fma(b, diff_b, vf_mul(a, diff_a));
    y[2] = vf_fma(two, sum_b, vf_mul(half, sum_a));
    y[3] = vf_fma(two_b, diff_b, vf_fma(half_a, diff_a, m[5]));
}

/* Column x of the 6x6 pixels of a tile whose corner may lie outside of the plane; zero there.
 */
VEC void wino_load(vf d[6], const fdml_winograd *job, long y0, long x)
{
    const int is_in = x >= 0 && x < (long)job->width;
#pragma GCC unroll 6
    for (long i = 0; i < 6; i++) {
        const long y = y0 + i;
        d[i] = is_in && y >= 0 && y < (long)job->height
                   ? vf_load(job->plane + ((size_t)y * job->width + (size_t)x) * VL)
                   : vf_zero();
    }
}

/* All columns of a tile through B^T, to middle [6, 6, 16]. */
VEC void wino_split_columns(float *middle, const fdml_winograd *job, long y0, long x0)
{
    const size_t row = job->width * VL;
    const int is_inside =
        y0 >= 0 && y0 + 6 <= (long)job->height && x0 >= 0 && x0 + 6 <= (long)job->width;
    const float *corner =
        is_inside ? job->plane + (size_t)y0 * row + (size_t)x0 * VL : job->plane;
    for (long j = 0; j < 6; j++) {
        vf d[6], r[6];
        if (is_inside) {
#pragma GCC unroll 6
            for (size_t i = 0; i < 6; i++) d[i] = vf_load(corner + i * row + (size_t)j * VL);
        } else {
            wino_load(d, job, y0, x0 + j);
        }
        wino_split6(r, d);
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) vf_store(middle + (i * 6 + j) * VL, r[i]);
    }
}

static void k_winograd_split(const fdml_winograd *job)
{
    float middle[36 * VL];
    const size_t stride = job->point_stride; /* clang: any store might change what job holds */
    for (size_t t = 0; t < job->n_tiles; t++) {
        const size_t id = job->first_tile + t;
        const long y0 = (long)(id / job->tiles_x * 4) - (long)job->pad_top;
        const long x0 = (long)(id % job->tiles_x * 4) - (long)job->pad_left;
        wino_split_columns(middle, job, y0, x0);
        float *v = job->points + t * VL;
        for (int i = 0; i < 6; i++) {
            vf d[6], r[6];
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) d[j] = vf_load(middle + (i * 6 + j) * VL);
            wino_split6(r, d);
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++, v += stride) vf_store(v, r[j]);
        }
    }
}

/* Bias, addition and activation as in conv.h, in the same order. */
VEC void wino_store(const fdml_winograd *job, size_t at, vf y, vf low, vf high)
{
    if (job->bias) y = vf_add(y, vf_load(job->bias));
    if (job->add) y = vf_add(y, vf_load(job->add + at));
    if (job->slope) y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, vf_load(job->slope)), y);
    vf_store(job->out + at, vf_max(low, vf_min(high, y)));
}

static void k_winograd_join(const fdml_winograd *job)
{
    float middle[24 * VL];
    const vf low = vf_set1(job->low), high = vf_set1(job->high);
    for (size_t t = 0; t < job->n_tiles; t++) {
        const size_t id = job->first_tile + t;
        const size_t y0 = id / job->tiles_x * 4, x0 = id % job->tiles_x * 4;
        const float *m = job->points + t * VL;
        for (size_t j = 0; j < 6; j++, m += job->point_stride) {
            vf d[6], r[4];
#pragma GCC unroll 6
            for (size_t i = 0; i < 6; i++) d[i] = vf_load(m + i * 6 * job->point_stride);
            wino_join6(r, d);
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++) vf_store(middle + (i * 6 + j) * VL, r[i]);
        }
        const size_t n_y = job->height - y0 < 4 ? job->height - y0 : 4;
        const size_t n_x = job->width - x0 < 4 ? job->width - x0 : 4;
        for (size_t i = 0; i < n_y; i++) {
            vf d[6], r[4];
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) d[j] = vf_load(middle + (i * 6 + (size_t)j) * VL);
            wino_join6(r, d);
            const size_t at = ((y0 + i) * job->width + x0) * VL;
            if (n_x == 4) {
#pragma GCC unroll 4
                for (size_t j = 0; j < 4; j++) wino_store(job, at + j * VL, r[j], low, high);
            } else {
                for (size_t j = 0; j < n_x; j++) wino_store(job, at + j * VL, r[j], low, high);
            }
        }
    }
}
