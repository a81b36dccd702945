/* test_eval_classifiers.c - the classifiers of downstream audits against scikit-learn's, on the
 * same split of the same rows, and their measures.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "classifier_case.h"
#include "eval/downstream_measure.h"
#include "eval/forest.h"
#include "eval/nearest.h"
#include "eval/perceptron.h"

enum {
    N = CLASSIFIER_ROWS,
    D = CLASSIFIER_DIM,
    V = CLASSIFIER_VALUES,
    TESTS = CLASSIFIER_TESTS
};

static fdml_error err;

typedef struct world {
    fdml_arena arena;
    float x[N * D];
    uint32_t code[N], train[3 * (N - TESTS)], test[TESTS], predicted[N];
    fdml_factor factor;
    fdml_problem problem;
    fdml_machine machine;
    fdml_frame frame;
    fdml_learned_target target;
    fdml_split split;
} world;

static uint64_t state;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(state >> 40) / 0x1p24;
}

/* As make_classifier_case.py. */
static void make_rows(world *w)
{
    double centre[V][D];
    state = 1;
    for (size_t v = 0; v < V; v++)
        for (size_t d = 0; d < D; d++) centre[v][d] = 2 * uniform();
    for (size_t i = 0; i < N; i++) {
        const uint32_t a = (uint32_t)(uniform() * V), b = (uint32_t)(uniform() * V);
        w->code[i] = a < b ? a : b;
        for (size_t d = 0; d < D; d++) {
            double noise = uniform();
            for (int k = 0; k < 3; k++) noise += uniform();
            w->x[i * D + d] = (float)(centre[w->code[i]][d] + 1.2 * (noise - 2));
        }
    }
}

static world *make_world(void)
{
    static const char *const level[V] = { "a", "b", "c", "d", "e", "f" };
    static world w;
    size_t n_test = 0, n_train = 0;
    memset(&w, 0, sizeof w);
    make_rows(&w);
    for (uint32_t i = 0; i < N; i++)
        if (i % 3)
            w.train[n_train++] = i;
        else
            w.test[n_test++] = i;
    fdml_arena_init(&w.arena, 0);
    w.factor = (fdml_factor){ "value", N, V, w.code, level };
    w.problem = (fdml_problem){
        .x = w.x, .n_rows = N, .dim = D, .distance = FDML_L2, .label = &w.factor
    };
    w.machine = (fdml_machine){ .kernels = fdml_kernels_best(), .n_threads = 2 };
    w.split = (fdml_split){ w.train, w.test, n_train, n_test };
    cr_assert_eq(fdml_learned_target_make(&w.target, &w.factor, &w.arena, &err), FDML_OK);
    cr_assert_eq(fdml_frame_make(&w.frame, &w.problem, &w.machine, &w.arena, &err), FDML_OK);
    return &w;
}

static double run(world *w, fdml_classifier classifier, uint64_t seed)
{
    const fdml_learner learner = { .problem = &w->problem,
                                   .machine = &w->machine,
                                   .frame = &w->frame,
                                   .target = &w->target,
                                   .kmeans_iterations = 50,
                                   .kmeans_redo = 3,
                                   .seed = seed };
    const size_t used = w->arena.used;
    bool is_short = true;
    size_t n_right = 0;
    w->arena.peak = used;
    cr_assert_eq(fdml_learner_run(w->predicted, &is_short, &learner, classifier, w->train,
                                  w->split.n_train, &w->split, &w->arena, &err),
                 FDML_OK);
    cr_assert(!is_short && w->arena.used == used);
    cr_assert_leq(w->arena.peak - used,
                  fdml_learner_size(classifier, &w->problem, V, w->split.n_train,
                                    w->split.n_test, &w->machine),
                  "%s", fdml_classifier_name[classifier]);
    for (size_t i = 0; i < TESTS; i++)
        n_right += w->predicted[w->test[i]] == w->code[w->test[i]];
    return (double)n_right / TESTS;
}

static size_t differences(const world *w, const unsigned char *expected)
{
    size_t n = 0;
    for (size_t i = 0; i < TESTS; i++)
        n += expected[i] != CLASSIFIER_TIE && w->predicted[w->test[i]] != expected[i];
    return n;
}

