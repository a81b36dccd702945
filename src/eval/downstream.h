/* downstream.h - what classifiers that are built on frozen embeddings make of groups.
 *
 * The rows are split at random into a training part and a test part (three rows in ten); each
 * classifier is trained on the one and predicts a target column of the other, rows being taken
 * as the distance takes them; and again for every split. How the training part is made of the
 * groups is the protocol:
 *
 *   as_is           all of it
 *   balanced_under  rows are left out at random, so that groups count alike
 *   balanced_over   rows are repeated, so that groups count alike
 *
 * Where the attribute varies within target values, groups count alike within each value: every
 * group's rows of it are cut to those of the smallest group there, or repeated up to the
 * largest. Where it is constant within them (a person's gender, the target being the person)
 * there is nothing to balance within a value: groups then get equally many rows in all; when
 * rows are cut, every value keeps one. Groups below min_group get no numbers and are left as
 * they are.
 *
 *   logistic  multinomial logistic regression, C = 1            linear_model.h
 *   svm       linear support vector machine, C = 1               linear_model.h
 *   knn       5 nearest training rows vote; of equal votes the nearer's
 *   kmeans    k-means of the training part, k = values; rows get the majority value of the
 *             nearest cluster, of equally frequent ones the smaller
 *   forest    100 trees                                          forest.h
 *   mlp       one hidden layer of 100 units                      perceptron.h
 *
 * Measures of a group are over its test rows of all splits; n_v, p_v and t_v are the rows of
 * the group of value v, predicted as v, and both:
 *
 *   accuracy         rows predicted right / rows
 *   macro_precision  mean over the values that the group's test rows have of t_v / p_v (0 where
 *                    p_v is 0); macro_recall of t_v / n_v; macro_f1 of 2 t_v / (n_v + p_v)
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_DOWNSTREAM_H
#define FDML_EVAL_DOWNSTREAM_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/frame.h"
#include "eval/groups.h"
#include "eval/problem.h"

typedef enum fdml_classifier {
    FDML_C_LOGISTIC,
    FDML_C_SVM,
    FDML_C_KNN,
    FDML_C_KMEANS,
    FDML_C_FOREST,
    FDML_C_MLP,
    FDML_CLASSIFIERS
} fdml_classifier;

typedef enum fdml_protocol {
    FDML_AS_IS,
    FDML_BALANCED_UNDER,
    FDML_BALANCED_OVER,
    FDML_PROTOCOLS
} fdml_protocol;

typedef enum fdml_learned_measure {
    FDML_L_ACCURACY,
    FDML_L_PRECISION,
    FDML_L_RECALL,
    FDML_L_F1,
    FDML_L_MEASURES
} fdml_learned_measure;

/* Names, as they stand in keys: "logistic", "as_is", "macro_f1". */
extern const char *const fdml_classifier_name[FDML_CLASSIFIERS];
extern const char *const fdml_protocol_name[FDML_PROTOCOLS];
extern const char *const fdml_learned_name[FDML_L_MEASURES];

/* "logistic.as_is.accuracy" */
#define FDML_LEARNED_KEY 48
void fdml_learned_key(char key[FDML_LEARNED_KEY], fdml_classifier classifier,
                      fdml_protocol protocol, fdml_learned_measure measure);

typedef struct fdml_downstream_settings {
    bool classifier[FDML_CLASSIFIERS]; /* at least one; as_is is always among the protocols */
    bool protocol[FDML_PROTOCOLS];
    unsigned n_splits; /* at least 1 */
} fdml_downstream_settings;

/* --- the rows that take part -------------------------------------------------------------- */

#define FDML_LEARNED_NONE UINT32_MAX

/* Values of the target with fewer than two rows cannot be in both parts and take none. */
typedef struct fdml_learned_target {
    const fdml_factor *factor;
    const uint32_t *code; /* [n_rows] dense codes of the values that take part; NONE */
    size_t n_values, n_rows;
    size_t n_left_out; /* values, which are as many rows */
} fdml_learned_target;

