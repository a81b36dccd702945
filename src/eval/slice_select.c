/* slice_select.c - from significant slices to findings: which say something of their own.
 *
 * With x_j the indicators of the findings, x_0 = 1 and x_s that of a slice, e are the residuals
 * of the linear regression of the loss on x_0 .. x_k. The score of s, U = sum over its queries
 * of e, is D where k = 0. Of x_s only what the findings leave of it counts: with G = (x_i .
 * x_j) and v = (x_s . x_j), its squared length is n_s - v' G^-1 v instead of n_s (1 - n_s / n),
 * and deviation is that of D times the root of their ratio. One pass over the lattice gives U
 * and v of every slice: residuals and indicators are its lanes.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/slices_state.h"

enum { MOST = FDML_SLICE_MOST_FINDINGS, SIDE = MOST + 1 }; /* x_0 .. x_k */

/* Of a slice so little must be left beside the findings, else they say the same. */
static const double least_left = 1e-3;

typedef struct regression {
    slice_search *search;
    const uint32_t *slice; /* [n] */
    size_t n;
    double factor[SIDE][SIDE]; /* lower triangle of Cholesky's factor of G */
    double coefficient[SIDE];
    float *values;  /* [queries, SLICE_LANES]: residual, indicators */
    uint32_t watch; /* NO_SLICE: every slice's z is stored; else only this one's, in `seen` */
    double seen;
} regression;

/* b becomes L^-1 b. */
static void solve_lower(const regression *r, double *b)
{
    for (size_t i = 0; i <= r->n; i++) {
        for (size_t j = 0; j < i; j++) b[i] -= r->factor[i][j] * b[j];
        b[i] /= r->factor[i][i];
    }
}

static void solve_upper(const regression *r, double *b)
{
    for (size_t i = r->n + 1; i-- > 0;) {
        for (size_t j = i + 1; j <= r->n; j++) b[i] -= r->factor[j][i] * b[j];
        b[i] /= r->factor[i][i];
    }
}

/* The findings leave enough of each other: their matrix has a root. */
static void factorise(regression *r, double g[SIDE][SIDE])
{
    for (size_t i = 0; i <= r->n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = g[i][j];
            for (size_t k = 0; k < j; k++) sum -= r->factor[i][k] * r->factor[j][k];
            r->factor[i][j] = i == j ? sqrt(sum) : sum / r->factor[j][j];
        }
}

static void regress(regression *r)
{
    const slice_lattice *lattice = &r->search->lattice;
    const slice_data *data = lattice->data;
    double g[SIDE][SIDE] = { { 0 } };
    uint32_t cells[MOST][FDML_SLICE_MOST_DEPTH];
    size_t n_cells[MOST];
    for (size_t j = 0; j < r->n; j++)
        n_cells[j] = fdml_slice_cells(cells[j], lattice, r->slice[j]);
    for (size_t j = 0; j < SIDE; j++) r->coefficient[j] = 0;
    for (size_t i = 0; i < data->n; i++) {
        float *x = r->values + i * SLICE_LANES; /* x[0] is x_0 for now */
        x[0] = 1;
        for (size_t j = 0; j < MOST; j++)
            x[1 + j] = j < r->n && fdml_slice_has(lattice, cells[j], n_cells[j], i);
        for (size_t j = 0; j <= r->n; j++) {
            if (x[j] == 0) continue;
            r->coefficient[j] += (double)data->loss[i];
            for (size_t k = 0; k <= j; k++) g[j][k] += (double)x[k];
        }
    }
    factorise(r, g);
    solve_lower(r, r->coefficient);
    solve_upper(r, r->coefficient);
    for (size_t i = 0; i < data->n; i++) {
        float *x = r->values + i * SLICE_LANES;
        double e = (double)data->loss[i] - r->coefficient[0];
        for (size_t j = 1; j <= r->n; j++) e -= r->coefficient[j] * (double)x[j];
        x[0] = (float)e;
    }
}

static double score(const regression *r, const slice_stat *stat, const float *sums)
{
    const double n = stat->n, all = (double)r->search->lattice.data->n;
    double v[SIDE] = { n }, left = n;
    for (size_t j = 1; j <= r->n; j++) v[j] = (double)sums[j];
    solve_lower(r, v);
    for (size_t j = 0; j <= r->n; j++) left -= v[j] * v[j];
    left /= n * (1 - n / all);
    if (left < least_left) return -INFINITY;
    slice_stat rest = *stat;
    rest.mean *= left;
    rest.deviation *= sqrt(left);
    return fdml_slice_z(&rest, (double)sums[0]);
}

