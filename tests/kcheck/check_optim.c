/* check_optim.c - the steps of optimisers, and the sum of squares. See kcheck.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

#define TINY 0x1p-148 /* what a few results below the normal range lose */

/* A value in double and how far the float of it may be. */
typedef struct near {
    double value, bound;
} near;

/* grad * scale within +- limit, plus decay * w: two roundings. */
static near gradient(float grad, float w, double scale, double limit, double decay)
{
    const double scaled = (double)grad * scale;
    const double clipped = fmax(-limit, fmin(limit, scaled)), l2 = decay * (double)w;
    return (near){ clipped + l2, kc_gamma(2) * (fabs(clipped) + fabs(l2)) + TINY };
}

/* A float array with `kinds`, and two copies of it for two tables to change. */
typedef struct triple {
    float *was, *want, *got;
} triple;

static triple make_triple(kcheck *t, size_t n, int kinds, bool is_positive)
{
    const triple x = { kc_words(t, n), kc_words(t, n), kc_words(t, n) };
    kc_fill(t, x.was, n, kinds);
    for (size_t i = 0; i < n && is_positive; i++) x.was[i] = fabsf(x.was[i]);
    memcpy(x.want, x.was, n * sizeof *x.was);
    memcpy(x.got, x.was, n * sizeof *x.was);
    return x;
}

static bool moment_is_near(kcheck *t, size_t i, near g, const fdml_adam *job, float was_m,
                           float was_v)
{
    const double rest1 = (double)job->rest1, rest2 = (double)job->rest2;
    const double old_m = (double)job->beta1 * (double)was_m;
    const double old_v = (double)job->beta2 * (double)was_v;
    const double square = rest2 * g.value * g.value;
    const double m_bound =
        rest1 * g.bound + kc_gamma(2) * (fabs(rest1 * g.value) + fabs(old_m)) + TINY;
    /* rest2 * g may fall below the normal range and is multiplied by g again */
    const double v_bound = rest2 * (2 * fabs(g.value) + g.bound) * g.bound +
                           kc_gamma(3) * (square + old_v) + TINY * (1 + fabs(g.value));
    return kc_near(t, "m", i, job->m[i], rest1 * g.value + old_m, m_bound, 0) &&
           kc_near(t, "v", i, job->v[i], square + old_v, v_bound, 0);
}

/* From the m and v that the kernel has stored: six roundings on the way to w. */
static bool weight_is_near(kcheck *t, size_t i, const fdml_adam *job, float was)
{
    const double below = sqrt((double)job->v[i]) * (double)job->root + (double)job->eps;
    const double down = (double)job->step * (double)job->m[i] / below;
    const double kept = (double)was * (double)job->keep;
    return kc_near(t, "w", i, job->w[i], kept - down,
                   kc_gamma(6) * (fabs(kept) + fabs(down)) + TINY, 0);
}

static void adam_case(kcheck *t, size_t n, int kinds, bool is_clipped)
{
    kc_case(t, "n=%zu kinds=%d clipped=%d", n, kinds, is_clipped);
    const triple w = make_triple(t, n, kinds, false), m = make_triple(t, n, kinds, false);
    const triple v = make_triple(t, n, kinds, true);
    float *grad = kc_words(t, n);
    kc_fill(t, grad, n, kinds);
    fdml_adam job = { .grad = grad,
                      .n = n,
                      .scale = is_clipped ? 0.37f : 1,
                      .limit = is_clipped ? 0.5f : INFINITY,
                      .decay = is_clipped ? 4e-4f : 0,
                      .keep = is_clipped ? 1 : 0.9997f,
                      .beta1 = 0.9f,
                      .rest1 = 0.1f,
                      .beta2 = 0.999f,
                      .rest2 = 0.001f,
                      .step = 0.03f,
                      .root = 1.7f,
                      .eps = 1e-8f };
    job.w = w.want, job.m = m.want, job.v = v.want;
    t->ref->adam_step(&job);
    job.w = w.got, job.m = m.got, job.v = v.got;
    t->k->adam_step(&job);
    if (!kc_same(t, "w", w.want, w.got, n) || !kc_same(t, "m", m.want, m.got, n) ||
        !kc_same(t, "v", v.want, v.got, n) || !kc_intact(t))
        return;
    for (size_t i = 0; i < n && !(kinds & (KC_HUGE | KC_NAN | KC_INF)); i++) {
        const near g = gradient(grad[i], w.was[i], (double)job.scale, (double)job.limit,
                                (double)job.decay);
        if (!moment_is_near(t, i, g, &job, m.was[i], v.was[i]) ||
            !weight_is_near(t, i, &job, w.was[i]))
            return;
    }
    while (kc_bench(t, n == 512 && kinds == KC_PLAIN)) t->k->adam_step(&job);
}

