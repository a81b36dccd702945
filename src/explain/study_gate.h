/* study_gate.h - --fail-if of fdml-explain: the conditions of eval/gate.h over a study.
 *
 * A METRIC is MEASURE of fidelity.h after its method, as "lime.accuracy" or
 * "lime:jtt10.auroc", or "quality.accuracy" of the black box itself; where the study has
 * several black boxes also that: "mlp/lime.accuracy". gap() is the mean gap amongst subgroups
 * (definition 3.4), max_gap() the maximum gap from average (3.3), versus() how far a group is
 * behind the average. change() is this method less the study's baseline. information() takes a
 * column, and is the largest AUROC of its groups.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_GATE_H
#define FDML_EXPLAIN_STUDY_GATE_H

#include "eval/gate.h"
#include "explain/study.h"

/* As fdml_gate_check, against what is going to be computed. */
fdml_status fdml_study_gate_check(const fdml_gate *gate, const fdml_tabular *table,
                                  const fdml_study_options *options, fdml_error *err);
fdml_status fdml_study_gate_judge(fdml_gate_outcome *outcome, const fdml_gate *gate,
                                  const fdml_study *study, fdml_arena *arena, fdml_error *err);

#endif
