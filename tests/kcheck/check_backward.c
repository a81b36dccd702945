/* check_backward.c - gradients of normalisation with activation, and the sums it needs. See
 * kcheck.h; the windows are in check_window_back.c.
 *
 * A gradient jumps where its activation bends, so what went into the activation is formed with
 * the very roundings that the contract of block_affine names; all that is smooth is double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

/* --- moments -----------------------------------------------------------------------------
 * x - pivot is rounded, then goes through one of four sums and their fold. A square has that
 * rounding twice, and each fused step may lose half of the smallest denormal. */
static bool moments_are_near(kcheck *t, const float *sums, const float *x, const float *pivot,
                             size_t n)
{
    const size_t n_roundings = (n + 3) / 4 + 2;
    for (size_t l = 0; l < 16; l++) {
        kc_sum s = { 0, 0, 0 }, q = s;
        double deviation = 0;
        for (size_t p = 0; p < n; p++) {
            const double d = (double)x[p * 16 + l] - (double)pivot[l];
            s.value += d;
            deviation += fabs(d);
            s.magnitude += fabs((double)x[p * 16 + l]) + fabs((double)pivot[l]);
            q.value += d * d;
        }
        q.magnitude = q.value;
        s.bound = kc_gamma(n_roundings + 1) * deviation;
        q.bound = kc_gamma(n_roundings + 2) * q.value + (double)n * 0x1p-150;
        if (!kc_near_sum(t, "sum", l, sums[l], s) ||
            !kc_near_sum(t, "sum of squares", l, sums[16 + l], q))
            return false;
    }
    return true;
}

static void moments_case(kcheck *t, size_t n, int kinds)
{
    kc_case(t, "n_pixels=%zu", n);
    float *want = kc_words(t, 32), *got = kc_words(t, 32);
    const float *x = kc_pixels(t, n * 16, kinds), *pivot = kc_pixels(t, 16, kinds);
    t->ref->block_moments(want, x, pivot, n);
    t->k->block_moments(got, x, pivot, n);
    (void)(kc_same(t, "sums", want, got, 32) && moments_are_near(t, got, x, pivot, n) &&
           kc_intact(t));
    while (kc_bench(t, n == 512)) t->k->block_moments(got, x, pivot, n);
}

void check_block_moments(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 4 && !t->has_failed; i++)
            moments_case(t, kc_size(t, s), kinds[i]);
}

/* --- the way back through block_affine --------------------------------------------------- */

/* Some lanes get x itself into their activation, and there some x lie on a limit. */
static void put_on_limits(kcheck *t, float *x, float *scale, float *shift, const float *limits,
                          size_t n_pixels)
{
    for (size_t l = 0; l < 16; l += 3) {
        scale[l] = 1, shift[l] = 0;
        for (size_t p = kc_below(t, 4); p < n_pixels; p += 1 + kc_below(t, 8))
            x[p * 16 + l] = limits[kc_below(t, 2)];
    }
}

static void random_job(kcheck *t, fdml_affine_back *job, size_t n_pixels)
{
    const size_t size = n_pixels * 16;
    const int kinds = kc_below(t, 2) ? KC_ALL : KC_ZERO | KC_DENORMAL;
    float *x = kc_pixels(t, size, kinds), *scale = kc_pixels(t, 16, kinds);
    float *shift = kc_pixels(t, 16, kinds), limits[2];
    kc_limits(t, limits);
    put_on_limits(t, x, scale, shift, limits, n_pixels);
    *job = (fdml_affine_back){ .gy = kc_pixels(t, size, kinds),
                               .x = x,
                               .n_pixels = n_pixels,
                               .scale = scale,
                               .shift = shift,
                               .add = kc_some(t, size, kinds),
                               .slope = kc_some(t, 16, KC_ZERO),
                               .low = limits[0],
                               .high = limits[1] };
}

