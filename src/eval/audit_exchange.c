/* audit_exchange.c - the paired permutation test: whose numbers a cluster's are, by a coin.
 *
 * A value V of a metric is split into what each cluster gives to it, V = sum_c k_c. With V_N
 * and V_O of the two models and d_c = k_c(NEW) - k_c(OTHER), exchanging the clusters whose coin
 * shows tails leaves the models with
 *
 *   V_A = (V_N + V_O + T) / 2,  V_B = (V_N + V_O - T) / 2,  T = sum over heads of d_c - tails
 *
 * T is compared with the observed difference. For gaps, the mean change over the clusters of
 * all groups is taken off first, d_c - share_c * mean: a gap does not see it, so the observed
 * change of a gap is still one of the exchanged ones; but without that, a model that is better
 * for everybody would swing the exchanged gaps, and no change of a gap could be told from
 * chance. k_c is exact for ratios of sums over clusters with the same denominator in both
 * models: sum_c / denominator. For other metrics
 *
 *   k_c = V / clusters + U_c,  U_c = dV / dw_c
 *
 * U_c being the influence of the cluster (the infinitesimal jackknife, Efron 1982), from the
 * same features that are resampled; see audit_values.c for what they stand for. Influences add
 * up to 0, so again V = sum_c k_c.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_pairing.h"

enum { BATCH_BYTES = 1 << 22 }; /* sums of so many replicates are kept at a time */

/* Columns behind the metrics': the cluster's share of its group's queries, and of its rows. */
enum { OF_QUERIES, OF_ROWS, N_SHARES };

/* Relative size of differences that are rounding, as in fdml_p_value. */
static const double SLACK = 1e-12;

bool fdml_audit_is_exchanged(const fdml_metric *metric)
{
    return metric->kind != FDML_KIND_SET || metric->id == FDML_M_CLASS_RATIO;
}

static bool is_exact(const audit_state *state, const fdml_metric *metric)
{
    const bool is_within = metric->id == FDML_M_ALIGNMENT_INTRA && state->is_class_unit;
    return metric->kind == FDML_KIND_MEAN || is_within;
}

/* --- what a cluster gives ------------------------------------------------------------- */

/* Influence on total[column] / total[column + 1]. */
static double of_ratio(const double *f, const double *total, size_t column)
{
    const double ratio = fdml_audit_ratio_of(total, column);
    return (f[column] - ratio * f[column + 1]) / total[column + 1];
}

static double of_intra(const audit_state *state, const double *f, const double *total)
{
    return (state->is_class_unit ? 1 : 2) * of_ratio(f, total, state->plan.intra);
}

/* On the mean of exp(-2 d^2): pairs within a class follow its weight, others those of both;
 * less the mean influence, which is not 0 then. */
static double of_potential(const audit_state *state, const audit_group *group, const double *f)
{
    const size_t own = state->plan.own_uniformity, apart = state->plan.uniformity;
    const double *total = group->total;
    if (own == NO_COLUMN) return 2 * of_ratio(f, total, apart);
    const double above = 2 * f[apart] + f[own], n_pairs = 2 * f[apart + 1] + f[own + 1];
    return (above - group->base.uniformity * n_pairs) / (total[apart + 1] + total[own + 1]) -
           group->base.own / (double)group->n_clusters;
}

/* U_c of above / below. */
static double of_quotient(double value, double of_above, double of_below, double below)
{
    return (of_above - value * of_below) / below;
}

static double influence(const audit_state *state, const audit_group *group, size_t metric,
                        double value, const double *f)
{
    const feature_plan *plan = &state->plan;
    const double *total = group->total;
    const group_base *base = &group->base;
    switch (state->settings->metrics[metric].id) {
    case FDML_M_ALIGNMENT_INTRA:
        return of_intra(state, f, total);
    case FDML_M_ALIGNMENT_INTER:
        return 2 * of_ratio(f, total, plan->inter);
    case FDML_M_ALIGNMENT_RATIO:
        return of_quotient(value, of_intra(state, f, total),
                           2 * of_ratio(f, total, plan->inter), base->inter);
    case FDML_M_UNIFORMITY:
        return of_potential(state, group, f) / base->uniformity;
    default: /* class_ratio; its features by query are influences */
        if (!state->is_class_unit)
            return of_quotient(value, f[plan->ratio], f[plan->ratio + 2], base->centre);
        return of_quotient(value, of_ratio(f, total, plan->ratio),
                           2 * of_ratio(f, total, plan->ratio + 2), base->centre);
    }
}

static double contribution(const audit_state *state, const audit_group *group, size_t metric,
                           double value, const double *f)
{
    const feature_plan *plan = &state->plan;
    if (plan->mean[metric] != NO_COLUMN)
        return f[plan->mean[metric]] / group->total[plan->n_valid];
    if (is_exact(state, &state->settings->metrics[metric]))
        return f[plan->intra] / group->total[plan->intra + 1];
    return value / (double)group->n_clusters + influence(state, group, metric, value, f);
}

