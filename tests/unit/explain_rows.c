/* explain_rows.c - the rows of explain_case.h, drawn as make_explain_case.py draws them.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "explain_case.h"

static explain_rows rows;
static uint64_t state;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(state >> 40) / 0x1p24;
}

static void gam_row(float *x, uint8_t *label)
{
    const double u = 4 * uniform() - 2, v = uniform();
    const double count = floor(8 * v * v), flag = uniform() < .3, three = floor(3 * uniform());
    const double score = u * u - .25 * count + flag - .5 * three + 4 * (uniform() - .5);
    const double all[EXPLAIN_GAM_DIM] = { u, count, flag, 1, three };
    for (int d = 0; d < EXPLAIN_GAM_DIM; d++) x[d] = (float)all[d];
    *label = score > 0;
}

static void tree_row(float *x, uint8_t *label)
{
    double all[EXPLAIN_TREE_DIM];
    for (int d = 0; d < 3; d++) all[d] = uniform();
    all[3] = floor(10 * uniform());
    all[4] = uniform() < .4;
    all[5] = 8 * uniform() - 4;
    const double score = all[0] - all[1] + .1 * all[3] * all[4] - .0625 * all[5] * all[5];
    for (int d = 0; d < EXPLAIN_TREE_DIM; d++) x[d] = (float)all[d];
    *label = score + uniform() - .5 > 0;
}

static void binary_row(float *x, uint8_t *label)
{
    x[0] = uniform() < .5;
    x[1] = uniform() < .3;
    x[2] = uniform() < .6;
    *label = (double)x[0] - (double)x[1] + .5 * (double)x[2] + 2 * (uniform() - .5) > .25;
}

const explain_rows *explain_case_rows(void)
{
    state = 1;
    for (size_t i = 0; i < EXPLAIN_GAM_ROWS; i++)
        gam_row(rows.gam + i * EXPLAIN_GAM_DIM, rows.gam_label + i);
    for (size_t i = 0; i < EXPLAIN_TREE_ROWS; i++)
        tree_row(rows.tree + i * EXPLAIN_TREE_DIM, rows.tree_label + i);
    for (size_t i = 0; i < EXPLAIN_BINARY_ROWS; i++)
        binary_row(rows.binary + i * EXPLAIN_BINARY_DIM, rows.binary_label + i);
    return &rows;
}
