/* test_eval_leakage.c - the readers against plain code and against what must hold: nothing
 * known is chance, everything known is 1. Their regression: test_eval_linear_model.c.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/leakage.h"
#include "eval/result_hash.h"
#include "eval_world.h"

static fdml_error err;

/* --- the readers ------------------------------------------------------------------------ */

static fdml_leakage_result leak(eval_world *w, fdml_audit_result *result, size_t attribute)
{
    eval_world_metrics(w, "leakage");
    eval_world_audit(result, w);
    cr_assert_eq(result->n_leakage, w->problem.n_attributes);
    return result->leakage[attribute];
}

/* The definition, row by row, in double. */
static double plain_knn(eval_world *w, const uint32_t *code, size_t n_values)
{
    const double *rows = eval_rows(w);
    double hit[8] = { 0 }, n[8] = { 0 }, sum = 0;
    for (size_t i = 0; i < w->n_rows; i++) n[code[i]]++;
    for (size_t i = 0; i < w->n_rows; i++) {
        double vote[8] = { 0 }, before = -1;
        uint32_t first[8] = { 0 };
        size_t seen = (size_t)-1, best = 0;
        for (uint32_t k = 0; k < 10; k++) { /* the next farther one */
            size_t next = (size_t)-1;
            double nearest = INFINITY;
            for (size_t j = 0; j < w->n_rows; j++) {
                const double d = eval_squared(rows, w->dim, i, j);
                if (w->label[j] == w->label[i] || d < before || (d == before && j <= seen) ||
                    d >= nearest)
                    continue;
                nearest = d;
                next = j;
            }
            if (vote[code[next]] == 0) first[code[next]] = k;
            vote[code[next]] += 1;
            before = nearest;
            seen = next;
        }
        for (size_t v = 1; v < n_values; v++) {
            const double a = vote[v] * n[best], b = vote[best] * n[v];
            if (a > b || (a == b && vote[v] > 0 && first[v] < first[best])) best = v;
        }
        hit[code[i]] += best == code[i];
    }
    for (size_t v = 0; v < n_values; v++) sum += hit[v] / n[v] / (double)n_values;
    return sum;
}

Test(eval_leakage, knn_by_definition)
{
    for (int distance = FDML_COSINE; distance <= FDML_L2; distance++) {
        eval_world w;
        fdml_audit_result r;
        eval_world_make(&w, 180, 5, 45, 3, .5, 3);
        w.problem.distance = (fdml_distance)distance;
        w.problem.n_attributes = 2;
        for (size_t i = 0; i < 180; i++) w.code[1][i] = i % 7 == 0; /* rare, within classes */
        leak(&w, &r, 0);
        cr_assert_float_eq(r.leakage[0].knn.value, plain_knn(&w, w.code[0], 3), 1e-12);
        cr_assert_float_eq(r.leakage[1].knn.value, plain_knn(&w, w.code[1], 2), 1e-12);
        eval_world_close(&w);
    }
}

/* Classes at random places, of values at random: both intervals hold chance. */
Test(eval_leakage, nothing_known_is_chance)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 1600, 8, 400, 4, .5, 11);
    const fdml_leakage_result l = leak(&w, &r, 0);
    cr_assert_eq(l.n_values, 4u);
    cr_assert_eq(l.n_rows, 1600u);
    cr_assert_eq(l.chance, .25);
    cr_assert(l.logistic.lo < .25 && l.logistic.hi > .25, "%g %g", l.logistic.lo,
              l.logistic.hi);
    cr_assert(l.knn.lo < .25 && l.knn.hi > .25, "%g %g", l.knn.lo, l.knn.hi);
    cr_assert(l.logistic.hi - l.logistic.lo < .1);
    eval_world_close(&w);
}

Test(eval_leakage, everything_known_is_one)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 300, 4, 60, 3, .5, 5);
    memset(w.x, 0, 300 * 4 * sizeof *w.x);
    for (size_t i = 0; i < 300; i++) w.x[i * 4 + w.code[0][i]] = 1;
    const fdml_leakage_result l = leak(&w, &r, 0);
    cr_assert(l.logistic.value == 1 && l.knn.value == 1, "%g %g", l.logistic.value,
              l.knn.value);
    cr_assert(l.logistic.lo == 1 && l.logistic.hi == 1);
    eval_world_close(&w);
}