/* The clusters of a group are those of the other side in the same order. */
static void list_clusters(audit_exchange *exchange, const audit_group *group,
                          const audit_state *state)
{
    const size_t begin = exchange->begin[group->group];
    exchange->begin[group->group + 1] = begin + group->n_clusters;
    for (size_t c = 0; c < group->n_clusters; c++) {
        const fdml_runs *runs = &group->runs;
        const uint32_t row = runs->row[state->is_class_unit ? runs->begin[c] : c];
        const size_t n_rows = state->is_class_unit ? runs->begin[c + 1] - runs->begin[c] : 1;
        double *share = exchange->part + (begin + c) * exchange->stride + exchange->share;
        exchange->id[begin + c] = state->is_class_unit ? state->problem->label->code[row] : row;
        share[OF_ROWS] = (double)n_rows / (double)runs->n_rows;
        if (group->n_valid)
            share[OF_QUERIES] = group->features[c * group->stride + state->plan.n_valid] /
                                (double)group->n_valid;
    }
}

void fdml_audit_exchange_add(audit_exchange *exchange, const audit_group *group,
                             const fdml_estimate *estimate, const audit_state *state)
{
    if (exchange->side > 0) list_clusters(exchange, group, state);
    double *part = exchange->part + exchange->begin[group->group] * exchange->stride;
    for (size_t m = 0; m < state->settings->n_metrics; m++) {
        if (estimate[m].why || !fdml_audit_is_exchanged(&state->settings->metrics[m])) continue;
        for (size_t c = 0; c < group->n_clusters; c++)
            part[c * exchange->stride + m] +=
                exchange->side * contribution(state, group, m, estimate[m].value,
                                              group->features + c * group->stride);
    }
}

size_t fdml_audit_exchange_stride(const fdml_audit_settings *settings)
{
    return fdml_feature_stride(settings->n_metrics + N_SHARES);
}

size_t fdml_audit_exchange_units(const fdml_problem *problem,
                                 const fdml_audit_settings *settings, size_t n_groups,
                                 bool is_class_constant)
{
    const size_t n_classes = problem->label->n_levels, n = problem->n_rows;
    if (settings->unit != FDML_UNIT_CLASS) return n;
    if (is_class_constant) return n_classes;
    return n_groups > n / n_classes ? n : n_groups * n_classes;
}

/* --- the test ------------------------------------------------------------------------- */

/* Slots are the groups, then the gap. */
typedef struct exchange_test {
    const audit_exchange *exchange;
    const fdml_audit_settings *settings;
    fdml_difference *difference, *gap;
    double *total;   /* [n_groups, stride] T without an exchange */
    double *mean;    /* [n_metrics] change over the clusters of all groups */
    double *middle;  /* [n_groups, n_metrics] (V_N + V_O) / 2; NaN where there is no change */
    double *scale;   /* [n_groups + 1, n_metrics] size of what is subtracted */
    size_t *reached; /* [n_groups + 1, n_metrics] replicates at least as far from 0 */
} exchange_test;

static bool is_as_far(double null, double observed, double scale)
{
    const double slack = SLACK * fmax(scale, fmax(fabs(null), fabs(observed)));
    return fabs(null) >= fabs(observed) - slack;
}

typedef struct span {
    double least, most;
} span;

static void widen(span *s, double value)
{
    s->least = fmin(s->least, value);
    s->most = fmax(s->most, value);
}

/* sums: [n_groups, stride] over heads, of one replicate. */
static void count_metric(exchange_test *t, size_t m, const double *sums)
{
    const size_t n_metrics = t->settings->n_metrics, n_groups = t->exchange->n_groups;
    const bool is_mean = t->settings->metrics[m].kind == FDML_KIND_MEAN;
    const size_t share = t->exchange->share + (is_mean ? OF_QUERIES : OF_ROWS);
    span a = { INFINITY, -INFINITY }, b = a;
    for (size_t g = 0; g < n_groups; g++) {
        const size_t at = g * n_metrics + m, row = g * t->exchange->stride;
        if (isnan(t->middle[at])) continue;
        const double difference = 2 * sums[row + m] - t->total[row + m];
        const double shift = t->mean[m] * (2 * sums[row + share] - t->total[row + share]);
        t->reached[at] += is_as_far(difference, t->difference[at].change.value, t->scale[at]);
        widen(&a, t->middle[at] + (difference - shift) / 2);
        widen(&b, t->middle[at] - (difference - shift) / 2);
    }
    if (!t->gap || isnan(t->gap[m].change.value)) return;
    const size_t at = n_groups * n_metrics + m;
    const double change = (a.most - a.least) - (b.most - b.least);
    t->reached[at] += is_as_far(change, t->gap[m].change.value, t->scale[at]);
}

