/* test_eval_sketch.c - permutation tests of pair metrics keep their level.
 *
 * Groups are drawn at random among whole classes, one of them much smaller than the other: a
 * true null, under which p must be uniform. A test that forgets that a small group has a larger
 * share of same-class pairs calls uniformity unequal nearly every time. And where the small
 * group's classes do lie closer together, the test must see it.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "eval/audit.h"

enum {
    CLASSES = 60,
    PER_CLASS = 5,
    ROWS = CLASSES * PER_CLASS,
    DIM = 6,
    SMALL = 8,
    N_KEYS = 4
};

static const char *const keys[N_KEYS] = { "alignment_inter", "alignment_ratio", "uniformity",
                                          "class_ratio" };

/* One data set; the SMALL classes of the first group are pulled towards a point by `pull`. */
static void p_values(double p[N_KEYS], uint32_t seed, double pull)
{
    static float x[ROWS * DIM];
    static uint32_t label[ROWS], group[ROWS];
    uint32_t order[CLASSES];
    fdml_rng rng;
    fdml_rng_init(&rng, 99, 1, seed);
    for (uint32_t c = 0; c < CLASSES; c++) order[c] = c;
    fdml_rng_shuffle(&rng, order, CLASSES);
    for (uint32_t c = 0; c < CLASSES; c++) {
        double centre[DIM];
        const int is_small = order[c] < SMALL;
        for (int d = 0; d < DIM; d++)
            centre[d] = fdml_rng_normal(&rng) + (is_small && d == 0 ? pull : 0);
        for (uint32_t i = c * PER_CLASS; i < (c + 1) * PER_CLASS; i++) {
            label[i] = c;
            group[i] = !is_small;
            for (int d = 0; d < DIM; d++)
                x[i * DIM + d] = (float)(centre[d] + 0.3 * fdml_rng_normal(&rng));
        }
    }
    static const char *const levels[] = { "a", "b" };
    static const char *names[CLASSES];
    for (int c = 0; c < CLASSES; c++) names[c] = "class";
    const fdml_factor label_factor = { "label", ROWS, CLASSES, label, names };
    const fdml_factor group_factor = { "group", ROWS, 2, group, levels };
    const fdml_problem problem = { .x = x,
                                   .n_rows = ROWS,
                                   .dim = DIM,
                                   .distance = FDML_COSINE,
                                   .label = &label_factor,
                                   .attributes = &group_factor,
                                   .n_attributes = 1 };
    const fdml_machine machine = { .kernels = fdml_kernels_best(), .n_threads = 1 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_audit_settings settings = { .reference = "overall",
                                     .min_group = 20,
                                     .n_permutations = 99,
                                     .confidence = 0.95,
                                     .seed = seed,
                                     .alignment_power = 2,
                                     .kmeans_iterations = 1,
                                     .kmeans_redo = 1 };
    const uint32_t k = 1;
    fdml_error err = { 0 };
    fdml_metric_parts parts;
    cr_assert_eq(fdml_metrics_parse(&settings.metrics, &settings.n_metrics, &parts, "geometry",
                                    &k, 1, FDML_DML, &arena, &err),
                 FDML_OK, "%s", err.text);
    fdml_audit_result result;
    cr_assert_eq(fdml_audit(&result, &problem, &settings, &machine, &arena, &err), FDML_OK,
                 "%s", err.text);
    for (int key = 0; key < N_KEYS; key++) {
        p[key] = -1;
        for (size_t g = 0; g < result.n_gaps; g++)
            if (!strcmp(settings.metrics[result.gaps[g].metric].key, keys[key])) {
                p[key] = result.gaps[g].p;
                cr_assert_str_eq(result.gaps[g].p_method, "permutation");
            }
    }
    fdml_arena_close(&arena);
}

/* Of 200 true nulls a test at 5% rejects 10, and by binomial chance between 1 and 23 (1 in
 * 10,000 each side). */
Test(sketch, p_of_pair_metrics_is_uniform_under_a_true_null)
{
    int rejected[N_KEYS] = { 0 }, low_half[N_KEYS] = { 0 };
    for (uint32_t run = 0; run < 200; run++) {
        double p[N_KEYS];
        p_values(p, run, 0);
        for (int key = 0; key < N_KEYS; key++) {
            cr_assert(p[key] > 0 && p[key] <= 1);
            rejected[key] += p[key] <= 0.05;
            low_half[key] += p[key] <= 0.5;
        }
    }
    for (int key = 0; key < N_KEYS; key++) {
        cr_expect(rejected[key] >= 1 && rejected[key] <= 23, "%s: %d of 200", keys[key],
                  rejected[key]);
        cr_expect(low_half[key] >= 73 && low_half[key] <= 127, "%s: %d of 200", keys[key],
                  low_half[key]);
    }
}

Test(sketch, crowded_groups_are_found)
{
    int found[N_KEYS] = { 0 };
    for (uint32_t run = 0; run < 20; run++) {
        double p[N_KEYS];
        p_values(p, 1000 + run, 4);
        for (int key = 0; key < N_KEYS; key++) found[key] += p[key] <= 0.05;
    }
    cr_expect_geq(found[0], 18, "alignment_inter: %d of 20", found[0]);
    cr_expect_geq(found[2], 18, "uniformity: %d of 20", found[2]);
}