Test(eval_classifiers, linear_models_predict_as_scikit_learn)
{
    world *w = make_world();
    run(w, FDML_C_LOGISTIC, 0);
    cr_assert_eq(differences(w, classifier_case_logistic), 0u);
    run(w, FDML_C_SVM, 0);
    cr_assert_eq(differences(w, classifier_case_svm), 0u);
    fdml_arena_close(&w->arena);
}

Test(eval_classifiers, neighbours_vote_as_in_scikit_learn)
{
    world *w = make_world();
    run(w, FDML_C_KNN, 0);
    cr_assert_eq(differences(w, classifier_case_knn), 0u);
    fdml_arena_close(&w->arena);
}

/* Rows of odd values are listed twice more. */
static void repeat_odd(world *w)
{
    const size_t n = w->split.n_train;
    for (size_t i = 0; i < 2 * n; i++)
        if (w->code[w->train[i % n]] % 2) w->train[w->split.n_train++] = w->train[i % n];
}

/* Seeds differ, so means are compared: within three standard errors of the difference of two
 * means of ten, and half a point for what the two do differently. */
static void expect_near(double mean, const double expected[2])
{
    cr_assert_float_eq(mean, expected[0], 3 * expected[1] * sqrt(2. / 10) + .005, "%g", mean);
}

static void expect_mean(fdml_classifier classifier, const double expected[2])
{
    world *w = make_world();
    double sum = 0;
    for (uint64_t seed = 0; seed < 10; seed++) sum += run(w, classifier, seed) / 10;
    expect_near(sum, expected);
    fdml_arena_close(&w->arena);
}

static void expect_odd(fdml_classifier classifier, const double expected[2])
{
    world *w = make_world();
    size_t n_odd = 0;
    repeat_odd(w);
    for (uint64_t seed = 0; seed < 10; seed++) {
        run(w, classifier, seed);
        for (size_t i = 0; i < TESTS; i++) n_odd += w->predicted[w->test[i]] % 2;
    }
    expect_near((double)n_odd / (10 * TESTS), expected);
    fdml_arena_close(&w->arena);
}

Test(eval_classifiers, forest_is_as_good_as_scikit_learn)
{
    expect_mean(FDML_C_FOREST, classifier_case_forest);
    expect_odd(FDML_C_FOREST, classifier_case_forest_often);
}

Test(eval_classifiers, perceptron_is_as_good_as_scikit_learn)
{
    expect_mean(FDML_C_MLP, classifier_case_mlp);
    expect_odd(FDML_C_MLP, classifier_case_mlp_often);
}

/* All rows listed twice weigh what they weigh when listed once. */
Test(eval_classifiers, perceptron_takes_repeats_for_weights)
{
    world *w = make_world();
    uint32_t once[N];
    const size_t n = w->split.n_train;
    run(w, FDML_C_MLP, 3);
    memcpy(once, w->predicted, sizeof once);
    memcpy(w->train + n, w->train, n * sizeof *w->train);
    w->split.n_train = 2 * n;
    run(w, FDML_C_MLP, 3);
    cr_assert_arr_eq(once, w->predicted, sizeof once);
    fdml_arena_close(&w->arena);
}

/* Clusters that lie apart are found, and named after what is in them. */
Test(eval_classifiers, kmeans_names_clusters)
{
    world *w = make_world();
    const double overlapping = run(w, FDML_C_KMEANS, 0);
    cr_assert(overlapping > .5 && overlapping < .95, "%g", overlapping);
    for (size_t i = 0; i < N; i++)
        for (size_t d = 0; d < D; d++)
            w->x[i * D + d] = .01f * w->x[i * D + d] + (d == w->code[i] ? 5.f : 0.f);
    for (int distance = FDML_COSINE; distance <= FDML_IP; distance++) {
        w->problem.distance = (fdml_distance)distance;
        cr_assert_eq(fdml_frame_make(&w->frame, &w->problem, &w->machine, &w->arena, &err),
                     FDML_OK);
        cr_assert_eq(run(w, FDML_C_KMEANS, 0), 1);
    }
    fdml_arena_close(&w->arena);
}

