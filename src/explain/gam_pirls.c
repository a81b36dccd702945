/* gam_pirls.c - the coefficients for one lambda. See gam.h.
 *
 * Rows are dealt to blocks that depend on the problem alone; a block adds its rows, a few dozen
 * entries each, to a triangle of its own, and triangles are added in the order of blocks.
 *
 * A direction v that adds 1 to all coefficients of a spline and takes 1 from the intercept
 * changes no eta, and the penalty does not see it: X v = 0, P v = 0. So v'(X'WX + lambda P + s
 * I)b = s v'b = v'X'Wu = 0: the solution is orthogonal to v, and adding c v v' to the matrix,
 * for any c, changes neither it nor the trace of the hat matrix, which lives on the other
 * directions. It does change the condition, from 10^13 or so to 10^9 and less, which Cholesky
 * asks for.
 *
 * SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "explain/gam_state.h"
#include "explain/spd.h"
#include "explain/spline.h"

enum { LEAST_ROWS = 256, MOST_BLOCKS = 64, RETRIES = 6 };

static const size_t PARTIALS = (size_t)1 << 22;      /* doubles of all triangles, 32 MB */
static const double LOGIT_99 = 0x1.2616719161d2bp+2; /* log(.99 / .01) */
static const double RIDGE = 0x1p-26;                 /* sqrt(DBL_EPSILON) */
static const double GAMMA = 1.4;

/* --- sums over rows ------------------------------------------------------------------------
 */

static size_t blocks_of_rows(size_t n)
{
    const size_t blocks = (n + LEAST_ROWS - 1) / LEAST_ROWS;
    return blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS;
}

static size_t count_blocks(size_t n, size_t m)
{
    const size_t blocks = blocks_of_rows(n);
    const size_t most = PARTIALS / m / m > 1 ? PARTIALS / m / m : 1;
    return blocks < most ? blocks : most;
}

static double predictor(const gam_pirls *p, size_t i)
{
    const gam_rows *r = p->rows;
    const double *value = r->value + i * r->width;
    const uint32_t *column = r->column + i * r->width;
    double eta = 0;
    for (size_t k = 0; k < r->width; k++) eta += value[k] * p->coefficient[column[k]];
    return eta;
}

/* w and w u; false: the row is left out. */
static bool weigh(double *w, double *wu, const gam_pirls *p, size_t i)
{
    const bool is_one = p->rows->label[i];
    if (p->is_start) {
        *w = 1;
        *wu = is_one ? LOGIT_99 : -LOGIT_99;
        return true;
    }
    const double eta = predictor(p, i), small = fdml_exp(-fabs(eta));
    const double near = 1 / (1 + small), far = small / (1 + small); /* mu and 1 - mu, sorted */
    const double mu = eta > 0 ? near : far, other = eta > 0 ? far : near;
    *w = near * far;
    *wu = *w * eta + (is_one ? other : -mu);
    return *w >= DBL_EPSILON;
}

static void sum_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gam_pirls *p = ctx;
    const gam_rows *r = p->rows;
    const size_t m = r->n_columns, width = r->width;
    double *gram = p->part + block * m * m, *right = p->part_right + block * m, used = 0;
    memset(gram, 0, m * m * sizeof *gram);
    memset(right, 0, m * sizeof *right);
    const size_t end = r->n * (block + 1) / p->n_blocks;
    for (size_t i = r->n * block / p->n_blocks; i < end; i++) {
        const double *value = r->value + i * width;
        const uint32_t *column = r->column + i * width;
        double w, wu;
        if (!weigh(&w, &wu, p, i)) continue;
        for (size_t a = 0; a < width; a++) {
            double *row = gram + column[a] * m;
            const double wa = w * value[a];
            for (size_t b = 0; b <= a; b++) row[column[b]] += wa * value[b];
            right[column[a]] += wu * value[a];
        }
        used++;
    }
    p->part_number[block] = used;
}

static void merge_row(void *ctx, size_t i, int thread)
{
    (void)thread;
    const gam_pirls *p = ctx;
    const size_t m = p->rows->n_columns;
    double *row = p->gram + i * m;
    memset(row, 0, (i + 1) * sizeof *row);
    p->right[i] = 0;
    for (size_t block = 0; block < p->n_blocks; block++) {
        const double *part = p->part + (block * m + i) * m;
        for (size_t j = 0; j <= i; j++) row[j] += part[j];
        p->right[i] += p->part_right[block * m + i];
    }
}

/* Softplus: log(1 + exp(t)). */
static double log1p_exp(double t)
{
    return (t > 0 ? t : 0) + fdml_log(1 + fdml_exp(-fabs(t)));
}

static void deviance_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const gam_pirls *p = ctx;
    const size_t n = p->rows->n, end = n * (block + 1) / p->n_blocks;
    double sum = 0;
    for (size_t i = n * block / p->n_blocks; i < end; i++) {
        const double eta = predictor(p, i);
        sum += 2 * log1p_exp(p->rows->label[i] ? -eta : eta);
    }
    p->part_number[block] = sum;
}

static double sum_numbers(const gam_pirls *p)
{
    double sum = 0;
    for (size_t block = 0; block < p->n_blocks; block++) sum += p->part_number[block];
    return sum;
}

/* --- a step --------------------------------------------------------------------------------
 */

