/* logit.c - see logit.h.
 *
 * One-hot rows are mostly zeros: each row's others are listed first, and value, gradient and
 * Hessian cost the square of their number. Sums are over at most BLOCKS blocks of rows that
 * depend on the problem alone, added in the order of blocks.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/logit.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "explain/spd.h"

enum { BLOCKS = 16, LEAST_ROWS = 512, MOST_STEPS = 100, MOST_HALVINGS = 40 };

typedef struct fit_state {
    const fdml_logit_rows *rows;
    double c;
    size_t n, n_blocks; /* parameters; of rows */
    const double *u;    /* of this evaluation */
    bool is_value_only;
    double *value;        /* [n_blocks] */
    double *gradient;     /* [n_blocks, n] */
    double *hessian;      /* [n_blocks, n, n] lower triangles */
    double *dense;        /* [n_blocks, n] the inputs that are not 0 */
    uint32_t *place;      /* [n_blocks, n] and where they stand */
    double *step, *tried; /* [n] */
} fit_state;

double fdml_logit_score(const double *u, const float *z, size_t dim)
{
    double sum[4] = { u[dim], 0, 0, 0 };
    size_t i = 0;
    for (; i + 4 <= dim; i += 4)
        for (size_t k = 0; k < 4; k++) sum[k] += u[i + k] * (double)z[i + k];
    for (; i < dim; i++) sum[0] += u[i] * (double)z[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

double fdml_logit_probability(double score)
{
    const double e = fdml_exp(score < 0 ? score : -score);
    return score < 0 ? e / (1 + e) : 1 / (1 + e);
}

/* The inputs of a row that are not 0, the constant of the bias last, in ascending places. */
static size_t list_inputs(double *value, uint32_t *place, const float *z, size_t dim)
{
    size_t k = 0;
    for (size_t d = 0; d < dim; d++) {
        value[k] = (double)z[d];
        place[k] = (uint32_t)d;
        k += z[d] != 0;
    }
    value[k] = 1;
    place[k] = (uint32_t)dim;
    return k + 1;
}

static void sum_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const fit_state *f = ctx;
    const fdml_logit_rows *rows = f->rows;
    const size_t n = f->n, last = rows->n * (block + 1) / f->n_blocks;
    double *gradient = f->gradient + block * n, *hessian = f->hessian + block * n * n;
    double *in = f->dense + block * n, value = 0;
    uint32_t *place = f->place + block * n;
    if (!f->is_value_only) {
        memset(gradient, 0, n * sizeof *gradient);
        memset(hessian, 0, n * n * sizeof *hessian);
    }
    for (size_t i = rows->n * block / f->n_blocks; i < last; i++) {
        const float *z = rows->z + i * rows->dim;
        const size_t k = list_inputs(in, place, z, rows->dim);
        double score = 0;
        for (size_t a = 0; a < k; a++) score += f->u[place[a]] * in[a];
        const double e = fdml_exp(score < 0 ? score : -score), odds = 1 / (1 + e);
        const double p = score < 0 ? e * odds : odds, y = rows->y[i];
        value += (score > 0 ? score : 0) - y * score + fdml_log(1 + e);
        for (size_t a = 0; a < k && !f->is_value_only; a++) {
            const double weighted = e * odds * odds * in[a];
            double *line = hessian + place[a] * n;
            gradient[place[a]] += (p - y) * in[a];
            for (size_t b = 0; b <= a; b++) line[place[b]] += weighted * in[b];
        }
    }
    f->value[block] = value;
}

static double evaluate(fit_state *f, const double *u, bool is_value_only, int n_threads)
{
    double value = 0, square = 0;
    f->u = u;
    f->is_value_only = is_value_only;
    fdml_parallel(f->n_blocks, n_threads, sum_block, f);
    for (size_t b = 0; b < f->n_blocks; b++) value += f->value[b];
    for (size_t i = 0; i < f->n; i++) square += u[i] * u[i];
    return square / 2 + f->c * value;
}

/* All blocks' sums become those of f, in the first block's place; the largest component of the
 * gradient. */
static double merge(fit_state *f, const double *u)
{
    const size_t n = f->n;
    double largest = 0;
    for (size_t b = 1; b < f->n_blocks; b++) {
        for (size_t i = 0; i < n; i++) f->gradient[i] += f->gradient[b * n + i];
        for (size_t i = 0; i < n * n; i++) f->hessian[i] += f->hessian[b * n * n + i];
    }
    for (size_t i = 0; i < n; i++) {
        f->gradient[i] = f->c * f->gradient[i] + u[i];
        largest = fmax(largest, fabs(f->gradient[i]));
        for (size_t j = 0; j <= i; j++) f->hessian[i * n + j] *= f->c;
        f->hessian[i * n + i] += 1;
    }
    return largest;
}

/* step = H^-1 gradient. H's eigenvalues are at least 1, so that only overflow makes it fail. */
static bool solve(fit_state *f)
{
    memcpy(f->step, f->gradient, f->n * sizeof *f->step);
    if (fdml_spd_factor(f->hessian, f->n, 0) < f->n) return false;
    fdml_spd_solve(f->step, f->hessian, f->n);
    return true;
}

static bool make_state(fit_state *f, fdml_arena *arena)
{
    const size_t n = f->n, n_blocks = f->n_blocks;
    f->value = fdml_arena_push(arena, n_blocks, sizeof(double));
    f->gradient = fdml_arena_push(arena, n_blocks * n, sizeof(double));
    f->hessian = fdml_arena_push(arena, n_blocks * n, n * sizeof(double));
    f->dense = fdml_arena_push(arena, n_blocks * n, sizeof(double));
    f->place = fdml_arena_push(arena, n_blocks * n, sizeof *f->place);
    f->step = fdml_arena_push(arena, n, sizeof(double));
    f->tried = fdml_arena_push(arena, n, sizeof(double));
    return f->value && f->gradient && f->hessian && f->dense && f->place && f->step && f->tried;
}

double fdml_logit_memory(size_t n_rows, size_t dim)
{
    const size_t most = (n_rows + LEAST_ROWS - 1) / LEAST_ROWS;
    const double n = (double)dim + 1, n_blocks = (double)(most < BLOCKS ? most : BLOCKS);
    return fdml_arena_room(n_blocks, sizeof(double)) +
           2 * fdml_arena_room(n_blocks * n, sizeof(double)) +
           fdml_arena_room(n_blocks * n * n, sizeof(double)) +
           fdml_arena_room(n_blocks * n, sizeof(uint32_t)) +
           2 * fdml_arena_room(n, sizeof(double));
}

/* The first of whole, half, quarter .. steps along which f falls; false: none does. */
static bool descend(double *u, double *value, fit_state *f, int n_threads)
{
    double length = 1;
    for (int h = 0; h < MOST_HALVINGS; h++, length /= 2) {
        for (size_t i = 0; i < f->n; i++) f->tried[i] = u[i] - length * f->step[i];
        const double tried = evaluate(f, f->tried, true, n_threads);
        if (!(tried < *value)) continue;
        memcpy(u, f->tried, f->n * sizeof *u);
        *value = tried;
        return true;
    }
    return false;
}

fdml_status fdml_logit_fit(double *u, fdml_logit *fit, const fdml_logit_rows *rows, double c,
                           int n_threads, fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const size_t n_blocks = (rows->n + LEAST_ROWS - 1) / LEAST_ROWS;
    fit_state f = { .rows = rows,
                    .c = c,
                    .n = rows->dim + 1,
                    .n_blocks = n_blocks < BLOCKS ? n_blocks : BLOCKS };
    if (!make_state(&f, scratch))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a logistic regression of %zu inputs",
                         rows->dim);
    const double tolerance = 1e-9 * (1 + c * (double)rows->n);
    fdml_logit made = { .n_steps = 0 };
    for (;; made.n_steps++) {
        made.value = evaluate(&f, u, false, n_threads);
        made.gradient = merge(&f, u);
        if (made.gradient <= tolerance || made.n_steps == MOST_STEPS) break;
        if (!solve(&f) || !descend(u, &made.value, &f, n_threads)) break;
    }
    *fit = made;
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
