/* audit_learned.c - measures of predictions by group, with intervals, changes and tests.
 *
 * Clusters of a group are drawn with all their test rows of all splits and what was predicted
 * of them; where classes have rows of several groups, these draw the same classes. The same
 * draws serve every classifier and protocol, so differences between two ways of training have
 * intervals of their own. Classifiers are not trained again: an interval is that of other
 * classes (or rows) read by these classifiers. Where the class is what is drawn and what is
 * predicted, its training rows are drawn with it. Tests: audit_learned_test.c.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/audit_learned.h"

enum { MEASURES = FDML_L_MEASURES, STRIDE = FDML_LEARNED_STRIDE };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the measures of classifiers");
}

/* One grouping. Slot g is group g, slot n_groups all rows. */
typedef struct learned_study {
    const downstream_study *of;
    audit_state *state;
    const fdml_grouping *by;
    size_t grouping, n_groups, n_bootstrap;
    fdml_tested_group *group; /* [n_groups + 1] */
    double *replicate;        /* of one classifier: [PROTOCOLS, n_groups + 1, MEASURES, B] */
    double *scratch;          /* [B] */
    double *features, *sums;  /* of the largest slot; [B, STRIDE] */
} learned_study;

static double *replicates(const learned_study *s, size_t protocol, size_t slot, size_t measure)
{
    return s->replicate +
           ((protocol * (s->n_groups + 1) + slot) * MEASURES + measure) * s->n_bootstrap;
}

/* --- values ----------------------------------------------------------------------------- */

static fdml_drawn_units drawn_units(const learned_study *s)
{
    const fdml_problem *problem = s->state->problem;
    if (!s->state->is_class_unit) return (fdml_drawn_units){ NULL, problem->n_rows, false };
    return (fdml_drawn_units){ problem->label->code, problem->label->n_levels,
                               s->of->target.factor == problem->label };
}

static const char *why_not(const learned_study *s, size_t slot)
{
    const size_t n = fdml_tested_rows(&s->group[slot]), least = s->state->settings->min_group;
    return n < least || !n ? fdml_audit_insufficient(n, least, s->state->arena) : NULL;
}

/* The same for all trainings, so that they see the same draws, and for groups that have classes
 * in common; for all rows also the same for all groupings. */
static uint64_t stream_of(const learned_study *s, size_t slot)
{
    const size_t target = s->of->index << 8;
    if (slot == s->n_groups) return audit_stream_id(STREAM_DOWNSTREAM, target, 0);
    return audit_stream_id(STREAM_DOWNSTREAM, target | s->grouping,
                           s->group[slot].place ? 0 : slot);
}

/* Values of one training, and its replicates. */
static fdml_status measure(fdml_learned_values *values, learned_study *s, size_t protocol,
                           size_t slot, const uint32_t *predicted, fdml_error *err)
{
    audit_state *state = s->state;
    const fdml_tested_group *group = &s->group[slot];
    const char *why = why_not(s, slot);
    double total[STRIDE];
    for (size_t m = 0; m < MEASURES; m++) {
        values->value[m] = values->change[m] = AUDIT_NOTHING;
        values->value[m].n = values->change[m].n = fdml_tested_rows(group);
        values->value[m].why = values->change[m].why = why;
    }
    if (why) return FDML_OK;
    FDML_TRY(fdml_learned_features(s->features, total, group, predicted, state->scratch, err));
    for (size_t m = 0; m < MEASURES; m++)
        values->value[m].value = fdml_learned_value(total, (fdml_learned_measure)m);
    if (!s->n_bootstrap || group->n_clusters < 2) return FDML_OK;
    const fdml_bootstrap bootstrap = { .features = s->features,
                                       .place = group->place,
                                       .n_clusters =
                                           group->place ? group->n_drawn : group->n_clusters,
                                       .n_features = STRIDE,
                                       .n_replicates = s->n_bootstrap,
                                       .seed = state->settings->seed,
                                       .stream = stream_of(s, slot) };
    fdml_bootstrap_sums(s->sums, &bootstrap, state->machine->n_threads);
    for (size_t m = 0; m < MEASURES; m++) {
        double *to = replicates(s, protocol, slot, m);
        for (size_t b = 0; b < s->n_bootstrap; b++)
            to[b] = fdml_learned_value(s->sums + b * STRIDE, (fdml_learned_measure)m);
        memcpy(s->scratch, to, s->n_bootstrap * sizeof *to);
        fdml_bootstrap_interval(&values->value[m].lo, &values->value[m].hi, s->scratch,
                                s->n_bootstrap, state->settings->confidence,
                                fdml_freedom_of(group->n_clusters));
    }
    return FDML_OK;
}

