/* audit_downstream_cost.c - what downstream classifiers will need, told before they are
 * trained.
 *
 * The sizes mirror the allocations of audit_downstream.c, audit_learned.c and
 * audit_learned_test.c. How many rows a balanced training part has depends on the columns
 * alone, so all rows are balanced once as a training part will be, which is seven tenths of
 * that.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/audit_state.h"
#include "eval/linear_model.h"

/* What a target's trainings see; all rows count for training rows. */
typedef struct scale {
    size_t n_rows, n_values; /* that take part */
    size_t n_largest;        /* training rows of the largest part */
    double work;
} scale;

typedef struct inquiry {
    const fdml_problem *problem;
    const fdml_audit_settings *settings;
    const fdml_machine *machine;
    fdml_groupings groupings;
    fdml_arena arena;
} inquiry;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t trained_of(size_t n)
{
    return n - n * FDML_TEST_TENTHS / 10;
}

static double work_of(const inquiry *q, const scale *s, size_t n_train)
{
    const fdml_downstream_settings *asked = &q->settings->downstream;
    const fdml_training training = { .dim = q->problem->dim,
                                     .n_values = s->n_values,
                                     .n_train = trained_of(n_train),
                                     .n_distinct = trained_of(smaller(n_train, s->n_rows)),
                                     .n_test = fdml_split_most_tested(s->n_rows),
                                     .kmeans_iterations = q->settings->kmeans_iterations,
                                     .kmeans_redo = q->settings->kmeans_redo };
    double sum = 0;
    for (int k = 0; k < FDML_CLASSIFIERS; k++)
        if (asked->classifier[k]) sum += fdml_learner_work((fdml_classifier)k, &training);
    return sum * asked->n_splits;
}

/* All rows that take part, in `row`. */
static void list_rows(uint32_t *row, const fdml_learned_target *target)
{
    size_t n = 0;
    for (size_t i = 0; i < target->factor->n_rows; i++)
        if (target->code[i] != FDML_LEARNED_NONE) row[n++] = (uint32_t)i;
}

static fdml_status look_at_balance(scale *s, inquiry *q, const fdml_learned_target *target,
                                   const uint32_t *row, size_t grouping, int protocol)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(&q->arena);
    fdml_balance balance = { .target = target,
                             .by = &q->groupings.grouping[grouping],
                             .min_group = q->settings->min_group,
                             .protocol = (fdml_protocol)protocol };
    uint32_t *made;
    size_t n;
    FDML_TRY(fdml_balance_is_within(&balance.is_within, target, balance.by, balance.min_group,
                                    &q->arena, NULL));
    FDML_TRY(fdml_balance_make(&made, &n, &balance, row, target->n_rows, &q->arena, NULL));
    s->n_largest = larger(s->n_largest, n);
    s->work += work_of(q, s, n);
    fdml_arena_reset(&q->arena, mark);
    return FDML_OK;
}

static fdml_status look_at_target(scale *s, inquiry *q, const fdml_factor *factor)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(&q->arena);
    fdml_learned_target target;
    FDML_TRY(fdml_learned_target_make(&target, factor, &q->arena, NULL));
    *s = (scale){ target.n_rows, target.n_values, target.n_rows, 0 };
    s->work = work_of(q, s, s->n_rows);
    uint32_t *row = fdml_arena_push(&q->arena, target.n_rows, sizeof *row);
    if (!row) return FDML_E_NOMEM;
    list_rows(row, &target);
    for (size_t g = 1; g < q->groupings.n; g++)
        for (int p = FDML_AS_IS + 1; p < FDML_PROTOCOLS; p++)
            if (q->settings->downstream.protocol[p])
                FDML_TRY(look_at_balance(s, q, &target, row, g, p));
    fdml_arena_reset(&q->arena, mark);
    return FDML_OK;
}

static size_t training_size(const inquiry *q, const scale *s)
{
    /* a part's share of a cell is seven tenths, and a row more at most */
    const size_t n_train = larger(trained_of(s->n_largest) + s->n_values, 1);
    size_t most = 0;
    for (int k = 0; k < FDML_CLASSIFIERS; k++)
        if (q->settings->downstream.classifier[k])
            most = larger(most, fdml_learner_size((fdml_classifier)k, q->problem, s->n_values,
                                                  n_train, fdml_split_most_tested(s->n_rows),
                                                  q->machine));
    /* a split; a balanced part, its rows in order and what orders them */
    return most + (s->n_rows + 1 + n_train + 2 * s->n_rows) * sizeof(uint32_t);
}

