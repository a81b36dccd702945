/* test_eval_compare.c - differences of two models against all exchanges written out, against
 * what must hold: a model does not differ from itself, sides may be swapped. Simulations stand
 * in tests/validate/study_compare.c.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/comparison.h"
#include "eval/result_hash.h"
#include "eval_world.h"
#include "scratch.h"

/* One thread: tests run beside each other, and bits do not depend on it. */
static void make_world(eval_world *w, size_t n_rows, size_t dim, size_t n_classes,
                       size_t n_groups, double spread, uint64_t seed)
{
    eval_world_make(w, n_rows, dim, n_classes, n_groups, spread, seed);
    w->machine.n_threads = 1;
}

static const char all_metrics[] = "findml,retrieval,cluster,geometry";

/* The world's rows with noise on top, as another model might see them. */
static fdml_audit_other noisy(eval_world *w, double noise, uint64_t seed)
{
    float *x = fdml_arena_push(&w->arena, w->n_rows * w->dim, sizeof *x);
    fdml_rng rng;
    fdml_rng_init(&rng, seed, 77, 0);
    for (size_t i = 0; i < w->n_rows * w->dim; i++)
        x[i] = w->x[i] + (float)(noise * fdml_rng_normal(&rng));
    return (fdml_audit_other){ x, w->dim, "other" };
}

static size_t n_differences(const fdml_audit_result *r)
{
    return r->settings->n_metrics * (1 + r->n_groups) + r->n_gaps;
}

static const fdml_difference *difference(const fdml_audit_result *r, size_t i)
{
    const size_t n = r->settings->n_metrics, n_groups = r->n_groups * n;
    const fdml_comparison *c = r->comparison;
    return i < n              ? &c->overall[i]
           : i < n + n_groups ? &c->groups[i - n]
                              : &c->gaps[i - n - n_groups];
}

/* ami of groups in which nearly every row is of a class of its own has none. */
static bool has_no_interval(const fdml_estimate *e)
{
    return isnan(e->lo) && isnan(e->hi);
}

/* --- what must hold ----------------------------------------------------------------------- */

Test(eval_compare, a_model_does_not_differ_from_itself)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 240, 4, 20, 3, 0.7, 5);
    w.problem.n_attributes = 2;
    w.settings.other = &(fdml_audit_other){ w.x, w.dim, "itself" };
    for (int unit = FDML_UNIT_CLASS; unit <= FDML_UNIT_QUERY; unit++) {
        w.settings.unit = (fdml_unit)unit;
        eval_world_metrics(&w, all_metrics);
        eval_world_audit(&r, &w);
        for (size_t i = 0; i < n_differences(&r); i++) {
            const fdml_difference *d = difference(&r, i);
            const bool none = has_no_interval(&d->change);
            cr_expect(d->change.value == 0 && (none || d->change.lo == 0), "%zu", i);
            cr_expect(none ? isnan(d->error) : d->change.hi == 0 && d->error == 0, "%zu", i);
            cr_expect(isnan(d->detectable), "%zu: %g", i, d->detectable);
            cr_expect(d->p_method ? d->p == 1 && d->p_holm == 1 : isnan(d->p), "%zu", i);
            cr_expect_eq(fdml_difference_verdict(d, true, 0.95), 0);
        }
        cr_expect_gt(r.comparison->n_tests, 100);
    }
    eval_world_close(&w);
}

Test(eval_compare, sides_may_be_swapped)
{
    eval_world w;
    fdml_audit_result a, b;
    make_world(&w, 240, 4, 20, 3, 0.7, 6);
    w.problem.n_attributes = 2;
    eval_world_metrics(&w, all_metrics);
    const fdml_audit_other other = noisy(&w, 0.4, 1), itself = { w.x, w.dim, "new" };
    for (int unit = FDML_UNIT_CLASS; unit <= FDML_UNIT_QUERY; unit++) {
        w.settings.unit = (fdml_unit)unit;
        w.problem.x = itself.x;
        w.settings.other = &other;
        eval_world_audit(&a, &w);
        w.problem.x = other.x;
        w.settings.other = &itself;
        eval_world_audit(&b, &w);
        for (size_t i = 0; i < n_differences(&a); i++) {
            const fdml_difference *x = difference(&a, i), *y = difference(&b, i);
            cr_expect(x->change.value == -y->change.value, "%zu", i);
            cr_expect(x->p == y->p || isnan(x->p), "%zu: %g %g", i, x->p, y->p);
            cr_expect(x->p_holm == y->p_holm || isnan(x->p), "%zu", i);
            cr_expect_eq(has_no_interval(&x->change), has_no_interval(&y->change), "%zu", i);
            if (has_no_interval(&x->change)) continue;
            cr_expect_float_eq(x->change.lo, -y->change.hi, 1e-12, "%zu", i);
            cr_expect_float_eq(x->error, y->error, 1e-12, "%zu", i);
            cr_expect(x->change.lo <= x->change.value && x->change.value <= x->change.hi, "%zu",
                      i);
        }
    }
    eval_world_close(&w);
}