/* The interval of a sum of replicates with signs: [n] of each. */
static void interval_of(fdml_estimate *e, learned_study *s, const double *const *term, size_t n,
                        fdml_freedom freedom)
{
    for (size_t b = 0; b < s->n_bootstrap; b++) {
        s->scratch[b] = 0;
        for (size_t i = 0; i < n; i++) s->scratch[b] += i % 2 ? -term[i][b] : term[i][b];
    }
    fdml_bootstrap_interval(&e->lo, &e->hi, s->scratch, s->n_bootstrap,
                            s->state->settings->confidence, freedom);
}

static void compare_protocols(fdml_learned_values *values, const fdml_learned_values *as_is,
                              learned_study *s, size_t protocol, size_t slot)
{
    for (size_t m = 0; m < MEASURES; m++) {
        fdml_estimate *change = &values->change[m];
        if (change->why) continue;
        change->value = values->value[m].value - as_is->value[m].value;
        if (isnan(values->value[m].lo) || isnan(as_is->value[m].lo)) continue;
        const double *const term[] = { replicates(s, protocol, slot, m),
                                       replicates(s, FDML_AS_IS, slot, m) };
        interval_of(change, s, term, 2, fdml_freedom_of(s->group[slot].n_clusters));
    }
}

/* --- gaps ------------------------------------------------------------------------------- */

typedef struct extremes {
    size_t most, least, n;
} extremes;

static extremes find_extremes(const fdml_learned_values *groups, size_t n_groups, size_t m)
{
    extremes x = { 0, 0, 0 };
    for (size_t g = 0; g < n_groups; g++) {
        const double value = groups[g].value[m].value;
        if (isnan(value)) continue;
        if (!x.n || value > groups[x.most].value[m].value) x.most = g;
        if (!x.n || value < groups[x.least].value[m].value) x.least = g;
        x.n++;
    }
    for (size_t g = 0; x.most == x.least && g < n_groups; g++) /* all alike */
        if (g != x.most && !isnan(groups[g].value[m].value)) x.least = g;
    return x;
}

/* Of two groups; groups that draw classes together are no two samples. */
static fdml_freedom freedom_of_two(const learned_study *s, size_t a, double variance_a,
                                   size_t b, double variance_b)
{
    const size_t n_a = s->group[a].n_clusters, n_b = s->group[b].n_clusters;
    if (s->group[a].place) return fdml_freedom_of(n_a < n_b ? n_a : n_b);
    return fdml_freedom_of_two(variance_a, n_a, variance_b, n_b);
}

static void ratio_interval(fdml_estimate *ratio, learned_study *s, const double *most,
                           const double *least, fdml_freedom freedom)
{
    for (size_t b = 0; b < s->n_bootstrap; b++)
        s->scratch[b] = most[b] > 0 ? least[b] / most[b] : NAN;
    fdml_bootstrap_interval(&ratio->lo, &ratio->hi, s->scratch, s->n_bootstrap,
                            s->state->settings->confidence, freedom);
}

