/* test_eval_audit_slices.c - slices as part of an audit: regions of the embedding, what is said
 * of a finding, the same bits everywhere, memory, and data with nothing to find.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/result_hash.h"
#include "eval/slices.h"
#include "eval_world.h"

enum { CLASSES = 160, ROWS = 960, DIM = 16 };

/* Classes about random places; those of the odd half, g = 1, about a place of their own, where
 * h = 1 in four of five rows and elsewhere in one. Rows there have more noise. */
static void make_world(eval_world *w, double noise_there)
{
    static const uint32_t clusters[] = { 2, 8 };
    fdml_rng rng;
    double centre[CLASSES][DIM];
    eval_world_make(w, ROWS, DIM, CLASSES, 2, 0.3, 4);
    fdml_rng_init(&rng, 4, 95, 0);
    for (size_t k = 0; k < CLASSES; k++)
        for (size_t d = 0; d < DIM; d++)
            centre[k][d] = fdml_rng_normal(&rng) + (k % 2 && d < 4 ? 6 : 0);
    for (size_t i = 0; i < ROWS; i++) {
        const uint32_t k = w->label[i];
        w->code[1][i] = (fdml_rng_below(&rng, 5) == 0) != (k % 2);
        for (size_t d = 0; d < DIM; d++)
            w->x[i * DIM + d] =
                (float)(centre[k][d] + (k % 2 ? noise_there : 0.4) * fdml_rng_normal(&rng));
    }
    w->problem.distance = FDML_L2;
    w->settings.with_slices = true;
    w->settings.slices = (fdml_slice_settings){
        .depth = 2, .min_rows = 20, .clusters = clusters, .n_clusters = 2
    };
    eval_world_metrics(w, "recall_at_1,map_at_r");
}

static const fdml_slice *find(const fdml_audit_result *r, const char *name)
{
    for (size_t i = 0; i < r->slices->n; i++) {
        const fdml_slice *s = &r->slices->slice[i];
        if (!strcmp(s->name, name) || (s->same && !strcmp(s->same, name))) return s;
    }
    return NULL;
}

/* Only h is known of the rows; the region shows what h does not. */
Test(eval_audit_slices, finds_a_region)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 1.6);
    w.problem.attributes = &w.attribute[1];
    eval_world_audit(&r, &w);
    cr_assert_null(r.slices->why);
    const fdml_slice *s = find(&r, "cluster 1 of 2");
    if (!s) s = find(&r, "cluster 2 of 2");
    cr_assert(s, "%zu found", r.slices->n);
    cr_expect_eq(s->n_conditions, 0u);
    cr_expect_eq(s->n, ROWS / 2);
    cr_expect_eq(s->n_classes, CLASSES / 2);
    cr_expect_eq(w.label[s->example] % 2, 1u);
    cr_expect(s->difference.value < -0.1 && s->difference.hi < 0);
    cr_assert_eq(s->n_traits, 1u);
    cr_expect_str_eq(s->trait[0].column, "h");
    cr_expect_str_eq(s->trait[0].value, "1");
    cr_expect(fabs(s->trait[0].share - 0.8) < 0.06 && fabs(s->trait[0].rest - 0.2) < 0.06);
    cr_expect(s->explained && strstr(s->explained, "h=1"), "%s", s->explained);
    eval_world_close(&w);
}

/* With g known, the region is g=1, and the numbers are those of the group g=1. */
Test(eval_audit_slices, numbers_of_a_finding)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 1.6);
    w.settings.with_per_query = true;
    for (size_t m = 0; m < 2; m++) {
        w.settings.slices.metric = m;
        eval_world_audit(&r, &w);
        const fdml_slice *s = find(&r, "g=1");
        cr_assert(s && s == &r.slices->slice[0]);
        cr_expect(s->same && strstr(s->same, " of 2"), "%s", s->same);
        double value[2] = { 0 }, all = 0, worst = INFINITY;
        for (size_t i = 0; i < ROWS; i++) {
            const double one = r.per_query[i * 2 + m];
            value[w.label[i] % 2] += one / (ROWS / 2.0);
            all += 1 - one;
            if (w.label[i] % 2) worst = fmin(worst, one);
        }
        cr_expect_float_eq(s->value.value, r.groups[1].metrics[m].value, 1e-6);
        cr_expect_float_eq(s->value.value, value[1], 1e-6); /* losses are floats */
        cr_expect_float_eq(s->rest.value, value[0], 1e-6);
        cr_expect_float_eq(s->difference.value, value[1] - value[0], 1e-6);
        cr_expect_float_eq(s->excess, (value[0] - value[1]) * ROWS / 2, 1e-3);
        cr_expect_float_eq(s->loss_share, (1 - value[1]) * ROWS / 2 / all, 1e-6);
        cr_expect_float_eq(s->lift, 2 * s->loss_share, 1e-12);
        cr_expect(s->difference.lo < s->difference.value &&
                  s->difference.value < s->difference.hi);
        cr_expect_eq(s->p, 1.0 / 201);
        cr_expect_eq(s->p_search, 1.0 / 201);
        cr_expect_eq(r.per_query[s->example * 2 + m], worst);
        cr_expect(r.slices->n_tried >= 8 && r.slices->n_queries == ROWS);
        cr_expect(r.slices->detectable_least > 0 &&
                  r.slices->detectable_least < r.slices->detectable_most);
    }
    eval_world_close(&w);
}