Test(eval_compare, other_is_as_audited_alone)
{
    eval_world w;
    fdml_audit_result both, alone;
    make_world(&w, 240, 4, 20, 3, 0.7, 7);
    w.problem.n_attributes = 2;
    eval_world_metrics(&w, all_metrics);
    const fdml_audit_other other = noisy(&w, 0.5, 2);
    w.settings.other = &other;
    eval_world_audit(&both, &w);
    fdml_audit_settings without = w.settings;
    without.other = NULL;
    w.settings = without;
    w.problem.x = other.x;
    eval_world_audit(&alone, &w);
    const size_t n = w.settings.n_metrics;
    for (size_t i = 0; i < n * (1 + both.n_groups); i++) {
        const fdml_estimate *want =
            i < n ? &alone.overall[i] : alone.groups[i / n - 1].metrics + i % n;
        const fdml_estimate *got = &difference(&both, i)->other;
        cr_expect(got->value == want->value, "%zu", i);
        cr_expect_eq(has_no_interval(got), has_no_interval(want), "%zu", i);
        cr_expect(has_no_interval(got) || (got->lo == want->lo && got->hi == want->hi), "%zu",
                  i);
    }
    for (size_t i = 0; i < both.n_gaps; i++) {
        const fdml_difference *d = &both.comparison->gaps[i];
        cr_expect(d->other.value == alone.gaps[i].difference.value);
        cr_expect_str_eq(d->other_worst, alone.gaps[i].worst);
    }
    eval_world_close(&w);
}

Test(eval_compare, the_machine_does_not_matter)
{
    char hex[2][FDML_SHA256_HEX];
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 400, 6, 40, 3, 0.7, 8);
    w.problem.n_attributes = 2;
    eval_world_metrics(&w, all_metrics);
    const fdml_audit_other other = noisy(&w, 0.4, 3);
    w.settings.other = &other;
    for (int run = 0; run < 2; run++) {
        w.machine.n_threads = run ? 3 : 1;
        w.machine.kernels = run ? fdml_kernels_best() : fdml_kernels_find("scalar");
        eval_world_audit(&r, &w);
        fdml_result_hash(hex[run], &r);
    }
    cr_expect_str_eq(hex[0], hex[1]);
    r.comparison = NULL;
    fdml_result_hash(hex[1], &r);
    cr_expect_str_neq(hex[0], hex[1]);
    eval_world_close(&w);
}

/* --- all exchanges, written out ----------------------------------------------------------- */

enum { CLASSES = 8, PATTERNS = 1 << CLASSES, EXCHANGES = 20000 };

/* Of one metric: what each class has in each model, [2][CLASSES], over `below`. */
typedef struct given {
    double above[2][CLASSES], below[CLASSES];
} given;

/* Change of the value of the classes with class % 2 == group (2: all) when the classes in
 * `pattern` are exchanged; `shift` is added to OTHER. */
static void exchanged(double value[2], const given *g, unsigned pattern, size_t group,
                      double shift)
{
    double above[2] = { 0, 0 }, below = 0;
    for (size_t c = 0; c < CLASSES; c++) {
        const size_t side = pattern >> c & 1;
        if (group < 2 && c % 2 != group) continue;
        above[side] += g->above[0][c];
        above[1 - side] += g->above[1][c] + shift * g->below[c];
        below += g->below[c];
    }
    value[0] = above[0] / below;
    value[1] = above[1] / below;
}

/* group 3: the change of the gap between the two groups, with equal values on the whole. */
static double statistic(const given *g, unsigned pattern, size_t group)
{
    double value[2], of[2][2], all[2];
    if (group < 3) {
        exchanged(value, g, pattern, group, 0);
        return value[0] - value[1];
    }
    exchanged(all, g, 0, 2, 0);
    for (size_t i = 0; i < 2; i++) exchanged(of[i], g, pattern, i, all[0] - all[1]);
    return fabs(of[0][0] - of[1][0]) - fabs(of[0][1] - of[1][1]);
}

