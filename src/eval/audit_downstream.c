/* audit_downstream.c - trains every classifier on every split, in every way. See downstream.h.
 *
 * What is kept is one code for each test row of each training; measures (audit_learned.c) are
 * made of that afterwards, so that the same draws of rows can compare two ways of training.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_learned.h"
#include "eval/linear_model.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for downstream classifiers");
}

/* The label, where it is named as a target, is the label: its values are the classes. */
static const fdml_factor *target_of(const fdml_problem *problem, size_t index)
{
    const fdml_factor *target = problem->n_targets ? &problem->targets[index] : problem->label;
    const size_t size = problem->n_rows * sizeof *target->code;
    return memcmp(target->code, problem->label->code, size) ? target : problem->label;
}

static size_t count_targets(const fdml_problem *problem)
{
    return problem->n_targets ? problem->n_targets : 1;
}

/* --- training --------------------------------------------------------------------------- */

/* One training part. */
typedef struct part {
    fdml_protocol protocol;
    size_t grouping;
    const uint32_t *row;
    size_t n;
} part;

/* Work to be done, and what the caller hears of it. */
typedef struct course {
    downstream_study *study;
    fdml_frame frame;
    uint32_t *by_row; /* [n_rows] predictions of one training */
    fdml_warmth
        warmth[FDML_CLASSIFIERS]; /* theta of the last as_is; NULL: not a linear model */
    size_t n_done, n_trainings, n_short;
} course;

static fdml_status train_one(course *c, const part *p, const fdml_split *split, size_t index,
                             fdml_classifier classifier, fdml_error *err)
{
    const downstream_study *study = c->study;
    audit_state *state = study->state;
    const fdml_audit_settings *settings = state->settings;
    const size_t variant = downstream_variant(p->protocol, p->grouping);
    const size_t slot = (size_t)classifier * downstream_variants(state) + variant;
    fdml_warmth *warmth = c->warmth[classifier].theta ? &c->warmth[classifier] : NULL;
    if (warmth) warmth->is_kept = p->protocol == FDML_AS_IS;
    const fdml_learner learner = { .problem = state->problem,
                                   .machine = state->machine,
                                   .frame = &c->frame,
                                   .target = &study->target,
                                   .kmeans_iterations = settings->kmeans_iterations,
                                   .kmeans_redo = settings->kmeans_redo,
                                   .seed = settings->seed,
                                   .warmth = warmth,
                                   .stream =
                                       audit_stream_id(STREAM_DOWNSTREAM_FIT, study->index,
                                                       index * study->n_slots + slot) };
    bool is_short;
    FDML_TRY(fdml_learner_run(c->by_row, &is_short, &learner, classifier, p->row, p->n, split,
                              state->scratch, err));
    const size_t n_tests = study->tests.begin[study->tests.n_splits];
    uint32_t *to = study->predicted + slot * n_tests + study->tests.begin[index];
    for (size_t i = 0; i < split->n_test; i++) to[i] = c->by_row[split->test[i]];
    c->n_short += is_short;
    fdml_progress_report(state->machine->progress, "classifiers", (double)++c->n_done,
                         (double)c->n_trainings);
    return FDML_OK;
}

static fdml_status train_part(course *c, const part *p, const fdml_split *split, size_t index,
                              fdml_error *err)
{
    const fdml_downstream_settings *asked = &c->study->state->settings->downstream;
    c->study->n_train[downstream_variant(p->protocol, p->grouping)] += p->n;
    for (int k = 0; k < FDML_CLASSIFIERS; k++)
        if (asked->classifier[k])
            FDML_TRY(train_one(c, p, split, index, (fdml_classifier)k, err));
    return FDML_OK;
}

