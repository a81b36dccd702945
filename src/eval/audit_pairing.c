/* audit_pairing.c - OTHER beside NEW, and the differences of all their numbers.
 *
 * The change of a group's value is resampled with the draws of the group, the change of a gap
 * with those of its extreme groups: NEW's two and OTHER's two, which may be other ones. Like
 * the interval of a gap itself, this keeps the extremes as observed.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/student.h"
#include "eval/audit_pairing.h"

/* Student's t is within 0.13% of the normal from here on. */
enum { MOST_FREE = 1000 };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the comparison");
}

int fdml_difference_verdict(const fdml_difference *d, bool higher_is_better, double confidence)
{
    if (!(d->p_holm <= 1 - confidence) || d->change.value == 0) return 0;
    return (d->change.value > 0) == higher_is_better ? 1 : -1;
}

/* --- the other side ------------------------------------------------------------------- */

/* Tests of the comparison, at most: those of groups too small for a value fall away. */
static size_t count_tests(const audit_state *state)
{
    size_t n_metrics = 0, n_values = 1;
    for (size_t m = 0; m < state->settings->n_metrics; m++)
        n_metrics += fdml_audit_is_exchanged(&state->settings->metrics[m]);
    for (size_t g = 1; g < state->groupings.n; g++) {
        const fdml_grouping *by = &state->groupings.grouping[g];
        n_values++; /* the gap */
        for (size_t v = 0; v < by->n_groups; v++)
            n_values += by->n_rows[v] >= state->settings->min_group;
    }
    return n_metrics * n_values;
}

static size_t count_exchanges(const audit_state *state)
{
    const fdml_audit_settings *s = state->settings;
    const size_t n_tests = count_tests(state);
    if (!s->n_permutations || !n_tests) return 0;
    const size_t need = fdml_permutations_for(n_tests, 1 - s->confidence);
    return s->n_permutations > need ? s->n_permutations : need;
}

static fdml_status make_arrays(audit_pairing *p, fdml_error *err)
{
    const audit_state *state = p->state;
    const size_t n_metrics = state->settings->n_metrics;
    for (size_t g = 1; g < state->groupings.n; g++)
        p->n_groups += state->groupings.grouping[g].n_groups;
    p->n_gaps = (state->groupings.n - 1) * n_metrics;
    p->overall = fdml_arena_push(state->arena, n_metrics, sizeof *p->overall);
    p->groups = fdml_arena_push(state->arena, p->n_groups * n_metrics, sizeof *p->groups);
    p->gaps = fdml_arena_push(state->arena, p->n_gaps, sizeof *p->gaps);
    return p->overall && p->groups && p->gaps ? FDML_OK : no_memory(err);
}

fdml_status fdml_audit_pairing_open(audit_pairing *p, const audit_state *state, fdml_error *err)
{
    const fdml_audit_other *other = state->settings->other;
    *p = (audit_pairing){ .state = state, .problem = *state->problem };
    p->problem.x = other->x;
    p->problem.dim = other->dim;
    p->other = *state;
    p->other.problem = &p->problem;
    p->settings = *state->settings; /* metrics only: the parts are those of NEW */
    p->settings.with_verification = p->settings.with_leakage = p->settings.with_slices = false;
    p->settings.with_downstream = p->settings.with_detail = false;
    p->other.settings = &p->settings;
    p->machine = *state->machine;
    p->other.machine = &p->machine;
    p->other.is_versus_overall = false; /* its groups are compared with NEW's alone */
    p->n_exchanges = count_exchanges(state);
    FDML_TRY(make_arrays(p, err));
    return fdml_validate(&p->other.findings, &p->problem, other->path, state->machine,
                         state->arena, err);
}

void fdml_audit_pairing_progress(audit_pairing *p, audit_progress *first)
{
    fdml_audit_progress_init(&p->progress, first->to, &p->other);
    fdml_audit_progress_pair(first, &p->progress);
    p->machine.progress = &p->progress.own;
}

fdml_status fdml_audit_pairing_measure(audit_pairing *p, fdml_error *err)
{
    FDML_TRY(fdml_audit_measure(&p->other, err));
    return fdml_audit_plan_make(&p->other, err);
}

