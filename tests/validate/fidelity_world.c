/* fidelity_world.c - see fidelity_world.h.
 *
 * With v = 1 + noise^2, y ~ N(m, v) where m = centre + shift, and given y
 *
 *   z ~ N(centre + (y - m) / v, noise^2 / v),
 *
 * so the densities f1, f0 at y of rows with B = 1 and with B = 0 are closed forms. Summed over
 * y they give accuracy, the integral of f1 above 0 and of f0 below, and AUROC, that of f1 times
 * the zeros below y. All rows are the mixture of groups. Cells end at 0 and at the ends of
 * steps, so their middles are off by the square of their width: 1e-6 of accuracy where noise is
 * 1, 3e-5 where it is 0.03.
 *
 * SPDX-License-Identifier: MIT */
#include "fidelity_world.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

enum { SEED = 20260, STREAM_FIDELITY = 0x66 };
enum { M = FDML_FIDELITIES };

static double normal_below(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

static double said_at(const fidelity_law *l, double y)
{
    return normal_below(l->step > 0 ? (floor(y / l->step) + .5) * l->step : y);
}

/* --- drawing ---------------------------------------------------------------------------- */

/* A normal number with so much in common with `common`. */
static double draw_alike(const fidelity_law *l, double common, fdml_rng *rng)
{
    return l->alike * common + sqrt(1 - l->alike * l->alike) * fdml_rng_normal(rng);
}

/* Row i in all seeds; p, e: [n_seeds, n] of each side. */
static void draw_row(double *const p[], double *const e[], const fidelity_law *l, size_t n,
                     size_t i, size_t g, fdml_rng *rng)
{
    const double row = fdml_rng_normal(rng), noise = fdml_rng_normal(rng);
    for (size_t s = 0; s < l->n_seeds; s++) {
        const double z = l->centre[g] + draw_alike(l, row, rng);
        for (size_t side = 0; side < l->n_sides; side++) {
            const explanation_law *x = &l->side[side];
            const double y = z + x->shift[g] + l->drift * (double)s +
                             x->noise[g] * draw_alike(l, noise, rng);
            p[side][s * n + i] = normal_below(z);
            e[side][s * n + i] = said_at(l, y);
        }
    }
}

bool fidelity_world_open(fidelity_world *w, const fidelity_law *l, uint32_t number)
{
    double *p[MOST_SIDES], *e[MOST_SIDES];
    size_t n = 0;
    *w = (fidelity_world){ .law = l };
    fdml_arena_init(&w->arena, 0);
    for (size_t g = 0; g < l->n_groups; g++) n += l->size[g];
    uint32_t *code = fdml_arena_push(&w->arena, n, sizeof *code);
    if (!code) return false;
    for (size_t side = 0; side < l->n_sides; side++) {
        p[side] = fdml_arena_push(&w->arena, l->n_seeds * n, sizeof *p[side]);
        e[side] = fdml_arena_push(&w->arena, l->n_seeds * n, sizeof *e[side]);
        if (!p[side] || !e[side]) return false;
        w->side[side] = (fdml_fidelity_rows){ p[side],     e[side],    code,          n,
                                              l->n_groups, l->n_seeds, .min_group = 1 };
    }
    fdml_rng rng;
    fdml_rng_init(&rng, SEED, STREAM_FIDELITY, number);
    for (size_t g = 0, i = 0; g < l->n_groups; g++)
        for (size_t k = 0; k < l->size[g]; k++, i++) {
            code[i] = (uint32_t)g;
            draw_row(p, e, l, n, i, g, &rng);
        }
    return true;
}

void fidelity_world_close(fidelity_world *w)
{
    fdml_arena_close(&w->arena);
}

/* --- truth ------------------------------------------------------------------------------ */

enum { CELLS = 128, FARTHEST = 10 }; /* cells of a unit, on either side of 0 */

/* What lies below y: of a group, or of all. */
typedef struct area {
    double one, zero, won, right, said;
    double step_one, step_zero; /* in the step that has not ended */
} area;

static void add_cell(area *a, double share, double one, double zero)
{
    a->step_one += share * one;
    a->step_zero += share * zero;
}

/* Here the explanation says e. */
static void end_step(area *a, double e)
{
    a->won += a->step_one * (a->zero + a->step_zero / 2);
    a->right += e >= .5 ? a->step_one : a->step_zero;
    a->said += e * (a->step_one + a->step_zero);
    a->one += a->step_one;
    a->zero += a->step_zero;
    a->step_one = a->step_zero = 0;
}

/* Of one seed, each group and all rows. */
static void sum_areas(area *sum, const fidelity_law *l, size_t side, size_t seed,
                      const double *share)
{
    const explanation_law *x = &l->side[side];
    const double width = 1. / CELLS, tau = 2 * acos(-1);
    memset(sum, 0, (l->n_groups + 1) * sizeof *sum);
    for (int cell = -FARTHEST * CELLS; cell < FARTHEST * CELLS; cell++) {
        const double y = (cell + .5) * width, e = said_at(l, y);
        for (size_t g = 0; g < l->n_groups; g++) {
            const double v = 1 + x->noise[g] * x->noise[g];
            const double d = y - l->centre[g] - x->shift[g] - l->drift * (double)seed;
            const double mass = width * exp(-d * d / (2 * v)) / sqrt(tau * v);
            const double one =
                mass * normal_below((l->centre[g] + d / v) * sqrt(v) / x->noise[g]);
            add_cell(&sum[g], 1, one, mass - one);
            add_cell(&sum[l->n_groups], share[g], one, mass - one);
        }
        if (l->step > 0 && said_at(l, y + width) == e) continue;
        for (size_t g = 0; g <= l->n_groups; g++) end_step(&sum[g], e);
    }
}

static double mean_gap(double value[][M], size_t n_groups, size_t measure)
{
    double sum = 0;
    for (size_t a = 0; a < n_groups; a++)
        for (size_t b = 0; b < a; b++) sum += fabs(value[a][measure] - value[b][measure]);
    return sum / ((double)(n_groups * (n_groups - 1)) / 2);
}

static void add_seed(true_fidelity *truth, const fidelity_law *l, size_t side, size_t seed,
                     const double *share)
{
    area sum[MOST_STRATA + 1];
    double value[MOST_STRATA + 1][M], p_of_all = 0;
    sum_areas(sum, l, side, seed, share);
    for (size_t g = 0; g <= l->n_groups; g++) {
        /* E Phi(z) = Phi(centre / sqrt 2) */
        const double p = g < l->n_groups ? normal_below(l->centre[g] / sqrt(2)) : p_of_all;
        if (g < l->n_groups) p_of_all += share[g] * p;
        value[g][FDML_FIDELITY_ACCURACY] = sum[g].right;
        value[g][FDML_FIDELITY_AUROC] = sum[g].won / (sum[g].one * sum[g].zero);
        value[g][FDML_FIDELITY_RESIDUAL] = p - sum[g].said;
        for (size_t k = 0; k < M; k++) truth->value[g][k] += value[g][k] / (double)l->n_seeds;
    }
    for (size_t k = 0; k < M; k++)
        truth->gap[k][FDML_GAP_MEAN] += mean_gap(value, l->n_groups, k) / (double)l->n_seeds;
}

void true_fidelity_of(true_fidelity *truth, const fidelity_law *l, size_t side)
{
    double share[MOST_STRATA], n = 0;
    for (size_t g = 0; g < l->n_groups; g++) n += (double)l->size[g];
    for (size_t g = 0; g < l->n_groups; g++) share[g] = (double)l->size[g] / n;
    memset(truth, 0, sizeof *truth);
    for (size_t s = 0; s < l->n_seeds; s++) add_seed(truth, l, side, s, share);
    for (size_t k = 0; k < M; k++) {
        truth->gap[k][FDML_GAP_MAX] = -INFINITY;
        for (size_t g = 0; g < l->n_groups; g++) {
            const double less = truth->value[l->n_groups][k] - truth->value[g][k];
            truth->behind[g][k] = k == FDML_FIDELITY_RESIDUAL ? -less : less;
            truth->gap[k][FDML_GAP_MAX] =
                fmax(truth->gap[k][FDML_GAP_MAX], truth->behind[g][k]);
        }
    }
}
