/* audit_gap.c - how far groups are apart: gaps with intervals and tests, and each group against
 * the reference.
 *
 * The interval of a gap keeps the two extreme groups as observed, so it is signed and may reach
 * below 0; groups that have no clusters in common are resampled independently. Where
 * permutation is not exact, the test is a bootstrap one: the groups' deviations from their own
 * values have the spread that gaps would have if all true values were equal (Davison & Hinkley
 * 1997, 4.4). That presumes values that do not depend on a group's size; the spectrum does,
 * strongly, so its gap is not tested at all.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_state.h"

static const fdml_estimate *estimate_of(const grouping_values *values, size_t group,
                                        size_t metric)
{
    return &values->estimate[group * values->n_metrics + metric];
}

/* --- against the reference ------------------------------------------------------------ */

typedef struct baseline {
    size_t slot;                   /* n_groups: overall */
    const fdml_estimate *estimate; /* [n_metrics] */
    const char *why;               /* there is none */
} baseline;

static baseline find_reference(const grouping_values *values, const audit_state *state,
                               const fdml_estimate *overall)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    const char *name = state->settings->reference;
    if (state->is_versus_overall) return (baseline){ values->n_groups, overall, NULL };
    size_t slot = 0;
    if (!strcmp(name, "majority")) {
        for (size_t g = 1; g < by->n_groups; g++)
            if (by->n_rows[g] > by->n_rows[slot]) slot = g;
    } else {
        while (slot < by->n_groups && strcmp(by->value[slot], name) != 0) slot++;
        if (slot == by->n_groups)
            return (baseline){ 0, NULL, "the reference is no value of this column" };
    }
    return (baseline){ slot, estimate_of(values, slot, 0), NULL };
}

/* What is known of the spread of d, the replicates of group minus reference. The part of d that
 * the group's own draws explain has the variance cov(d, group)^2 / var(group), whether or not
 * the group is in the reference; the rest comes from the other clusters of the reference. */
static fdml_freedom freedom_against(const grouping_values *values, const baseline *reference,
                                    size_t group, size_t metric, const double *d)
{
    const double *own = audit_replicates(values, group, metric);
    const size_t n = values->n_bootstrap, n_own = values->n_clusters[group];
    if (values->n_drawn) return fdml_freedom_of(n_own);
    size_t n_others = 0;
    for (size_t g = 0; g < values->n_groups; g++)
        if (g != group && (g == reference->slot || reference->slot == values->n_groups))
            n_others += values->n_clusters[g];
    double mean_own = 0, mean_d = 0, covariance = 0, of_own = 0, of_d = 0, count = 0;
    for (size_t r = 0; r < n; r++) {
        if (isnan(d[r])) continue;
        mean_own += own[r];
        mean_d += d[r];
        count++;
    }
    mean_own /= count;
    mean_d /= count;
    for (size_t r = 0; r < n; r++) {
        if (isnan(d[r])) continue;
        const double x = own[r] - mean_own, y = d[r] - mean_d;
        covariance += x * y;
        of_own += x * x;
        of_d += y * y;
    }
    const double explained = of_own > 0 ? covariance * covariance / of_own : 0;
    if (n_others < 2) return fdml_freedom_of(n_own);
    return fdml_freedom_of_two(explained, n_own, fmax(0, of_d - explained), n_others);
}

/* scratch: [n_bootstrap] */
static fdml_estimate versus(const grouping_values *values, const baseline *reference,
                            const audit_state *state, size_t group, size_t metric,
                            double *scratch)
{
    const fdml_estimate *own = estimate_of(values, group, metric);
    fdml_estimate e = AUDIT_NOTHING;
    e.n = own->n;
    e.why = own->why;
    if (!e.why) e.why = reference->why;
    if (!e.why) e.why = reference->estimate[metric].why;
    if (e.why) return e;
    e.value = own->value - reference->estimate[metric].value;
    if (isnan(own->lo) || isnan(reference->estimate[metric].lo)) return e;
    const double *a = audit_replicates(values, group, metric);
    const double *b = audit_replicates(values, reference->slot, metric);
    for (size_t r = 0; r < values->n_bootstrap; r++) scratch[r] = a[r] - b[r];
    fdml_bootstrap_interval(&e.lo, &e.hi, scratch, values->n_bootstrap,
                            state->settings->confidence,
                            freedom_against(values, reference, group, metric, scratch));
    return e;
}

