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
enum { GAPS = FDML_FIDELITIES * FDML_FIDELITY_GAPS };

static fdml_status sort_seed(fdml_fidelity_table *table, const fdml_fidelity_rows *rows,
                             size_t s, fdml_arena *arena, fdml_error *err)
{
    const size_t n = rows->n;
    const double *p = rows->p + s * n, *e = rows->e + s * n;
    uint32_t *row = fdml_arena_push(arena, n, sizeof *row);
    uint8_t *label = fdml_arena_push(arena, n, 1), *is_right = fdml_arena_push(arena, n, 1);
    uint8_t *ties = fdml_arena_push_zero(arena, n, 1);
    double *residual = fdml_arena_push(arena, n, sizeof *residual);
    if (!row || !label || !is_right || !ties || !residual)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to sort %zu rows", n);
    FDML_TRY(fdml_order_scores(row, e, n, arena, err));
    for (size_t i = 0; i < n; i++) {
        const uint32_t r = row[i];
        label[i] = p[r] >= .5;
        is_right[i] = (e[r] >= .5) == (p[r] >= .5);
        residual[i] = p[r] - e[r];
        ties[i] = i + 1 < n && e[row[i + 1]] == e[r];
    }
    *table = (fdml_fidelity_table){ n, row, label, is_right, ties, residual };
    return FDML_OK;
}

fdml_status fdml_fidelity_sort(fdml_fidelity_tables *tables, const fdml_fidelity_rows *rows,
                               fdml_arena *arena, fdml_error *err)
{
    fdml_fidelity_table *table = fdml_arena_push(arena, rows->n_seeds, sizeof *table);
    if (!table) return fdml_fail(err, FDML_E_NOMEM, "no memory to sort %zu rows", rows->n);
    for (size_t s = 0; s < rows->n_seeds; s++)
        FDML_TRY(sort_seed(&table[s], rows, s, arena, err));
    *tables =
        (fdml_fidelity_tables){ table, rows->n_seeds, rows->n_groups, rows->min_group, 1 };
    return FDML_OK;
}

double fdml_fidelity_sort_memory(size_t n, size_t n_seeds)
{
    const double rows = (double)n;
    return fdml_arena_room((double)n_seeds, sizeof(fdml_fidelity_table)) +
           (double)n_seeds *
               (fdml_arena_room(rows, sizeof(uint32_t)) + 3 * fdml_arena_room(rows, 1) +
                fdml_arena_room(rows, sizeof(double))) +
           fdml_order_scores_memory(n);
}

/* --- one seed ----------------------------------------------------------------------------- */

/* A pass over the rows: sums [n_sides, n_groups + 1, SUMS], the last those of all rows. */
typedef struct pass {
    const fdml_fidelity_table *t;
    const fdml_fidelity_draw *draw;
    double *sums;
    size_t n_groups;
} pass;

/* Where row i counts: in its group and in all rows of its side. */
typedef struct place {
    double *own, *all;
    double times;
} place;

static place place_of(const pass *p, size_t i)
{
    const uint32_t row = p->t->row[i], code = p->draw->code[row];
    const size_t n_groups = p->n_groups, side = code >= n_groups;
    return (place){ p->sums + (code + side) * SUMS,
                    p->sums + (side * (n_groups + 1) + n_groups) * SUMS,
                    p->draw->times ? p->draw->times[row] : 1 };
}

static void count_row(double *sum, const fdml_fidelity_table *t, size_t i, double times)
{
    sum[N_ROWS] += times;
    sum[N_RIGHT] += times * t->is_right[i];
    sum[RESIDUAL] += times * t->residual[i];
    sum[t->label[i] ? N_ONES : N_ZEROS] += times;
}

/* Row i has a score of its own. */
static void rank_alone(const pass *p, size_t i)
{
    const place x = place_of(p, i);
    const double one = x.times * p->t->label[i], zero = x.times - one;
    x.own[WON] += one * x.own[BELOW];
    x.all[WON] += one * x.all[BELOW];
    x.own[BELOW] += zero;
    x.all[BELOW] += zero;
}

/* Rows first .. last of equal scores. */
static void rank_ties(const pass *p, size_t first, size_t last)
{
    for (int turn = 0; turn < 3; turn++) /* half the zeros, the ones, half the zeros */
        for (size_t i = first; i <= last; i++) {
            if (p->t->label[i] != (turn == 1)) continue;
            const place x = place_of(p, i);
            if (turn == 1) {
                x.own[WON] += x.times * x.own[BELOW];
                x.all[WON] += x.times * x.all[BELOW];
            } else {
                x.own[BELOW] += x.times / 2;
                x.all[BELOW] += x.times / 2;
            }
        }
}

