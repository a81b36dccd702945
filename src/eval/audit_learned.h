/* audit_learned.h - what classifiers predicted, and what is made of it: within src/eval only.
 *
 * audit_downstream.c splits, trains and predicts into a downstream_study; audit_learned.c makes
 * measures and intervals of it, grouping by grouping, and audit_learned_test.c tests the gaps.
 * Terms are those of audit_state.h.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_LEARNED_H
#define FDML_EVAL_AUDIT_LEARNED_H

#include "eval/audit_state.h"

/* Trainings of one target, and what they predicted of the test rows of all splits. The training
 * of (classifier, protocol, grouping) has a slot; as_is has one for all groupings. */
typedef struct downstream_study {
    audit_state *state;
    fdml_learned_target target;
    size_t index; /* of the target */
    fdml_tests tests;
    size_t n_slots;
    uint32_t *predicted; /* [n_slots, tests] */
    size_t *n_train;     /* [1 + 2 (groupings - 1)] sums over splits */
    bool *is_within;     /* [groupings] */
} downstream_study;

static inline size_t downstream_variant(fdml_protocol protocol, size_t grouping)
{
    return protocol == FDML_AS_IS ? 0 : 2 * grouping - 2 + (size_t)protocol;
}

static inline size_t downstream_variants(const audit_state *state)
{
    return 2 * state->groupings.n - 1;
}

static inline const uint32_t *downstream_predicted(const downstream_study *study,
                                                   fdml_classifier classifier,
                                                   fdml_protocol protocol, size_t grouping)
{
    const size_t slot = (size_t)classifier * downstream_variants(study->state) +
                        downstream_variant(protocol, grouping);
    return study->predicted + slot * study->tests.begin[study->tests.n_splits];
}

/* audit_learned.c: measures, intervals and tests of one grouping. In the result's arena. */
fdml_status fdml_audit_learned(fdml_downstream_result *result, const downstream_study *study,
                               size_t grouping, fdml_error *err);

/* audit_learned_test.c: p and p_holm of the gaps of accuracy, of one grouping's trainings. */
fdml_status fdml_audit_learned_test(fdml_learned_result *learned, size_t n_learned,
                                    const downstream_study *study, size_t grouping,
                                    fdml_error *err);

#endif