/* --- gaps ----------------------------------------------------------------------------- */

audit_extremes fdml_audit_extremes(const grouping_values *values, size_t metric)
{
    audit_extremes x = { 0, 0, 0 };
    for (size_t g = 0; g < values->n_groups; g++) {
        const double value = estimate_of(values, g, metric)->value;
        if (isnan(value)) continue;
        if (!x.n || value > estimate_of(values, x.most, metric)->value) x.most = g;
        if (!x.n || value < estimate_of(values, x.least, metric)->value) x.least = g;
        x.n++;
    }
    /* All alike: their gap of 0 is that of two groups still, and has an interval. */
    for (size_t g = 0; x.most == x.least && g < values->n_groups; g++)
        if (g != x.most && !isnan(estimate_of(values, g, metric)->value)) x.least = g;
    return x;
}

static void difference_and_ratio(fdml_gap_result *gap, const grouping_values *values,
                                 const audit_extremes *x, const audit_state *state,
                                 double *scratch)
{
    const fdml_estimate *most = estimate_of(values, x->most, gap->metric);
    const fdml_estimate *least = estimate_of(values, x->least, gap->metric);
    const bool is_positive = least->value > 0;
    gap->difference.value = most->value - least->value;
    if (is_positive)
        gap->ratio.value = least->value / most->value;
    else
        gap->ratio.why = "a value is not positive";
    if (isnan(most->lo) || isnan(least->lo)) return;

    const double confidence = state->settings->confidence;
    const double *a = audit_replicates(values, x->most, gap->metric);
    const double *b = audit_replicates(values, x->least, gap->metric);
    const double of_a = fdml_variance(a, values->n_bootstrap);
    const double of_b = fdml_variance(b, values->n_bootstrap);
    for (size_t r = 0; r < values->n_bootstrap; r++) scratch[r] = a[r] - b[r];
    fdml_bootstrap_interval(&gap->difference.lo, &gap->difference.hi, scratch,
                            values->n_bootstrap, confidence,
                            fdml_audit_freedom_of_two(values, x->most, of_a, x->least, of_b));
    if (!is_positive) return;
    for (size_t r = 0; r < values->n_bootstrap; r++) scratch[r] = a[r] > 0 ? b[r] / a[r] : NAN;
    fdml_bootstrap_interval(
        &gap->ratio.lo, &gap->ratio.hi, scratch, values->n_bootstrap, confidence,
        fdml_audit_freedom_of_two(values, x->most, of_a / (most->value * most->value), x->least,
                                  of_b / (least->value * least->value)));
}

/* Size of the numbers that a gap is the difference of. Uniformity is a logarithm of, and
 * cluster metrics are a ratio of differences of, numbers of size 1: they keep their rounding
 * near 0. */
static double scale_of(const grouping_values *values, size_t metric, fdml_metric_id id)
{
    double scale = id == FDML_M_UNIFORMITY || fdml_audit_is_cluster_metric(id) ? 1 : 0;
    for (size_t g = 0; g < values->n_groups; g++) /* fmax passes over NaN */
        scale = fmax(scale, fabs(estimate_of(values, g, metric)->value));
    return scale;
}

/* deviation: [n_groups], null: [n_bootstrap] scratch */
static double bootstrap_p(double observed, double scale, const grouping_values *values,
                          size_t metric, double *deviation, double *null)
{
    for (size_t b = 0; b < values->n_bootstrap; b++) {
        for (size_t g = 0; g < values->n_groups; g++)
            deviation[g] =
                audit_replicates(values, g, metric)[b] - estimate_of(values, g, metric)->value;
        null[b] = fdml_audit_spread(deviation, values, metric);
    }
    return fdml_p_value(observed, scale, null, values->n_bootstrap);
}

static bool is_permuted(const audit_state *state, const fdml_grouping *by, size_t metric)
{
    const fdml_metric *m = &state->settings->metrics[metric];
    if (m->kind == FDML_KIND_MEAN) return true;
    if (m->id == FDML_M_ALIGNMENT_INTRA) return by->is_class_constant;
    return fdml_audit_is_cluster_metric(m->id);
}

/* What a gap is tested with: values under permutation [n_metrics, n_permutations], the observed
 * value where it is another statistic than the gap itself (else NaN), and scratch. */
