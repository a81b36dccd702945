/* verify_counts.h - scores of pairs, and how many each row has above a threshold.
 *
 * Everything an interval or a group's rate needs is a sum over rows: for each row, grouping and
 * threshold the accepted genuine and impostor pairs within the row's group. Scores have the
 * bits of the distance pass; the pairs are all pairs of rows, whoever is query or gallery, or
 * those of a list.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_VERIFY_COUNTS_H
#define FDML_EVAL_VERIFY_COUNTS_H

#include "eval/pairs.h"
#include "eval/verify.h"

/* The nearness of n listed pairs, in double and rounded once. */
void fdml_list_scores(float *score, const fdml_row_pair *pair, size_t n,
                      const fdml_problem *problem, int n_threads);

/* Every pair of rows, genuine ones and impostors apart, each sorted. All in `arena`, twelve
 * bytes a pair while working, four after. Only where fdml_verify_is_exact. */
fdml_status fdml_all_scores(fdml_scores *scores, const fdml_problem *problem,
                            const fdml_machine *machine, fdml_arena *arena, fdml_error *err);

/* Genuine pairs by the bins of fdml_pass's histogram. */
fdml_status fdml_genuine_histogram(uint64_t *bin, float low, float width,
                                   const fdml_problem *problem, const fdml_machine *machine,
                                   fdml_arena *arena, fdml_error *err);

/* AUC as sums over rows: for a row's genuine pairs, the share of impostors that are less near,
 * for its impostor pairs the share of genuine pairs that are nearer; ties half. [n_rows]. */
fdml_status fdml_auc_shares(double *genuine, double *impostor, const fdml_scores *scores,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err);

typedef struct fdml_pair_counts {
    size_t n_thresholds;
    const float *threshold;
    /* [n_groupings, n_rows] pairs of a row within its group */
    uint32_t *genuine, *impostor;
    /* [n_thresholds, n_groupings, n_rows] those that are accepted */
    uint32_t *genuine_accepted, *impostor_accepted;
    /* Attributes only, else NULL: ordered impostor pairs between groups, [n_groups, n_groups];
     * [n_groupings], and accepted ones [n_thresholds * n_groupings] */
    uint64_t **crossed, **crossed_accepted;
} fdml_pair_counts;

/* Of all pairs, by a second distance pass. */
fdml_status fdml_count_all_pairs(fdml_pair_counts *counts, const float *threshold,
                                 size_t n_thresholds, const fdml_groupings *groupings,
                                 const fdml_problem *problem, const fdml_machine *machine,
                                 fdml_arena *arena, fdml_error *err);
/* Of a list. */
fdml_status fdml_count_listed_pairs(fdml_pair_counts *counts, const float *threshold,
                                    size_t n_thresholds, const fdml_row_pair *pair,
                                    const float *score, size_t n_pairs,
                                    const fdml_groupings *groupings, size_t n_rows,
                                    fdml_arena *arena, fdml_error *err);

#endif