Test(eval_classifiers, same_bits_anywhere)
{
    world *w = make_world();
    uint32_t first[N];
    for (int c = 0; c < FDML_CLASSIFIERS; c++)
        for (size_t i = 0; fdml_kernels_list(i); i++)
            for (int threads = 1; threads <= 3; threads += 2) {
                w->machine.kernels = fdml_kernels_list(i);
                w->machine.n_threads = threads;
                run(w, (fdml_classifier)c, 7);
                if (!i && threads == 1) memcpy(first, w->predicted, sizeof first);
                cr_assert_arr_eq(first, w->predicted, sizeof first, "%s",
                                 fdml_classifier_name[c]);
            }
    fdml_arena_close(&w->arena);
}

Test(eval_classifiers, training_needs_memory)
{
    world *w = make_world();
    const fdml_learner learner = { &w->problem, &w->machine, &w->frame, &w->target, 5,
                                   1,           0,           0,         NULL };
    for (int c = 0; c < FDML_CLASSIFIERS; c++)
        for (size_t limit = 64; limit < 40000; limit += 5000) {
            fdml_arena small;
            bool is_short;
            fdml_arena_init(&small, limit);
            const fdml_status status =
                fdml_learner_run(w->predicted, &is_short, &learner, (fdml_classifier)c,
                                 w->train, w->split.n_train, &w->split, &small, &err);
            cr_assert(status == FDML_E_NOMEM || small.peak <= limit);
            fdml_arena_close(&small);
        }
    fdml_arena_close(&w->arena);
}

/* --- measures --------------------------------------------------------------------------- */

/* The regression's predictions as two splits' tests. */
static fdml_tests two_splits(const world *w, uint32_t *row, size_t begin[3])
{
    memcpy(row, w->test, sizeof w->test);
    begin[0] = 0, begin[1] = 130, begin[2] = TESTS;
    return (fdml_tests){ row, begin, 2, &w->target };
}

/* The definition, for the rows of one parity, at weight[i] of each test. */
static void plain_measures(double sum[3], double *n_present, const world *w,
                           const uint32_t *row, const uint32_t *predicted, const double *weight,
                           size_t n, uint32_t parity)
{
    for (uint32_t v = 0; v < V; v++) {
        double has = 0, said = 0, both = 0;
        bool is_there = false;
        for (size_t i = 0; i < n; i++) {
            if (row[i] % 2 != parity) continue;
            is_there = is_there || w->code[row[i]] == v;
            has += weight[i] * (w->code[row[i]] == v);
            said += weight[i] * (predicted[i] == v);
            both += weight[i] * (w->code[row[i]] == v && predicted[i] == v);
        }
        if (!is_there) continue;
        *n_present += 1;
        sum[0] += said > 0 ? both / said : 0;
        sum[1] += both / has;
        sum[2] += 2 * both / (has + said);
    }
}

Test(eval_classifiers, measures_as_scikit_learn)
{
    world *w = make_world();
    uint32_t predicted[TESTS], parity[N];
    size_t begin[2] = { 0, TESTS };
    const fdml_tests tests = { w->test, begin, 1, &w->target };
    double features[TESTS * FDML_LEARNED_STRIDE], total[FDML_LEARNED_STRIDE];
    for (size_t i = 0; i < TESTS; i++) predicted[i] = classifier_case_logistic[i];
    for (uint32_t i = 0; i < N; i++) parity[i] = i % 2;
    for (int by_value = 0; by_value < 2; by_value++) {
        const fdml_drawn_units units = { by_value ? w->code : NULL, by_value ? V : N,
                                         by_value };
        fdml_tested_group group;
        cr_assert_eq(fdml_tested_group_make(&group, &tests, &units, parity, 0, &w->arena, &err),
                     FDML_OK);
        cr_assert_eq(fdml_learned_features(features, total, &group, predicted, &w->arena, &err),
                     FDML_OK);
        for (int m = 0; m < FDML_L_MEASURES; m++)
            cr_assert_float_eq(fdml_learned_value(total, (fdml_learned_measure)m),
                               classifier_case_even[m], 1e-12);
    }
    fdml_arena_close(&w->arena);
}

/* The features of a row say how the measures change with its weight: differences of the
 * definition, at weights a little above and below 1, give the same. */