static fdml_gap_result make_gap(const fdml_learned_values *groups, learned_study *s,
                                size_t protocol, size_t m)
{
    const extremes x = find_extremes(groups, s->n_groups, m);
    fdml_gap_result gap = fdml_audit_no_gap(s->by, s->grouping, m, x.n);
    if (x.n < 2) return gap;
    const fdml_estimate *most = &groups[x.most].value[m], *least = &groups[x.least].value[m];
    gap.best = s->by->value[x.most];
    gap.worst = s->by->value[x.least];
    gap.difference.value = most->value - least->value;
    if (least->value > 0)
        gap.ratio.value = least->value / most->value;
    else
        gap.ratio.why = "a value is not positive";
    if (isnan(most->lo) || isnan(least->lo)) return gap;
    const double *const term[] = { replicates(s, protocol, x.most, m),
                                   replicates(s, protocol, x.least, m) };
    const double of_most = fdml_variance(term[0], s->n_bootstrap);
    const double of_least = fdml_variance(term[1], s->n_bootstrap);
    interval_of(&gap.difference, s, term, 2,
                freedom_of_two(s, x.most, of_most, x.least, of_least));
    if (!gap.ratio.why)
        ratio_interval(&gap.ratio, s, term[0], term[1],
                       freedom_of_two(s, x.most, of_most / (most->value * most->value), x.least,
                                      of_least / (least->value * least->value)));
    return gap;
}

/* How the gap changed against as_is; each gap keeps its own two groups. */
static fdml_estimate gap_change(const fdml_learned_result *learned,
                                const fdml_learned_result *as_is, learned_study *s, size_t m)
{
    const extremes now = find_extremes(learned->groups, s->n_groups, m);
    const extremes then = find_extremes(as_is->groups, s->n_groups, m);
    const fdml_gap_result *gap = &learned->gap[m], *before = &as_is->gap[m];
    fdml_estimate change = AUDIT_NOTHING;
    change.n = gap->difference.n;
    change.why = gap->difference.why;
    if (change.why) return change;
    change.value = gap->difference.value - before->difference.value;
    if (isnan(gap->difference.lo) || isnan(before->difference.lo)) return change;
    const double *const term[] = { replicates(s, learned->protocol, now.most, m),
                                   replicates(s, learned->protocol, now.least, m),
                                   replicates(s, FDML_AS_IS, then.least, m),
                                   replicates(s, FDML_AS_IS, then.most, m) };
    const size_t group[] = { now.most, now.least, then.least, then.most };
    size_t n_least = s->group[now.most].n_clusters;
    for (size_t i = 1; i < 4; i++)
        if (s->group[group[i]].n_clusters < n_least) n_least = s->group[group[i]].n_clusters;
    interval_of(&change, s, term, 4, fdml_freedom_of(n_least));
    return change;
}

/* --- one grouping ----------------------------------------------------------------------- */

static fdml_status make_groups(learned_study *s, fdml_error *err)
{
    fdml_arena *scratch = s->state->scratch;
    const fdml_drawn_units units = drawn_units(s);
    const bool is_joint = s->state->is_class_unit && !s->by->is_class_constant;
    s->group = fdml_arena_push(scratch, s->n_groups + 1, sizeof *s->group);
    if (!s->group) return no_memory(err);
    size_t most = 0;
    for (size_t g = 0; g <= s->n_groups; g++) {
        const uint32_t *code = g < s->n_groups ? s->by->code : NULL;
        FDML_TRY(fdml_tested_group_make(&s->group[g], &s->of->tests, &units, code, (uint32_t)g,
                                        scratch, err));
        if (g < s->n_groups && is_joint)
            FDML_TRY(fdml_tested_group_place(&s->group[g], &units, scratch, err));
        if (s->group[g].n_clusters > most) most = s->group[g].n_clusters;
    }
    const size_t n = FDML_PROTOCOLS * (s->n_groups + 1) * MEASURES * s->n_bootstrap;
    s->replicate = fdml_arena_push(scratch, n, sizeof(double));
    s->scratch = fdml_arena_push(scratch, s->n_bootstrap, sizeof(double));
    s->features = fdml_arena_push(scratch, most * STRIDE, sizeof(double));
    s->sums = fdml_arena_push(scratch, s->n_bootstrap * STRIDE, sizeof(double));
    return s->replicate && s->scratch && s->features && s->sums ? FDML_OK : no_memory(err);
}

