/* lbfgs.c - see lbfgs.h.
 * SPDX-License-Identifier: MIT */
#include "eval/lbfgs.h"

#include "base/dmath.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PAIRS = 10, DOUBLES = 3, FLOATS = 1 + 2 * PAIRS };

typedef struct search {
    fdml_lbfgs *job;
    const fdml_kernels *kernels;
    size_t n;
    double *at;                              /* [n] the caller's */
    double *gradient, *next, *next_gradient; /* [n] */
    float *direction;                        /* [n] */
    float *step, *change;                    /* [PAIRS, n], a ring */
    float curvature[PAIRS];                  /* 1 / (step . change) */
    size_t n_pairs, newest;
} search;

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (fabs(x[i]) > most) most = fabs(x[i]);
    return most;
}

static float dot(const search *s, const float *x, const float *y)
{
    float product;
    s->kernels->dot_rows(&product, x, y, 1, s->n);
    return product;
}

/* direction = - (approximate inverse Hessian) gradient: the two loops of algorithm 7.4. */
static void choose_direction(search *s)
{
    float alpha[PAIRS], shrink;
    for (size_t i = 0; i < s->n; i++) s->direction[i] = (float)-s->gradient[i];
    for (size_t k = 0; k < s->n_pairs; k++) {
        const size_t p = (s->newest + PAIRS - k) % PAIRS;
        alpha[p] = s->curvature[p] * dot(s, s->step + p * s->n, s->direction);
        s->kernels->add_scaled(s->direction, s->change + p * s->n, -alpha[p], s->n);
    }
    if (s->n_pairs) { /* (7.20) */
        const float *y = s->change + s->newest * s->n;
        shrink = 1 / (s->curvature[s->newest] * dot(s, y, y));
    } else { /* the first step is at most 1 long */
        shrink = (float)fmin(1, 1 / sqrt(fdml_dot(s->gradient, s->gradient, s->n)));
    }
    for (size_t i = 0; i < s->n; i++) s->direction[i] *= shrink;
    for (size_t k = s->n_pairs; k-- > 0;) {
        const size_t p = (s->newest + PAIRS - k) % PAIRS;
        const float beta = s->curvature[p] * dot(s, s->change + p * s->n, s->direction);
        s->kernels->add_scaled(s->direction, s->step + p * s->n, alpha[p] - beta, s->n);
    }
}

static double slope_of(const search *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) sum += s->gradient[i] * (double)s->direction[i];
    return sum;
}

/* Armijo's condition; and where the promise is less than what f is rounded by, that the
 * gradient becomes shorter (Hager & Zhang 2005, SIAM J. Optim. 16, have this for the same
 * reason). */
static bool is_lower(const search *s, double value, double promise)
{
    const double relative = s->job->rounding > 0 ? s->job->rounding : 0x1p-50;
    const double before = s->job->value, rounding = relative * fabs(before);
    if (value <= before + promise) return true;
    return -promise < rounding && value <= before + rounding &&
           fdml_dot(s->next_gradient, s->next_gradient, s->n) <
               fdml_dot(s->gradient, s->gradient, s->n);
}

/* False: f does not fall, rounding has won. */
static bool go_down(search *s)
{
    enum { HALVINGS = 40 };
    const double slope = slope_of(s);
    double step = 1;
    if (!(slope < 0)) return false;
    for (int k = 0; k < HALVINGS; k++, step /= 2) {
        for (size_t i = 0; i < s->n; i++)
            s->next[i] = s->at[i] + step * (double)s->direction[i];
        const double value = s->job->fn(s->job->ctx, s->next_gradient, s->next);
        if (!is_lower(s, value, 1e-4 * step * slope)) continue;
        s->job->value = value;
        return true;
    }
    return false;
}

static void remember(search *s)
{
    const size_t p = s->n_pairs ? (s->newest + 1) % PAIRS : 0;
    float *step = s->step + p * s->n, *change = s->change + p * s->n;
    for (size_t i = 0; i < s->n; i++) {
        step[i] = (float)(s->next[i] - s->at[i]);
        change[i] = (float)(s->next_gradient[i] - s->gradient[i]);
    }
    memcpy(s->at, s->next, s->n * sizeof *s->at);
    memcpy(s->gradient, s->next_gradient, s->n * sizeof *s->gradient);
    const float product = dot(s, step, change);
    if (!(product > 0x1p-120f)) {
        s->n_pairs = 0; /* no curvature was seen, and the ring's place is spoilt: start over */
        return;
    }
    s->curvature[p] = 1 / product;
    s->newest = p;
    if (s->n_pairs < PAIRS) s->n_pairs++;
}

static void minimise(search *s)
{
    fdml_lbfgs *job = s->job;
    job->value = job->fn(job->ctx, s->gradient, s->at);
    for (job->n_iterations = 0; job->n_iterations < job->max_iterations; job->n_iterations++) {
        if (largest(s->gradient, s->n) <= job->tolerance) break;
        choose_direction(s);
        if (go_down(s)) {
            remember(s);
        } else if (s->n_pairs) {
            s->n_pairs = 0; /* once more, straight down */
        } else {
            break;
        }
    }
    job->gradient = largest(s->gradient, s->n);
}

size_t fdml_lbfgs_size(size_t n)
{
    return n * (DOUBLES * sizeof(double) + FLOATS * sizeof(float)) + 2 * 64; /* alignment */
}

fdml_status fdml_lbfgs_run(double *x, fdml_lbfgs *job, fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const size_t n = job->n;
    double *doubles = fdml_arena_push(scratch, n, DOUBLES * sizeof *doubles);
    float *floats = fdml_arena_push(scratch, n, FLOATS * sizeof *floats);
    if (!doubles || !floats)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to minimise over %zu variables", n);
    search s = { .job = job,
                 .kernels = job->kernels,
                 .n = n,
                 .at = x,
                 .gradient = doubles,
                 .next = doubles + n,
                 .next_gradient = doubles + 2 * n,
                 .direction = floats,
                 .step = floats + n,
                 .change = floats + (1 + PAIRS) * n };
    minimise(&s);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
