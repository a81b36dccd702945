/* downstream_fit.c - one training of one classifier, and its predictions. See downstream.h.
 *
 * Rows are read where they are; only k-means, which clusters a set of its own, gets a copy of
 * the training part.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/downstream.h"
#include "eval/forest.h"
#include "eval/kmeans.h"
#include "eval/linear_model.h"
#include "eval/nearest.h"
#include "eval/perceptron.h"

enum { NEIGHBOURS = 5, TREES = 100 };

const char *const fdml_classifier_name[FDML_CLASSIFIERS] = {
    [FDML_C_LOGISTIC] = "logistic", [FDML_C_SVM] = "svm",       [FDML_C_KNN] = "knn",
    [FDML_C_KMEANS] = "kmeans",     [FDML_C_FOREST] = "forest", [FDML_C_MLP] = "mlp"
};

const char *const fdml_protocol_name[FDML_PROTOCOLS] = { [FDML_AS_IS] = "as_is",
                                                         [FDML_BALANCED_UNDER] =
                                                             "balanced_under",
                                                         [FDML_BALANCED_OVER] =
                                                             "balanced_over" };

/* A training under way. */
typedef struct lesson {
    const fdml_learner *learner;
    fdml_samples train, test;
    fdml_workers workers;
    uint32_t *predicted;
    fdml_arena *scratch;
} lesson;

static fdml_status no_memory(const lesson *l, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to train on %zu rows", l->train.n);
}

static fdml_status run_linear(const lesson *l, bool *is_short, fdml_linear_loss loss,
                              fdml_error *err)
{
    fdml_linear_model model;
    fdml_warmth *warmth = l->learner->warmth;
    const fdml_linear_options options = { .loss = loss,
                                          .c = 1,
                                          .tolerance = fdml_linear_tolerance[loss],
                                          .max_iterations = 1000,
                                          .start =
                                              warmth && warmth->is_set ? warmth->theta : NULL,
                                          .workers = l->workers };
    FDML_TRY(fdml_linear_fit(&model, &l->train, &options, l->scratch, err));
    *is_short = model.n_iterations >= options.max_iterations;
    if (warmth && warmth->is_kept) {
        const size_t n = fdml_linear_parameters(l->train.dim, l->train.n_values);
        memcpy(warmth->theta, model.theta, n * sizeof *model.theta);
        warmth->is_set = true;
    }
    return fdml_linear_predict(l->predicted, &model, &l->test, &l->workers, l->scratch, err);
}

static fdml_rows rows_of(const lesson *l, const fdml_samples *samples)
{
    return fdml_frame_rows(l->learner->frame, l->learner->problem, samples->row, 0, samples->n);
}

/* --- knn -------------------------------------------------------------------------------- */

/* The value with most votes; of equal ones the nearest. */
static uint32_t elect(const lesson *l, const uint32_t *place)
{
    size_t most = 0;
    uint32_t best = 0;
    for (size_t k = 0; k < NEIGHBOURS && place[k] != FDML_NEAREST_NONE; k++) {
        const uint32_t v = l->train.code[l->train.row[place[k]]];
        size_t votes = 0;
        for (size_t j = 0; j < NEIGHBOURS && place[j] != FDML_NEAREST_NONE; j++)
            votes += l->train.code[l->train.row[place[j]]] == v;
        if (votes > most) most = votes, best = v;
    }
    return best;
}

static fdml_status run_knn(const lesson *l, fdml_error *err)
{
    const fdml_problem *problem = l->learner->problem;
    const bool is_l2 = problem->distance == FDML_L2;
    const fdml_rows queries = rows_of(l, &l->test), references = rows_of(l, &l->train);
    float *bias = fdml_arena_push(l->scratch, is_l2 ? l->train.n : 0, sizeof *bias);
    uint32_t *place = fdml_arena_push(l->scratch, l->test.n, NEIGHBOURS * sizeof *place);
    if (!bias || !place) return no_memory(l, err);
    for (size_t i = 0; is_l2 && i < l->train.n; i++)
        bias[i] = -0.5f * l->learner->frame->norm2[l->train.row[i]];
    const fdml_nearest nearest = { &queries, &references, is_l2 ? bias : NULL, problem->dim,
                                   NEIGHBOURS };
    FDML_TRY(fdml_nearest_find(place, &nearest, &l->workers, l->scratch, err));
    for (size_t i = 0; i < l->test.n; i++)
        l->predicted[l->test.row[i]] = elect(l, place + i * NEIGHBOURS);
    return FDML_OK;
}

/* --- k-means ---------------------------------------------------------------------------- */

/* The training part as the distance sees it, in a matrix of its own. */
static float *copy_rows(const lesson *l)
{
    const size_t dim = l->train.dim;
    const fdml_rows rows = rows_of(l, &l->train);
    float *x = fdml_arena_push(l->scratch, l->train.n * dim, sizeof *x);
    float *zero = fdml_arena_push_zero(l->scratch, dim, sizeof *zero);
    float *one = fdml_arena_push(l->scratch, dim, sizeof *one);
    if (!x || !zero || !one) return NULL;
    for (size_t d = 0; d < dim; d++) one[d] = 1;
    l->workers.kernels->standard_rows(x, dim, &rows, zero, one, dim);
    return x;
}

