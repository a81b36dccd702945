/* report_csv.c - one row per number, for spreadsheets, R and pandas; and one row per query.
 *
 * Columns: section, by, group, metric, n, value, lo, hi, p, p_holm, p_method, best, worst, why.
 * Sections: count overall group versus gap_difference gap_ratio verification
 * verification_group verification_differential verification_cross leakage downstream
 * downstream_group downstream_change downstream_gap_difference downstream_gap_ratio
 * downstream_gap_change, whose metric is CLASSIFIER.PROTOCOL.MEASURE@TARGET; with another model
 * change_X other_X detectable_X (X: overall group gap), gate; slice slice_rest slice_difference
 * slice_loss_share slice_lift slice_excess, whose group is the slice, its p_holm p_search. An
 * empty cell is "not given". SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "data/csv_write.h"
#include "eval/comparison.h"
#include "eval/gate.h"
#include "eval/report.h"
#include "eval/slices.h"

static void put_key(FILE *file, const char *section, const char *by, const char *group,
                    const char *metric)
{
    const char *const cell[] = { section, by, group, metric };
    for (size_t i = 0; i < 4; i++) {
        fdml_csv_put_text(file, cell[i]);
        fputc(',', file);
    }
}

static void put_estimate(FILE *file, const fdml_estimate *e)
{
    fprintf(file, "%zu,", e->n);
    fdml_csv_put_number(file, e->value);
    fputc(',', file);
    fdml_csv_put_number(file, e->lo);
    fputc(',', file);
    fdml_csv_put_number(file, e->hi);
}

static void put_row(FILE *file, const char *section, const char *by, const char *group,
                    const char *metric, const fdml_estimate *e)
{
    put_key(file, section, by, group, metric);
    put_estimate(file, e);
    fputs(",,,,,,", file);
    fdml_csv_put_text(file, e->why);
    fputc('\n', file);
}

static void put_bare(FILE *file, const char *section, const char *by, const char *group,
                     const char *metric, double value, const char *why)
{
    put_key(file, section, by, group, metric);
    fputc(',', file); /* no n */
    fdml_csv_put_number(file, value);
    fputs(",,,,,,,,", file);
    fdml_csv_put_text(file, isnan(value) ? why : NULL);
    fputc('\n', file);
}

/* prefix: of the sections' names */
static void put_gap(FILE *file, const char *prefix, const fdml_gap_result *gap,
                    const char *metric)
{
    char section[64];
    snprintf(section, sizeof section, "%sgap_difference", prefix);
    put_key(file, section, gap->by, "", metric);
    put_estimate(file, &gap->difference);
    fputc(',', file);
    fdml_csv_put_number(file, gap->p);
    fputc(',', file);
    fdml_csv_put_number(file, gap->p_holm);
    const char *const cell[] = { gap->p_method, gap->best, gap->worst, gap->difference.why };
    for (size_t i = 0; i < 4; i++) {
        fputc(',', file);
        fdml_csv_put_text(file, cell[i]);
    }
    fputc('\n', file);
    snprintf(section, sizeof section, "%sgap_ratio", prefix);
    put_row(file, section, gap->by, "", metric, &gap->ratio);
}

static void put_counts(FILE *file, const fdml_audit_result *result)
{
    const struct {
        const char *name;
        size_t n;
    } count[] = { { "rows", result->n_rows },
                  { "queries", result->n_queries },
                  { "gallery", result->n_gallery },
                  { "classes", result->n_classes },
                  { "lone_queries", result->n_lone } };
    for (size_t i = 0; i < sizeof count / sizeof *count; i++)
        put_bare(file, "count", "", "", count[i].name, (double)count[i].n, NULL);
}

static void point_name(char name[64], const char *measure, const fdml_operating_point *point)
{
    if (isnan(point->fmr_target))
        snprintf(name, 64, "%s@eer", measure);
    else
        snprintf(name, 64, "%s@fmr=%g", measure, point->fmr_target);
}

static void put_groupings(FILE *file, const fdml_operating_point *p,
                          const fdml_audit_result *result)
{
    char name[64], pair[512];
    for (size_t i = 0; i + 1 < result->groupings.n; i++) {
        const fdml_grouping *grouping = &result->groupings.grouping[i + 1];
        const fdml_differential *d = p->differential ? &p->differential[i] : NULL;
        const struct {
            const char *name;
            double value;
        } item[] = { { "fmr_max_over_min", d ? d->fmr_max_over_min : NAN },
                     { "fmr_max_over_geomean", d ? d->fmr_max_over_geomean : NAN },
                     { "fnmr_max_over_min", d ? d->fnmr_max_over_min : NAN },
                     { "fnmr_max_over_geomean", d ? d->fnmr_max_over_geomean : NAN },
                     { "fdr", d ? d->fdr : NAN },
                     { "ir", d ? d->ir : NAN },
                     { "garbe", d ? d->garbe : NAN } };
        for (size_t j = 0; d && j < sizeof item / sizeof *item; j++) {
            point_name(name, item[j].name, p);
            put_bare(file, "verification_differential", grouping->by, "", name, item[j].value,
                     d->why);
        }
        const double *cross = p->cross_fmr ? p->cross_fmr[i] : NULL;
        const size_t n = grouping->n_groups;
        point_name(name, "fmr", p);
        for (size_t j = 0; cross && j < n * n; j++) {
            snprintf(pair, sizeof pair, "%s : %s", grouping->value[j / n],
                     grouping->value[j % n]);
            put_bare(file, "verification_cross", grouping->by, pair, name, cross[j], NULL);
        }
    }
}