/* In `arena`. FDML_E_NOMEM. */
fdml_status fdml_learned_target_make(fdml_learned_target *target, const fdml_factor *factor,
                                     fdml_arena *arena, fdml_error *err);

/* --- downstream_split.c -------------------------------------------------------------------
 * Rows are put in order by value, within it by the attributes, within these at random; of that
 * order three places in ten are tested, from a random start (systematic sampling). So a row is
 * tested with probability 3/10, and of any value, and of any combination of attributes within
 * it, the number of tested rows is off by less than one; a value of two rows or more has one to
 * train on. */
typedef struct fdml_split {
    uint32_t *train, *test; /* [n_train], [n_test] row ids; train by value */
    size_t n_train, n_test;
} fdml_split;

enum { FDML_TEST_TENTHS = 3 };

/* Test rows that any split of n rows has at most. */
static inline size_t fdml_split_most_tested(size_t n)
{
    return n * FDML_TEST_TENTHS / 10 + 1;
}

/* Test rows of that split, of n rows that take part. */
size_t fdml_split_tested(size_t n, uint64_t seed, uint64_t stream, uint32_t index);

/* In `arena`; scratch is given back, and may be the same. FDML_E_NOMEM. */
fdml_status fdml_split_make(fdml_split *split, const fdml_learned_target *target,
                            const fdml_problem *problem, uint64_t seed, uint64_t stream,
                            uint32_t index, fdml_arena *arena, fdml_arena *scratch,
                            fdml_error *err);

/* How a training part is balanced for a grouping. */
typedef struct fdml_balance {
    const fdml_learned_target *target;
    const fdml_grouping *by;
    size_t min_group;
    bool is_within; /* values; else between groups */
    fdml_protocol protocol;
    uint64_t seed, stream;
    uint32_t index; /* of the split */
} fdml_balance;

/* Whether rows of one value that take part are in two groups that are large enough. */
fdml_status fdml_balance_is_within(bool *is_within, const fdml_learned_target *target,
                                   const fdml_grouping *by, size_t min_group,
                                   fdml_arena *scratch, fdml_error *err);

/* row: [n], in `arena`, of the training part `train` [n_train]. FDML_E_NOMEM. */
fdml_status fdml_balance_make(uint32_t **row, size_t *n, const fdml_balance *balance,
                              const uint32_t *train, size_t n_train, fdml_arena *arena,
                              fdml_error *err);

/* --- downstream_fit.c --------------------------------------------------------------------- */

/* Where a linear model begins: at that of a training part that is not far, which spares half of
 * the way. The minimum is the same. */
typedef struct fdml_warmth {
    double *theta; /* [fdml_linear_parameters] */
    bool is_set;
    bool is_kept; /* the next model is written here */
} fdml_warmth;

typedef struct fdml_learner {
    const fdml_problem *problem;
    const fdml_machine *machine;
    const fdml_frame *frame;
    const fdml_learned_target *target;
    unsigned kmeans_iterations, kmeans_redo;
    uint64_t seed, stream; /* stream: of this training; uses its indices */
    fdml_warmth *warmth;   /* of this classifier, or NULL */
} fdml_learner;

/* predicted: [n_rows], set for the test rows. *is_short: the minimum was not reached within
 * the iterations (logistic, svm). Scratch is given back. FDML_E_NOMEM. */
fdml_status fdml_learner_run(uint32_t *predicted, bool *is_short, const fdml_learner *learner,
                             fdml_classifier classifier, const uint32_t *train, size_t n_train,
                             const fdml_split *split, fdml_arena *scratch, fdml_error *err);

/* Scratch and multiply-adds of one training; n_train: rows listed, n_distinct: that differ. */
size_t fdml_learner_size(fdml_classifier classifier, const fdml_problem *problem,
                         size_t n_values, size_t n_train, size_t n_test,
                         const fdml_machine *machine);
typedef struct fdml_training {
    size_t dim, n_values, n_train, n_distinct, n_test;
    unsigned kmeans_iterations, kmeans_redo;
} fdml_training;
double fdml_learner_work(fdml_classifier classifier, const fdml_training *training);

#endif
