/* gemm.h - C = A B^T over packed panels, in register tiles.
 *
 * Vectorised over columns of C: every output is one chain of fused multiply-adds in order of
 * k, so the tile's shape cannot show in the result. The chain is cut at K_BLOCK only in time:
 * the next block starts from the stored partial sum.
 * SPDX-License-Identifier: MIT */

/* A B panel of K_BLOCK x 32 floats is 32 KiB and stays in a 48 KiB L1 with the A panel that
 * passes by (12 KiB); on 32 KiB machines the tile has 16 columns. */
enum {
    K_BLOCK = 256,
    ROW_BLOCK = 8 * TILE_ROWS,
    B_FLOATS = 1 << 18,
    TILE_COLS = TILE_VECS * VL
};

VEC void tile_load(vf acc[TILE_ROWS][TILE_VECS], const float *c, size_t stride)
{
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS; v++)
            acc[i][v] = vf_load(c + (size_t)i * stride + v * VL);
}

VEC void tile_store(float *c, size_t stride, vf acc[TILE_ROWS][TILE_VECS])
{
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS; v++)
            vf_store(c + (size_t)i * stride + v * VL, acc[i][v]);
}

/* acc += a-panel times b-panel over k steps: all that a gemm's time is. */
VEC void tile_multiply(vf acc[TILE_ROWS][TILE_VECS], const float *a, const float *b, size_t k)
{
    for (size_t d = 0; d < k; d++, a += TILE_ROWS, b += TILE_COLS) {
        vf column[TILE_VECS];
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS; v++) column[v] = vf_load(b + v * VL);
#pragma GCC unroll 16
        for (int i = 0; i < TILE_ROWS; i++) {
            const vf row = vf_set1(a[i]);
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS; v++) acc[i][v] = vf_fma(row, column[v], acc[i][v]);
        }
    }
}

static void tile_zero(vf acc[TILE_ROWS][TILE_VECS])
{
#pragma GCC unroll 16
    for (int i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 2
        for (int v = 0; v < TILE_VECS; v++) acc[i][v] = vf_zero();
}

/* A whole tile: TILE_ROWS x TILE_COLS of C exist. */
static void tile_full(float *c, size_t stride, const float *a, const float *b, size_t k,
                      int continues)
{
    vf acc[TILE_ROWS][TILE_VECS];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int v = 0; v < TILE_VECS; v++) vec_prefetch(c + (size_t)i * stride + v * VL);
    if (continues)
        tile_load(acc, c, stride);
    else
        tile_zero(acc);
    tile_multiply(acc, a, b, k);
    tile_store(c, stride, acc);
}

/* A tile at the rim of C, by way of a whole one. */
static void tile_rim(float *c, size_t stride, const float *a, const float *b, size_t k,
                     int continues, size_t m, size_t n)
{
    float whole[TILE_ROWS * TILE_COLS] = { 0 };
    if (continues)
        for (size_t i = 0; i < m; i++)
            memcpy(whole + i * TILE_COLS, c + i * stride, n * sizeof *c);
    tile_full(whole, TILE_COLS, a, b, k, continues);
    for (size_t i = 0; i < m; i++) memcpy(c + i * stride, whole + i * TILE_COLS, n * sizeof *c);
}

/* A block of C and the panels that make it; panels are k long. */
typedef struct gemm_place {
    float *c;
    size_t c_stride;
    const float *a, *b;
    size_t k;
} gemm_place;

/* One block of rows of C, `depth` steps of k from d on: the panel of B stays in L1 while the
 * rows' panels of A (at most ROW_BLOCK x K_BLOCK floats, 96 KiB) come from L2. */
static void gemm_block(const gemm_place *at, size_t m, size_t n, size_t d, int continues)
{
    const size_t k = at->k, depth = k - d < K_BLOCK ? k - d : K_BLOCK, stride = at->c_stride;
    for (size_t j = 0; j < n; j += TILE_COLS) {
        const float *b = at->b + j * k + d * TILE_COLS;
        for (size_t i = 0; i < m; i += TILE_ROWS) {
            const float *a = at->a + i * k + d * TILE_ROWS;
            float *c = at->c + i * stride + j;
            if (m - i >= TILE_ROWS && n - j >= TILE_COLS)
                tile_full(c, stride, a, b, depth, continues);
            else
                tile_rim(c, stride, a, b, depth, continues,
                         m - i < TILE_ROWS ? m - i : TILE_ROWS,
                         n - j < TILE_COLS ? n - j : TILE_COLS);
        }
    }
}

/* Columns of C whose B panels, all of k, fill B_FLOATS: half of a 2 MiB L2. Inside, a block of
 * rows runs through all of k while its part of C stays in L2, so C meets memory once. */
static size_t column_block(size_t k)
{
    const size_t panels = B_FLOATS / (k * TILE_COLS);
    return (panels ? panels : 1) * TILE_COLS;
}

static void k_gemm(float *c, size_t c_stride, const float *a, const float *b, size_t m,
                   size_t n, size_t k, int continues)
{
    if (!k && !continues)
        for (size_t i = 0; i < m; i++) memset(c + i * c_stride, 0, n * sizeof *c);
    if (!k) return;
    const size_t n_block = column_block(k);
    for (size_t j = 0; j < n; j += n_block)
        for (size_t i = 0; i < m; i += ROW_BLOCK) {
            const gemm_place at = { c + i * c_stride + j, c_stride, a + i * k, b + j * k, k };
            for (size_t d = 0; d < k; d += K_BLOCK)
                gemm_block(&at, m - i < ROW_BLOCK ? m - i : ROW_BLOCK,
                           n - j < n_block ? n - j : n_block, d, continues || d > 0);
        }
}

static void k_fma_peak(float *sink, size_t n)
{
    vf acc[TILE_ROWS][TILE_VECS];
    const vf x = vf_load(sink);
    for (int i = 0; i < TILE_ROWS; i++) /* all different, or the compiler keeps only one */
        for (int v = 0; v < TILE_VECS; v++) acc[i][v] = vf_set1((float)(i * TILE_VECS + v));
    for (size_t d = 0; d < n; d++)
#pragma GCC unroll 16
        for (int i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 2
            for (int v = 0; v < TILE_VECS; v++) acc[i][v] = vf_fma(x, x, acc[i][v]);
    vf sum = vf_zero();
    for (int i = 0; i < TILE_ROWS; i++)
        for (int v = 0; v < TILE_VECS; v++) sum = vf_add(sum, acc[i][v]);
    vf_store(sink, sum);
}