static void sgd_case(kcheck *t, size_t n, int kinds, int form)
{
    static const char *const name[] = { "plain", "momentum", "nesterov" };
    kc_case(t, "n=%zu kinds=%d %s", n, kinds, name[form]);
    const triple w = make_triple(t, n, kinds, false), b = make_triple(t, n, kinds, false);
    float *grad = kc_words(t, n);
    kc_fill(t, grad, n, kinds);
    fdml_sgd job = { .grad = grad,
                     .n = n,
                     .scale = form ? 1 : 0.37f,
                     .limit = form ? INFINITY : 0.5f,
                     .decay = 4e-4f,
                     .lr = 0.03f,
                     .momentum = 0.9f,
                     .nesterov = form == 2 };
    job.w = w.want, job.b = form ? b.want : NULL;
    t->ref->sgd_step(&job);
    job.w = w.got, job.b = form ? b.got : NULL;
    t->k->sgd_step(&job);
    if (!kc_same(t, "w", w.want, w.got, n) || !kc_same(t, "b", b.want, b.got, n) ||
        !kc_intact(t))
        return;
    for (size_t i = 0; i < n && !(kinds & (KC_HUGE | KC_NAN | KC_INF)); i++) {
        near g = gradient(grad[i], w.was[i], (double)job.scale, (double)job.limit,
                          (double)job.decay);
        const double momentum = (double)job.momentum, old = momentum * (double)b.was[i];
        near step = g;
        if (form) {
            step = (near){ g.value + old,
                           g.bound + kc_gamma(1) * (fabs(g.value) + fabs(old)) + TINY };
            if (!kc_near(t, "b", i, b.got[i], step.value, step.bound, 0)) return;
        }
        if (form == 2) {
            const double ahead = momentum * step.value;
            step = (near){ g.value + ahead, g.bound + momentum * step.bound +
                                                kc_gamma(1) * (fabs(g.value) + fabs(ahead)) +
                                                TINY };
        }
        const double lr = (double)job.lr, down = lr * step.value, was = (double)w.was[i];
        if (!kc_near(t, "w", i, w.got[i], was - down,
                     lr * step.bound + kc_gamma(1) * (fabs(was) + fabs(down)) + TINY, 0))
            return;
    }
    while (kc_bench(t, n == 512 && kinds == KC_PLAIN && form == 1)) t->k->sgd_step(&job);
}

static const int kinds_of_case[] = { KC_PLAIN, KC_ZERO | KC_DENORMAL, KC_ALL };

void check_adam_step(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int i = 0; i < 6 && !t->has_failed; i++)
            adam_case(t, kc_size(t, s), kinds_of_case[i / 2], i % 2);
}

void check_sgd_step(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int i = 0; i < 9 && !t->has_failed; i++)
            sgd_case(t, kc_size(t, s), kinds_of_case[i / 3], i % 3);
}

static void add_scaled_case(kcheck *t, size_t n, int kinds)
{
    kc_case(t, "n=%zu kinds=%d", n, kinds);
    float *x = kc_words(t, n), *y = kc_words(t, n), *want = kc_words(t, n);
    float *got = kc_words(t, n);
    const float factor = kc_plain(t);
    kc_fill(t, x, n, kinds);
    kc_fill(t, y, n, kinds);
    if (n) memcpy(want, y, n * sizeof *y), memcpy(got, y, n * sizeof *y);
    t->ref->add_scaled(want, x, factor, n);
    t->k->add_scaled(got, x, factor, n);
    if (!kc_same(t, "y", want, got, n) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++) { /* one rounding, and none in the product */
        const double sum = (double)factor * (double)x[i] + (double)y[i];
        const double bound = kc_gamma(1) * fabs(sum) + 0x1p-149;
        if (!kc_near(t, "y", i, got[i], sum, bound, fabs(sum))) return;
    }
    while (kc_bench(t, n == 512 && kinds == KC_PLAIN)) t->k->add_scaled(got, x, factor, n);
}

void check_add_scaled(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int i = 0; i < 3 && !t->has_failed; i++)
            add_scaled_case(t, kc_size(t, s), (int[]){ KC_PLAIN, KC_FINITE, KC_ALL }[i]);
}

static void sum_squares_case(kcheck *t, size_t n, int kinds)
{
    kc_case(t, "n=%zu kinds=%d", n, kinds);
    float *x = kc_words(t, n);
    kc_fill(t, x, n, kinds);
    double want = -1, got = -2;
    t->ref->sum_squares(&want, x, n);
    t->k->sum_squares(&got, x, n);
    if (isnan(want) && isnan(got)) got = want; /* the sign of a NaN may differ */
    if (!kc_same(t, "sum", &want, &got, 2) || !kc_intact(t)) return;
    long double exact = 0;
    for (size_t i = 0; i < n; i++) exact += (long double)x[i] * (long double)x[i];
    /* n / 16 roundings of a lane and four of the fold; all terms are positive */
    const double bound = (double)(n / 16 + 6) * 0x1p-53 * (double)exact;
    if (isfinite((double)exact) ? !(fabs(got - (double)exact) <= bound) : isfinite(got))
        kc_fail(t, "sum is %.17g, expected %.17g", got, (double)exact);
    while (kc_bench(t, n == 512 && kinds == KC_PLAIN)) t->k->sum_squares(&got, x, n);
}

void check_sum_squares(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 3 && !t->has_failed; i++)
            sum_squares_case(t, kc_size(t, s), kinds_of_case[i]);
}
