/* groups.h - the groups an audit compares: attributes and their intersections.
 *
 * A grouping is a way to split all rows: grouping 0 is "overall" with one group; then one for
 * each attribute, in the given order; then, unless switched off, one for every combination of
 * two or more attributes ("gender x race", values "F x Asian"). Levels that no row has are
 * absent. Codes are dense and in the order of the attributes' levels.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_GROUPS_H
#define FDML_EVAL_GROUPS_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"

typedef struct fdml_grouping {
    const char *by; /* "overall", "gender", "gender x race" */
    size_t n_groups;
    const char *const *value; /* [n_groups] */
    const uint32_t *code;     /* [n_rows]; for overall all zero */
    const uint32_t *n_rows;   /* [n_groups] rows of each */
    bool is_class_constant;   /* all rows of a class are in one group */
    bool is_intersection;
} fdml_grouping;

typedef struct fdml_groupings {
    size_t n;
    const fdml_grouping *grouping; /* [n] */
} fdml_groupings;

/* Combinations of levels, present or not, that a grouping may have: each takes four bytes. */
enum { FDML_MOST_CELLS = 1 << 24 };

/* How many they are, the whole among them, before anything is read. */
static inline size_t fdml_groupings_count(const fdml_problem *problem, bool with_intersections)
{
    return with_intersections ? (size_t)1 << problem->n_attributes : 1 + problem->n_attributes;
}

/* The result is in `arena`; `scratch` is as before in the end, and may be the same.
 * FDML_E_LIMIT: too many columns or combinations; FDML_E_NOMEM. */
fdml_status fdml_groupings_make(fdml_groupings *out, const fdml_problem *problem,
                                bool with_intersections, fdml_arena *arena, fdml_arena *scratch,
                                fdml_error *err);

#endif
