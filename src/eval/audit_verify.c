/* audit_verify.c - verification at one global threshold, for all pairs, groups and across.
 *
 * A rate's interval is a bootstrap over classes (or rows): genuine pairs lie inside a class and
 * resample with it; an impostor pair joins two, so its rate is linearised as in audit_values.c.
 * The threshold stays as found. The interval of the EER follows from those of FMR and FNMR at
 * its threshold (fdml_eer_weight), that of AUC from each row's share of it.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_state.h"
#include "eval/verify_counts.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for verification");
}

/* --- one group ------------------------------------------------------------------------ */

/* Columns of a cluster's features: pairs, shares of AUC, then (genuine, impostor) accepted at
 * every threshold. */
enum { GENUINE, IMPOSTOR, GENUINE_SHARE, IMPOSTOR_SHARE, ACCEPTED };

typedef struct rates {
    const audit_state *state;
    const audit_curve *curve;
    const fdml_pair_counts *counts;
    size_t stride;
    double *total, *sums, *replicate; /* [stride], [n_bootstrap, stride], [n_bootstrap] */
} rates;

static void add_row(double *f, const rates *r, size_t grouping, uint32_t row)
{
    const size_t n_rows = r->state->problem->n_rows, n = r->state->groupings.n;
    const size_t at = grouping * n_rows + row;
    f[GENUINE] += r->counts->genuine[at];
    f[IMPOSTOR] += r->counts->impostor[at];
    if (!grouping && r->curve->genuine_share) {
        f[GENUINE_SHARE] += r->curve->genuine_share[row];
        f[IMPOSTOR_SHARE] += r->curve->impostor_share[row];
    }
    for (size_t t = 0; t < r->counts->n_thresholds; t++) {
        f[ACCEPTED + 2 * t] += r->counts->genuine_accepted[t * n * n_rows + at];
        f[ACCEPTED + 2 * t + 1] += r->counts->impostor_accepted[t * n * n_rows + at];
    }
}

static double linearised(double base, double ratio)
{
    return base + 2 * (ratio - base);
}

/* A replicate may have drawn no pairs: its rate is NaN, which fmin and fmax would pass over. */
static double clamped(double rate)
{
    return isnan(rate) ? NAN : fmin(1, fmax(0, rate));
}

/* Pairs inside a class follow its weight; under unit query they join two clusters too. */
static double fnmr_of(const rates *r, const double *sums, size_t point)
{
    const double base = 1 - r->total[ACCEPTED + 2 * point] / r->total[GENUINE];
    const double ratio = 1 - sums[ACCEPTED + 2 * point] / sums[GENUINE];
    return r->state->is_class_unit ? ratio : clamped(linearised(base, ratio));
}

static double fmr_of(const rates *r, const double *sums, size_t point)
{
    const double base = r->total[ACCEPTED + 2 * point + 1] / r->total[IMPOSTOR];
    return clamped(linearised(base, sums[ACCEPTED + 2 * point + 1] / sums[IMPOSTOR]));
}

static double eer_of(const rates *r, const double *sums, size_t point)
{
    const double weight = r->curve->eer_weight;
    return r->curve->eer + weight * (fmr_of(r, sums, point) - fmr_of(r, r->total, point)) +
           (1 - weight) * (fnmr_of(r, sums, point) - fnmr_of(r, r->total, point));
}

static double auc_of(const rates *r, const double *sums, size_t point)
{
    (void)point;
    const double auc = r->curve->auc;
    const double genuine = sums[GENUINE_SHARE] / sums[GENUINE] - auc;
    const double impostor = sums[IMPOSTOR_SHARE] / sums[IMPOSTOR] - auc;
    return clamped(auc + (r->state->is_class_unit ? 1 : 2) * genuine + 2 * impostor);
}

typedef double (*rate_fn)(const rates *r, const double *sums, size_t point);

static fdml_estimate estimate(const rates *r, rate_fn rate, size_t point, double value,
                              size_t n, size_t n_clusters)
{
    fdml_estimate e = { value, NAN, NAN, n, NULL };
    const fdml_audit_settings *settings = r->state->settings;
    if (!settings->n_bootstrap || n_clusters < 2) return e;
    for (size_t b = 0; b < settings->n_bootstrap; b++)
        r->replicate[b] = rate(r, r->sums + b * r->stride, point);
    fdml_bootstrap_interval(&e.lo, &e.hi, r->replicate, settings->n_bootstrap,
                            settings->confidence, fdml_freedom_of(n_clusters));
    return e;
}