/* value: [k], the majority value of every cluster; NONE: it has no row. */
static fdml_status name_clusters(uint32_t *value, const lesson *l, const uint32_t *cluster,
                                 size_t k, fdml_error *err)
{
    const size_t n = l->train.n;
    uint32_t *begin = fdml_arena_push_zero(l->scratch, k + 2, sizeof *begin);
    uint32_t *member = fdml_arena_push(l->scratch, n, sizeof *member); /* values, by cluster */
    uint32_t *count = fdml_arena_push_zero(l->scratch, l->train.n_values, sizeof *count);
    if (!begin || !member || !count) return no_memory(l, err);
    for (size_t i = 0; i < n; i++) begin[cluster[i] + 2]++;
    for (size_t c = 0; c < k; c++) begin[c + 2] += begin[c + 1];
    for (size_t i = 0; i < n; i++)
        member[begin[cluster[i] + 1]++] = l->train.code[l->train.row[i]];
    for (size_t c = 0; c < k; c++) {
        uint32_t best = FDML_LEARNED_NONE;
        for (size_t i = begin[c]; i < begin[c + 1]; i++) count[member[i]]++;
        for (size_t i = begin[c]; i < begin[c + 1]; i++) {
            const uint32_t v = member[i];
            if (best == FDML_LEARNED_NONE || count[v] > count[best] ||
                (count[v] == count[best] && v < best))
                best = v;
        }
        for (size_t i = begin[c]; i < begin[c + 1]; i++) count[member[i]] = 0;
        value[c] = best;
    }
    return FDML_OK;
}

static fdml_status name_nearest(const lesson *l, const float *centre, const uint32_t *value,
                                size_t k, fdml_error *err)
{
    const size_t dim = l->train.dim;
    const fdml_rows queries = rows_of(l, &l->test);
    const fdml_rows centres = { .x = centre, .stride = dim, .n = k };
    float *bias = fdml_arena_push(l->scratch, k, sizeof *bias);
    uint32_t *place = fdml_arena_push(l->scratch, l->test.n, sizeof *place);
    if (!bias || !place) return no_memory(l, err);
    l->workers.kernels->chain_norms2(bias, &centres, dim);
    for (size_t c = 0; c < k; c++) /* a cluster without rows has no name to give */
        bias[c] = value[c] == FDML_LEARNED_NONE ? -INFINITY : -0.5f * bias[c];
    const fdml_nearest nearest = { &queries, &centres, bias, dim, 1 };
    FDML_TRY(fdml_nearest_find(place, &nearest, &l->workers, l->scratch, err));
    for (size_t i = 0; i < l->test.n; i++) l->predicted[l->test.row[i]] = value[place[i]];
    return FDML_OK;
}

static fdml_status run_kmeans(const lesson *l, fdml_error *err)
{
    const fdml_learner *learner = l->learner;
    const size_t k = l->train.n_values, dim = l->train.dim;
    const float *x = copy_rows(l);
    uint32_t *cluster = fdml_arena_push(l->scratch, l->train.n, sizeof *cluster);
    uint32_t *value = fdml_arena_push(l->scratch, k, sizeof *value);
    float *centre = fdml_arena_push(l->scratch, k * dim, sizeof *centre);
    if (!x || !cluster || !value || !centre) return no_memory(l, err);
    const fdml_problem set = { .x = x, .n_rows = l->train.n, .dim = dim, .distance = FDML_L2 };
    const fdml_machine machine = { .kernels = l->workers.kernels,
                                   .n_threads = l->workers.n_threads };
    const fdml_kmeans kmeans = { .k = (uint32_t)k,
                                 .n_iterations = learner->kmeans_iterations,
                                 .n_redo = learner->kmeans_redo,
                                 .seed = learner->seed ^ learner->stream };
    double inertia;
    FDML_TRY(fdml_kmeans_run(cluster, centre, &inertia, NULL, &kmeans, &set, &machine,
                             l->scratch, err));
    FDML_TRY(name_clusters(value, l, cluster, k, err));
    return name_nearest(l, centre, value, k, err);
}

/* --- all of them ------------------------------------------------------------------------ */

static fdml_forest_options forest_options(const fdml_workers *workers, uint64_t seed,
                                          uint64_t stream)
{
    return (fdml_forest_options){ TREES, seed, stream, *workers };
}

static fdml_perceptron_options perceptron_options(const fdml_workers *workers, uint64_t seed,
                                                  uint64_t stream)
{
    fdml_perceptron_options options = fdml_perceptron_defaults;
    options.seed = seed;
    options.stream = stream;
    options.workers = *workers;
    return options;
}

