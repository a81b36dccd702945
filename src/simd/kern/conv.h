/* conv.h - convolution over blocks of sixteen channels, in register tiles.
 *
 * A tile is up to TILE_PIXELS pixels of TILE_VECS output blocks. Every output is a sum of
 * chains of CONV_DEPTH fused multiply-adds through the taps in the order of `offset`, the first
 * of which starts from the bias, so neither the tile nor who asks shows in the result. Shorter
 * chains lose fewer bits than one long one. Pixels are cut into tiles of nearly equal height:
 * 49 pixels are 13 12 12 12 and not 14 14 14 7, whose last tile would wait for its own
 * accumulators.
 *
 * Each height is a function of its own. Together in one they share its registers, and gcc then
 * keeps pointers in vector registers, from where they come back through a port of the
 * multiply-adds: a tenth of the speed.
 *
 * Measured on panels from L2: 0.92 - 0.95 of what registers alone reach in the same second
 * (Xeon with AVX-512, one thread, November 2026).
 * SPDX-License-Identifier: MIT */

/* Steps of a chain, for which the panel's weights stay in L1 while all tiles pass, and how many
 * steps ahead the first tile to meet it asks for it: with both, 49 pixels by 2048 channels run
 * at 0.95 of the speed of layers that fit, without at 0.82.
 *
 * Where tiles are few, weights come from memory about as fast as they are used. So all tiles
 * also ask for the part that comes next, a line in each step. */
enum { CONV_DEPTH = 128, CONV_AHEAD = 16, CONV_FEW_TILES = 8 };
enum { FETCH_NOTHING, FETCH_NEXT, FETCH_ALL };

/* Part of a chain, and the tile of it that is next: the taps `offset`, w their weights. The
 * pointers are those of the tile's first pixel and of the panel's first output block. */
typedef struct conv_part {
    const float *w, *in;
    const size_t *offset;
    size_t n, n_last; /* taps; channels of the last */
    float *out;
    size_t out_stride;
    const float *bias, *add, *slope; /* NULL: none here */
    int is_next;                     /* `out` holds what came before in the chain */
    float low, high;
    const float *next; /* where to fetch ahead from, for FETCH_NEXT and FETCH_ALL */
} conv_part;

/* The loops over a tile.
 *
 * clang unrolls conv_tile before it is inlined, when `rows` and `vecs` are not yet known: where
 * they alone bound a loop the accumulators end up in memory, at a third of the speed. So
 * each loop has the largest tile's own size for a limit, too. */
#define EACH_ROW _Pragma("GCC unroll 16") for (int i = 0; i < TILE_PIXELS && i < rows; i++)
#define EACH_VEC _Pragma("GCC unroll 2") for (int v = 0; v < TILE_VECS && v < vecs; v++)

/* One tap: `steps` channels of pixels x, which lie `block` apart, and weights w. */
VEC const float *conv_tap(vf acc[TILE_PIXELS][TILE_VECS], const float *w, const float *x,
                          const float **next, size_t steps, const int rows, const int vecs,
                          const int block, const int fetch)
{
    for (size_t c = 0; c < steps; c++, w += vecs * VL) {
        vf column[TILE_VECS];
        EACH_VEC
        {
            column[v] = vf_load(w + v * VL);
            if (fetch == FETCH_ALL) vec_prefetch(w + (CONV_AHEAD * vecs + v) * VL);
        }
        if (fetch != FETCH_NOTHING) vec_prefetch_far(*next), *next += VL;
        EACH_ROW
        {
            const vf row = vf_set1(x[(size_t)(i * block) + c]);
            EACH_VEC acc[i][v] = vf_fma(row, column[v], acc[i][v]);
        }
    }
    return w;
}

/* Stores a part's sums: of the last part finished (NaN passes through all steps); of the others
 * as they are, for their `add` and `slope` are NULL and their limits infinite. */