static double exact_p(const given *g, size_t group)
{
    const double observed = fabs(statistic(g, 0, group));
    size_t n = 0;
    for (unsigned pattern = 0; pattern < PATTERNS; pattern++)
        n += fabs(statistic(g, pattern, group)) >= observed - 1e-12;
    return (double)n / PATTERNS;
}

static void expect_p(const fdml_difference *d, const given *g, size_t group, double tolerance,
                     const char *what)
{
    const double p = exact_p(g, group), deviation = sqrt(p * (1 - p) / EXCHANGES);
    cr_expect_float_eq(d->change.value, statistic(g, 0, group), tolerance, "%s %zu: %g, not %g",
                       what, group, d->change.value, statistic(g, 0, group));
    cr_expect_float_eq(d->p, p, 4.5 * deviation + 1.0 / EXCHANGES, "%s %zu: p %g, not %g", what,
                       group, d->p, p);
}

/* Every slot of one metric: overall, the two groups, the gap. */
static void expect_slots(const eval_world *w, const fdml_audit_result *r, const char *key,
                         const given *g, double tolerance)
{
    const size_t m = eval_metric(w, key), n = w->settings.n_metrics;
    expect_p(&r->comparison->overall[m], g, 2, tolerance, key);
    for (size_t i = 0; i < 2; i++)
        expect_p(&r->comparison->groups[i * n + m], g, i, tolerance, key);
    expect_p(&r->comparison->gaps[m], g, 3, tolerance, key);
}

static void add_queries(given *g, const fdml_audit_result *r, const eval_world *w, size_t side,
                        size_t metric)
{
    memset(g->below, 0, sizeof g->below);
    for (size_t q = 0; q < r->n_queries; q++) {
        const uint32_t class = w->label[r->query_row[q]];
        g->above[side][class] += r->per_query[q * w->settings.n_metrics + metric];
        g->below[class]++;
    }
}

static void tiny_world(eval_world *w)
{
    make_world(w, 80, 5, CLASSES, 2, 1.1, 11);
    w->settings.n_permutations = EXCHANGES;
    w->settings.n_bootstrap = 20;
}

Test(eval_compare, p_of_sums_is_that_of_all_exchanges)
{
    static const char *const key[] = { "recall_at_1", "map_at_r", "mrr" };
    eval_world w;
    fdml_audit_result both, alone;
    tiny_world(&w);
    eval_world_metrics(&w, "recall_at_1,map_at_r,mrr,alignment_intra");
    const fdml_audit_other other = noisy(&w, 0.3, 4);
    w.settings.other = &other;
    w.settings.with_per_query = true;
    eval_world_audit(&both, &w);
    w.settings.other = NULL;
    w.problem.x = other.x;
    eval_world_audit(&alone, &w);
    w.settings.other = &other;
    for (size_t k = 0; k < 3; k++) {
        given g = { 0 };
        add_queries(&g, &both, &w, 0, eval_metric(&w, key[k]));
        add_queries(&g, &alone, &w, 1, eval_metric(&w, key[k]));
        expect_slots(&w, &both, key[k], &g, 1e-12);
    }
    cr_expect_str_eq(both.comparison->overall[0].p_method, "exchange");

    given intra = { 0 };
    const float *const x[] = { w.x, other.x };
    for (size_t side = 0; side < 2; side++) {
        w.x = (float *)x[side];
        const double *rows = eval_rows(&w);
        for (size_t i = 0; i < w.n_rows; i++)
            for (size_t j = 0; j < i; j++) {
                if (w.label[i] != w.label[j]) continue;
                intra.above[side][w.label[i]] += eval_squared(rows, w.dim, i, j);
                if (side) intra.below[w.label[i]]++;
            }
    }
    expect_slots(&w, &both, "alignment_intra", &intra, 1e-6);
    eval_world_close(&w);
}

/* Value of a pair metric over the classes of a group where class c weighs weight[c]: a pair of
 * two classes weighs the product, and of one class the class's. */
