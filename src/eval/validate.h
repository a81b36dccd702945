/* validate.h - counts before anything is computed: is this an audit at all?
 *
 * One streaming pass over the rows, in parallel, then a look at the columns. What cannot be
 * computed with stops the audit (FDML_E_DATA) and names the first offender; what is only odd
 * becomes a warning that every report repeats.
 *
 *   errors    a row that is not finite, or too long for squared distances in float (not under
 *             cosine); a row of zero length (below 2^-126) under cosine; one class only; no
 *             query with a possible match; an attribute with one value
 *   warnings  exact duplicates; rows that are not of unit length under cosine (they are
 *             scaled); groups below min_group; lone queries
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_VALIDATE_H
#define FDML_EVAL_VALIDATE_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/groups.h"
#include "eval/problem.h"

typedef struct fdml_findings {
    const char *const *warnings; /* [n_warnings], in `arena` */
    size_t n_warnings;
    size_t n_queries, n_gallery;
    size_t n_lone;       /* queries without any possible match */
    size_t n_duplicates; /* rows whose bytes equal those of an earlier row */
} fdml_findings;

/* `path` names the embeddings in messages; rows and columns are counted from 0, as ids are. */
fdml_status fdml_validate(fdml_findings *findings, const fdml_problem *problem,
                          const char *path, const fdml_machine *machine, fdml_arena *arena,
                          fdml_error *err);

/* 1 for a query that has a match to find: a gallery row of its class, other than itself, that
 * is not excluded. can_match: [n_rows]; rows that are no query get 0. */
fdml_status fdml_find_matchable(uint8_t *can_match, const fdml_problem *problem,
                                fdml_arena *arena, fdml_error *err);

#endif
