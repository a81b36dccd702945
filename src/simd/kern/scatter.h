/* scatter.h - sums by code, sixteen at once.
 *
 * SPDX-License-Identifier: MIT */

/* A row adds to a cell of each column, so no addition waits for the one before unless a column
 * repeats its cell in the next row. Losses are mostly 0, and rows of nothing else cost a
 * comparison. */
static void k_sum_by_cell(float *sums, const float *values, const uint32_t *row, size_t n_rows,
                          const uint16_t *cell, size_t stride, size_t n_columns)
{
    for (size_t i = 0; i < n_rows; i++) {
        const size_t r = row ? row[i] : i;
        const vf value = vf_load(values + r * VL);
        if (vm_bits(vf_eq(value, vf_zero())) == 0xffffu) continue;
        const uint16_t *c = cell + r * stride;
        for (size_t j = 0; j < n_columns; j++) {
            float *sum = sums + (size_t)c[j] * VL;
            vf_store(sum, vf_add(vf_load(sum), value));
        }
    }
}
