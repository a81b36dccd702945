/* report_settings.c - every setting that the numbers depend on, in one list for all views.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "eval/report.h"

static const char *const distance_name[] = { "cosine", "l2", "ip" };
static const char *const convention_name[] = { "dml", "ir", "oml", "pml", "revisitdml" };

size_t fdml_report_mean_metric(const fdml_audit_result *result)
{
    size_t m = 0;
    while (m < result->settings->n_metrics &&
           result->settings->metrics[m].kind != FDML_KIND_MEAN)
        m++;
    return m;
}

static size_t downstream_measures(const char **keys, const fdml_audit_result *result)
{
    const fdml_downstream_settings *asked = &result->settings->downstream;
    const bool has_groups = result->downstream[0].grouping > 0;
    size_t n = 0;
    for (size_t k = 0; k < FDML_CLASSIFIERS; k++)
        if (asked->classifier[k]) keys[n++] = fdml_classifier_name[k];
    for (size_t p = 0; p < FDML_PROTOCOLS; p++)
        if (p == FDML_AS_IS || (asked->protocol[p] && has_groups))
            keys[n++] = fdml_protocol_name[p];
    keys[n++] = "downstream_accuracy";
    for (size_t m = FDML_L_ACCURACY + 1; m < FDML_L_MEASURES; m++)
        keys[n++] = fdml_learned_name[m];
    if (has_groups) keys[n++] = "downstream_change";
    if (has_groups) keys[n++] = "downstream_p";
    return n;
}

size_t fdml_report_measures(const char *keys[FDML_MEASURES_MAX],
                            const fdml_audit_result *result)
{
    static const char *const verification[] = { "threshold", "fmr", "fnmr", "eer",  "auc",
                                                "accuracy",  "fdr", "ir",   "garbe" };
    size_t n = 0;
    if (result->n_gaps) {
        keys[n++] = "gap";
        keys[n++] = "p";
    }
    for (size_t i = 0; i < sizeof verification / sizeof *verification; i++) {
        const bool is_folds = !strcmp(verification[i], "accuracy");
        if (!result->verification.given || (is_folds && !result->verification.accuracy.n))
            continue;
        keys[n++] = verification[i];
    }
    if (result->n_downstream) n += downstream_measures(keys + n, result);
    if (result->n_leakage) {
        keys[n++] = "leakage_logistic";
        keys[n++] = "leakage_knn";
    }
    if (result->slices) {
        keys[n++] = "slice";
        keys[n++] = "p_search";
        keys[n++] = "detectable_slice";
    }
    if (result->comparison) {
        keys[n++] = "change";
        keys[n++] = "detectable";
    }
    return n;
}

bool fdml_report_is_repeated(const fdml_audit_settings *settings, size_t m)
{
    return m && settings->metrics[m].id == settings->metrics[m - 1].id;
}

const char *fdml_report_family(const fdml_metric *metric)
{
    return metric->id == FDML_M_RECALL_AT_K ? "recall_at_K" : metric->key;
}

static fdml_setting text_setting(const char *key, const char *text)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_TEXT, .text = text };
}

static fdml_setting count_setting(const char *key, uint64_t n)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_INTEGER, .integer = n };
}

static fdml_setting bool_setting(const char *key, bool value)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_BOOL, .number = value };
}

static fdml_setting texts_setting(const char *key, const char *const *texts, size_t n)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_TEXTS, .texts = texts, .n = n };
}

/* names: [n]; those that were asked for, in their order. */
static fdml_setting asked_setting(const char *key, const char **names, const bool *is_asked,
                                  const char *const *name, size_t n)
{
    size_t n_asked = 0;
    for (size_t k = 0; k < n; k++)
        if (is_asked[k]) names[n_asked++] = name[k];
    return texts_setting(key, names, n_asked);
}

/* How many were added; 0: no memory. */
static size_t put_downstream(fdml_setting *settings, const fdml_audit_settings *s,
                             const fdml_problem *problem, fdml_arena *arena)
{
    const fdml_downstream_settings *d = &s->downstream;
    const size_t n_targets = problem->n_targets ? problem->n_targets : 1;
    const char **names =
        fdml_arena_push(arena, n_targets + FDML_CLASSIFIERS + FDML_PROTOCOLS, sizeof *names);
    size_t n = 0;
    if (!names) return 0;
    for (size_t i = 0; i < n_targets; i++)
        names[i] = problem->n_targets ? problem->targets[i].name : problem->label->name;
    settings[n++] = texts_setting("downstream_targets", names, n_targets);
    names += n_targets;
    settings[n++] = asked_setting("downstream_classifiers", names, d->classifier,
                                  fdml_classifier_name, FDML_CLASSIFIERS);
    settings[n++] = asked_setting("downstream_protocols", names + FDML_CLASSIFIERS, d->protocol,
                                  fdml_protocol_name, FDML_PROTOCOLS);
    settings[n++] = count_setting("downstream_splits", d->n_splits);
    return n;
}