typedef struct gap_tests {
    double *null, *observed;     /* observed: [n_metrics] */
    double *deviation, *scratch; /* [n_groups], [n_bootstrap] */
} gap_tests;

static void test(fdml_gap_result *gap, const grouping_values *values, const audit_state *state,
                 const gap_tests *tests)
{
    const fdml_audit_settings *settings = state->settings;
    const fdml_metric *metric = &settings->metrics[gap->metric];
    const double *null = tests->null + gap->metric * settings->n_permutations;
    const double scale = scale_of(values, gap->metric, metric->id);
    if (!settings->n_permutations) return;
    if (!isnan(tests->observed[gap->metric])) {
        gap->p =
            fdml_p_value(tests->observed[gap->metric], scale, null, settings->n_permutations);
        gap->p_method = "permutation";
        return;
    }
    if (is_permuted(state, &state->groupings.grouping[values->grouping], gap->metric)) {
        gap->p = fdml_p_value(gap->difference.value, scale, null, settings->n_permutations);
        gap->p_method = "permutation";
    } else if (values->n_bootstrap && metric->id != FDML_M_SPECTRUM) {
        gap->p = bootstrap_p(gap->difference.value, scale, values, gap->metric,
                             tests->deviation, tests->scratch);
        gap->p_method = "bootstrap";
    }
}

fdml_gap_result fdml_audit_no_gap(const fdml_grouping *by, size_t grouping, size_t metric,
                                  size_t n_valued)
{
    fdml_gap_result gap = { .by = by->by,
                            .grouping = grouping,
                            .metric = metric,
                            .difference = AUDIT_NOTHING,
                            .ratio = AUDIT_NOTHING,
                            .p = NAN,
                            .p_holm = NAN };
    gap.difference.n = gap.ratio.n = n_valued;
    if (n_valued < 2) gap.difference.why = gap.ratio.why = "fewer than two groups have a value";
    return gap;
}

fdml_gap_result fdml_audit_gap(const grouping_values *values, const audit_state *state,
                               size_t metric, double *scratch)
{
    const fdml_grouping *by = &state->groupings.grouping[values->grouping];
    const audit_extremes x = fdml_audit_extremes(values, metric);
    fdml_gap_result gap = fdml_audit_no_gap(by, values->grouping, metric, x.n);
    if (x.n < 2) return gap;
    const bool higher = state->settings->metrics[metric].higher_is_better;
    gap.best = by->value[higher ? x.most : x.least];
    gap.worst = by->value[higher ? x.least : x.most];
    difference_and_ratio(&gap, values, &x, state, scratch);
    return gap;
}

fdml_status fdml_audit_compare(fdml_gap_result *gaps, fdml_estimate *against,
                               const grouping_values *values, const audit_state *state,
                               const fdml_estimate *overall, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n_metrics = values->n_metrics, n_permutations = settings->n_permutations;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    fdml_arena *arena = state->scratch;
    gap_tests t = { fdml_arena_push(arena, n_metrics * n_permutations, sizeof(double)),
                    fdml_arena_push(arena, n_metrics, sizeof(double)),
                    fdml_arena_push(arena, values->n_groups, sizeof(double)),
                    fdml_arena_push(arena, values->n_bootstrap, sizeof(double)) };
    if (!t.null || !t.observed || !t.deviation || !t.scratch)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to compare groups");
    for (size_t i = 0; i < n_metrics * n_permutations; i++) t.null[i] = NAN;
    for (size_t m = 0; m < n_metrics; m++) t.observed[m] = NAN;
    if (n_permutations) {
        FDML_TRY(fdml_audit_feature_null(t.null, state, values, err));
        if (state->wants_cluster) FDML_TRY(fdml_audit_cluster_null(t.null, state, values, err));
        FDML_TRY(fdml_audit_sketch_null(t.null, t.observed, state, values->grouping, err));
    }
    const baseline reference = find_reference(values, state, overall);
    for (size_t g = 0; g < values->n_groups; g++)
        for (size_t m = 0; m < n_metrics; m++)
            against[g * n_metrics + m] = versus(values, &reference, state, g, m, t.scratch);
    for (size_t m = 0; m < n_metrics; m++) {
        gaps[m] = fdml_audit_gap(values, state, m, t.scratch);
        if (!gaps[m].difference.why) test(&gaps[m], values, state, &t);
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