/* What the activation got for value i: the float that block_affine had there. */
static float affine_input(const fdml_affine_back *job, size_t i)
{
    const float u = fmaf(job->x[i], job->scale[i % 16], job->shift[i % 16]);
    return job->add ? u + job->add[i] : u;
}

/* The gradient by u. In double a product of floats is exact, so it is rounded once. */
static float gradient(const fdml_affine_back *job, size_t i)
{
    const float u = affine_input(job, i), gy = job->gy[i];
    if (job->slope) return u < 0 ? (float)((double)gy * (double)job->slope[i % 16]) : gy;
    return job->low < u && u < job->high ? gy : 0;
}

static bool gradients_are_right(kcheck *t, const fdml_affine_back *job, const float *g)
{
    for (size_t i = 0; i < job->n_pixels * 16; i++) {
        const float want = job->is_passed ? job->gy[i] : gradient(job, i);
        if (!kc_same(t, "gradient by u", &want, g + i, 1)) return false;
    }
    return true;
}

/* A pixel goes through one of two sums and their fold; x - mean is rounded before. */
static bool back_sums_are_near(kcheck *t, const fdml_affine_back *job, const float *sums)
{
    static const char *const names[] = { "sum of g", "sum of g (x - mean)", "sum of gy u" };
    const double lost = (double)job->n_pixels * 0x1p-150;
    const size_t n_roundings = (job->n_pixels + 1) / 2 + 1;
    for (size_t l = 0; l < 16; l++) {
        kc_sum y[3] = { { 0, 0, 0 } };
        for (size_t i = l; i < job->n_pixels * 16; i += 16) {
            const double g = (double)gradient(job, i), u = (double)affine_input(job, i);
            const double x = (double)job->x[i], mean = (double)job->mean[l];
            const double terms[3] = { g, g * (x - mean),
                                      job->slope && u < 0 ? (double)job->gy[i] * u : 0 };
            for (int k = 0; k < 3; k++) {
                y[k].value += terms[k];
                y[k].magnitude += fabs(terms[k]);
                y[k].bound += fabs(terms[k]);
            }
            y[1].magnitude += fabs(g) * (fabs(x) + fabs(mean)); /* on the way to x - mean */
        }
        for (int k = 0; k < 3; k++) {
            const size_t n = n_roundings + (k == 1);
            y[k].bound = kc_gamma(n) * y[k].bound + (k ? lost : 0);
            if (!kc_near_sum(t, names[k], l, sums[(size_t)k * 16 + l], y[k])) return false;
        }
    }
    return true;
}

static void back_sums_case(kcheck *t, size_t n_pixels, bool wants_g)
{
    kc_case(t, "n_pixels=%zu %s g", n_pixels, wants_g ? "with" : "without");
    const size_t size = n_pixels * 16;
    fdml_affine_back job;
    random_job(t, &job, n_pixels);
    job.mean = kc_pixels(t, 16, KC_ZERO);
    float *want = kc_words(t, 48), *got = kc_words(t, 48), *in_place = kc_words(t, 48);
    float *want_g = kc_words(t, size), *got_g = kc_words(t, size), *gy = kc_words(t, size);
    job.g = wants_g ? want_g : NULL;
    t->ref->affine_back_sums(&job, want);
    job.g = wants_g ? got_g : NULL;
    t->k->affine_back_sums(&job, got);
    fdml_affine_back again = job;
    memcpy(gy, job.gy, size * sizeof *gy);
    again.gy = again.g = gy;
    t->k->affine_back_sums(&again, in_place);
    (void)(kc_same(t, "sums", want, got, 48) && kc_same(t, "g", want_g, got_g, size) &&
           kc_same(t, "sums in place", got, in_place, 48) && gradients_are_right(t, &job, gy) &&
           (!wants_g || kc_same(t, "g in place", got_g, gy, size)) &&
           back_sums_are_near(t, &job, got) && kc_intact(t));
    while (kc_bench(t, n_pixels == 512)) t->k->affine_back_sums(&job, got);
}

