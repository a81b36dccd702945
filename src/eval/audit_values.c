/* audit_values.c - the value of a metric from sums of features, at weight 1 or resampled.
 *
 * With cluster weights w (how often a cluster is drawn), Phi = sum w phi, and R the value at
 * w = 1:
 *
 *   mean kind            sum of values / number of queries
 *   intra, unit class    pairs lie within clusters: sum of distances / number of pairs
 *   other pair metrics   a pair of clusters c, c' weighs w_c w_c'; to first order the sum over
 *                        pairs moves by sum_c (w_c - 1) H_c, H_c being the sum over pairs with
 *                        one end in c, so R* = R + 2 (Phi_H / Phi_M - R), M counting the pairs
 *   uniformity, unit class
 *                        pairs within classes as intra, pairs between them as the others, each
 *                        part weighing as many pairs as it then has; pairs between classes move
 *                        by 2 sum_c (w_c - 1) M_c. With S_c the sum over the N_c pairs within,
 *                        influences are (2 H_c + S_c - R (2 M_c + N_c)) / (M + N). They do not
 *                        add up to 0 as others do: their sum is taken off
 *   spectrum             R + sum of influences (first-order perturbation of eigenvalues), or 0
 *                        where that is negative
 *   cluster metrics      sums over rows, see audit_agreement.c
 *   class_ratio          unit class: (sum of within / classes) over the centres' pair form;
 *                        unit query: (A + sum of influences) / (B + sum of influences)
 *
 * This is the first-order (Hajek) projection of a U-statistic, whose bootstrap is consistent
 * (Arcones & Gine 1992). The code for the full sample is the same, at w = 1.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/dmath.h"
#include "eval/audit_state.h"

double fdml_audit_ratio_of(const double *sums, size_t column)
{
    return sums[column + 1] > 0 ? sums[column] / sums[column + 1] : NAN;
}

/* R* = R + 2 (ratio - R), see the head of the file. */
static double linearised(double base, const double *sums, size_t column)
{
    return base + 2 * (fdml_audit_ratio_of(sums, column) - base);
}

/* Resampling may push a small mean potential below zero, where it has no logarithm. */
static double log_potential(double mean, double base)
{
    return fdml_log(fmax(mean, base * 0x1p-20));
}

/* A divergence is not negative; to first order it may become so. NaN stays. */
static double divergence(double base, double influences)
{
    const double value = base + influences;
    return value < 0 ? 0 : value;
}

static double quotient(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static double class_ratio_of(const audit_state *state, const group_base *base,
                             const double *sums)
{
    const size_t c = state->plan.ratio;
    if (state->is_class_unit)
        return quotient(fdml_audit_ratio_of(sums, c), linearised(base->centre, sums, c + 2));
    return quotient(base->within + sums[c], base->centre + sums[c + 2]);
}

static double intra_of(const audit_state *state, const group_base *base, const double *sums)
{
    if (state->is_class_unit) return fdml_audit_ratio_of(sums, state->plan.intra);
    return linearised(base->intra, sums, state->plan.intra);
}

static double mean_potential(const audit_state *state, const group_base *base,
                             const double *sums)
{
    const size_t own = state->plan.own_uniformity, apart = state->plan.uniformity;
    if (own == NO_COLUMN) return linearised(base->uniformity, sums, apart);
    const double n_apart = fmax(0, 2 * sums[apart + 1] - base->n_apart);
    const double between = n_apart > 0 ? n_apart * linearised(base->apart, sums, apart) : 0;
    return quotient(sums[own] + between, sums[own + 1] + n_apart);
}

double fdml_audit_evaluate(const audit_state *state, const group_base *base, size_t metric,
                           const double *sums)
{
    const feature_plan *plan = &state->plan;
    const fdml_metric_id id = state->settings->metrics[metric].id;
    if (plan->mean[metric] != NO_COLUMN)
        return sums[plan->n_valid] > 0 ? sums[plan->mean[metric]] / sums[plan->n_valid] : NAN;
    switch (id) {
    case FDML_M_ALIGNMENT_INTRA:
        return intra_of(state, base, sums);
    case FDML_M_ALIGNMENT_INTER:
        return linearised(base->inter, sums, plan->inter);
    case FDML_M_ALIGNMENT_RATIO:
        return quotient(intra_of(state, base, sums),
                        linearised(base->inter, sums, plan->inter));
    case FDML_M_UNIFORMITY:
        return log_potential(mean_potential(state, base, sums), base->uniformity);
    case FDML_M_SPECTRUM:
        return divergence(base->spectrum, sums[plan->spectrum]);
    case FDML_M_CLASS_RATIO:
        return class_ratio_of(state, base, sums);
    default:
        return fdml_audit_agreement_value(state, base, id, sums, plan->entropy, plan->pairs);
    }
}

double fdml_audit_evaluate_overall(const audit_state *state, size_t metric, const double *sums)
{
    const feature_plan *plan = &state->plan;
    const group_base *all = &state->overall;
    if (plan->mean[metric] != NO_COLUMN) return fdml_audit_evaluate(state, all, metric, sums);
    const fdml_metric_id id = state->settings->metrics[metric].id;
    switch (id) {
    case FDML_M_ALIGNMENT_INTRA:
        return all->intra + sums[plan->all_intra];
    case FDML_M_ALIGNMENT_INTER:
        return all->inter + sums[plan->all_inter];
    case FDML_M_ALIGNMENT_RATIO:
        return quotient(all->intra + sums[plan->all_intra], all->inter + sums[plan->all_inter]);
    case FDML_M_UNIFORMITY:
        return log_potential(all->uniformity + sums[plan->all_uniformity] - all->own,
                             all->uniformity);
    case FDML_M_SPECTRUM:
        return divergence(all->spectrum, sums[plan->all_spectrum]);
    case FDML_M_CLASS_RATIO:
        return quotient(all->within, all->centre) + sums[plan->all_ratio];
    default:
        return fdml_audit_agreement_value(state, all, id, sums, plan->all_entropy,
                                          plan->all_pairs);
    }
}
