/* lbfgs.c - see lbfgs.h.
 * SPDX-License-Identifier: MIT */
#include "eval/lbfgs.h"

#include "base/dmath.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PAIRS = 10, VECTORS = 4 + 2 * PAIRS };

typedef struct search {
    fdml_lbfgs *job;
    size_t n;
    double *at;                                          /* [n] the caller's */
    double *gradient, *next, *next_gradient, *direction; /* [n] */
    double *step, *change;                               /* [PAIRS, n], a ring */
    double curvature[PAIRS];                             /* 1 / (step . change) */
    size_t n_pairs, newest;
} search;

static void add(double *y, double a, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* direction = - (approximate inverse Hessian) gradient: the two loops of algorithm 7.4. */
static void choose_direction(search *s)
{
    double alpha[PAIRS], shrink;
    for (size_t i = 0; i < s->n; i++) s->direction[i] = -s->gradient[i];
    for (size_t k = 0; k < s->n_pairs; k++) {
        const size_t p = (s->newest + PAIRS - k) % PAIRS;
        alpha[p] = s->curvature[p] * fdml_dot(s->step + p * s->n, s->direction, s->n);
        add(s->direction, -alpha[p], s->change + p * s->n, s->n);
    }
    if (s->n_pairs) { /* (7.20) */
        const double *y = s->change + s->newest * s->n;
        shrink = 1 / (s->curvature[s->newest] * fdml_dot(y, y, s->n));
    } else { /* the first step is at most 1 long */
        shrink = fmin(1, 1 / sqrt(fdml_dot(s->gradient, s->gradient, s->n)));
    }
    for (size_t i = 0; i < s->n; i++) s->direction[i] *= shrink;
    for (size_t k = s->n_pairs; k-- > 0;) {
        const size_t p = (s->newest + PAIRS - k) % PAIRS;
        const double beta =
            s->curvature[p] * fdml_dot(s->change + p * s->n, s->direction, s->n);
        add(s->direction, alpha[p] - beta, s->step + p * s->n, s->n);
    }
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
    const double slope = fdml_dot(s->gradient, s->direction, s->n);
    double step = 1;
    if (!(slope < 0)) return false;
    for (int k = 0; k < HALVINGS; k++, step /= 2) {
        memcpy(s->next, s->at, s->n * sizeof *s->next);
        add(s->next, step, s->direction, s->n);
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
    double *step = s->step + p * s->n, *change = s->change + p * s->n;
    for (size_t i = 0; i < s->n; i++) {
        step[i] = s->next[i] - s->at[i];
        change[i] = s->next_gradient[i] - s->gradient[i];
    }
    memcpy(s->at, s->next, s->n * sizeof *s->at);
    memcpy(s->gradient, s->next_gradient, s->n * sizeof *s->gradient);
    const double product = fdml_dot(step, change, s->n);
    if (!(product > 0x1p-1000)) {
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
    return n * VECTORS * sizeof(double) + 64; /* alignment */
}

fdml_status fdml_lbfgs_run(double *x, fdml_lbfgs *job, fdml_arena *scratch, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    double *vector = fdml_arena_push(scratch, job->n, VECTORS * sizeof *vector);
    if (!vector)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to minimise over %zu variables", job->n);
    search s = { .job = job, .n = job->n, .at = x };
    double **const part[] = { &s.gradient, &s.next, &s.next_gradient, &s.direction, &s.step };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) *part[i] = vector + i * job->n;
    s.change = s.step + PAIRS * job->n;
    minimise(&s);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
