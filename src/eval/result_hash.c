/* result_hash.c - the canonical byte stream of a result. See result_hash.h.
 *
 * Format "fdml-result/1": texts as 32-bit length and bytes, counts as 64-bit, doubles as
 * IEEE-754, all little-endian whatever the machine; every NaN is 0x7ff8000000000000. A change
 * of this stream is a change of that number.
 * SPDX-License-Identifier: MIT */
#include "eval/result_hash.h"

#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/slices.h"

static void put_bits(fdml_sha256 *sha, uint64_t bits, size_t n_bytes)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < n_bytes; i++) bytes[i] = (unsigned char)(bits >> (8 * i));
    fdml_sha256_update(sha, bytes, n_bytes);
}

static void put_count(fdml_sha256 *sha, size_t n)
{
    put_bits(sha, n, 8);
}

static void put_text(fdml_sha256 *sha, const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    put_bits(sha, length, 4);
    fdml_sha256_update(sha, text ? text : "", length);
}

static void put_real(fdml_sha256 *sha, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_bits(sha, isnan(x) ? UINT64_C(0x7ff8000000000000) : bits, 8);
}

static void put_estimate(fdml_sha256 *sha, const fdml_estimate *e)
{
    put_real(sha, e->value);
    put_real(sha, e->lo);
    put_real(sha, e->hi);
    put_count(sha, e->n);
}

static void put_estimates(fdml_sha256 *sha, const fdml_estimate *e, size_t n)
{
    put_count(sha, e ? n : 0);
    for (size_t i = 0; e && i < n; i++) put_estimate(sha, &e[i]);
}

static void put_group(fdml_sha256 *sha, const fdml_group_result *group, size_t n_metrics)
{
    put_text(sha, group->by);
    put_text(sha, group->value);
    put_count(sha, group->n);
    put_count(sha, group->n_rows);
    put_count(sha, group->n_lone);
    put_estimates(sha, group->metrics, n_metrics);
    put_estimates(sha, group->versus, n_metrics);
}

static void put_gap(fdml_sha256 *sha, const fdml_gap_result *gap, const char *metric)
{
    put_text(sha, gap->by);
    put_text(sha, metric);
    put_estimate(sha, &gap->difference);
    put_estimate(sha, &gap->ratio);
    put_text(sha, gap->best);
    put_text(sha, gap->worst);
    put_real(sha, gap->p);
    put_real(sha, gap->p_holm);
    put_text(sha, gap->p_method);
}

static void put_point(fdml_sha256 *sha, const fdml_operating_point *point,
                      const fdml_audit_result *result)
{
    put_real(sha, point->fmr_target);
    put_real(sha, point->threshold);
    put_estimate(sha, &point->fmr);
    put_estimate(sha, &point->fnmr);
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
            for (size_t j = 0; j < sizeof value / sizeof *value; j++) put_real(sha, value[j]);
        }
        const double *cross = point->cross_fmr ? point->cross_fmr[i] : NULL;
        const size_t n = result->groupings.grouping[i + 1].n_groups;
        for (size_t j = 0; cross && j < n * n; j++) put_real(sha, cross[j]);
    }
}

/* Only where asked for, so that results without have the stream they always had. */
static void put_leakage(fdml_sha256 *sha, const fdml_audit_result *result)
{
    put_text(sha, "leakage");
    put_count(sha, result->n_leakage);
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        put_text(sha, l->by);
        put_count(sha, l->n_values);
        put_estimate(sha, &l->logistic);
        put_estimate(sha, &l->knn);
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
    put_text(sha, d->target);
    put_text(sha, d->grouping ? d->by : NULL);
    put_count(sha, d->n_values);
    put_count(sha, d->n_rows);
    put_count(sha, d->n_test);
    for (size_t p = 0; p < FDML_PROTOCOLS; p++) put_count(sha, d->n_train[p]);
    put_count(sha, d->n_learned);
    for (size_t i = 0; i < d->n_learned; i++) {
        const fdml_learned_result *l = &d->learned[i];
        fdml_learned_key(key, l->classifier, l->protocol, FDML_L_ACCURACY);
        put_text(sha, key);
        put_learned(sha, &l->all);
        for (size_t g = 0; g < d->n_groups; g++) put_learned(sha, &l->groups[g]);
        for (size_t m = 0; d->grouping && m < FDML_L_MEASURES; m++) {
            put_gap(sha, &l->gap[m], fdml_learned_name[m]);
            put_estimate(sha, &l->gap_change[m]);
        }
    }
}