fdml_status fdml_audit_pairing_begin(audit_pairing *p, size_t grouping, fdml_error *err)
{
    const audit_state *state = p->state;
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const size_t n = fdml_audit_exchange_units(state->problem, state->settings, by->n_groups,
                                               by->is_class_constant);
    audit_exchange *e = &p->exchange;
    *e = (audit_exchange){ .stride = fdml_audit_exchange_stride(state->settings),
                           .share = state->settings->n_metrics,
                           .n_groups = by->n_groups,
                           .side = 1 };
    e->part = fdml_arena_push_zero(state->scratch, n * e->stride, sizeof *e->part);
    e->id = fdml_arena_push(state->scratch, n, sizeof *e->id);
    e->begin = fdml_arena_push_zero(state->scratch, by->n_groups + 1, sizeof *e->begin);
    return e->part && e->id && e->begin ? FDML_OK : no_memory(err);
}

/* --- differences ---------------------------------------------------------------------- */

/* Interval, error and what can be detected, from replicates of the change; sorts them. */
static void resampled(fdml_difference *d, double *replicate, size_t n, size_t n_clusters,
                      double confidence)
{
    const size_t n_free = n_clusters - 1 < MOST_FREE ? n_clusters - 1 : MOST_FREE;
    d->error = sqrt(fdml_variance(replicate, n));
    if (d->error > 0) /* units that all differ alike tell nothing of what might be found */
        d->detectable = (fdml_student_t(confidence, n_free) +
                         fdml_student_t(2 * FDML_POWER - 1, n_free)) * /* one-sided */
                        d->error;
    fdml_bootstrap_interval(&d->change.lo, &d->change.hi, replicate, n, confidence,
                            fdml_freedom_of(n_clusters));
}

static fdml_difference no_difference(const fdml_estimate *other)
{
    return (fdml_difference){ .change = AUDIT_NOTHING,
                              .other = *other,
                              .error = NAN,
                              .detectable = NAN,
                              .p = NAN,
                              .p_holm = NAN };
}

static bool has_interval(const fdml_estimate *e)
{
    return !isnan(e->lo);
}

/* replicate: [n_bootstrap] scratch, as below. */
static fdml_difference of_group(const grouping_values *values, const grouping_values *other,
                                size_t group, size_t metric, double confidence,
                                double *replicate)
{
    const size_t at = group * values->n_metrics + metric;
    const fdml_estimate *a = &values->estimate[at], *b = &other->estimate[at];
    fdml_difference d = no_difference(b);
    d.change.n = a->n;
    d.change.why = a->why ? a->why : b->why;
    if (d.change.why) return d;
    d.change.value = a->value - b->value;
    if (!has_interval(a) || !has_interval(b)) return d;
    const double *x = audit_replicates(values, group, metric);
    const double *y = audit_replicates(other, group, metric);
    for (size_t r = 0; r < values->n_bootstrap; r++) replicate[r] = x[r] - y[r];
    resampled(&d, replicate, values->n_bootstrap, values->n_clusters[group], confidence);
    return d;
}

static bool is_same_groups(const grouping_values *values, const grouping_values *other,
                           size_t metric)
{
    for (size_t g = 0; g < values->n_groups; g++) {
        const size_t at = g * values->n_metrics + metric;
        if (!values->estimate[at].why != !other->estimate[at].why) return false;
    }
    return true;
}

static fdml_difference of_gap(const grouping_values *values, const grouping_values *other,
                              const fdml_gap_result *gap, const audit_pairing *p,
                              double *replicate)
{
    const size_t m = gap->metric;
    const audit_extremes x = fdml_audit_extremes(values, m), y = fdml_audit_extremes(other, m);
    const fdml_gap_result b = fdml_audit_gap(other, p->state, m, replicate);
    fdml_difference d = no_difference(&b.difference);
    d.other_best = b.best;
    d.other_worst = b.worst;
    d.change.n = gap->difference.n;
    d.change.why = gap->difference.why ? gap->difference.why : b.difference.why;
    if (!d.change.why && !is_same_groups(values, other, m))
        d.change.why = "the two gaps are not over the same groups";
    if (d.change.why) return d;
    d.change.value = gap->difference.value - b.difference.value;
    if (!has_interval(&gap->difference) || !has_interval(&b.difference)) return d;
    const double *most = audit_replicates(values, x.most, m);
    const double *least = audit_replicates(values, x.least, m);
    const double *other_most = audit_replicates(other, y.most, m);
    const double *other_least = audit_replicates(other, y.least, m);
    for (size_t r = 0; r < values->n_bootstrap; r++)
        replicate[r] = (most[r] - least[r]) - (other_most[r] - other_least[r]);
    size_t n_clusters = values->n_clusters[x.most];
    const size_t group[] = { x.least, y.most, y.least };
    for (size_t i = 0; i < sizeof group / sizeof *group; i++)
        if (values->n_clusters[group[i]] < n_clusters)
            n_clusters = values->n_clusters[group[i]];
    resampled(&d, replicate, values->n_bootstrap, n_clusters, p->state->settings->confidence);
    return d;
}

