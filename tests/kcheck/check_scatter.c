/* check_scatter.c - sums by code: every cell against its rows' sum in double. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "kcheck.h"

enum { LANES = 16, CELLS = 5 }; /* cells of each column */

/* Of each column its own. */
static uint16_t *random_cells(kcheck *t, size_t n_rows, size_t stride, size_t n_columns)
{
    uint16_t *cell = kc_words(t, (n_rows * stride + 1) / 2);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_columns; j++)
            cell[i * stride + j] = (uint16_t)(j * CELLS + kc_below(t, CELLS));
    return cell;
}

/* Each sum: what was there, then the rows of its cell. */
static bool is_near(kcheck *t, const float *start, const float *got, const float *values,
                    const uint32_t *row, size_t n_rows, const uint16_t *cell, size_t stride,
                    size_t n_cells)
{
    for (size_t e = 0; e < n_cells * LANES; e++) {
        const size_t c = e / LANES, column = c / CELLS;
        kc_sum y = { (double)start[e], fabs((double)start[e]), 0 };
        for (size_t i = 0; i < n_rows; i++) {
            const size_t r = row ? row[i] : i;
            if (cell[r * stride + column] == c)
                y = kc_add(y, (double)values[r * LANES + e % LANES]);
        }
        if (!kc_near_sum(t, "sum", e, got[e], y)) return false;
    }
    return true;
}

static void cell_case(kcheck *t, size_t n_rows, size_t n_columns)
{
    const size_t stride = n_columns + kc_below(t, 3), n_cells = n_columns * CELLS;
    const bool is_listed = kc_below(t, 2);
    kc_case(t, "n_rows=%zu n_columns=%zu%s", n_rows, n_columns, is_listed ? " listed" : "");
    const size_t n_values = n_rows + kc_below(t, 9);
    float *values = kc_words(t, n_values * LANES), *sums[3];
    kc_fill_rows(t, values, n_values, LANES, LANES, KC_ALL);
    const uint16_t *cell = random_cells(t, n_values, stride, n_columns);
    uint32_t *row = is_listed ? kc_words(t, n_rows) : NULL;
    for (size_t i = 0; row && i < n_rows; i++) row[i] = kc_below(t, n_values);
    for (int v = 0; v < 3; v++) sums[v] = kc_words(t, n_cells * LANES);
    kc_fill(t, sums[0], n_cells * LANES, KC_FINITE);
    for (size_t e = 0; e < n_cells * LANES; e++) sums[1][e] = sums[2][e] = sums[0][e];
    t->ref->sum_by_cell(sums[1], values, row, n_rows, cell, stride, n_columns);
    t->k->sum_by_cell(sums[2], values, row, n_rows, cell, stride, n_columns);
    if (!kc_same(t, "sum", sums[1], sums[2], n_cells * LANES) || !kc_intact(t)) return;
    if (!is_near(t, sums[0], sums[2], values, row, n_rows, cell, stride, n_cells)) return;
    while (kc_bench(t, n_rows == 512 && n_columns == 16))
        t->k->sum_by_cell(sums[2], values, row, n_rows, cell, stride, n_columns);
}

void check_sum_by_cell(kcheck *t)
{
    static const size_t columns[] = { 0, 1, 3, 16 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns && !t->has_failed; c++)
            cell_case(t, kc_size(t, s), columns[c]);
}
