/* test_eval_audit.c - whole audits against plain loops in double, and what may not change them.
 *
 * Rows are random, so ranks have no ties and float nearness orders pairs as double does unless
 * two distances agree to seven digits, which these seeds do not have.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/stats.h"
#include "eval_world.h"

enum { N = 200, DIM = 8, CLASSES = 20, GROUPS = 2 };

static const fdml_estimate *group_estimate(const fdml_audit_result *r, const eval_world *w,
                                           size_t group, const char *key)
{
    return &r->groups[group].metrics[eval_metric(w, key)];
}

/* --- values by definition ------------------------------------------------------------- */

typedef struct plain {
    double recall_at_1, recall_at_4, r_precision, map_at_r, map, mrr;
    double intra, inter, uniformity, class_ratio;
} plain;

static void plain_retrieval(plain *p, const eval_world *w, const double *rows, uint32_t group)
{
    size_t n = 0;
    for (size_t q = 0; q < N; q++) {
        size_t hits = 0, relevant = 0, order[N];
        double at_r = 0, all = 0, first = 0;
        if (group < GROUPS && w->code[0][q] != group) continue;
        for (size_t i = 0; i < N; i++) {
            relevant += i != q && w->label[i] == w->label[q];
            size_t at = i;
            const double d = eval_squared(rows, DIM, q, i);
            for (; at && eval_squared(rows, DIM, q, order[at - 1]) > d; at--)
                order[at] = order[at - 1];
            order[at] = i;
        }
        size_t rank = 0, hits_at_r = 0;
        for (size_t k = 0; k < N; k++) {
            if (order[k] == q) continue;
            rank++;
            if (w->label[order[k]] != w->label[q]) continue;
            hits++;
            if (!first) first = (double)rank;
            all += (double)hits / (double)rank;
            if (rank <= relevant) at_r += (double)hits / (double)rank;
            hits_at_r += rank <= relevant;
        }
        n++;
        p->recall_at_1 += first <= 1;
        p->recall_at_4 += first <= 4;
        p->r_precision += (double)hits_at_r / (double)relevant;
        p->map_at_r += at_r / (double)relevant;
        p->map += all / (double)relevant;
        p->mrr += 1 / first;
    }
    double *mean[] = { &p->recall_at_1, &p->recall_at_4, &p->r_precision,
                       &p->map_at_r,    &p->map,         &p->mrr };
    for (size_t m = 0; m < 6; m++) *mean[m] /= (double)n;
}

static void plain_geometry(plain *p, const eval_world *w, const double *rows, uint32_t group,
                           unsigned power)
{
    double n_intra = 0, n_inter = 0, potential = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = i + 1; j < N; j++) {
            const bool inside =
                group == GROUPS || (w->code[0][i] == group && w->code[0][j] == group);
            if (!inside) continue;
            const double d2 = eval_squared(rows, DIM, i, j), d = power == 2 ? d2 : sqrt(d2);
            const bool same = w->label[i] == w->label[j];
            p->intra += same ? d : 0;
            p->inter += same ? 0 : d;
            n_intra += same;
            n_inter += !same;
            potential += exp(-2 * d2);
        }
    }
    p->intra /= n_intra;
    p->inter /= n_inter;
    p->uniformity = log(potential / (n_intra + n_inter));
}

static void compare(const fdml_estimate *estimates, const eval_world *w, const plain *p,
                    double bound)
{
    const struct {
        const char *key;
        double want, bound;
    } list[] = { { "recall_at_1", p->recall_at_1, 1e-14 },
                 { "recall_at_4", p->recall_at_4, 1e-14 },
                 { "precision_at_1", p->recall_at_1, 1e-14 },
                 { "r_precision", p->r_precision, 1e-14 },
                 { "map_at_r", p->map_at_r, 1e-14 },
                 { "map", p->map, 1e-14 },
                 { "mrr", p->mrr, 1e-14 },
                 { "alignment_intra", p->intra, bound },
                 { "alignment_inter", p->inter, bound },
                 { "alignment_ratio", p->intra / p->inter, bound },
                 { "uniformity", p->uniformity, 2e-5 } };
    for (size_t m = 0; m < sizeof list / sizeof *list; m++) {
        const fdml_estimate *e = &estimates[eval_metric(w, list[m].key)];
        cr_expect_float_eq(e->value, list[m].want, list[m].bound, "%s is %.12g, not %.12g",
                           list[m].key, e->value, list[m].want);
        cr_expect(e->lo <= e->value && e->value <= e->hi, "%s outside its interval",
                  list[m].key);
    }
}