static void put_verification(FILE *file, const fdml_audit_result *result)
{
    const fdml_verification_result *v = &result->verification;
    char name[64];
    if (!v->given) return;
    put_bare(file, "verification", "", "", "genuine_pairs", (double)v->n_genuine, NULL);
    put_bare(file, "verification", "", "", "impostor_pairs", (double)v->n_impostor, NULL);
    put_row(file, "verification", "", "", "eer", &v->eer);
    put_row(file, "verification", "", "", "auc", &v->auc);
    if (v->accuracy.n) put_row(file, "verification", "", "", "accuracy", &v->accuracy);
    for (size_t i = 0; i < v->n_points; i++) {
        const fdml_operating_point *p = &v->point[i];
        point_name(name, "threshold", p);
        put_bare(file, "verification", "", "", name, p->threshold, p->why);
        const struct {
            const char *measure;
            const fdml_estimate *all, *group;
        } rate[] = { { "fmr", &p->fmr, p->group_fmr }, { "fnmr", &p->fnmr, p->group_fnmr } };
        for (size_t j = 0; j < 2; j++) {
            point_name(name, rate[j].measure, p);
            put_row(file, "verification", "", "", name, rate[j].all);
            for (size_t g = 0; rate[j].group && g < result->n_groups; g++)
                put_row(file, "verification_group", result->groups[g].by,
                        result->groups[g].value, name, &rate[j].group[g]);
        }
        put_groupings(file, p, result);
    }
}

/* One training and measure of result.downstream[..]. */
static void put_learned(FILE *file, const fdml_downstream_result *d,
                        const fdml_learned_result *l, size_t m)
{
    char key[FDML_LEARNED_KEY], metric[FDML_LEARNED_KEY + 128];
    const char *by = d->grouping ? d->by : "";
    const bool is_changed = l->protocol != FDML_AS_IS;
    fdml_learned_key(key, l->classifier, l->protocol, (fdml_learned_measure)m);
    snprintf(metric, sizeof metric, "%s@%s", key, d->target);
    put_row(file, "downstream", by, "", metric, &l->all.value[m]);
    if (is_changed) put_row(file, "downstream_change", by, "", metric, &l->all.change[m]);
    for (size_t g = 0; g < d->n_groups; g++) {
        put_row(file, "downstream_group", by, d->value[g], metric, &l->groups[g].value[m]);
        if (is_changed)
            put_row(file, "downstream_change", by, d->value[g], metric,
                    &l->groups[g].change[m]);
    }
    if (!d->grouping) return;
    put_gap(file, "downstream_", &l->gap[m], metric);
    if (is_changed) put_row(file, "downstream_gap_change", by, "", metric, &l->gap_change[m]);
}

/* change_X, other_X and detectable_X, X being overall, group or gap. */
static void put_change(FILE *file, const char *of, const char *by, const char *group,
                       const char *metric, const fdml_difference *d)
{
    char section[32];
    snprintf(section, sizeof section, "change_%s", of);
    put_key(file, section, by, group, metric);
    put_estimate(file, &d->change);
    fputc(',', file);
    fdml_csv_put_number(file, d->p);
    fputc(',', file);
    fdml_csv_put_number(file, d->p_holm);
    const char *const cell[] = { d->p_method, NULL, NULL, d->change.why };
    for (size_t i = 0; i < 4; i++) {
        fputc(',', file);
        fdml_csv_put_text(file, cell[i]);
    }
    fputc('\n', file);
    snprintf(section, sizeof section, "other_%s", of);
    put_row(file, section, by, group, metric, &d->other);
    snprintf(section, sizeof section, "detectable_%s", of);
    put_bare(file, section, by, group, metric, d->detectable, NULL);
}

static void put_comparison(FILE *file, const fdml_audit_result *result)
{
    const fdml_comparison *c = result->comparison;
    const fdml_metric *metrics = result->settings->metrics;
    const size_t n = result->settings->n_metrics;
    for (size_t m = 0; m < n; m++)
        put_change(file, "overall", "", "", metrics[m].key, &c->overall[m]);
    for (size_t i = 0; i < n * result->n_groups; i++)
        put_change(file, "group", result->groups[i / n].by, result->groups[i / n].value,
                   metrics[i % n].key, &c->groups[i]);
    for (size_t i = 0; i < result->n_gaps; i++)
        put_change(file, "gap", result->gaps[i].by, "", metrics[result->gaps[i].metric].key,
                   &c->gaps[i]);
}