/* gram + lambda P + ridge I + c sum of v v', where c is the size of gram's diagonal. */
static void make_system(const gam_pirls *p, double ridge)
{
    const size_t m = p->rows->n_columns, last = m - 1;
    double *a = p->system, c = 0;
    for (size_t i = 0; i < m; i++) {
        memcpy(a + i * m, p->gram + i * m, (i + 1) * sizeof *a);
        c += p->gram[i * m + i] / (double)m;
        a[i * m + i] += ridge;
    }
    for (size_t d = 0; d < p->gam->dim; d++) {
        const fdml_gam_term *term = p->gam->term + d;
        double *own = a + term->begin * m + term->begin;
        if (term->n <= 2) {
            for (size_t i = 0; i < term->n; i++) own[i * m + i] += p->lambda;
            continue;
        }
        fdml_spline_add_penalty(own, m, term->n, p->lambda);
        for (size_t i = 0; i < term->n; i++) {
            for (size_t j = 0; j <= i; j++) own[i * m + j] += c;
            a[last * m + term->begin + i] -= c;
        }
        a[last * m + last] += c;
    }
}

/* p->next from the sums. pygam, too, takes ten times the ridge where a factor fails. */
static bool solve(const gam_pirls *p)
{
    const size_t m = p->rows->n_columns;
    double ridge = RIDGE;
    for (int i = 0; i < RETRIES; i++, ridge *= 10) {
        make_system(p, ridge);
        if (fdml_spd_factor(p->system, m, 0) < m) continue;
        memcpy(p->next, p->right, m * sizeof *p->next);
        fdml_spd_solve(p->next, p->system, m);
        return isfinite(fdml_dot(p->next, p->next, m));
    }
    return false;
}

static bool step(gam_pirls *p)
{
    fdml_parallel(p->n_blocks, p->options->n_threads, sum_block, p);
    if (sum_numbers(p) < 1) return false;
    fdml_parallel(p->rows->n_columns, p->options->n_threads, merge_row, p);
    return solve(p);
}

/* |next - coefficient| / |next|; next becomes the coefficients. */
static double take_next(gam_pirls *p)
{
    const size_t m = p->rows->n_columns;
    double change = 0;
    const double size = fdml_dot(p->next, p->next, m);
    for (size_t i = 0; i < m; i++) {
        const double d = p->next[i] - p->coefficient[i];
        change += d * d;
        p->coefficient[i] = p->next[i];
    }
    return sqrt(change / size);
}

static void hat_entry(void *ctx, size_t j, int thread)
{
    const gam_pirls *p = ctx;
    const size_t m = p->rows->n_columns;
    double *x = p->column + (size_t)thread * m;
    for (size_t i = 0; i < m; i++) x[i] = i < j ? p->gram[j * m + i] : p->gram[i * m + j];
    fdml_spd_solve(x, p->system, m);
    p->diagonal[j] = x[j];
}

/* Trace of (X'WX + penalties)^-1 X'WX of the last step. */
static double degrees_of_freedom(gam_pirls *p)
{
    double sum = 0;
    fdml_parallel(p->rows->n_columns, p->options->n_threads, hat_entry, p);
    for (size_t i = 0; i < p->rows->n_columns; i++) sum += p->diagonal[i];
    return sum;
}

/* --- one lambda ----------------------------------------------------------------------------
 */

bool fdml_gam_make_pirls(gam_pirls *p, fdml_arena *arena)
{
    const size_t m = p->rows->n_columns;
    p->n_blocks = count_blocks(p->rows->n, m);
    p->coefficient = fdml_arena_push_zero(arena, m, sizeof(double));
    p->next = fdml_arena_push(arena, m, sizeof(double));
    p->part = fdml_arena_push(arena, p->n_blocks * m, m * sizeof(double));
    p->part_right = fdml_arena_push(arena, p->n_blocks * m, sizeof(double));
    p->part_number = fdml_arena_push(arena, p->n_blocks, sizeof(double));
    p->gram = fdml_arena_push(arena, m, m * sizeof(double));
    p->right = fdml_arena_push(arena, m, sizeof(double));
    p->system = fdml_arena_push(arena, m, m * sizeof(double));
    p->diagonal = fdml_arena_push(arena, m, sizeof(double));
    p->column = fdml_arena_push(arena, (size_t)p->options->n_threads * m, sizeof(double));
    return p->coefficient && p->next && p->part && p->part_right && p->part_number && p->gram &&
           p->right && p->system && p->diagonal && p->column;
}

double fdml_gam_pirls_memory(size_t n, size_t m, int n_threads)
{
    const double of = (double)m, n_blocks = (double)blocks_of_rows(n);
    const double part = fmin(n_blocks * of * of, fmax((double)PARTIALS, of * of));
    return 4 * fdml_arena_room(of, sizeof(double)) +
           2 * fdml_arena_room(of * of, sizeof(double)) +
           fdml_arena_room(part, sizeof(double)) +
           fdml_arena_room(n_blocks * of, sizeof(double)) +
           fdml_arena_room(n_blocks, sizeof(double)) +
           fdml_arena_room(n_threads * of, sizeof(double));
}

bool fdml_gam_start(gam_pirls *p)
{
    p->is_start = true;
    const bool done = step(p);
    p->is_start = false;
    if (done) take_next(p);
    return done;
}

void fdml_gam_run(gam_pirls *p, fdml_gam_trial *trial)
{
    *trial = (fdml_gam_trial){ .lambda = p->lambda };
    while (!trial->has_converged && trial->n_iterations < p->options->max_iterations) {
        if (!step(p)) return;
        trial->n_iterations++;
        trial->has_converged = take_next(p) < p->options->tolerance;
    }
    const double n = (double)p->rows->n;
    trial->edf = degrees_of_freedom(p);
    fdml_parallel(p->n_blocks, p->options->n_threads, deviance_block, p);
    trial->deviance = sum_numbers(p);
    trial->ubre = (trial->deviance + 2 * GAMMA * trial->edf) / n;
    trial->has_fit = isfinite(trial->ubre);
}