void check_affine_back_sums(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++)
            back_sums_case(t, kc_size(t, s), i % 2);
}

/* One rounding each: a product, a fused x * of_x + constant, and their sum; of gx_add, too. */
static kc_sum back_sum(const fdml_affine_back *job, size_t i)
{
    const size_t l = i % 16;
    const double g = (double)(job->is_passed ? job->gy[i] : gradient(job, i));
    const double product = g * (double)job->of_g[l];
    kc_sum y = { product, fabs(product), kc_gamma(1) * fabs(product) + 0x1p-150 };
    if (job->of_x) {
        const double of_x = (double)job->x[i] * (double)job->of_x[l];
        const double constant = (double)job->constant[l];
        const double magnitude = fabs(of_x) + fabs(constant);
        y.bound += kc_gamma(1) * magnitude + 0x1p-150;
        y.magnitude += magnitude;
        y = kc_add(y, of_x + constant);
    }
    return job->gx_add ? kc_add(y, (double)job->gx_add[i]) : y;
}

/* The rest of a job; gx may not take the place of anything where there is gx_add. */
static void random_rest(kcheck *t, fdml_affine_back *job, bool has_gx_add)
{
    const int kinds = kc_below(t, 2) ? KC_ALL : KC_ZERO | KC_DENORMAL;
    job->is_passed = kc_below(t, 2);
    job->of_g = kc_pixels(t, 16, kinds);
    job->of_x = kc_some(t, 16, kinds);
    job->constant = job->of_x ? kc_pixels(t, 16, kinds) : NULL;
    if (has_gx_add) job->gx_add = kc_pixels(t, job->n_pixels * 16, kinds);
}

/* Again with g in the place of gy, and gx in the place of gy, of g, or of both. */
static bool back_in_place(kcheck *t, const fdml_affine_back *job, const float *want_g,
                          const float *want)
{
    const size_t size = job->n_pixels * 16;
    fdml_affine_back again = *job;
    float *gy = kc_words(t, size), *other = kc_words(t, size);
    memcpy(gy, job->gy, size * sizeof *gy);
    again.gy = gy;
    const uint32_t how = job->gx_add ? 0 : kc_below(t, 4);
    again.g = how == 1 ? NULL : how == 2 ? other : gy;
    again.gx = how == 0 || how == 2 ? other : gy;
    t->k->affine_back(&again);
    return kc_same(t, "gx in place", want, again.gx, size) &&
           (how || kc_same(t, "g in place", want_g, again.g, size));
}

static void back_case(kcheck *t, size_t n_pixels, bool wants_g, bool has_gx_add)
{
    kc_case(t, "n_pixels=%zu %s g", n_pixels, wants_g ? "with" : "without");
    const size_t size = n_pixels * 16;
    fdml_affine_back job;
    random_job(t, &job, n_pixels);
    random_rest(t, &job, has_gx_add);
    float *want = kc_words(t, size), *got = kc_words(t, size);
    float *want_g = kc_words(t, size), *got_g = kc_words(t, size);
    job.gx = want, job.g = want_g;
    t->ref->affine_back(&job);
    job.gx = got, job.g = wants_g ? got_g : NULL;
    t->k->affine_back(&job);
    if (!kc_same(t, "gx", want, got, size) || !gradients_are_right(t, &job, want_g) ||
        (wants_g && !kc_same(t, "g", want_g, got_g, size)) ||
        !back_in_place(t, &job, want_g, want))
        return;
    for (size_t i = 0; i < size; i++)
        if (!kc_near_sum(t, "gx", i, got[i], back_sum(&job, i))) return;
    kc_intact(t);
    while (kc_bench(t, n_pixels == 512)) t->k->affine_back(&job);
}

void check_affine_back(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 12 && !t->has_failed; i++)
            back_case(t, kc_size(t, s), i % 2, i / 2 % 2);
}
