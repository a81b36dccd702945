/* count.h - ranks without lists: how many scores of a tile lie above each floor.
 *
 * A query's floors are the scores of its relevant rows. If the largest score of the tile's
 * row (or column) is below the lowest floor, nothing counts and the tile is left after one
 * maximum per vector; with a good embedding that is the usual case.
 * SPDX-License-Identifier: MIT */

static float row_largest(const float *row, size_t n)
{
    vf largest = vf_set1(-INFINITY);
    size_t j = 0;
    for (; j + VL <= n; j += VL) largest = vf_max(vf_load(row + j), largest);
    if (j < n) largest = vf_max(vf_load_n(row + j, n - j, -INFINITY), largest);
    float lane[VL], top = -INFINITY;
    vf_store(lane, largest);
    for (int i = 0; i < VL; i++)
        if (lane[i] > top) top = lane[i];
    return top;
}

/* Four floors at once, so that each score is loaded once for four comparisons. */
static void count_row4(uint32_t *count, const float *row, size_t n, const float *floors,
                       size_t n_floors)
{
    vf f[4];
    vu sum[4];
    for (size_t r = 0; r < 4; r++) {
        f[r] = vf_set1(r < n_floors ? floors[r] : INFINITY);
        sum[r] = vu_zero();
    }
    size_t j = 0;
    for (; j + VL <= n; j += VL) {
        const vf v = vf_load(row + j);
        for (int r = 0; r < 4; r++) sum[r] = vu_inc(sum[r], vf_lt(f[r], v));
    }
    if (j < n) {
        const vf v = vf_load_n(row + j, n - j, -INFINITY);
        for (int r = 0; r < 4; r++) sum[r] = vu_inc(sum[r], vf_lt(f[r], v));
    }
    for (size_t r = 0; r < n_floors; r++) count[r] += vu_sum(sum[r]);
}

static void k_count_rows(uint32_t *count, const fdml_tile *tile, const float *floors,
                         const uint32_t *begin, const uint32_t *end)
{
    for (size_t i = 0; i < tile->n_rows; i++) {
        if (begin[i] == end[i]) continue;
        const float *row = tile->c + i * tile->stride;
        const float largest = row_largest(row, tile->n_cols);
        for (uint32_t r = begin[i]; r < end[i] && floors[r] < largest; r += 4) {
            const uint32_t left = end[i] - r;
            count_row4(count + r, row, tile->n_cols, floors + r, left < 4 ? left : 4);
        }
    }
}

/* How many of n ascending floors are below x; n > 0. The branch-free halving search. */
static size_t floors_below(const float *floors, size_t n, float x)
{
    const float *base = floors;
    while (n > 1) {
        const size_t half = n / 2;
        base = base[half - 1] < x ? base + half : base;
        n -= half;
    }
    return (size_t)(base - floors) + (*base < x);
}

static void k_bump_rows(uint32_t *bump, const fdml_tile *tile, const float *floors,
                        const uint32_t *floor_id, const uint32_t *begin, const uint32_t *end,
                        const uint32_t *col_id)
{
    for (size_t i = 0; i < tile->n_rows; i++) {
        if (begin[i] == end[i]) continue;
        const float *row = tile->c + i * tile->stride, *mine = floors + begin[i];
        const uint32_t *id = floor_id + begin[i];
        const size_t n_floors = end[i] - begin[i];
        const vf lowest = vf_set1(mine[0]);
        for (size_t j = 0; j < tile->n_cols; j += VL) {
            const size_t n = tile->n_cols - j < VL ? tile->n_cols - j : VL;
            const vf v = n == VL ? vf_load(row + j) : vf_load_n(row + j, n, 0);
            const vm reaches = vm_and(vf_le(lowest, v), vm_first(n));
            for (unsigned bits = vm_bits(reaches); bits; bits &= bits - 1) {
                const size_t at = j + (size_t)__builtin_ctz(bits);
                size_t below = floors_below(mine, n_floors, row[at]);
                while (below < n_floors && mine[below] == row[at] && id[below] > col_id[at])
                    below++;
                if (below) bump[begin[i] + below - 1]++;
            }
        }
    }
}

/* Four depths of sixteen columns; n <= 16 columns exist, the floors of others are +inf. */
static void count_col4(uint32_t *count, const float *c, size_t stride, size_t n_rows, size_t n,
                       const float *floors, size_t n_floors)
{
    vf f[4];
    vu sum[4];
    for (size_t r = 0; r < 4; r++) {
        f[r] = r < n_floors ? vf_load(floors + r * VL) : vf_set1(INFINITY);
        sum[r] = r < n_floors ? vu_load(count + r * VL) : vu_zero();
    }
    for (size_t i = 0; i < n_rows; i++, c += stride) {
        const vf v = n == VL ? vf_load(c) : vf_load_n(c, n, -INFINITY);
        for (int r = 0; r < 4; r++) sum[r] = vu_inc(sum[r], vf_lt(f[r], v));
    }
    for (size_t r = 0; r < n_floors; r++) vu_store(count + r * VL, sum[r]);
}

static void k_count_cols(uint32_t *count, const fdml_tile *tile, const float *floors,
                         size_t depth)
{
    for (size_t j = 0; j < tile->n_cols; j += VL) {
        const size_t n = tile->n_cols - j < VL ? tile->n_cols - j : VL;
        const float *c = tile->c + j, *f = floors + j * depth;
        vf largest = vf_set1(-INFINITY);
        for (size_t i = 0; i < tile->n_rows; i++) {
            const float *at = c + i * tile->stride;
            largest = vf_max(n == VL ? vf_load(at) : vf_load_n(at, n, -INFINITY), largest);
        }
        for (size_t r = 0; r < depth && vm_any(vf_lt(vf_load(f + r * VL), largest)); r += 4)
            count_col4(count + (j / VL * depth + r) * VL, c, tile->stride, tile->n_rows, n,
                       f + r * VL, depth - r < 4 ? depth - r : 4);
    }
}

static void k_count_equal(uint32_t *count, const float *x, size_t n, float value)
{
    const vf wanted = vf_set1(value);
    vu sum = vu_zero();
    size_t i = 0;
    for (; i + VL <= n; i += VL) sum = vu_inc(sum, vf_eq(vf_load(x + i), wanted));
    if (i < n)
        sum = vu_inc(sum, vm_and(vm_first(n - i), vf_eq(vf_load_n(x + i, n - i, 0), wanted)));
    *count += vu_sum(sum);
}

static void k_pick_floors(float *out, const float *at, const float *below, const uint32_t *id,
                          size_t n, uint32_t high)
{
    const vu limit = vu_set1(high);
    size_t e = 0;
    for (; e + VL <= n; e += VL) {
        const vm after = vu_gt(vu_load(id + e), limit);
        vf_store(out + e, vf_select(after, vf_load(below + e), vf_load(at + e)));
    }
    if (e < n) {
        const vm after = vu_gt(vu_load_n(id + e, n - e), limit);
        const vf b = vf_load_n(below + e, n - e, 0), a = vf_load_n(at + e, n - e, 0);
        vf_store_n(out + e, n - e, vf_select(after, b, a));
    }
}
