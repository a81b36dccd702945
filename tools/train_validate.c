/* train_validate.c - see train_validate.h.
 * SPDX-License-Identifier: MIT */
#include "train_validate.h"

#include <math.h>
#include <string.h>

#include "eval/audit.h"
#include "eval/audit_options.h"

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

/* An audit without intervals. */
typedef struct auditing {
    fdml_problem problem;
    fdml_audit_settings settings;
    fdml_machine machine;
} auditing;

static fdml_status prepare(auditing *a, const train_embedding *embedding,
                           const train_validation *how, fdml_arena *work, fdml_error *err)
{
    static const uint32_t ks[] = { 1 };
    const train_part *part = how->part;
    /* An attribute with one value has no gap, and an audit refuses it. */
    const bool has_groups = how->n_attributes && part->attribute[0].n_levels > 1;
    fdml_metric_parts parts;
    a->problem = (fdml_problem){ .x = embedding->f,
                                 .n_rows = part->n,
                                 .dim = embedding->dim,
                                 .distance = embedding->is_unit ? FDML_COSINE : FDML_L2,
                                 .label = &part->label,
                                 .attributes = part->attribute,
                                 .n_attributes = has_groups };
    a->machine = (fdml_machine){ .kernels = cli_kernels(how->common),
                                 .n_threads = cli_threads(how->common) };
    a->settings = (fdml_audit_settings){ .convention = FDML_DML,
                                         .reference = "overall",
                                         .min_group = how->min_group,
                                         .confidence = 0.95,
                                         .unit = FDML_UNIT_CLASS,
                                         .alignment_power = 2,
                                         .path = "validation" };
    return fdml_metrics_parse(&a->settings.metrics, &a->settings.n_metrics, &parts,
                              "recall_at_1,map_at_r", ks, 1, FDML_DML, work, err);
}

fdml_status train_validate(train_scores *scores, const train_embedding *embedding,
                           const train_validation *how, fdml_arena *work, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    auditing a;
    fdml_audit_result result;
    *scores = (train_scores){ .value = { NAN, NAN, NAN, NAN } };
    fdml_status status = prepare(&a, embedding, how, work, err);
    if (!status && how->max_memory)
        status =
            fdml_audit_set_memory(&a.machine, &a.problem, &a.settings, 0, how->max_memory, err);
    if (!status) status = fdml_audit(&result, &a.problem, &a.settings, &a.machine, work, err);
    for (size_t i = 0; !status && i < a.settings.n_metrics; i++)
        take_metric(scores, &result, i, a.settings.metrics[i].id == FDML_M_MAP_AT_R);
    fdml_arena_reset(work, mark); /* names of groups are the factor's levels, which stay */
    return status;
}

fdml_status train_validate_memory(size_t *bytes, const train_embedding *embedding,
                                  const train_validation *how, fdml_arena *work,
                                  fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    auditing a;
    fdml_audit_cost cost;
    const fdml_status status = prepare(&a, embedding, how, work, err);
    if (!status) fdml_audit_estimate(&cost, &a.problem, &a.settings, &a.machine);
    if (!status) *bytes = how->max_memory ? cost.bytes_least : cost.bytes;
    fdml_arena_reset(work, mark);
    return status;
}
