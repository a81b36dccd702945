/* fidelity_sums.c - fidelity of every group in one pass over rows. See fidelity.h.
 *
 * AUROC is no function of sums over rows, so resampling passes over sorted rows with how often
 * each counts: a row of label 1 wins against the rows of label 0 before it. Of equal scores
 * half of the zeros are entered before the ones and half after them, so that ties count half.
 * All counts are halves of whole numbers, exact in a double.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "explain/crossval.h"
#include "explain/fidelity.h"

enum { N_ROWS, N_RIGHT, RESIDUAL, N_ONES, N_ZEROS, BELOW, WON, SUMS = 8 };

fdml_status fdml_fidelity_sort(fdml_fidelity_table *table, const fdml_fidelity_rows *rows,
                               fdml_arena *arena, fdml_error *err)
{
    const size_t n = rows->n;
    uint32_t *row = fdml_arena_push(arena, n, sizeof *row);
    uint8_t *label = fdml_arena_push(arena, n, 1), *is_right = fdml_arena_push(arena, n, 1);
    uint8_t *ties = fdml_arena_push_zero(arena, n, 1);
    double *residual = fdml_arena_push(arena, n, sizeof *residual);
    if (!row || !label || !is_right || !ties || !residual)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to sort %zu rows", n);
    FDML_TRY(fdml_order_scores(row, rows->e, n, arena, err));
    for (size_t i = 0; i < n; i++) {
        const double p = rows->p[row[i]], e = rows->e[row[i]];
        label[i] = p >= .5;
        is_right[i] = (e >= .5) == (p >= .5);
        residual[i] = p - e;
        ties[i] = i + 1 < n && rows->e[row[i + 1]] == e;
    }
    *table = (fdml_fidelity_table){ n, rows->n_groups, row, label, is_right, ties, residual };
    return FDML_OK;
}

static void count_row(double *sum, const fdml_fidelity_table *t, size_t i, double times)
{
    sum[N_ROWS] += times;
    sum[N_RIGHT] += times * t->is_right[i];
    sum[RESIDUAL] += times * t->residual[i];
    sum[t->label[i] ? N_ONES : N_ZEROS] += times;
}

/* Rows first .. last of equal scores. */
static void rank_ties(double *sums, const fdml_fidelity_table *t, const uint32_t *code,
                      const uint32_t *times, size_t first, size_t last)
{
    double *all = sums + t->n_groups * SUMS;
    for (int pass = 0; pass < 3; pass++) /* half the zeros, the ones, half the zeros */
        for (size_t i = first; i <= last; i++) {
            if (t->label[i] != (pass == 1)) continue;
            double *own = sums + code[t->row[i]] * SUMS;
            const double n = times ? times[t->row[i]] : 1;
            if (pass == 1) {
                own[WON] += n * own[BELOW];
                all[WON] += n * all[BELOW];
            } else {
                own[BELOW] += n / 2;
                all[BELOW] += n / 2;
            }
        }
}

static void put_values(double *value, const double *sum)
{
    const bool has_rows = sum[N_ROWS] > 0, has_both = sum[N_ONES] > 0 && sum[N_ZEROS] > 0;
    value[FDML_FIDELITY_ACCURACY] = has_rows ? sum[N_RIGHT] / sum[N_ROWS] : NAN;
    value[FDML_FIDELITY_RESIDUAL] = has_rows ? sum[RESIDUAL] / sum[N_ROWS] : NAN;
    value[FDML_FIDELITY_AUROC] = has_both ? sum[WON] / (sum[N_ONES] * sum[N_ZEROS]) : NAN;
}

void fdml_fidelity_values(double *value, const fdml_fidelity_table *table, const uint32_t *code,
                          const uint32_t *times, double *scratch)
{
    const fdml_fidelity_table *t = table;
    memset(scratch, 0, (t->n_groups + 1) * SUMS * sizeof *scratch);
    for (size_t i = 0, first = 0; i < t->n; i++) {
        const double n = times ? times[t->row[i]] : 1;
        count_row(scratch + code[t->row[i]] * SUMS, t, i, n);
        count_row(scratch + t->n_groups * SUMS, t, i, n);
        if (t->ties_next[i]) continue;
        rank_ties(scratch, t, code, times, first, i);
        first = i + 1;
    }
    for (size_t g = 0; g <= t->n_groups; g++)
        put_values(value + g * FDML_FIDELITIES, scratch + g * SUMS);
}

/* --- gaps ------------------------------------------------------------------------------- */

double fdml_fidelity_behind(const double *value, size_t n_groups, size_t group, size_t measure)
{
    const double own = value[group * FDML_FIDELITIES + measure];
    const double all = value[n_groups * FDML_FIDELITIES + measure];
    return measure == FDML_FIDELITY_RESIDUAL ? own - all : all - own;
}

static double mean_difference(const double *value, size_t n_groups, size_t measure)
{
    double sum = 0, n = 0;
    for (size_t a = 0; a < n_groups; a++)
        for (size_t b = a + 1; b < n_groups; b++) {
            const double d =
                value[a * FDML_FIDELITIES + measure] - value[b * FDML_FIDELITIES + measure];
            if (isnan(d)) continue;
            sum += fabs(d);
            n++;
        }
    return n > 0 ? sum / n : NAN;
}

void fdml_fidelity_gaps(double *gap, const double *value, size_t n_groups)
{
    for (size_t m = 0; m < FDML_FIDELITIES; m++, gap += FDML_FIDELITY_GAPS) {
        gap[FDML_GAP_MAX] = NAN;
        for (size_t g = 0; g < n_groups; g++)
            gap[FDML_GAP_MAX] =
                fmax(gap[FDML_GAP_MAX], fdml_fidelity_behind(value, n_groups, g, m));
        gap[FDML_GAP_MEAN] = mean_difference(value, n_groups, m);
    }
}
