/* train_validate.c - see train_validate.h.
 * SPDX-License-Identifier: MIT */
#include "train_validate.h"

#include <math.h>
#include <string.h>

#include "eval/audit.h"

const char *const train_score_name[N_SCORES] = { "map_at_r", "recall_at_1", "worst_map_at_r",
                                                 "worst_recall_at_1" };

/* The group with the lowest value of a metric; NULL: no group has one. */
static const fdml_group_result *worst_of(const fdml_audit_result *result, size_t metric)
{
    const fdml_group_result *worst = NULL;
    for (size_t i = 0; i < result->n_groups; i++) {
        const fdml_group_result *group = &result->groups[i];
        const double value = group->metrics[metric].value;
        if (isnan(value)) continue;
        if (!worst || value < worst->metrics[metric].value) worst = group;
    }
    return worst;
}

static void take_metric(train_scores *scores, const fdml_audit_result *result, size_t metric,
                        bool is_map)
{
    const fdml_group_result *worst = worst_of(result, metric);
    scores->value[is_map ? SCORE_MAP_AT_R : SCORE_RECALL_AT_1] = result->overall[metric].value;
    if (!worst) return;
    scores->value[is_map ? SCORE_WORST_MAP_AT_R : SCORE_WORST_RECALL_AT_1] =
        worst->metrics[metric].value;
    *(is_map ? &scores->worst_map : &scores->worst_recall) = worst->value;
}

fdml_status train_validate(train_scores *scores, const train_embedding *embedding,
                           const train_part *part, size_t n_attributes, size_t min_group,
                           const cli_common *common, fdml_arena *work, fdml_error *err)
{
    static const uint32_t ks[] = { 1 };
    /* An attribute with one value has no gap, and an audit refuses it. */
    const bool has_groups = n_attributes && part->attribute[0].n_levels > 1;
    const fdml_problem problem = { .x = embedding->f,
                                   .n_rows = part->n,
                                   .dim = embedding->dim,
                                   .distance = embedding->is_unit ? FDML_COSINE : FDML_L2,
                                   .label = &part->label,
                                   .attributes = part->attribute,
                                   .n_attributes = has_groups };
    const fdml_machine machine = { .kernels = cli_kernels(common),
                                   .n_threads = cli_threads(common) };
    fdml_audit_settings settings = { .convention = FDML_DML,
                                     .reference = "overall",
                                     .min_group = min_group,
                                     .confidence = 0.95,
                                     .unit = FDML_UNIT_CLASS,
                                     .alignment_power = 2,
                                     .path = "validation" };
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    fdml_metric_parts parts;
    fdml_audit_result result;
    *scores = (train_scores){ .value = { NAN, NAN, NAN, NAN } };
    fdml_status status = fdml_metrics_parse(&settings.metrics, &settings.n_metrics, &parts,
                                            "recall_at_1,map_at_r", ks, 1, FDML_DML, work, err);
    if (!status) status = fdml_audit(&result, &problem, &settings, &machine, work, err);
    for (size_t i = 0; !status && i < settings.n_metrics; i++)
        take_metric(scores, &result, i, settings.metrics[i].id == FDML_M_MAP_AT_R);
    fdml_arena_reset(work, mark); /* names of groups are the factor's levels, which stay */
    return status;
}