/* Returns how many; 0: no memory. */
static size_t put_slices(fdml_setting *settings, const fdml_audit_settings *s,
                         const fdml_problem *problem, fdml_arena *arena)
{
    const bool is_own = problem->n_slice_columns > 0;
    const fdml_factor *column = is_own ? problem->slice_columns : problem->attributes;
    const size_t n_columns = is_own ? problem->n_slice_columns : problem->n_attributes;
    const char **names = fdml_arena_push(arena, n_columns, sizeof *names);
    double *clusters = fdml_arena_push(arena, s->slices.n_clusters, sizeof *clusters);
    if (!names || !clusters) return 0;
    for (size_t i = 0; i < n_columns; i++) names[i] = column[i].name;
    for (size_t i = 0; i < s->slices.n_clusters; i++) clusters[i] = s->slices.clusters[i];
    size_t n = 0;
    settings[n++] = text_setting("slice_metric", s->metrics[s->slices.metric].key);
    settings[n++] = texts_setting("slice_columns", names, n_columns);
    settings[n++] = count_setting("slice_depth", s->slices.depth);
    settings[n++] = (fdml_setting){ .key = "slice_clusters",
                                    .kind = FDML_SETTING_NUMBERS,
                                    .numbers = clusters,
                                    .n = s->slices.n_clusters };
    settings[n++] = count_setting("slice_min_rows", s->slices.min_rows);
    return n;
}

size_t fdml_report_settings(fdml_setting settings[FDML_SETTINGS_MAX], const fdml_report *report,
                            fdml_arena *arena)
{
    const fdml_audit_settings *s = report->result->settings;
    const fdml_problem *problem = report->problem;
    const char **groups = fdml_arena_push(arena, problem->n_attributes, sizeof *groups);
    const char **metrics = fdml_arena_push(arena, s->n_metrics + 3, sizeof *metrics);
    if (!groups || !metrics) return 0;
    for (size_t i = 0; i < problem->n_attributes; i++) groups[i] = problem->attributes[i].name;
    for (size_t i = 0; i < s->n_metrics; i++) metrics[i] = s->metrics[i].key;
    size_t n_names = s->n_metrics;
    if (s->with_verification) metrics[n_names++] = "verification";
    if (s->with_leakage) metrics[n_names++] = "leakage";
    if (s->with_downstream) metrics[n_names++] = "downstream";

    size_t n = 0;
    settings[n++] = text_setting("distance", distance_name[problem->distance]);
    settings[n++] = text_setting("label", problem->label->name);
    settings[n++] = texts_setting("groups", groups, problem->n_attributes);
    settings[n++] = bool_setting("intersections", s->with_intersections);
    settings[n++] = texts_setting("metrics", metrics, n_names);
    settings[n++] = text_setting("convention", convention_name[s->convention]);
    settings[n++] = text_setting("query", report->query);
    settings[n++] = text_setting("gallery", report->gallery);
    settings[n++] = text_setting("exclude_same", report->exclude_same);
    settings[n++] = text_setting("reference", s->reference);
    settings[n++] = count_setting("min_group", s->min_group);
    settings[n++] = count_setting("bootstrap", s->n_bootstrap);
    settings[n++] = (fdml_setting){ .key = "confidence",
                                    .kind = FDML_SETTING_NUMBER,
                                    .number = s->confidence };
    settings[n++] = text_setting("unit", s->unit == FDML_UNIT_CLASS ? "class" : "query");
    settings[n++] = count_setting("permutations", s->n_permutations);
    settings[n++] = count_setting("seed", s->seed);
    settings[n++] = count_setting("alignment_power", s->alignment_power);
    settings[n++] = count_setting("kmeans_iterations", s->kmeans_iterations);
    settings[n++] = count_setting("kmeans_redo", s->kmeans_redo);
    settings[n++] = (fdml_setting){ .key = "fmr",
                                    .kind = FDML_SETTING_NUMBERS,
                                    .numbers = s->fmr_targets,
                                    .n = s->n_fmr_targets };
    if (s->with_downstream) {
        const size_t n_more = put_downstream(settings + n, s, problem, arena);
        if (!n_more) return 0;
        n += n_more;
    }
    if (s->with_slices) {
        const size_t n_more = put_slices(settings + n, s, problem, arena);
        if (!n_more) return 0;
        n += n_more;
    }
    settings[n++] = text_setting("pairs", report->pairs);
    if (report->missing_attribute)
        settings[n++] = text_setting("missing_attribute", report->missing_attribute);
    if (report->value) settings[n++] = text_setting("value", report->value);
    if (report->preprocessing)
        settings[n++] = text_setting("preprocessing", report->preprocessing);
    assert(n <= FDML_SETTINGS_MAX);
    return n;
}