static double weighted(const eval_world *w, const double *rows, const char *key, size_t group,
                       const double weight[CLASSES])
{
    double same[2] = { 0 }, other[2] = { 0 }, potential[2] = { 0 };
    for (size_t i = 0; i < w->n_rows; i++)
        for (size_t j = 0; j < i; j++) {
            const uint32_t a = w->label[i], b = w->label[j];
            const double square = eval_squared(rows, w->dim, i, j);
            const double product = weight[a] * weight[b];
            if (group < 2 && (a % 2 != group || b % 2 != group)) continue;
            const double of_pair = a == b ? weight[a] : product;
            double *sum = a == b ? same : other;
            sum[0] += of_pair * square;
            sum[1] += of_pair;
            potential[0] += of_pair * exp(-2 * square);
            potential[1] += of_pair;
        }
    if (!strcmp(key, "uniformity")) return log(potential[0] / potential[1]);
    const double inter = other[0] / other[1];
    return !strcmp(key, "alignment_inter") ? inter : same[0] / same[1] / inter;
}

/* V / classes + dV / dw less its mean, which is 0 but for uniformity, by central differences;
 * the group's classes only. */
static void add_influences(given *g, const eval_world *w, const double *rows, const char *key,
                           size_t group, size_t side)
{
    const double h = 1e-5, n_classes = group < 2 ? CLASSES / 2 : CLASSES;
    double weight[CLASSES], slope[CLASSES] = { 0 }, sum = 0;
    for (size_t c = 0; c < CLASSES; c++) weight[c] = 1;
    const double value = weighted(w, rows, key, group, weight);
    for (size_t c = 0; c < CLASSES; c++) {
        if (group < 2 && c % 2 != group) continue;
        weight[c] = 1 + h;
        const double above = weighted(w, rows, key, group, weight);
        weight[c] = 1 - h;
        const double below = weighted(w, rows, key, group, weight);
        weight[c] = 1;
        slope[c] = (above - below) / (2 * h);
        sum += slope[c];
    }
    for (size_t c = 0; c < CLASSES; c++) {
        if (group < 2 && c % 2 != group) continue;
        g->above[side][c] = value + n_classes * slope[c] - sum;
        g->below[c] = 1;
    }
}

Test(eval_compare, p_of_pair_metrics_is_that_of_all_exchanged_influences)
{
    static const char *const key[] = { "alignment_inter", "alignment_ratio", "uniformity" };
    eval_world w;
    fdml_audit_result r;
    tiny_world(&w);
    eval_world_metrics(&w, "alignment_inter,alignment_ratio,uniformity");
    const fdml_audit_other other = noisy(&w, 0.3, 5);
    w.settings.other = &other;
    eval_world_audit(&r, &w);
    cr_expect_str_eq(r.comparison->overall[0].p_method, "linearised exchange");
    const double *rows[2] = { eval_rows(&w) };
    w.x = (float *)other.x;
    rows[1] = eval_rows(&w);
    for (size_t k = 0; k < 3; k++) {
        const size_t m = eval_metric(&w, key[k]), n = w.settings.n_metrics;
        given all = { 0 }, groups = { 0 };
        for (size_t side = 0; side < 2; side++) {
            add_influences(&all, &w, rows[side], key[k], 2, side);
            for (size_t i = 0; i < 2; i++)
                add_influences(&groups, &w, rows[side], key[k], i, side);
        }
        expect_p(&r.comparison->overall[m], &all, 2, 1e-6, key[k]);
        for (size_t i = 0; i < 2; i++)
            expect_p(&r.comparison->groups[i * n + m], &groups, i, 1e-6, key[k]);
        expect_p(&r.comparison->gaps[m], &groups, 3, 1e-6, key[k]);
    }
    eval_world_close(&w);
}

/* --- what cannot be compared -------------------------------------------------------------- */

Test(eval_compare, reasons)
{
    eval_world w;
    fdml_audit_result r;
    fdml_error err = { 0 };
    make_world(&w, 100, 8, 10, 2, 0.5, 9);
    for (size_t i = 0; i < 100; i++) w.code[0][i] = w.label[i] == 3; /* ten rows of one class */
    w.settings.min_group = 20;
    eval_world_metrics(&w, "recall_at_1,nmi,spectrum");
    const size_t spectrum = eval_metric(&w, "spectrum");
    float *half = fdml_arena_push(&w.arena, 100 * 60, sizeof *half);
    for (size_t i = 0; i < 100 * 60; i++) half[i] = (float)(i * 7919 % 1013) - 500;
    w.settings.other = &(fdml_audit_other){ half, 60, "wide.npy" };
    eval_world_audit(&r, &w);
    cr_expect_eq(r.comparison->dim, 60);
    cr_expect_str_eq(r.comparison->groups[3].change.why, "insufficient data (n=10 < 20)");
    cr_expect(isnan(r.comparison->groups[3].change.value));
    cr_expect_str_eq(r.comparison->overall[spectrum].change.why,
                     "insufficient data (n=100 < 120)");
    cr_expect_str_eq(r.comparison->gaps[0].change.why, "fewer than two groups have a value");
    cr_expect(isnan(r.comparison->overall[eval_metric(&w, "nmi")].p), "k-means is not tested");
    cr_expect_eq(r.comparison->n_tests, 2, "%zu", r.comparison->n_tests);

    half[60 * 17 + 4] = NAN;
    scratch_expect_error(fdml_audit(&r, &w.problem, &w.settings, &w.machine, &w.arena, &err),
                         &err, FDML_E_DATA, "wide.npy: row 17 is not finite (column 4 is nan)");
    w.settings.n_metrics = 0;
    w.settings.with_leakage = true;
    scratch_expect_error(fdml_audit(&r, &w.problem, &w.settings, &w.machine, &w.arena, &err),
                         &err, FDML_E_ARG, "a comparison is of metrics, and none is asked for");
    eval_world_close(&w);
}

