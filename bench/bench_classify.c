/* bench_classify.c - times one training of a downstream classifier, for comparison with other
 * libraries (bench/peers/classify.py).
 *
 *   bench_classify WHAT --data x.npy --labels y.npy [--threads T] [--isa NAME]
 *
 * WHAT is a classifier's name. Rows whose number modulo 10 is below 7 train, the others are
 * predicted. One line of JSON: seconds of both together, accuracy, and for linear models the
 * minimum that was reached, its gradient and the iterations; seconds are then of the fit alone.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/matrix.h"
#include "eval/downstream.h"
#include "eval/linear_model.h"
#include "timing.h"

typedef struct task {
    fdml_problem problem;
    fdml_machine machine;
    fdml_factor labels;
    fdml_learned_target target;
    fdml_split split;
    uint32_t *predicted;
    fdml_arena arena;
} task;

static void die(const char *what)
{
    fprintf(stderr, "bench_classify: %s\n", what);
    exit(2);
}

static void check(fdml_status status, const fdml_error *err)
{
    if (status) die(err->text);
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 2; i + 1 < argc; i += 2)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    if (!otherwise) die("--data and --labels are needed");
    return otherwise;
}

static void prepare(task *t, int argc, char **argv)
{
    static fdml_matrix matrix;
    fdml_error err;
    const char *isa = option(argc, argv, "--isa", "");
    fdml_arena_init(&t->arena, 0);
    check(fdml_matrix_open(&matrix, option(argc, argv, "--data", NULL), &t->arena, &err), &err);
    check(
        fdml_factor_from_npy(&t->labels, option(argc, argv, "--labels", NULL), &t->arena, &err),
        &err);
    check(fdml_learned_target_make(&t->target, &t->labels, &t->arena, &err), &err);
    t->problem = (fdml_problem){ .x = matrix.data,
                                 .n_rows = matrix.n_rows,
                                 .dim = matrix.dim,
                                 .distance = FDML_L2,
                                 .label = &t->labels };
    t->machine = (fdml_machine){ .kernels = *isa ? fdml_kernels_find(isa) : fdml_kernels_best(),
                                 .n_threads = atoi(option(argc, argv, "--threads", "1")) };
    if (!t->machine.kernels || t->labels.n_rows != matrix.n_rows) die("no such isa, or rows");
    t->predicted = fdml_arena_push(&t->arena, matrix.n_rows, sizeof(uint32_t));
    t->split.train = fdml_arena_push(&t->arena, matrix.n_rows, sizeof(uint32_t));
    t->split.test = fdml_arena_push(&t->arena, matrix.n_rows, sizeof(uint32_t));
    if (!t->predicted || !t->split.train || !t->split.test) die("no memory");
    for (uint32_t i = 0; i < matrix.n_rows; i++)
        if (i % 10 < 7)
            t->split.train[t->split.n_train++] = i;
        else
            t->split.test[t->split.n_test++] = i;
}

static double accuracy(const task *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->split.n_test; i++)
        n += t->predicted[t->split.test[i]] == t->target.code[t->split.test[i]];
    return (double)n / (double)t->split.n_test;
}

static void time_linear(task *t, fdml_linear_loss loss)
{
    fdml_error err;
    fdml_linear_model model;
    fdml_samples train = { t->problem.x,    t->problem.dim,     NULL,
                           t->target.code,  t->target.n_values, t->split.train,
                           t->split.n_train };
    const fdml_linear_options options = { .loss = loss,
                                          .c = 1,
                                          .tolerance = fdml_linear_tolerance[loss],
                                          .max_iterations = 1000,
                                          .workers = { t->machine.kernels,
                                                       t->machine.n_threads } };
    const double start = bench_now();
    check(fdml_linear_fit(&model, &train, &options, &t->arena, &err), &err);
    const double seconds = bench_now() - start;
    train.row = t->split.test;
    train.n = t->split.n_test;
    check(fdml_linear_predict(t->predicted, &model, &train, &options.workers, &t->arena, &err),
          &err);
    printf("{\"seconds\": %.6f, \"accuracy\": %.6f, \"objective\": %.9g, \"gradient\": %.3g, "
           "\"iterations\": %u}\n",
           seconds, accuracy(t), model.loss, model.gradient, model.n_iterations);
}

static void time_other(task *t, fdml_classifier classifier)
{
    fdml_error err;
    fdml_frame frame;
    bool is_short;
    const fdml_learner learner = { .problem = &t->problem,
                                   .machine = &t->machine,
                                   .frame = &frame,
                                   .target = &t->target,
                                   .kmeans_iterations = 20,
                                   .kmeans_redo = 1 };
    check(fdml_frame_make(&frame, &t->problem, &t->machine, &t->arena, &err), &err);
    const double start = bench_now();
    check(fdml_learner_run(t->predicted, &is_short, &learner, classifier, t->split.train,
                           t->split.n_train, &t->split, &t->arena, &err),
          &err);
    printf("{\"seconds\": %.6f, \"accuracy\": %.6f}\n", bench_now() - start, accuracy(t));
}

int main(int argc, char **argv)
{
    static task t;
    int k = 0;
    while (k < FDML_CLASSIFIERS && strcmp(argc > 1 ? argv[1] : "", fdml_classifier_name[k]))
        k++;
    if (k == FDML_CLASSIFIERS) die("WHAT is logistic, svm, knn, kmeans, forest or mlp");
    prepare(&t, argc, argv);
    if (k == FDML_C_LOGISTIC || k == FDML_C_SVM)
        time_linear(&t, k == FDML_C_LOGISTIC ? FDML_LOGISTIC : FDML_SVM);
    else
        time_other(&t, (fdml_classifier)k);
    fdml_arena_close(&t.arena);
    return 0;
}