static void against_definition(fdml_distance distance, unsigned power, fdml_unit unit)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, N, DIM, CLASSES, GROUPS, 0.8, 21);
    w.problem.distance = distance;
    w.settings.alignment_power = power;
    w.settings.unit = unit;
    eval_world_metrics(&w, "retrieval,geometry");
    eval_world_audit(&r, &w);
    const double *rows = eval_rows(&w);
    /* Power 2 is in double throughout. Power 1 and potentials come from float tiles: d^2 is off
     * by (2 dim + 4) 2^-24 times the rows' squared length, at most 40 here, on sums of ~30
     * exp(-2 d^2) <= 1; d by that over 2 d, d >= 0.3. */
    const double bound = power == 2 ? 1e-12 : distance == FDML_COSINE ? 1e-5 : 2e-4;
    for (uint32_t g = 0; g <= GROUPS; g++) {
        plain p = { 0 };
        plain_retrieval(&p, &w, rows, g);
        plain_geometry(&p, &w, rows, g, power);
        compare(g == GROUPS ? r.overall : r.groups[g].metrics, &w, &p, bound);
    }
    cr_expect_eq(r.n_groups, GROUPS);
    cr_expect_eq(r.groups[0].n, N / 2);
    cr_expect_eq(r.n_lone, 0);
    cr_expect_eq(group_estimate(&r, &w, 0, "recall_at_1")->n, N / 2);
    cr_expect_eq(group_estimate(&r, &w, 0, "alignment_intra")->n, 10 * 45);
    eval_world_close(&w);
}

Test(eval_audit, values_by_definition)
{
    against_definition(FDML_COSINE, 2, FDML_UNIT_CLASS);
    against_definition(FDML_COSINE, 1, FDML_UNIT_QUERY);
    against_definition(FDML_L2, 2, FDML_UNIT_QUERY);
    against_definition(FDML_L2, 1, FDML_UNIT_CLASS);
}

/* --- intervals against the bootstrap they stand for ------------------------------------ */

/* Interval of a pair metric by resampling classes and recomputing all pairs with weights. */
static void slow_interval(double *lo, double *hi, const eval_world *w, const double *rows,
                          bool is_uniformity)
{
    enum { B = 400 };
    static double s[CLASSES][CLASSES], n[CLASSES][CLASSES], value[B];
    memset(s, 0, sizeof s);
    memset(n, 0, sizeof n);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            const double d2 = eval_squared(rows, DIM, i, j);
            if (i == j || (!is_uniformity && w->label[i] == w->label[j])) continue;
            s[w->label[i]][w->label[j]] += is_uniformity ? exp(-2 * d2) : d2;
            n[w->label[i]][w->label[j]] += 1;
        }
    }
    for (uint32_t b = 0; b < B; b++) {
        double weight[CLASSES] = { 0 }, above = 0, below = 0;
        fdml_rng rng;
        fdml_rng_init(&rng, 4242, 0, b);
        for (size_t c = 0; c < CLASSES; c++) weight[fdml_rng_below(&rng, CLASSES)] += 1;
        for (size_t c = 0; c < CLASSES; c++) {
            for (size_t e = 0; e < CLASSES; e++) {
                /* Copies of one class are apart, so pairs inside weigh w. */
                const double product = c == e ? weight[c] : weight[c] * weight[e];
                above += product * s[c][e];
                below += product * n[c][e];
            }
        }
        value[b] = is_uniformity ? log(above / below) : above / below;
    }
    fdml_bootstrap_interval(lo, hi, value, B, 0.95, fdml_freedom_of(CLASSES));
}

Test(eval_audit, linearised_intervals_are_those_of_the_pairs)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, N, DIM, CLASSES, GROUPS, 0.8, 5);
    w.settings.n_bootstrap = 2000;
    eval_world_metrics(&w, "alignment_inter,uniformity");
    eval_world_audit(&r, &w);
    const double *rows = eval_rows(&w);
    for (size_t m = 0; m < 2; m++) {
        double lo, hi;
        slow_interval(&lo, &hi, &w, rows, m == 1);
        const double width = hi - lo, own = r.overall[m].hi - r.overall[m].lo;
        /* 20 classes: second-order terms are of relative size 1/sqrt(20), the simulated ends
         * of 400 replicates of a tenth of the width. */
        cr_expect_float_eq(own / width, 1, 0.35, "width %g, not %g", own, width);
        cr_expect_float_eq(r.overall[m].lo, lo, 0.3 * width);
        cr_expect_float_eq(r.overall[m].hi, hi, 0.3 * width);
    }
    eval_world_close(&w);
}