static void put_slice(FILE *file, const fdml_slice *s, const char *metric)
{
    put_row(file, "slice", "", s->name, metric, &s->value);
    put_row(file, "slice_rest", "", s->name, metric, &s->rest);
    put_key(file, "slice_difference", "", s->name, metric);
    put_estimate(file, &s->difference);
    fputc(',', file);
    fdml_csv_put_number(file, s->p);
    fputc(',', file);
    fdml_csv_put_number(file, s->p_search);
    fputs(",permutation,,,\n", file);
    put_bare(file, "slice_loss_share", "", s->name, metric, s->loss_share, NULL);
    put_bare(file, "slice_lift", "", s->name, metric, s->lift, NULL);
    put_bare(file, "slice_excess", "", s->name, metric, s->excess, NULL);
}

static void put_slices(FILE *file, const fdml_audit_result *result)
{
    const fdml_slices_result *r = result->slices;
    const char *metric = result->settings->metrics[r->metric].key;
    put_bare(file, "count", "", "", "slices_tried", (double)r->n_tried, NULL);
    for (size_t i = 0; i < r->n; i++) put_slice(file, &r->slice[i], metric);
}

/* 1: it failed, 0: it passed, empty: undecided, which fails too. */
static void put_gate(FILE *file, const fdml_gate_outcome *gate)
{
    const char *why = "undecided";
    for (size_t i = 0; i < gate->n_clauses; i++)
        if (gate->clauses[i].why) why = gate->clauses[i].why;
    put_bare(file, "gate", "", "", gate->text,
             gate->holds == FDML_UNDECIDED ? NAN : (double)(gate->holds == FDML_TRUE), why);
}

fdml_status fdml_report_csv(FILE *file, const fdml_report *report, fdml_arena *arena,
                            fdml_error *err)
{
    (void)arena, (void)err;
    const fdml_audit_result *result = report->result;
    const fdml_metric *metrics = result->settings->metrics;
    const size_t n_metrics = result->settings->n_metrics;
    fputs("section,by,group,metric,n,value,lo,hi,p,p_holm,p_method,best,worst,why\n", file);
    put_counts(file, result);
    for (size_t m = 0; m < n_metrics; m++)
        put_row(file, "overall", "", "", metrics[m].key, &result->overall[m]);
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        for (size_t m = 0; m < n_metrics; m++)
            put_row(file, "group", group->by, group->value, metrics[m].key, &group->metrics[m]);
        for (size_t m = 0; m < n_metrics; m++)
            put_row(file, "versus", group->by, group->value, metrics[m].key, &group->versus[m]);
    }
    for (size_t i = 0; i < result->n_gaps; i++)
        put_gap(file, "", &result->gaps[i], metrics[result->gaps[i].metric].key);
    put_verification(file, result);
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        put_bare(file, "leakage", l->by, "", "chance", l->chance, NULL);
        put_row(file, "leakage", l->by, "", "leakage_logistic", &l->logistic);
        put_row(file, "leakage", l->by, "", "leakage_knn", &l->knn);
    }
    for (size_t i = 0; i < result->n_downstream; i++)
        for (size_t k = 0; k < result->downstream[i].n_learned; k++)
            for (size_t m = 0; m < FDML_L_MEASURES; m++)
                put_learned(file, &result->downstream[i], &result->downstream[i].learned[k], m);
    if (result->slices) put_slices(file, result);
    if (result->comparison) put_comparison(file, result);
    for (size_t i = 0; i < report->n_gates; i++) put_gate(file, &report->gates[i]);
    return FDML_OK;
}

void fdml_report_queries(FILE *file, const fdml_report *report)
{
    const fdml_audit_result *result = report->result;
    const fdml_problem *problem = report->problem;
    const fdml_metric *metrics = result->settings->metrics;
    const size_t n_metrics = result->settings->n_metrics;
    const size_t mean = fdml_report_mean_metric(result);
    fputs("row,label", file);
    for (size_t a = 0; a < problem->n_attributes; a++) {
        fputc(',', file);
        fdml_csv_put_text(file, problem->attributes[a].name);
    }
    fputs(",lone", file);
    for (size_t m = 0; m < n_metrics; m++)
        if (metrics[m].kind == FDML_KIND_MEAN) fprintf(file, ",%s", metrics[m].key);
    fputc('\n', file);
    for (size_t q = 0; q < result->n_queries; q++) {
        const uint32_t row = result->query_row[q];
        const double *value = result->per_query + q * n_metrics;
        fprintf(file, "%u,", (unsigned)row);
        fdml_csv_put_text(file, problem->label->level[problem->label->code[row]]);
        for (size_t a = 0; a < problem->n_attributes; a++) {
            fputc(',', file);
            fdml_csv_put_text(file,
                              problem->attributes[a].level[problem->attributes[a].code[row]]);
        }
        fprintf(file, ",%d", mean < n_metrics && isnan(value[mean]));
        for (size_t m = 0; m < n_metrics; m++) {
            if (metrics[m].kind != FDML_KIND_MEAN) continue;
            fputc(',', file);
            fdml_csv_put_number(file, value[m]);
        }
        fputc('\n', file);
    }
}