static fdml_status train_balanced(course *c, const fdml_split *split, size_t index,
                                  size_t grouping, fdml_protocol protocol, fdml_error *err)
{
    audit_state *state = c->study->state;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const fdml_balance balance = { .target = &c->study->target,
                                   .by = &state->groupings.grouping[grouping],
                                   .min_group = state->settings->min_group,
                                   .is_within = c->study->is_within[grouping],
                                   .protocol = protocol,
                                   .seed = state->settings->seed,
                                   .stream = audit_stream_id(
                                       STREAM_DOWNSTREAM_BALANCE, c->study->index,
                                       downstream_variant(protocol, grouping)),
                                   .index = (uint32_t)index };
    uint32_t *row;
    part p = { .protocol = protocol, .grouping = grouping };
    FDML_TRY(fdml_balance_make(&row, &p.n, &balance, split->train, split->n_train,
                               state->scratch, err));
    p.row = row;
    FDML_TRY(train_part(c, &p, split, index, err));
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

static fdml_status train_split(course *c, size_t index, fdml_error *err)
{
    downstream_study *study = c->study;
    audit_state *state = study->state;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    fdml_split split;
    FDML_TRY(fdml_split_make(&split, &study->target, state->problem, state->settings->seed,
                             audit_stream_id(STREAM_DOWNSTREAM_SPLIT, study->index, 0),
                             (uint32_t)index, state->scratch, state->scratch, err));
    memcpy(study->tests.row + study->tests.begin[index], split.test,
           split.n_test * sizeof *split.test);
    const part whole = { FDML_AS_IS, 0, split.train, split.n_train };
    FDML_TRY(train_part(c, &whole, &split, index, err));
    for (size_t g = 1; g < state->groupings.n; g++)
        for (int p = FDML_AS_IS + 1; p < FDML_PROTOCOLS; p++)
            if (state->settings->downstream.protocol[p])
                FDML_TRY(train_balanced(c, &split, index, g, (fdml_protocol)p, err));
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

/* --- one target ------------------------------------------------------------------------- */

static size_t count_classifiers(const fdml_downstream_settings *s)
{
    size_t n = 0;
    for (int k = 0; k < FDML_CLASSIFIERS; k++) n += s->classifier[k];
    return n;
}

static size_t count_balanced(const fdml_downstream_settings *s)
{
    return (size_t)s->protocol[FDML_BALANCED_UNDER] + s->protocol[FDML_BALANCED_OVER];
}

static fdml_status make_study(downstream_study *study, course *c, fdml_error *err)
{
    audit_state *state = study->state;
    const size_t n_splits = state->settings->downstream.n_splits;
    const size_t most = fdml_split_most_tested(study->target.n_rows);
    const size_t n_groupings = state->groupings.n;
    study->n_slots = FDML_CLASSIFIERS * downstream_variants(state);
    study->tests = (fdml_tests){ .n_splits = n_splits, .target = &study->target };
    study->tests.row = fdml_arena_push(state->scratch, n_splits * most, sizeof(uint32_t));
    study->tests.begin = fdml_arena_push(state->scratch, n_splits + 1, sizeof(size_t));
    study->n_train =
        fdml_arena_push_zero(state->scratch, downstream_variants(state), sizeof(size_t));
    study->is_within = fdml_arena_push_zero(state->scratch, n_groupings, sizeof(bool));
    c->by_row = fdml_arena_push(state->scratch, state->problem->n_rows, sizeof(uint32_t));
    if (!study->tests.row || !study->tests.begin || !study->n_train || !study->is_within ||
        !c->by_row)
        return no_memory(err);
    for (size_t g = 1; g < n_groupings; g++)
        FDML_TRY(fdml_balance_is_within(&study->is_within[g], &study->target,
                                        &state->groupings.grouping[g],
                                        state->settings->min_group, state->scratch, err));
    study->tests.begin[0] = 0;
    for (size_t s = 0; s < n_splits; s++)
        study->tests.begin[s + 1] =
            study->tests.begin[s] +
            fdml_split_tested(study->target.n_rows, state->settings->seed,
                              audit_stream_id(STREAM_DOWNSTREAM_SPLIT, study->index, 0),
                              (uint32_t)s);
    study->predicted = fdml_arena_push(
        state->scratch, study->n_slots * study->tests.begin[n_splits], sizeof(uint32_t));
    return study->predicted ? FDML_OK : no_memory(err);
}

/* Of the linear models that are asked for. */
static fdml_status make_warmth(course *c, fdml_error *err)
{
    static const fdml_classifier linear[] = { FDML_C_LOGISTIC, FDML_C_SVM };
    const audit_state *state = c->study->state;
    const size_t n = fdml_linear_parameters(state->problem->dim, c->study->target.n_values);
    for (size_t i = 0; i < 2; i++) {
        double **theta = &c->warmth[linear[i]].theta;
        if (!state->settings->downstream.classifier[linear[i]]) continue;
        *theta = fdml_arena_push(state->scratch, n, sizeof **theta);
        if (!*theta) return no_memory(err);
    }
    return FDML_OK;
}

/* Results of one target, one for each attribute grouping, or one without groups. */
static fdml_status run_target(fdml_downstream_result *results, course *c, fdml_error *err)
{
    downstream_study *study = c->study;
    audit_state *state = study->state;
    const fdml_problem *problem = state->problem;
    const fdml_downstream_settings *asked = &state->settings->downstream;
    const size_t n_attributes = state->groupings.n - 1;
    const fdml_factor *factor = target_of(problem, study->index);
    FDML_TRY(fdml_learned_target_make(&study->target, factor, state->scratch, err));
    if (study->target.n_values < 2)
        return fdml_fail(err, FDML_E_DATA,
                         "downstream: %s has %zu value%s with two rows or more, and a "
                         "classifier needs two",
                         factor->name, study->target.n_values,
                         study->target.n_values == 1 ? "" : "s");
    FDML_TRY(make_study(study, c, err));
    FDML_TRY(make_warmth(c, err));
    FDML_TRY(fdml_frame_make(&c->frame, problem, state->machine, state->scratch, err));
    c->n_trainings = asked->n_splits * count_classifiers(asked) *
                     (1 + n_attributes * count_balanced(asked)) * count_targets(problem);
    for (size_t s = 0; s < asked->n_splits; s++) FDML_TRY(train_split(c, s, err));
    for (size_t g = n_attributes ? 1 : 0; g < state->groupings.n; g++)
        FDML_TRY(fdml_audit_learned(results++, study, g, err));
    return FDML_OK;
}

/* What the reader of these numbers must know about their rows. */
static fdml_status warn(fdml_audit_result *result, const fdml_downstream_result *d,
                        const audit_state *state, fdml_error *err)
{
    const bool is_balanced = count_balanced(&state->settings->downstream) > 0;
    char text[FDML_ERROR_MAX];
    if (d->n_left_out && d->grouping <= 1) {
        snprintf(
            text, sizeof text,
            "downstream: %zu values of %s have one row and take no part; %zu values with %zu "
            "rows do",
            d->n_left_out, d->target, d->n_values, d->n_rows);
        FDML_TRY(fdml_audit_warn(result, text, state->arena, err));
    }
    if (!d->grouping || d->is_within || !is_balanced) return FDML_OK;
    snprintf(
        text, sizeof text,
        "downstream: %s is constant within the values of %s, so balanced protocols give its "
        "groups equally many training rows in all, which changes rows per value",
        d->by, d->target);
    return fdml_audit_warn(result, text, state->arena, err);
}

fdml_status fdml_audit_downstream(fdml_audit_result *result, audit_state *state,
                                  fdml_error *err)
{
    const size_t n_targets = count_targets(state->problem);
    const size_t n_each = state->groupings.n > 1 ? state->groupings.n - 1 : 1;
    fdml_downstream_result *list =
        fdml_arena_push(state->arena, n_targets * n_each, sizeof *list);
    if (!list) return no_memory(err);
    size_t n_short = 0, n_done = 0;
    for (size_t t = 0; t < n_targets; t++) {
        const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
        downstream_study study = { .state = state, .index = t };
        course c = { .study = &study, .n_done = n_done };
        FDML_TRY(run_target(list + t * n_each, &c, err));
        fdml_arena_reset(state->scratch, mark);
        n_short += c.n_short;
        n_done = c.n_done;
    }
    result->downstream = list;
    result->n_downstream = n_targets * n_each;
    for (size_t i = 0; i < result->n_downstream; i++)
        FDML_TRY(warn(result, &list[i], state, err));
    if (!n_short) return FDML_OK;
    char text[FDML_ERROR_MAX];
    snprintf(text, sizeof text,
             "downstream: %zu trainings of linear models stopped before their minimum",
             n_short);
    return fdml_audit_warn(result, text, state->arena, err);
}