Test(eval_audit, intervals_cover)
{
    /* 90% intervals of recall_at_1's gap between two groups drawn alike: the true gap is 0. */
    enum { RUNS = 120 };
    size_t covered = 0, rejected = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        eval_world w;
        fdml_audit_result r;
        eval_world_make(&w, 240, 4, 60, 2, 0.5, 1000 + run);
        w.settings.confidence = 0.9;
        w.settings.n_bootstrap = w.settings.n_permutations = 99;
        w.settings.reference = "1";
        eval_world_metrics(&w, "recall_at_1");
        eval_world_audit(&r, &w);
        const fdml_estimate *signed_gap = &r.groups[0].versus[0];
        covered += signed_gap->lo <= 0 && 0 <= signed_gap->hi;
        rejected += r.gaps[0].p <= 0.1;
        eval_world_close(&w);
    }
    const double five = 5 * sqrt(0.9 * 0.1 / RUNS);
    cr_expect_float_eq((double)covered / RUNS, 0.9, five, "%zu covered", covered);
    cr_expect_leq((double)rejected / RUNS, 0.1 + five, "%zu rejected", rejected);
}

/* --- what may not change anything ------------------------------------------------------ */

static void expect_same(const fdml_audit_result *a, const fdml_audit_result *b,
                        size_t n_metrics)
{
    for (size_t m = 0; m < n_metrics; m++) {
        cr_expect_arr_eq(&a->overall[m].value, &b->overall[m].value, 3 * sizeof(double));
        for (size_t g = 0; g < a->n_groups; g++) {
            cr_expect_arr_eq(&a->groups[g].metrics[m].value, &b->groups[g].metrics[m].value,
                             3 * sizeof(double));
            cr_expect_arr_eq(&a->groups[g].versus[m].value, &b->groups[g].versus[m].value,
                             3 * sizeof(double));
        }
    }
    for (size_t i = 0; i < a->n_gaps; i++) {
        cr_expect_arr_eq(&a->gaps[i].difference.value, &b->gaps[i].difference.value,
                         3 * sizeof(double));
        cr_expect_arr_eq(&a->gaps[i].p, &b->gaps[i].p, 2 * sizeof(double));
    }
    for (size_t p = 0; p < a->verification.n_points; p++)
        cr_expect_arr_eq(&a->verification.point[p].fmr.value,
                         &b->verification.point[p].fmr.value, 3 * sizeof(double));
}

Test(eval_audit, threads_and_instruction_sets_change_no_bit)
{
    static const double targets[] = { 0.1, 0.01 };
    static const int threads[] = { 2, 7, 1 };
    eval_world w;
    fdml_audit_result first, again;
    eval_world_make(&w, 700, 9, 60, 3, 0.8, 9);
    w.problem.n_attributes = 2;
    w.settings.fmr_targets = targets;
    w.settings.n_fmr_targets = 2;
    eval_world_metrics(&w, "all");
    w.machine.n_threads = 1;
    eval_world_audit(&first, &w);
    for (size_t t = 0; t < 3; t++) {
        w.machine.n_threads = threads[t];
        if (t == 2) w.machine.kernels = fdml_kernels_find("scalar");
        eval_world_audit(&again, &w);
        expect_same(&first, &again, w.settings.n_metrics);
    }
    eval_world_close(&w);
}

Test(eval_audit, scaling_rows_changes_nothing_under_cosine)
{
    eval_world w;
    fdml_audit_result first, again;
    eval_world_make(&w, N, DIM, CLASSES, GROUPS, 0.8, 10);
    eval_world_metrics(&w, "findml,geometry");
    eval_world_audit(&first, &w);
    for (size_t i = 0; i < N; i++) /* powers of two: scaled back without rounding */
        for (size_t d = 0; d < DIM; d++)
            w.x[i * DIM + d] = ldexpf(w.x[i * DIM + d], (int)i % 9);
    eval_world_audit(&again, &w);
    expect_same(&first, &again, w.settings.n_metrics);
    eval_world_close(&w);
}