static fdml_status learn(fdml_learned_result *learned, const fdml_learned_result *as_is,
                         learned_study *s, fdml_error *err)
{
    const uint32_t *predicted =
        downstream_predicted(s->of, learned->classifier, learned->protocol, s->grouping);
    fdml_learned_values *groups = fdml_arena_push(s->state->arena, s->n_groups, sizeof *groups);
    if (!groups) return no_memory(err);
    learned->groups = groups;
    for (size_t g = 0; g <= s->n_groups; g++) {
        fdml_learned_values *values = g < s->n_groups ? &groups[g] : &learned->all;
        FDML_TRY(measure(values, s, learned->protocol, g, predicted, err));
        if (learned == as_is) continue;
        compare_protocols(values, g < s->n_groups ? &as_is->groups[g] : &as_is->all, s,
                          learned->protocol, g);
    }
    for (size_t m = 0; m < MEASURES; m++) {
        learned->gap[m] = make_gap(groups, s, learned->protocol, m);
        learned->gap_change[m] =
            learned == as_is ? AUDIT_NOTHING : gap_change(learned, as_is, s, m);
    }
    return FDML_OK;
}

/* The trainings that this grouping shows: without an attribute as_is alone. */
static fdml_status learn_all(fdml_downstream_result *result, learned_study *s, fdml_error *err)
{
    const fdml_downstream_settings *asked = &s->state->settings->downstream;
    fdml_learned_result *list =
        fdml_arena_push(s->state->arena, FDML_CLASSIFIERS * FDML_PROTOCOLS, sizeof *list);
    if (!list) return no_memory(err);
    size_t n = 0;
    for (int k = 0; k < FDML_CLASSIFIERS; k++) {
        const size_t as_is = n;
        for (int p = 0; asked->classifier[k] && p < FDML_PROTOCOLS; p++) {
            if (p != FDML_AS_IS && (!asked->protocol[p] || !s->grouping)) continue;
            list[n].classifier = (fdml_classifier)k;
            list[n].protocol = (fdml_protocol)p;
            FDML_TRY(learn(&list[n], &list[as_is], s, err));
            n++;
        }
    }
    result->learned = list;
    result->n_learned = n;
    return s->grouping && s->state->settings->n_permutations
               ? fdml_audit_learned_test(list, n, s->of, s->grouping, err)
               : FDML_OK;
}

fdml_status fdml_audit_learned(fdml_downstream_result *result, const downstream_study *study,
                               size_t grouping, fdml_error *err)
{
    audit_state *state = study->state;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const size_t n_splits = study->tests.n_splits;
    learned_study s = { .of = study,
                        .state = state,
                        .by = by,
                        .grouping = grouping,
                        .n_groups = grouping ? by->n_groups : 0,
                        .n_bootstrap = state->settings->n_bootstrap };
    *result = (fdml_downstream_result){ .target = study->target.factor->name,
                                        .grouping = grouping,
                                        .by = by->by,
                                        .n_groups = s.n_groups,
                                        .value = by->value,
                                        .is_within = study->is_within[grouping],
                                        .n_values = study->target.n_values,
                                        .n_rows = study->target.n_rows,
                                        .n_left_out = study->target.n_left_out };
    for (int p = 0; p < FDML_PROTOCOLS; p++)
        if (p == FDML_AS_IS || grouping)
            result->n_train[p] =
                (study->n_train[downstream_variant((fdml_protocol)p, grouping)] +
                 n_splits / 2) /
                n_splits;
    result->n_test = (study->tests.begin[n_splits] + n_splits / 2) / n_splits;
    FDML_TRY(make_groups(&s, err));
    FDML_TRY(learn_all(result, &s, err));
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