static void store_score(void *ctx, size_t task, uint32_t slice, const float *sums)
{
    (void)task;
    regression *r = ctx;
    slice_stat *stat = &r->search->lattice.stat[slice];
    if (r->watch == NO_SLICE) {
        stat->given = isnan(stat->z) ? -INFINITY : score(r, stat, sums);
    } else if (r->watch == slice) {
        r->seen = score(r, stat, sums);
    }
}

static fdml_status judge(regression *r, fdml_arena *arena, fdml_error *err)
{
    regress(r);
    return fdml_slice_pass(&r->search->lattice, r->values, store_score, r, arena, err);
}

/* --- choosing --------------------------------------------------------------------------- */

static bool is_candidate(const slice_search *search, const slice_stat *stat)
{
    return !isnan(stat->z) && stat->by == NO_SLICE &&
           fdml_slice_p_search(search, stat->z) <= search->level;
}

/* Candidates that no longer pass are explained by the finding chosen last. Returns the one with
 * the largest z given the findings; NO_SLICE: none passes. */
static uint32_t next_best(slice_search *search)
{
    const slice_lattice *lattice = &search->lattice;
    uint32_t best = NO_SLICE;
    for (uint32_t s = 0; s < lattice->n_slices; s++) {
        slice_stat *stat = &lattice->stat[s];
        if (!is_candidate(search, stat)) continue;
        if (search->n_findings && !(stat->given > search->critical))
            stat->by = search->finding[search->n_findings - 1];
        else if (best == NO_SLICE || stat->given > lattice->stat[best].given)
            best = s;
    }
    return best;
}

/* Of the slices with one condition less, those that are significant too and leave nothing of
 * `slice`: the one with the largest z. NO_SLICE: none. */
static fdml_status find_simpler(uint32_t *simpler, regression *r, uint32_t slice,
                                fdml_arena *arena, fdml_error *err)
{
    slice_search *search = r->search;
    const slice_lattice *lattice = &search->lattice;
    uint32_t cells[FDML_SLICE_MOST_DEPTH], fewer[FDML_SLICE_MOST_DEPTH];
    uint32_t given[MOST + 1];
    const size_t n = fdml_slice_cells(cells, lattice, slice);
    *simpler = NO_SLICE;
    for (size_t without = 0; without < n && n > 1; without++) {
        size_t n_fewer = 0;
        for (size_t i = 0; i < n; i++)
            if (i != without) fewer[n_fewer++] = cells[i];
        const uint32_t parent = fdml_slice_find(lattice, fewer, n_fewer);
        if (parent == NO_SLICE || !is_candidate(search, &lattice->stat[parent])) continue;
        const double z = lattice->stat[parent].given;
        if (search->n_findings && !(z > search->critical)) continue;
        if (*simpler != NO_SLICE && z <= lattice->stat[*simpler].given) continue;
        for (size_t j = 0; j < search->n_findings; j++) given[j] = search->finding[j];
        given[search->n_findings] = parent;
        regression with = { .search = search,
                            .slice = given,
                            .n = search->n_findings + 1,
                            .values = r->values,
                            .watch = slice };
        FDML_TRY(judge(&with, arena, err));
        if (!(with.seen > search->critical)) *simpler = parent;
    }
    return FDML_OK;
}

fdml_status fdml_slice_select(slice_search *search, fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    regression r = { .search = search, .slice = search->finding, .watch = NO_SLICE };
    r.values = fdml_arena_push(arena, search->lattice.data->n * SLICE_LANES, sizeof(float));
    if (!r.values) return fdml_fail(err, FDML_E_NOMEM, "no memory to choose slices");
    while (search->n_significant) {
        r.n = search->n_findings;
        FDML_TRY(judge(&r, arena, err));
        uint32_t best = next_best(search);
        if (best == NO_SLICE || search->n_findings == MOST) break;
        for (uint32_t simpler = best; simpler != NO_SLICE;) {
            best = simpler;
            FDML_TRY(find_simpler(&simpler, &r, best, arena, err));
        }
        search->finding[search->n_findings++] = best;
        search->lattice.stat[best].by = best;
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
