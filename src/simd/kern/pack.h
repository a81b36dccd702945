/* pack.h - rows as panels: dimension outermost, so that gemm reads straight ahead.
 *
 * Sixteen rows by sixteen dimensions are transposed in registers. Shifting and scaling happen
 * here, once per element, so centred or unit rows never exist as a copy in memory.
 * SPDX-License-Identifier: MIT */

static const float *row_of(const fdml_rows *rows, size_t i, size_t *id)
{
    *id = rows->index ? rows->index[i] : rows->first + i;
    return rows->x + *id * rows->stride;
}

/* block[d] lane i = element d0 + d of row i0 + i, transformed; absent rows and dimensions 0.
 * n_rows, n_dims <= 16. */
static void load_block(vf block[VL], const fdml_rows *rows, size_t i0, size_t n_rows, size_t d0,
                       size_t n_dims)
{
    for (size_t i = 0; i < VL; i++) {
        if (i >= n_rows) {
            block[i] = vf_zero();
            continue;
        }
        size_t id;
        const float *x = row_of(rows, i0 + i, &id) + d0;
        if (i0 + i + VL < rows->n) { /* rows lie apart: the next block's are asked for early */
            size_t next;
            vec_prefetch(row_of(rows, i0 + i + VL, &next) + d0);
        }
        vf v = n_dims == VL ? vf_load(x) : vf_load_n(x, n_dims, 0);
        if (rows->shift)
            v = vf_sub(v, n_dims == VL ? vf_load(rows->shift + d0)
                                       : vf_load_n(rows->shift + d0, n_dims, 0));
        if (rows->scale) v = vf_mul(v, vf_set1(rows->scale[id]));
        block[i] = v;
    }
    vf_transpose(block);
}

/* Rows i0.. (at most 16 of them, the last lanes of the panel 0) into lanes lane0.. of a panel.
 */
static void pack_lanes(float *panel, size_t width, const fdml_rows *rows, size_t i0,
                       size_t n_rows, size_t n_lanes, size_t dim)
{
    for (size_t d0 = 0; d0 < dim; d0 += VL) {
        const size_t n_dims = dim - d0 < VL ? dim - d0 : VL;
        vf block[VL];
        load_block(block, rows, i0, n_rows, d0, n_dims);
        for (size_t d = 0; d < n_dims; d++) {
            float *to = panel + (d0 + d) * width;
            if (n_lanes == VL)
                vf_store(to, block[d]);
            else
                vf_store_n(to, n_lanes, block[d]);
        }
    }
}

static void pack(float *panels, size_t width, const fdml_rows *rows, size_t dim)
{
    for (size_t i0 = 0; i0 < rows->n; i0 += width, panels += width * dim)
        for (size_t lane0 = 0; lane0 < width; lane0 += VL) {
            const size_t n_lanes = width - lane0 < VL ? width - lane0 : VL;
            const size_t at = i0 + lane0;
            const size_t left = rows->n > at ? rows->n - at : 0;
            pack_lanes(panels + lane0, width, rows, at, left < n_lanes ? left : n_lanes,
                       n_lanes, dim);
        }
}

static void k_pack_a(float *panels, const fdml_rows *rows, size_t dim)
{
    pack(panels, TILE_ROWS, rows, dim);
}

static void k_pack_b(float *panels, const fdml_rows *rows, size_t dim)
{
    pack(panels, TILE_VECS * VL, rows, dim);
}