fdml_status fdml_audit_pairing_add(audit_pairing *p, const grouping_values *values,
                                   const fdml_gap_result *gaps, fdml_error *err)
{
    const audit_state *state = p->state;
    const size_t n_metrics = values->n_metrics, grouping = values->grouping;
    fdml_difference *of_groups = gaps ? p->groups + p->first_group * n_metrics : p->overall;
    fdml_difference *of_gaps = gaps ? p->gaps + (grouping - 1) * n_metrics : NULL;
    grouping_values other;
    p->exchange.side = -1;
    FDML_TRY(fdml_audit_resample(&other, &p->other, grouping, &p->exchange, err));
    double *replicate = fdml_arena_push(state->scratch, values->n_bootstrap, sizeof *replicate);
    if (!replicate) return no_memory(err);
    for (size_t g = 0; g < values->n_groups; g++)
        for (size_t m = 0; m < n_metrics; m++)
            of_groups[g * n_metrics + m] =
                of_group(values, &other, g, m, state->settings->confidence, replicate);
    for (size_t m = 0; gaps && m < n_metrics; m++)
        of_gaps[m] = of_gap(values, &other, &gaps[m], p, replicate);
    if (gaps) p->first_group += values->n_groups;
    if (!p->n_exchanges) return FDML_OK;
    return fdml_audit_exchange_test(of_groups, of_gaps, p, values, &other, err);
}

/* --- all of it ------------------------------------------------------------------------ */

static size_t correct_for_all(fdml_difference *const *d, size_t n, double *p, double *adjusted,
                              uint32_t *order)
{
    size_t n_tests = 0;
    for (size_t i = 0; i < n; i++) {
        p[i] = d[i]->p;
        if (!isnan(p[i])) n_tests++;
    }
    fdml_holm(adjusted, p, n, order);
    for (size_t i = 0; i < n; i++) d[i]->p_holm = adjusted[i];
    return n_tests;
}

fdml_status fdml_audit_pairing_end(const fdml_comparison **comparison, audit_pairing *p,
                                   fdml_error *err)
{
    const audit_state *state = p->state;
    const size_t n_metrics = state->settings->n_metrics, n_of_groups = p->n_groups * n_metrics;
    const size_t n = n_metrics + n_of_groups + p->n_gaps;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    fdml_difference **all = fdml_arena_push(state->scratch, n, sizeof(fdml_difference *));
    double *values = fdml_arena_push(state->scratch, 2 * n, sizeof *values);
    uint32_t *order = fdml_arena_push(state->scratch, n, sizeof *order);
    fdml_comparison *made = fdml_arena_push(state->arena, 1, sizeof *made);
    if (!all || !values || !order || !made) return no_memory(err);
    for (size_t i = 0; i < n_metrics; i++) all[i] = &p->overall[i];
    for (size_t i = 0; i < n_of_groups; i++) all[n_metrics + i] = &p->groups[i];
    for (size_t i = 0; i < p->n_gaps; i++) all[n_metrics + n_of_groups + i] = &p->gaps[i];
    *made = (fdml_comparison){ .path = state->settings->other->path,
                               .dim = p->problem.dim,
                               .overall = p->overall,
                               .groups = p->groups,
                               .gaps = p->gaps,
                               .n_tests = correct_for_all(all, n, values, values + n, order),
                               .n_exchanges = p->n_exchanges };
    fdml_arena_reset(state->scratch, mark);
    *comparison = made;
    return FDML_OK;
}

size_t fdml_audit_pairing_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                               size_t n_groups, int n_threads)
{
    const size_t batch_bytes = (size_t)1 << 22; /* as audit_exchange.c */
    const size_t n_metrics = settings->n_metrics, stride = fdml_audit_exchange_stride(settings);
    const size_t n_ids = problem->n_rows; /* classes are no more */
    const size_t units = fdml_audit_exchange_units(problem, settings, n_groups, false);
    const size_t coins = fdml_exchange_scratch(n_ids, 1);
    const size_t threads = (size_t)fdml_resampling_threads(coins, n_threads);
    const size_t own = units * (stride * sizeof(double) + sizeof(uint32_t));
    const size_t by_group = stride + 3 * n_metrics;
    const size_t sums = (n_groups + 1) * stride * sizeof(double);
    const size_t batch = sums > batch_bytes ? sums : batch_bytes;
    return own + batch + coins * threads + (n_groups + 1) * by_group * sizeof(double) +
           settings->n_bootstrap * sizeof(double);
}
