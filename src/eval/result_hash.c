/* result_hash.c - the canonical byte stream of a result. See result_hash.h.
 *
 * Format "fdml-result/1", made of the values of base/hash_stream.h. A change of this stream is
 * a change of that number. SPDX-License-Identifier: MIT */
#include "eval/result_hash.h"

#include "base/hash_stream.h"
#include "eval/comparison.h"
#include "eval/slices.h"

void fdml_hash_estimate(fdml_sha256 *sha, const fdml_estimate *e)
{
    fdml_hash_real(sha, e->value);
    fdml_hash_real(sha, e->lo);
    fdml_hash_real(sha, e->hi);
    fdml_hash_count(sha, e->n);
}

static void put_estimates(fdml_sha256 *sha, const fdml_estimate *e, size_t n)
{
    fdml_hash_count(sha, e ? n : 0);
    for (size_t i = 0; e && i < n; i++) fdml_hash_estimate(sha, &e[i]);
}

static void put_group(fdml_sha256 *sha, const fdml_group_result *group, size_t n_metrics)
{
    fdml_hash_text(sha, group->by);
    fdml_hash_text(sha, group->value);
    fdml_hash_count(sha, group->n);
    fdml_hash_count(sha, group->n_rows);
    fdml_hash_count(sha, group->n_lone);
    put_estimates(sha, group->metrics, n_metrics);
    put_estimates(sha, group->versus, n_metrics);
}

static void put_gap(fdml_sha256 *sha, const fdml_gap_result *gap, const char *metric)
{
    fdml_hash_text(sha, gap->by);
    fdml_hash_text(sha, metric);
    fdml_hash_estimate(sha, &gap->difference);
    fdml_hash_estimate(sha, &gap->ratio);
    fdml_hash_text(sha, gap->best);
    fdml_hash_text(sha, gap->worst);
    fdml_hash_real(sha, gap->p);
    fdml_hash_real(sha, gap->p_holm);
    fdml_hash_text(sha, gap->p_method);
}

static void put_point(fdml_sha256 *sha, const fdml_operating_point *point,
                      const fdml_audit_result *result)
{
    fdml_hash_real(sha, point->fmr_target);
    fdml_hash_real(sha, point->threshold);
    fdml_hash_estimate(sha, &point->fmr);
    fdml_hash_estimate(sha, &point->fnmr);
    put_estimates(sha, point->group_fmr, result->n_groups);
    put_estimates(sha, point->group_fnmr, result->n_groups);
    for (size_t i = 0; i + 1 < result->groupings.n; i++) {
        if (point->differential) {
            const fdml_differential *d = &point->differential[i];
            const double value[] = { d->fmr_max_over_min,
                                     d->fmr_max_over_geomean,
                                     d->fnmr_max_over_min,
                                     d->fnmr_max_over_geomean,
                                     d->fdr,
                                     d->ir,
                                     d->garbe };
            for (size_t j = 0; j < sizeof value / sizeof *value; j++)
                fdml_hash_real(sha, value[j]);
        }
        const double *cross = point->cross_fmr ? point->cross_fmr[i] : NULL;
        const size_t n = result->groupings.grouping[i + 1].n_groups;
        for (size_t j = 0; cross && j < n * n; j++) fdml_hash_real(sha, cross[j]);
    }
}

/* Only where asked for, so that results without have the stream they always had. */
static void put_leakage(fdml_sha256 *sha, const fdml_audit_result *result)
{
    fdml_hash_text(sha, "leakage");
    fdml_hash_count(sha, result->n_leakage);
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        fdml_hash_text(sha, l->by);
        fdml_hash_count(sha, l->n_values);
        fdml_hash_estimate(sha, &l->logistic);
        fdml_hash_estimate(sha, &l->knn);
    }
}

static void put_learned(fdml_sha256 *sha, const fdml_learned_values *v)
{
    put_estimates(sha, v->value, FDML_L_MEASURES);
    put_estimates(sha, v->change, FDML_L_MEASURES);
}

/* Likewise. */
static void put_downstream(fdml_sha256 *sha, const fdml_downstream_result *d)
{
    char key[FDML_LEARNED_KEY];
    fdml_hash_text(sha, d->target);
    fdml_hash_text(sha, d->grouping ? d->by : NULL);
    fdml_hash_count(sha, d->n_values);
    fdml_hash_count(sha, d->n_rows);
    fdml_hash_count(sha, d->n_test);
    for (size_t p = 0; p < FDML_PROTOCOLS; p++) fdml_hash_count(sha, d->n_train[p]);
    fdml_hash_count(sha, d->n_learned);
    for (size_t i = 0; i < d->n_learned; i++) {
        const fdml_learned_result *l = &d->learned[i];
        fdml_learned_key(key, l->classifier, l->protocol, FDML_L_ACCURACY);
        fdml_hash_text(sha, key);
        put_learned(sha, &l->all);
        for (size_t g = 0; g < d->n_groups; g++) put_learned(sha, &l->groups[g]);
        for (size_t m = 0; d->grouping && m < FDML_L_MEASURES; m++) {
            put_gap(sha, &l->gap[m], fdml_learned_name[m]);
            fdml_hash_estimate(sha, &l->gap_change[m]);
        }
    }
}