/* Only the class is known, and the class tells the value: within classes that is no leakage. */
Test(eval_leakage, classmates_tell_nothing)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 600, 16, 100, 2, .01, 7); /* tight classes at random places */
    const fdml_leakage_result l = leak(&w, &r, 0);
    cr_assert(fabs(l.logistic.value - .5) < .2, "%g", l.logistic.value);
    cr_assert(fabs(l.knn.value - .5) < .2, "%g", l.knn.value);
    eval_world_close(&w);
}

/* A value of 1 in 20 is read as well as the other: neither counts by its number of rows. */
Test(eval_leakage, rare_values_count_alike)
{
    eval_world w;
    fdml_audit_result r;
    fdml_rng rng;
    eval_world_make(&w, 2000, 3, 200, 2, .5, 9);
    w.problem.distance = FDML_L2;
    fdml_rng_init(&rng, 1, 2, 3);
    for (size_t i = 0; i < 2000; i++) {
        w.code[0][i] = w.label[i] % 20 == 0;
        for (size_t d = 0; d < 3; d++) w.x[i * 3 + d] = (float)fdml_rng_normal(&rng);
        w.x[i * 3] += (float)w.code[0][i] * 2;
    }
    const fdml_leakage_result l = leak(&w, &r, 0);
    /* two normals, two deviations apart: the best reader has Phi(1) = .841 of either */
    cr_assert(fabs(l.logistic.value - .841) < .05, "%g", l.logistic.value);
    cr_assert(l.knn.value > .7 && l.knn.value < .88, "%g", l.knn.value);
    eval_world_close(&w);
}

Test(eval_leakage, small_groups_are_left_out)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 300, 4, 30, 3, .5, 5);
    for (size_t i = 0; i < 300; i++) /* value 2: of one class; value 1: of nine rows */
        w.code[0][i] = w.label[i] == 29 ? 2 : i < 9 ? 1 : 0;
    w.settings.min_group = 10;
    fdml_leakage_result l = leak(&w, &r, 0);
    cr_assert_eq(l.n_values, 1u);
    cr_assert(isnan(l.chance) && isnan(l.logistic.value) && isnan(l.knn.value));
    cr_assert_str_eq(l.knn.why, "insufficient data (1 value with 10 rows and two classes)");
    eval_world_metrics(&w, "leakage");
    w.settings.min_group = 9;
    l = leak(&w, &r, 0);
    cr_assert(l.n_values == 2 && l.n_rows == 290 && l.chance == .5);
    cr_assert(!isnan(l.logistic.value) && !isnan(l.knn.value) && l.knn.n == 290);
    eval_world_close(&w);
}

Test(eval_leakage, same_bits_anywhere)
{
    char first[FDML_SHA256_HEX], again[FDML_SHA256_HEX];
    for (int distance = FDML_COSINE; distance <= FDML_IP; distance++) {
        eval_world w;
        fdml_audit_result r;
        eval_world_make(&w, 700, 19, 70, 3, 1, 5);
        w.problem.distance = (fdml_distance)distance;
        w.problem.n_attributes = 2;
        for (size_t i = 0; fdml_kernels_list(i); i++)
            for (int threads = 1; threads <= 4; threads += 3) {
                w.machine.kernels = fdml_kernels_list(i);
                w.machine.n_threads = threads;
                leak(&w, &r, 0);
                fdml_result_hash(i || threads > 1 ? again : first, &r);
                if (i || threads > 1) cr_assert_str_eq(first, again);
            }
        w.settings.seed = 2; /* other halves, and the hash sees it */
        leak(&w, &r, 0);
        fdml_result_hash(again, &r);
        cr_assert_str_neq(first, again);
        eval_world_close(&w);
    }
}

Test(eval_leakage, needs_an_attribute)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 60, 4, 6, 3, .5, 5);
    w.problem.n_attributes = 0;
    eval_world_metrics(&w, "leakage");
    cr_assert_eq(fdml_audit(&r, &w.problem, &w.settings, &w.machine, &w.arena, &err),
                 FDML_E_ARG);
    cr_assert_str_eq(err.text, "leakage is that of a group column, and none is given");
    eval_world_close(&w);
}
