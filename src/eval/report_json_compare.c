/* report_json_compare.c - "compare" of the JSON report, described in docs/formats.md.
 * SPDX-License-Identifier: MIT */
#include "eval/comparison.h"
#include "eval/report_json.h"

typedef fdml_json_writer writer;

/* The members of a difference, inside an object. */
static void put_members(writer *w, const fdml_difference *d, const fdml_estimate *own,
                        bool higher_is_better, double confidence)
{
    static const char *const verdict[] = { "worse", "unclear", "better" };
    fdml_report_json_estimate(w, "new", own, false);
    fdml_report_json_estimate(w, "other", &d->other, false);
    fdml_report_json_estimate(w, "change", &d->change, false);
    fdml_json_put_number(w, "standard_error", d->error);
    fdml_json_put_number(w, "detectable", d->detectable);
    fdml_json_put_number(w, "p", d->p);
    fdml_json_put_number(w, "p_holm", d->p_holm);
    fdml_json_put_text(w, "p_method", d->p_method);
    fdml_json_put_text(
        w, "verdict",
        d->p_method ? verdict[1 + fdml_difference_verdict(d, higher_is_better, confidence)]
                    : NULL);
}

static void put_metrics(writer *w, const char *key, const fdml_difference *d,
                        const fdml_estimate *own, const fdml_audit_settings *settings)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    for (size_t m = 0; m < settings->n_metrics; m++) {
        fdml_json_key(w, settings->metrics[m].key);
        fdml_json_begin_object(w);
        put_members(w, &d[m], &own[m], settings->metrics[m].higher_is_better,
                    settings->confidence);
        fdml_json_end_object(w);
    }
    fdml_json_end_object(w);
}

static void put_groups(writer *w, const fdml_audit_result *result)
{
    const fdml_audit_settings *settings = result->settings;
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", group->by);
        fdml_json_put_text(w, "value", group->value);
        put_metrics(w, "metrics", result->comparison->groups + g * settings->n_metrics,
                    group->metrics, settings);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_gaps(writer *w, const fdml_audit_result *result)
{
    const fdml_audit_settings *settings = result->settings;
    fdml_json_key(w, "gaps");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        const fdml_difference *d = &result->comparison->gaps[i];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", gap->by);
        fdml_json_put_text(w, "metric", settings->metrics[gap->metric].key);
        put_members(w, d, &gap->difference, false, settings->confidence);
        fdml_json_put_text(w, "other_best", d->other_best);
        fdml_json_put_text(w, "other_worst", d->other_worst);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

void fdml_report_json_compare(writer *w, const fdml_audit_result *result)
{
    const fdml_comparison *c = result->comparison;
    fdml_json_key(w, "compare");
    if (!c) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "path", c->path);
    fdml_json_key(w, "dim");
    fdml_json_integer(w, (int64_t)c->dim);
    fdml_json_key(w, "tests");
    fdml_json_integer(w, (int64_t)c->n_tests);
    fdml_json_key(w, "exchanges");
    fdml_json_integer(w, (int64_t)c->n_exchanges);
    fdml_json_put_number(w, "power", FDML_POWER);
    put_metrics(w, "overall", c->overall, result->overall, result->settings);
    put_groups(w, result);
    put_gaps(w, result);
    fdml_json_end_object(w);
}