static void put_differences(fdml_sha256 *sha, const fdml_difference *d, size_t n)
{
    fdml_hash_count(sha, n);
    for (size_t i = 0; i < n; i++) {
        fdml_hash_estimate(sha, &d[i].change);
        fdml_hash_estimate(sha, &d[i].other);
        fdml_hash_real(sha, d[i].error);
        fdml_hash_real(sha, d[i].detectable);
        fdml_hash_real(sha, d[i].p);
        fdml_hash_real(sha, d[i].p_holm);
        fdml_hash_text(sha, d[i].p_method);
        fdml_hash_text(sha, d[i].other_best);
        fdml_hash_text(sha, d[i].other_worst);
    }
}

/* Likewise. */
static void put_comparison(fdml_sha256 *sha, const fdml_audit_result *result)
{
    const fdml_comparison *c = result->comparison;
    const size_t n_metrics = result->settings->n_metrics;
    fdml_hash_text(sha, "compare");
    fdml_hash_count(sha, c->dim);
    fdml_hash_count(sha, c->n_tests);
    fdml_hash_count(sha, c->n_exchanges);
    put_differences(sha, c->overall, n_metrics);
    put_differences(sha, c->groups, result->n_groups * n_metrics);
    put_differences(sha, c->gaps, result->n_gaps);
}

static void put_slice(fdml_sha256 *sha, const fdml_slice *s)
{
    const double number[] = { s->p,    s->p_search, s->loss_share,
                              s->lift, s->excess,   s->detectable };
    fdml_hash_text(sha, s->name);
    fdml_hash_text(sha, s->same);
    fdml_hash_text(sha, s->explained);
    fdml_hash_count(sha, s->n_classes);
    fdml_hash_count(sha, s->n_explained);
    fdml_hash_count(sha, s->example);
    fdml_hash_estimate(sha, &s->value);
    fdml_hash_estimate(sha, &s->rest);
    fdml_hash_estimate(sha, &s->difference);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) fdml_hash_real(sha, number[i]);
    fdml_hash_count(sha, s->n_traits);
    for (size_t t = 0; t < s->n_traits; t++) {
        fdml_hash_text(sha, s->trait[t].column);
        fdml_hash_text(sha, s->trait[t].value);
        fdml_hash_real(sha, s->trait[t].share);
        fdml_hash_real(sha, s->trait[t].rest);
    }
}

/* Likewise. */
static void put_slices(fdml_sha256 *sha, const fdml_audit_result *result)
{
    const fdml_slices_result *r = result->slices;
    fdml_hash_text(sha, "slices");
    fdml_hash_text(sha, result->settings->metrics[r->metric].key);
    fdml_hash_count(sha, r->n_queries);
    fdml_hash_count(sha, r->n_tried);
    fdml_hash_count(sha, r->n_small);
    fdml_hash_count(sha, r->n_significant);
    fdml_hash_count(sha, r->n_unexplained);
    fdml_hash_real(sha, r->critical);
    fdml_hash_real(sha, r->detectable_least);
    fdml_hash_real(sha, r->detectable_most);
    fdml_hash_text(sha, r->closest);
    fdml_hash_real(sha, r->closest_difference);
    fdml_hash_real(sha, r->closest_p);
    fdml_hash_count(sha, r->n);
    for (size_t i = 0; i < r->n; i++) put_slice(sha, &r->slice[i]);
}

void fdml_result_hash(char hex[FDML_SHA256_HEX], const fdml_audit_result *result)
{
    const fdml_audit_settings *settings = result->settings;
    const fdml_verification_result *verification = &result->verification;
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    fdml_hash_text(&sha, "fdml-result/1");
    fdml_hash_count(&sha, result->n_rows);
    fdml_hash_count(&sha, result->n_queries);
    fdml_hash_count(&sha, result->n_gallery);
    fdml_hash_count(&sha, result->n_classes);
    fdml_hash_count(&sha, result->n_lone);
    fdml_hash_count(&sha, settings->n_metrics);
    for (size_t i = 0; i < settings->n_metrics; i++)
        fdml_hash_text(&sha, settings->metrics[i].key);
    put_estimates(&sha, result->overall, settings->n_metrics);
    fdml_hash_count(&sha, result->n_groups);
    for (size_t i = 0; i < result->n_groups; i++)
        put_group(&sha, &result->groups[i], settings->n_metrics);
    fdml_hash_count(&sha, result->n_gaps);
    for (size_t i = 0; i < result->n_gaps; i++)
        put_gap(&sha, &result->gaps[i], settings->metrics[result->gaps[i].metric].key);
    fdml_hash_count(&sha, verification->given ? verification->n_points : 0);
    if (verification->given) {
        fdml_hash_count(&sha, verification->n_genuine);
        fdml_hash_count(&sha, verification->n_impostor);
        fdml_hash_estimate(&sha, &verification->eer);
        fdml_hash_estimate(&sha, &verification->auc);
        fdml_hash_estimate(&sha, &verification->accuracy);
        for (size_t i = 0; i < verification->n_points; i++)
            put_point(&sha, &verification->point[i], result);
    }
    if (settings->with_leakage) put_leakage(&sha, result);
    if (settings->with_downstream) fdml_hash_text(&sha, "downstream");
    for (size_t i = 0; i < result->n_downstream; i++)
        put_downstream(&sha, &result->downstream[i]);
    if (result->slices) put_slices(&sha, result);
    if (result->comparison) put_comparison(&sha, result);
    fdml_sha256_final(&sha, hex);
}