static void put_differences(fdml_sha256 *sha, const fdml_difference *d, size_t n)
{
    put_count(sha, n);
    for (size_t i = 0; i < n; i++) {
        put_estimate(sha, &d[i].change);
        put_estimate(sha, &d[i].other);
        put_real(sha, d[i].error);
        put_real(sha, d[i].detectable);
        put_real(sha, d[i].p);
        put_real(sha, d[i].p_holm);
        put_text(sha, d[i].p_method);
        put_text(sha, d[i].other_best);
        put_text(sha, d[i].other_worst);
    }
}

/* Likewise. */
static void put_comparison(fdml_sha256 *sha, const fdml_audit_result *result)
{
    const fdml_comparison *c = result->comparison;
    const size_t n_metrics = result->settings->n_metrics;
    put_text(sha, "compare");
    put_count(sha, c->dim);
    put_count(sha, c->n_tests);
    put_count(sha, c->n_exchanges);
    put_differences(sha, c->overall, n_metrics);
    put_differences(sha, c->groups, result->n_groups * n_metrics);
    put_differences(sha, c->gaps, result->n_gaps);
}

static void put_slice(fdml_sha256 *sha, const fdml_slice *s)
{
    const double number[] = { s->p,    s->p_search, s->loss_share,
                              s->lift, s->excess,   s->detectable };
    put_text(sha, s->name);
    put_text(sha, s->same);
    put_text(sha, s->explained);
    put_count(sha, s->n_classes);
    put_count(sha, s->n_explained);
    put_count(sha, s->example);
    put_estimate(sha, &s->value);
    put_estimate(sha, &s->rest);
    put_estimate(sha, &s->difference);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) put_real(sha, number[i]);
    put_count(sha, s->n_traits);
    for (size_t t = 0; t < s->n_traits; t++) {
        put_text(sha, s->trait[t].column);
        put_text(sha, s->trait[t].value);
        put_real(sha, s->trait[t].share);
        put_real(sha, s->trait[t].rest);
    }
}

/* Likewise. */
static void put_slices(fdml_sha256 *sha, const fdml_audit_result *result)
{
    const fdml_slices_result *r = result->slices;
    put_text(sha, "slices");
    put_text(sha, result->settings->metrics[r->metric].key);
    put_count(sha, r->n_queries);
    put_count(sha, r->n_tried);
    put_count(sha, r->n_small);
    put_count(sha, r->n_significant);
    put_count(sha, r->n_unexplained);
    put_real(sha, r->critical);
    put_real(sha, r->detectable_least);
    put_real(sha, r->detectable_most);
    put_text(sha, r->closest);
    put_real(sha, r->closest_difference);
    put_real(sha, r->closest_p);
    put_count(sha, r->n);
    for (size_t i = 0; i < r->n; i++) put_slice(sha, &r->slice[i]);
}

void fdml_result_hash(char hex[FDML_SHA256_HEX], const fdml_audit_result *result)
{
    const fdml_audit_settings *settings = result->settings;
    const fdml_verification_result *verification = &result->verification;
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    put_text(&sha, "fdml-result/1");
    put_count(&sha, result->n_rows);
    put_count(&sha, result->n_queries);
    put_count(&sha, result->n_gallery);
    put_count(&sha, result->n_classes);
    put_count(&sha, result->n_lone);
    put_count(&sha, settings->n_metrics);
    for (size_t i = 0; i < settings->n_metrics; i++) put_text(&sha, settings->metrics[i].key);
    put_estimates(&sha, result->overall, settings->n_metrics);
    put_count(&sha, result->n_groups);
    for (size_t i = 0; i < result->n_groups; i++)
        put_group(&sha, &result->groups[i], settings->n_metrics);
    put_count(&sha, result->n_gaps);
    for (size_t i = 0; i < result->n_gaps; i++)
        put_gap(&sha, &result->gaps[i], settings->metrics[result->gaps[i].metric].key);
    put_count(&sha, verification->given ? verification->n_points : 0);
    if (verification->given) {
        put_count(&sha, verification->n_genuine);
        put_count(&sha, verification->n_impostor);
        put_estimate(&sha, &verification->eer);
        put_estimate(&sha, &verification->auc);
        put_estimate(&sha, &verification->accuracy);
        for (size_t i = 0; i < verification->n_points; i++)
            put_point(&sha, &verification->point[i], result);
    }
    if (settings->with_leakage) put_leakage(&sha, result);
    if (settings->with_downstream) put_text(&sha, "downstream");
    for (size_t i = 0; i < result->n_downstream; i++)
        put_downstream(&sha, &result->downstream[i]);
    if (result->slices) put_slices(&sha, result);
    if (result->comparison) put_comparison(&sha, result);
    fdml_sha256_final(&sha, hex);
}
