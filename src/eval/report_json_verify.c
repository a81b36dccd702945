/* report_json_verify.c - the object "verification" of the JSON report.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_json.h"

typedef fdml_json_writer writer;

static void put_group_rates(writer *w, const fdml_operating_point *p,
                            const fdml_audit_result *result)
{
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t g = 0; p->group_fmr && p->group_fnmr && g < result->n_groups; g++) {
        fdml_json_begin_object(w);
        fdml_json_key(w, "by");
        fdml_json_string(w, result->groups[g].by);
        fdml_json_key(w, "value");
        fdml_json_string(w, result->groups[g].value);
        fdml_report_json_estimate(w, "fmr", &p->group_fmr[g], true);
        fdml_report_json_estimate(w, "fnmr", &p->group_fnmr[g], true);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_differential(writer *w, const char *by, const fdml_differential *d)
{
    fdml_json_begin_object(w);
    fdml_json_key(w, "by");
    fdml_json_string(w, by);
    fdml_json_put_number(w, "fmr_max_over_min", d->fmr_max_over_min);
    fdml_json_put_number(w, "fmr_max_over_geomean", d->fmr_max_over_geomean);
    fdml_json_put_number(w, "fnmr_max_over_min", d->fnmr_max_over_min);
    fdml_json_put_number(w, "fnmr_max_over_geomean", d->fnmr_max_over_geomean);
    fdml_json_put_number(w, "fdr", d->fdr);
    fdml_json_put_number(w, "ir", d->ir);
    fdml_json_put_number(w, "garbe", d->garbe);
    if (d->why) {
        fdml_json_key(w, "why");
        fdml_json_string(w, d->why);
    }
    fdml_json_end_object(w);
}

/* {"by", "values": [...], "fmr": [[...]]}: row and column in the order of values. */
static void put_cross(writer *w, const fdml_grouping *grouping, const double *rate)
{
    const size_t n = grouping->n_groups;
    fdml_json_begin_object(w);
    fdml_json_key(w, "by");
    fdml_json_string(w, grouping->by);
    fdml_json_key(w, "values");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < n; i++) fdml_json_string(w, grouping->value[i]);
    fdml_json_end_array(w);
    fdml_json_key(w, "fmr");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        fdml_json_begin_array(w);
        for (size_t j = 0; j < n; j++) fdml_json_number(w, rate[i * n + j]);
        fdml_json_end_array(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

static void put_point(writer *w, const fdml_operating_point *p, const fdml_audit_result *result)
{
    const fdml_grouping *grouping = result->groupings.grouping + 1;
    const size_t n = result->groupings.n - 1;
    fdml_json_begin_object(w);
    fdml_json_key(w, "at");
    fdml_json_string(w, isnan(p->fmr_target) ? "eer" : "fmr");
    fdml_json_put_number(w, "fmr_target", p->fmr_target);
    fdml_json_put_number(w, "threshold", p->threshold);
    if (p->why) {
        fdml_json_key(w, "why");
        fdml_json_string(w, p->why);
    }
    fdml_report_json_estimate(w, "fmr", &p->fmr, true);
    fdml_report_json_estimate(w, "fnmr", &p->fnmr, true);
    put_group_rates(w, p, result);
    fdml_json_key(w, "differential");
    fdml_json_begin_array(w);
    for (size_t i = 0; p->differential && i < n; i++)
        put_differential(w, grouping[i].by, &p->differential[i]);
    fdml_json_end_array(w);
    fdml_json_key(w, "cross");
    fdml_json_begin_array(w);
    for (size_t i = 0; p->cross_fmr && i < n; i++)
        if (p->cross_fmr[i]) put_cross(w, &grouping[i], p->cross_fmr[i]);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

void fdml_report_json_verification(writer *w, const fdml_audit_result *result)
{
    const fdml_verification_result *v = &result->verification;
    fdml_json_key(w, "verification");
    if (!v->given) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_key(w, "genuine_pairs");
    fdml_json_integer(w, (int64_t)v->n_genuine);
    fdml_json_key(w, "impostor_pairs");
    fdml_json_integer(w, (int64_t)v->n_impostor);
    fdml_report_json_estimate(w, "eer", &v->eer, false);
    fdml_report_json_estimate(w, "auc", &v->auc, false);
    if (v->accuracy.n) fdml_report_json_estimate(w, "accuracy", &v->accuracy, true);
    fdml_json_key(w, "resolution");
    fdml_json_string(w, v->resolution);
    fdml_json_key(w, "points");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < v->n_points; i++) put_point(w, &v->point[i], result);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}
