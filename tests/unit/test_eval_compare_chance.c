/* test_eval_compare_chance.c - differences of two models by simulation: intervals cover, a test
 * of what is true rejects at its level, and what is called detectable is found as often as
 * said. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "eval/comparison.h"
#include "eval_world.h"

/* One thread: tests run beside each other, and bits do not depend on it. */
static void make_world(eval_world *w, size_t n_rows, size_t n_classes, uint64_t seed)
{
    eval_world_make(w, n_rows, 4, n_classes, 2, 1, seed);
    w->machine.n_threads = 1;
    w->settings.seed = seed;
}

/* Two models of the same rows: centres common to both, noise of their own and in common.
 * Centres lie about a point that is not 0, else classes would be spread evenly, and the
 * influence of one on alignment_inter would vanish. The odd classes have more noise, so that
 * gaps are true. */
static fdml_audit_other simulate(eval_world *w, double odd_noise, double own_new,
                                 double own_other, uint64_t seed)
{
    const size_t n_classes = w->label_factor.n_levels;
    float *y = fdml_arena_push(&w->arena, w->n_rows * w->dim, sizeof *y);
    fdml_rng rng;
    fdml_rng_init(&rng, seed, 78, 0);
    for (size_t d = 0; d < w->dim; d++) {
        double centre[64];
        for (size_t c = 0; c < n_classes; c++) centre[c] = 1 + fdml_rng_normal(&rng);
        for (size_t i = 0; i < w->n_rows; i++) {
            const double noise = w->label[i] % 2 ? odd_noise : 0.5;
            const double common = centre[w->label[i]] + noise * fdml_rng_normal(&rng);
            w->x[i * w->dim + d] = (float)(common + own_new * fdml_rng_normal(&rng));
            y[i * w->dim + d] = (float)(common + own_other * fdml_rng_normal(&rng));
        }
    }
    return (fdml_audit_other){ y, w->dim, "other" };
}

/* Under l2, E |f_i - f_j|^2 is 2 dim (.25 + s^2) within a class and 2 dim (1.25 + s^2) between
 * classes, s being the model's own noise. So both differ by 2 dim (s_new^2 - s_other^2). */
Test(eval_compare_chance, intervals_cover)
{
    enum { RUNS = 400, DIM = 4 };
    const double truth = 2 * DIM * (0.6 * 0.6 - 0.4 * 0.4);
    size_t n_covered[2][2] = { { 0 } }; /* metric; overall, group 0 */
    for (uint64_t run = 0; run < RUNS; run++) {
        eval_world w;
        fdml_audit_result r;
        make_world(&w, 240, 60, run);
        w.problem.distance = FDML_L2;
        w.settings.n_permutations = 0;
        eval_world_metrics(&w, "alignment_intra,alignment_inter");
        const fdml_audit_other other = simulate(&w, 0.5, 0.6, 0.4, run);
        w.settings.other = &other;
        eval_world_audit(&r, &w);
        for (size_t m = 0; m < 2; m++) {
            const fdml_estimate *e[] = { &r.comparison->overall[m].change,
                                         &r.comparison->groups[m].change };
            for (size_t i = 0; i < 2; i++)
                n_covered[m][i] += e[i]->lo <= truth && truth <= e[i]->hi;
        }
        cr_expect(isnan(r.comparison->overall[0].p) && !r.comparison->n_tests);
        eval_world_close(&w);
    }
    /* 95% of 400 with a standard deviation of 1.1%; 30 clusters cover a little less. */
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < 2; i++) {
            const double share = (double)n_covered[m][i] / RUNS;
            cr_expect(share > 0.90 && share < 0.985, "%zu %zu: %g", m, i, share);
        }
}

/* Share of runs with p <= .05: of an overall value, a group's and the gap. */
static void rejections(double share[3], const char *metric, double own_new,
                       fdml_distance distance)
{
    enum { RUNS = 400 };
    size_t n[3] = { 0 };
    for (uint64_t run = 0; run < RUNS; run++) {
        eval_world w;
        fdml_audit_result r;
        make_world(&w, 160, 40, run);
        w.problem.distance = distance;
        w.settings.n_bootstrap = 0;
        w.settings.n_permutations = 199;
        eval_world_metrics(&w, metric);
        const fdml_audit_other other = simulate(&w, 1, own_new, 0.5, run);
        w.settings.other = &other;
        eval_world_audit(&r, &w);
        n[0] += r.comparison->overall[0].p <= 0.05;
        n[1] += r.comparison->groups[0].p <= 0.05;
        n[2] += r.comparison->gaps[0].p <= 0.05;
        eval_world_close(&w);
    }
    for (size_t i = 0; i < 3; i++) share[i] = (double)n[i] / RUNS;
}

Test(eval_compare_chance, a_true_hypothesis_is_rejected_at_the_level)
{
    static const char *const metric[] = { "map_at_r", "alignment_inter", "uniformity",
                                          "class_ratio" };
    double share[3];
    for (size_t m = 0; m < 4; m++) {
        rejections(share, metric[m], 0.5, FDML_COSINE);
        for (size_t i = 0; i < 3; i++) /* 5% of 400: -+ 1.1% */
            cr_expect(share[i] > 0.012 && share[i] < 0.088, "%s %zu: %g", metric[m], i,
                      share[i]);
    }
    /* A model that is worse for everybody alike is found, and its gap is left alone. */
    rejections(share, "alignment_intra", 0.8, FDML_L2);
    cr_expect(share[0] > 0.95 && share[1] > 0.95, "%g %g", share[0], share[1]);
    cr_expect(share[2] < 0.088, "%g", share[2]);
}

/* With `detectable` at a share r of the true difference, a test finds it with probability
 * Phi((z_.975 + z_.8) / r - z_.975); at r = 1 that is the power it is said to have. */
Test(eval_compare_chance, what_is_detectable_is_detected)
{
    enum { RUNS = 400, DIM = 4 };
    const double own = 0.62, truth = 2 * DIM * (own * own - 0.5 * 0.5);
    size_t n_found = 0;
    double ratio = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        eval_world w;
        fdml_audit_result r;
        make_world(&w, 160, 40, run);
        w.problem.distance = FDML_L2;
        w.problem.n_attributes = 0;
        w.settings.n_permutations = 199;
        eval_world_metrics(&w, "alignment_intra");
        const fdml_audit_other other = simulate(&w, 0.5, own, 0.5, run);
        w.settings.other = &other;
        eval_world_audit(&r, &w);
        n_found += r.comparison->overall[0].p <= 0.05;
        ratio += r.comparison->overall[0].detectable / truth / RUNS;
        eval_world_close(&w);
    }
    const double power = (double)n_found / RUNS;
    const double z = (1.959964 + 0.841621) / ratio - 1.959964;
    const double want = 0.5 * erfc(-z / sqrt(2));
    cr_expect(ratio > 0.7 && ratio < 1.4, "%g", ratio);
    cr_expect_float_eq(power, want, 0.08, "%g, not %g, at %g", power, want, ratio);
}
