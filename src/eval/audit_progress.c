/* audit_progress.c - the progress of a whole audit from that of its stages.
 *
 * Distances, seeding and k-means are nearly all gemm, so multiply-adds are a common measure:
 * the time left is truthful across stages, not only within one. k-means may converge before
 * its last iteration; the audit then arrives early. Resampling is taken as a fiftieth.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/audit_state.h"
#include "eval/kmeans.h"

static const char *const stage_name[] = { "distances",  "k-means++",   "k-means",
                                          "resampling", "classifiers", "slices" };

static void report(void *ctx, const char *phase, double done, double total)
{
    audit_progress *p = ctx;
    double before = 0, share = total > 0 ? done / total : 1;
    size_t s = 0;
    while (s < AUDIT_STAGES && strcmp(stage_name[s], phase) != 0) before += p->work[s++];
    if (s == AUDIT_STAGES) return;
    const bool is_redone = s == 1 || s == 2;
    if (is_redone) { /* seeding and iterations take turns: one share of the two together */
        if (s == 1 && p->stage == 2) p->redo++;
        const double one = (p->work[1] + p->work[2]) / p->n_redo;
        const double seeding = p->work[1] / p->n_redo;
        before = p->work[0] + p->redo * one + (s == 2 ? seeding : 0);
        share *= (s == 2 ? one - seeding : seeding) / (p->work[s] > 0 ? p->work[s] : 1);
    }
    p->stage = s;
    before += p->before;
    if (s >= AUDIT_STAGE_RESAMPLING) before += p->between;
    const double at = before + share * p->work[s];
    if (at > p->done) p->done = at;
    fdml_progress_report(p->to, phase, p->done, p->total);
}

void fdml_audit_progress_init(audit_progress *p, const fdml_progress *to,
                              const audit_state *state)
{
    const fdml_problem *problem = state->problem;
    const fdml_audit_settings *settings = state->settings;
    fdml_audit_settings alone = *settings;
    fdml_audit_cost cost;
    alone.other = NULL;
    fdml_audit_estimate(&cost, problem, &alone, state->machine);
    const fdml_kmeans kmeans = { .k = (uint32_t)problem->label->n_levels,
                                 .n_iterations = settings->kmeans_iterations,
                                 .n_redo = settings->kmeans_redo };
    double seeding = 0, all = 0;
    if (state->wants_cluster)
        all = fdml_kmeans_work(&seeding, &kmeans, problem->n_rows, problem->dim);
    *p = (audit_progress){ .own = { report, p },
                           .to = to,
                           .n_redo = settings->kmeans_redo ? settings->kmeans_redo : 1 };
    const double own = cost.flops - cost.flops_of_classifiers - cost.flops_of_slices;
    p->work[0] = own - all;
    p->work[1] = seeding;
    p->work[2] = all - seeding;
    p->work[AUDIT_STAGE_RESAMPLING] = own / 50;
    p->work[4] = cost.flops_of_classifiers;
    p->work[5] = cost.flops_of_slices;
    for (size_t s = 0; s < AUDIT_STAGES; s++) p->total += p->work[s];
}

/* What comes before resampling. */
static double measuring(const audit_progress *p)
{
    double sum = 0;
    for (size_t s = 0; s < AUDIT_STAGE_RESAMPLING; s++) sum += p->work[s];
    return sum;
}

void fdml_audit_progress_pair(audit_progress *first, audit_progress *second)
{
    second->before = measuring(first);
    first->between = measuring(second);
    first->work[AUDIT_STAGE_RESAMPLING] += second->work[AUDIT_STAGE_RESAMPLING];
    first->total += second->total;
    second->total = first->total;
}