Test(eval_compare, exchanges_are_as_many_as_holm_needs)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 240, 4, 20, 3, 0.7, 12);
    w.problem.n_attributes = 2;
    eval_world_metrics(&w, "recall_at_1,map_at_r,nmi");
    const fdml_audit_other other = noisy(&w, 3, 6);
    w.settings.other = &other;
    eval_world_audit(&r, &w);
    const fdml_comparison *c = r.comparison;
    cr_expect_eq(c->n_tests, 2 * (1 + 3 + 2 + 6 + 3));
    cr_expect_eq(c->n_exchanges, 4 * 30 * 20 - 1);
    /* A model that knows next to nothing is worse beyond doubt, Holm or not. */
    cr_expect_eq(fdml_difference_verdict(&c->overall[0], true, 0.95), 1);
    w.settings.n_permutations = 5000;
    eval_world_audit(&r, &w);
    cr_expect_eq(r.comparison->n_exchanges, 5000);
    eval_world_close(&w);
}

/* As the_estimate_holds of the audit's limits. */
Test(eval_compare, the_estimate_holds)
{
    static const char *const specs[] = { "findml", "retrieval", "cluster", "geometry" };
    eval_world w;
    make_world(&w, 6000, 16, 1500, 3, 0.8, 13);
    w.problem.n_attributes = 2;
    const fdml_audit_other other = noisy(&w, 0.4, 7);
    w.settings.other = &other;
    w.settings.n_bootstrap = w.settings.n_permutations = 40;
    for (size_t s = 0; s < 8; s++) {
        fdml_audit_result r;
        fdml_audit_cost cost;
        w.settings.unit = s / 4 ? FDML_UNIT_QUERY : FDML_UNIT_CLASS;
        eval_world_metrics(&w, specs[s % 4]);
        fdml_audit_estimate(&cost, &w.problem, &w.settings, &w.machine);
        eval_world_audit(&r, &w);
        cr_expect_leq(r.work_peak, cost.bytes + ((size_t)1 << 18), "%s: %zu bytes, not %zu",
                      specs[s % 4], r.work_peak, cost.bytes);
        cr_expect_leq(cost.bytes, 3 * r.work_peak + ((size_t)4 << 20), "%s: %zu for %zu",
                      specs[s % 4], cost.bytes, r.work_peak);
    }
    eval_world_close(&w);
}

Test(eval_compare, too_little_memory_is_an_error_at_every_step)
{
    eval_world w;
    fdml_audit_result r;
    make_world(&w, 150, 4, 15, 2, 0.6, 14);
    w.problem.n_attributes = 2;
    w.settings.n_bootstrap = w.settings.n_permutations = 20;
    eval_world_metrics(&w, all_metrics);
    const fdml_audit_other other = noisy(&w, 0.4, 8);
    w.settings.other = &other;
    eval_world_audit(&r, &w);
    bool succeeded = false;
    size_t n_refused = 0;
    for (size_t limit = 64; limit < 8 * r.work_peak && !succeeded; limit += limit / 16 + 64) {
        fdml_arena small;
        fdml_error err = { 0 };
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_audit(&r, &w.problem, &w.settings, &w.machine, &small, &err);
        succeeded = status == FDML_OK;
        if (!succeeded) {
            n_refused++;
            cr_expect(status == FDML_E_NOMEM || status == FDML_E_LIMIT, "%d", (int)status);
            cr_expect_str_not_empty(err.text);
        }
        fdml_arena_close(&small);
    }
    cr_expect(succeeded && n_refused > 20, "%zu", n_refused);
    eval_world_close(&w);
}