/* No query fails more than another: no finding, and a reason where nothing can be tested. */
Test(eval_audit_slices, nothing_to_find)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 0.4);
    w.settings.slices.metric = 0;
    eval_world_audit(&r, &w);
    cr_expect_eq(r.slices->n, 0u);
    eval_world_close(&w);

    static uint8_t asks[60] = { [7] = 1 };
    eval_world_make(&w, 60, 4, 20, 2, 0.1, 1);
    w.problem.is_query = asks;
    w.settings.with_slices = true;
    w.settings.slices = (fdml_slice_settings){ .depth = 2, .min_rows = 20 };
    eval_world_metrics(&w, "recall_at_1");
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.slices->why, "fewer than two queries have a possible match");
    cr_expect_eq(r.slices->n, 0u);
    eval_world_close(&w);

    eval_world_make(&w, 120, 8, 30, 2, 1e-3, 1); /* every query is right */
    w.settings.with_slices = true;
    w.settings.slices = (fdml_slice_settings){ .depth = 2, .min_rows = 20 };
    eval_world_metrics(&w, "recall_at_1");
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.slices->why, "all queries have the same value");
    w.problem.n_attributes = 0;
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.slices->why, "there is no column to make slices of");
    eval_world_close(&w);

    make_world(&w, 1.6);
    w.settings.slices.min_rows = ROWS;
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.slices->why, "no slice has enough queries and classes to be tested");
    cr_expect_gt(r.slices->n_small, 0u);
    eval_world_close(&w);
}

Test(eval_audit_slices, same_bits_everywhere)
{
    char want[FDML_SHA256_HEX], got[FDML_SHA256_HEX];
    const fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)) != NULL; i++)
        for (int n_threads = 1; n_threads <= 4; n_threads += 3) {
            eval_world w;
            fdml_audit_result r;
            make_world(&w, 1.2);
            w.problem.n_attributes = 2;
            w.settings.slices.metric = 1;
            w.machine.kernels = kernels;
            w.machine.n_threads = n_threads;
            eval_world_audit(&r, &w);
            cr_expect_gt(r.slices->n, 0u);
            fdml_result_hash(got, &r);
            if (!i && n_threads == 1) memcpy(want, got, sizeof want);
            cr_expect_str_eq(got, want, "%s, %d threads", kernels->isa, n_threads);
            eval_world_close(&w);
        }
}

/* Queries are exchanged where they are the unit; then columns of classes are found too easily,
 * which is the user's wish. Query and gallery rows apart. */
Test(eval_audit_slices, unit_query_and_split_rows)
{
    static uint8_t asks[ROWS], answers[ROWS];
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 1.6);
    for (size_t i = 0; i < ROWS; i++) {
        asks[i] = i % 3 == 0;
        answers[i] = !asks[i];
    }
    w.problem.is_query = asks;
    w.problem.is_gallery = answers;
    w.settings.unit = FDML_UNIT_QUERY;
    eval_world_audit(&r, &w);
    cr_expect_eq(r.slices->n_queries, ROWS / 3);
    const fdml_slice *s = find(&r, "g=1");
    cr_assert(s);
    cr_expect_eq(asks[s->example], 1);
    eval_world_close(&w);
}

Test(eval_audit_slices, memory_is_estimated)
{
    eval_world w;
    fdml_audit_result r;
    fdml_audit_cost with, without;
    make_world(&w, 1.2);
    w.problem.n_attributes = 2;
    w.settings.slices.depth = 3;
    eval_world_audit(&r, &w);
    fdml_audit_estimate(&with, &w.problem, &w.settings, &w.machine);
    cr_expect_leq(r.work_peak, with.bytes);
    cr_expect_geq(r.work_peak, with.bytes / 8);
    w.settings.with_slices = false;
    fdml_audit_estimate(&without, &w.problem, &w.settings, &w.machine);
    cr_expect_gt(with.flops, without.flops);
    eval_world_close(&w);
}

Test(eval_audit_slices, too_many_values_are_refused)
{
    eval_world w;
    fdml_audit_result r;
    fdml_error err;
    make_world(&w, 0.4);
    w.attribute[0].n_levels = 65;
    cr_expect_eq(fdml_audit(&r, &w.problem, &w.settings, &w.machine, &w.arena, &err),
                 FDML_E_LIMIT);
    cr_expect_str_eq(err.text, "slices: column g has 65 values, the limit is 64");
    eval_world_close(&w);
}