Test(eval_audit, order_of_rows_does_not_matter)
{
    eval_world w, v;
    fdml_audit_result first, again;
    uint32_t order[N];
    fdml_rng rng;
    fdml_rng_init(&rng, 6, 0, 0);
    eval_world_make(&w, N, DIM, CLASSES, GROUPS, 0.8, 11);
    eval_world_make(&v, N, DIM, CLASSES, GROUPS, 0.8, 11);
    for (uint32_t i = 0; i < N; i++) order[i] = i;
    fdml_rng_shuffle(&rng, order, N);
    for (size_t i = 0; i < N; i++) {
        memcpy(v.x + i * DIM, w.x + order[i] * DIM, DIM * sizeof(float));
        v.label[i] = w.label[order[i]];
        v.code[0][i] = w.code[0][order[i]];
    }
    eval_world_metrics(&w, "retrieval,geometry");
    eval_world_metrics(&v, "retrieval,geometry");
    eval_world_audit(&first, &w);
    eval_world_audit(&again, &v);
    for (size_t m = 0; m < w.settings.n_metrics; m++) {
        cr_expect_float_eq(first.overall[m].value, again.overall[m].value, 1e-6);
        for (size_t g = 0; g < GROUPS; g++)
            cr_expect_float_eq(first.groups[g].metrics[m].value,
                               again.groups[g].metrics[m].value, 1e-6, "%s",
                               w.settings.metrics[m].key);
    }
    eval_world_close(&w);
    eval_world_close(&v);
}

Test(eval_audit, a_perfect_embedding_scores_one)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 120, 64, 12, 2, 1e-4, 12);
    eval_world_metrics(&w, "retrieval,cluster,verification");
    eval_world_audit(&r, &w);
    for (size_t m = 0; m < w.settings.n_metrics; m++) {
        cr_expect_eq(r.overall[m].value, 1, "%s", w.settings.metrics[m].key);
        cr_expect_eq(r.overall[m].lo, 1);
        cr_expect_eq(r.groups[1].metrics[m].value, 1);
        cr_expect_eq(r.gaps[m].difference.value, 0);
        cr_expect_eq(r.gaps[m].p, 1);
    }
    cr_expect_eq(r.verification.eer.value, 0);
    cr_expect_eq(r.verification.auc.value, 1);
    w.settings.convention = FDML_REVISITDML;
    eval_world_metrics(&w, "map");
    eval_world_audit(&r, &w);
    cr_expect_float_eq(r.overall[0].value, 0.9, 1e-15, "(n - 1) / n for classes of ten");
    eval_world_close(&w);
}

Test(eval_audit, equal_groups_have_no_gap)
{
    /* Group 1 is a copy of group 0 in other dimensions: nobody's neighbours change. */
    enum { HALF = 100, D = 4 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 2 * HALF, 2 * D, 20, 2, 0.4, 13);
    for (size_t i = 0; i < HALF; i++) {
        float row[D];
        memcpy(row, w.x + i * 2 * D, sizeof row);
        memset(w.x + i * 2 * D, 0, 2 * D * sizeof(float));
        memset(w.x + (HALF + i) * 2 * D, 0, 2 * D * sizeof(float));
        memcpy(w.x + i * 2 * D, row, sizeof row);
        memcpy(w.x + (HALF + i) * 2 * D + D, row, sizeof row);
        w.label[i] = (uint32_t)(i % 10);
        w.label[HALF + i] = (uint32_t)(10 + i % 10);
        w.code[0][i] = 0;
        w.code[0][HALF + i] = 1;
    }
    eval_world_metrics(&w, "retrieval,geometry");
    eval_world_audit(&r, &w);
    for (size_t m = 0; m < w.settings.n_metrics; m++) {
        const fdml_gap_result *gap = &r.gaps[m];
        if (gap->difference.why) continue; /* spectrum: half of the dimensions are empty */
        cr_expect_float_eq(gap->difference.value, 0, 1e-6, "%s", w.settings.metrics[m].key);
        if (w.settings.metrics[m].kind != FDML_KIND_MEAN) continue;
        cr_expect_eq(gap->difference.value, 0);
        cr_expect_eq(gap->ratio.value, 1);
        cr_expect_eq(gap->p, 1);
    }
    eval_world_close(&w);
}