static fdml_status dispatch(const lesson *l, bool *is_short, fdml_classifier classifier,
                            fdml_error *err)
{
    const fdml_learner *learner = l->learner;
    const fdml_forest_options forest =
        forest_options(&l->workers, learner->seed, learner->stream);
    const fdml_perceptron_options perceptron =
        perceptron_options(&l->workers, learner->seed, learner->stream);
    switch (classifier) {
    case FDML_C_LOGISTIC:
        return run_linear(l, is_short, FDML_LOGISTIC, err);
    case FDML_C_SVM:
        return run_linear(l, is_short, FDML_SVM, err);
    case FDML_C_KNN:
        return run_knn(l, err);
    case FDML_C_KMEANS:
        return run_kmeans(l, err);
    case FDML_C_FOREST:
        return fdml_forest_predict(l->predicted, &l->train, &l->test, &forest, l->scratch, err);
    default:
        return fdml_perceptron_predict(l->predicted, &l->train, &l->test, &perceptron,
                                       l->scratch, err);
    }
}

fdml_status fdml_learner_run(uint32_t *predicted, bool *is_short, const fdml_learner *learner,
                             fdml_classifier classifier, const uint32_t *train, size_t n_train,
                             const fdml_split *split, fdml_arena *scratch, fdml_error *err)
{
    const fdml_problem *problem = learner->problem;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    lesson l = { .learner = learner,
                 .workers = { learner->machine->kernels, learner->machine->n_threads },
                 .predicted = predicted,
                 .scratch = scratch };
    l.train = (fdml_samples){ .x = problem->x,
                              .dim = problem->dim,
                              .scale = learner->frame->scale,
                              .code = learner->target->code,
                              .n_values = learner->target->n_values,
                              .row = train,
                              .n = n_train };
    l.test = l.train;
    l.test.row = split->test;
    l.test.n = split->n_test;
    *is_short = false;
    FDML_TRY(dispatch(&l, is_short, classifier, err));
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- cost ------------------------------------------------------------------------------- */

static size_t kmeans_part_size(const fdml_problem *problem, size_t k, size_t n_train,
                               size_t n_test, const fdml_machine *machine)
{
    const size_t dim = problem->dim;
    const fdml_workers workers = { machine->kernels, machine->n_threads };
    const fdml_problem set = { .n_rows = n_train, .dim = dim };
    return (n_train * (dim + 2) + k * (dim + 5) + 2 * dim + n_test) * sizeof(float) +
           fdml_kmeans_size(&set, k, machine->n_threads) +
           fdml_nearest_size(n_test, dim, 1, &workers) + 16 * 64; /* alignment */
}

size_t fdml_learner_size(fdml_classifier classifier, const fdml_problem *problem,
                         size_t n_values, size_t n_train, size_t n_test,
                         const fdml_machine *machine)
{
    const size_t dim = problem->dim;
    const size_t n_distinct = n_train < problem->n_rows ? n_train : problem->n_rows;
    const fdml_workers workers = { machine->kernels, machine->n_threads };
    const fdml_forest_options forest = forest_options(&workers, 0, 0);
    const fdml_perceptron_options perceptron = perceptron_options(&workers, 0, 0);
    switch (classifier) {
    case FDML_C_LOGISTIC:
    case FDML_C_SVM:
        return fdml_linear_size(dim, n_values, n_train, &workers);
    case FDML_C_KNN:
        return fdml_nearest_size(n_test, dim, NEIGHBOURS, &workers) +
               n_test * NEIGHBOURS * sizeof(uint32_t) + n_train * sizeof(float) + 2 * 64;
    case FDML_C_KMEANS:
        return kmeans_part_size(problem, n_values, n_train, n_test, machine);
    case FDML_C_FOREST:
        return fdml_forest_size(dim, n_values, n_train, n_distinct, n_test, &forest);
    default:
        return fdml_perceptron_size(dim, n_values, n_train, &perceptron);
    }
}

/* What is no multiply-add is counted as so many as take its time: measured on LFW's and on made
 * embeddings with AVX-512, so no more than the order of it. */
double fdml_learner_work(fdml_classifier classifier, const fdml_training *training)
{
    const fdml_perceptron_options *p = &fdml_perceptron_defaults;
    const size_t n_train = training->n_train, n_values = training->n_values;
    const size_t n_distinct = training->n_distinct, dim = training->dim;
    const double n = (double)n_train, m = (double)training->n_test, d = (double)dim;
    const double v = (double)n_values, h = (double)p->n_hidden, u = (double)n_distinct;
    const fdml_kmeans kmeans = { .k = (uint32_t)n_values,
                                 .n_iterations = training->kmeans_iterations,
                                 .n_redo = training->kmeans_redo };
    double seeding;
    switch (classifier) {
    case FDML_C_LOGISTIC:
    case FDML_C_SVM: /* some hundred evaluations of two products */
        return 100 * 2 * n * d * v;
    case FDML_C_KNN:
        return n * m * d;
    case FDML_C_KMEANS:
        return fdml_kmeans_work(&seeding, &kmeans, n_train, dim) + m * d * v;
    case FDML_C_FOREST: /* levels of a tree, features of a node, a sweep */
        return TREES * u * (log2(u + 1) + 2) * sqrt(d) * 220;
    default: /* steps, and three products */
        return (double)fdml_perceptron_steps(n_distinct, p) * fmin(u, (double)p->batch) * 3 *
               h * (d + v);
    }
}