Test(eval_classifiers, influences_are_derivatives)
{
    enum { SOME = 40 };
    world *w = make_world();
    uint32_t predicted[TESTS], row[TESTS], parity[N];
    size_t begin[3];
    double weight[TESTS], features[TESTS * FDML_LEARNED_STRIDE], total[FDML_LEARNED_STRIDE];
    const fdml_tests tests = two_splits(w, row, begin);
    const fdml_drawn_units units = { NULL, N, false };
    fdml_tested_group group;
    for (uint32_t i = 0; i < N; i++) parity[i] = i % 2;
    for (size_t i = 0; i < TESTS; i++) { /* more mistakes, so that all kinds are met */
        predicted[i] = i % 4 ? classifier_case_svm[i] : (uint32_t)(i % V);
        weight[i] = 1;
    }
    cr_assert_eq(fdml_tested_group_make(&group, &tests, &units, parity, 1, &w->arena, &err),
                 FDML_OK);
    cr_assert_eq(fdml_learned_features(features, total, &group, predicted, &w->arena, &err),
                 FDML_OK);
    for (size_t k = 0; k < SOME; k++) {
        const size_t i = group.at[k * group.n / SOME];
        double value[2][3] = { { 0 } };
        for (int side = 0; side < 2; side++) {
            double n = 0;
            weight[i] = side ? 1 + 1e-5 : 1 - 1e-5;
            plain_measures(value[side], &n, w, row, predicted, weight, TESTS, 1);
            for (int m = 0; m < 3; m++) value[side][m] /= n;
        }
        weight[i] = 1;
        const double *f = features + group.cluster[k * group.n / SOME] * FDML_LEARNED_STRIDE;
        for (int m = 0; m < 3; m++) { /* of f / tests, a row having one test */
            const double q = fdml_learned_value(total, (fdml_learned_measure)(m + 1));
            const double slope = (f[3 + m] - q * f[2]) / total[2];
            cr_assert_float_eq(slope, (value[1][m] - value[0][m]) / 2e-5, 1e-9, "%d", m);
        }
    }
    fdml_arena_close(&w->arena);
}

/* --- nearest ---------------------------------------------------------------------------- */

/* Repeated references, more wanted than there are, and blocks that are not full. */
Test(eval_classifiers, nearest_by_definition)
{
    enum { QUERIES = 101, REFERENCES = 2100, K = 4 };
    world *w = make_world();
    static uint32_t list[REFERENCES], place[QUERIES * K];
    static float bias[REFERENCES];
    const fdml_workers workers = { fdml_kernels_best(), 2 };
    for (uint32_t i = 0; i < REFERENCES; i++) {
        list[i] = i * 7 % N;
        bias[i] = (float)(i % 5) * .25f;
    }
    const fdml_rows queries = { .x = w->x, .stride = D, .index = w->test, .n = QUERIES };
    const fdml_rows references = { .x = w->x, .stride = D, .index = list, .n = REFERENCES };
    fdml_nearest nearest = { &queries, &references, bias, D, K };
    cr_assert_eq(fdml_nearest_find(place, &nearest, &workers, &w->arena, &err), FDML_OK);
    for (size_t q = 0; q < QUERIES; q++) {
        double before = INFINITY;
        for (size_t k = 0; k < K; k++) {
            double most = -INFINITY, own = 0;
            for (size_t r = 0; r < REFERENCES; r++) {
                double sum = (double)bias[r];
                for (size_t d = 0; d < D; d++)
                    sum += (double)w->x[w->test[q] * D + d] * (double)w->x[list[r] * D + d];
                if (r == place[q * K + k]) own = sum;
                bool is_taken = false;
                for (size_t j = 0; j < k; j++) is_taken = is_taken || place[q * K + j] == r;
                if (!is_taken && sum > most) most = sum;
            }
            cr_assert(own <= before + 1e-5 && fabs(own - most) < 1e-5 * (1 + fabs(most)));
            before = own;
        }
    }
    const fdml_rows few = { .x = w->x, .stride = D, .n = 2 };
    nearest.references = &few;
    cr_assert_eq(fdml_nearest_find(place, &nearest, &workers, &w->arena, &err), FDML_OK);
    cr_assert(place[1] < 2 && place[2] == FDML_NEAREST_NONE && place[3] == FDML_NEAREST_NONE);
    fdml_arena_close(&w->arena);
}