static fdml_status resample(size_t *n_clusters, const rates *r, const grouped_rows *rows,
                            size_t grouping, size_t group, fdml_error *err)
{
    const audit_state *state = r->state;
    const fdml_runs runs = fdml_audit_runs(rows, state, group);
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    *n_clusters = state->is_class_unit ? runs.n_runs : runs.n_rows;
    double *features =
        fdml_arena_push_zero(state->scratch, *n_clusters * r->stride, sizeof *features);
    if (!features) return no_memory(err);
    memset(r->total, 0, r->stride * sizeof *r->total);
    for (size_t k = 0; k < runs.n_runs; k++)
        for (size_t i = runs.begin[k]; i < runs.begin[k + 1]; i++)
            add_row(features + (state->is_class_unit ? k : i) * r->stride, r, grouping,
                    runs.row[i]);
    for (size_t c = 0; c < *n_clusters; c++)
        for (size_t f = 0; f < r->stride; f++) r->total[f] += features[c * r->stride + f];
    const fdml_bootstrap bootstrap = { .features = features,
                                       .n_clusters = *n_clusters,
                                       .n_features = r->stride,
                                       .n_replicates = state->settings->n_bootstrap,
                                       .seed = state->settings->seed,
                                       .stream = audit_stream_id(STREAM_VERIFICATION, grouping,
                                                                 group) };
    fdml_bootstrap_sums(r->sums, &bootstrap, state->machine->n_threads);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

/* --- points --------------------------------------------------------------------------- */

/* The arrays of an operating point while they are filled. */
typedef struct point_arrays {
    fdml_estimate *fmr, *fnmr; /* [n_groups listed] */
    fdml_differential *differential;
    const double **cross;
} point_arrays;

static fdml_status make_point(fdml_operating_point *point, point_arrays *arrays, double target,
                              const audit_curve *c, size_t n_groups, const audit_state *state,
                              fdml_error *err)
{
    const size_t n = state->groupings.n - 1;
    *point = (fdml_operating_point){ .fmr_target = target, .threshold = NAN };
    point->fmr = point->fnmr = AUDIT_NOTHING;
    if (!isnan(target) && !fdml_audit_is_feasible(c, target)) {
        char why[120];
        const int length = snprintf(
            why, sizeof why, "needs %.0f impostor pairs for one false match, there are %zu",
            ceil(1 / target - 1e-6), c->n_impostor);
        point->why = fdml_arena_copy_text(state->arena, why, (size_t)length);
        point->fmr.why = point->fnmr.why = point->why;
        return point->why ? FDML_OK : no_memory(err);
    }
    arrays->fmr = fdml_arena_push(state->arena, n_groups, sizeof *arrays->fmr);
    arrays->fnmr = fdml_arena_push(state->arena, n_groups, sizeof *arrays->fnmr);
    arrays->differential = fdml_arena_push(state->arena, n, sizeof *arrays->differential);
    arrays->cross = fdml_arena_push_zero(state->arena, n, sizeof *arrays->cross);
    if (!arrays->fmr || !arrays->fnmr || !arrays->differential || !arrays->cross)
        return no_memory(err);
    point->group_fmr = arrays->fmr;
    point->group_fnmr = arrays->fnmr;
    point->differential = arrays->differential;
    point->cross_fmr = arrays->cross;
    return FDML_OK;
}

/* A rate below one expected pair is no rate: the same rule as for the target itself. */
static size_t least_pairs(double target)
{
    return isnan(target) ? 1 : (size_t)ceil(1 / target - 1e-6);
}

static void put_group(const rates *r, const fdml_operating_point *point,
                      const point_arrays *arrays, size_t p, size_t listed, size_t n_rows,
                      size_t n_clusters)
{
    const audit_state *state = r->state;
    const size_t n_genuine = (size_t)(r->total[GENUINE] / 2);
    const size_t n_impostor = (size_t)(r->total[IMPOSTOR] / 2);
    const size_t least = least_pairs(point->fmr_target),
                 least_rows = state->settings->min_group;
    fdml_estimate *fmr = &arrays->fmr[listed], *fnmr = &arrays->fnmr[listed];
    *fmr = *fnmr = AUDIT_NOTHING;
    fmr->n = n_impostor;
    fnmr->n = n_genuine;
    if (n_rows < least_rows)
        fmr->why = fnmr->why = fdml_audit_insufficient(n_rows, least_rows, state->arena);
    if (!fmr->why && n_impostor < least)
        fmr->why = fdml_audit_insufficient(n_impostor, least, state->arena);
    if (!fnmr->why && !n_genuine) fnmr->why = "no two rows of one class";
    if (!fmr->why)
        *fmr = estimate(r, fmr_of, p, fmr_of(r, r->total, p), n_impostor, n_clusters);
    if (!fnmr->why)
        *fnmr = estimate(r, fnmr_of, p, fnmr_of(r, r->total, p), n_genuine, n_clusters);
}

static fdml_differential differential_of(const point_arrays *arrays, size_t first, size_t n,
                                         double *fmr, double *fnmr)
{
    fdml_differential d = { NAN, NAN, NAN, NAN,
                            NAN, NAN, NAN, "fewer than two groups have both rates" };
    size_t n_used = 0;
    for (size_t g = first; g < first + n; g++) {
        if (isnan(arrays->fmr[g].value) || isnan(arrays->fnmr[g].value)) continue;
        fmr[n_used] = arrays->fmr[g].value;
        fnmr[n_used++] = arrays->fnmr[g].value;
    }
    if (n_used > 1) fdml_differential_of(&d, fmr, fnmr, n_used);
    return d;
}

static fdml_status put_cross(const point_arrays *arrays, const rates *r, size_t grouping,
                             size_t p, fdml_error *err)
{
    const fdml_grouping *by = &r->state->groupings.grouping[grouping];
    const uint64_t *pairs = r->counts->crossed[grouping];
    const uint64_t *accepted =
        r->counts->crossed_accepted[p * r->state->groupings.n + grouping];
    if (!pairs) return FDML_OK;
    const size_t n = by->n_groups * by->n_groups;
    double *rate = fdml_arena_push(r->state->arena, n, sizeof *rate);
    if (!rate) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        rate[i] = pairs[i] ? (double)accepted[i] / (double)pairs[i] : NAN;
    arrays->cross[grouping - 1] = rate;
    return FDML_OK;
}

/* point, arrays: those of the feasible points, in the order of the curve. */
static fdml_status fill_grouping(fdml_operating_point *const *point, const point_arrays *arrays,
                                 const rates *r, size_t grouping, size_t first, fdml_error *err)
{
    const audit_state *state = r->state;
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    grouped_rows rows;
    FDML_TRY(fdml_audit_group_rows(&rows, state, grouping, err));
    double *fmr = fdml_arena_push(state->scratch, 2 * by->n_groups, sizeof *fmr);
    if (!fmr) return no_memory(err);
    for (size_t g = 0; g < by->n_groups; g++) {
        size_t n_clusters;
        FDML_TRY(resample(&n_clusters, r, &rows, grouping, g, err));
        for (size_t p = 0; p < r->curve->n_points; p++)
            put_group(r, point[p], &arrays[p], p, first + g, by->n_rows[g], n_clusters);
    }
    for (size_t p = 0; p < r->curve->n_points; p++) {
        arrays[p].differential[grouping - 1] =
            differential_of(&arrays[p], first, by->n_groups, fmr, fmr + by->n_groups);
        FDML_TRY(put_cross(&arrays[p], r, grouping, p, err));
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

static fdml_status fill_overall(fdml_verification_result *v, fdml_operating_point *const *point,
                                const rates *r, fdml_error *err)
{
    const audit_curve *c = r->curve;
    const fdml_arena_mark mark = fdml_arena_get_mark(r->state->scratch);
    grouped_rows rows;
    size_t n_clusters;
    FDML_TRY(fdml_audit_group_rows(&rows, r->state, 0, err));
    FDML_TRY(resample(&n_clusters, r, &rows, 0, 0, err));
    for (size_t p = 0; p < c->n_points; p++) {
        point[p]->threshold = (double)c->threshold[p];
        point[p]->fmr =
            estimate(r, fmr_of, p, fmr_of(r, r->total, p), c->n_impostor, n_clusters);
        point[p]->fnmr =
            estimate(r, fnmr_of, p, fnmr_of(r, r->total, p), c->n_genuine, n_clusters);
    }
    v->eer = estimate(r, eer_of, c->n_points - 1, c->eer, c->n_genuine, n_clusters);
    v->auc = (fdml_estimate){ c->auc, NAN, NAN, c->n_genuine, NULL };
    if (c->genuine_share) v->auc = estimate(r, auc_of, 0, c->auc, c->n_genuine, n_clusters);
    fdml_arena_reset(r->state->scratch, mark);
    return FDML_OK;
}

static fdml_status fold_accuracy(fdml_verification_result *v, const audit_curve *c,
                                 const audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    v->accuracy = AUDIT_NOTHING;
    size_t n_folds = 0;
    for (size_t i = 0; i < settings->n_pairs; i++)
        if (settings->pairs[i].fold >= n_folds) n_folds = settings->pairs[i].fold + 1;
    if (!settings->pairs || n_folds < 2) return FDML_OK;
    double mean, error;
    FDML_TRY(fdml_fold_accuracy(&mean, &error, c->listed, settings->pairs, settings->n_pairs,
                                n_folds, state->scratch, err));
    v->accuracy = (fdml_estimate){ mean, mean - error, mean + error, n_folds, NULL };
    return FDML_OK;
}

static const char *resolution_of(const audit_state *state, const audit_curve *c,
                                 fdml_error *err)
{
    char text[200];
    int n;
    if (!state->histogram)
        n = snprintf(text, sizeof text,
                     "thresholds are exact: every one of %zu pairs was scored",
                     c->n_genuine + c->n_impostor);
    else
        n = snprintf(
            text, sizeof text,
            "thresholds lie on a grid of %d bins of width %.3g; rates at them are exact; "
            "EER and AUC take pairs of one bin as equally near",
            FDML_HISTOGRAM_BINS, (double)state->histogram_width);
    const char *kept = fdml_arena_copy_text(state->arena, text, (size_t)n);
    if (!kept) (void)no_memory(err);
    return kept;
}

static fdml_status make_counts(fdml_pair_counts *counts, const audit_curve *c,
                               const audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    if (settings->pairs)
        return fdml_count_listed_pairs(counts, c->threshold, c->n_points, settings->pairs,
                                       c->listed, settings->n_pairs, &state->groupings,
                                       state->problem->n_rows, state->scratch, err);
    return fdml_count_all_pairs(counts, c->threshold, c->n_points, &state->groupings,
                                state->problem, state->machine, state->scratch, err);
}

fdml_status fdml_audit_verify(fdml_audit_result *result, audit_state *state, fdml_error *err)
{
    const fdml_audit_settings *settings = state->settings;
    const size_t n_targets = settings->n_fmr_targets, n_bootstrap = settings->n_bootstrap;
    audit_curve c = { 0 };
    fdml_pair_counts counts;
    FDML_TRY(fdml_audit_curve_make(&c, state, err));
    FDML_TRY(make_counts(&counts, &c, state, err));

    fdml_operating_point *all = fdml_arena_push(state->arena, n_targets + 1, sizeof *all);
    fdml_operating_point **point = fdml_arena_push(state->scratch, c.n_points, sizeof *point);
    point_arrays *arrays = fdml_arena_push_zero(state->scratch, n_targets + 1, sizeof *arrays);
    rates r = { .state = state, .curve = &c, .counts = &counts };
    r.stride = fdml_feature_stride(ACCEPTED + 2 * c.n_points);
    r.total = fdml_arena_push(state->scratch, r.stride, sizeof(double));
    r.sums = fdml_arena_push(state->scratch, n_bootstrap * r.stride, sizeof(double));
    r.replicate = fdml_arena_push(state->scratch, n_bootstrap, sizeof(double));
    if (!all || !point || !arrays || !r.total || !r.sums || !r.replicate) return no_memory(err);

    size_t p = 0;
    for (size_t t = 0; t <= n_targets; t++) {
        const double target = t < n_targets ? settings->fmr_targets[t] : NAN;
        point_arrays none;
        const bool is_used = p < c.n_points && c.target[p] == t;
        FDML_TRY(make_point(&all[t], is_used ? &arrays[p] : &none, target, &c, result->n_groups,
                            state, err));
        if (is_used) point[p++] = &all[t];
    }
    fdml_verification_result *v = &result->verification;
    *v = (fdml_verification_result){ .given = true,
                                     .n_genuine = c.n_genuine,
                                     .n_impostor = c.n_impostor,
                                     .point = all,
                                     .n_points = n_targets + 1 };
    FDML_TRY(fill_overall(v, point, &r, err));
    for (size_t g = 1, first = 0; g < state->groupings.n; g++) {
        FDML_TRY(fill_grouping(point, arrays, &r, g, first, err));
        first += state->groupings.grouping[g].n_groups;
    }
    FDML_TRY(fold_accuracy(v, &c, state, err));
    v->resolution = resolution_of(state, &c, err);
    return v->resolution ? FDML_OK : FDML_E_NOMEM;
}
