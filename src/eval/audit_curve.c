/* audit_curve.c - thresholds, EER and AUC of an audit's pairs: of a list, of all pairs one by
 * one, or of all pairs by histogram.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/audit_state.h"
#include "eval/verify_counts.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the scores of pairs");
}

bool fdml_audit_is_feasible(const audit_curve *c, double target)
{
    return target * (double)c->n_impostor >= 1 - 1e-9;
}

static fdml_status make_points(audit_curve *c, const audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t most = settings->n_fmr_targets + 1;
    c->threshold = fdml_arena_push(state->scratch, most, sizeof *c->threshold);
    c->target = fdml_arena_push(state->scratch, most, sizeof *c->target);
    if (!c->threshold || !c->target) return no_memory(err);
    for (size_t t = 0; t < settings->n_fmr_targets; t++)
        if (fdml_audit_is_feasible(c, settings->fmr_targets[t])) c->target[c->n_points++] = t;
    c->target[c->n_points++] = settings->n_fmr_targets;
    return FDML_OK;
}

static fdml_status curve_of_scores(audit_curve *c, const fdml_scores *scores,
                                   const audit_state *state, fdml_error *err)
{
    c->n_genuine = scores->n_genuine;
    c->n_impostor = scores->n_impostor;
    FDML_TRY(make_points(c, state, err));
    for (size_t p = 0; p + 1 < c->n_points; p++)
        c->threshold[p] =
            fdml_threshold_at_fmr(scores, state->settings->fmr_targets[c->target[p]]);
    float *at_eer = &c->threshold[c->n_points - 1];
    c->eer = fdml_eer(at_eer, scores);
    c->eer_weight = fdml_eer_weight(scores, *at_eer);
    c->auc = fdml_auc(scores);
    return FDML_OK;
}

/* Below: the arrays of *c come first on the stack, so that scores can be given back. */
static fdml_status curve_of_list(audit_curve *c, const audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n = settings->n_pairs;
    float *listed = fdml_arena_push(state->scratch, n, sizeof *listed);
    float *sorted = fdml_arena_push(state->scratch, n, sizeof *sorted);
    float *scratch = fdml_arena_push(state->scratch, n, sizeof *scratch);
    if (!listed || !sorted || !scratch) return no_memory(err);
    fdml_list_scores(listed, settings->pairs, n, state->problem, state->machine->n_threads);
    size_t n_genuine = 0;
    for (size_t i = 0; i < n; i++)
        if (settings->pairs[i].genuine) sorted[n_genuine++] = listed[i];
    size_t at = n_genuine;
    for (size_t i = 0; i < n; i++)
        if (!settings->pairs[i].genuine) sorted[at++] = listed[i];
    if (!n_genuine || n_genuine == n)
        return fdml_fail(err, FDML_E_DATA,
                         "the list of pairs has %zu genuine and %zu impostor "
                         "pairs, needs both",
                         n_genuine, n - n_genuine);
    fdml_sort_scores(sorted, n_genuine, scratch);
    fdml_sort_scores(sorted + n_genuine, n - n_genuine, scratch);
    const fdml_scores scores = { sorted, sorted + n_genuine, n_genuine, n - n_genuine };
    c->listed = listed;
    return curve_of_scores(c, &scores, state, err);
}

static fdml_status curve_of_all(audit_curve *c, const audit_state *state, fdml_error *err)
{
    const size_t n_rows = state->problem->n_rows;
    c->genuine_share = fdml_arena_push(state->scratch, n_rows, sizeof(double));
    c->impostor_share = fdml_arena_push(state->scratch, n_rows, sizeof(double));
    if (!c->genuine_share || !c->impostor_share) return no_memory(err);
    fdml_scores scores;
    FDML_TRY(fdml_all_scores(&scores, state->problem, state->machine, state->scratch, err));
    FDML_TRY(fdml_auc_shares(c->genuine_share, c->impostor_share, &scores, state->problem,
                             state->machine, state->scratch, err));
    return curve_of_scores(c, &scores, state, err);
}

static fdml_status curve_of_bins(audit_curve *c, const audit_state *state, fdml_error *err)
{
    uint64_t *genuine = fdml_arena_push(state->scratch, FDML_HISTOGRAM_BINS, sizeof *genuine);
    if (!genuine) return no_memory(err);
    FDML_TRY(fdml_genuine_histogram(genuine, state->histogram_low, state->histogram_width,
                                    state->problem, state->machine, state->scratch, err));
    for (size_t b = 0; b < FDML_HISTOGRAM_BINS; b++) {
        state->histogram[b] -= genuine[b]; /* from here on of impostors */
        c->n_genuine += genuine[b];
        c->n_impostor += state->histogram[b];
    }
    const fdml_score_bins bins = { genuine, state->histogram, FDML_HISTOGRAM_BINS,
                                   state->histogram_low, state->histogram_width };
    FDML_TRY(make_points(c, state, err));
    for (size_t p = 0; p + 1 < c->n_points; p++)
        c->threshold[p] =
            fdml_bins_threshold_at_fmr(&bins, state->settings->fmr_targets[c->target[p]]);
    c->eer = fdml_bins_eer(&c->threshold[c->n_points - 1], &c->eer_weight, &bins);
    c->auc = fdml_bins_auc(&bins);
    return FDML_OK;
}

fdml_status fdml_audit_curve_make(audit_curve *c, const audit_state *state, fdml_error *err)
{
    if (state->settings->pairs) return curve_of_list(c, state, err);
    return state->histogram ? curve_of_bins(c, state, err) : curve_of_all(c, state, err);
}