Test(eval_audit, queries_gallery_and_lone_ones)
{
    eval_world w;
    fdml_audit_result r;
    static uint8_t asks[N], answers[N];
    eval_world_make(&w, N, DIM, CLASSES, GROUPS, 0.8, 14);
    for (size_t i = 0; i < N; i++) {
        asks[i] = i / CLASSES % 4 == 0;
        answers[i] = !asks[i] && w.label[i] != 4; /* class 4 has nobody to find */
    }
    w.problem.is_query = asks;
    w.problem.is_gallery = answers;
    w.settings.with_per_query = true;
    eval_world_metrics(&w, "recall_at_1,nmi");
    eval_world_audit(&r, &w);
    const double *rows = eval_rows(&w);
    double hits = 0, n = 0;
    size_t n_asked = 0;
    for (size_t q = 0; q < N; q++) {
        size_t best = N;
        if (!asks[q]) continue;
        cr_assert_eq(r.query_row[n_asked], q);
        cr_expect_eq(isnan(r.per_query[2 * n_asked]), w.label[q] == 4);
        cr_expect(isnan(r.per_query[2 * n_asked++ + 1]), "nmi has no value by query");
        if (w.label[q] == 4) continue;
        for (size_t j = 0; j < N; j++)
            if (answers[j] &&
                (best == N || eval_squared(rows, DIM, q, j) < eval_squared(rows, DIM, q, best)))
                best = j;
        hits += w.label[best] == w.label[q];
        n++;
    }
    cr_expect_float_eq(r.overall[0].value, hits / n, 1e-15);
    cr_expect_eq(r.n_queries, n_asked);
    cr_expect_eq(r.n_lone, n_asked - (size_t)n);
    cr_expect_gt(r.n_lone, 0);
    eval_world_close(&w);
}

Test(eval_audit, references)
{
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 210, DIM, 21, 3, 0.8, 15);
    eval_world_metrics(&w, "findml");
    static const char *const reference[] = { "majority", "2", "overall" };
    for (size_t k = 0; k < 3; k++) {
        w.settings.reference = reference[k];
        eval_world_audit(&r, &w);
        for (size_t g = 0; g < 3; g++) {
            for (size_t m = 0; m < w.settings.n_metrics; m++) {
                const fdml_estimate *base =
                    k == 2 ? r.overall : r.groups[k == 1 ? 2 : 0].metrics;
                const fdml_estimate *v = &r.groups[g].versus[m];
                cr_expect_eq(v->value, r.groups[g].metrics[m].value - base[m].value);
                cr_expect(v->lo <= v->value + 1e-9 && v->value <= v->hi + 1e-9, "%s of %zu",
                          w.settings.metrics[m].key, g);
            }
        }
    }
    eval_world_close(&w);
}

/* Spots on a circle hold two rows of a class each, and a class has two spots opposite to each
 * other: every query finds one of its three at rank 1 and has map_at_r = 1/3. Sums of thirds
 * over groups of different sizes differ in their last bits; that must not be shown. */
Test(eval_audit, equal_values_have_no_gap)
{
    enum { N_CLASSES = 21 };
    eval_world w;
    fdml_audit_result r;
    eval_world_make(&w, 4 * N_CLASSES, 2, N_CLASSES, 2, 0, 4);
    for (size_t i = 0; i < w.n_rows; i++) {
        const size_t spot = i % (2 * N_CLASSES); /* its class is spot % N_CLASSES */
        const double angle = 3.141592653589793 * (double)spot / N_CLASSES;
        w.x[2 * i] = (float)cos(angle);
        w.x[2 * i + 1] = (float)sin(angle);
        w.code[0][i] = w.label[i] >= 3;
    }
    eval_world_metrics(&w, "map_at_r");
    for (int unit = FDML_UNIT_CLASS; unit <= FDML_UNIT_QUERY; unit++) {
        w.settings.unit = (fdml_unit)unit;
        eval_world_audit(&r, &w);
        cr_expect_float_eq(r.overall[0].value, 1.0 / 3, 1e-15);
        cr_expect_leq(r.gaps[0].difference.value, 1e-15);
        cr_expect_gt(r.gaps[0].difference.value, 0, "or this tests nothing");
        cr_expect_eq(r.gaps[0].p, 1);
    }
    eval_world_close(&w);
}
