/* tile.h - kernels over a tile of scores that gemm has just left in cache.
 * SPDX-License-Identifier: MIT */

/* c = f(alpha c + (row_bias[i] + col_bias[j])) over the tile; f is an expression in v. */
#define MAP_TILE(tile, alpha, row_bias, col_bias, f)                                           \
    do {                                                                                       \
        const vf alpha_ = vf_set1(alpha), zero = vf_zero();                                    \
        for (size_t i = 0; i < (tile)->n_rows; i++) {                                          \
            float *row_ = (tile)->c + i * (tile)->stride;                                      \
            const vf bias_ = vf_set1((row_bias)[i]);                                           \
            for (size_t j = 0; j < (tile)->n_cols; j += VL) {                                  \
                const size_t n_ = (tile)->n_cols - j;                                          \
                if (n_ >= VL) {                                                                \
                    const vf b_ = vf_add(bias_, vf_load((col_bias) + j));                      \
                    const vf v = vf_fma(alpha_, vf_load(row_ + j), b_);                        \
                    vf_store(row_ + j, f);                                                     \
                } else {                                                                       \
                    const vf b_ = vf_add(bias_, vf_load_n((col_bias) + j, n_, 0));             \
                    const vf v = vf_fma(alpha_, vf_load_n(row_ + j, n_, 0), b_);               \
                    vf_store_n(row_ + j, n_, f);                                               \
                }                                                                              \
            }                                                                                  \
        }                                                                                      \
    } while (0)

static void k_negate_sqdist(const fdml_tile *tile, const float *row_norm2,
                            const float *col_norm2)
{
    MAP_TILE(tile, -2, row_norm2, col_norm2, vf_sub(zero, vf_max(v, zero)));
}

static void k_potential(const fdml_tile *tile, float alpha, const float *row_bias,
                        const float *col_bias)
{
    const vf minus2 = vf_set1(-2);
    MAP_TILE(tile, alpha, row_bias, col_bias, vf_exp(vf_mul(minus2, vf_max(v, zero))));
}

static void k_distance(const fdml_tile *tile, float alpha, const float *row_bias,
                       const float *col_bias)
{
    MAP_TILE(tile, alpha, row_bias, col_bias, vf_sqrt(vf_max(v, zero)));
}

static void k_scan_above(fdml_hit *hits, size_t *n_hits, const fdml_tile *tile,
                         const float *row_floor, const float *col_floor)
{
    fdml_hit *next = hits;
    for (size_t i = 0; i < tile->n_rows; i++) {
        const float *row = tile->c + i * tile->stride;
        const vf floor_i = vf_set1(row_floor[i]);
        for (size_t j = 0; j < tile->n_cols; j += VL) {
            const size_t n = tile->n_cols - j;
            vm above;
            if (n >= VL)
                above = vf_le(vf_min(floor_i, vf_load(col_floor + j)), vf_load(row + j));
            else
                above = vm_and(vf_le(vf_min(floor_i, vf_load_n(col_floor + j, n, 0)),
                                     vf_load_n(row + j, n, 0)),
                               vm_first(n));
            if (!vm_any(above)) continue;
            for (unsigned bits = vm_bits(above); bits; bits &= bits - 1) {
                const size_t col = j + (size_t)__builtin_ctz(bits);
                *next++ = (fdml_hit){ (uint16_t)i, (uint16_t)col, row[col] };
            }
        }
    }
    *n_hits = (size_t)(next - hits);
}

/* Sums of one row over the columns of its own code. */
static float group_row_sum(const float *row, size_t n, const uint32_t *col_code, uint32_t code)
{
    vf sum = vf_zero();
    const vu own = vu_set1(code);
    size_t j = 0;
    for (; j + VL <= n; j += VL)
        sum = col_code ? vf_add_where(vu_eq(vu_load(col_code + j), own), sum, vf_load(row + j))
                       : vf_add(sum, vf_load(row + j));
    if (j < n) {
        const vf v = vf_load_n(row + j, n - j, 0);
        vm mine = vm_first(n - j);
        if (col_code) mine = vm_and(mine, vu_eq(vu_load_n(col_code + j, n - j), own));
        sum = vf_add_where(mine, sum, v);
    }
    return vf_sum(sum);
}

/* Sums of sixteen neighbouring columns down the tile. n <= 16 columns exist. */
static void group_col_sums(float *col_sum, const fdml_tile *tile, size_t j, size_t n,
                           const uint32_t *row_code, const uint32_t *col_code)
{
    const float *c = tile->c + j;
    vf sum = vf_load_n(col_sum + j, n, 0);
    const vu own = col_code ? vu_load_n(col_code + j, n) : vu_zero();
    for (size_t i = 0; i < tile->n_rows; i++, c += tile->stride) {
        const vf v = n == VL ? vf_load(c) : vf_load_n(c, n, 0);
        sum =
            row_code ? vf_add_where(vu_eq(vu_set1(row_code[i]), own), sum, v) : vf_add(sum, v);
    }
    vf_store_n(col_sum + j, n, sum);
}

static void k_group_sums(float *row_sum, float *col_sum, const fdml_tile *tile,
                         const uint32_t *row_code, const uint32_t *col_code)
{
    if (row_sum)
        for (size_t i = 0; i < tile->n_rows; i++)
            row_sum[i] += group_row_sum(tile->c + i * tile->stride, tile->n_cols, col_code,
                                        row_code ? row_code[i] : 0);
    if (col_sum)
        for (size_t j = 0; j < tile->n_cols; j += VL) {
            const size_t n = tile->n_cols - j < VL ? tile->n_cols - j : VL;
            group_col_sums(col_sum, tile, j, n, row_code, col_code);
        }
}

/* Lane-wise best of one row, then the best lane: larger value, or equal with smaller id. */
static void k_argmax_rows(float *best, uint32_t *best_id, const fdml_tile *tile,
                          const float *col_bias, const uint32_t *col_id)
{
    for (size_t i = 0; i < tile->n_rows; i++) {
        const float *row = tile->c + i * tile->stride;
        vf top = vf_set1(-INFINITY);
        vu top_id = vu_set1(0xffffffffu);
        size_t j = 0;
        for (; j + VL <= tile->n_cols; j += VL) {
            const vf v = vf_add(vf_load(row + j), vf_load(col_bias + j));
            const vm better = vf_lt(top, v); /* ids ascend, so the first of equals stays */
            top = vf_select(better, v, top);
            top_id = vu_select(better, vu_load(col_id + j), top_id);
        }
        float value[VL];
        uint32_t id[VL];
        vf_store(value, top);
        vu_store(id, top_id);
        for (size_t l = 0; l < VL; l++)
            if (value[l] > best[i] || (value[l] == best[i] && id[l] < best_id[i]))
                best[i] = value[l], best_id[i] = id[l];
        for (; j < tile->n_cols; j++) {
            const float v = row[j] + col_bias[j];
            if (v > best[i] || (v == best[i] && col_id[j] < best_id[i]))
                best[i] = v, best_id[i] = col_id[j];
        }
    }
}