static void prepare(exchange_test *t, const grouping_values *values,
                    const grouping_values *other)
{
    const audit_exchange *e = t->exchange;
    const size_t n_metrics = t->settings->n_metrics;
    for (size_t g = 0; g < e->n_groups; g++)
        for (size_t u = e->begin[g]; u < e->begin[g + 1]; u++)
            for (size_t f = 0; f < e->stride; f++)
                t->total[g * e->stride + f] += e->part[u * e->stride + f];
    for (size_t m = 0; m < n_metrics; m++) {
        const size_t gap = e->n_groups * n_metrics + m;
        double n_clusters = 0;
        for (size_t g = 0; g < e->n_groups; g++) {
            const size_t at = g * n_metrics + m;
            const double a = values->estimate[at].value, b = other->estimate[at].value;
            const double n = (double)(e->begin[g + 1] - e->begin[g]);
            t->middle[at] = t->difference[at].change.why ? NAN : (a + b) / 2;
            if (isnan(t->middle[at])) continue;
            t->scale[at] = fmax(fabs(a), fabs(b));
            if (t->settings->metrics[m].id == FDML_M_UNIFORMITY) t->scale[at] += 1; /* a log */
            t->scale[gap] = fmax(t->scale[gap], t->scale[at]);
            t->mean[m] += n * t->difference[at].change.value;
            n_clusters += n;
        }
        if (n_clusters > 0) t->mean[m] /= n_clusters;
    }
}

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the exchanges of a comparison");
}

static fdml_status run(exchange_test *t, const audit_pairing *pairing, fdml_error *err)
{
    const audit_state *state = pairing->state;
    const audit_exchange *e = t->exchange;
    const size_t n_all = pairing->n_exchanges;
    fdml_exchange exchange = { .features = e->part,
                               .id = e->id,
                               .begin = e->begin,
                               .n_groups = e->n_groups,
                               .n_features = e->stride,
                               .n_ids = state->is_class_unit ? state->problem->label->n_levels
                                                             : state->problem->n_rows,
                               .seed = state->settings->seed,
                               .stream = audit_stream_id(STREAM_EXCHANGE, 0, 0) };
    const size_t one = e->n_groups * e->stride * sizeof(double);
    size_t batch = one < BATCH_BYTES ? BATCH_BYTES / one : 1;
    if (batch > n_all) batch = n_all;
    const size_t coins = fdml_exchange_scratch(exchange.n_ids, 1);
    const int n_threads = fdml_resampling_threads(coins, state->machine->n_threads);
    double *sums = fdml_arena_push(state->scratch, batch, one);
    void *scratch =
        fdml_arena_push(state->scratch, fdml_exchange_scratch(exchange.n_ids, n_threads), 1);
    if (!sums || !scratch) return no_memory(err);
    for (size_t done = 0; done < n_all; done += exchange.n_replicates) {
        exchange.first_replicate = (uint32_t)done;
        exchange.n_replicates = n_all - done < batch ? n_all - done : batch;
        fdml_exchange_sums(sums, &exchange, scratch, n_threads);
        for (size_t r = 0; r < exchange.n_replicates; r++)
            for (size_t m = 0; m < t->settings->n_metrics; m++)
                if (fdml_audit_is_exchanged(&t->settings->metrics[m]))
                    count_metric(t, m, sums + r * e->n_groups * e->stride);
    }
    return FDML_OK;
}

static void conclude(fdml_difference *d, const audit_pairing *pairing,
                     const fdml_metric *metric, size_t n_reached)
{
    if (isnan(d->change.value) || !fdml_audit_is_exchanged(metric)) return;
    d->p = (double)(1 + n_reached) / (double)(1 + pairing->n_exchanges);
    d->p_method = is_exact(pairing->state, metric) ? "exchange" : "linearised exchange";
}

fdml_status fdml_audit_exchange_test(fdml_difference *difference, fdml_difference *gap,
                                     const audit_pairing *pairing,
                                     const grouping_values *values,
                                     const grouping_values *other, fdml_error *err)
{
    const audit_state *state = pairing->state;
    const size_t n_metrics = values->n_metrics, n_groups = values->n_groups;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const size_t n_slots = (n_groups + 1) * n_metrics;
    exchange_test t = { .exchange = &pairing->exchange,
                        .settings = state->settings,
                        .difference = difference,
                        .gap = gap };
    fdml_arena *arena = state->scratch;
    t.total = fdml_arena_push_zero(arena, n_groups * t.exchange->stride, sizeof *t.total);
    t.mean = fdml_arena_push_zero(arena, n_metrics, sizeof *t.mean);
    t.middle = fdml_arena_push(arena, n_groups * n_metrics, sizeof *t.middle);
    t.scale = fdml_arena_push_zero(arena, n_slots, sizeof *t.scale);
    t.reached = fdml_arena_push_zero(arena, n_slots, sizeof *t.reached);
    if (!t.total || !t.mean || !t.middle || !t.scale || !t.reached) return no_memory(err);
    prepare(&t, values, other);
    FDML_TRY(run(&t, pairing, err));
    for (size_t m = 0; m < n_metrics; m++) {
        const fdml_metric *metric = &state->settings->metrics[m];
        for (size_t g = 0; g < n_groups; g++)
            conclude(&difference[g * n_metrics + m], pairing, metric,
                     t.reached[g * n_metrics + m]);
        if (gap) conclude(&gap[m], pairing, metric, t.reached[n_groups * n_metrics + m]);
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