static void put_values(double *value, const double *sum, double least)
{
    const bool has_rows = sum[N_ROWS] > 0 && sum[N_ROWS] >= least;
    const bool has_both = has_rows && sum[N_ONES] > 0 && sum[N_ZEROS] > 0;
    value[FDML_FIDELITY_ACCURACY] = has_rows ? sum[N_RIGHT] / sum[N_ROWS] : NAN;
    value[FDML_FIDELITY_RESIDUAL] = has_rows ? sum[RESIDUAL] / sum[N_ROWS] : NAN;
    value[FDML_FIDELITY_AUROC] = has_both ? sum[WON] / (sum[N_ONES] * sum[N_ZEROS]) : NAN;
}

void fdml_fidelity_values(double *value, const fdml_fidelity_tables *tables, size_t s,
                          const fdml_fidelity_draw *draw, double *scratch)
{
    const fdml_fidelity_table *t = &tables->table[s];
    const size_t n_groups = tables->n_groups, n_sums = tables->n_sides * (n_groups + 1);
    const pass p = { t, draw, scratch, n_groups };
    memset(scratch, 0, n_sums * SUMS * sizeof *scratch);
    for (size_t i = 0, first = 0; i < t->n; i++) {
        const place x = place_of(&p, i);
        count_row(x.own, t, i, x.times);
        count_row(x.all, t, i, x.times);
        if (t->ties_next[i]) continue;
        if (first == i)
            rank_alone(&p, i);
        else
            rank_ties(&p, first, i);
        first = i + 1;
    }
    for (size_t g = 0; g < n_sums; g++)
        put_values(value + g * FDML_FIDELITIES, scratch + g * SUMS,
                   g % (n_groups + 1) < n_groups ? (double)tables->min_group : 0);
}

/* --- gaps ------------------------------------------------------------------------------- */

double fdml_fidelity_behind(const double *value, size_t n_groups, size_t group, size_t measure)
{
    const double own = value[group * FDML_FIDELITIES + measure];
    const double all = value[n_groups * FDML_FIDELITIES + measure];
    return measure == FDML_FIDELITY_RESIDUAL ? own - all : all - own;
}

double fdml_fidelity_difference_mean(const double *value, size_t n_groups, size_t measure)
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

/* Adds what is no NaN, and counts it in n. */
static void add_known(double *sum, double *n, double value)
{
    if (isnan(value)) return;
    *sum += value;
    ++*n;
}

/* Of one side: the mean gap has been summed over n[measure] seeds. */
static void finish_gaps(double *gap, const double *n, const double *value, size_t n_groups)
{
    for (size_t m = 0; m < FDML_FIDELITIES; m++, gap += FDML_FIDELITY_GAPS) {
        gap[FDML_GAP_MEAN] = n[m] > 0 ? gap[FDML_GAP_MEAN] / n[m] : NAN;
        gap[FDML_GAP_MAX] = NAN;
        for (size_t g = 0; g < n_groups; g++)
            gap[FDML_GAP_MAX] =
                fmax(gap[FDML_GAP_MAX], fdml_fidelity_behind(value, n_groups, g, m));
    }
}

void fdml_fidelity_means(double *value, double *gap, const fdml_fidelity_tables *tables,
                         const fdml_fidelity_draw *draw, double *scratch)
{
    const size_t n_groups = tables->n_groups, n_sides = tables->n_sides;
    const size_t n_of_side = (n_groups + 1) * FDML_FIDELITIES, n_values = n_sides * n_of_side;
    double *own = scratch + n_sides * (n_groups + 1) * SUMS, *n = own + n_values;
    double n_gaps[2][FDML_FIDELITIES] = { { 0 } };
    memset(value, 0, n_values * sizeof *value);
    memset(n, 0, n_values * sizeof *n);
    memset(gap, 0, n_sides * GAPS * sizeof *gap);
    for (size_t s = 0; s < tables->n_seeds; s++) {
        fdml_fidelity_values(own, tables, s, draw, scratch);
        for (size_t i = 0; i < n_values; i++) add_known(&value[i], &n[i], own[i]);
        for (size_t i = 0; i < n_sides * FDML_FIDELITIES; i++) {
            const size_t side = i / FDML_FIDELITIES, m = i % FDML_FIDELITIES;
            add_known(&gap[i * FDML_FIDELITY_GAPS + FDML_GAP_MEAN], &n_gaps[side][m],
                      fdml_fidelity_difference_mean(own + side * n_of_side, n_groups, m));
        }
    }
    for (size_t i = 0; i < n_values; i++) value[i] = n[i] > 0 ? value[i] / n[i] : NAN;
    for (size_t side = 0; side < n_sides; side++)
        finish_gaps(gap + side * GAPS, n_gaps[side], value + side * n_of_side, n_groups);
}