static size_t measuring_size(const inquiry *q, const scale *s)
{
    enum { BATCH = 64, PLAN = 28 + 16 };
    const fdml_audit_settings *settings = q->settings;
    const size_t n = q->problem->n_rows, most_tested = fdml_split_most_tested(s->n_rows);
    const size_t n_tests = settings->downstream.n_splits * most_tested;
    size_t n_groups = 0;
    for (size_t g = 1; g < q->groupings.n; g++)
        n_groups = larger(n_groups, q->groupings.grouping[g].n_groups);
    const size_t stride = fdml_feature_stride(1 + FDML_CLASSIFIERS * FDML_PROTOCOLS);
    const size_t n_clusters =
        settings->unit == FDML_UNIT_CLASS ? q->problem->label->n_levels : n;
    const size_t shared =
        2 * n_tests * 2 * sizeof(uint32_t) +
        settings->n_bootstrap * sizeof(double) *
            (FDML_PROTOCOLS * (n_groups + 1) * FDML_L_MEASURES + FDML_LEARNED_STRIDE + 1) +
        n_clusters * FDML_LEARNED_STRIDE * sizeof(double);
    const size_t counting = s->n_values * (5 * sizeof(uint32_t) + 3 * sizeof(double));
    const size_t own = n * 16;
    const size_t exchanging =
        n * 13 + n * stride * sizeof(double) + BATCH * n_groups * stride * sizeof(double) +
        settings->n_permutations * FDML_CLASSIFIERS * FDML_PROTOCOLS * sizeof(double) +
        n * PLAN + (size_t)fdml_resampling_threads(own, q->machine->n_threads) * own;
    const bool is_tested = n_groups && settings->n_permutations;
    return shared + larger(counting, is_tested ? exchanging : 0);
}

/* Codes and predictions of a target, which stay while it is trained and measured. */
static size_t kept_size(const inquiry *q, const scale *s)
{
    const size_t n = q->problem->n_rows;
    const size_t n_tests = q->settings->downstream.n_splits * fdml_split_most_tested(s->n_rows);
    const size_t n_slots = FDML_CLASSIFIERS * (2 * q->groupings.n - 1);
    const bool *is_asked = q->settings->downstream.classifier;
    const size_t n_warm = (size_t)is_asked[FDML_C_LOGISTIC] + is_asked[FDML_C_SVM];
    return n_warm * fdml_linear_parameters(q->problem->dim, s->n_values) * sizeof(double) +
           n * 4 * sizeof(uint32_t) + q->problem->dim * sizeof(float) +
           n_tests * (1 + n_slots) * sizeof(uint32_t) + 32 * 64; /* alignment */
}

static fdml_status look(size_t *bytes, double *work, inquiry *q)
{
    const fdml_problem *problem = q->problem;
    FDML_TRY(fdml_groupings_make(&q->groupings, problem, q->settings->with_intersections,
                                 &q->arena, &q->arena, NULL));
    for (size_t t = 0; t < (problem->n_targets ? problem->n_targets : 1); t++) {
        scale s;
        FDML_TRY(
            look_at_target(&s, q, problem->n_targets ? &problem->targets[t] : problem->label));
        *bytes = larger(*bytes,
                        kept_size(q, &s) + larger(training_size(q, &s), measuring_size(q, &s)));
        *work += s.work;
    }
    return FDML_OK;
}

double fdml_audit_downstream_cost(size_t *bytes, const fdml_problem *problem,
                                  const fdml_audit_settings *settings,
                                  const fdml_machine *machine)
{
    double work = 0;
    *bytes = 0;
    if (!settings->with_downstream) return 0;
    inquiry q = { .problem = problem, .settings = settings, .machine = machine };
    fdml_arena_init(&q.arena, 0);
    if (look(bytes, &work, &q)) *bytes = SIZE_MAX / 4; /* not even the columns fit */
    fdml_arena_close(&q.arena);
    return work;
}
