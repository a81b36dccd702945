/* leakage.h - how well a sensitive attribute can be read from embeddings.
 *
 * Two readers predict the attribute of every row from rows of other classes only, because
 * within a class the attribute may follow from the class: knowing the person tells the gender.
 *
 *   logistic   half of the classes train a multinomial logistic regression (linear_model.h; C
 *              is 1, each value counts alike), the other half are predicted; and the other way
 *              round. Classes are halved at random, those of each majority value evenly.
 *   knn        of the ten nearest rows of other classes each votes for its value, with the
 *              inverse of the number of rows of that value; of equal votes the nearer wins.
 *
 * Rows are taken as the distance takes them: of unit length under cosine. What is reported is
 * balanced accuracy: the mean over values of the share of their rows that were recognised. An
 * embedding that knows nothing of the attribute scores 1 / values, always.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_LEAKAGE_H
#define FDML_EVAL_LEAKAGE_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"

#define FDML_LEAKAGE_NONE UINT32_MAX
enum { FDML_LEAKAGE_NEIGHBOURS = 10 };

typedef struct fdml_leakage {
    const fdml_problem *problem; /* queries and gallery are not told apart */
    const fdml_machine *machine;
    const uint32_t *code; /* [n_rows] value, below n_values; NONE: left out */
    size_t n_values;      /* at least 2, each with rows in two classes or more */
    uint64_t seed, stream;
} fdml_leakage;

/* predicted: [n_rows], NONE where the row was left out or no row could tell. Scratch is given
 * back. FDML_E_NOMEM, FDML_E_LIMIT. */
fdml_status fdml_leakage_logistic(uint32_t *predicted, const fdml_leakage *leakage,
                                  fdml_arena *scratch, fdml_error *err);
fdml_status fdml_leakage_knn(uint32_t *predicted, const fdml_leakage *leakage,
                             fdml_arena *scratch, fdml_error *err);

/* The majority value of every class among its rows that are not left out, of equally frequent
 * ones the first; NONE: it has no row. [n_classes] */
fdml_status fdml_leakage_majority(uint32_t *majority, const fdml_leakage *leakage,
                                  fdml_arena *scratch, fdml_error *err);

/* Bytes of scratch and multiply-adds of both readers. */
void fdml_leakage_cost(size_t *least, size_t *wanted, double *flops,
                       const fdml_problem *problem, size_t n_values,
                       const fdml_machine *machine);

#endif