VEC void conv_finish(const conv_part *p, vf acc[TILE_PIXELS][TILE_VECS], const int rows,
                     const int vecs, const int has_slope)
{
    const vf low = vf_set1(p->low), high = vf_set1(p->high);
    const size_t stride = p->out_stride;
    const float *add = p->add, *slope = p->slope;
    float *out = p->out;
    const int is_next = p->is_next;
    EACH_ROW EACH_VEC
    {
        const size_t at = (size_t)v * stride + (size_t)i * VL;
        vf y = acc[i][v];
        if (is_next) y = vf_add(vf_load(out + at), y);
        if (add) y = vf_add(y, vf_load(add + at));
        if (has_slope)
            y = vf_select(vf_lt(y, vf_zero()), vf_mul(y, vf_load(slope + v * VL)), y);
        vf_store(out + at, vf_max(low, vf_min(high, y)));
    }
}

/* `block` input channels follow one another at a pixel, and then comes the next pixel: 16, or 1
 * for planes. `fetch` says which weights to ask for. All four are constants. */
VEC void conv_tile(const conv_part *p, const int rows, const int vecs, const int block,
                   const int fetch)
{
    vf acc[TILE_PIXELS][TILE_VECS];
    const float *w = p->w, *next = p->next, *bias = p->bias;
    EACH_ROW EACH_VEC acc[i][v] = bias ? vf_load(bias + v * VL) : vf_zero();
    for (size_t b = 0; b + 1 < p->n; b++)
        w = conv_tap(acc, w, p->in + p->offset[b], &next, (size_t)block, rows, vecs, block,
                     fetch);
    if (p->n)
        conv_tap(acc, w, p->in + p->offset[p->n - 1], &next, p->n_last, rows, vecs, block,
                 fetch);
    if (p->slope)
        conv_finish(p, acc, rows, vecs, 1);
    else
        conv_finish(p, acc, rows, vecs, 0);
}

typedef void (*conv_tile_fn)(const conv_part *p);

/* FN(name, n, ...) for every height n of a tile, and the table of name_n they make. */
#define FOR_HEIGHTS(FN, name, ...)                                                             \
    FN(name, 1, __VA_ARGS__)                                                                   \
    FN(name, 2, __VA_ARGS__)                                                                   \
    FN(name, 3, __VA_ARGS__)                                                                   \
    FN(name, 4, __VA_ARGS__)                                                                   \
    FN(name, 5, __VA_ARGS__)                                                                   \
    FN(name, 6, __VA_ARGS__)                                                                   \
    FN(name, 7, __VA_ARGS__)                                                                   \
    FN(name, 8, __VA_ARGS__)                                                                   \
    FN(name, 9, __VA_ARGS__)                                                                   \
    FN(name, 10, __VA_ARGS__)                                                                  \
    FN(name, 11, __VA_ARGS__)                                                                  \
    FN(name, 12, __VA_ARGS__)                                                                  \
    FN(name, 13, __VA_ARGS__)                                                                  \
    FN(name, 14, __VA_ARGS__)
#define TABLE_OF_HEIGHTS(name)                                                                 \
    NULL, name##_1, name##_2, name##_3, name##_4, name##_5, name##_6, name##_7, name##_8,      \
        name##_9, name##_10, name##_11, name##_12, name##_13, name##_14
_Static_assert(TILE_PIXELS <= 14, "there is a function for every height of a tile");

#define CONV_HEIGHT(name, n, vecs, block, fetch)                                               \
    static void conv_##name##_##n(const conv_part *p)                                          \
    {                                                                                          \
        conv_tile(p, n <= TILE_PIXELS ? n : 1, vecs, block, fetch);                            \
    }
#define CONV_TILE(name, vecs, block, fetch)                                                    \
    FOR_HEIGHTS(CONV_HEIGHT, name, vecs, block, fetch)                                         \
    static const conv_tile_fn conv_##name[15] = { TABLE_OF_HEIGHTS(conv_##name) };
