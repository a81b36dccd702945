/* audit_overall.c - what each row gives to the overall value, to first order.
 *
 * A group and the overall value that it is compared with are resampled together: each cluster
 * of a group carries the influence of its rows on the overall value, which is known once the
 * overall group was made (audit_features.c). audit_values.c adds them up.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/audit_state.h"

/* The row's influence on the overall value. Under unit class pairs within a class weigh w, not
 * w^2: half of what the row shares with its class is taken back. */
void fdml_audit_overall_add(double *f, const audit_state *state, uint32_t row)
{
    const feature_plan *plan = &state->plan;
    const group_base *all = &state->overall;
    if (plan->all_intra != NO_COLUMN)
        f[plan->all_intra] += state->influence_intra[row] / (state->is_class_unit ? 2 : 1);
    if (plan->all_inter != NO_COLUMN) f[plan->all_inter] += state->influence_inter[row];
    if (plan->all_uniformity != NO_COLUMN) {
        const double n = (double)state->problem->n_rows, n_pairs = n * (n - 1) / 2;
        f[plan->all_uniformity] +=
            (state->potential[row] - all->uniformity * (n - 1)) / n_pairs;
        if (state->own_potential) {
            const uint32_t class = state->problem->label->code[row];
            const double n_own =
                (double)(state->class_begin[class + 1] - state->class_begin[class] - 1);
            f[plan->all_uniformity] -=
                (state->own_potential[row] - all->uniformity * n_own) / n_pairs / 2;
        }
    }
    if (plan->all_spectrum != NO_COLUMN)
        f[plan->all_spectrum] += state->influence_spectrum[row];
    if (plan->all_ratio != NO_COLUMN) f[plan->all_ratio] += state->influence_ratio[row];
    if (state->cell_count) fdml_audit_agreement_add_overall(f, state, row);
}

void fdml_audit_keep_overall(audit_state *state, const audit_group *group)
{
    const fdml_runs *runs = &group->runs;
    const group_base *base = &group->base;
    state->overall = *base;
    fdml_audit_agreement_keep(state, group);
    const double n_intra = (double)base->n[FDML_M_ALIGNMENT_INTRA];
    const double n_inter = (double)base->n[FDML_M_ALIGNMENT_INTER];
    const double n = (double)runs->n_rows;
    for (size_t r = 0; r < runs->n_runs; r++) {
        const double n_same = (double)(runs->begin[r + 1] - runs->begin[r]);
        const fdml_class_ratio *ratio = &group->ratio;
        double same = 0;
        for (size_t i = runs->begin[r]; i < runs->begin[r + 1]; i++) {
            const uint32_t row = runs->row[i];
            if (group->same) same += group->same[i];
            if (state->influence_intra)
                state->influence_intra[row] =
                    n_intra > 0 ? (group->same[i] - base->intra * (n_same - 1)) / n_intra : 0;
            if (state->influence_inter)
                state->influence_inter[row] =
                    n_inter > 0 ? (group->other[i] - base->inter * (n - n_same)) / n_inter : 0;
            if (state->influence_spectrum) state->influence_spectrum[row] = group->spectrum[i];
            if (!state->influence_ratio) continue;
            /* d(A/B): what the row does inside its class, and its share of the class. */
            const double n_runs = (double)runs->n_runs, value = base->within / base->centre;
            double of_a = ratio->row_within[i], of_b = ratio->row_centre[i];
            if (state->is_class_unit && n_same > 1)
                of_a += (ratio->within[r] - base->within) / (double)ratio->n_within / n_same;
            if (state->is_class_unit)
                of_b += 2 * (ratio->centre[r] - base->centre * (n_runs - 1)) /
                        (n_runs * (n_runs - 1)) / n_same;
            state->influence_ratio[row] = (of_a - value * of_b) / base->centre;
        }
        if (state->class_same)
            state->class_same[state->problem->label->code[runs->row[runs->begin[r]]]] = same;
    }
}
