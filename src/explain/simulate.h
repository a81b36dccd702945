/* simulate.h - what unequal fidelity does to the decisions of those who read explanations.
 *
 * The decision simulation of Balagopalan et al. (FAccT 2022): a person sees the black box's
 * answer, and an explanation that is good with probability g or else poor, and decides. She is
 * right with a probability that depends on whether the box is right, which has probability b,
 * and on the explanation, the two being independent:
 *
 *     b (g r_good + (1 - g) r_poor) + (1 - b) (g w_good + (1 - g) w_poor)
 *
 * [paper] The six probabilities, from the authors' study with users, and the grid: one group
 * has g = .85 + d, the other .85 - d, for thirty d from 0 to .15; their plots call d the gap,
 * which is 2 d. The authors draw decisions twenty times; the expectation needs no draws.
 * [ours] g of a group is its measured fidelity: an explanation is good where it says what the
 * box says. And the same with one g for everyone, that of all rows: what then is left of a
 * difference comes from the box.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_SIMULATE_H
#define FDML_EXPLAIN_SIMULATE_H

#include "explain/study.h"

typedef struct fdml_simulation_user {
    double none[2], poor[2], good[2]; /* P(right) with the explanation; box wrong, right */
} fdml_simulation_user;
extern const fdml_simulation_user fdml_simulation_paper_user; /* [paper] */

/* P(right) with explanations, and without. */
double fdml_simulation_expect(double p_correct_box, double p_good,
                              const fdml_simulation_user *user);
double fdml_simulation_alone(double p_correct_box, const fdml_simulation_user *user);

/* --- [paper] the grid ------------------------------------------------------------------- */

enum { FDML_SIMULATION_STEPS = 30 };
typedef struct fdml_simulation_step {
    double d;
    double better, worse; /* P(right) where g = .85 + d, and where it is .85 - d */
} fdml_simulation_step;

/* step: [FDML_SIMULATION_STEPS]; the box's accuracy in the group that is explained better, and
 * in the other. */
void fdml_simulation_grid(fdml_simulation_step *step, double p_correct_better,
                          double p_correct_worse, const fdml_simulation_user *user);

/* --- [ours] measured fidelity ------------------------------------------------------------- */

typedef struct fdml_simulation_group {
    double p_correct_box, p_good;  /* accuracy of the box, and of its explanation */
    double alone, explained, even; /* P(right): without, with, and with g of all rows */
    const char *why;               /* where they are NaN */
} fdml_simulation_group;

/* Largest less smallest P(right) of the groups that have one; NaN where fewer than two have. */
typedef struct fdml_simulation_gap {
    double alone, explained, even;
    uint32_t best, worst; /* the groups of `explained`, of equal ones the first; else
                           * UINT32_MAX */
} fdml_simulation_gap;

typedef struct fdml_simulation {
    size_t n_groups;
    const fdml_simulation_group *group; /* [n_groups] */
    fdml_simulation_group overall;
    fdml_simulation_gap gap;
    /* The grid where there are two groups with their boxes' accuracy; else NULL. */
    const fdml_simulation_step *step; /* [FDML_SIMULATION_STEPS] */
    uint32_t better, worse;           /* [paper] what they are there: the better explained */
} fdml_simulation;

/* Of one method on one black box, by one attribute of the study; means over seeds. In `arena`.
 * FDML_E_NOMEM. */
fdml_status fdml_simulation_make(fdml_simulation *s, const fdml_study_box *box,
                                 const fdml_study_explained *explained, size_t attribute,
                                 const fdml_simulation_user *user, fdml_arena *arena,
                                 fdml_error *err);
double fdml_simulation_memory(size_t n_groups); /* bytes, at most */

#endif