CONV_TILE(near, TILE_VECS, VL, FETCH_NOTHING)
CONV_TILE(next, TILE_VECS, VL, FETCH_NEXT)
CONV_TILE(far, TILE_VECS, VL, FETCH_ALL)
CONV_TILE(one, 1, VL, FETCH_NOTHING)
CONV_TILE(planes, TILE_VECS, 1, FETCH_NOTHING)
CONV_TILE(planes_one, 1, 1, FETCH_NOTHING)
#undef CONV_TILE
#undef CONV_HEIGHT

/* The part that begins at tap `begin` of the panel of block o; w are its weights. */
VEC conv_part conv_part_of(const fdml_conv_rows *job, const float *w, size_t o, size_t begin,
                           size_t end, size_t block)
{
    const int is_first = begin == 0 && !job->continues, is_last = end >= job->n_blocks;
    const size_t at = o * job->out_stride;
    return (conv_part){ .w = w,
                        .in = job->in,
                        .offset = job->offset + begin,
                        .n = end - begin,
                        .n_last = is_last && job->n_last ? job->n_last : block,
                        .out = job->out + at,
                        .out_stride = job->out_stride,
                        .bias = is_first && job->bias ? job->bias + o * VL : NULL,
                        .add = is_last && job->add ? job->add + at : NULL,
                        .slope = is_last && job->slope ? job->slope + o * VL : NULL,
                        .is_next = !is_first,
                        .low = is_last ? job->low : -INFINITY,
                        .high = is_last ? job->high : INFINITY };
}

/* Pixels cut into tiles, of which the first `more` have one more than `height`. */
typedef struct conv_cut {
    size_t n_tiles, height, more;
} conv_cut;

VEC conv_cut conv_cut_of(size_t n_rows)
{
    const size_t n = (n_rows + TILE_PIXELS - 1) / TILE_PIXELS, height = n ? n_rows / n : 0;
    return (conv_cut){ .n_tiles = n, .height = height, .more = n_rows - height * n };
}

/* All tiles of a part: the first by `first`, the others by `rest`; each asks for `fetch` floats
 * of those that come next. */
VEC void conv_part_tiles(conv_part *p, conv_cut cut, size_t block, const conv_tile_fn *first,
                         const conv_tile_fn *rest, size_t fetch)
{
    for (size_t t = 0; t < cut.n_tiles; t++, p->next += fetch) {
        const size_t rows = cut.height + (t < cut.more);
        (t ? rest : first)[rows](p);
        p->in += rows * block;
        p->out += rows * VL;
        if (p->add) p->add += rows * VL;
    }
}

/* All panels, chain by chain; `block` steps of a chain are one tap. */
VEC void conv_all(const fdml_conv_rows *job, const size_t block, const conv_tile_fn *first,
                  const conv_tile_fn *rest, const conv_tile_fn *one)
{
    const size_t depth = CONV_DEPTH / block;
    const conv_cut cut = conv_cut_of(job->n_rows);
    for (size_t o = 0, n; o < job->n_out; o += n) {
        const float *w = job->weights + o * VL * block * job->n_blocks;
        n = o + TILE_VECS <= job->n_out ? TILE_VECS : 1;
        for (size_t b = 0; b == 0 || b < job->n_blocks; b += depth) {
            const size_t end = job->n_blocks - b < depth ? job->n_blocks : b + depth;
            const size_t size = (end - b) * block * n * VL;
            conv_part part = conv_part_of(job, w, o, b, end, block);
            part.next = w + size;
            const size_t fetch = cut.n_tiles ? size / cut.n_tiles / VL * VL : 0;
            if (n == TILE_VECS)
                conv_part_tiles(&part, cut, block, first, rest, fetch);
            else
                conv_part_tiles(&part, cut, block, one, one, fetch);
            w += size;
        }
    }
}

static void k_conv_rows(const fdml_conv_rows *job)
{
    const int is_few = job->n_rows <= CONV_FEW_TILES * TILE_PIXELS;
    conv_all(job, VL, conv_far, is_few ? conv_next : conv_near, conv_one);
}

static void k_conv_planes(const fdml_conv_rows *job)
{
    conv_all(job, 1, conv_planes, conv_planes, conv_planes_one);
}
